"""What the best of many cross-validated scores is worth without the luck of being picked.

BBC-CV of Tsamardinos, Greasidou and Borboudakis (Machine Learning 107, 2018): the best experiment is picked on a bootstrap sample of
the cases and scored on the cases that are not in it, many times. Nothing is trained again. What is not undone is that
experiments were proposed after scores of the same cases were seen.
"""

from __future__ import annotations

import numpy as np

SAMPLES = 300


def corrected_auc(
    scores: np.ndarray, y: np.ndarray, folds: np.ndarray, groups: np.ndarray, samples: int = SAMPLES, seed: int = 0
) -> float:
    """The expected AUC of the experiment that is best by AUC within folds.

    Parameters
    ----------
    scores : float array (n_experiments, n_cases), out of fold
    y : int array (n_cases,)
    folds : int array (n_cases,)
    groups : int array (n_cases,)
        Codes from 0; cases of one group are drawn together.
    """
    drawn = _counts(groups, samples, seed)
    inside, outside = auc_by_weights(scores, y, folds, drawn), auc_by_weights(scores, y, folds, drawn == 0)
    best = np.nanargmax(inside, axis=0)
    return float(np.nanmean(outside[best, np.arange(samples)]))


def _counts(groups: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """How often each case is in each bootstrap sample, (samples, n_cases)."""
    rng, number = np.random.default_rng(seed), int(groups.max()) + 1
    drawn = [np.bincount(rng.integers(0, number, number), minlength=number) for _ in range(samples)]
    return np.stack(drawn)[:, groups]


def auc_by_weights(scores: np.ndarray, y: np.ndarray, folds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUC within folds, (n_experiments, samples), of cases weighted by each row of `weights` (samples, n_cases); a fold whose
    cases of one class all weigh nothing is left out. Ties count as they are sorted: logits of a stack have next to none."""
    total, folds_heard = np.zeros((2, len(scores), len(weights)))
    for fold in np.unique(folds[folds >= 0]):
        rows = np.flatnonzero(folds == fold)
        for number, of_experiment in enumerate(scores[:, rows]):
            order = rows[np.argsort(of_experiment, kind="stable")]
            heavy = weights[:, order].astype(float)
            positive, below = heavy * (y[order] == 1), np.cumsum(heavy * (y[order] == 0), axis=1)
            pairs = positive.sum(axis=1) * below[:, -1]
            heard = pairs > 0
            total[number, heard] += (positive * below).sum(axis=1)[heard] / pairs[heard]
            folds_heard[number] += heard
    return np.divide(total, folds_heard, out=np.full_like(total, np.nan), where=folds_heard > 0)
