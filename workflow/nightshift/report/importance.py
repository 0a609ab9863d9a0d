"""What matters to the champion: how much its AUC falls when a view or a column is shuffled among the cases.

Computed on development cases with the fold models: each case is predicted by the models that never saw it. One shuffle
of everything shows what the whole is worth; a view that another view can stand in for shows less than it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from nightshift.calibrate import apply_platt
from nightshift.crossfit import logits_for_fold
from nightshift.data.development import Development
from nightshift.encode import BlocksEncoder, take
from nightshift.experiment import Experiment
from nightshift.explain.layout import places
from nightshift.metrics import cross_validated
from nightshift.stack import FittedStack, fit_stack
from nightshift.train import FoldModel
from nightshift.views.base import Block, Columns

_SHUFFLES = 3
_MOST_CASES = 2000
_MOST_COLUMNS = 300
_ROWS_AT_ONCE = 4000  # of a matrix that may be wide
_ROWS_TOGETHER = 40_000

Shuffle = tuple[str, str | None]  # a view, and a column of it or None for the whole view
Job = tuple[list[Shuffle], np.ndarray]  # what is shuffled, and the order that its rows get


@dataclass(frozen=True)
class Opened:
    """An experiment with all that predicting its own out-of-fold cases takes; first repeat only.

    Attributes
    ----------
    experiment : Experiment, lowered
    models : base -> fold models of the first repeat, folds ascending
    keys : base -> names under which its fold models know its views
    blocks : view -> Block of n_cases rows
    raw : float array (n_cases, n_over), logits out of fold of the bases that the stack is over
    within : base -> bool array (n_cases,), its segment
    development : Development
    seed : int
    """

    experiment: Experiment
    models: dict[str, list[FoldModel]]
    keys: dict[str, list[str]]
    blocks: dict[str, Block]
    raw: np.ndarray
    within: dict[str, np.ndarray]
    development: Development
    seed: int


@dataclass(frozen=True)
class _Fold:
    """One fold: its cases, its models' number and the level above the bases, fitted without its labels."""

    number: int
    rows: np.ndarray
    line: np.ndarray
    stack: FittedStack


def importance(opened: Opened) -> dict[str, list[dict[str, Any]]]:
    """Fall of the AUC by view, by kind of source and by column, largest first.

    Returns
    -------
    dict : `sources`, `views`, `columns`: rows with `name`, `view` (columns only), `drop`, `se`, `low`, `high`
    """
    folds = _folds(opened)
    shuffles = _Shuffles(opened, folds)
    views = list(opened.experiment.views)
    spoken = {name: opened.experiment.views[name].needs_turns for name in views}
    sources = {
        "the columns of the table": [name for name in views if not spoken[name]],
        "what is said in the calls": [name for name in views if spoken[name]],
    }
    named = [(view, column) for view in views for column in _columns_of(opened.blocks[view])][:_MOST_COLUMNS]
    return {
        "sources": _ranking(
            shuffles, [({"name": name}, [(view, None) for view in of]) for name, of in sources.items() if of]
        ),
        "views": _ranking(shuffles, [({"name": view}, [(view, None)]) for view in views]),
        "columns": _ranking(shuffles, [({"name": column, "view": view}, [(view, column)]) for view, column in named]),
    }


def _ranking(shuffles: _Shuffles, wanted: list[tuple[dict[str, str], list[Shuffle]]]) -> list[dict[str, Any]]:
    falls = shuffles.falls([shuffled for _, shuffled in wanted])
    rows = [name | fall for (name, _), fall in zip(wanted, falls, strict=True)]
    return sorted(rows, key=lambda row: -row["drop"])


def _columns_of(block: Block) -> list[str]:
    return [str(name) for name in block.frame.columns] if isinstance(block, Columns) else []


