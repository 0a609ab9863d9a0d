"""The arithmetic of the benchmarks, which decides what their tables claim."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from automl.compare import corrected, paired, together, with_label
from automl.gather import CELL, KEY, merged
from simulate import Job, makespan


def cells(*rows):
    named = pd.DataFrame(rows, columns=["set", "fold", "system", "seconds", "auc"])
    return with_label(named.assign(n_train=800, n_test=200))


def test_differences_are_paired_by_fold_and_their_interval_knows_that_folds_overlap():
    difference = corrected(pd.Series([0.01, 0.02, 0.03, 0.04, 0.05]), 0.25)
    # s = 0.0158, t(4) = 2.776: s * sqrt(1/5 + 1/4) * t
    assert difference.mean == pytest.approx(0.03)
    assert difference.high - difference.mean == pytest.approx(2.7764 * 0.015811 * 0.45**0.5, rel=1e-3)
    assert str(difference) == "+0.0300 (+0.0006 to +0.0594)"


def test_only_folds_that_both_systems_have_count():
    table = cells(
        ("a", 0, "ours", 60, 0.7), ("a", 1, "ours", 60, 0.9), ("a", 0, "other", None, 0.6), ("b", 0, "ours", 60, 0.5)
    )
    found = paired(table, "ours-60", "other-free")
    assert list(found) == ["a"]
    assert (found["a"].mean, found["a"].folds) == (pytest.approx(0.1), 1)
    assert str(found["a"]) == "+0.1000 (one fold)"


def test_a_mean_over_sets_weighs_them_alike_and_has_their_errors_together():
    first, second = corrected(pd.Series([0.0, 0.02]), 0.25), corrected(pd.Series([0.02, 0.04, 0.06]), 0.25)
    both = together({"a": first, "b": second})
    assert both.mean == pytest.approx((0.01 + 0.04) / 2)
    halves = (first.high - first.mean) ** 2 + (second.high - second.mean) ** 2
    assert both.high - both.mean == pytest.approx(halves**0.5 / 2)
    assert together({}) is None


def test_cells_of_other_sittings_stay_and_those_measured_anew_replace(tmp_path):
    def row(fold, seconds, auc):
        return {"set": "a", "fold": fold, "system": "s", "seconds": seconds, "auc": auc}

    table = tmp_path / "cells.csv"
    merged([row(0, None, 0.1), row(1, 60, 0.2)], KEY + CELL, table).to_csv(table, index=False)
    both = merged([row(0, None, 0.3), row(0, 60, 0.4)], KEY + CELL, table)
    assert sorted(both["auc"]) == [0.2, 0.3, 0.4]


@pytest.mark.parametrize(("cores", "seconds"), [(1, 12), (2, 7), (8, 5)])
def test_simulated_cores_take_the_first_job_that_is_ready(cores, seconds):
    jobs = {"a": Job(2, ()), "b": Job(3, ("a",)), "c": Job(3, ()), "d": Job(4, ())}
    assert makespan(jobs, cores) == seconds


def test_a_job_whose_inputs_no_job_makes_may_start():
    assert makespan({"a": Job(2, ("elsewhere",))}, 1) == 2
