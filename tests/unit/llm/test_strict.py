"""The schema keeps to the published rules of strict servers, and answers in its form come back as they were meant."""

import json
from typing import Any, ClassVar, Literal

import jsonschema
import numpy as np
import pytest
from pydantic import BaseModel

from model_server import an_answer
from nightshift.agents.history import History, Past
from nightshift.agents.moves import draw_stack
from nightshift.agents.search import propose
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.errors import InputError
from nightshift.experiment import NIGHTS_OWN, BaseSpec, Experiment, parse_experiment
from nightshift.learners import LEARNERS
from nightshift.llm.strict import experiment_form, form_of
from nightshift.names import name_of
from nightshift.pipelines.catalogue import CATALOGUE
from nightshift.research.investigate import memo_schema
from nightshift.rubric import answer_schema
from nightshift.views import VIEWS
from nightshift.views.rubric import Question

FORM = experiment_form()
# OpenAI's guide "Structured Outputs", supported schemas; what the grammar compiler of llama.cpp takes is no less.
KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "$ref", "$defs"}
KEYWORDS |= {"description"}


def nodes(node: Any):
    """Every schema inside a schema."""
    yield node
    for child in [*node.get("properties", {}).values(), *node.get("$defs", {}).values(), *node.get("anyOf", [])]:
        yield from nodes(child)
    if "items" in node:
        yield from nodes(node["items"])


def depth(node: Any, defs: dict) -> int:
    """Levels of nested objects."""
    if "$ref" in node:
        return depth(defs[node["$ref"].rsplit("/", 1)[1]], defs)
    below = [
        *node.get("properties", {}).values(),
        *node.get("anyOf", []),
        *([node["items"]] if "items" in node else []),
    ]
    return int("properties" in node) + max((depth(child, defs) for child in below), default=0)


QUESTIONS = [
    Question(ask="Is it?", answer="yes_no"),
    Question(ask="How much?", answer="score"),
    Question(ask="Which?", answer="choice", choices=("a", "b")),
]


@pytest.mark.parametrize(
    ("schema", "deepest"),
    [(FORM.schema, 8), (memo_schema(FORM), 10), (answer_schema(QUESTIONS), 1)],
    ids=["experiment", "memo", "rubric"],
)
def test_a_schema_keeps_to_the_rules_of_strict_servers(schema, deepest):
    assert schema["type"] == "object" and "anyOf" not in schema
    for node in nodes(schema):
        assert set(node) <= KEYWORDS, node
        if "$ref" in node:
            assert set(node) == {"$ref"} and node["$ref"].rsplit("/", 1)[1] in schema["$defs"]
        if "properties" in node:
            assert node["type"] == "object" and node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
        assert node.get("type") != "object" or "properties" in node, "a map with free keys"
    assert sum(len(node.get("properties", {})) for node in nodes(schema)) <= 5000
    assert depth(schema, schema.get("$defs", {})) <= deepest, "10 are allowed, and a memo holds an experiment"
    enums = [node["enum"] for node in nodes(schema) if "enum" in node]
    assert sum(map(len, enums)) <= 1000 and all(len(enum) <= 250 for enum in enums)
    names = [name for node in nodes(schema) for name in node.get("properties", {})] + list(schema.get("$defs", {}))
    assert sum(map(len, names)) + sum(len(str(value)) for enum in enums for value in enum) <= 120_000
    assert len(json.dumps(schema)) < 40_000, "it is sent with every proposal"
    jsonschema.Draft202012Validator.check_schema(schema)


def said(experiment: Experiment) -> dict:
    """An experiment in the words of the strict form, as a model would write it."""
    content = experiment.model_dump(mode="json", exclude=set(NIGHTS_OWN))
    for learner in (base["learner"] for base in content["bases"].values() if base["learner"]["kind"] == "pipeline"):
        learner["steps"] = [
            {"class": path, "parameters": [{"name": name, "value": value} for name, value in (given or {}).items()]}
            for step in learner["steps"]
            for path, given in step.items()
        ]
    for member in content["stack"]["members"]:
        for name in ("over", "passthrough", "members"):
            del member[name]
    for kind in ("views", "bases"):
        content[kind] = [{"name": name, "value": value} for name, value in content[kind].items()]
    return content


