"""What matters to the champion: how much its AUC falls when a view or a column is shuffled among the cases.

Computed on development cases with the fold models: each case is predicted by the models that never saw it. One shuffle
of everything shows what the whole is worth; a view that another view can stand in for shows less than it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nightshift.calibrate import apply_platt
from nightshift.crossfit import logits_for_fold
from nightshift.data.development import Development
from nightshift.experiment import Experiment
from nightshift.metrics import Estimate, cross_validated
from nightshift.model import shared_by
from nightshift.parallel import shared_among
from nightshift.report.shuffles import Job, Shuffle, encoded, predicted, with_shuffles
from nightshift.stack import FittedStack, fit_stack
from nightshift.train import FoldModel
from nightshift.views.base import Block, Columns

_SHUFFLES = 3
_MOST_CASES = 2000
_MOST_COLUMNS = 300
_ROWS_TOGETHER = 40_000

Logits = dict[str, np.ndarray]  # base -> (n_cases,)


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
    models: Mapping[str, list[FoldModel]]
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


def importance(opened: Opened, cores: int = 1) -> dict[str, list[dict[str, Any]]]:
    """Fall of the AUC by view, by kind of source and by column, largest first.

    Parameters
    ----------
    opened : Opened
    cores : processes to share the work among, forked; the outcome does not depend on it

    Returns
    -------
    dict : `sources`, `views`, `columns`: rows with `name`, `view` (columns only), `drop`, `se`, `low`, `high`
    """
    views = list(opened.experiment.views)
    spoken = {name: opened.experiment.views[name].needs_turns for name in views}
    sources = {
        "the columns of the table": [name for name in views if not spoken[name]],
        "what is said in the calls": [name for name in views if spoken[name]],
    }
    named = [(view, column) for view in views for column in _columns_of(opened.blocks[view])][:_MOST_COLUMNS]
    wanted: dict[str, list[tuple[dict[str, str], list[Shuffle]]]] = {
        "sources": [({"name": name}, [(view, None) for view in of]) for name, of in sources.items() if of],
        "views": [({"name": view}, [(view, None)]) for view in views],
        "columns": [({"name": column, "view": view}, [(view, column)]) for view, column in named],
    }
    shuffles = _Shuffles(opened, _folds(opened), cores)
    falls = shuffles.falls([[shuffled for _, shuffled in rows] for rows in wanted.values()])
    return {
        kind: sorted((name | fall for (name, _), fall in zip(rows, of, strict=True)), key=lambda row: -row["drop"])
        for (kind, rows), of in zip(wanted.items(), falls, strict=True)
    }


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
    """Predicts the out-of-fold cases as they are, and again with something shuffled."""

    def __init__(self, opened: Opened, folds: list[_Fold], cores: int = 1):
        self.opened, self.folds = opened, folds
        self.among_bases, self.among_folds = shared_by(opened.models, cores)
        self.bases = opened.experiment.bases
        self.order = opened.experiment.in_order()
        development = opened.development
        rows = np.concatenate([fold.rows for fold in folds])
        self.y, self.groups = development.y[rows], development.folds.groups[rows]
        self.of = np.concatenate([np.full(len(fold.rows), fold.number) for fold in folds])[:, None]

    def falls(self, wanted: list[list[list[Shuffle]]]) -> list[list[dict[str, float]]]:
        """Fall of the AUC for each of several lists of things to shuffle, mean of several shuffles, with the paired error."""
        together = max(1, _ROWS_TOGETHER // (_SHUFFLES * max(len(fold.rows) for fold in self.folds)))
        parts = [of[start : start + together] for of in wanted for start in range(0, len(of), together)]
        as_it_is, shuffled = self.predict([self._jobs(part) for part in parts])
        auc = self.auc_of(as_it_is)
        falls = iter(
            [fall for part, logits in zip(parts, shuffled, strict=True) for fall in self._falls(auc, part, logits)]
        )
        return [[next(falls) for _ in of] for of in wanted]

    def auc_of(self, logits: list[Logits]) -> Estimate:
        """AUC within folds, of the logits of every fold."""
        scores = [self._score(fold, known) for fold, known in zip(self.folds, logits, strict=True)]
        return cross_validated("roc_auc", self.y, np.concatenate(scores)[:, None], self.of)

    def predict(self, parts: list[list[list[Job]]]) -> tuple[list[Logits], list[list[list[Logits]]]]:
        """Logits of every base, for each fold as it is, and for each part, fold and job.

        Base after base, so that no two need their models in one process at a time. A base that a job does not touch
        has its logits as they are.
        """
        as_it_is: list[Logits] = [{} for _ in self.folds]
        shuffled = [[[{} for _ in jobs] for jobs in part] for part in parts]
        touched = [[self._touched(what) for what, _ in part[0]] for part in parts]
        for names in self.opened.experiment.levels():
            jobs_of = {
                name: [[job for job, found in enumerate(part) if name in found] for part in touched] for name in names
            }
            work = partial(self._of_base, parts=parts, jobs_of=jobs_of, as_it_is=as_it_is, shuffled=shuffled)
            with shared_among(work, min(self.among_bases, len(names))) as every:
                of_bases = every(names)
            for name, of_folds in zip(names, of_bases, strict=True):
                for number, (unmoved, moved) in enumerate(of_folds):
                    as_it_is[number][name] = unmoved
                    for found, mine, rows in zip(shuffled, jobs_of[name], moved, strict=True):
                        for job in found[number]:
                            job[name] = unmoved
                        for job, row in zip(mine, rows, strict=True):
                            found[number][job][name] = row
        return as_it_is, shuffled

    def _of_base(
        self,
        name: str,
        parts: list[list[list[Job]]],
        jobs_of: dict[str, list[list[int]]],
        as_it_is: list[Logits],
        shuffled: list[list[list[Logits]]],
    ) -> list[tuple[np.ndarray, list[np.ndarray]]]:
        """Logits of a base for each fold: as it is, and for each part those of the jobs that touch it."""
        models = self.opened.models[name]
        everything = [(view, None) for view in self.opened.experiment.views]

        def of_fold(number: int) -> tuple[np.ndarray, list[np.ndarray]]:
            fold = self.folds[number]
            unmoved = [(everything, np.arange(len(fold.rows)))], [as_it_is[number]]
            moved = [
                ([part[number][job] for job in mine], [found[number][job] for job in mine])
                for part, found, mine in zip(parts, shuffled, jobs_of[name], strict=True)
            ]
            model = models[fold.number]
            # Once for all parts: encoding takes longer than shuffling what is encoded.
            matrices = self._matrices(name, model, fold)
            every = [self._logits(name, model, fold, matrices, *what) for what in (unmoved, *moved)]
            return every[0][0], every[1:]

        with shared_among(of_fold, self.among_folds) as every:
            return every(list(range(len(self.folds))))

    def _jobs(self, part: list[list[Shuffle]]) -> list[list[Job]]:
        """For each fold, several shuffles of each thing."""
        rng = np.random.default_rng(1)
        return [
            [(shuffled, rng.permutation(len(fold.rows))) for shuffled in part for _ in range(_SHUFFLES)]
            for fold in self.folds
        ]

    def _falls(self, auc: Estimate, part: list[list[Shuffle]], logits: list[list[Logits]]) -> list[dict[str, float]]:
        """From logits, for each fold and job."""
        scores = [
            np.array([self._score(fold, of_job) for of_job in of_fold])
            for fold, of_fold in zip(self.folds, logits, strict=True)
        ]
        every = np.concatenate(scores, axis=1).reshape(len(part), _SHUFFLES, -1)
        return [self._fall(auc, of_one) for of_one in every]

    def _fall(self, auc: Estimate, scores: np.ndarray) -> dict[str, float]:
        """From scores (shuffles, cases)."""
        lost = [auc.minus(cross_validated("roc_auc", self.y, one[:, None], self.of)) for one in scores]
        drop = float(np.mean([one.value for one in lost]))
        contributions = np.mean([one.contributions for one in lost], axis=0)
        se = float(np.sqrt(np.sum(np.bincount(self.groups, weights=contributions) ** 2)))
        return {"drop": drop, "se": se, "low": drop - 1.96 * se, "high": drop + 1.96 * se}

    def _matrices(self, name: str, model: FoldModel, fold: _Fold) -> dict[str, Any]:
        """The fold's rows of each view of a base, encoded."""
        keys = zip(self.opened.keys[name], self.bases[name].views, strict=True)
        return {key: encoded(model, key, self.opened.blocks[view].take(fold.rows)) for key, view in keys}

    def _logits(
        self,
        name: str,
        model: FoldModel,
        fold: _Fold,
        matrices: dict[str, Any],
        jobs: list[Job],
        known: list[Logits],
    ) -> np.ndarray:
        """Logits (n_jobs, n_cases) of a base whose bases below are known for each job.

        All jobs are predicted together: forests are slow to call and quick to run.
        """
        if not jobs:
            return np.empty((0, len(fold.rows)))
        base = self.bases[name]
        blocks = {
            key: with_shuffles(model, key, matrices[key], view, jobs)
            for key, view in zip(self.opened.keys[name], base.views, strict=True)
        }
        stood_on = [np.column_stack([of_job[below] for below in base.bases]) for of_job in known if base.bases]
        n = len(jobs) * len(fold.rows)
        logits = predicted(model, blocks, np.concatenate(stood_on) if stood_on else None, n).reshape(len(jobs), -1)
        logits[:, ~self.opened.within[name][fold.rows]] = np.nan
        return logits

    def _touched(self, shuffled: list[Shuffle]) -> set[str]:
        """Bases whose predictions a shuffle can change."""
        views = {view for view, _ in shuffled}
        found: set[str] = set()
        for name in self.order:
            if views & set(self.bases[name].views) or found & set(self.bases[name].bases):
                found.add(name)
        return found

    def _score(self, fold: _Fold, logits: Logits) -> np.ndarray:
        raw = np.column_stack([logits[name] for name in self.opened.experiment.stack.over])
        return fold.stack.predict(apply_platt(fold.line, raw))
