"""Parts of the cases that may follow rules of their own: conditions in SQL, made without a look at the target."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

_SHARES = (0.3, 0.7)  # of the cases: smaller parts are too small to learn from, larger ones are the whole
_MOST = 12
_FEW_CASES = 300


def conditions_on(cases: pd.DataFrame, kinds: Mapping[str, str]) -> list[str]:
    """Conditions on single columns that hold for a fair share of the cases; none where there are too few cases.

    Parameters
    ----------
    cases : DataFrame of development cases
    kinds : column -> kind
    """
    if len(cases) < _FEW_CASES:
        return []
    made = {
        "category": _of_categories,
        "boolean": lambda name, column: [(f"{_quoted(name)} = true", column == 1)],
        "numeric": lambda name, column: [(f"{_quoted(name)} > {column.median():g}", column > float(f"{column.median():g}"))],
    }
    found = [
        condition
        for name, kind in kinds.items()
        if kind in made and cases[name].notna().any()
        for condition, holds in made[kind](name, cases[name])
        if _SHARES[0] <= holds.mean() <= _SHARES[1]
    ]
    return found[:_MOST]


def _of_categories(name: str, column: pd.Series) -> list[tuple[str, pd.Series]]:
    values = column.astype("str")
    return [(f"{_quoted(name)} = {_text(value)}", values == value) for value in values[column.notna()].mode()[:1]]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
