"""Read JSON lines: by DuckDB when all is well, line by line only to say where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from nightshift.data import values
from nightshift.errors import InputError, Problem

MOST_LISTED = 5


class TwinKeysError(ValueError):
    """Two equal keys in one object."""


def read_json_lines(path: Path, name: str) -> pa.Table:
    """One JSON object a line; the columns are all keys in order of appearance.

    Returns
    -------
    pyarrow.Table
        All columns large_string: strings as they are, numbers by their digits, nested values as JSON.

    Raises
    ------
    InputError
        Broken lines with their numbers; no row at all.
    """
    try:
        table = _read_by_duckdb(path)
    except (duckdb.Error, UnicodeError):
        table = None
    if table is None:
        table = _read_line_by_line(path, name)
    if table.num_columns == 0 or table.num_rows == 0:
        raise InputError([Problem("there is no row", "write one JSON object a line", name)])
    return table


def _read_by_duckdb(path: Path) -> pa.Table | None:
    """None when a line is no object or a key is twice in one: duckdb would take it without a word."""
    with duckdb.connect() as connection:
        # DuckDB would expand wildcards in the path: such names go the slow way.
        if any(sign in str(path) for sign in "*?["):
            return None
        source = "read_ndjson_objects($path, format='newline_delimited', maximum_object_size=2000000000)"
        rows = (
            f"SELECT json_keys(json) AS keys, json_type(json) AS type, row_number() OVER () AS row FROM {source} "
            "WHERE json IS NOT NULL"
        )
        shapes = connection.execute(
            f"SELECT keys, type FROM ({rows}) GROUP BY keys, type ORDER BY min(row)", {"path": str(path)}
        ).fetchall()
        if any(kind != "OBJECT" or len(set(keys)) < len(keys) for keys, kind in shapes):
            return None
        keys = list(dict.fromkeys(key for shape, _ in shapes for key in shape))
        pointers = ["/" + key.replace("~", "~0").replace("/", "~1") for key in keys]
        picked = ", ".join(f"cells[{i}] AS c{i}" for i in range(1, len(keys) + 1))
        if not keys:
            return pa.table({})
        table = connection.sql(
            f"SELECT {picked} FROM (SELECT json_extract_string(json, $pointers) AS cells FROM {source} "
            "WHERE json IS NOT NULL)",
            params={"path": str(path), "pointers": pointers},
        ).to_arrow_table()
    return pa.Table.from_arrays([values.text_of_arrow(column) for column in table.columns], names=keys)


def _read_line_by_line(path: Path, name: str) -> pa.Table:
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    with open(path, "rb") as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip():
                continue
            try:
                rows.append(_object_of(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line))
            except (ValueError, RecursionError) as error:
                problems.append(_problem_of(error, name, number))
    if problems:
        more = len(problems) - MOST_LISTED
        rest = [Problem(f"{more} more lines are broken", problems[0].remedy, name)] if more > 0 else []
        raise InputError(problems[:MOST_LISTED] + rest)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    columns = [pa.array([values.text_of_value(row.get(key)) for row in rows], values.TEXT) for key in keys]
    return pa.Table.from_arrays(columns, names=keys)


def _object_of(line: bytes) -> dict[str, Any]:
    row = json.loads(line.decode("utf-8"), object_pairs_hook=without_twins, parse_int=str, parse_float=str)
    if not isinstance(row, dict):
        raise ValueError("not a JSON object in braces")
    return row


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; Python's own reader would take the last of two equal keys without a word."""
    row = {values.clean(key): value for key, value in pairs}
    if len(row) < len(pairs):
        raise TwinKeysError("a key stands twice in one object")
    return row


def _problem_of(error: Exception, name: str, line: int) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        return Problem("the file is not UTF-8", "save it as UTF-8", name, row=line)
    what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return Problem(f"broken JSON ({what})", "write one JSON object a line, or remove the line", name, row=line)
