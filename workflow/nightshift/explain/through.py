"""Contributions of columns and views to the stacked, calibrated prediction of a model.

What a base's columns add to its logit (`nightshift.explain.learners`) is carried through the calibrators and the stack:
times the weight where the level above is linear in the base, and else times the rise of the level above over the base's
way from its mean to its prediction (the rescale rule; Chen, Lundberg and Lee 2022 for series of models). Everything
is on the scale of the final calibrated logit and against a typical development case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nightshift.calibrate import apply_platt
from nightshift.columns import prepared
from nightshift.explain.layout import layout
from nightshift.explain.learners import contributions, is_cheap, slope
from nightshift.model import Model
from nightshift.reference import Reference
from nightshift.stack import FittedStack, fill_missing
from nightshift.train import BELOW, FoldModel
from nightshift.views.base import Block, RawData

# Of a learner that is asked anew for each column; a view of more columns is taken as a whole.
_MOST_COLUMNS = 40
_STEEPEST = 2.0  # logits a logit of the base below: a learner over bases that is steeper is jumping, not weighing


class Source(NamedTuple):
    """What a contribution comes from: a column of a dense view, or with `column` None a view as a whole."""

    view: str
    column: str | None


@dataclass(frozen=True)
class Pushes:
    """Contributions to the final logit.

    Attributes
    ----------
    sources : n_sources of them
    values : float array (n_cases, n_sources)
    """

    sources: list[Source]
    values: np.ndarray


class Explainer:
    """Goes through the folds and bases of a model, from the first level up.

    Parameters
    ----------
    model : Model
    reference : Reference, of the same model
    """

    def __init__(self, model: Model, reference: Reference):
        self.model, self.reference = model, reference
        self.order = model.experiment.in_order()
        self.sources: list[Source] = []
        self.number: dict[Source, int] = {}
        # Base -> for each fold model, the number of the source of each column; -1 - k for the k-th base below.
        self.groups = {name: [self._groups(name, fold) for fold in model.bases[name]] for name in self.order}

    def predict(self, blocks: dict[str, Block], raw: RawData) -> tuple[np.ndarray, Pushes]:
        """Calibrated logits (n_cases,), as `Model.predict_logit` gives them, and what every source adds to them.

        Parameters
        ----------
        blocks : view -> Block of n_cases rows
        raw : RawData of the same cases
        """
        blocks = prepared(blocks)
        over, lines, n = self.model.stacked["over"], self.model.fold_lines(), len(raw.cases)
        of_base = {name: np.zeros((n, len(self.sources))) for name in over}
        logits: dict[str, list[np.ndarray]] = {name: [] for name in self.order}
        segments = {name: self.model.segment_of(name, raw) for name in self.order}
        for fold in range(len(lines)):
            within: dict[str, np.ndarray] = {}
            for name in self.order:
                found, within[name] = self._of_fold(name, fold, blocks, logits, within, segments[name])
                logits[name].append(found)
                if name in of_base:
                    of_base[name] += within[name] * lines[fold][0, over.index(name)] / len(lines)
        told = {name: np.column_stack(folds) for name, folds in logits.items()}
        rise = self._rise(np.column_stack([self.model.calibrated(name, told[name]) for name in over]))
        values = sum(of_base[name] * rise[:, [number]] for number, name in enumerate(over))
        return self.model.stack_logits(told), Pushes(self.sources, values)

    def _of_fold(
        self,
        name: str,
        fold: int,
        blocks: dict[str, Block],
        logits: dict[str, list[np.ndarray]],
        within: dict[str, np.ndarray],
        segment: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits (n_cases,) of one fold model, NaN outside its segment; contributions to them (n_cases, n_sources)."""
        base, fitted = self.model.experiment.bases[name], self.model.bases[name][fold]
        below = np.column_stack([logits[other][fold] for other in base.bases]) if base.bases else None
        matrix = fitted.matrix(self.model.keyed(name, blocks), below)
        logit = fitted.logit_of_matrix(matrix)
        n_sources, groups = len(self.sources), self.groups[name][fold]
        shifted = np.where(groups < 0, n_sources - 1 - groups, groups)
        mean = self.reference.means[name][fold]
        every = np.mean(
            [contributions(one, matrix, mean, shifted, n_sources + len(base.bases)) for one in fitted.classifiers],
            axis=0,
        )
        found = every[:, :n_sources]
        if below is not None:
            came = apply_platt(fitted.line, below) - self.reference.below[name][fold]
            for number, other in enumerate(base.bases):
                through = slope(every[:, n_sources + number], came[:, number], _STEEPEST)
                found = found + within[other] * (through * fitted.line[0, number])[:, None]
        if segment is not None:
            logit, found = np.where(segment, logit, np.nan), np.where(segment[:, None], found, 0.0)
        return logit, found

    def _rise(self, z: np.ndarray) -> np.ndarray:
        """Final logits per logit of each base, (n_cases, n_over); a base without a say gives its weight to the others."""
        stack = FittedStack.from_json(self.model.stacked["stack"])
        known = np.isfinite(z)
        if stack.quantiles is None:
            weights = np.broadcast_to(stack.weights, z.shape)
        else:
            weights = _rise_of_ranks(stack, fill_missing(z, stack.fallback))
        lent = np.where(known, 0.0, weights).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return np.where(known, weights + lent[:, None], 0.0) * self.model.stacked["line"][0]

    def _groups(self, name: str, fitted: FoldModel) -> np.ndarray:
        views = dict(zip(self.model.about["view_keys"][name], self.model.experiment.bases[name].views, strict=True))
        parts = layout(fitted.encoder)
        one_by_one = len(parts) <= _MOST_COLUMNS or all(is_cheap(one) for one in fitted.classifiers)
        groups = np.zeros(sum(len(part.positions) for part in parts), dtype=int)
        for part in parts:
            if part.key == BELOW:
                groups[part.positions] = -1 - int(part.column.removeprefix("base "))
            else:
                groups[part.positions] = self._numbered(Source(views[part.key], part.column if one_by_one else None))
        return groups

    def _numbered(self, source: Source) -> int:
        if source not in self.number:
            self.number[source] = len(self.sources)
            self.sources.append(source)
        return self.number[source]


def _rise_of_ranks(stack: FittedStack, z: np.ndarray) -> np.ndarray:
    """Rise of a rank_mean stack over each base's way from its median to its prediction, (n_cases, n_bases).

    Bases are moved one at a time and all at once; the single moves are stretched to add up to the whole one.
    """
    middle = stack.quantiles[len(stack.quantiles) // 2]
    whole = stack.predict(z) - stack.predict(middle[None, :])
    moved = np.empty_like(z)
    for base in range(z.shape[1]):
        alone = np.tile(middle, (len(z), 1))
        alone[:, base] = z[:, base]
        moved[:, base] = stack.predict(alone) - stack.predict(middle[None, :])
    total = moved.sum(axis=1)
    stretch = np.clip(slope(whole, total, np.inf), 0.0, 3.0)
    return np.column_stack(
        [slope(moved[:, base] * stretch, z[:, base] - middle[base], np.inf) for base in range(z.shape[1])]
    )
