"""Metrics against brute force, independent implementations and the bootstrap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from nightshift.metrics import (
    auc_interval,
    average_precision,
    cross_validated,
    describe,
    negative_log_loss,
    p_value,
    roc_auc,
    z_score,
)


@st.composite
def labelled_scores(draw):
    n = draw(st.integers(4, 40))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    y[:2] = 0, 1
    return y, np.array(draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)), dtype=float)


def brute_force(y, scores):
    """DeLong's placements and variance, pair by pair."""
    wins = np.array([[1.0 if p > q else 0.5 if p == q else 0.0 for q in scores[y == 0]] for p in scores[y == 1]])
    v10, v01 = wins.mean(axis=1), wins.mean(axis=0)
    variance = sum(np.var(v, ddof=1) / len(v) if len(v) > 1 else 0.0 for v in (v10, v01))
    return wins.mean(), variance


@given(labelled_scores())
def test_auc_and_delong_variance_are_those_of_all_pairs(case):
    y, scores = case
    value, contributions = roc_auc(y, scores)
    expected, variance = brute_force(y, scores)
    assert value == pytest.approx(expected)
    assert (contributions**2).sum() == pytest.approx(variance, abs=1e-12)


@given(labelled_scores())
def test_average_precision_is_scikit_learns_and_its_influence_is_a_derivative(case):
    y, scores = case
    value, influence = average_precision(y, scores)
    assert value == pytest.approx(average_precision_score(y, scores))
    step = 1e-6
    for i in range(0, len(y), 5):
        weights = np.ones(len(y))
        weights[i] += step
        moved = average_precision_score(y, scores, sample_weight=weights)
        assert influence[i] == pytest.approx((moved - value) / step, abs=1e-4)


def test_log_loss_and_description_are_scikit_learns():
    rng = np.random.default_rng(0)
    y, logits = rng.integers(0, 2, 200), rng.normal(size=200)
    p = 1 / (1 + np.exp(-logits))
    assert negative_log_loss(y, logits)[0] == pytest.approx(-log_loss(y, p))
    told = describe(y, logits)
    assert told["brier"] == pytest.approx(brier_score_loss(y, p))
    assert told["lift_top_10"] == pytest.approx(y[np.argsort(-logits)[:20]].mean() / y.mean())


def grouped_sample(rng, n_groups=60, signal=0.8):
    """Cases in groups that share label tendency and score noise."""
    sizes = rng.integers(1, 6, n_groups)
    groups = np.repeat(np.arange(n_groups), sizes)
    shared = rng.normal(size=n_groups)[groups]
    y = (shared + rng.normal(size=len(groups)) > 0).astype(int)
    noise = rng.normal(size=(2, n_groups))[:, groups]
    a = signal * y + noise[0] + 0.5 * rng.normal(size=len(y))
    return y, a, 0.7 * a + 0.5 * signal * y + 0.5 * noise[1], groups


def test_clustered_errors_agree_with_the_clustered_bootstrap():
    """Of an AUC and of a paired difference; the error that ignores groups is clearly smaller."""
    rng = np.random.default_rng(3)
    y, a, b, groups = grouped_sample(rng)
    of = np.zeros((len(y), 1), dtype=int)
    one, other = (cross_validated("roc_auc", y, scores[:, None], of) for scores in (a, b))
    members = [np.flatnonzero(groups == g) for g in range(groups.max() + 1)]
    drawn = []
    for _ in range(800):
        rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        drawn.append((roc_auc_score(y[rows], a[rows]), roc_auc_score(y[rows], b[rows])))
    drawn = np.array(drawn)
    assert one.error(groups) == pytest.approx(drawn[:, 0].std(), rel=0.2)
    assert one.minus(other).error(groups) == pytest.approx((drawn[:, 0] - drawn[:, 1]).std(), rel=0.2)
    assert one.error(np.arange(len(y))) < 0.9 * one.error(groups)


def test_the_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(5)
    truth = roc_auc_score(*(lambda y: (y, y + rng.normal(size=len(y))))(rng.integers(0, 2, 200_000)))
    covered = 0
    for _ in range(300):
        y = rng.integers(0, 2, 120)
        value = cross_validated("roc_auc", y, (y + rng.normal(size=120))[:, None], np.zeros((120, 1), dtype=int))
        low, high = auc_interval(value.value, value.error(np.arange(120)))
        covered += low <= truth <= high
    assert 270 <= covered <= 297


def test_folds_are_weighted_by_pairs_and_never_pooled():
    y = np.array([1, 0, 1, 0, 0, 0])
    of = np.array([0, 0, 1, 1, 1, 1])[:, None]
    # The second fold's scores live on another scale: pooled, its positive would lose against the first fold.
    scores = np.array([10.0, 11.0, 1.0, 0.0, 0.5, 2.0])[:, None]
    estimate = cross_validated("roc_auc", y, scores, of)
    assert estimate.per_fold == pytest.approx([0.0, 2 / 3])
    assert estimate.value == pytest.approx((1 * 0.0 + 3 * 2 / 3) / 4)


def test_repeats_are_averaged_and_cases_without_fold_left_out():
    y = np.array([1, 0, 1, 0, 1])
    scores = np.array([[1, 0.0], [0, 1], [1, 1], [0, 0], [np.nan, np.nan]])
    of = np.array([[0, 0], [0, 0], [0, 0], [0, 0], [-1, -1]])
    estimate = cross_validated("roc_auc", y, scores, of)
    assert estimate.value == pytest.approx((1 + 0.5) / 2)
    assert estimate.contributions[4] == 0


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.5))
def test_intervals_stay_inside_0_and_1(value, error):
    low, high = auc_interval(value, error)
    assert 0 <= low <= high <= 1


def test_z_of_equal_predictions_is_0():
    assert z_score(0.0, 0.0) == 0.0
    assert z_score(0.1, 0.0) == float("inf")
    assert p_value(0.0) == 1.0
    assert p_value(1.959964) == pytest.approx(0.05, abs=1e-6)
