"""Everything that can be wrong with the cases, each with its place and its remedy."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.config import Config, Data
from nightshift.data import dates
from nightshift.data.outcomes import PAIRS, key_of, keys_of
from nightshift.errors import Problem

HOLDOUT = "holdout"
_EXAMPLES = 3
_MOST_DAYS = 36_500


def check_columns(names: Sequence[str], config: Config, file: str) -> list[Problem]:
    """Columns that the configuration names and the cases lack, and columns with two roles."""
    problems = []
    wanted = named_columns(config)
    for key, column in wanted:
        if column not in names:
            near = _near(column, names)
            known = f"did you mean {near!r}?" if near else f"columns here: {', '.join(map(repr, names[:15]))}"
            problems.append(Problem("no such column", f"set {key} in the configuration; {known}", file, column))
    roles: dict[str, str] = {}
    for key, column in wanted:
        if key in ("data.id", "data.target", "data.group", "validation.split_column", "data.transcript_columns"):
            if column in roles:
                what = f"{roles[column]} and {key} name the same column"
                problems.append(Problem(what, f"give {key} a column of its own", file, column))
            roles.setdefault(column, key)
    if config.data.target in [column for key, column in wanted if key in ("data.time", "data.cutoff")]:
        what = "data.target cannot be the date of the prediction too"
        problems.append(Problem(what, "name another date column", file, config.data.target))
    return problems


def named_columns(config: Config) -> list[tuple[str, str]]:
    """(key, column) of all columns of the cases that the configuration names."""
    data, rule = config.data, config.data.cutoff_rule()
    named = [
        ("data.id", data.id),
        ("data.target", data.target),
        ("data.group", data.group),
        ("data.time", data.time),
        ("data.cutoff", rule and rule.column),
        ("validation.split_column", config.validation.split_column),
        *(("data.drop", column) for column in data.drop),
        *(("data.transcript_columns", column) for column in data.transcript_columns),
        *(("report.fairness", column) for column in config.report.fairness),
    ]
    return [(key, column) for key, column in named if column]


def check_ids(text: pa.Array, column: str, file: str, rows: np.ndarray | None = None) -> list[Problem]:
    """Cases without an id, and ids that stand more than once.

    Parameters
    ----------
    text : pyarrow.Array of large_string
    rows : int array, optional
        Row in the file, from 0, of each value, where rows were left out.
    """
    rows = np.arange(len(text)) if rows is None else rows
    problems = _check_blank(text, column, file, "no id", "give every case an id, or remove the rows", rows)
    ids = pd.Series(text.to_pandas(), dtype="str")
    twice = ids[ids.notna() & ids.duplicated(keep=False)]
    if len(twice):
        examples = [
            f"{value!r} in rows {', '.join(str(rows[row] + 1) for row in twice.index[twice == value][:_EXAMPLES])}"
            for value in twice.unique()[:_EXAMPLES]
        ]
        what = f"{_some(twice.nunique(), 'id stands', 'ids stand')} more than once: {'; '.join(examples)}"
        remedy = "keep one row a case, or set data.id to the column that is unique"
        problems.append(Problem(what, remedy, file, column, int(rows[twice.index[0]]) + 1))
    return problems


def target_of(text: pa.Array, data: Data, file: str) -> tuple[np.ndarray | None, str | None, list[Problem]]:
    """The target as 0 and 1.

    Parameters
    ----------
    text : pyarrow.Array
        The target's column, large_string.
    data : Data
        `target` names the column in messages; `positive` is the value that counts as 1.

    Returns
    -------
    (int8 array or None, str or None, list of Problem)
        None where there is a problem; the text of the value that counts as 1.
    """
    column = data.target
    remedy = "remove the rows whose outcome is not known yet; predict them later"
    problems = _check_blank(text, column, file, "no outcome", remedy)
    labels = pc.utf8_trim_whitespace(text)
    found = sorted(pc.unique(labels.drop_null()).to_pylist(), key=str)
    # Two values may be spelled in a few ways (1, 1.0, Yes, YES), not in twenty.
    keys = {label: key_of(label) for label in found[:20]}
    distinct = list(dict.fromkeys(keys.values()))
    if data.negative is not None:
        return _named_target(labels, found, data, file)
    shown = ", ".join(repr(label) for label in found[:5]) + (", ..." if len(found) > 5 else "")
    if len(distinct) > 2:
        what = f"not binary: {len(found)} values ({shown})"
        remedy = "data.target must be a column with two values; make one (such as won: yes/no)"
        return None, None, [*problems, Problem(what, remedy, file, column)]
    if len(distinct) < 2:
        what = f"only one class: every outcome is {shown}" if found else "there is no outcome at all"
        return None, None, [*problems, Problem(what, "export cases of both outcomes", file, column)]
    positive = _positive(distinct, data)
    if positive is None:
        return None, None, [*problems, _unclear_positive(data, shown, found[-1], file)]
    if problems:
        return None, None, problems
    ones = pa.array([label for label in found if keys[label] == positive], labels.type)
    return pc.is_in(labels, ones).to_numpy(False).astype(np.int8), ones[0].as_py(), []


def _named_target(
    labels: pa.Array, found: list[str], data: Data, file: str
) -> tuple[np.ndarray | None, str | None, list[Problem]]:
    """The target where data.positive and data.negative name all values that count; other rows are gone already."""
    ones = [label for label in found if key_of(label) in keys_of(data.positive)]
    zeros = [label for label in found if key_of(label) in keys_of(data.negative)]
    problems = [
        Problem(f"no row says {named!r} ({key})", "write it as the file does", file, data.target)
        for key, named, there in (("data.positive", data.positive, ones), ("data.negative", data.negative, zeros))
        if not there
    ]
    both = set(ones) & set(zeros)
    if both:
        problems.append(Problem(f"{both.pop()!r} is positive and negative", "name it once", file, data.target))
    if problems:
        return None, None, problems
    return pc.is_in(labels, pa.array(ones, labels.type)).to_numpy(False).astype(np.int8), ones[0], []


def _unclear_positive(data: Data, shown: str, example: str, file: str) -> Problem:
    if data.positive is None:
        what, remedy = f"two values, {shown}, and which of them is 1 is not clear", "name it in data.positive"
    else:
        what, remedy = f"data.positive is {data.positive!r}, the values are {shown}", "set data.positive to one of them"
    return Problem(what, f"{remedy}, such as data.positive: {example}", file, data.target)


def check_cutoff_days(config: Config) -> list[Problem]:
    """A cutoff that is centuries away is a mistake (and more than a date can hold)."""
    rule = config.data.cutoff_rule()
    if rule is None or abs(rule.days) <= _MOST_DAYS:
        return []
    return [Problem(f"data.cutoff.days is {rule.days}", f"write a number of days, at most {_MOST_DAYS}")]


def check_dates(
    text: pa.Array, column: str, key: str, file: str, rows: np.ndarray | None = None
) -> list[Problem]:
    """A column that the configuration calls a date: every row must hold one; `rows` as in `check_ids`."""
    rows = np.arange(len(text)) if rows is None else rows
    form, _ = dates.guess_format(text)
    remedy = f"write dates as 2024-05-31 or 2024-05-31 14:05, or set {key} to another column"
    present = text.drop_null()
    if form is None and len(present):
        return [Problem(f"not a column of dates (such as {present[0].as_py()[:40]!r})", remedy, file, column)]
    problems = _check_blank(
        text, column, file, f"no date, and {key} needs one,", "fill in the date, or remove the rows", rows
    )
    if form:
        odd = np.flatnonzero(dates.parse_dates(text, form).isna().to_numpy() & text.is_valid().to_numpy(False))
        if len(odd):
            value = text[int(odd[0])].as_py()[:40]
            what = f"{_some(len(odd), 'row holds', 'rows hold')} no date, such as {value!r}"
            problems.append(Problem(what, remedy, file, column, int(rows[odd[0]]) + 1))
    return problems


def check_classes(
    target: np.ndarray, group: pd.Series | None, split: pd.Series | None, config: Config, file: str
) -> list[Problem]:
    """Enough cases of both classes for holdout and folds, and no group that holds all of one.

    Parameters
    ----------
    target : int8 array of shape (cases,)
    group, split : Series of str, aligned, or None
    """
    data, validation = config.data, config.validation
    problems = []
    for value in (0, 1):
        rows = target == value
        called = f"{'positive' if value else 'negative'} cases"
        if group is not None:
            groups = group[rows].fillna(pd.Series(np.arange(len(group)), index=group.index).astype(str).radd("\0"))
            if groups.nunique() == 1:
                what = f"group {groups.iloc[0]!r} holds all {rows.sum()} {called}, so no other group has any"
                remedy = "set data.group to a finer column, or leave it out if cases are independent"
                problems.append(Problem(what, remedy, file, data.group))
                continue
            units, unit = groups.nunique(), f"groups with {called}"
        else:
            units, unit = int(rows.sum()), called
        needed = validation.folds + max(1, math.ceil(validation.holdout * units))
        if split is None and units < needed:
            what = f"only {units} {unit}, but {validation.folds} folds and the holdout need {needed}"
            remedy = f"add cases, or lower validation.folds (now {validation.folds}) or validation.holdout"
            problems.append(Problem(what, remedy, file, data.target))
    if split is not None:
        problems += _check_split(target, split, config, file)
    return problems


def _check_split(target: np.ndarray, split: pd.Series, config: Config, file: str) -> list[Problem]:
    column = config.validation.split_column
    problems = _check_blank(
        pa.array(split, pa.large_string()), column, file, "no part", f"write {HOLDOUT!r} or the name of a fold"
    )
    parts = sorted(split.dropna().unique())
    if HOLDOUT not in parts:
        near = _near(HOLDOUT, parts)
        hint = f"write {HOLDOUT!r} instead of {near!r}" if near else f"write {HOLDOUT!r} in the rows of the holdout"
        problems.append(Problem(f"no row says {HOLDOUT!r}", hint, file, column))
    if len([part for part in parts if part != HOLDOUT]) < 2:
        problems.append(Problem("fewer than two folds", "give the other rows at least two names", file, column))
    for part in parts:
        if len(np.unique(target[(split == part).to_numpy()])) == 1:
            what = f"part {part!r} holds cases of one class only"
            problems.append(Problem(what, "spread both classes over every part", file, column))
    return problems


def _check_blank(
    text: pa.Array, column: str, file: str, what: str, remedy: str, numbers: np.ndarray | None = None
) -> list[Problem]:
    rows = np.flatnonzero(text.is_null().to_numpy(False))
    if len(rows) == 0:
        return []
    rows = (rows if numbers is None else numbers[rows]) + 1
    listed = ", ".join(map(str, rows[:_EXAMPLES])) + (", ..." if len(rows) > _EXAMPLES else "")
    return [Problem(f"{what} in {_some(len(rows), 'row', 'rows')} ({listed})", remedy, file, column, int(rows[0]))]


def _positive(distinct: list[str], data: Data) -> str | None:
    if data.positive is None:
        return next((one for zero, one in PAIRS if set(distinct) == {zero, one}), None)
    return next((label for label in distinct if label in keys_of(data.positive)), None)


def _near(name: str, names: Sequence[str]) -> str | None:
    lowered = {known.lower(): known for known in reversed(names)}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def _some(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
