"""The typed experiment, its digests and its plan."""

import pytest
import yaml

from nightshift import plan as planning
from nightshift.agents.portfolio import baseline
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.errors import InputError
from nightshift.experiment import parse_experiment, read_experiment
from nightshift.files import read_json
from nightshift.schemas import FOLDER, MODELS, schema_text
from nightshift.specs import read_spec, reads_both, views_to_train

SPLIT = {"data": "d" * 20, "folds": "f" * 20}


def content(**changes):
    base = {"views": ["w"], "learner": {"kind": "logistic", "c": 0.5}}
    return {"views": {"w": {"kind": "words"}}, "bases": {"b": base}, **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stak": {}}, "did you mean 'stack'?"),
        ({"views": {"w": {"kind": "wordz"}}}, "wordz"),
        ({"views": {"w": {"kind": "words", "share": 3}}}, "share"),
        ({"bases": {"b": {"views": ["x"], "learner": {"kind": "logistic"}}}}, "uses view 'x'"),
        ({"bases": {"b": {"views": ["w"], "learner": {"kind": "logistic", "c": -1}}}}, "greater than 0"),
        ({"bases": {"../b": {"views": ["w"], "learner": {"kind": "logistic"}}}}, "file name"),
        ({"bases": {}}, "bases"),
        ({"stack": {"method": "vote"}}, "rank_mean"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(changes, said):
    with pytest.raises(InputError) as error:
        parse_experiment(content(**changes), "config/experiments/mine.yaml")
    assert said in str(error.value)
    assert "config/experiments/mine.yaml" in str(error.value)


@pytest.mark.parametrize("text", ["just words", "[1, 2]", "a: [", "\x00"])
def test_files_that_are_no_experiment(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"mine\.yaml"):
        read_experiment(path)


def test_yaml_round_trip(tmp_path):
    experiment = baseline(Space(Card(("customer", "agent"), {"size": "numeric"}, 100, 900, 100)))
    experiment.write(tmp_path / "e.yaml")
    assert read_experiment(tmp_path / "e.yaml") == experiment


def test_names_and_words_do_not_change_the_digest_but_what_is_computed_does():
    one = parse_experiment(content(), "x")
    renamed = parse_experiment(
        {
            "id": "exp-0009",
            "hypothesis": "other words",
            "views": {"other": {"kind": "words"}},
            "bases": {"c": {"views": ["other"], "learner": {"kind": "logistic", "c": 0.5}}},
        },
        "x",
    )
    assert renamed.digest() == one.digest()
    for changes in ({"stack": {"method": "greedy"}}, {"views": {"w": {"kind": "words", "ngrams": 1}}}):
        assert parse_experiment(content(**changes), "x").digest() != one.digest()


def test_equal_bases_share_a_file_and_anything_that_determines_them_changes_it(monkeypatch):
    one = parse_experiment(content(), "x")
    more = content(hypothesis="more")
    more["bases"]["again"] = {"views": ["w"], "learner": {"kind": "extra_trees"}}
    first = planning.make_plan(one, SPLIT, 0)["bases"]["b"]
    plan = planning.make_plan(parse_experiment(more, "x"), SPLIT, 0)
    assert plan["bases"]["b"] == first
    assert plan["specs"]["bases"][plan["bases"]["again"]]["terms"]["svd"] == 50
    others = [
        planning.make_plan(one, SPLIT, 1),
        planning.make_plan(one, {**SPLIT, "data": "e" * 20}, 0),
        planning.make_plan(one, {**SPLIT, "folds": "e" * 20}, 0),
    ]
    monkeypatch.setattr(planning, "code_version", lambda *modules: "other code")
    others.append(planning.make_plan(one, SPLIT, 0))
    assert len({first, *(other["bases"]["b"] for other in others)}) == 5


def test_plan_is_written_with_its_specs(tmp_path):
    plan = planning.make_plan(parse_experiment(content(), "x"), SPLIT, 0)
    planning.write_plan(tmp_path / "plan.json", plan, tmp_path)
    paths = planning.read_plan(tmp_path / "plan.json")
    assert paths == {
        "views": {"w": f"results/views/{plan['views']['w']}.arrow"},
        "bases": {"b": f"results/bases/{plan['bases']['b']}"},
    }
    assert read_spec("bases", plan["bases"]["b"], tmp_path)["views"] == [plan["views"]["w"]]


@pytest.mark.parametrize("name", MODELS)
def test_schemas_on_disk_are_those_of_the_models(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == schema_text(name), "run `make schemas`"


def test_the_shipped_slot_is_the_baseline():
    path = FOLDER.parents[1] / "config" / "experiment.yaml"
    shipped = read_experiment(path)
    assert shipped.digest() == baseline(Space(Card(("customer", "rep"), {"size": "numeric"}, 100, 900, 100))).digest()
    assert yaml.safe_load(path.read_text())["author"] == "baseline"
    assert read_json(FOLDER / "experiment.schema.json")["title"] == "Experiment"


def test_a_base_that_reads_views_beside_bases_trains_on_all_their_views(tmp_path):
    rich = content()
    rich["views"]["t"] = {"kind": "table"}
    rich["bases"]["top"] = {"views": ["t"], "bases": ["b"], "learner": {"kind": "logistic"}}
    rich["bases"]["blind"] = {"bases": ["b", "top"], "learner": {"kind": "logistic"}}
    plan = planning.make_plan(parse_experiment(rich, "x"), SPLIT, 0)
    planning.write_plan(tmp_path / "plan.json", plan, tmp_path)
    specs = {name: read_spec("bases", digest, tmp_path) for name, digest in plan["bases"].items()}
    assert {name: reads_both(spec) for name, spec in specs.items()} == {"b": False, "top": True, "blind": False}
    views = {name: views_to_train(spec, tmp_path) for name, spec in specs.items()}
    assert views == {"b": [plan["views"]["w"]], "top": [plan["views"]["t"], plan["views"]["w"]], "blind": []}


STACKS = {"method": "stacks", "members": [{"method": "xgboost", "passthrough": ["w"]}, {"method": "greedy"}]}


def test_views_that_a_stack_under_a_stack_passes_through_are_known_and_count():
    stacked = content() | {"stack": STACKS}
    other = content() | {"stack": STACKS}
    other["views"] = {"w": {**content()["views"]["w"], "ngrams": 1}, "x": content()["views"]["w"]}
    other["bases"] = {"b": {**content()["bases"]["b"], "views": ["x"]}}
    one, two = (parse_experiment(each, "x") for each in (stacked, other))
    assert one.digest() != two.digest(), "another view passes through"
    renamed = {
        **other,
        "stack": {**STACKS, "members": [{"method": "xgboost", "passthrough": ["x"]}, {"method": "greedy"}]},
    }
    renamed["views"] = {"x": content()["views"]["w"]}
    assert parse_experiment(renamed, "x").digest() == one.digest(), "names mean nothing"
    wrong = {**STACKS, "members": [{"method": "xgboost", "passthrough": ["nope"]}, {"method": "greedy"}]}
    with pytest.raises(InputError, match="the stack uses view 'nope'"):
        parse_experiment(content() | {"stack": wrong}, "x")


def test_names_of_a_stack_are_its_own():
    taken = content()
    taken["bases"] = {"stack.xgboost": taken["bases"]["b"]}
    with pytest.raises(InputError, match=r"begin with 'stack\.'"):
        parse_experiment(taken, "x")
