"""Read a table in any of the four formats as text, exactly as it stands in the file.

Everything is text here, so that the same rows give the same values whatever the format; `schema` decides what they are.
"""

from __future__ import annotations

import collections
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from nightshift.data import excel, quotes, values
from nightshift.data.encodings import as_utf8
from nightshift.data.jsonlines import read_json_lines
from nightshift.errors import InputError, Problem

SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", *excel.SUFFIXES)
SEPARATORS = (",", ";", "\t", "|")
MOST_LISTED = 5
_LARGEST_BLOCK = 2**31 - 1


def read_table(
    path: str | Path, name: str | None = None, encoding: str | None = None, warnings: list[str] | None = None
) -> pa.Table:
    """Read a table as text.

    Parameters
    ----------
    path : str or Path
        A .csv, .tsv, .parquet, .jsonl or .ndjson file in UTF-8 or UTF-16, or an Excel workbook.
    name : str, optional
        What messages call the file; its path by default.
    encoding : str, optional
        Of a text file that is neither.
    warnings : list of str, optional
        Gets what may be wrong.

    Returns
    -------
    pyarrow.Table
        All columns large_string; null where a cell is blank. Names are stripped of surrounding blanks.

    Raises
    ------
    InputError
        Missing, empty, unreadable or broken file, with row or line numbers; duplicated names of columns.
    """
    path, name = Path(path), str(name or path)
    reader = _READERS.get(path.suffix.lower())
    if not path.is_file():
        what = "is a folder, not a table" if path.is_dir() else "no such file"
        raise InputError([Problem(what, _nearby(path), name)])
    if reader is None:
        raise InputError([Problem(f"unknown format {path.suffix!r}", f"save it as {', '.join(SUFFIXES)}", name)])
    if path.stat().st_size == 0:
        raise InputError([Problem("the file is empty", "export it again, with a header and at least one row", name)])
    try:
        with as_utf8(path, encoding) as readable:
            table = reader(readable, name, [] if warnings is None else warnings)
    except OSError as error:
        raise InputError([Problem(f"cannot be read ({error.strerror or error})", "check the file", name)]) from None
    return _tidy(table, name)


def table_of_frame(frame: pd.DataFrame, name: str) -> pa.Table:
    """The same as `read_table` for rows that are already in memory; raises InputError for duplicated names."""
    columns = [values.text_of_series(frame.iloc[:, i]) for i in range(frame.shape[1])]
    names = [values.clean(str(column)) for column in frame.columns]
    return _tidy(values.text_table([text for text, _ in columns], names, [typed for _, typed in columns]), name)


def column(table: pa.Table, name: str) -> pa.Array:
    """One column as a single array of large_string."""
    chunked = table.column(table.schema.get_field_index(name))
    return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)


def _tidy(table: pa.Table, name: str) -> pa.Table:
    names = [column.strip() or f"column {i}" for i, column in enumerate(table.column_names, 1)]
    twice = [column for column, count in collections.Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            [Problem("this name of a column stands more than once", "rename or delete one", name, c) for c in twice]
        )
    typed = [values.is_typed(table, i) for i in range(table.num_columns)]
    return values.text_table([values.blank_to_null(c) for c in table.columns], names, typed)


def _nearby(path: Path) -> str:
    near = sorted(p.name for p in path.parent.glob("*") if p.suffix.lower() in SUFFIXES) if path.parent.is_dir() else []
    found = f"; tables beside it: {', '.join(near[:MOST_LISTED])}" if near else ""
    return f"check the path; paths count from the project's folder{found}"


def _read_separated(path: Path, name: str, warnings: list[str]) -> pa.Table:
    head = _head(path)
    # Zero bytes in a header are every second byte of UTF-16 without its mark, or a file that is no text at all.
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head.split(b"\n")[0]:
        raise InputError([Problem("the file is UTF-16 without its mark, or no text", "save it as 'CSV UTF-8'", name)])
    # Excel's own first line that names the separator is no header.
    skip = int(head.lower().startswith(b"sep=") and len(head.splitlines()[0]) <= 6)
    separator = "\t" if path.suffix.lower() == ".tsv" else sniff_separator(head, skip)
    block = 2**24
    while True:
        try:
            table = _parse_separated(path, separator, skip, block)
            _ = table.column_names  # decoded only here: a header that is not UTF-8 fails
            table.validate(full=True)
            break
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            # A cell larger than a block; the second try takes the file as one block.
            if "straddl" in str(error) and block < _LARGEST_BLOCK:
                block = _LARGEST_BLOCK
                continue
            raise InputError(_problems_of_separated(path, name, separator, skip, str(error))) from None
    table = _checked_text(table, path, name)
    if problem := quotes.never_closed(table, path, name):
        raise InputError([problem])
    warnings += quotes.swallowed_rows(table, separator, name)
    return table


