"""Proposals: deterministic, valid, never twice, blind to what the window hides."""

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import yaml

from nightshift.agents import queue, search, sqlcheck
from nightshift.agents.candidates import Candidate, candidate, compose
from nightshift.agents.history import History, Past, read_history
from nightshift.agents.moves import MOVES, STEADY, Situation, chances, draw_stack, reseed, second_level
from nightshift.agents.portfolio import portfolio
from nightshift.agents.search import _draw, propose
from nightshift.agents.space import Space, unknown_kinds
from nightshift.card import Card
from nightshift.config import Agent, StackMethod
from nightshift.config import Move as ConfigMove
from nightshift.experiment import LONGEST_NAME, BaseSpec, parse_experiment
from nightshift.files import write_json
from nightshift.learners import LEARNERS
from nightshift.names import name_of
from nightshift.sandbox import Limits
from nightshift.stack import StackSpec
from nightshift.views import VIEWS

COLUMNS = {"size": "numeric", "region": "category", "note": "text"}
SEGMENTS = ('"size" > 3', "\"region\" = 'EU'")
SPACES = {
    "both": Space(Card(("customer", "agent"), COLUMNS, 800, 9000, 800, SEGMENTS)),
    "table alone": Space(Card((), {"size": "numeric"}, 800)),
    "calls alone": Space(Card(("customer", "agent"), {}, 800, 9000, 2000, dated=True)),
    "one speaker": Space(Card(("customer",), COLUMNS, 800, 9000, 800)),
}


def run(space, count, seed=0, crash=(), window=4):
    """A night with made-up scores, seen through the window."""
    rng = np.random.default_rng(42)
    past, champion = [], None
    for k in range(count):
        visible = [Past(p.experiment, p.metrics if j <= k - window else None, p.draw) for j, p in enumerate(past)]
        proposal = propose(History(visible), space, seed)
        experiment = proposal.experiment.model_copy(update={"id": name_of(k)})
        better = k not in crash and (champion is None or rng.random() < 0.25)
        champion = name_of(k) if better else champion
        metrics = {"status": "crash" if k in crash else "keep" if better else "discard", "champion": champion}
        metrics["delta"] = None if k in crash else float(rng.normal(0, 0.01))
        metrics["base_auc"] = {name: float(rng.uniform(0.5, 0.7)) for name in experiment.bases}
        metrics["cv_auc"] = None if k in crash else float(rng.uniform(0.5, 0.7))
        metrics["weights"] = {name: float(rng.uniform()) for name in experiment.bases}
        past.append(Past(experiment, metrics, proposal.draw))
    return past


@pytest.mark.parametrize("name", SPACES)
def test_forty_proposals_are_valid_and_all_different(name):
    past = run(SPACES[name], 40)
    assert len({p.experiment.digest() for p in past}) == 40
    for p in past:
        assert parse_experiment(p.experiment.model_dump(mode="json"), "x") == p.experiment
        assert p.experiment.hypothesis.endswith(".") and len(p.experiment.hypothesis) > 15
        used = {view for base in p.experiment.bases.values() for view in base.views} | set(
            p.experiment.stack.passthrough
        )
        assert set(p.experiment.views) == used
    assert past[0].experiment.author == "baseline" and past[0].experiment.parent is None
    assert all(p.experiment.parent for p in past[1:])


def test_the_same_seed_proposes_the_same_and_another_seed_something_else():
    one, again, other = (run(SPACES["both"], 14, seed) for seed in (0, 0, 1))
    assert [p.experiment for p in one] == [p.experiment for p in again]
    assert [p.experiment for p in one[:6]] == [p.experiment for p in other[:6]], "the portfolio needs no luck"
    assert one[8:] != other[8:]


def test_a_night_in_which_all_crashes_still_proposes():
    past = run(SPACES["both"], 14, crash=range(14))
    assert all(p.experiment.bases for p in past)
    assert len(past[-1].experiment.bases) == 1


def test_every_move_is_made_and_says_what_it_expects():
    past = run(SPACES["both"], 120, window=1)
    made = {p.draw["move"] for p in past}
    assert made >= {"portfolio", *MOVES}, f"never made: {set(MOVES) - made}"
    structures = [p.experiment for p in past]
    assert any(base.bases for e in structures for base in e.bases.values())
    assert any(base.segment for e in structures for base in e.bases.values())
    assert any(base.seeds > 1 for e in structures for base in e.bases.values())


