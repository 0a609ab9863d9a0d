"""Turns from one table or from a folder of transcripts, with the names of their columns made ours."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import cells as cells_of
from nightshift.data import dates, folders, tables
from nightshift.data.schema import answers_of
from nightshift.errors import InputError, Problem

COLUMNS = tuple(folders.ALIASES)
# Numbers as the time of a call are seconds since 1970, or milliseconds; smaller ones are offsets in the call.
EPOCH, EPOCH_MS, OFFSET = "epoch", "epoch_ms", "offset"
_FIRST_EPOCH, _FIRST_EPOCH_MS = 1e8, 1e11
TIME_FORM = "time_form"


def read_turns(
    path: str | Path,
    name: str,
    id_column: str,
    known: Collection[str] = (),
    form: str | None = None,
    named: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """All turns as they stand, in file order.

    Parameters
    ----------
    path : str or Path
        A table of turns, or a folder of transcripts named by case.
    name : str
        What messages call it.
    id_column : str
        data.id, another name that the case may have here.
    known : collection of str
        Ids of the cases, to read names such as `a__b.vtt`.
    form : str, optional
        How times are written, as found in earlier turns (`attrs["time_form"]`); guessed by default.
    named : mapping of our names of columns to theirs, optional
        data.turn_columns.
    encoding : str, optional
        Of text files that are neither UTF-8 nor UTF-16.

    Returns
    -------
    (DataFrame, list of str)
        Columns `COLUMNS`: case_id, call, speaker, text str (NaN where blank), position, start, end float64 (NaN),
        time datetime64[us] (NaT); `attrs["time_form"]` says how times are written. Warnings.

    Raises
    ------
    InputError
        Every unreadable file, every missing column; times of which not one is written as `form` says.
    """
    path = Path(path)
    if path.is_dir():
        table, warnings = folders.read_folder(path, name, known, encoding)
    else:
        warnings = []
        table = tables.read_table(path, name, encoding, warnings)
    turns, more = turns_of_table(table, name, id_column, form, named)
    return turns, warnings + more


def turns_of_table(
    table: pa.Table, name: str, id_column: str, form: str | None = None, named: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Turns from a table of text; see `read_turns`."""
    problems = [
        Problem("no such column", f"set data.turn_columns.{ours}; found: {', '.join(table.column_names[:10])}", name, theirs)
        for ours, theirs in (named or {}).items()
        if theirs not in table.column_names
    ]
    found = match_columns(table.column_names, id_column) | dict(named or {})
    problems = problems or [
        Problem(f"no column {wanted!r}", _remedy(wanted, table.column_names, id_column), name)
        for wanted in ("case_id", "text")
        if wanted not in found
    ]
    if problems:
        raise InputError(problems)
    if "speaker" not in found:
        table, found = cells_of.split_dialogues(table, found)
    warnings: list[str] = []
    cells = {ours: tables.column(table, theirs) for ours, theirs in found.items()}
    rows = table.num_rows
    nothing = pa.nulls(rows, pa.large_string())
    turns = pd.DataFrame(index=pd.RangeIndex(rows))
    turns["case_id"] = _strings(cells["case_id"])
    turns["call"] = _strings(pc.fill_null(pc.utf8_trim_whitespace(cells.get("call", nothing)), "1"))
    turns["position"] = _numbers(cells.get("position", nothing), found.get("position"), name, warnings)
    turns["speaker"] = _strings(pc.fill_null(pc.utf8_trim_whitespace(cells.get("speaker", nothing)), "unknown"))
    turns["text"] = _strings(cells["text"])
    for edge in ("start", "end"):
        turns[edge] = dates.parse_seconds(cells.get(edge, nothing))
        odd = int(turns[edge].isna().sum()) - cells.get(edge, nothing).null_count
        if odd:
            warnings.append(
                f"{name}: column {found[edge]!r}: {odd} values are no seconds (such as 12.5 or 01:02:03.5); left blank"
            )
    time, column, given = cells.get("time", nothing), found.get("time"), form is not None
    form = form or guess_time(time, column, name, warnings)
    turns["time"] = moments(time, form)
    warnings += _check_times(time, turns["time"], form, given, column, name)
    if form == OFFSET:
        turns["start"] = turns["start"].fillna(dates.parse_seconds(time))
    turns.attrs[TIME_FORM] = form
    return turns, warnings


