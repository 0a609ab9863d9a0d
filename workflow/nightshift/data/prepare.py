"""What is done to the rows of the cases before anything is made of them: the same at ingest and for new rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.config import Data
from nightshift.data import cells, decimals, outcomes, tables


@dataclass(frozen=True)
class Prepared:
    """Rows of the cases, made plain.

    Attributes
    ----------
    table : pyarrow.Table of text
        Without the transcript columns; numbers with a decimal point.
    rows : int array
        Row in the file, from 0, of each row of the table.
    spoken : pyarrow.Table of turns or None
        From data.transcript_columns.
    left_out : set of str
        Ids of the rows that are left out because their outcome is not known yet.
    warnings : list of str
    """

    table: pa.Table
    rows: np.ndarray
    spoken: pa.Table | None
    left_out: frozenset[str]
    warnings: list[str]


def prepare(table: pa.Table, data: Data, name: str, labelled: bool = True) -> Prepared:
    """Make raw rows plain, as the configuration says.

    Parameters
    ----------
    table : pyarrow.Table of text
    data : Data
    name : str
        What messages call the table.
    labelled : bool
        False for new rows, whose outcome does not matter.
    """
    rows, warning, left_out = np.arange(table.num_rows), None, frozenset()
    if labelled:
        rows, warning = outcomes.decided(table, data)
    if warning:
        left_out = frozenset(_ids(table, data.id)) - frozenset(_ids(table.take(pa.array(rows)), data.id))
        table = table.take(pa.array(rows))
    spoken, columns = None, [column for column in data.transcript_columns if column in table.column_names]
    if columns and data.id in table.column_names:
        texts = {column: tables.column(table, column).to_pylist() for column in columns}
        spoken = cells.turns_of_columns(tables.column(table, data.id).to_pylist(), texts)
        table = table.drop_columns(columns)
    if data.decimal == ",":
        table = decimals.with_points(table, {data.id, data.target, data.group})  # names and labels, never numbers
    return Prepared(table, rows, spoken, left_out, [f"{name}: {warning}"] if warning else [])


def _ids(table: pa.Table, column: str) -> list[str]:
    return pc.unique(tables.column(table, column).drop_null()).to_pylist() if column in table.column_names else []
