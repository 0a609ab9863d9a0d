"""Stacks: level-1 learners over the calibrated logits of the bases, and their cross-fitting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import logit
from scipy.stats import rankdata

from nightshift.calibrate import apply_platt, fit_logistic, fit_platt
from nightshift.data.split import Folds

_QUANTILES = 201


class StackSpec(BaseModel):
    """How the predictions of the bases become one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["rank_mean", "logistic", "greedy"] = Field(
        "logistic",
        description="rank_mean: mean of the ranks. logistic: weights pulled towards the plain mean. "
        "greedy: bagged forward selection (Caruana et al. 2004).",
    )
    c: Annotated[float, Field(gt=0, le=1e6)] = Field(0.1, description="logistic: inverse strength of the pull.")
    rounds: Annotated[int, Field(ge=1, le=200)] = Field(15, description="greedy: picks a bag.")
    bags: Annotated[int, Field(ge=1, le=100)] = Field(
        8, description="greedy: bags, each over a random half of the bases."
    )


@dataclass(frozen=True)
class FittedStack:
    """A fitted level-1 learner, all of it numbers.

    `weights` (n_bases,) and `intercept` over logits; `quantiles` (_QUANTILES, n_bases) for rank_mean, else None.
    """

    method: str
    weights: np.ndarray
    intercept: float
    quantiles: np.ndarray | None = None

    def predict(self, z: np.ndarray) -> np.ndarray:
        """Scores (n_cases,) of calibrated logits (n_cases, n_bases)."""
        if self.quantiles is None:
            return z @ self.weights + self.intercept
        grid = np.linspace(0, 1, len(self.quantiles))
        ranks = np.column_stack([_rank_among(z[:, b], self.quantiles[:, b], grid) for b in range(z.shape[1])])
        return logit(np.clip(ranks @ self.weights, 1e-4, 1 - 1e-4))

    def to_json(self) -> dict[str, Any]:
        quantiles = None if self.quantiles is None else self.quantiles.tolist()
        return {
            "method": self.method,
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
            "quantiles": quantiles,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> FittedStack:
        quantiles = None if content["quantiles"] is None else np.array(content["quantiles"])
        return cls(content["method"], np.array(content["weights"]), content["intercept"], quantiles)


def fit_stack(spec: StackSpec, z: np.ndarray, y: np.ndarray, seed: int) -> FittedStack:
    """Fit a stack on calibrated out-of-fold logits.

    Parameters
    ----------
    spec : StackSpec
    z : float array (n_cases, n_bases), without NaN
    y : int array (n_cases,)
    seed : int, of the bags of `greedy`
    """
    n_bases = z.shape[1]
    even = np.full(n_bases, 1 / n_bases)
    if spec.method == "rank_mean":
        return FittedStack("rank_mean", even, 0.0, np.quantile(z, np.linspace(0, 1, _QUANTILES), axis=0))
    if n_bases == 1:
        return FittedStack(spec.method, np.ones(1), 0.0)
    if spec.method == "logistic":
        weights, intercept = fit_logistic(z, y, spec.c, even)
        return FittedStack("logistic", weights, intercept)
    return FittedStack("greedy", _select_greedily(spec, z, y, seed), 0.0)


def _rank_among(values: np.ndarray, quantiles: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Share of the stored distribution below each value; the middle of a run of equal quantiles."""
    low = np.interp(values, quantiles, grid)
    high = 1 - np.interp(-values, -quantiles[::-1], grid)
    return (low + high) / 2


def _select_greedily(spec: StackSpec, z: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Weights of a bagged forward selection with replacement, by AUC of the running mean of logits."""
    n_bases = z.shape[1]
    rng = np.random.default_rng(seed)
    votes = np.zeros(n_bases)
    for _ in range(spec.bags):
        among = np.sort(rng.choice(n_bases, size=max(2, (n_bases + 1) // 2), replace=False))
        total, picked, best = np.zeros(len(z)), np.zeros(n_bases), -1.0
        best_picked = picked
        for _ in range(spec.rounds):
            aucs = _aucs(total[:, None] + z[:, among], y)
            choice = int(np.argmax(aucs))
            total = total + z[:, among[choice]]
            picked = picked + np.eye(n_bases)[among[choice]]
            if aucs[choice] > best:
                best, best_picked = aucs[choice], picked
        votes += best_picked / best_picked.sum()
    return votes / spec.bags


def _aucs(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    positive = y == 1
    m, n = positive.sum(), (~positive).sum()
    return (rankdata(scores, axis=0)[positive].sum(axis=0) - m * (m + 1) / 2) / (m * n)


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
    stack = fit_stack(spec, z_all, y_all, seed)
    uncalibrated = np.concatenate([scores[rows, r] for r, (_, _, _, rows) in enumerate(parts)])
    line = fit_platt(uncalibrated[:, None], y_all)[:, 0]
    calibrated = np.stack([_calibrate_folds(scores[:, r], y, folds.assignment[:, r]) for r in range(repeats)], axis=1)
    return CrossFitted(calibrated, np.stack([lines for _, _, lines, _ in parts]), stack, line)


def _cross_fit_repeat(spec: StackSpec, raw: np.ndarray, y: np.ndarray, of: np.ndarray, seed: int):
    """One repeat: calibrated logits (n, bases), stack scores (n,), calibrators (folds, 2, bases), predicted rows."""
    numbers = [f for f in np.unique(of) if f >= 0]
    predicted = np.flatnonzero(of >= 0)
    z_final = np.full(raw.shape, np.nan)
    scores = np.full(len(y), np.nan)
    lines = []
    for fold in numbers:
        inside, outside = of == fold, (of >= 0) & (of != fold)
        line = fit_platt(raw[outside], y[outside])
        lines.append(line)
        z_final[inside] = apply_platt(line, raw[inside])
        z_train = _calibrated_without(raw, y, of, fold, numbers)
        fitted = fit_stack(spec, z_train[outside], y[outside], seed)
        scores[inside] = fitted.predict(z_final[inside])
    return z_final, scores, np.stack(lines), predicted


def _calibrated_without(raw: np.ndarray, y: np.ndarray, of: np.ndarray, fold: int, numbers: list[int]) -> np.ndarray:
    """Calibrated logits of the other folds, whose calibrators have seen neither their own fold nor `fold`."""
    z = np.full(raw.shape, np.nan)
    for other in numbers:
        if other == fold:
            continue
        rest = (of >= 0) & (of != fold) & (of != other)
        # With two folds nothing is left to calibrate on; raw logits are the honest fallback.
        z[of == other] = (
            apply_platt(fit_platt(raw[rest], y[rest]), raw[of == other]) if rest.any() else raw[of == other]
        )
    return z


def _calibrate_folds(scores: np.ndarray, y: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Stack scores of each fold, calibrated by those of the other folds."""
    calibrated = np.full(len(scores), np.nan)
    for fold in np.unique(of[of >= 0]):
        outside = (of >= 0) & (of != fold)
        line = fit_platt(scores[outside][:, None], y[outside])[:, 0]
        calibrated[of == fold] = apply_platt(line, scores[of == fold])
    return calibrated
