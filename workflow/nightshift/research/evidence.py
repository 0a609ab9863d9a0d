"""What is true of a champion, in lines: slices, importances, learning curve, wrong cases, any SQL query."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from nightshift.data.development import Development
from nightshift.report.diagnosis import open_up
from nightshift.report.importance import importance
from nightshift.report.slices import slices
from nightshift.research.learning import learning_curve
from nightshift.sandbox import cases_table, select, turns_table
from nightshift.views.base import RawData

_MOST_SLICES = 25
_MOST_COLUMNS = 15
_MOST_ROWS = 50
_LONGEST_CELL = 300


def slice_lines(raw: RawData, scores: np.ndarray, development: Development, values: bool) -> str:
    """Slices, the worst first. Without `values` they are numbered within their column instead of named."""
    found = slices(raw, scores, development)
    rows = found["rows"] if values else _numbered(found["rows"])
    lines = [
        f"{row['column']} = {row['value']}: AUC {row['auc']:.3f} ({row['low']:.3f} to {row['high']:.3f}), {row['cases']} cases, "
        f"observed {row['observed']:.2f}, predicted {row['predicted']:.2f}"
        for row in rows[:_MOST_SLICES]
    ]
    return "\n".join([*lines, f"({found['left_out']} slices are too small to say anything)"])


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_size = sorted(rows, key=lambda row: (row["column"], -row["cases"], row["value"]))
    names = {
        (row["column"], row["value"]): f"part {number}"
        for _, group in groupby(by_size, key=lambda row: row["column"])
        for number, row in enumerate(group, 1)
    }
    return [{**row, "value": names[row["column"], row["value"]]} for row in rows]


def importance_lines(champion: str, development: Development, seed: int) -> str:
    """Loss of AUC when sources, views and columns are shuffled."""
    found = importance(open_up(champion, development, seed))
    parts = [("sources", found["sources"]), ("views", found["views"]), ("columns", found["columns"][:_MOST_COLUMNS])]
    return "\n".join(
        f"{title}: " + ", ".join(f"{row['name']} {row['drop']:+.4f} (+- {row['se']:.4f})" for row in rows)
        for title, rows in parts
        if rows
    )


def learning_lines(champion: str, development: Development, seed: int) -> str:
    base, points = learning_curve(champion, development, seed)
    told = ", ".join(f"{cases} cases {auc:.3f} (+- {error:.3f})" for cases, auc, error in points)
    return f"AUC of base {base}, cross-validated on: {told}."


def most_wrong(scores: np.ndarray, y: np.ndarray, count: int) -> list[tuple[int, float]]:
    """Rows and predicted probabilities of the cases farthest from their label, worst first."""
    predicted = expit(np.where(np.isfinite(scores), scores, 0.0).mean(axis=1))
    known = np.isfinite(scores).all(axis=1)
    far = np.where(known, np.abs(predicted - y), -1.0)
    return [(int(row), float(predicted[row])) for row in np.argsort(-far, kind="stable")[:count]]


def query(sql: str, raw: RawData, development: Development, scores: np.ndarray, with_turns: bool) -> str:
    """The first rows of a SELECT in the sandbox, as text.

    Raises
    ------
    SqlRefused
        As `nightshift.sandbox.select`.
    """
    predicted = expit(scores.mean(axis=1))
    labels = pd.DataFrame({"case_id": development.case_ids.to_numpy(), "target": development.y, "predicted": predicted})
    tables: dict[str, Any] = {"cases": cases_table(raw), "labels": labels}
    if with_turns:
        tables["turns"] = turns_table(raw)
    found = select(sql, tables)
    head = found.head(_MOST_ROWS).map(lambda cell: cell[:_LONGEST_CELL] if isinstance(cell, str) else cell)
    more = f"\n({len(found) - _MOST_ROWS} more rows)" if len(found) > _MOST_ROWS else ""
    return head.to_csv(index=False, sep="|", float_format="%.4g") + more