def _folds(opened: Opened) -> list[_Fold]:
    """Folds with their cases, thinned to a bearable number; stack and calibrators as `crossfit` fits them."""
    y, folds = opened.development.y, opened.development.folds
    of = folds.assignment[:, 0]
    rng = np.random.default_rng(0)
    share = min(1.0, _MOST_CASES / max(1, (of >= 0).sum()))
    found = []
    for number, fold in enumerate(folds.numbers()):
        rows, outside = np.flatnonzero(of == fold), (of >= 0) & (of != fold)
        z, line = logits_for_fold(opened.raw, y, of, fold)
        stack = fit_stack(opened.experiment.stack, z[outside], y[outside], opened.seed)
        rows = np.sort(rng.choice(rows, size=max(2, round(share * len(rows))), replace=False))
        if len(np.unique(y[rows])) == 2:
            found.append(_Fold(number, rows, line, stack))
    return found


class _Shuffles:
    """Predicts the out-of-fold cases again with something shuffled; keeps what a shuffle does not touch."""

    def __init__(self, opened: Opened, folds: list[_Fold]):
        self.opened, self.folds = opened, folds
        self.bases = opened.experiment.bases
        self.order = opened.experiment.in_order()
        development = opened.development
        rows = np.concatenate([fold.rows for fold in folds])
        self.y, self.groups = development.y[rows], development.folds.groups[rows]
        self.of = np.concatenate([np.full(len(fold.rows), fold.number) for fold in folds])[:, None]
        self.as_it_is: list[dict[str, np.ndarray]] = [self._untouched(fold) for fold in folds]
        scores = [self._score(fold, known) for fold, known in zip(folds, self.as_it_is, strict=True)]
        self.auc = cross_validated("roc_auc", self.y, np.concatenate(scores)[:, None], self.of)

    def falls(self, wanted: list[list[Shuffle]]) -> list[dict[str, float]]:
        """Fall of the AUC for each of several things to shuffle, mean of several shuffles, with the paired error."""
        together = max(1, _ROWS_TOGETHER // (_SHUFFLES * max(len(fold.rows) for fold in self.folds)))
        parts = [wanted[start : start + together] for start in range(0, len(wanted), together)]
        return [fall for part in parts for fall in self._falls(part)]

    def _falls(self, wanted: list[list[Shuffle]]) -> list[dict[str, float]]:
        rng = np.random.default_rng(1)
        scores = []  # per fold: (wanted * _SHUFFLES, cases)
        for fold, known in zip(self.folds, self.as_it_is, strict=True):
            jobs = [(shuffled, rng.permutation(len(fold.rows))) for shuffled in wanted for _ in range(_SHUFFLES)]
            scores.append(np.array([self._score(fold, logits) for logits in self._shuffled(fold, jobs, known)]))
        every = np.concatenate(scores, axis=1).reshape(len(wanted), _SHUFFLES, -1)
        return [self._fall(of_one) for of_one in every]

    def _fall(self, scores: np.ndarray) -> dict[str, float]:
        """From scores (shuffles, cases)."""
        lost = [self.auc.minus(cross_validated("roc_auc", self.y, one[:, None], self.of)) for one in scores]
        drop = float(np.mean([one.value for one in lost]))
        contributions = np.mean([one.contributions for one in lost], axis=0)
        se = float(np.sqrt(np.sum(np.bincount(self.groups, weights=contributions) ** 2)))
        return {"drop": drop, "se": se, "low": drop - 1.96 * se, "high": drop + 1.96 * se}

    def _untouched(self, fold: _Fold) -> dict[str, np.ndarray]:
        """Logits (n,) of every base as it is: a shuffle of every view that leaves the order alone."""
        everything = [(view, None) for view in self.opened.experiment.views]
        return self._shuffled(fold, [(everything, np.arange(len(fold.rows)))], {})[0]

    def _shuffled(self, fold: _Fold, jobs: list[Job], known: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        """Logits of every base, one dict a job; bases that a job does not touch are taken from `known`.

        All jobs that touch a base are predicted together: forests are slow to call and quick to run.
        """
        found = [dict(known) for _ in jobs]
        touched = [self._touched(shuffled) for shuffled, _ in jobs]
        for name in self.order:
            mine = [number for number in range(len(jobs)) if name in touched[number]]
            if not mine:
                continue
            base, model = self.bases[name], self.opened.models[name][fold.number]
            blocks = {
                key: _with_shuffles(model, key, self.opened.blocks[view], fold.rows, view, [jobs[n] for n in mine])
                for key, view in zip(self.opened.keys[name], base.views, strict=True)
            }
            stood_on = [
                np.column_stack([found[number][below] for below in base.bases]) for number in mine if base.bases
            ]
            logits = _predicted(
                model, blocks, np.concatenate(stood_on) if stood_on else None, len(mine) * len(fold.rows)
            )
            logits = logits.reshape(len(mine), -1)
            logits[:, ~self.opened.within[name][fold.rows]] = np.nan
            for number, row in zip(mine, logits, strict=True):
                found[number][name] = row
        return found

    def _touched(self, shuffled: list[Shuffle]) -> set[str]:
        """Bases whose predictions a shuffle can change."""
        views = {view for view, _ in shuffled}
        found: set[str] = set()
        for name in self.order:
            if views & set(self.bases[name].views) or found & set(self.bases[name].bases):
                found.add(name)
        return found

    def _score(self, fold: _Fold, logits: dict[str, np.ndarray]) -> np.ndarray:
        raw = np.column_stack([logits[name] for name in self.opened.experiment.stack.over])
        return fold.stack.predict(apply_platt(fold.line, raw))


@dataclass(frozen=True)
class _Encoded:
    """A block that is a matrix already."""

    matrix: Any

    def take(self, rows: np.ndarray) -> _Encoded:
        return _Encoded(self.matrix[rows])


class _Encoder:
    """A fold model's encoder that takes encoded blocks too: they are encoded once, not for each job."""

    def __init__(self, fitted: BlocksEncoder):
        self.fitted = fitted

    def transform(self, blocks: dict[str, Any]) -> Any:
        parts = [
            blocks[name].matrix if isinstance(blocks[name], _Encoded) else encoder.transform(blocks[name])
            for name, encoder in self.fitted.encoders_.items()
        ]
        if not any(sparse.issparse(part) for part in parts):
            return np.hstack(parts)
        matrix = sparse.hstack([sparse.csr_array(part) for part in parts], format="csr")
        return matrix.toarray() if self.fitted.dense_ else matrix


def _predicted(model: FoldModel, blocks: dict[str, Any], below: np.ndarray | None, n: int) -> np.ndarray:
    ready = FoldModel(_Encoder(model.encoder), model.classifiers, model.line)
    parts = [np.arange(start, min(n, start + _ROWS_AT_ONCE)) for start in range(0, n, _ROWS_AT_ONCE)]
    return np.concatenate(
        [ready.predict_logit(take(blocks, part), None if below is None else below[part]) for part in parts]
    )


def _with_shuffles(model: FoldModel, key: str, block: Block, rows: np.ndarray, view: str, jobs: list[Job]) -> _Encoded:
    """Encoded rows of a block once for each job, job after job, with what the job shuffles in its order.

    A column is encoded by itself and case by case, so that its encoded columns can be shuffled in its place.
    """
    encoder = model.encoder.encoders_[key]
    matrix, everyone = encoder.transform(block.take(rows)), np.arange(len(rows))
    found = matrix[np.concatenate([order if (view, None) in of else everyone for of, order in jobs])]
    if isinstance(block, Columns):
        of_column = {name: positions for name, positions in places(encoder)}
        for number, (of, order) in enumerate(jobs):
            start = number * len(rows)
            for column in (name for shuffled, name in of if shuffled == view and name in of_column):
                positions = of_column[column]
                found[start : start + len(rows), positions] = matrix[np.ix_(order, positions)]
    return _Encoded(found)
