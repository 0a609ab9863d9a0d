"""The door to the user's data: checked cases and turns, or one message with all that is wrong."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.config import Config, Cutoff, Data
from nightshift.data import checks, dates, tables
from nightshift.data import transcripts as transcripts_of
from nightshift.data import turns as turns_of
from nightshift.data.prepare import Prepared, prepare
from nightshift.data.schema import CASE_ID, Schema, apply_schema, infer_schema
from nightshift.data.spoken import read_spoken
from nightshift.errors import InputError, Problem


@dataclass(frozen=True)
class Ingested:
    """Cases and turns in one form, whatever their files were.

    Attributes
    ----------
    cases : DataFrame
        `case_id` (str), then the feature columns in file order, cast by `schema`; no label of any kind.
    keys : DataFrame
        case_id, target (int8), group (str or missing), time (datetime64[us] or NaT), split (str or missing), row by row
        as `cases`: the only thing that holds labels.
    turns : DataFrame
        case_id, call, position, speaker, text, start, end (seconds), time; sorted.
    schema : Schema
        How later rows are to be cast.
    warnings : list of str
    counts : dict of str to int
        cases, positives, cases_with_turns, calls, turns, turns_read, turns_after_cutoff, turns_of_unknown_cases, ...
    """

    cases: pd.DataFrame
    keys: pd.DataFrame
    turns: pd.DataFrame
    schema: Schema
    warnings: list[str]
    counts: dict[str, int]


def ingest(config: Config, root: str | Path) -> Ingested:
    """Read and check everything that the configuration names.

    Parameters
    ----------
    config : Config
    root : str or Path
        Folder from which the paths in `config.data` count.

    Returns
    -------
    Ingested

    Raises
    ------
    InputError
        Every problem of cases, transcripts and configuration at once.
    """
    data, root = config.data, Path(root)
    problems = checks.check_cutoff_days(config)
    prepared = keys = None
    known: list[str] = []
    doubts: list[str] = []
    try:
        table = tables.read_table(root / data.cases, data.cases, data.encoding, doubts)
        problems += checks.check_columns(table.column_names, config, data.cases)
        known = ids_of(table, data.id)
        prepared = prepare(table, data, data.cases)
        keys = _keys(prepared, config, problems)
    except InputError as error:
        problems += error.problems
    source, columns = data.transcripts and root / data.transcripts, prepared and prepared.spoken
    raw, warnings = read_spoken(source, columns, data.transcripts or data.cases, data, known, None, problems)
    if raw is not None:
        problems += _check_turns(raw, known, data)
    if problems:
        raise InputError(problems)
    if raw is not None and prepared.left_out:
        raw = raw[~raw["case_id"].isin(prepared.left_out)].reset_index(drop=True)
    return _assemble(prepared.table, keys, raw, config, [*doubts, *prepared.warnings, *warnings])


def _keys(prepared: Prepared, config: Config, problems: list[Problem]) -> pd.DataFrame | None:
    """Labels and all that the split needs; None when the target cannot be read. Problems are added to the list."""
    data, file, table, rows = config.data, config.data.cases, prepared.table, prepared.rows
    names = table.column_names
    if table.num_rows == 0 and not prepared.left_out:
        problems.append(Problem("there is a header but no row", "export it again", file))
        return None
    if data.id in names:
        problems += checks.check_ids(tables.column(table, data.id), data.id, file, rows)
    rule = data.cutoff_rule()
    for key, column in (("data.time", data.time), ("data.cutoff", rule and rule.column)):
        if column in names and not (key == "data.cutoff" and column == data.time):
            problems += checks.check_dates(tables.column(table, column), column, key, file, rows)
    if data.target not in names:
        return None
    target, _, found = checks.target_of(tables.column(table, data.target), data, file)
    problems += found
    group = _label(table, data.group)
    split = _label(table, config.validation.split_column)
    if target is None or data.id not in names:
        return None
    problems += checks.check_classes(target, group, split, config, file)
    nothing = pd.Series(np.nan, index=pd.RangeIndex(table.num_rows), dtype="str")
    return pd.DataFrame(
        {
            CASE_ID: _text(table, data.id),
            "target": target,
            "group": nothing if group is None else group,
            "time": _moments(table, data.time),
            "split": nothing if split is None else split,
        }
    )


def _check_turns(raw: pd.DataFrame, known: list[str], data: Data) -> list[Problem]:
    """What makes all turns useless; what concerns some of them only is a warning."""
    file = data.transcripts or data.cases
    if len(raw) == 0:
        return [Problem("there is no turn", "export it again, or leave data.transcripts (or data.transcript_columns) out", file)]
    problems = check_known(raw, known, data.id, file)
    if raw["text"].isna().all():
        problems.append(Problem("every turn is without text", "check which column holds the words", file, "text"))
    if data.cutoff is not None and raw["time"].isna().all():
        remedy = (
            "add a column 'time' with the date of the call (in a folder: a date in the call's name, such as "
            "<case>__2024-05-31.vtt), or leave data.cutoff out"
        )
        problems.append(Problem("data.cutoff is set, but no turn says when its call was held", remedy, file, "time"))
    return problems


def check_known(raw: pd.DataFrame, known: list[str], id_column: str, file: str) -> list[Problem]:
    """Turns of which not one belongs to a case, where there are both."""
    if len(raw) == 0 or not known or raw["case_id"].isin(known).any():
        return []
    theirs = ", ".join(map(repr, raw["case_id"].dropna().unique()[:3])) or "nothing"
    remedy = f"cases are named such as {', '.join(map(repr, known[:3]))}; use the same ids (data.id is {id_column!r})"
    return [Problem(f"no turn belongs to a known case; turns name {theirs}", remedy, file)]


def _assemble(
    table: pa.Table, keys: pd.DataFrame, raw: pd.DataFrame | None, config: Config, warnings: list[str]
) -> Ingested:
    data, rule = config.data, config.data.cutoff_rule()
    apart = {data.id, data.target, data.group, config.validation.split_column, *data.drop}
    features = [name for name in table.column_names if name not in apart]
    dated = [name for name in (data.time, rule and rule.column) if name]
    schema, said = infer_schema(table, features, dated)
    _, positive, _ = checks.target_of(tables.column(table, data.target), data, data.cases)
    schema = dataclasses.replace(schema, positive=positive, cutoff=rule and rule.model_dump())
    if raw is not None:
        schema = dataclasses.replace(schema, turn_time=raw.attrs[transcripts_of.TIME_FORM])
    said = [f"{data.cases}: {text}" for text in said]
    cases, more = cases_of(table, data.id, schema, data.cases)
    cutoff, unlimited = cutoff_of(table, schema) if raw is not None else (None, [])
    turns, counts, late = usable_turns(raw, cases[CASE_ID], cutoff, data.transcripts or data.cases)
    late = unlimited + late
    if not schema.features and len(turns) == 0:
        remedy = "add columns or transcripts"
        raise InputError(
            [Problem("nothing to predict from: no feature column and no turn is left", remedy, data.cases)]
        )
    warnings = [*said, *more, *warnings, *late]
    if data.group and keys["group"].isna().any():
        warnings.append(
            f"{data.cases}: {keys['group'].isna().sum()} cases have no {data.group!r}; each is a group of its own"
        )
    counts = {
        "cases": len(cases),
        "positives": int(keys["target"].sum()),
        "cases_with_turns": int(turns["case_id"].nunique()),
        "calls": len(turns[["case_id", "call"]].drop_duplicates()),
        "turns": len(turns),
        **counts,
    }
    return Ingested(cases, keys, turns, schema, warnings, counts)


def cases_of(table: pa.Table, id_column: str, schema: Schema, name: str) -> tuple[pd.DataFrame, list[str]]:
    """`case_id` and the feature columns, cast by the schema; warnings."""
    cases, warnings = apply_schema(table, schema, name)
    cases.insert(0, CASE_ID, _text(table, id_column))
    return cases, warnings


def usable_turns(
    raw: pd.DataFrame | None, ids: pd.Series, cutoff: pd.Series | None, name: str
) -> tuple[pd.DataFrame, dict[str, int], list[str]]:
    """Turns of known cases up to the cutoff, counts of what was dropped, warnings; `turns.arrange` says more."""
    return (turns_of.no_turns(), {}, []) if raw is None else turns_of.arrange(raw, ids, cutoff, name)


def cutoff_of(table: pa.Table, schema: Schema) -> tuple[pd.Series | None, list[str]]:
    """When each prediction is made; a row that does not say is taken as made now, after all its turns."""
    if schema.cutoff is None:
        return None, []
    rule = Cutoff(**schema.cutoff)
    if rule.column not in table.column_names:
        return None, [f"column {rule.column!r} (data.cutoff) is missing; all turns are used"]
    text = tables.column(table, rule.column)
    moments = dates.parse_dates(text, schema.formats.get(rule.column, dates.ISO))
    return moments + pd.Timedelta(days=rule.days), []


def _moments(table: pa.Table, column: str | None) -> pd.Series:
    known = column in table.column_names
    text = tables.column(table, column) if known else pa.nulls(table.num_rows, pa.large_string())
    return dates.parse_dates(text, dates.guess_format(text)[0] or dates.ISO)


def _text(table: pa.Table, column: str | None) -> pd.Series | None:
    if column is None or column not in table.column_names:
        return None
    return pd.Series(tables.column(table, column).to_pandas(), dtype="str")


def _label(table: pa.Table, column: str | None) -> pd.Series | None:
    """Names of groups and parts; "Acme" and "Acme " are one account, or it would be on both sides of a fold."""
    text = _text(table, column)
    return None if text is None else text.str.strip()


def ids_of(table: pa.Table | None, column: str) -> list[str]:
    """Distinct ids of a table of cases."""
    if table is None or column not in table.column_names:
        return []
    return pc.unique(tables.column(table, column).drop_null()).to_pylist()
