"""Double quotes of a CSV file that open and never close: they swallow the rows below, and no parser says so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import values
from nightshift.errors import Problem

_EXAMPLES = 3
_BREAK = r"[\r\n]"


def never_closed(table: pa.Table, path: Path, name: str) -> Problem | None:
    """The problem of a quote that opens and is still open at the end of the file.

    Parameters
    ----------
    table : pyarrow.Table of large_string, as parsed
    path : Path
        The file that it was parsed from.
    name : str
        What messages call it.
    """
    if table.num_rows == 0 or table.num_columns == 0:
        return None
    column = table.column(table.num_columns - 1)
    last = column[len(column) - 1].as_py() or ""
    if not last.strip():
        return None  # nothing is lost
    # Parsed, an open cell looks like any other; in the file nothing follows it, not even the quote that ends it.
    raw = b'"' + last.replace('"', '""').encode()
    with open(path, "rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - len(raw) - 1))
        end = handle.read()
    before = end[: -len(raw)]
    if not end.endswith(raw) or before == b'"':
        return None
    swallowed = len(last.splitlines()) - 1
    what = "a double quote opens a cell here and is never closed"
    if swallowed > 0:
        what += f"; the cell swallows the {swallowed} lines below it"
    remedy = f"close the quote after {last.splitlines()[0][:40]!r}, or write \"\" for a quote in a text"
    return Problem(what, remedy, name, table.column_names[-1], table.num_rows)


def swallowed_rows(table: pa.Table, separator: str, name: str) -> list[str]:
    """A warning of cells with lines in them that look like rows: a quote is missing, and a later one closes the cell."""
    cells = table.num_columns - 1
    if cells == 0:
        return []
    found: list[tuple[int, str, str]] = []
    for place, (column, chunked) in enumerate(zip(table.column_names, table.columns, strict=True)):
        text = values.one_array(chunked)
        broken = pc.fill_null(pc.match_substring_regex(text, _BREAK), False)
        if not pc.any(broken).as_py():
            continue
        for row in pc.indices_nonzero(broken).to_pylist():
            first, *lines = [line for line in text[row].as_py().splitlines() if line] or [""]
            alike = [line for line in lines if line.count(separator) == cells]
            # A letter of two columns has lines with one comma too: there only if all are like that.
            if alike and (cells > 1 or len(alike) == len(lines)):
                found.append((row + 1, column, alike[0]))
            elif _holds_the_rest(first, separator, cells - place):
                found.append((row + 1, column, first))
    if not found:
        return []
    shown = "; ".join(f"row {row}, column {column!r}: {line[:40]!r}" for row, column, line in sorted(found)[:_EXAMPLES])
    one = len(found) == 1
    return [
        f"{name}: {'1 cell holds' if one else f'{len(found)} cells hold'} lines that look like rows of their own ({shown}); "
        "if they are rows, a double quote before them is not closed: close it, or write \"\" for a quote in a text"
    ]


def _holds_the_rest(line: str, separator: str, cells: int) -> bool:
    """Whether a cell's first line goes on with the cells behind it, their quotes included."""
    return cells > 0 and line.count(separator) == cells and (f'{separator}"' in line or f'"{separator}' in line)
