"""Keep, discard, and the verdict in words."""

import numpy as np
import pandas as pd
import pytest
from samples import make_folds

from nightshift.config import Search
from nightshift.data.development import Development
from nightshift.decide import Comparison, decide
from nightshift.experiment import parse_experiment
from nightshift.files import write_json
from nightshift.names import name_of
from nightshift.scoring import judge, measure, write_scores
from nightshift.verdict import Candidate, count_opening, make_verdict


def test_the_first_that_runs_is_kept():
    assert decide(None, None, 3, 0, 0.5)[0] == "keep"


@pytest.mark.parametrize(
    ("delta", "status"), [(0.006, "keep"), (0.005, "discard"), (0.0, "discard"), (-0.02, "discard")]
)
def test_a_gain_must_exceed_half_a_standard_error(delta, status):
    comparison = Comparison(delta, 0.01)
    assert decide(comparison, comparison, 5, 5, 0.5)[0] == status


def test_simpler_and_not_worse_is_kept():
    little = Comparison(-0.002, 0.01)
    assert decide(little, little, 3, 5, 0.5)[0] == "keep"
    assert decide(little, little, 5, 5, 0.5)[0] == "discard"
    assert decide(Comparison(-0.003, 0.01), Comparison(-0.003, 0.01), 3, 5, 0.5)[0] == "discard"


def test_small_steps_down_cannot_add_up():
    """Each step is small against the last champion; against the best ever the sum is what counts."""
    against_champion, against_best = Comparison(-0.001, 0.01), Comparison(-0.004, 0.01)
    assert decide(against_champion, against_best, 2, 3, 0.5)[0] == "discard"


# 0: the champion; 1: steadier and kept; behind or ahead; 2: between the two; 3: better than both.
@pytest.mark.parametrize("strengths", [(1.0, 0.91, 0.93, 1.3), (1.0, 1.5, 1.2, 1.9)], ids=["behind", "ahead"])
def test_what_is_tried_after_a_steadier_one_has_to_beat_the_better_of_it_and_the_champion_before(strengths, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    noise = rng.normal(size=400)
    development = Development(pd.Series(range(400)), y, make_folds(400))
    search, before, statuses = Search(experiments=4), {}, []
    for number, strength in enumerate(strengths):
        folder = tmp_path / name_of(number)
        folder.mkdir()
        steady = number == 1
        bases = {"a": {"views": ["t"], "learner": {"kind": "ridge"}}}
        content = {"hypothesis": "x.", "views": {"t": {"kind": "table"}}, "bases": bases, "steady": steady}
        parse_experiment(content, "x").write(folder / "experiment.yaml")
        scores = (strength * y + noise + 0.3 * rng.normal(size=400))[:, None]
        write_scores(folder / "oof.parquet", scores, development.case_ids)
        found = judge(
            measure(scores, development, "roc_auc"), 1, before, development, search, tmp_path, 30 if steady else None
        )
        champion = folder.name if found["status"] == "keep" else before["champion"]
        before = {"champion": champion, "best": folder.name if found["is_best"] else before.get("best")}
        write_json(folder / "metrics.json", {"n_bases": 1, "delta": found["delta"], **before})
        statuses.append(found["status"])
    assert statuses == ["keep", "keep", "discard", "keep"]
    assert found["delta"] > 0


def verdict(champion_strength, baseline_strength, n=400, openings=1, name="exp-0003", seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    noise = rng.normal(size=(2, n))
    champion = Candidate(name, 0.7, champion_strength * y + noise[0])
    baseline = None if baseline_strength is None else Candidate("exp-0000", 0.6, baseline_strength * y + noise[1])
    return make_verdict(champion, baseline, y, np.arange(n), openings)


def test_signal_and_gain():
    told = verdict(1.5, 0.5)
    assert told["sentence"].startswith("There is signal") and "There is a gain" in told["sentence"]
    assert told["p_value"] < 0.05 and told["delta_low"] > 0
    assert told["confirmatory"] and "exploratory" not in told["sentence"]


def test_no_signal():
    told = verdict(0.0, 0.0)
    assert "no evidence of signal" in told["sentence"]
    assert "Without signal a difference means little" in told["sentence"]


def test_no_gain_a_loss_and_no_comparison():
    assert "A gain is not shown" in verdict(1.0, 1.0)["sentence"]
    assert "worse than the baseline" in verdict(0.6, 2.0)["sentence"]
    assert "baseline crashed" in verdict(1.0, None)["sentence"]
    alone = verdict(1.0, 1.0, name="exp-0000")
    assert "No experiment beat the baseline" in alone["sentence"]


def test_a_later_opening_is_exploratory():
    told = verdict(1.5, 0.5, openings=3)
    assert not told["confirmatory"]
    assert "opening 3" in told["sentence"] and "exploratory" in told["sentence"]


def test_groups_widen_the_interval():
    rng = np.random.default_rng(0)
    y = np.repeat(rng.integers(0, 2, 80), 5)
    scores = y + np.repeat(rng.normal(size=80), 5)
    wide, narrow = (
        make_verdict(Candidate("exp-0001", 0.7, scores), None, y, groups, 1)["champion"]
        for groups in (np.repeat(np.arange(80), 5), np.arange(400))
    )
    assert wide["holdout_se"] > 1.8 * narrow["holdout_se"]


def test_openings_are_counted_once_for_each_ledger_and_shared_cases(tmp_path):
    cases = pd.Series([f"c{i}" for i in range(10)])
    assert count_opening(cases, "night", "ledger 1", tmp_path) == 1
    assert count_opening(cases, "night", "ledger 1", tmp_path) == 1, "a verdict made again after a kill"
    assert count_opening(cases, "night", "ledger 2", tmp_path) == 2
    assert count_opening(cases[5:], "another night", "ledger 1", tmp_path) == 3
    assert count_opening(pd.Series(["elsewhere"]), "other data", "ledger 1", tmp_path) == 1