def _checked_text(table: pa.Table, path: Path, name: str) -> pa.Table:
    if all(pa.types.is_large_string(c.type) for c in table.columns):
        return table
    raise InputError([_encoding_problem(path, name)])


def _parse_separated(path: Path, separator: str, skip: int, block: int, on_ragged=None) -> pa.Table:
    size = min(block, max(path.stat().st_size + 1, 2**12))
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(skip_rows=skip, block_size=size, use_threads=on_ragged is None),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, invalid_row_handler=on_ragged
        ),
        convert_options=pyarrow.csv.ConvertOptions(default_column_type=pa.large_string()),
    )


def sniff_separator(head: bytes, skip: int = 0) -> str:
    """The separator that splits the first line (`head` after `skip` lines) most often, quoted parts aside."""
    lines = head.splitlines()
    first = lines[skip] if len(lines) > skip else b""
    outside = b"".join(first.split(b'"')[::2])
    counts = [outside.count(s.encode()) for s in SEPARATORS]
    return SEPARATORS[int(np.argmax(counts))]


def _head(path: Path, size: int = 2**16) -> bytes:
    with open(path, "rb") as handle:
        return handle.read(size)


def _problems_of_separated(path: Path, name: str, separator: str, skip: int, error: str) -> list[Problem]:
    encoding = _encoding_problem(path, name)
    if encoding:
        return [encoding]
    if "Empty CSV" in error:
        return [Problem("there is no header and no row", "export it again, with a header", name)]
    ragged: list[tuple[int, int, int]] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append((row.number, row.actual_columns, row.expected_columns))
        return "skip"

    try:
        _parse_separated(path, separator, skip, _LARGEST_BLOCK, note)
    except pa.ArrowInvalid as other:
        error = str(other)
    remedy = f"mend the row; a cell that holds {separator!r} or a line break must stand in double quotes"
    problems = [
        Problem(f"{found} cells where the header has {expected}", remedy, name, row=number - 1 - skip)
        for number, found, expected in ragged[:MOST_LISTED]
    ]
    if len(ragged) > MOST_LISTED:
        more = len(ragged) - MOST_LISTED
        problems.append(Problem(f"{more} more rows have a wrong number of cells", remedy, name))
    return problems or [Problem(f"cannot be read as a table ({error[:200]})", "export it again as CSV UTF-8", name)]


def _encoding_problem(path: Path, name: str) -> Problem | None:
    content = path.read_bytes()
    try:
        content.decode("utf-8")
        return None
    except UnicodeDecodeError as error:
        before = np.frombuffer(content[: error.start], dtype=np.uint8)
        # A line break inside quotes is not the end of a row.
        row = int(((before == ord("\n")) & (np.cumsum(before == ord('"')) % 2 == 0)).sum())
        what = f"the file is not UTF-8 (byte 0x{content[error.start]:02x})"
        remedy = "save it as 'CSV UTF-8' (in Excel: Save as, CSV UTF-8), or name its encoding in data.encoding"
        return Problem(what, remedy, name, row=row or None)


def _read_parquet(path: Path, name: str, warnings: list[str]) -> pa.Table:
    try:
        table = pyarrow.parquet.ParquetFile(path).read()
        kept = [i for i, column in enumerate(table.column_names) if not column.startswith("__index_level_")]
        columns = [values.text_of_arrow(table.column(i)) for i in kept]
        typed = [values.holds_numbers(table.column(i)) for i in kept]
        return values.text_table(columns, [table.column_names[i] for i in kept], typed)
    except (pa.ArrowException, OSError, ValueError) as error:
        what = f"not a Parquet file that can be read ({str(error).splitlines()[0][:120]})"
        raise InputError([Problem(what, "export it again, or save it as .csv", name)]) from None


def _read_json_lines(path: Path, name: str, warnings: list[str]) -> pa.Table:
    try:
        return read_json_lines(path, name)
    except duckdb.Error as error:
        raise InputError([Problem(f"cannot be read ({str(error)[:200]})", "export it again", name)]) from None


_READERS = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".parquet": _read_parquet,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    **dict.fromkeys(excel.SUFFIXES, lambda path, name, _: excel.read_excel(path, name)),
}
