"""New rows and calls for a prediction, read and checked as the night read the old ones."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa

from nightshift.config import Data
from nightshift.data import checks, dates, tables
from nightshift.data.ingest import cases_of, check_known, cutoff_of, ids_of, usable_turns
from nightshift.data.prepare import prepare
from nightshift.data.schema import CASE_ID, CATEGORY, TEXT, Schema, answers_of, cast
from nightshift.data.spoken import read_spoken
from nightshift.errors import InputError, Problem

_GOAL = "these cases can be predicted"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_new(
    cases: str | Path | pd.DataFrame,
    transcripts: str | Path | pd.DataFrame | None,
    schema: Schema,
    data: Data,
    as_of: str | None = None,
    allow_missing: bool = False,
    hears: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read new rows for a prediction as `ingest` read the old ones; labels are not needed and are ignored.

    Parameters
    ----------
    cases : path or DataFrame
        Raw rows with data.id.
    transcripts : path, DataFrame or None
        Raw turns.
    schema : Schema
        From `ingest`.
    data : Data
        Section `data` of the configuration of that night.
    as_of : str, optional
        The moment of the prediction, a date or date and time (ISO 8601): turns held later are left out, and so are turns
        after data.cutoff, as in training.
    allow_missing : bool
        Take a column that is not there as missing values, and calls that are not there as none, instead of refusing.
    hears : bool
        False: the model reads no calls, and misses none.

    Returns
    -------
    (cases, turns, warnings)
        As `Ingested.cases` and `Ingested.turns`.

    Raises
    ------
    InputError
        Everything that is wrong: unreadable input; columns missing or of another type; ids missing or duplicated; no column
        for case or text in the turns; no calls, or calls of other cases alone, for a model that learned from them; an
        as_of that is no date.
    """
    try:
        return _read(cases, transcripts, schema, data, as_of, allow_missing, hears)
    except InputError as error:
        raise InputError(error.problems, _GOAL) from None


