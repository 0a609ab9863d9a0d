"""Stacks: level-1 learners over the calibrated logits of the bases (`nightshift.crossfit` fits them honestly)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import logit
from scipy.stats import rankdata

from nightshift.calibrate import fit_logistic, fit_nonnegative
from nightshift.config import StackMethod

_QUANTILES = 201

Blending = Literal["rank_mean", "logistic", "nonnegative", "greedy"]


class StackSpec(BaseModel):
    """How the predictions of the bases become one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: StackMethod = Field(
        "logistic",
        description="rank_mean: mean of the ranks. logistic: weights pulled towards the plain mean. nonnegative: the "
        "same, no weight below 0. greedy: bagged forward selection (Caruana et al. 2004). xgboost: shallow boosting. "
        "stacks: a stack over the stacks in `members`.",
    )
    c: Annotated[float, Field(gt=0, le=1e6)] = Field(
        0.03, description="logistic, nonnegative, stacks: inverse strength of the pull."
    )
    rounds: Annotated[int, Field(ge=1, le=200)] = Field(15, description="greedy: picks a bag.")
    bags: Annotated[int, Field(ge=1, le=100)] = Field(
        8, description="greedy: bags, each over a random half of the bases."
    )
    over: tuple[str, ...] | None = Field(
        None, min_length=1, description="Bases to stack; None: all. Others can still feed a base of the second level."
    )
    passthrough: tuple[str, ...] = Field(
        (), description="logistic, xgboost: views whose columns the stack sees beside the predictions."
    )
    members: tuple[StackSpec, ...] = Field((), description="stacks: the stacks to stack, each over the same bases.")

    @model_validator(mode="after")
    def _options_fit_the_method(self) -> StackSpec:
        if self.passthrough and self.method not in ("logistic", "xgboost"):
            raise ValueError(f"passthrough needs method logistic or xgboost, not {self.method}")
        if (self.method == "stacks") != (len(self.members) > 1):
            raise ValueError("members: at least two stacks, with method stacks and with no other")
        if any(member.method == "stacks" or member.over for member in self.members):
            raise ValueError("members: plain stacks over the same bases; name the bases beside method: stacks")
        return self


@dataclass(frozen=True)
class FittedStack:
    """A fitted level-1 learner, all of it numbers.

    `weights` (n_bases,) and `intercept` over logits; `quantiles` (_QUANTILES, n_bases) for rank_mean, else None;
    `fallback`, the logit of a case that no base predicts.
    """

    method: str
    weights: np.ndarray
    intercept: float
    quantiles: np.ndarray | None = None
    fallback: float = 0.0

    def predict(self, z: np.ndarray) -> np.ndarray:
        """Scores (n_cases,) of calibrated logits (n_cases, n_bases); NaN where a base has no say in a case."""
        z = fill_missing(z, self.fallback)
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
            "fallback": self.fallback,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> FittedStack:
        quantiles = None if content["quantiles"] is None else np.array(content["quantiles"])
        weights = np.array(content["weights"])
        return cls(content["method"], weights, content["intercept"], quantiles, content["fallback"])


def fill_missing(z: np.ndarray, fallback: float) -> np.ndarray:
    """Calibrated logits in which a base without a say (a segment's, outside its segment) repeats the mean of the others.

    Parameters
    ----------
    z : float array (n_cases, n_bases), NaN where missing
    fallback : float, for cases that have no base at all
    """
    known = np.isfinite(z)
    if known.all():
        return z
    count = known.sum(axis=1)
    mean = np.where(count > 0, np.where(known, z, 0.0).sum(axis=1) / np.maximum(count, 1), fallback)
    return np.where(known, z, mean[:, None])


def fit_stack(spec: StackSpec, z: np.ndarray, y: np.ndarray, seed: int) -> FittedStack:
    """Fit a stack on calibrated out-of-fold logits.

    Parameters
    ----------
    spec : StackSpec, of a method that blends (`Blending`)
    z : float array (n_cases, n_bases), NaN where a base has no say
    y : int array (n_cases,)
    seed : int, of the bags of `greedy`
    """
    n_bases = z.shape[1]
    even = np.full(n_bases, 1 / n_bases)
    fallback = float(logit((y.sum() + 0.5) / (len(y) + 1)))
    z = fill_missing(z, fallback)
    if spec.method == "rank_mean":
        quantiles = np.quantile(z, np.linspace(0, 1, _QUANTILES), axis=0)
        return FittedStack("rank_mean", even, 0.0, quantiles, fallback)
    if n_bases == 1:
        weights, intercept = np.ones(1), 0.0
    elif spec.method == "greedy":
        weights, intercept = _select_greedily(spec, z, y, seed), 0.0
    else:
        fit = fit_nonnegative if spec.method == "nonnegative" else fit_logistic
        weights, intercept = fit(z, y, spec.c, even)
    return FittedStack(spec.method, weights, intercept, None, fallback)


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
