"""The last experiment of a night: the champion beside the night's best bases."""

import numpy as np
import pytest

from nightshift.agents.candidates import candidate, compose, taken_from
from nightshift.agents.guidance import Guidance
from nightshift.agents.history import History
from nightshift.agents.moves import MOVES, STEADY
from nightshift.agents.propose import _as_human
from nightshift.agents.search import NothingNewError, propose
from nightshift.agents.space import Space
from nightshift.agents.steady import steady
from nightshift.config import Agent, parse_config
from nightshift.decide import Comparison, decide, luck_of
from nightshift.experiment import BaseSpec, parse_experiment
from nightshift.learners import LEARNERS
from nightshift.names import name_of
from nightshift.views import VIEWS
from unit.test_search import SPACES, run

SPACE = SPACES["both"]
DATA = {"cases": "c.csv", "id": "i", "target": "t"}


@pytest.fixture(scope="module")
def night():
    return run(SPACE, 40)


def ends(past):
    return steady(History(past), SPACE)


@pytest.mark.parametrize("count", [25, 30, 35, 40])
def test_it_stands_on_the_champion_s_stack_and_on_the_best_bases_alike(night, count):
    past = night[:count]
    made = ends(past).experiment
    champion = History(past).champion().experiment
    assert made.steady and made.parent == champion.id and champion.id in made.hypothesis
    assert parse_experiment(made.model_dump(mode="json"), "x") == made
    assert len(made.stack.over) == 2
    contents = [made.base_content(name) for name in made.bases]
    assert all(champion.base_content(name) in contents for name in champion.bases), "the champion is whole"
    team = made.bases[made.stack.over[-1]].bases
    best = [(name, one) for _, name, one in History(past).library() if not one.bases[name].bases][:50]
    assert [made.base_content(name) for name in team] == [one.base_content(name) for name, one in best]


def test_a_champion_of_any_stack_can_stand_below(night):
    from nightshift.stack import StackSpec

    champion = History(night).champion()
    table = [name for name, view in champion.experiment.views.items() if view.kind == "table"]
    stacks = [
        StackSpec(method="xgboost", passthrough=tuple(table)),
        StackSpec(method="rank_mean"),
        StackSpec(
            method="stacks",
            members=(StackSpec(method="greedy"), StackSpec(method="logistic", passthrough=tuple(table))),
        ),
    ]
    for stack in stacks:
        changed = champion.experiment.model_copy(update={"stack": stack})
        past = [one if one is not champion else type(one)(changed, one.metrics, one.draw) for one in night]
        assert parse_experiment(ends(past).experiment.model_dump(mode="json"), "x").steady


def test_few_tries_have_no_luck_to_steady_and_nothing_is_steadied_twice(night):
    assert ends(night[:19]) is None
    made = ends(night)
    last = type(night[0])(made.experiment.model_copy(update={"id": name_of(40)}), None, made.draw)
    assert made.draw == {"move": STEADY} and ends([*night, last]) is None


def test_the_search_goes_on_from_what_stood_before(night):
    made = ends(night)
    metrics = {**night[-1].metrics, "status": "keep", "champion": name_of(40), "cv_auc": 0.99, "delta": 0.1}
    metrics |= {"base_auc": dict.fromkeys(made.experiment.bases, 0.9), "weights": {}}
    last = type(night[0])(made.experiment.model_copy(update={"id": name_of(40)}), metrics, made.draw)
    history = History([*night, last])
    assert history.library() == History(night).library()
    for seed in range(10):
        assert propose(history, SPACE, seed).experiment.parent != name_of(40)


def test_it_is_kept_unless_it_is_behind_by_more_than_luck():
    assert luck_of(19) == pytest.approx(1.645, abs=1e-3)
    behind = np.array([-1.0, -1.7])
    said = [decide(Comparison(delta, 1.0), Comparison(delta, 1.0), 60, 14, 0.5, tried=19) for delta in behind]
    assert [status for status, _ in said] == ["keep", "discard"]
    assert "luck of 19 tries (z -1.0)" in said[0][1]
    assert decide(Comparison(-1.0, 1.0), Comparison(-1.0, 1.0), 60, 14, 0.5)[0] == "discard", (
        "of others nothing is forgiven"
    )


def test_a_person_who_queues_one_again_gets_no_leniency(night):
    assert not _as_human(ends(night).experiment, History(night), parse_config({"data": DATA})).steady


def test_names_that_mean_two_things_are_told_apart():
    """Bases of different experiments meet here; people and models name them as they like."""
    shorter, longer = (
        taken_from(
            parse_experiment(
                {
                    "hypothesis": "Spelling.",
                    "views": {"spelling": {"kind": "chars", "longest": longest}},
                    "bases": {"mine": {"views": ["spelling"], "learner": {"kind": "logistic", "c": c}}},
                },
                "x",
            ),
            ["mine"],
        )[0]
        for longest, c in ((3, 0.1), (5, 1.0))
    )
    blend = BaseSpec(bases=("mine", "mine"), learner=LEARNERS["blend"](method="logistic"))
    both = compose([candidate({}, blend, "both", [shorter, longer])], hypothesis="Both.")
    below = both.bases[both.stack.over[0]].bases
    assert len(set(below)) == 2
    contents = [both.base_content(name) for name in below]
    alone = [compose([one], hypothesis="Alone.").base_content("mine") for one in (shorter, longer)]
    assert contents == alone


@pytest.mark.parametrize("longest", [3, 5])
def test_views_of_the_search_that_differ_are_called_differently(longest):
    chars, notes = (VIEWS[kind] for kind in ("chars", "notes"))
    named = SPACE.named(chars(), chars(longest=longest), notes(), notes(ngrams=2))
    assert list(named) == ["chars", f"chars-{longest}letters", "notes", "notes-2grams"]


def test_what_a_person_vetoed_of_the_champion_is_not_stood_on(night):
    champion = History(night).champion().experiment
    made = steady(History(night), Space(SPACE.card, Agent(), None, frozenset({champion.id}))).experiment
    assert made.parent != champion.id
    kinds = {base.learner.kind for base in champion.bases.values()}
    barred = sorted(kinds)[0]
    made = steady(History(night), Space(SPACE.card, Agent(), None, frozenset({barred}))).experiment
    assert barred not in {base.learner.kind for base in made.bases.values()}


@pytest.mark.parametrize("words", ["veto: steady", "- Veto: Steady"])
def test_a_veto_leaves_it_out(night, words):
    guidance = Guidance.of(words)
    agent = guidance.narrowed(Agent())
    assert guidance.unknown() == [] and set(agent.moves) == set(MOVES)
    assert steady(History(night), Space(SPACE.card, agent)) is None


def test_a_list_of_moves_without_it_leaves_it_out(night):
    assert steady(History(night), Space(SPACE.card, Agent(moves=("add", "library")))) is None
    assert steady(History(night), Space(SPACE.card, Agent(moves=("add", STEADY)))) is not None


def test_a_search_that_may_make_no_other_move_ends_after_its_portfolio(night):
    portfolio = [past for past in night if past.draw["move"] == "portfolio"]
    with pytest.raises(NothingNewError, match="ends a night"):
        propose(History(portfolio), Space(SPACE.card, Agent(moves=(STEADY,))), 0)
