"""Cases whose outcome is known, where the target has more values than two: stages of a pipeline, open deals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.config import Data
from nightshift.data import dates, tables

PAIRS = (("0", "1"), ("false", "true"), ("no", "yes"))


def key_of(label: str) -> str:
    """One text for the spellings of one value: 1 and 1.0, Yes and YES."""
    low = label.lower()
    if low in ("0", "1", "true", "false", "yes", "no"):
        return low
    number = dates.parse_numbers(pa.array([label], pa.large_string()))[0]
    return label if np.isnan(number) else f"{number:.15g}"


def spellings(named: Any) -> list[str]:
    """Keys that a value of the configuration stands for; YAML turns a bare yes or no into true or false."""
    if isinstance(named, bool):
        return [pair[int(named)] for pair in PAIRS]
    return [key_of(str(named).strip())]


def keys_of(named: Any) -> list[str]:
    """Keys of one value or of a list of values of the configuration."""
    return [key for one in (named if isinstance(named, list | tuple) else [named]) for key in spellings(one)]


def decided(table: pa.Table, data: Data) -> tuple[np.ndarray, str | None]:
    """Rows whose outcome is one of data.positive and data.negative.

    Returns
    -------
    (int array of row numbers, str or None)
        All rows where data.negative is not set; a warning counts what is left out and names its values.
    """
    everything = np.arange(table.num_rows)
    if data.negative is None or data.target not in table.column_names:
        return everything, None
    labels = pc.utf8_trim_whitespace(tables.column(table, data.target))
    found = pc.unique(labels.drop_null()).to_pylist()
    wanted = {*keys_of(data.positive), *keys_of(data.negative)}
    mine = pa.array([label for label in found if key_of(label) in wanted], labels.type)
    known = pc.fill_null(pc.is_in(labels, mine), False).to_numpy(zero_copy_only=False)
    left = int((~known).sum())
    if left == 0:
        return everything, None
    others = _shown(label for label in found if key_of(label) not in wanted)
    which = f"{data.target!r} is {others}" if others else f"{data.target!r} is blank"
    return np.flatnonzero(known), f"{left} rows have no outcome yet ({which}); left out, with their turns"


def _shown(labels: Iterable[str]) -> str:
    listed = sorted(labels)
    return ", ".join(map(repr, listed[:4])) + (", ..." if len(listed) > 4 else "")