def test_every_stack_is_drawn_with_words_for_it():
    rng = np.random.default_rng(0)
    drawn = [draw_stack(rng, ("table",)) for _ in range(100)]
    methods = {stack.method for stack, _ in drawn}
    assert methods == {"logistic", "nonnegative", "greedy", "xgboost", "stacks", "rank_mean"}
    assert all(len(words) > 8 for _, words in drawn)
    assert {stack.passthrough for stack, _ in drawn if stack.method == "xgboost"} == {(), ("table",)}


def test_views_stand_beside_bases_where_training_these_again_is_cheap():
    """A small table allows it; neither many cases nor a third level do."""

    def beside(cases, level, folds=5, **more):
        space = Space(Card((), {"size": "numeric"}, cases, folds=folds), **more)
        learner = LEARNERS["logistic"]()
        one = candidate(space.named(VIEWS["table"]()), BaseSpec(views=("table",), learner=learner), "the table")
        two = candidate(one.views, BaseSpec(views=("table",), bases=(one.name,), learner=learner), "both", [one])
        parent = Past(compose([one, two]), None)
        now = Situation(parent, History([parent]), space, np.random.default_rng(0), lambda: None)
        return now.beside([(one, two)[level]], "table", "dynamics")

    assert beside(1000, 0) == ["table"]
    assert beside(1000, 0, left=60.0) == ["table"] and beside(1000, 0, left=0.5) == []
    assert beside(10_000_000, 0) == beside(1000, 1) == beside(1000, 0, folds=2) == []


def test_the_second_level_keeps_to_the_learners_that_may_be_drawn():
    """To those of agent.learners, without those of a veto."""

    def drawn(seed, **more):
        space = Space(SPACES["both"].card, **more)
        parts = [
            candidate(
                space.named(VIEWS["table"]()), BaseSpec(views=("table",), learner=LEARNERS["ridge"](alpha=a)), "t"
            )
            for a in (1.0, 2.0, 3.0)
        ]
        parent = Past(compose(parts), {"weights": {}, "base_auc": {}})
        made = second_level(Situation(parent, History([parent]), space, np.random.default_rng(seed), lambda: None))
        return made and {base.learner.kind for base in made.experiment.bases.values() if base.bases}

    assert {*map(str, (drawn(seed, agent=Agent(learners=("ridge", "logistic"))) for seed in range(9)))} == {
        "{'logistic'}"
    }
    assert drawn(0, agent=Agent(learners=("ridge",))) is None
    assert all(drawn(seed, vetoes=frozenset({"xgboost"})) != {"xgboost"} for seed in range(12))


def test_a_stack_passes_through_only_views_that_its_bases_brought():
    """Also where stacks stand under a stack."""
    members = (StackSpec(method="xgboost", passthrough=("table", "gone")), StackSpec(method="greedy"))
    views = SPACES["both"].named(VIEWS["table"]())
    one = candidate(views, BaseSpec(views=("table",), learner=LEARNERS["ridge"]()), "the table")
    made = compose([one], StackSpec(method="stacks", members=members))
    assert [member.passthrough for member in made.stack.members] == [("table",), ()]
    assert parse_experiment(made.model_dump(mode="json"), "x") == made


def test_moves_that_were_kept_are_made_more_often():
    def past(move, status):
        return Past(None, {"status": status}, {"move": move})

    history = History([past("add", "discard")] * 10 + [past("split", "keep")] * 3)
    now = chances(history)
    before = chances(History([]))
    assert now["split"] > before["split"] and now["add"] < before["add"]
    assert sum(now.values()) == pytest.approx(1)


def test_a_kept_move_of_few_outcomes_does_not_take_all_draws(monkeypatch):
    """A champion has one pruned child; once that is known the odds of pruning fall with every draw in vain."""
    odds = {"prune": 0.999, "add": 0.001}
    monkeypatch.setattr(search, "chances", lambda *_: odds)
    past = run(SPACES["table alone"], 40)
    assert {p.draw["move"] for p in past[-20:]} == {"prune", "add"}


def test_a_search_that_may_do_one_thing_only_says_when_it_is_done():
    space = Space(SPACES["table alone"].card, Agent(moves=("prune",)))
    with pytest.raises(search.NothingNewError, match="nothing new in 60 draws"):
        run(space, 100)


@pytest.mark.parametrize("agent", [Agent(), Agent(views=("words",))])
def test_a_search_that_has_no_view_to_draw_says_whose_lists_left_none(agent):
    space = Space(SPACES["table alone"].card, agent, vetoes=frozenset({"table"}))
    with pytest.raises(search.NothingNewError, match=r"no kind of view is left .* agent.views and the vetoes"):
        run(space, 2)


