"""Cross-fitting: the level above the bases, fitted for each fold without that fold's labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightshift.calibrate import apply_platt, fit_platt
from nightshift.data.split import Folds
from nightshift.stack import FittedStack, StackSpec, fit_stack


@dataclass(frozen=True)
class CrossFitted:
    """Outcome of `cross_fit`.

    Attributes
    ----------
    scores : float array (n_cases, repeats)
        Calibrated logits of the stack; NaN where a case is never predicted. For each fold, meta-learner, weights and
        calibration have not seen that fold's labels.
    base_lines : float array (repeats, folds, 2, n_bases)
        Calibrator of each fold's base models, for predicting new cases.
    stack : FittedStack
        Fitted on all calibrated out-of-fold predictions, for predicting new cases.
    line : float array (2,)
        Its calibrator.
    """

    scores: np.ndarray
    base_lines: np.ndarray
    stack: FittedStack
    line: np.ndarray


def cross_fit(spec: StackSpec, raw: np.ndarray, y: np.ndarray, folds: Folds, seed: int) -> CrossFitted:
    """Stack with honest out-of-fold scores.

    The bases' out-of-fold predictions are taken as in standard stacking (Wolpert 1992): when the stack is fitted for
    fold f, predictions of other folds come from base models that trained on f too. Everything fitted here for f
    (calibrators, meta-learner) leaves f's labels out. Repeats are cross-fitted one by one and averaged when scored.

    Parameters
    ----------
    spec : StackSpec
    raw : float array (n_cases, n_bases, repeats), logits out of fold
    y : int array (n_cases,)
    folds : Folds
    seed : int
    """
    repeats = raw.shape[2]
    parts = [_cross_fit_repeat(spec, raw[:, :, r], y, folds.assignment[:, r], seed) for r in range(repeats)]
    z_all = np.concatenate([z[rows] for z, _, _, rows in parts])
    y_all = np.concatenate([y[rows] for _, _, _, rows in parts])
    scores = np.stack([scores for _, scores, _, _ in parts], axis=1)
    # Every case is there once a repeat; its weight against the pull to the plain mean is that of the stacks that were scored.
    stack = fit_stack(spec.model_copy(update={"c": spec.c / repeats}), z_all, y_all, seed)
    uncalibrated = np.concatenate([scores[rows, r] for r, (_, _, _, rows) in enumerate(parts)])
    line = fit_platt(uncalibrated[:, None], y_all)[:, 0]
    calibrated = np.stack([_calibrate_folds(scores[:, r], y, folds.assignment[:, r]) for r in range(repeats)], axis=1)
    return CrossFitted(calibrated, np.stack([lines for _, _, lines, _ in parts]), stack, line)


def _cross_fit_repeat(spec: StackSpec, raw: np.ndarray, y: np.ndarray, of: np.ndarray, seed: int):
    """One repeat: calibrated logits (n, bases), stack scores (n,), calibrators (folds, 2, bases), predicted rows."""
    z_final = np.full(raw.shape, np.nan)
    scores = np.full(len(y), np.nan)
    lines = []
    for fold in _numbers(of):
        inside, outside = of == fold, (of >= 0) & (of != fold)
        z, line = logits_for_fold(raw, y, of, fold)
        fitted = fit_stack(spec, z[outside], y[outside], seed)
        z_final[inside], scores[inside] = z[inside], fitted.predict(z[inside])
        lines.append(line)
    return z_final, scores, np.stack(lines), np.flatnonzero(of >= 0)


def _numbers(of: np.ndarray) -> list[int]:
    return [fold for fold in np.unique(of) if fold >= 0]


def logits_for_fold(raw: np.ndarray, y: np.ndarray, of: np.ndarray, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated logits that a model of the level above may be fitted on for a fold: none has seen its labels.

    Parameters
    ----------
    raw : float array (n_cases, n_bases), logits out of fold; NaN where a base has no say
    y : int array (n_cases,)
    of : int array (n_cases,), fold of each case, -1 where it is never predicted
    fold : int

    Returns
    -------
    z : float array (n_cases, n_bases)
        Rows of `fold` calibrated by all other folds; rows of another fold by calibrators that have seen neither their
        own fold nor `fold`.
    line : float array (2, n_bases), the calibrator of the rows of `fold`
    """
    z = np.full(raw.shape, np.nan)
    outside = (of >= 0) & (of != fold)
    line = fit_platt(raw[outside], y[outside])
    z[of == fold] = apply_platt(line, raw[of == fold])
    for other in _numbers(of):
        if other == fold:
            continue
        rest = (of >= 0) & (of != fold) & (of != other)
        # With two folds nothing is left to calibrate on; raw logits are the honest fallback.
        known = apply_platt(fit_platt(raw[rest], y[rest]), raw[of == other]) if rest.any() else raw[of == other]
        z[of == other] = known
    return z, line


def _calibrate_folds(scores: np.ndarray, y: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Stack scores of each fold, calibrated by those of the other folds."""
    calibrated = np.full(len(scores), np.nan)
    for fold in np.unique(of[of >= 0]):
        outside = (of >= 0) & (of != fold)
        line = fit_platt(scores[outside][:, None], y[outside])[:, 0]
        calibrated[of == fold] = apply_platt(line, scores[of == fold])
    return calibrated
