"""Calibration of scores, and the small penalised logistic regressions under it and under the stack."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

_STEPS = 50
_TOLERANCE = 1e-10
_FLATTEST = 0.01  # slope a standard deviation


def fit_platt(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Platt scaling of several scores at once.

    Targets are smoothed as in Platt (1999). Slopes stay above 0: out-of-fold scores without signal correlate
    negatively with the labels, and a calibrator that turned them round would invent signal. Such scores end almost
    flat, in their own order.

    Parameters
    ----------
    scores : float array (n_cases, n_scores); NaN where a score is missing
    y : int array (n_cases,)

    Returns
    -------
    float array (2, n_scores) : slope and intercept; calibrated logit = slope * score + intercept
    """
    known = np.isfinite(scores)
    n_positive = (known & (y == 1)[:, None]).sum(axis=0)
    n_negative = (known & (y == 0)[:, None]).sum(axis=0)
    smoothed = np.where((y == 1)[:, None], (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    count = np.maximum(known.sum(axis=0), 1)
    middle = np.where(known, scores, 0).sum(axis=0) / count
    width = np.sqrt(np.where(known, (scores - middle) ** 2, 0).sum(axis=0) / count)
    width = np.where(width > 1e-12, width, 1.0)
    x = np.where(known, (scores - middle) / width, 0.0)
    slope, intercept = _newton_lines(x, smoothed, known)
    rate = np.where(known, smoothed, 0).sum(axis=0) / count
    rate = np.clip(rate, 1e-6, 1 - 1e-6)
    upward = slope > _FLATTEST
    slope, intercept = np.where(upward, slope, _FLATTEST), np.where(upward, intercept, np.log(rate / (1 - rate)))
    return np.stack([slope / width, intercept - slope * middle / width])


def _newton_lines(x: np.ndarray, targets: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and intercepts of one-variable logistic regressions, one a column, by Newton steps of all at once."""
    slope, intercept = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = expit(x * slope + intercept)
        residual, weight = np.where(known, p - targets, 0), np.where(known, p * (1 - p), 0)
        # A whisper of a penalty keeps separable scores finite.
        g1, g0 = (x * residual).sum(axis=0) + 1e-3 * slope, residual.sum(axis=0)
        h11, h10, h00 = (x * x * weight).sum(axis=0) + 1e-3, (x * weight).sum(axis=0), weight.sum(axis=0) + 1e-9
        determinant = h11 * h00 - h10 * h10
        step1, step0 = (h00 * g1 - h10 * g0) / determinant, (h11 * g0 - h10 * g1) / determinant
        slope, intercept = slope - np.clip(step1, -2, 2), intercept - np.clip(step0, -2, 2)
        if max(np.abs(step1).max(initial=0), np.abs(step0).max(initial=0)) < _TOLERANCE:
            break
    return slope, intercept


def apply_platt(lines: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Calibrated logits; `lines` (2, n_scores) from `fit_platt`, `scores` (n_cases, n_scores)."""
    return lines[0] * scores + lines[1]


def fit_logistic(x: np.ndarray, y: np.ndarray, c: float, prior: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression whose weights are pulled towards `prior` instead of 0.

    Minimises sum of log losses + |weights - prior|^2 / (2 c), intercept free, by Newton's method with step halving.

    Parameters
    ----------
    x : float array (n_cases, n_inputs)
    y : int array (n_cases,)
    c : float, inverse strength of the pull
    prior : float array (n_inputs,)

    Returns
    -------
    weights (n_inputs,), intercept
    """
    design = np.column_stack([x, np.ones(len(x))])
    centre = np.append(prior, 0.0)
    penalty = np.append(np.full(x.shape[1], 1 / c), 1e-9)
    beta = centre.copy()

    def loss(b: np.ndarray) -> float:
        logit = design @ b
        return float(np.logaddexp(0, np.where(y == 1, -logit, logit)).sum() + 0.5 * (penalty * (b - centre) ** 2).sum())

    current = loss(beta)
    for _ in range(_STEPS):
        p = expit(design @ beta)
        gradient = design.T @ (p - y) + penalty * (beta - centre)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-6 and (ahead := loss(beta - size * step)) > current + 1e-12:
            size /= 2
        beta, previous, current = beta - size * step, current, ahead
        if previous - current < 1e-10 * max(1.0, abs(current)):
            break
    return beta[:-1], float(beta[-1])


def fit_nonnegative(x: np.ndarray, y: np.ndarray, c: float, prior: np.ndarray) -> tuple[np.ndarray, float]:
    """As `fit_logistic`, with weights of at least 0."""
    centre, penalty = np.append(prior, 0.0), np.append(np.full(x.shape[1], 1 / c), 1e-9)
    design = np.column_stack([x, np.ones(len(x))])

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        score, away = design @ beta, beta - centre
        value = np.logaddexp(0, np.where(y == 1, -score, score)).sum() + 0.5 * (penalty * away**2).sum()
        return float(value), design.T @ (expit(score) - y) + penalty * away

    bounds = [(0, None)] * x.shape[1] + [(None, None)]
    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12, "gtol": 1e-8})
    return found.x[:-1], float(found.x[-1])
