"""Cross-validated metrics, their errors, and the paired errors of differences.

Every metric is written as a mean over folds plus one contribution a case (its influence on the value). Errors are
sums of squared contributions, added up by group first where cases belong together. For the AUC the contributions are
DeLong's placement values (DeLong et al. 1988) and the sums by group are Obuchowski's (1997); for average precision
and log loss they are the infinitesimal jackknife (Efron 1982). Larger is better everywhere: log loss is negated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr
from scipy.stats import rankdata

from nightshift.config import Metric


@dataclass(frozen=True)
class Estimate:
    """A metric with what its error needs.

    Attributes
    ----------
    value : float
    contributions : float array (n_cases,)
        Influence of each case; they sum to about 0.
    per_fold : list of float
        Value in each fold, folds ascending, repeats one after the other.
    """

    value: float
    contributions: np.ndarray
    per_fold: list[float]

    def error(self, groups: np.ndarray) -> float:
        """Standard error; cases with one code in `groups` (n_cases,) count as one observation."""
        return float(np.sqrt(np.sum(np.bincount(groups, weights=self.contributions) ** 2)))

    def minus(self, other: Estimate) -> Estimate:
        """The difference of two estimates over the same cases; its error is the paired one."""
        per_fold = [a - b for a, b in zip(self.per_fold, other.per_fold, strict=True)]
        return Estimate(self.value - other.value, self.contributions - other.contributions, per_fold)


def roc_auc(y: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """AUC and contributions of its cases; ties count one half.

    Parameters
    ----------
    y : int array (n,) of 0 and 1, both present
    scores : float array (n,), larger for likelier positives
    """
    positive = y == 1
    m, n = int(positive.sum()), int((~positive).sum())
    rank = rankdata(scores)
    placement = np.empty(len(y))
    placement[positive] = (rank[positive] - rankdata(scores[positive])) / n
    placement[~positive] = 1 - (rank[~positive] - rankdata(scores[~positive])) / m
    value = float(placement[positive].mean())
    size = np.where(positive, m, n)
    # sqrt(size / (size - 1)) makes the sum of squares DeLong's unbiased variance.
    return value, (placement - value) / size * np.sqrt(size / np.maximum(size - 1, 1))


def average_precision(y: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Average precision (mean precision at the positives; ties count as a block) and contributions of its cases."""
    levels, of = np.unique(-scores, return_inverse=True)
    positives = np.bincount(of, weights=y, minlength=len(levels))
    everybody = np.bincount(of, minlength=len(levels))
    found, seen = np.cumsum(positives), np.cumsum(everybody)
    precision = found / seen
    m = positives.sum()
    value = float((positives * precision).sum() / m)
    # A case of weight 1 + e at level l changes the precision at every level from l on.
    below = np.cumsum((positives / seen)[::-1])[::-1]
    lost = np.cumsum((positives * precision / seen)[::-1])[::-1]
    gain = np.where(y == 1, (precision[of] - value) + below[of], 0.0)
    return value, (gain - lost[of]) / m


def negative_log_loss(y: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean log likelihood of calibrated logits and contributions of its cases."""
    likelihood = -np.logaddexp(0, np.where(y == 1, -scores, scores))
    value = float(likelihood.mean())
    return value, (likelihood - value) / len(y)


_METRICS: dict[str, tuple[Callable, Callable]] = {
    # how a fold is measured, and its weight: pairs, positives, cases
    "roc_auc": (roc_auc, lambda y: y.sum() * (1 - y).sum()),
    "average_precision": (average_precision, lambda y: y.sum()),
    "log_loss": (negative_log_loss, len),
}


def cross_validated(metric: Metric, y: np.ndarray, scores: np.ndarray, assignment: np.ndarray) -> Estimate:
    """Weighted mean of the values within folds, averaged over repeats.

    Pooling folds would compare scores of different models, and sinks below 0.5 where there is no signal.

    Parameters
    ----------
    metric : "roc_auc", "average_precision" or "log_loss"
    y : int array (n_cases,)
    scores : float array (n_cases, repeats), calibrated logits out of fold
    assignment : int array (n_cases, repeats), fold of each case, -1 where it is never predicted
    """
    measure, weigh = _METRICS[metric]
    repeats = scores.shape[1]
    total, contributions, per_fold = 0.0, np.zeros(len(y)), []
    for repeat in range(repeats):
        parts = [np.flatnonzero(assignment[:, repeat] == f) for f in np.unique(assignment[:, repeat]) if f >= 0]
        weights = np.array([float(weigh(y[rows])) for rows in parts])
        weights /= weights.sum()
        for weight, rows in zip(weights, parts, strict=True):
            value, influence = measure(y[rows], scores[rows, repeat])
            per_fold.append(value)
            total += weight * value / repeats
            contributions[rows] += weight * influence / repeats
    return Estimate(total, contributions, per_fold)


def z_score(difference: float, error: float) -> float:
    """Difference over its error; 0 where both are 0 (the same predictions)."""
    if error > 0:
        return difference / error
    return 0.0 if difference == 0 else float(np.sign(difference)) * float("inf")


def p_value(z: float) -> float:
    """Two-sided, normal."""
    return float(2 * ndtr(-abs(z)))


def auc_interval(value: float, error: float) -> tuple[float, float]:
    """95 % interval on the logit scale, which keeps it inside 0 and 1 (Pepe 2003, section 5.2)."""
    clipped = float(np.clip(value, 1e-4, 1 - 1e-4))
    half = 1.959964 * error / (clipped * (1 - clipped))
    middle = np.log(clipped / (1 - clipped))
    return float(expit(middle - half)), float(expit(middle + half))


def describe(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Log loss, Brier score, average precision and lift in the top 10 % of calibrated logits, all cases pooled."""
    p = expit(scores)
    top = np.argsort(-scores, kind="stable")[: max(1, round(len(y) / 10))]
    return {
        "log_loss": -negative_log_loss(y, scores)[0],
        "brier": float(np.mean((p - y) ** 2)),
        "average_precision": average_precision(y, scores)[0],
        "lift_top_10": float(y[top].mean() / y.mean()),
    }
