"""The order in which jobs write their files: whoever finds the one that Snakemake asks for finds the rest."""

import time
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import pytest
from samples import make_folds, make_raw
from sklearn.dummy import DummyClassifier

from nightshift import chain
from nightshift.data.development import Development
from nightshift.files import read_json, write_json
from nightshift.learners import LEARNERS, Learner
from nightshift.parallel import shared_among
from nightshift.train import Recipe, train_base
from nightshift.views import VIEWS


class KilledError(Exception):
    """Stands for a SIGKILL at this place."""


def test_a_view_that_is_there_has_its_outcome(tmp_path, monkeypatch):
    view, outcome = tmp_path / "view.arrow", tmp_path / "view.json"

    def killed(*_):
        raise KilledError

    monkeypatch.setattr(chain, "write_json", killed)
    made = VIEWS["dynamics"](speakers=("customer", "agent")).featurize(make_raw(20))
    with pytest.raises(KilledError):
        chain._write_view(lambda: made, str(view), str(outcome), None, {"kind": "dynamics"})
    assert not view.exists(), "it would be taken for whole"
    monkeypatch.setattr(chain, "write_json", write_json)
    chain._write_view(lambda: made, str(view), str(outcome), None, {"kind": "dynamics"})
    assert view.exists() and read_json(outcome)["work"] == pytest.approx(0, abs=0.1), "it was made already"


def test_the_work_of_a_view_is_counted_without_the_writing(tmp_path):
    def make():
        start = time.process_time()
        while time.process_time() - start < 0.2:
            pass
        return VIEWS["dynamics"](speakers=("customer", "agent")).featurize(make_raw(20))

    chain._write_view(make, str(tmp_path / "view.arrow"), str(tmp_path / "view.json"), None, {"kind": "dynamics"})
    outcome = read_json(tmp_path / "view.json")
    assert outcome["ok"] and outcome["work"] >= 0.2


def test_work_that_is_shared_among_processes_is_counted():
    def burn(seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    def work():
        with shared_among(burn, 2) as every:
            every([0.3, 0.3])

    _, seconds = chain._worked(work)
    assert 0.55 < seconds < 3


class Held:
    """A type that no list trusts."""


class Holding(DummyClassifier):
    def fit(self, x, y):
        self.held_ = Held()
        return super().fit(x, y)


class Somebodys(Learner):
    """As if a package had brought it, whose author forgot `trusted`."""

    kind: Literal["somebodys"] = "somebodys"
    trusted: ClassVar[tuple[str, ...]] = ()

    def build(self, seed):
        return Holding()


def test_a_model_that_does_not_come_back_is_this_bases_crash(tmp_path, monkeypatch):
    y, folds = np.arange(40) % 2, make_folds(40, 2)
    blocks = {"d": VIEWS["dynamics"](speakers=("customer",)).featurize(make_raw(40))}
    monkeypatch.setattr(chain, "LEARNERS", {**LEARNERS, "somebodys": Somebodys})
    monkeypatch.setattr(chain, "read_development", lambda _: Development(pd.Series(range(40)), y, folds))
    monkeypatch.setattr(
        chain,
        "base_of",
        lambda spec, *_: train_base(blocks, y, folds, Recipe(chain.LEARNERS[spec["learner"]["kind"]]())),
    )
    with pytest.raises(ValueError, match=r"does not come back from its file: .*Held"):
        chain._train_into(tmp_path / "base", {"learner": {"kind": "somebodys"}}, 1)
    assert chain._train_into(tmp_path / "other", {"learner": {"kind": "ridge"}}, 1)["cv_auc"] > 0


def test_what_is_read_back_is_what_nobody_knows_beforehand(monkeypatch):
    monkeypatch.setattr(chain, "LEARNERS", {**LEARNERS, "somebodys": Somebodys})
    assert {kind for kind in chain.LEARNERS if chain._of_many_types(kind)} == {"pipeline", "somebodys"}
