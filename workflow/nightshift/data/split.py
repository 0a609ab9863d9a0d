"""The split: which cases are the holdout, and the folds of the development cases.

Schemes: `column` (the user's own), `forward` (by time), `grouped`, `stratified`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from nightshift.config import Validation
from nightshift.errors import InputError, Problem

_HOLDOUT = "holdout"


@dataclass(frozen=True)
class Folds:
    """Folds of the development cases.

    Attributes
    ----------
    assignment : int array (n_cases, repeats)
        Fold of each case; -1 where a case is never predicted out of fold (the first block of a forward split).
    forward : bool
        True: a fold is trained on earlier folds only. False: on all others.
    groups : int array (n_cases,)
        Cases of one group have one code; without groups every case has its own.
    """

    assignment: np.ndarray
    forward: bool
    groups: np.ndarray

    @property
    def repeats(self) -> int:
        return self.assignment.shape[1]

    def numbers(self) -> list[int]:
        """The folds that are predicted, ascending."""
        found = np.unique(self.assignment)
        return found[found >= 0].tolist()

    def pair(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on and rows to predict; no group is in both."""
        of = self.assignment[:, repeat]
        predicted = np.flatnonzero(of == fold)
        train = of < fold if self.forward else of != fold
        train &= ~np.isin(self.groups, self.groups[predicted])
        return np.flatnonzero(train), predicted


@dataclass(frozen=True)
class Split:
    """The outcome of `split_cases`, over the rows of `keys`.

    Attributes
    ----------
    holdout, development : int arrays of rows
    folds : Folds over the development rows
    purged : int
        Cases left out of both, because others of their group are in the holdout: the user's split, or the boundary in
        time, cuts the group.
    scheme : str
    """

    development: np.ndarray
    holdout: np.ndarray
    folds: Folds
    purged: int
    scheme: str


def split_cases(keys: pd.DataFrame, validation: Validation, seed: int) -> Split:
    """Choose holdout and folds.

    Parameters
    ----------
    keys : DataFrame with case_id, target (0/1), group, time, split (null where not given)
    validation : Validation
    seed : int

    Raises
    ------
    InputError
        When a part would hold only one class: nothing could be measured there.
    """
    target = keys["target"].to_numpy()
    groups = group_codes(keys)
    if validation.split_column:
        split = _by_column(keys, groups)
    elif keys["time"].notna().all() and len(keys):
        split = _forward(keys, groups, validation)
    else:
        split = _random(target, groups, keys["group"].notna().any(), validation, seed)
    _both_classes_everywhere(split, target)
    return split


def group_codes(keys: pd.DataFrame) -> np.ndarray:
    """Codes of groups; a case without a group is a group of its own."""
    codes = pd.factorize(keys["group"])[0]
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def _by_column(keys: pd.DataFrame, groups: np.ndarray) -> Split:
    names = keys["split"].astype("str")
    holdout, development, purged = _sides((names == _HOLDOUT).to_numpy(), groups)
    assignment = pd.factorize(names.iloc[development], sort=True)[0][:, None]
    return Split(development, holdout, Folds(assignment, False, groups[development]), purged, "column")


def _sides(held: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows of the holdout, rows of development, and how many others are left out since their group is in the holdout."""
    crossing = ~held & np.isin(groups, groups[held])
    return np.flatnonzero(held), np.flatnonzero(~held & ~crossing), int(crossing.sum())


def _forward(keys: pd.DataFrame, groups: np.ndarray, validation: Validation) -> Split:
    """Latest cases as holdout; the rest in blocks of time. Cases of one moment stay together."""
    time = keys["time"].to_numpy()
    boundary = np.quantile(time.astype("int64"), 1 - validation.holdout)
    late = time.astype("int64") > boundary
    holdout, development, purged = _sides(late, groups)
    moments = time[development].astype("int64")
    edges = np.quantile(moments, np.arange(1, validation.folds + 1) / (validation.folds + 1))
    blocks = np.searchsorted(edges, moments, side="left") - 1
    folds = Folds(blocks[:, None], True, groups[development])
    return Split(development, holdout, folds, purged, "forward")


def _random(target: np.ndarray, groups: np.ndarray, grouped: bool, validation: Validation, seed: int) -> Split:
    holdout_mask = _holdout_parts(target, groups, grouped, validation.holdout, seed)
    development = np.flatnonzero(~holdout_mask)
    assignment = np.empty((len(development), validation.repeats), dtype=int)
    for repeat in range(validation.repeats):
        # Not `seed + repeat`: the holdout's draw must not be one of the folds' draws.
        folds = _parts(target[development], groups[development], grouped, validation.folds, seed + 1 + repeat)
        assignment[:, repeat] = folds
    split_folds = Folds(assignment, False, groups[development])
    return Split(development, np.flatnonzero(holdout_mask), split_folds, 0, "grouped" if grouped else "stratified")


def _holdout_parts(target: np.ndarray, groups: np.ndarray, grouped: bool, share: float, seed: int) -> np.ndarray:
    """Mask of the holdout: some of many small stratified parts, so that any share can be had with groups whole."""
    smallest_class = min(
        len(np.unique(groups[target == label])) if grouped else int((target == label).sum()) for label in (0, 1)
    )
    n_parts = int(np.clip(smallest_class, 2, 20))
    parts = _parts(target, groups, grouped, n_parts, seed)
    taken, total = [], 0.0
    # Parts of whole groups differ in size: take one when it brings the share nearer to what is asked.
    for part, size in enumerate(np.bincount(parts, minlength=n_parts) / len(parts)):
        if total + size / 2 <= share or not taken:
            taken.append(part)
            total += size
    return np.isin(parts, taken)


def _parts(target: np.ndarray, groups: np.ndarray, grouped: bool, n_parts: int, seed: int) -> np.ndarray:
    maker = StratifiedGroupKFold if grouped else StratifiedKFold
    parts = np.empty(len(target), dtype=int)
    maker = maker(n_parts, shuffle=True, random_state=seed)
    for number, (_, rows) in enumerate(maker.split(np.zeros(len(target)), target, groups if grouped else None)):
        parts[rows] = number
    return parts


def _both_classes_everywhere(split: Split, target: np.ndarray) -> None:
    problems = []
    remedy = "use fewer validation.folds, another validation.holdout, or check data.time, data.group and validation.split_column"
    if len(np.unique(target[split.holdout])) < 2:
        problems.append(Problem(f"the holdout ({len(split.holdout)} cases) does not hold both classes", remedy))
    labels = target[split.development]
    if not split.folds.numbers():
        problems.append(Problem(f"no case is left for development ({split.purged} have others of their group in the holdout)", remedy))
    for repeat in range(split.folds.repeats):
        for fold in split.folds.numbers():
            train, predicted = split.folds.pair(repeat, fold)
            for name, rows in (("training cases", train), ("cases", predicted)):
                if len(np.unique(labels[rows])) < 2:
                    problems.append(Problem(f"the {name} of fold {fold} ({len(rows)}) do not hold both classes", remedy))
    if problems:
        raise InputError(problems)
