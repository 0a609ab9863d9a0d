"""Read JSON lines: by DuckDB when all is well, line by line only to say where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import values
from nightshift.errors import InputError, Problem

MOST_LISTED = 5
_NUMBERS = ("DOUBLE", "BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT")
_POINTED = r"^[+-]?\d+\.\d"


class TwinKeysError(ValueError):
    """Two equal keys in one object."""


def read_json_lines(path: Path, name: str) -> pa.Table:
    """One JSON object a line; the columns are all keys in order of appearance.

    Returns
    -------
    pyarrow.Table
        All columns large_string: strings as they are, numbers by their digits and known as such, nested values as JSON.

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
        texts = [values.text_of_arrow(column) for column in table.columns]
        columns = [(text, False) for text in texts]
        # Types take one more reading of the file: only numbers with a point could be misread without them.
        pointed = [i for i, text in enumerate(texts) if pc.any(pc.match_substring_regex(text, _POINTED)).as_py()]
        if pointed:
            picked = ", ".join(f"kinds[{i}] AS c{i}" for i in range(1, len(pointed) + 1))
            kinds = connection.sql(
                f"SELECT {picked} FROM (SELECT json_type(json, $pointers) AS kinds FROM {source} WHERE json IS NOT NULL)",
                params={"path": str(path), "pointers": [pointers[i] for i in pointed]},
            ).to_arrow_table()
            for i, kind in zip(pointed, kinds.columns, strict=True):
                columns[i] = _with_kinds(texts[i], kind)
    return values.text_table([text for text, _ in columns], keys, [typed for _, typed in columns])


def _with_kinds(text: pa.Array, kind: pa.ChunkedArray) -> tuple[pa.Array, bool]:
    """A column as `values.text_of_cells` gives it, by the types of JSON of its cells."""
    number = pc.is_in(values.text_of_arrow(kind), pa.array(_NUMBERS, values.TEXT))
    if not pc.any(number).as_py() or pc.all(pc.or_(number, pc.is_null(text))).as_py():
        return text, bool(pc.any(number).as_py())
    cells = zip(text.to_pylist(), number.to_pylist(), strict=True)
    return values.text_of_cells([values.Digits(cell) if typed and cell is not None else cell for cell, typed in cells])


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
    columns = [values.text_of_cells([row.get(key) for row in rows]) for key in keys]
    return values.text_table([text for text, _ in columns], keys, [typed for _, typed in columns])


def _object_of(line: bytes) -> dict[str, Any]:
    row = json.loads(line.decode("utf-8"), object_pairs_hook=without_twins, parse_int=values.Digits, parse_float=values.Digits)
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
