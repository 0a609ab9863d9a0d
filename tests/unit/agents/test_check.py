"""What a model proposes keeps to what a person has pinned and vetoed."""

import pytest

from nightshift.agents.check import checked
from nightshift.agents.history import History, Past
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.experiment import parse_experiment
from nightshift.llm.reading import RefusedError
from nightshift.names import name_of

CARD = Card(("customer", "rep"), {"size": "numeric"}, 100, 300, 3000)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Not where a night may have left its cases, on which segments would be tried."""
    monkeypatch.chdir(tmp_path)


def content(c=1.0, **base):
    one = {"views": ["t"], "learner": {"kind": "logistic", "c": c}, **base}
    return {"hypothesis": "x", "views": {"t": {"kind": "table"}}, "bases": {"b": one}}


def history():
    """Two experiments, of which the second is the champion."""
    past = []
    for number, auc in enumerate((0.6, 0.7)):
        experiment = parse_experiment(content(10.0 + number), "x").model_copy(update={"id": name_of(number)})
        metrics = {"status": "keep", "cv_auc": auc, "champion": name_of(number)}
        past.append(Past(experiment, metrics, {}))
    return History(tuple(past))


def proposed(said, pin=None, vetoes=()):
    return checked(said, history(), Space(CARD, pin=pin, vetoes=frozenset(vetoes)), set())


def test_the_parent_is_what_it_names_else_the_pin_else_the_champion():
    assert proposed({**content(), "parent": "exp-0000"}).parent == "exp-0000"
    assert proposed(content(), pin="exp-0000").parent == "exp-0000"
    assert proposed(content()).parent == "exp-0001"
    assert proposed({**content(), "parent": "exp-0099"}, pin="exp-0098").parent == "exp-0001"


@pytest.mark.parametrize(
    ("said", "veto"),
    [
        (content(), "logistic"),
        (content(), "table"),
        (content(segment="size > 3"), "segment"),
        (content(seeds=3), "reseed"),
        ({**content(), "parent": "exp-0001"}, "exp-0001"),
    ],
)
def test_a_veto_is_refused_by_its_name(said, veto):
    with pytest.raises(RefusedError, match=f"a person has vetoed .*{veto}"):
        proposed(said, vetoes=[veto])
    assert proposed(said, vetoes=["mlp"]).author == "model"


def test_a_model_cannot_claim_the_leniency_of_a_night_s_last_experiment():
    assert not proposed({**content(), "steady": True}).steady