def _read(
    cases: str | Path | pd.DataFrame,
    transcripts: str | Path | pd.DataFrame | None,
    schema: Schema,
    data: Data,
    as_of: str | None,
    allow_missing: bool,
    hears: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    name, said = _name_of(cases, "cases"), _name_of(transcripts, "transcripts")
    problems: list[Problem] = []
    moment = _moment(as_of, problems)
    table, columns, ids, doubts = None, None, [], []
    framed = isinstance(cases, pd.DataFrame)
    try:
        table = tables.table_of_frame(cases, name) if framed else tables.read_table(cases, name, data.encoding, doubts)
        ids, names = ids_of(table, data.id), table.column_names
        prepared = prepare(table, data, name, labelled=False)
        table, columns = prepared.table, prepared.spoken
        problems += _check_cases(table, names, schema, data, name, allow_missing)
    except InputError as error:
        problems += error.problems
    raw, warnings = read_spoken(transcripts, columns, said, data, ids, schema.turn_time, problems)
    if raw is not None and moment is not None and raw["time"].isna().all() and len(raw):
        what = "as_of is set, but no turn says when its call was held"
        problems.append(Problem(what, "add a column 'time' with the date of the call, or leave as_of out", said, "time"))
    silent = _check_calls(raw, transcripts is not None, ids, data, said, allow_missing) if hears else []
    if not allow_missing:
        problems += silent
    if problems:
        raise InputError(problems)
    if hears and transcripts is not None and raw is not None and len(raw) == 0:
        silent = [Problem("there is no turn", "", said)]
    warnings += [f"{problem.file}: {problem.what}; cases without a call are predicted as if nobody had called" for problem in silent]
    frame, more = cases_of(table, data.id, schema, name)
    cutoff, unlimited = cutoff_of(table, schema) if raw is not None else (None, [])
    if moment is not None:
        cutoff, early = _no_later(cutoff, moment, table.num_rows)
        unlimited = unlimited + early
    turns, _, late = usable_turns(raw, frame[CASE_ID], cutoff, said)
    return frame, turns, [*doubts, *warnings, *more, *unlimited, *late]


def _check_cases(
    table: pa.Table, names: list[str], schema: Schema, data: Data, name: str, allow_missing: bool
) -> list[Problem]:
    """What is wrong with prepared rows; `names` are the columns of the file."""
    if data.id not in names:
        near = _near(data.id, names)
        remedy = f"every row needs its id; {near or 'columns here: ' + ', '.join(map(repr, names[:15]))}"
        return [Problem("no such column", remedy, name, data.id)]
    problems = checks.check_ids(tables.column(table, data.id), data.id, name)
    if table.num_rows == 0:
        problems.append(Problem("there is a header but no row", "export it again", name))
    cutoff = schema.cutoff["column"] if schema.cutoff else None
    wanted = [schema.source(column) for column in schema.features]
    for column in dict.fromkeys([*wanted, *([cutoff] if cutoff else []), *data.transcript_columns]):
        if column in names:
            continue
        if not allow_missing:
            remedy = f"the model learned from it: add it (empty cells are fine){_near(column, names, '; ')}, or use --allow-missing"
            problems.append(Problem("no such column", remedy, name, column))
    return problems + _check_types(table, schema, name)


def _check_calls(
    raw: pd.DataFrame | None, given: bool, ids: list[str], data: Data, said: str, allow_missing: bool
) -> list[Problem]:
    """Calls that a model learned from and that no case has: every prediction would be as if nobody had called."""
    remedy = "or use --allow-missing if there were none"
    if raw is None or len(raw) == 0:
        # Columns that hold calls and are not there are refused as columns: here they are named where that is allowed.
        lost = bool(data.transcript_columns) and raw is None and allow_missing
        if given or not (data.transcripts or lost):
            return []
        return [Problem("the model learned from calls, and none are given", f"name them, {remedy}", said)]
    strangers = check_known(raw, ids, data.id, said)
    return [Problem(problem.what, f"{problem.remedy}, {remedy}", problem.file) for problem in strangers]


def _check_types(table: pa.Table, schema: Schema, name: str) -> list[Problem]:
    """Columns in which not one value is what the model knows; single ones are a warning."""
    problems = []
    for column, kind in schema.features.items():
        source = schema.source(column)
        if kind in (CATEGORY, TEXT) or source not in table.column_names:
            continue
        text = tables.column(table, source)
        form = schema.form(table, source)
        found = answers_of(text)
        if len(found) and cast(text, kind, form).isna().all():
            words = {"datetime": f"a date (written as {form})", "boolean": "yes or no"}.get(kind, "a number")
            what = f"not one value is {words}, such as {found[0].as_py()[:40]!r}"
            problems.append(Problem(what, f"the model learned a {kind} column; check the export", name, source))
    return problems


def _moment(as_of: str | None, problems: list[Problem]) -> pd.Timestamp | None:
    """The moment named; a day means its end. In UTC, as ingest takes all dates.

    Only dates of ISO 8601 are taken: of others pandas guesses which number is the month, and "2024" would be a moment too.
    """
    if as_of is None:
        return None
    text = str(as_of).strip()
    moment = dates.parse_dates(pa.array([text], pa.large_string()), dates.ISO)[0]
    if moment is pd.NaT:
        problems.append(Problem(f"{as_of!r} is no date", "write as_of as 2024-05-31 or 2024-05-31T14:00"))
        return None
    return moment + pd.Timedelta(days=1, microseconds=-1) if _DAY.fullmatch(text) else moment


def _no_later(cutoff: pd.Series | None, moment: pd.Timestamp, n_cases: int) -> tuple[pd.Series, list[str]]:
    """The earlier of cutoff and moment, row by row; a row without a cutoff is predicted at the moment."""
    if cutoff is None:
        return pd.Series(moment, index=pd.RangeIndex(n_cases)).astype("datetime64[us]"), []
    early = int((cutoff > moment).sum())
    notes = [f"{early} cases are predicted before their data.cutoff: they had less time than those in training"] if early else []
    return cutoff.where(cutoff <= moment, moment).astype("datetime64[us]"), notes


def _near(column: str, names: list[str], before: str = "") -> str:
    near = difflib.get_close_matches(column, names, n=1, cutoff=0.6)
    return f"{before}is it {near[0]!r}?" if near else ""


def _name_of(source: object, default: str) -> str:
    return default if source is None or isinstance(source, pd.DataFrame) else str(source)