def drawn(count: int = 60) -> list[Experiment]:
    space = Space(Card(("customer", "agent"), {"size": "numeric", "note": "text"}, 800, 9000, 2000, ('"size" > 3',)))
    rng, past = np.random.default_rng(0), []
    for k in range(count):
        proposal = propose(History(past), space, 0)
        experiment = proposal.experiment.model_copy(update={"id": name_of(k)})
        metrics = {"status": "keep" if k % 5 == 0 else "discard", "champion": name_of(k - k % 5), "delta": 0.001}
        metrics |= {"base_auc": dict.fromkeys(experiment.bases, 0.6), "weights": dict.fromkeys(experiment.bases, 0.1)}
        past.append(Past(experiment, {**metrics, "cv_auc": float(rng.uniform(0.5, 0.7))}, proposal.draw))
    stacks = [draw_stack(rng, ())[0] for _ in range(40)]
    return [past.experiment for past in past] + [
        past[7].experiment.model_copy(update={"stack": stack, "id": "x"}) for stack in stacks
    ]


def test_whatever_the_search_says_can_be_said_in_the_strict_form():
    validator = jsonschema.Draft202012Validator(FORM.schema)
    for experiment in drawn():
        words = said(experiment)
        validator.validate(words)
        again = parse_experiment(FORM.read(words), "answer")
        assert again.digest() == experiment.digest()
        assert again.views == experiment.views and again.bases == experiment.bases and again.stack == experiment.stack


@pytest.mark.parametrize("kind", LEARNERS)
def test_nulls_mean_the_defaults(kind):
    learner = {name: None for name in LEARNERS[kind].model_fields} | {"kind": kind}
    if kind in ("blend", "pipeline"):
        return
    read = FORM.read(an_answer(learner=learner))
    assert parse_experiment(read, "answer").bases["words"].learner == LEARNERS[kind]()


@pytest.mark.parametrize("model", [Experiment, BaseSpec, *VIEWS.values(), *LEARNERS.values()])
def test_no_field_means_something_by_null_that_is_not_its_default(model):
    for name, field in model.model_fields.items():
        nullable = "None" in str(field.annotation)
        assert field.is_required() or not nullable or field.default is None, name


def test_pipelines_are_said_as_classes_with_parameters():
    steps = [
        {"class": "sklearn.feature_selection.SelectKBest", "parameters": [{"name": "k", "value": 300}]},
        {"class": "sklearn.svm.LinearSVC", "parameters": []},
    ]
    learner = {"kind": "pipeline", "steps": steps, "scaled": None}
    jsonschema.validate(an_answer(learner=learner), FORM.schema)
    read = parse_experiment(FORM.read(an_answer(learner=learner)), "answer").bases["words"].learner
    assert [list(step) for step in read.steps] == [[step["class"]] for step in steps]
    paths = [node["enum"] for node in nodes(FORM.schema) if "sklearn.svm.SVC" in node.get("enum", [])]
    assert paths == [list(CATALOGUE)]


@pytest.mark.parametrize("answer", [None, 7, "x", [], {}, {"views": 3}, {"views": [1, None]}, {"bases": [{"name": 1}]}])
def test_nonsense_is_left_for_the_typed_model_to_refuse(answer):
    read = FORM.read(answer)
    with pytest.raises(Exception, match="problem"):
        parse_experiment(read, "answer")


def test_what_the_data_has_nothing_for_is_no_choice():
    schema = json.dumps(experiment_form(frozenset({"WordsView", "CharsView"})).schema)
    assert "WordsView" not in schema and "SqlView" in schema


def test_a_kind_of_somebodys_that_has_no_strict_schema_is_left_out():
    class Free(BaseModel):
        hidden: ClassVar[int] = 1
        kind: Literal["free"] = "free"
        anything: dict[str, Any] = {}

    class Plain(BaseModel):
        kind: Literal["plain"] = "plain"

    class Choice(BaseModel):
        one: Free | Plain

    schema = form_of(Choice).schema
    assert list(schema["$defs"]) == ["Plain"] and schema["properties"]["one"] == {"anyOf": [{"$ref": "#/$defs/Plain"}]}


@pytest.mark.parametrize(
    "steps",
    [
        [{"class": "sklearn.decomposition.PCA", "parameters": [{"name": "n_components"}]}],
        [{"class": "sklearn.decomposition.PCA", "parameters": {"n_components": 3}}],
        [{"class": "sklearn.decomposition.PCA", "parameters": ["n_components"]}],
        [{"class": ["a"], "parameters": []}],
        ["sklearn.decomposition.PCA", 3, None],
        {"class": "x"},
    ],
)
def test_steps_in_another_form_are_left_for_the_typed_model_to_refuse(steps):
    """As servers without structured output send them."""
    read = FORM.read(an_answer(learner={"kind": "pipeline", "steps": steps, "scaled": None}))
    with pytest.raises(InputError):
        parse_experiment(read, "answer")
