"""Excel workbooks: the sheet that holds the rows, as text."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from nightshift.data import values
from nightshift.errors import InputError, Problem

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_BROKEN = "#"


def read_excel(path: Path, name: str) -> pa.Table:
    """The first sheet that holds anything; its first row that does is the header.

    Returns
    -------
    pyarrow.Table
        All columns large_string, numbers known as such; whole numbers as 7, days as 2024-05-31, errors such as #N/A as missing.

    Raises
    ------
    InputError
        No workbook, or nothing in it.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = (workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False) for sheet in workbook.sheet_names)
        rows = next((rows for sheet in sheets if (rows := _filled(sheet))), [])
    except (CalamineError, OSError, ValueError) as error:
        what = f"not a workbook that can be read ({str(error)[:120]})"
        raise InputError([Problem(what, "open and save it in Excel again, or save it as 'CSV UTF-8'", name)]) from None
    if not rows:
        raise InputError([Problem("no sheet holds a header and rows", "export it again", name)])
    header, *body = rows
    used = [i for i in range(len(header)) if any(_cell(row[i]) is not None for row in rows)]
    columns = [values.text_of_cells([None if _cell(row[i]) is None else _plain(row[i]) for row in body]) for i in used]
    return values.text_table([text for text, _ in columns], [_cell(header[i]) or "" for i in used], [typed for _, typed in columns])


def _filled(sheet: list[list[Any]]) -> list[list[Any]]:
    """Rows from the header on, without those that are all blank: people leave such below and above a table."""
    return [row for row in sheet if any(_cell(cell) is not None for cell in row)]


def _plain(value: Any) -> Any:
    """A moment at midnight is a day."""
    return value.date() if isinstance(value, datetime.datetime) and value.time() == datetime.time() else value


def _cell(value: Any) -> str | None:
    text = values.text_of_value(_plain(value))
    return None if text is None or not text.strip() or (text.startswith(_BROKEN) and text[1:2].isupper()) else text
