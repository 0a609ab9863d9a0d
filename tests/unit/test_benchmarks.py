"""The arithmetic of the benchmarks, which decides what their tables claim."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import agents
import space
import stacks
from anytime import curve
from automl.compare import corrected, paired, together, with_label
from automl.gather import CELL, KEY, merged
from forest import rows_of
from halving import Trained, stopped
from held_out import hold_out
from night import DEMO, Night
from results import costlier
from selection import auc_by_weights, corrected_auc
from simulate import Job, makespan
from tables import changes_table, cores_table
from targets import _never_below_xgboost


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
    assert str(together({"a": found["a"], "b": found["a"]})) == "+0.1000 (no interval: one fold of a set)"


def test_a_mean_over_sets_weighs_them_alike_and_has_their_errors_together():
    first, second = corrected(pd.Series([0.0, 0.02]), 0.25), corrected(pd.Series([0.02, 0.04, 0.06]), 0.25)
    both = together({"a": first, "b": second})
    assert both.mean == pytest.approx((0.01 + 0.04) / 2)
    a, b = first.error**2, second.error**2
    assert both.error == pytest.approx((a + b) ** 0.5 / 2)
    # Welch and Satterthwaite; of the same error and number of folds, degrees of freedom add up.
    assert both.df == pytest.approx((a + b) ** 2 / (a**2 / 1 + b**2 / 2))
    assert together({"a": second, "b": second}).df == pytest.approx(4)
    assert both.high - both.mean == pytest.approx(t.ppf(0.975, both.df) * both.error)
    assert together({}) is None
    same = corrected(pd.Series([0.0, 0.0]), 0.25)
    assert str(together({"a": same, "b": same})) == "+0.0000 (+0.0000 to +0.0000)"


def test_a_set_that_is_surely_below_the_single_xgboost_is_not_hidden_by_a_noisy_one():
    ours = [("noisy", fold, "nightshift", 60, 0.7 + change) for fold, change in enumerate((0.1, -0.15, 0.0))]
    ours += [("sure", fold, "nightshift", 60, 0.69 + fold / 1e4) for fold in range(3)]
    theirs = [(name, fold, "xgboost", None, 0.7) for name in ("noisy", "sure") for fold in range(3)]
    found = _never_below_xgboost(cells(*ours, *theirs), 60)
    assert (found.met, found.measured.split(":")[0]) == (False, "worst on sure")
    assert _never_below_xgboost(cells(*ours[:3], *theirs[:3]), 60).met


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


@pytest.mark.parametrize(("cores", "seconds"), [(1, 14), (2, 9), (4, 7.5), (8, 7.5)])
def test_a_simulated_job_that_shares_its_work_takes_the_cores_that_there_are(cores, seconds):
    jobs = {"a": Job(2, ()), "b": Job(8, ("a",), 4, serial=2), "c": Job(4, ("b",), 2)}
    assert makespan(jobs, cores) == seconds


def test_a_job_whose_inputs_no_job_makes_may_start():
    assert makespan({"a": Job(2, ("elsewhere",))}, 1) == 2


def test_other_numbers_of_cores_are_measured_beside_the_simulation_of_the_night_on_two():
    night = {"set": "a", "processor": "p", "experiments": 24, "efficiency": 0.5, "champion_cv": 0.7}
    foretold = {f"simulated_{cores}_s": 100 / cores for cores in (1, 2, 4, 8)}
    on_two = {**night, "cores": 2, "wall_s": 60.0, "job_cpu_s": 100.0, **foretold}
    on_eight = {**night, "cores": 8, "wall_s": 40.0, "job_cpu_s": 125.0, **dict.fromkeys(foretold, 1.0)}
    rows = pd.DataFrame([on_eight, on_two])
    assert cores_table(rows).splitlines()[2:] == [
        "| a | 24 | 2 | 60 s | 50 s | 1.00 | 0.50 | 0.7000 |",
        "| a | 24 | 8 | 40 s | 12 s | 1.50 | 0.50 | 0.7000 |",
    ]
    assert costlier(rows) == pytest.approx(0.25)


def test_a_system_of_fewer_folds_stands_in_the_curve_as_far_from_ours_as_on_the_folds_of_both():
    rows = [
        ("a", 0, "nightshift-60", 10.0, 0.5, 0.6),
        ("a", 0, "nightshift-60", 20.0, 0.7, 0.8),
        ("a", 1, "nightshift-60", 10.0, 0.9, 0.9),
        ("a", 1, "other-60", 15.0, 0.8, 0.95),
    ]
    curves = curve(pd.DataFrame(rows, columns=["set", "fold", "label", "at_s", "auc", "validation_auc"]))
    ours, other = (curves[curves["label"] == label] for label in ("nightshift-60", "other-60"))
    assert list(ours["at_s"]) == [10, 15, 20]
    assert list(ours["auc"]) == pytest.approx([0.7, 0.7, 0.8])
    # 0.1 below ours on fold 1, which is 0.1 easier than both folds.
    assert list(other["auc"]) == pytest.approx([0.7])
    assert list(other["validation_auc"]) == pytest.approx([0.9])


def test_the_picture_of_differences_has_sets_with_transcripts_and_their_mean_then_tables():
    table = cells(
        *(("a", fold, "ours", 60, 0.7 + fold / 100) for fold in (0, 1)),
        *(("a", fold, "other", 60, 0.6) for fold in (0, 1)),
        *(("persuasion_table", fold, label, 60, 0.5) for fold in (0, 1) for label in ("ours", "other")),
    )
    rows = rows_of(table, "ours", "other")
    assert list(rows["name"]) == ["a", "mean, sets with transcripts", "persuasion_table", "mean, tables alone"]
    assert list(rows["mean"]) == pytest.approx([0.105, 0.105, 0, 0])
    assert list(rows["is_mean"]) == [False, True, False, True]


def test_cells_are_compared_with_what_they_were_on_the_folds_of_both():
    before = cells(("a", 0, "ours", 60, 0.6), ("a", 1, "ours", 60, 0.8)).assign(validation_auc=0.75, log_loss=0.5)
    now = cells(("a", 0, "ours", 60, 0.7), ("a", 2, "ours", 60, 0.1)).assign(validation_auc=0.72, log_loss=0.4)
    lines = changes_table(now, before).splitlines()
    assert lines[2:] == [
        "| a | 1 | 0.6000 | 0.7000 | 0.5000 | 0.4000 | +0.1500 | +0.0200 |",
        "| mean of sets | 1 | 0.6000 | 0.7000 | 0.5000 | 0.4000 | +0.1500 | +0.0200 |",
    ]


def test_an_auc_by_weights_is_scikit_learns_in_each_fold():
    rng = np.random.default_rng(0)
    scores, y, folds = rng.normal(size=(2, 90)), rng.integers(0, 2, 90), np.arange(90) % 3
    weights = rng.integers(0, 3, (4, 90))
    found = auc_by_weights(scores, y, folds, weights)
    rows = [np.flatnonzero(folds == fold) for fold in range(3)]
    theirs = np.mean([roc_auc_score(y[one], scores[1, one], sample_weight=weights[2, one]) for one in rows])
    assert found.shape == (2, 4) and found[1, 2] == pytest.approx(theirs)


def test_the_luck_of_being_picked_is_taken_off_and_signal_is_not():
    rng = np.random.default_rng(1)
    y, folds = rng.integers(0, 2, 200), np.arange(200) % 5
    noise = rng.normal(size=(60, 200))
    best = auc_by_weights(noise, y, folds, np.ones((1, 200))).max()
    assert best > 0.57
    assert corrected_auc(noise, y, folds, np.arange(200)) == pytest.approx(0.5, abs=0.03)
    signal = np.vstack([noise, y + 0.7 * rng.normal(size=200)])
    expected = auc_by_weights(signal[-1:], y, folds, np.ones((1, 200)))[0, 0]
    assert corrected_auc(signal, y, folds, np.arange(200)) == pytest.approx(expected, abs=0.01)


def spaces(*gains):
    rows = []
    for name, seed, first, whole in gains:
        for where, champion in (("first", first), ("whole", whole)):
            rows.append((name, seed, where, 60, 0.60, 0.61, champion, 0.7, "abc"))
    return pd.DataFrame(
        rows, columns=[*space.KEY, "baseline_holdout", "baseline_cv", "champion_holdout", "champion_cv", "commit"]
    )


def test_the_space_is_compared_on_nights_that_both_spaces_have():
    rows = spaces(("a", 0, 0.62, 0.66), ("a", 1, 0.63, 0.65), ("b", 0, 0.60, 0.61))
    half = rows[~((rows["set"] == "b") & (rows["space"] == "first"))]
    assert space.missing(half, [0], 60) == [
        ("persuasion_for_good", 0, "first"),
        ("persuasion_for_good", 0, "whole"),
        ("casino_points", 0, "first"),
        ("casino_points", 0, "whole"),
    ]
    pairs = space.pairs_of(half)
    assert list(pairs["set"]) == ["a", "a"]
    found = space.gains(pairs)
    assert found["first"]["a"].mean == pytest.approx(0.03) and found["baseline"]["a"].mean == pytest.approx(0.055)
    assert str(found["first"]["a"]) == str(corrected(pd.Series([0.04, 0.02]), 0.25))
    table = space.gains_table(space.pairs_of(rows))
    assert table.splitlines()[-1].startswith("| both | 3 | +0.0325")
    assert len(space.nights_table(pairs).splitlines()) == 4


def test_backends_are_compared_on_nights_that_all_of_them_have():
    all_of_them = {"search": 0.01, "llm": 0.0, "hybrid": 0.03}
    told = agents.summary({("a", 0): all_of_them, ("a", 1): all_of_them, ("a", 2): {"search": 0.5, "llm": 0.5}})
    assert "2 nights: search +0.0100, llm +0.0000 (-0.0100 to search, standard error 0.0000), hybrid +0.0300" in told
    assert agents.summary({("a", 0): {"search": 0.1}}) == "No night has a gain by every backend."


def test_a_night_of_a_backend_is_a_row_with_what_the_model_wrote():
    verdict = {
        "baseline": {"cv_auc": 0.6},
        "champion": {"cv_auc": 0.65, "holdout_auc": 0.64},
        "delta": 0.04,
        "tokens": 1234,
    }
    ledger = [
        {"author": "search", "status": "keep"},
        {"author": "model", "status": "keep"},
        {"author": "model", "status": "crash"},
    ]
    row = agents.row(Night("demo", 3, 0, DEMO, None), "hybrid", {"verdict": verdict, "ledger": ledger, "wall": 9.6})
    assert row == "| demo | 0 | hybrid | 3 | 0.6000 | 0.6500 | 0.6400 | +0.0400 | 2 | 1 | 1,234 | 10 |"
    assert row.count("|") == agents.HEAD.splitlines()[0].count("|")


def test_a_fair_share_of_whole_accounts_is_developed_on_in_five_folds(tmp_path):
    file = tmp_path / "table.csv"
    pd.DataFrame({"case_id": range(1000), "group": [f"g{number // 4}" for number in range(1000)]}).to_csv(
        file, index=False
    )
    hold_out(file, 7, developed=200)
    table = pd.read_csv(file)
    sizes = table["part"].value_counts()
    assert set(sizes.index) == {"holdout", *(f"fold {number}" for number in range(5))}
    assert 200 <= len(table) - sizes["holdout"] < 204
    assert (table.groupby("group")["part"].nunique() == 1).all()


def test_ways_to_stack_are_compared_with_the_default():
    greedy = {"demo": 0.62, "demo, weak": 0.58, "casino_points": 0.65}
    aucs = {name: dict.fromkeys(stacks.SPECS, 0.6) | {"greedy": auc} for name, auc in greedy.items()}
    rows = [line for line in stacks.page(aucs).splitlines() if line.startswith("| ")]
    assert f"| **{stacks.USUAL}** | 0.6000 | 0.6000 | 0.6000 | +0.0000 (se 0.0000) | +0.0000 |" in rows
    assert "| greedy | 0.6200 | 0.5800 | 0.6500 | +0.0000 (se 0.0200) | +0.0500 |" in rows


def test_a_base_ends_early_where_it_is_far_below_the_best_that_was_trained_before_it():
    bases = [Trained(0.60, 0.60, 1), Trained(0.55, 0.70, 1), Trained(0.56, 0.50, 1), Trained(0.70, 0.65, 1)]
    # The second comes near enough; it is the best then, by all folds, and what counts against it are the first two.
    assert stopped(bases, 0.06) == [False, False, False, False]
    assert stopped(bases, 0.03) == [False, True, True, False]
    assert stopped([*bases, Trained(0.66, 0.9, 1)], 0.03) == [False, True, True, False, True]
