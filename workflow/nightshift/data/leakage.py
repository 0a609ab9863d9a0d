"""Columns that look too good to be known before the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from nightshift.data.schema import BOOLEAN, CATEGORY, DATETIME, NUMERIC, Schema

SUSPICIOUS_AUC = 0.95
_FOLDS = 5
_SMOOTHING = 5.0
_DISTINCT = 0.98
# In fewer cases a column is all distinct, or an AUC extreme, by chance.
_FEWEST = 20


def leakage_warnings(
    cases: pd.DataFrame, target: np.ndarray | pd.Series, schema: Schema, time: pd.Series | None = None
) -> list[str]:
    """Say which columns probably know the outcome or only name the case.

    Parameters
    ----------
    cases : DataFrame
        Development cases only (the caller's duty), as `Ingested.cases`.
    target : array of shape (cases,)
        0 and 1.
    schema : Schema
    time : Series of datetime64, optional
        When each prediction is made; aligned by position.

    Returns
    -------
    list of str
        At most one warning of each kind a column; empty for fewer than 20 cases.
    """
    suspects = leakage_suspects(cases, target, schema, time)
    return [f"column {column!r} {text}" for column, texts in suspects.items() for text in texts]


def leakage_suspects(
    cases: pd.DataFrame, target: np.ndarray | pd.Series, schema: Schema, time: pd.Series | None = None
) -> dict[str, list[str]]:
    """The same by column, with what is suspicious about each."""
    y = np.asarray(target).astype(np.int8)
    if len(y) < _FEWEST or y.min() == y.max():
        return {}
    found = {
        column: _suspicions(cases[column], kind, y, time)
        for column, kind in schema.features.items()
        if column in cases
    }
    return {column: texts for column, texts in found.items() if texts}


def _suspicions(values: pd.Series, kind: str, y: np.ndarray, time: pd.Series | None) -> list[str]:
    found = []
    alone = _auc_alone(values, kind, y)
    if alone > SUSPICIOUS_AUC:
        found.append(
            f"alone gives an AUC of {alone:.3f}: is it known only after the outcome? If so, add it to data.drop"
        )
    if _is_id_like(values, kind):
        found.append("looks like an id (a new value in each row): add it to data.drop")
    late = _share_later(values, time) if kind == DATETIME and time is not None else 0.0
    if late > 0.5:
        found.append(
            f"is later than data.time in {late:.0%} of the cases: "
            "if it is not known at the prediction, add it to data.drop"
        )
    return found


def auc(scores: np.ndarray, y: np.ndarray) -> float:
    """Area under the ROC curve by ranks; ties count half."""
    positives = int(y.sum())
    ranks = rankdata(scores)[y == 1].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(y) - positives)))


def _auc_alone(values: pd.Series, kind: str, y: np.ndarray) -> float:
    """AUC of the column by itself, turned to be at least 0.5; being filled in at all counts as a value."""
    missing = values.isna().to_numpy()
    found = [auc(missing.astype(float), y)]
    if kind == CATEGORY:
        # By construction upwards: below 0.5 it is chance.
        found.append(max(0.5, auc(_out_of_fold_means(values, y), y)))
    elif kind in (NUMERIC, BOOLEAN, DATETIME):
        numbers = values.to_numpy().astype("datetime64[us]").astype(float) if kind == DATETIME else values.to_numpy()
        found += [auc(np.where(missing, edge, numbers), y) for edge in (-np.inf, np.inf)]
    return max(max(area, 1 - area) for area in found)


def _out_of_fold_means(values: pd.Series, y: np.ndarray) -> np.ndarray:
    """Mean target of each category over the other folds, drawn towards the overall mean.

    A category that stands in one fold only gets the overall mean, so that a column of names is worth 0.5 and no more.
    """
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    # Folds with equal shares of the classes: otherwise a fold's base rate shows through the means of the others.
    order = np.random.default_rng(0).permutation(len(y))
    fold = np.empty(len(y), dtype=np.int64)
    for value in (0, 1):
        rows = order[y[order] == value]
        fold[rows] = np.arange(len(rows)) % _FOLDS
    size = codes.max() + 1
    cell = fold * size + codes
    count = np.bincount(cell, minlength=_FOLDS * size).reshape(_FOLDS, size)
    hits = np.bincount(cell, weights=y, minlength=_FOLDS * size).reshape(_FOLDS, size)
    others = (count.sum(axis=0) - count)[fold, codes]
    their_hits = (hits.sum(axis=0) - hits)[fold, codes]
    return (their_hits + _SMOOTHING * y.mean()) / (others + _SMOOTHING)


def _is_id_like(values: pd.Series, kind: str) -> bool:
    present = values.dropna()
    if len(present) < _FEWEST or len(present) < _DISTINCT * len(values):
        return False
    if kind == CATEGORY:
        return present.nunique() >= _DISTINCT * len(present)
    if kind == NUMERIC:
        numbers = present.to_numpy()
        steps = np.diff(numbers)
        return bool((numbers == np.floor(numbers)).all() and ((steps > 0).all() or (steps < 0).all()))
    return False


def _share_later(values: pd.Series, time: pd.Series) -> float:
    moments, limits = values.to_numpy(), pd.Series(time).to_numpy()
    both = ~(np.isnat(moments) | np.isnat(limits))
    return float((moments[both] > limits[both]).mean()) if both.any() else 0.0
