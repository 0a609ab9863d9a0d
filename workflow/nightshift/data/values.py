"""Single values as text: the one form in which all formats of tables agree."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.large_string()
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Half characters (lone surrogates) cannot be written as UTF-8: replaced."""
    return _SURROGATES.sub("\ufffd", text)


def text_of_value(value: Any) -> str | None:
    """One Python value as text; None for missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else str(int(value)) if float(value).is_integer() else repr(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list | tuple):
        return clean(json.dumps(value, ensure_ascii=False, default=str))
    if isinstance(value, datetime.date):
        return str(value)
    return clean(str(value))


def text_of_series(series: pd.Series) -> pa.Array:
    """A column of a data frame as large_string."""
    try:
        return text_of_arrow(pa.array(series, from_pandas=True))
    except (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError):
        return pa.array([text_of_value(value) for value in series.astype(object)], TEXT)


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as a single array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def text_of_arrow(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """An Arrow column of any type as large_string, one array."""
    column = one_array(column)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_floating(kind):
        return _text_of_floats(column.cast(pa.float64()) if kind == pa.float16() else column)
    simple = (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_temporal(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    )
    if simple:
        return column.cast(TEXT)
    return pa.array([text_of_value(value) for value in column.to_pylist()], TEXT)


def _text_of_floats(column: pa.Array) -> pa.Array:
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    # Whole numbers become "7", not "7.0" or "1.2e+12": a column of integers with a gap reaches us as floats.
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))
    integers = pc.if_else(whole, column, pa.scalar(None, column.type)).cast(pa.int64())
    return pc.coalesce(integers.cast(TEXT), column.cast(TEXT))


def blank_to_null(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Null where there is nothing but white space; a blank cell, "" and null are one and the same."""
    column = one_array(column)
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)
    return pc.if_else(blank, pa.scalar(None, TEXT), column)
