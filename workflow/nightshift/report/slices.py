"""Where the champion is wrong: its AUC among the cases that share a category, a truth value or a third of a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from nightshift.data.development import Development
from nightshift.metrics import auc_interval, cross_validated
from nightshift.views.base import RawData

_FEWEST = 40
_FEWEST_OF_A_CLASS = 10
_MOST_VALUES = 30
_FEW_VALUES = 5  # of a number, that are not cut into thirds


def slices(
    raw: RawData, scores: np.ndarray, development: Development, best: np.ndarray | None = None
) -> dict[str, Any]:
    """Measure the champion slice by slice, out of fold.

    Parameters
    ----------
    raw : RawData of the development cases
    scores : float array (n_cases, repeats), calibrated logits out of fold
    development : Development
    best : bool array (n_cases,), optional
        Cases that would be called: adds `called` (their share of the slice) and `reached` (of its positives).

    Returns
    -------
    dict : `rows` (`column`, `value`, `cases`, `observed`, `predicted`, `auc`, `low`, `high`; worst first) and
        `left_out`, the number of slices too small to say anything
    """
    rows, left_out = [], 0
    for column, value, inside in _every(raw):
        row = _measured(inside, scores, development)
        if row is None:
            left_out += 1
        else:
            more = {} if best is None else _called(inside & np.isfinite(scores).all(axis=1), best, development.y)
            rows.append({"column": column, "value": value, **row, **more})
    return {"rows": sorted(rows, key=lambda row: row["auc"]), "left_out": left_out}


def _called(inside: np.ndarray, best: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {"called": float(best[inside].mean()), "reached": float(best[inside & (y == 1)].mean())}


def _every(raw: RawData) -> Iterator[tuple[str, str, np.ndarray]]:
    """Column, value and bool array (n_cases,) of every slice."""
    for column, kind in raw.kinds.items():
        values = raw.cases[column]
        if kind == "numeric":
            yield from _of_numbers(column, values.astype("float64"))
        elif kind in ("category", "boolean"):
            for value in values.value_counts().index[:_MOST_VALUES]:
                yield column, str(value), (values == value).fillna(False).to_numpy(dtype=bool)
        if kind in ("numeric", "category", "boolean") and values.isna().any():
            yield column, "(missing)", values.isna().to_numpy()
    if len(raw.turns):
        heard = raw.cases["case_id"].isin(raw.turns["case_id"]).to_numpy()
        if not heard.all():
            yield "transcript", "there", heard
            yield "transcript", "none", ~heard


def _of_numbers(column: str, values: pd.Series) -> Iterator[tuple[str, str, np.ndarray]]:
    """A few values (0 and 1, number of children) are slices of their own: thirds would put most of them together."""
    known = values[np.isfinite(values)]
    if known.nunique() < 2:
        return
    if known.nunique() <= _FEW_VALUES:
        for value in np.sort(known.unique()):
            yield column, f"{value:.10g}", (values == value).to_numpy(dtype=bool)
        return
    low, high = (float(edge) for edge in known.quantile([1 / 3, 2 / 3]))
    parts = [(f"up to {low:.4g}", values <= low), (f"above {high:.4g}", values > high)]
    if low < high:
        parts.insert(1, (f"above {low:.4g}, up to {high:.4g}", (values > low) & (values <= high)))
    for name, inside in parts:
        yield column, name, inside.fillna(False).to_numpy(dtype=bool)


def _measured(inside: np.ndarray, scores: np.ndarray, development: Development) -> dict[str, Any] | None:
    """AUC within folds; folds in which the slice holds one class only say nothing. None: the slice is too small."""
    y, folds = development.y, development.folds
    of = np.where(inside[:, None] & np.isfinite(scores), folds.assignment, -1)
    for repeat in range(of.shape[1]):
        for fold in np.unique(of[:, repeat]):
            if fold >= 0 and len(np.unique(y[of[:, repeat] == fold])) < 2:
                of[of[:, repeat] == fold, repeat] = -1
    rows = (of >= 0).all(axis=1)
    if rows.sum() < _FEWEST or min(np.bincount(y[rows], minlength=2)) < _FEWEST_OF_A_CLASS:
        return None
    auc = cross_validated("roc_auc", y, scores, of)
    low, high = auc_interval(auc.value, auc.error(folds.groups))
    return {
        "cases": int(rows.sum()),
        "observed": float(y[rows].mean()),
        "predicted": float(expit(scores[rows].mean(axis=1)).mean()),
        "auc": float(auc.value),
        "low": low,
        "high": high,
    }
