"""Single values as text: the one form in which all formats of tables agree."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.large_string()
_TYPED = {b"nightshift": b"number"}  # metadata of a field
_SURROGATES = re.compile("[\ud800-\udfff]")
# Text that may be meant as a number: a digit, and no word but a currency's.
_LIKE_NUMBER = re.compile(r"(?=.*\d)(?:[\d\W]|EUR|USD|GBP|CHF|kr|zł)+", re.DOTALL)
# Digits of a typed number that are a thousand where a point stands between thousands.
_LIKE_THOUSANDS = re.compile(r"[+-]?\d{1,3}\.\d{3}")


class Digits(str):
    """A typed number, kept by the digits of its file."""


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


def text_of_cells(cells: Sequence[Any]) -> tuple[pa.Array, bool]:
    """Cells of any types as large_string, and whether the column is typed: it has numbers, and no text that may be one.

    Where both stand in one column, 1.125 is written 1.1250, which no comma rule takes for a thousand.
    """
    texts = [text_of_value(cell) for cell in cells]
    numbers = [text is not None and (isinstance(cell, Digits) or not isinstance(cell, str)) for cell, text in zip(cells, texts, strict=True)]
    mixed = any(numbers) and any(_LIKE_NUMBER.fullmatch(text) for text, number in zip(texts, numbers, strict=True) if text and not number)
    if mixed:
        texts = [
            f"{text}0" if number and _LIKE_THOUSANDS.fullmatch(text) else text for text, number in zip(texts, numbers, strict=True)
        ]
    return pa.array(texts, TEXT), any(numbers) and not mixed


def text_of_series(series: pd.Series) -> tuple[pa.Array, bool]:
    """A column of a data frame as large_string, and whether it is of typed numbers."""
    try:
        column = pa.array(series, from_pandas=True)
        return text_of_arrow(column), holds_numbers(column)
    except (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError):
        return text_of_cells(list(series.astype(object)))


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as a single array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def holds_numbers(column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether an Arrow column is of a type of numbers."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)


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


def text_table(columns: Sequence[pa.Array], names: Sequence[str], typed: Sequence[bool]) -> pa.Table:
    """A table of text that knows which of its columns were typed numbers in the source, to which no comma rule applies."""
    fields = [pa.field(name, TEXT, metadata=_TYPED if number else None) for name, number in zip(names, typed, strict=True)]
    return pa.Table.from_arrays(list(columns), schema=pa.schema(fields))


def is_typed(table: pa.Table, column: str | int) -> bool:
    """Whether `text_table` was told that a column, by name or place, was of typed numbers."""
    return dict(table.schema.field(column).metadata or {}).items() >= _TYPED.items()


def blank_to_null(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Null where there is nothing but white space; a blank cell, "" and null are one and the same."""
    column = one_array(column)
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)
    return pc.if_else(blank, pa.scalar(None, TEXT), column)
