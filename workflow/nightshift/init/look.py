"""What the user's files hold, before anybody has said what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import dates, decimals, encodings, folders, tables
from nightshift.data.schema import DATETIME, kind_of
from nightshift.errors import InputError, Problem

# Tried in this order on a file that is not UTF-8: what Excel writes in the west, in the middle of Europe, and anything.
ENCODINGS = ("cp1252", "cp1250", "latin-1")
_SAMPLE = 2000


@dataclass(frozen=True)
class Seen:
    """The files as they stand.

    Attributes
    ----------
    cases : path as it goes into the configuration
    table : the cases, as text
    transcripts : path as it goes into the configuration, or None
    turns : table of turns as text, where transcripts is a file
    files : paths within the folder, where it is one
    encoding : of what is not UTF-8, or None
    """

    cases: str
    table: pa.Table
    transcripts: str | None = None
    turns: pa.Table | None = None
    files: list[Path] = field(default_factory=list)
    encoding: str | None = None

    def column(self, name: str) -> pa.Array:
        return tables.column(self.table, name)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Column of the cases to its kind, as `ingest` will find it."""
        table = decimals.with_points(self.table, ()) if self.decimal else self.table
        return {name: kind_of(text, dates.guess_format(text)[0]) for name, text in _columns(table)}

    @cached_property
    def decimal(self) -> str | None:
        """',' where a column writes its numbers with decimal commas."""
        return "," if self.comma_columns else None

    @cached_property
    def comma_columns(self) -> list[str]:
        return [name for name, text in _columns(self.table) if decimals.writes_commas(text)]

    @property
    def dates(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind == DATETIME]

    def named(self, column: str) -> float:
        """Share of the transcripts that name a case by its value in this column; 0 without transcripts."""
        values = set(self.column(column).drop_null().to_pylist())
        if self.files:
            forms = {value: value for value in values}
            sample = self.files[:: max(1, len(self.files) // _SAMPLE)]
            return sum(folders.name_of_call(file, forms)[0] in values for file in sample) / len(sample)
        if self.turns is None:
            return 0.0
        return max(overlap(text, values) for _, text in _columns(self.turns))


def look(cases: str, transcripts: str | None = None, encoding: str | None = None) -> Seen:
    """Read the files.

    Raises
    ------
    InputError
        What cannot be read, of both.
    """
    problems: list[Problem] = []
    table, used = _table(cases, encoding, problems)
    turns, files = None, []
    if transcripts and Path(transcripts).is_dir():
        files = [file.relative_to(transcripts) for file in folders.list_files(Path(transcripts))[0]]
        used = used or encoding or _encoding_of(Path(transcripts, file) for file in files)
        if not files:
            remedy = "name a folder with .vtt, .srt, .txt or .json files, or a table of turns"
            problems.append(Problem("no transcript in this folder", remedy, transcripts))
    elif transcripts:
        turns, also = _table(transcripts, encoding, problems)
        used = used or also
    if problems:
        raise InputError(problems)
    return Seen(cases, table, transcripts, turns, files, used)


def overlap(text: pa.Array, values: set[str]) -> float:
    """Share of the distinct values of a column that are among `values`."""
    distinct = pc.unique(text.drop_null())
    if len(distinct) == 0 or not values:
        return 0.0
    return pc.mean(pc.is_in(distinct, pa.array(list(values), distinct.type))).as_py()


def _table(name: str, encoding: str | None, problems: list[Problem]) -> tuple[pa.Table | None, str | None]:
    path = Path(name)
    used = encoding
    if used is None and path.is_file() and path.suffix.lower() in encodings.TEXTS:
        used = _encoding_of([path])
    try:
        return tables.read_table(path, name, used), used
    except InputError as error:
        problems += error.problems
        return None, used


def _encoding_of(paths: Iterable[Path]) -> str | None:
    """The encoding of the first file that is not UTF-8, or None."""
    for path in paths:
        content = path.read_bytes()
        for encoding in (None, *ENCODINGS):
            try:
                encodings.decoded(content, encoding)
            except UnicodeError:
                continue
            if encoding:
                return encoding
            break
    return None


def _columns(table: pa.Table) -> Iterable[tuple[str, pa.Array]]:
    return ((name, tables.column(table, name)) for name in table.column_names)
