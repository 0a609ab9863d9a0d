"""Stacks and the honesty of their cross-fitting."""

import json

import numpy as np
import pandas as pd
import pytest
from samples import make_folds
from scipy.stats import rankdata

from nightshift.crossfit import cross_fit
from nightshift.data.split import Folds
from nightshift.learners import LEARNERS
from nightshift.metrics import cross_validated
from nightshift.stack import FittedStack, StackSpec, fit_stack
from nightshift.train import Recipe, train_base
from nightshift.views import Columns

METHODS = ["rank_mean", "logistic", "nonnegative", "greedy"]


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 240)
    strengths = np.array([1.0, 0.6, 0.3, 0.0])
    raw = y[:, None, None] * strengths[:, None] + rng.normal(size=(240, 4, 1))
    return raw, y, make_folds(240)


def auc(y, scores, folds):
    return cross_validated("roc_auc", y, scores, folds.assignment).value


@pytest.mark.parametrize("method", METHODS)
def test_a_stack_is_at_least_about_as_good_as_its_best_base(sample, method):
    raw, y, folds = sample
    stacked = cross_fit(StackSpec(method=method), raw, y, folds, 0)
    alone = max(auc(y, raw[:, b], folds) for b in range(4))
    # The plain mean of ranks cannot leave out the base that is noise.
    assert auc(y, stacked.scores, folds) > alone - (0.05 if method == "rank_mean" else 0.02)
    assert np.isfinite(stacked.scores).all()


@pytest.mark.parametrize("method", METHODS)
def test_order_within_a_fold_does_not_depend_on_the_folds_own_labels(sample, method):
    """Flip every label of one fold: the stack must rank that fold's cases as before."""
    raw, y, folds = sample
    flipped = y.copy()
    inside = folds.assignment[:, 0] == 1
    flipped[inside] = 1 - flipped[inside]
    one, other = (
        cross_fit(StackSpec(method=method), raw, labels, folds, 0).scores[inside, 0] for labels in (y, flipped)
    )
    np.testing.assert_array_equal(rankdata(one.round(9)), rankdata(other.round(9)))


@pytest.mark.parametrize("method", METHODS)
def test_a_single_base_passes_through(sample, method):
    raw, y, folds = sample
    stacked = cross_fit(StackSpec(method=method), raw[:, :1], y, folds, 0)
    assert auc(y, stacked.scores, folds) == pytest.approx(auc(y, raw[:, 0], folds), abs=0.01)


def test_shuffled_targets_give_a_mean_of_one_half():
    """Bases trained for real on noise, 20 shuffles: no method may find signal on average."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(150, 12))
    blocks = {"x": Columns(pd.DataFrame(x, columns=[f"x{i}" for i in range(12)]))}
    learners = [LEARNERS["logistic"](c=1.0), LEARNERS["logistic"](c=0.01), LEARNERS["xgboost"](n_estimators=15)]
    found = {method: [] for method in METHODS}
    for shuffle in range(20):
        y = rng.permutation(np.arange(150) % 2)
        folds = make_folds(150, 4, seed=shuffle)
        raw = np.stack([train_base(blocks, y, folds, Recipe(learner)).oof for learner in learners], axis=1)
        for method in METHODS:
            found[method].append(auc(y, cross_fit(StackSpec(method=method), raw, y, folds, 0).scores, folds))
    for method, aucs in found.items():
        error = np.std(aucs, ddof=1) / np.sqrt(len(aucs))
        assert np.mean(aucs) < 0.5 + 3 * error, method
        assert np.mean(aucs) > 0.5 - max(3 * error, 0.05), method


@pytest.mark.parametrize("method", ["logistic", "nonnegative"])
def test_more_repeats_of_the_same_predictions_weigh_bases_alike(method):
    """The stack that predicts new cases is pulled to the mean as strongly as those that were scored."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    raw = np.stack([2.0 * y - 1 + rng.normal(size=200), *rng.normal(size=(4, 200))], axis=1)[:, :, None]
    once, five = (
        cross_fit(
            StackSpec(method=method),
            np.repeat(raw, repeats, axis=2),
            y,
            Folds(np.repeat(make_folds(200).assignment, repeats, axis=1), False, np.arange(200)),
            0,
        ).stack
        for repeats in (1, 5)
    )
    np.testing.assert_allclose(five.weights, once.weights, atol=1e-4)


def test_greedy_on_its_own_selection_set_would_flatter():
    """Thirty bases of noise: selection scored where it selected sees signal, cross-fitting does not."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    raw = rng.normal(size=(200, 30, 1))
    folds = make_folds(200)
    fitted = fit_stack(StackSpec(method="greedy"), raw[:, :, 0], y, 0)
    inside = auc(y, fitted.predict(raw[:, :, 0])[:, None], Folds(np.zeros((200, 1), int), False, np.arange(200)))
    honest = auc(y, cross_fit(StackSpec(method="greedy"), raw, y, folds, 0).scores, folds)
    assert inside > 0.57
    assert honest < 0.55


@pytest.mark.parametrize("method", METHODS)
def test_a_fitted_stack_survives_json_and_predicts_a_case_alone(sample, method):
    raw, y, _ = sample
    fitted = fit_stack(StackSpec(method=method), raw[:, :, 0], y, 0)
    again = FittedStack.from_json(json.loads(json.dumps(fitted.to_json())))
    np.testing.assert_array_equal(again.predict(raw[:, :, 0]), fitted.predict(raw[:, :, 0]))
    np.testing.assert_allclose(fitted.predict(raw[5:6, :, 0]), fitted.predict(raw[:, :, 0])[5:6])


def test_repeats_two_folds_and_cases_without_prediction(sample):
    raw, y, _ = sample
    twice = make_folds(240, folds=2, repeats=2)
    stacked = cross_fit(StackSpec(), np.concatenate([raw, raw], axis=2), y, twice, 0)
    assert stacked.scores.shape == (240, 2) and stacked.base_lines.shape == (2, 2, 2, 4)
    forward = Folds((np.arange(240) // 60 - 1)[:, None], True, np.arange(240))
    gaps = raw.copy()
    gaps[:60] = np.nan
    scores = cross_fit(StackSpec(), gaps, y, forward, 0).scores
    assert np.isnan(scores[:60]).all() and np.isfinite(scores[60:]).all()
