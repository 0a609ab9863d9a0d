"""How the champion treats the groups of the columns that `report.fairness` names, on development cases out of fold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from nightshift.config import Data
from nightshift.data import tables
from nightshift.data.development import Development
from nightshift.data.prepare import prepare
from nightshift.data.schema import CASE_ID, apply_schema, infer_schema
from nightshift.report.slices import slices
from nightshift.views.base import RawData

CALLED = 0.2  # share of cases, best first, that a team is taken to call


def read_columns(path: str | Path, data: Data, columns: list[str], case_ids: pd.Series) -> RawData:
    """The columns of the user's file for some cases, in their order; read again, since they may be in data.drop."""
    table = prepare(tables.read_table(path, data.cases, data.encoding), data, data.cases).table
    schema, _ = infer_schema(table, columns)
    frame, _ = apply_schema(table, schema, data.cases)
    frame.index = pd.Index(pc.cast(tables.column(table, data.id), "string").to_pylist())
    frame = frame.reindex(case_ids).reset_index(drop=True)
    names = {name: schema.source(name) for name in schema.features}
    kinds = {names[name]: kind for name, kind in schema.features.items()}
    frame = frame.rename(columns=names)
    frame.insert(0, CASE_ID, case_ids.to_numpy())
    no_turns = pd.DataFrame({CASE_ID: pd.Series(dtype="str")})
    return RawData(frame, no_turns, kinds)


def compare_groups(raw: RawData, scores: np.ndarray, development: Development) -> dict[str, Any]:
    """Measure each group of each column.

    Parameters
    ----------
    raw : RawData whose columns are compared
    scores : float array (n_cases, repeats), calibrated logits out of fold; NaN where a case is never predicted
    development : Development

    Returns
    -------
    dict : as `nightshift.report.slices.slices`; each of `rows`, in the order of columns and values, has `called` too, the
        share of the group among the best fifth of all cases, and `reached`, the share of its positives there
    """
    known = np.isfinite(scores).all(axis=1)
    mean = np.where(known, scores.mean(axis=1), np.nan)
    best = known & (mean >= np.quantile(mean[known], 1 - CALLED))
    found = slices(raw, scores, development, best)
    order = list(raw.kinds)
    return {**found, "rows": sorted(found["rows"], key=lambda row: (order.index(row["column"]), row["value"]))}