def test_moves_that_need_no_new_base_go_on_where_none_can_be_drawn():
    """As when agent.views is narrowed in mid-night: what was trained before may still be put together anew."""
    past = run(SPACES["table alone"], 12)
    space = Space(SPACES["table alone"].card, Agent(views=("words",)))
    moves = {propose(History(past), space, seed).draw["move"] for seed in range(20)}
    assert len(moves) > 2 and moves.isdisjoint({"alone", "add", "replace", "segment"})
    add = Space(space.card, Agent(views=("words",), moves=("add",)))
    with pytest.raises(search.NothingNewError, match=r"nothing new in 60 draws, and no kind of view is left"):
        propose(History(past), add, 0)


def test_where_training_takes_long_cheap_learners_are_drawn():
    def hefts(cases):
        space = Space(Card(("customer", "agent"), {"size": "numeric"}, cases, 10 * cases, cases))
        rng = np.random.default_rng(0)
        return np.mean([space.seconds(_draw(History([]), space, rng, seed)[0]) * 1000 / cases for seed in range(60)])

    assert hefts(1_000_000) < 0.8 * hefts(1000)


def test_the_search_keeps_to_what_it_may_draw():
    agent = Agent(views=("table", "words"), learners=("logistic", "xgboost"), moves=("add", "prune"))
    past = run(Space(SPACES["both"].card, agent), 40)[1:]
    assert {view.kind for p in past for view in p.experiment.views.values()} <= {"table", "words"}
    learners = {base.learner.kind for p in past for base in p.experiment.bases.values()}
    assert learners <= {"logistic", "xgboost"}
    assert {p.draw["move"] for p in past} <= {"portfolio", "add", "prune"}


def test_config_knows_the_moves_there_are():
    assert get_args(ConfigMove) == (*MOVES, STEADY)


def test_draws_only_the_stacks_that_are_allowed():
    rng = np.random.default_rng(0)
    drawn = {draw_stack(rng, (), ("greedy", "stacks"))[0].method for _ in range(40)}
    assert drawn == {"greedy", "stacks"}
    assert {draw_stack(rng, ())[0].method for _ in range(200)} == set(get_args(StackMethod))


def test_unknown_kinds_are_named_with_the_nearest_known_one():
    told = [str(problem) for problem in unknown_kinds(Agent(views=("word",), learners=("blend",)))]
    assert len(told) == 2 and "did you mean 'words'?" in told[0] and "the search draws" in told[1]


def test_names_that_mean_two_things_are_told_apart():
    def one(ngrams):
        return candidate(
            {"w": VIEWS["words"](ngrams=ngrams)}, BaseSpec(views=("w",), learner={"kind": "logistic"}), "w"
        )

    experiment = compose([one(1), one(2)], author="search", hypothesis="x")
    assert len(experiment.bases) == 2 and len(experiment.views) == 2
    assert {experiment.views[base.views[0]].ngrams for base in experiment.bases.values()} == {1, 2}


@pytest.mark.parametrize("letter", ["v", "ü", "表"])
def test_a_move_on_views_of_long_names_makes_names_that_are_allowed(letter):
    """A person's views have names of any length up to the longest."""
    names = [f"{number}{letter * 39}" for number in range(3)]
    base = BaseSpec(views=tuple(names), learner=LEARNERS["extra_trees"]())
    views = {name: VIEWS["words"](ngrams=number) for number, name in enumerate(names, 1)}
    parent = Past(compose([candidate(views, base, "all")]), {"weights": {}, "base_auc": {}})
    now = Situation(parent, History([parent]), SPACES["both"], np.random.default_rng(0), lambda: None)
    made = reseed(now).experiment
    assert parse_experiment(made.model_dump(mode="json"), "x") == made
    (name,) = made.bases
    assert LONGEST_NAME - 3 <= len(name.encode()) <= LONGEST_NAME and "-extra_trees-" in name


def test_names_that_mean_two_things_stay_as_short_as_names_have_to_be():
    def one(ngrams):
        views = {"ü" * 60: VIEWS["words"](ngrams=ngrams)}
        base = BaseSpec(views=tuple(views), learner={"kind": "logistic"})
        return Candidate("b" * 120, views, {"b" * 120: base}, "w")

    experiment = compose([one(1), one(2), one(3)])
    assert len(experiment.bases) == len(experiment.views) == 3
    assert parse_experiment(experiment.model_dump(mode="json"), "x") == experiment


def test_the_first_stack_comes_early():
    assert len(run(SPACES["both"], 2)[1].experiment.bases) >= 3


