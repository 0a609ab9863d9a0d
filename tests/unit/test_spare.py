"""Spare cores: pieces of work come back in order and the same as alone, whoever does them and whatever becomes of helpers."""

import os
import signal
import sys
import time

import numpy as np
import pytest
from models import RICH, assemble_with_reference

from nightshift.data.split import Folds
from nightshift.learners import LEARNERS
from nightshift.model import ModelFiles, shared_by
from nightshift.morning import shares_of
from nightshift.reference import _means_of
from nightshift.spare import FOLDER, _Shared, borrow, every
from nightshift.train import Recipe, train_base
from nightshift.views.base import Columns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cores are lent on Linux only")


@pytest.fixture
def cores(tmp_path, monkeypatch):
    """Three cores, of which a job, this process, has one."""
    for number in range(3):
        (tmp_path / f"lent-{number}").touch()
    (tmp_path / "busy").write_text("1\n")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setattr("nightshift.spare.WORTH", 0.2)
    return tmp_path


def free(cores):
    """How many could be borrowed now."""
    found = []
    while (core := borrow()) is not None:
        found.append(core)
    for core in found:
        core.close()
    return len(found)


def slow(item):
    time.sleep(0.3)
    return item * item, os.getpid()


def test_long_pieces_are_done_on_spare_cores_too_and_come_in_order(cores):
    start = time.monotonic()
    found = list(every(1.0)(slow, range(6)))
    assert [square for square, _ in found] == [item * item for item in range(6)]
    pids = [pid for _, pid in found]
    assert pids[0] == os.getpid() and len(set(pids)) >= 3, "the first here, the last ones each in a fork of its own"
    assert time.monotonic() - start < 6 * 0.3
    assert free(cores) == 2, "what was borrowed is given back"


def test_what_is_short_or_has_no_spare_core_stays_here(cores, monkeypatch):
    assert {pid for _, pid in every(0.01)(lambda item: (item, os.getpid()), range(6))} == {os.getpid()}
    others = [borrow(), borrow()]
    assert borrow() is None
    assert {pid for _, pid in every(1.0)(slow, range(2))} == {os.getpid()}
    for core in others:
        core.close()
    monkeypatch.delenv(FOLDER)
    assert borrow() is None
    assert {pid for _, pid in every(1.0)(slow, range(2))} == {os.getpid()}


def test_a_job_that_starts_gets_its_core_back(cores):
    lent = borrow()
    (cores / "busy").write_text("2\n")
    assert borrow() is None, "one is lent, two are given away"
    lent.close()
    assert free(cores) == 1
    (cores / "busy").write_text("3\n")
    assert borrow() is None


def test_where_nobody_says_how_many_are_busy_nothing_is_lent(cores):
    (cores / "busy").unlink()
    assert borrow() is None


def test_what_does_not_fit_into_memory_stays_here(cores, monkeypatch):
    monkeypatch.setattr("nightshift.spare._has_room", lambda: False)
    assert {pid for _, pid in every(1.0)(slow, range(3))} == {os.getpid()}


def test_a_fork_that_fails_leaves_all_pieces_here(cores, monkeypatch):
    def refuse():
        raise BlockingIOError(11, "no process is left")

    monkeypatch.setattr(os, "fork", refuse)
    assert {pid for _, pid in every(1.0)(slow, range(3))} == {os.getpid()}
    assert free(cores) == 2


def test_a_helper_that_hangs_is_ended(cores, monkeypatch, capsys):
    monkeypatch.setattr("nightshift.spare._PATIENCE", 0.5)
    here = os.getpid()

    def work(item):
        time.sleep(0.01 if os.getpid() == here else 60)
        return item

    assert list(every(1.0)(work, range(3))) == [0, 1, 2]
    assert "piece 2 is done again here" in capsys.readouterr().err
    assert free(cores) == 2


def test_the_first_piece_tells_whether_the_others_are_long(cores):
    found = list(every(0.0)(slow, range(4)))
    assert found[0][1] == os.getpid() and len({pid for _, pid in found}) > 1


def test_a_helper_that_is_killed_costs_time_and_nothing_else(cores):
    here = os.getpid()

    def work(item):
        time.sleep(0.1)
        if os.getpid() != here and item % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert list(every(1.0)(work, range(6))) == list(range(6))
    assert free(cores) == 2


def test_what_cannot_be_sent_is_done_here(cores):
    assert [one() for one in every(1.0)(lambda item: lambda: item, range(3))] == [0, 1, 2]


def test_the_error_is_that_of_the_first_piece_that_fails(cores):
    def work(item):
        time.sleep(0.05 * (5 - item))
        if item in (2, 4):
            raise ValueError(f"piece {item}")
        return item

    for how in (map, every(1.0)):
        with pytest.raises(ValueError, match="piece 2"):
            list(how(work, range(5)))
    assert free(cores) == 2, "helpers end with an error"


@pytest.mark.parametrize("kind", ["random_forest", "xgboost", "hist_gradient_boosting"])
def test_a_base_is_the_same_whoever_trains_its_folds(cores, monkeypatch, kind):
    monkeypatch.setattr("nightshift.spare.WORTH", 0.0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5))
    y = (x[:, 0] + rng.normal(size=300) > 0).astype(int)
    import pandas as pd

    blocks = {"table": Columns(pd.DataFrame(x, columns=list("abcde")))}
    folds = Folds(np.stack([np.arange(300) % 5, np.arange(300)[::-1] % 5], axis=1), False, np.arange(300))
    recipe, trained_by = Recipe(LEARNERS[kind](), seeds=2), set()

    def noted(work, items):
        for pid, found in every(1.0)(lambda item: (os.getpid(), work(item)), items):
            trained_by.add(pid)
            yield found

    alone, shared = (train_base(blocks, y, folds, recipe, every=how) for how in (map, noted))
    assert trained_by - {os.getpid()}, "some folds were trained elsewhere"
    assert np.array_equal(alone.oof, shared.oof)
    for one, other in zip(alone.models, shared.models, strict=True):
        assert np.array_equal(one.predict_logit(blocks), other.predict_logit(blocks))


def test_what_a_model_remembers_of_its_cases_does_not_depend_on_who_looks(cores, raw, labels, monkeypatch):
    model, reference = assemble_with_reference(RICH, raw, labels)
    monkeypatch.setattr("nightshift.reference._TOGETHER", 1)  # of five bases the last stands on others
    helped, lend = [], _Shared._lend
    monkeypatch.setattr(_Shared, "_lend", lambda shared: helped.append(lend(shared)) or helped[-1])
    means, below = _means_of(model, model.featurize(raw), raw, every(1.0))
    assert any(helped)
    for name, folds in reference.means.items():
        np.testing.assert_array_equal(means[name], folds)
        np.testing.assert_array_equal(below[name], reference.below[name])


@pytest.mark.parametrize(("free", "fit"), [(10e6, False), (100e6, True)])
def test_models_for_which_there_is_no_memory_twice_are_read_by_one_process(free, fit, tmp_path, monkeypatch):
    monkeypatch.setattr("nightshift.model.free_memory", lambda: free)
    monkeypatch.setattr("nightshift.morning.cores_here", lambda: 4)
    (tmp_path / "models.skops").write_bytes(bytes(10**6))
    files = {"x": tmp_path / "models.skops"}
    assert shares_of(ModelFiles(files)) is not map, "small ones need not be counted"
    monkeypatch.setattr("nightshift.model._SMALL", 10**5)
    assert (shares_of(ModelFiles(files)) is not map) == fit
    assert shared_by(ModelFiles(files), 4) == ((4, 1) if fit else (1, 4))
