"""Training one base: all its folds, their out-of-fold predictions and the models that made them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from nightshift.calibrate import apply_platt
from nightshift.columns import prepared
from nightshift.crossfit import logits_for_fold
from nightshift.data.split import Folds
from nightshift.encode import BlocksEncoder, take
from nightshift.learners import Learner
from nightshift.progress import at
from nightshift.spare import Every
from nightshift.views.base import Block, Columns

_FURTHEST = 13.815510557964274  # logit of 1 - 1e-6
BELOW = "bases"


class FoldModel(BaseEstimator):
    """What one fold of a base predicts with.

    Parameters
    ----------
    encoder : BlocksEncoder
    classifiers : list of scikit-learn classifiers, one a seed
    line : float array (2, n_bases) or None
        Calibrator of the bases below, for a base of the second level.
    """

    def __init__(self, encoder: BlocksEncoder, classifiers: list[BaseEstimator], line: np.ndarray | None = None):
        self.encoder = encoder
        self.classifiers = classifiers
        self.line = line

    def fit(self, blocks: dict[str, Block], y: np.ndarray) -> FoldModel:
        matrix = self.encoder.fit(blocks, y).transform(blocks)
        with warnings.catch_warnings():
            # The steps of a learner are part of its specification; few of them are a way to regularise.
            warnings.simplefilter("ignore", ConvergenceWarning)
            for classifier in self.classifiers:
                classifier.fit(matrix, y)
        return self

    def predict_logit(self, blocks: dict[str, Block], below: np.ndarray | None = None) -> np.ndarray:
        """Logits of the positive class, shape (n_cases,), within +-13.8.

        Parameters
        ----------
        blocks : view name -> Block of n_cases rows
        below : float array (n_cases, n_bases), for a base of the second level
            Logits of the same fold of the bases below, as they come.
        """
        return self.logit_of_matrix(self.matrix(blocks, below))

    def matrix(self, blocks: dict[str, Block], below: np.ndarray | None = None) -> Any:
        """What the classifiers see, (n_cases, n_columns); parameters as `predict_logit`."""
        if below is not None:
            blocks = {**blocks, **as_block(apply_platt(self.line, below))}
        return self.encoder.transform(blocks)

    def logit_of_matrix(self, matrix: Any) -> np.ndarray:
        """Logits (n_cases,) of what `matrix` gives."""
        return np.mean([logit_of(classifier, matrix) for classifier in self.classifiers], axis=0)


def logit_of(classifier: BaseEstimator, matrix: Any) -> np.ndarray:
    """Logits (n_cases,) of a fitted classifier, or the distance from the boundary where it knows no probabilities;
    calibrated later anyway."""
    if hasattr(classifier, "predict_proba"):
        p = classifier.predict_proba(matrix)[:, 1].astype(np.float64)
        with np.errstate(divide="ignore"):
            logits = np.log(p) - np.log1p(-p)
    else:
        logits = classifier.decision_function(matrix).astype(np.float64)
    return np.clip(logits, -_FURTHEST, _FURTHEST)


def as_block(z: np.ndarray) -> dict[str, Block]:
    """Calibrated logits (n_cases, n_bases) of the bases below, as one more block."""
    return {BELOW: Columns(pd.DataFrame(z, columns=[f"base {number}" for number in range(z.shape[1])]))}


@dataclass(frozen=True)
class Recipe:
    """How a base is trained.

    Attributes
    ----------
    learner : Learner
    terms : dict, parameters of `TermsEncoder`, for sparse blocks
    seed : int
    seeds : int, models a fold, each with a seed of its own
    """

    learner: Learner
    terms: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    seeds: int = 1

    def seconds(self, cases: int) -> float:
        """Rough seconds that training on so many cases takes, all folds on one core."""
        return self.learner.heft * self.seeds * cases / 1000

    def model(self, line: np.ndarray | None) -> FoldModel:
        encoder = BlocksEncoder(self.learner.scaled, {**self.terms, "seed": self.seed}, self.learner.dense_up_to)
        classifiers = [self.learner.build(self.seed + 1000 * number) for number in range(self.seeds)]
        return FoldModel(encoder, classifiers, line)


@dataclass(frozen=True)
class TrainedBase:
    """A base with all its folds.

    Attributes
    ----------
    oof : float array (n_cases, repeats)
        Logits out of fold; NaN where a case is never predicted, or outside the segment.
    models : list of FoldModel
        Repeat by repeat, folds ascending.
    """

    oof: np.ndarray
    models: list[FoldModel]


def train_base(
    blocks: dict[str, Block],
    y: np.ndarray,
    folds: Folds,
    recipe: Recipe,
    below: np.ndarray | None = None,
    within: np.ndarray | None = None,
    nested: np.ndarray | None = None,
    every: Every = map,
) -> TrainedBase:
    """Train a base on every fold.

    Parameters
    ----------
    blocks : view name -> Block of n_cases rows
    y : int array (n_cases,)
    folds : Folds
    recipe : Recipe
    below : float array (n_cases, n_bases, repeats), optional
        Out-of-fold logits of the bases that this one stands on. As in standard stacking (Wolpert 1992): what is fitted
        for a fold has not seen its labels but through the base models that predicted the other folds.
    within : bool array (n_cases,), optional
        The segment: the cases it is trained and heard on.
    nested : float array (n_cases, n_bases, repeats, folds), optional
        What `nightshift.nested` gives, to be trained on in the place of `below`: for a base that reads views too.
    every : like `map`
        Does the folds: one after the other, or some of them elsewhere.

    Raises
    ------
    ValueError
        When a fold's share of the segment holds one class only.
    FloatingPointError
        When the learner predicts something that is no number.
    """
    within = np.ones(len(y), dtype=bool) if within is None else within
    training = _Training(prepared(blocks), y, folds, recipe, below, within, nested)
    oof = np.full((len(y), folds.repeats), np.nan)
    models = []
    tasks = [(repeat, place) for repeat in range(folds.repeats) for place in range(len(folds.numbers()))]
    for (repeat, _), (predicted, logits, model) in zip(tasks, every(training.fit, tasks), strict=True):
        oof[predicted, repeat] = logits
        models.append(model)
        at(len(models), len(tasks), "folds")
    if not np.isfinite(oof[(folds.assignment >= 0) & within[:, None]]).all():
        raise FloatingPointError("the learner predicted NaN or infinity")
    return TrainedBase(oof, models)


@dataclass(frozen=True)
class _Training:
    """What the folds of a base are trained on; fields as the parameters of `train_base`."""

    blocks: dict[str, Block]
    y: np.ndarray
    folds: Folds
    recipe: Recipe
    below: np.ndarray | None
    within: np.ndarray
    nested: np.ndarray | None

    def fit(self, task: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, FoldModel]:
        """One fold, by its repeat and place: the rows that it predicts, their logits, the model."""
        repeat, place = task
        fold = self.folds.numbers()[place]
        of = self.folds.assignment[:, repeat]
        raw = None if self.below is None else self.below[:, :, repeat]
        train, predicted = (rows[self.within[rows]] for rows in self.folds.pair(repeat, fold))
        heard = raw if self.nested is None else heard_for_fold(raw, self.nested[:, :, repeat, place], of == fold)
        z, line = (None, None) if heard is None else logits_for_fold(heard, self.y, of, fold)
        if z is not None:
            train = _with_bases_below(z, train, predicted, self.folds, self.within)
        _check_classes(self.y, train, predicted, fold)
        model = self.recipe.model(line)
        model.fit({**take(self.blocks, train), **({} if z is None else as_block(z[train]))}, self.y[train])
        logits = model.predict_logit(take(self.blocks, predicted), None if raw is None else raw[predicted])
        return predicted, logits, model


def heard_for_fold(raw: np.ndarray, nested: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Logits (n_cases, n_bases) of the bases below for one fold, whose cases are `inside`: nested ones to train on, where
    there are any."""
    return np.where(inside[:, None], raw, nested) if np.isfinite(nested).any() else raw


def _with_bases_below(
    z: np.ndarray, train: np.ndarray, predicted: np.ndarray, folds: Folds, within: np.ndarray
) -> np.ndarray:
    """Rows to train the second level on: those that the bases below predicted.

    Before the first block that a forward split predicts there are none. There the later blocks stand in, as they do for
    the weights of a stack: the bases below have never seen what comes after them.
    """
    heard = np.isfinite(z).any(axis=1) & within
    if not heard[train].any():
        apart = ~np.isin(folds.groups, folds.groups[predicted])
        apart[predicted] = False
        return np.flatnonzero(heard & apart)
    return train[heard[train]]


def _check_classes(y: np.ndarray, train: np.ndarray, predicted: np.ndarray, fold: int) -> None:
    for what, rows in (("train on", train), ("predict", predicted)):
        if len(np.unique(y[rows])) < 2:
            raise ValueError(f"too few cases: fold {fold} has {len(rows)} to {what}, all of one class or none")
