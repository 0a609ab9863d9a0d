import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from nightshift.calibrate import apply_platt, fit_logistic, fit_platt


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    return np.column_stack([2 * y + rng.normal(size=300), 0.3 * y + 5 * rng.normal(size=300)]), y


def test_platt_is_the_logistic_regression_on_smoothed_targets(sample):
    scores, y = sample
    lines = fit_platt(scores, y)
    positives, negatives = y.sum(), (1 - y).sum()
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    target = np.where(y == 1, high, low)
    weights = np.concatenate([target, 1 - target])
    for column in range(2):
        x = np.concatenate([scores[:, column]] * 2)[:, None]
        both = LogisticRegression(C=1e8, tol=1e-10, max_iter=1000)
        both.fit(x, np.repeat([1, 0], len(y)), sample_weight=weights)
        assert lines[0, column] == pytest.approx(both.coef_[0, 0], rel=1e-2)
        assert lines[1, column] == pytest.approx(both.intercept_[0], abs=1e-2)


def test_a_slope_is_never_turned_round(sample):
    scores, y = sample
    lines = fit_platt(-scores, y)
    assert (lines[0] > 0).all()
    flat = apply_platt(lines, -scores)
    assert np.ptp(1 / (1 + np.exp(-flat))) < 0.05
    assert (1 / (1 + np.exp(-flat))).mean() == pytest.approx(y.mean(), abs=0.02)


def test_missing_and_separable_scores(sample):
    scores, y = sample
    gaps = scores.copy()
    gaps[::3] = np.nan
    np.testing.assert_allclose(
        fit_platt(gaps, y), fit_platt(scores[np.arange(300) % 3 != 0], y[np.arange(300) % 3 != 0])
    )
    assert np.isfinite(fit_platt((2.0 * y - 1)[:, None], y)).all()
    assert np.isfinite(fit_platt(np.zeros((300, 1)), y)).all()


def test_logistic_minimises_what_it_says(sample):
    x, y = sample
    prior, c = np.array([0.5, 0.5]), 0.05

    def loss(b):
        logit = x @ b[:2] + b[2]
        return np.logaddexp(0, np.where(y == 1, -logit, logit)).sum() + ((b[:2] - prior) ** 2).sum() / (2 * c)

    best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8})
    weights, intercept = fit_logistic(x, y, c, prior)
    np.testing.assert_allclose([*weights, intercept], best.x, atol=1e-4)


def test_a_strong_pull_gives_the_prior(sample):
    weights, _ = fit_logistic(*sample, 1e-9, np.array([0.25, 0.75]))
    np.testing.assert_allclose(weights, [0.25, 0.75], atol=1e-4)