def match_columns(names: list[str], id_column: str) -> dict[str, str]:
    """Our name of each column to theirs: exact names first, then any case; data.id first for the case."""
    lowered = {name.lower(): name for name in reversed(names)}
    found = {}
    for ours, aliases in folders.ALIASES.items():
        if ours == "case_id":
            aliases = (id_column, *aliases)
        for alias in aliases:
            if alias in names or alias.lower() in lowered:
                found[ours] = alias if alias in names else lowered[alias.lower()]
                break
    return found


def guess_time(text: pa.Array, column: str | None, name: str, warnings: list[str]) -> str | None:
    """How the time of a call is written: a date format, one of `EPOCH`, `EPOCH_MS`, `OFFSET`, or None."""
    if text.null_count == len(text):
        return None
    form, ambiguous = dates.guess_format(text)
    if ambiguous:
        warnings.append(f"{name}: column {column!r}: day and month could change places; read as {form}")
    if form:
        return form
    numbers = dates.parse_numbers(text)
    if numbers.notna().mean() >= dates.TOLERATED and numbers.min() >= _FIRST_EPOCH:
        return EPOCH if numbers.max() < _FIRST_EPOCH_MS else EPOCH_MS
    if dates.parse_seconds(text).notna().mean() >= dates.TOLERATED:
        return OFFSET
    warnings.append(f"{name}: column {column!r} holds no dates (such as 2024-05-31 or 2024-05-31T14:05); it is ignored")
    return None


def _check_times(time: pa.Array, read: pd.Series, form: str | None, given: bool, column: str | None, name: str) -> list[str]:
    """Warn of times that were lost; raises InputError where all were, for a form that earlier turns had."""
    if form is None or time.null_count == len(time):
        return []
    fits = dates.parse_seconds(time).notna() if form == OFFSET else read.notna()
    answers = answers_of(time)
    if given and len(answers) and not fits.any():
        what = f"not one value is {_words_of(form)}, such as {answers[0].as_py()[:40]!r}"
        remedy = "the calls that the model learned from have such times: write the new ones alike"
        raise InputError([Problem(what, remedy, name, column)])
    lost = answers_of(time.filter(pa.array(~fits.to_numpy())))
    if len(lost) == 0:
        return []
    such = f"{len(lost)} values (such as {lost[0].as_py()[:40]!r}) are not {_words_of(form)}"
    return [f"{name}: column {column!r}: {such}; left blank"]


def _words_of(form: str) -> str:
    words = {
        EPOCH: "seconds since 1970",
        EPOCH_MS: "milliseconds since 1970",
        OFFSET: "seconds in the call (such as 12.5 or 01:02:03.5)",
    }
    return words.get(form, f"a date written as {form}")


def moments(text: pa.Array, form: str | None) -> pd.Series:
    """Times of calls as datetime64[us]; NaT where there is none."""
    if form is None or form == OFFSET:
        return pd.Series(pd.NaT, index=pd.RangeIndex(len(text)), dtype="datetime64[us]")
    if form not in (EPOCH, EPOCH_MS):
        return dates.parse_dates(text, form)
    numbers = dates.parse_numbers(text)
    # Seconds taken for milliseconds, or offsets for seconds, would be calls of early 1970.
    numbers = numbers.where(numbers >= (_FIRST_EPOCH if form == EPOCH else _FIRST_EPOCH_MS))
    micro = numbers * (1e6 if form == EPOCH else 1e3)
    # Past year 9999 it is no time of a call.
    micro = micro.where(micro.abs() < 2.5e17).round().astype("Int64")
    return pd.to_datetime(micro, unit="us").astype("datetime64[us]")


def _remedy(wanted: str, names: list[str], id_column: str) -> str:
    accepted = [id_column, *folders.ALIASES[wanted]] if wanted == "case_id" else list(folders.ALIASES[wanted])
    accepted = list(dict.fromkeys(accepted))
    near = [close for name in accepted for close in difflib.get_close_matches(name, names, 1, 0.6)]
    hint = f"; is it {near[0]!r}?" if near else f"; found: {', '.join(names[:10])}"
    return f"call it one of {', '.join(accepted)}{hint}"


def _strings(text: pa.Array) -> pd.Series:
    return pd.Series(text.to_pandas(), dtype="str")


def _numbers(text: pa.Array, column: str | None, name: str, warnings: list[str]) -> pd.Series:
    numbers = dates.parse_numbers(text)
    odd = int(numbers.isna().sum()) - text.null_count
    if odd:
        warnings.append(
            f"{name}: column {column!r}: {odd} values are no numbers; those turns keep their place in the file"
        )
    return numbers