def test_history_reads_only_what_left_the_window(tmp_path):
    past = run(SPACES["both"], 8)
    for k, p in enumerate(past):
        write_json(
            tmp_path / f"results/history/{name_of(k)}.json",
            {"experiment": p.experiment.model_dump(mode="json"), "draw": p.draw},
        )
        write_json(tmp_path / f"results/experiments/{name_of(k)}/metrics.json", p.metrics)
    there = read_history(8, 3, tmp_path)
    assert [p.metrics is not None for p in there.past] == [True] * 6 + [False] * 2
    for k in (6, 7):
        (tmp_path / f"results/experiments/{name_of(k)}/metrics.json").unlink()
    assert read_history(8, 3, tmp_path) == there
    assert propose(there, SPACES["both"], 0) == propose(read_history(8, 3, tmp_path), SPACES["both"], 0)


def test_the_queue_is_taken_in_order_and_invalid_files_are_refused(tmp_path):
    good = {"views": {"t": {"kind": "table"}}, "bases": {"b": {"views": ["t"], "learner": {"kind": "xgboost"}}}}
    folder = tmp_path / queue.QUEUE
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text(yaml.safe_dump(good))
    (folder / "a.yaml").write_text("views: {}")
    (folder / "c.yml").write_text(yaml.safe_dump(good))
    experiment, files, refused = queue.take(set(), {}, tmp_path)
    assert experiment is not None and files == ["a.yaml", "b.yaml"]
    assert "a.yaml" in refused["a.yaml"]
    assert queue.take({"a.yaml", "b.yaml"}, {}, tmp_path)[1] == ["c.yml"]
    assert queue.take({"a.yaml", "b.yaml", "c.yml"}, {}, tmp_path) == (None, [], {})
    assert [path.name for path in queue.waiting({"a.yaml"}, tmp_path)] == ["b.yaml", "c.yml"]
    assert len(queue.check_queue({}, tmp_path)) >= 1


def test_broken_sql_in_the_queue_is_said_before_it_runs(tmp_path, monkeypatch):
    """Tried on tables without rows: names, types, functions and what the query returns."""
    monkeypatch.setattr(sqlcheck, "_LIMITS", Limits(memory_mb=200, seconds=4))
    folder = tmp_path / queue.QUEUE
    folder.mkdir(parents=True)
    kinds = {"size": "numeric", "opened": "datetime", "industry": "category", "vip": "boolean"}

    def write(name, query="SELECT case_id, size * 2 AS twice FROM cases", segment="size > 3"):
        base = {"views": ["q"], "learner": {"kind": "xgboost"}, "segment": segment}
        content = {"views": {"q": {"kind": "sql", "query": query}}, "bases": {"b": base}}
        (folder / name).write_text(yaml.safe_dump(content))

    write("a.yaml", query="SELECT case_id, sise AS s FROM cases")
    write("b.yaml", query="SELECT case_id, opened FROM cases")
    write("c.yaml", segment="industry")
    write("d.yaml", query="SELECT case_id, content AS x FROM read_text('/etc/passwd'), cases")
    write("e.yaml", query="SELECT '1' AS case_id, sum(a.i * b.i) AS n FROM range(10000000) a(i), range(10000000) b(i)")
    write("f.yaml")
    experiment, files, refused = queue.take(set(), kinds, tmp_path)
    assert files == [f"{letter}.yaml" for letter in "abcdef"] and experiment.bases["b"].segment == "size > 3"
    assert "views.q" in refused["a.yaml"] and '"size"' in refused["a.yaml"]
    assert "date_diff" in refused["b.yaml"] and "bases.b.segment: the condition gives" in refused["c.yaml"]
    assert "read_text() is not allowed" in refused["d.yaml"] and "longer than 4 seconds" in refused["e.yaml"]
    (folder / "e.yaml").unlink()
    problems = queue.check_queue(kinds, tmp_path)
    assert [problem.file[-6:] for problem in problems] == ["a.yaml", "b.yaml", "c.yaml", "d.yaml"]
    assert queue.check_queue(None, tmp_path) == []


def test_the_portfolio_speaks_for_whoever_is_there_and_never_twice():
    for name, space in SPACES.items():
        steps = portfolio(space)
        assert len(steps) >= 3, name
        for before, after in pairwise(steps):
            assert list(after.bases)[: len(before.bases)] == list(before.bases), f"{name}: a step adds to the last"
            assert len(after.bases) > len(before.bases)
    assert any("histogram" in base or "hist_" in base for base in portfolio(SPACES["both"])[0].bases)


def test_the_portfolio_of_few_learners_casts_others_for_the_rest():
    few = Space(SPACES["both"].card, Agent(learners=("xgboost", "logistic", "extra_trees")))
    first = portfolio(few)[0]
    assert {base.learner.kind for base in first.bases.values()} == {"xgboost", "logistic", "extra_trees"}
