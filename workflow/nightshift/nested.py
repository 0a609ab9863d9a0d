"""What a base that reads views and stands on other bases is trained on: predictions of models that never saw its fold.

Out-of-fold predictions alone are not enough there. When such a base is fitted for fold f, those of another fold g come
from models that were trained on f. A column that the models below have read too lets it take their part away again, and
what is left is f's own labels: with random labels, two logistic regressions on 40 columns and a third on their predictions
and the same columns are scored at AUC 0.6 instead of 0.5 (tests/unit/test_nested.py). So the bases below are trained once
more, without f and g, for each pair of folds, at about twice their cost; on a third level without three folds, and so on.
This is standard stacking (Wolpert 1992) nested in the folds that score it. Where the level above reads no views, the few
columns that it has leave little to take away, and out-of-fold predictions serve, as usual.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nightshift.crossfit import logits_for_fold
from nightshift.data.split import Folds
from nightshift.encode import take
from nightshift.parallel import shared_among
from nightshift.train import Recipe, as_block
from nightshift.views.base import Block


@dataclass(frozen=True)
class Node:
    """A base with all below it.

    Attributes
    ----------
    blocks : view name -> Block of n_cases rows, as `nightshift.encode.prepared` gives them
    recipe : Recipe
    within : bool array (n_cases,), its segment; None: all
    below : the bases that it stands on
    """

    blocks: dict[str, Block]
    recipe: Recipe
    within: np.ndarray | None = None
    below: tuple[Node, ...] = ()

    @property
    def height(self) -> int:
        """Levels below it."""
        return max((1 + below.height for below in self.below), default=0)


def nested(nodes: list[Node], y: np.ndarray, folds: Folds, cores: int = 1) -> np.ndarray:
    """Logits of bases for the training of a base above them.

    Parameters
    ----------
    nodes : the bases
    y : int array (n_cases,)
    folds : Folds
    cores : processes to share the work among, forked; the outcome does not depend on it

    Returns
    -------
    float array (n_cases, n_bases, repeats, folds)
        [i, b, r, k]: what base b says of case i after training without i's fold and fold k; NaN for cases of fold k,
        where a case is never predicted, and outside the base's segment. Where folds go forward in time, models that
        predict what came before k have not seen k anyway, and all is NaN, but for the first fold: later ones stand in for
        what came before it (`nightshift.train`), predicted by what came before them without the first.

    Raises
    ------
    ValueError
        When there are too few folds to leave out one a level, or one class only is left.
    FloatingPointError
        When a learner predicts something that is no number.
    TooHeavyError
        When one of the processes is killed.
    """
    numbers = folds.numbers()
    found = np.full((len(y), len(nodes), folds.repeats, len(numbers)), np.nan)
    for repeat in range(folds.repeats):
        of = folds.assignment[:, repeat]
        pairs = _pairs(numbers, folds.forward)
        fitted = _Fitted(y, of, folds.groups, folds.forward)
        fitted.fit([(node, pair) for pair in dict.fromkeys(pairs.values()) for node in nodes], cores)
        for (place, fold), pair in pairs.items():
            rows = np.flatnonzero(of == fold)
            for number, node in enumerate(nodes):
                found[rows, number, repeat, place] = fitted.without(node, pair)[rows]
    return found


def _pairs(numbers: list[int], forward: bool) -> dict[tuple[int, int], frozenset[int]]:
    """Place of a fold and another one that it is left out with -> both."""
    first = enumerate(numbers[:1] if forward else numbers)
    return {(place, fold): frozenset({one, fold}) for place, one in first for fold in numbers if fold != one}


Task = tuple[Node, frozenset[int]]  # a base, and the folds that it is trained without


@dataclass
class _Fitted:
    """Bases trained without some folds of one repeat, each once."""

    y: np.ndarray
    of: np.ndarray
    groups: np.ndarray
    forward: bool = False
    known: dict[tuple[int, frozenset[int]], np.ndarray] = field(default_factory=dict)

    def fit(self, wanted: list[Task], cores: int) -> None:
        """Train all that is wanted and what stands below it, the lowest level first: what is fitted there, the processes
        that fit the next have in memory."""
        levels: dict[int, dict[tuple[int, frozenset[int]], Task]] = {}
        for task in self._with_those_below(wanted):
            levels.setdefault(task[0].height, {})[_key(*task)] = task
        for _, of_level in sorted(levels.items()):
            tasks = list(of_level.values())
            # By their places: what is loaded, forks have.
            with shared_among(lambda place, tasks=tasks: self._fit(*tasks[place]), cores) as every:
                self.known.update(zip(of_level, every(list(range(len(tasks)))), strict=True))

    def without(self, node: Node, left_out: frozenset[int]) -> np.ndarray:
        """Logits (n_cases,) for the cases of the folds that were left out; NaN for all others."""
        return self.known[_key(node, left_out)]

    def _with_those_below(self, wanted: list[Task]) -> list[Task]:
        found: dict[tuple[int, frozenset[int]], Task] = {}
        waiting = list(wanted)
        while waiting:
            node, left_out = waiting.pop()
            if _key(node, left_out) not in found:
                found[_key(node, left_out)] = (node, left_out)
                others = [frozenset({fold}) for fold in self._others(left_out)]
                waiting += [(below, left_out | more) for below in node.below for more in (frozenset(), *others)]
        return list(found.values())

    def _others(self, left_out: frozenset[int]) -> list[int]:
        return [int(fold) for fold in np.unique(self.of[self.of >= 0]) if fold not in left_out]

    def _fit(self, node: Node, left_out: frozenset[int]) -> np.ndarray:
        within = np.ones(len(self.y), dtype=bool) if node.within is None else node.within
        out = np.isin(self.of, list(left_out))
        predicted, train = out & within, self._may_train(out) & within
        raw, z, line = self._below(node, left_out, out)
        if z is not None:
            train &= np.isfinite(z).any(axis=1)
        logits = np.full(len(self.y), np.nan)
        if len(np.unique(self.y[train])) < 2:
            if self.forward:  # nothing came before: it has no say there
                return logits
            raise ValueError(
                f"too few cases without the folds {sorted(left_out)}, all of one class or none: a base that reads views beside "
                "other bases leaves out one fold a level more; more folds (validation.folds), fewer levels or a larger "
                "segment help"
            )
        rows = np.flatnonzero(train)
        own = {**take(node.blocks, rows), **({} if z is None else as_block(z[rows]))}
        model = node.recipe.model(line).fit(own, self.y[rows])
        rows = np.flatnonzero(predicted)
        if len(rows):
            logits[rows] = model.predict_logit(take(node.blocks, rows), None if raw is None else raw[rows])
        if not np.isfinite(logits[rows]).all():
            raise FloatingPointError("the learner of a base below predicted NaN or infinity")
        return logits

    def _may_train(self, out: np.ndarray) -> np.ndarray:
        """Cases of other folds (earlier ones than the last that is left out, where folds go forward in time) whose group
        is not left out."""
        later = self.of > self.of[out].max() if self.forward else False
        return ~(later | out | np.isin(self.groups, self.groups[out]))

    def _below(self, node: Node, left_out: frozenset[int], out: np.ndarray):
        """What the bases below say, as it comes and calibrated, and the calibrator of the folds that were left out."""
        if not node.below:
            return None, None, None
        raw = np.column_stack([self.without(below, left_out) for below in node.below])
        for fold in self._others(left_out):
            rows = self.of == fold
            for number, below in enumerate(node.below):
                raw[rows, number] = self.without(below, left_out | {fold})[rows]
        one = min(left_out)
        z, line = logits_for_fold(raw, self.y, np.where(out, one, self.of), one)
        return raw, z, line


def _key(node: Node, left_out: frozenset[int]) -> tuple[int, frozenset[int]]:
    return id(node), left_out
