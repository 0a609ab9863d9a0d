"""Cases and turns as tables for SQL, each column in the type of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from nightshift.views.base import RawData

_TURNS = {
    "case_id": "text",
    "call": "text",
    "position": "integer",
    "speaker": "text",
    "text": "text",
    "start": "numeric",
    "end": "numeric",
    "time": "datetime",
}


def cases_table(data: RawData) -> pa.Table:
    """case_id and the feature columns, typed by `data.kinds`: DOUBLE, BOOLEAN, TIMESTAMP (UTC) or VARCHAR."""
    import pyarrow as pa

    columns = {name: _typed(data.cases[name], kind) for name, kind in data.kinds.items() if name in data.cases}
    return pa.table({"case_id": _typed(data.cases["case_id"], "text"), **columns})


def turns_table(data: RawData) -> pa.Table:
    """case_id, call, position, speaker, text, start and end in seconds, time of the call."""
    import pyarrow as pa

    return pa.table({name: _typed(data.turns[name], kind) for name, kind in _TURNS.items()})


def _typed(column: pd.Series, kind: str) -> pa.Array:
    """A column in the type of its kind, whatever its values: an empty one has the same type as a full one."""
    import pandas as pd
    import pyarrow as pa

    if kind == "datetime":
        return pa.array(pd.to_datetime(column, utc=True).dt.tz_localize(None), pa.timestamp("us"), from_pandas=True)
    if kind in ("category", "text"):
        return pa.array(column.astype("str"), pa.large_string(), from_pandas=True)
    numbers = pa.array(column.astype("float64"), pa.float64(), from_pandas=True)
    return numbers.cast({"numeric": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}[kind])
