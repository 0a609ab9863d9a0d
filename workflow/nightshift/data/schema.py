"""What each column of the cases is, found once at ingest and applied to every later row alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import dates, tables
from nightshift.data.values import is_typed

NUMERIC, BOOLEAN, DATETIME, CATEGORY, TEXT, EMPTY = "numeric", "boolean", "datetime", "category", "text", "empty"
KINDS = (NUMERIC, BOOLEAN, DATETIME, CATEGORY, TEXT, EMPTY)
CASE_ID = "case_id"

# What exports write where there is no number, no date, no answer. In categories and texts these stay: NA may be Namibia.
_NOTHING = (
    "na",
    "n/a",
    "#n/a",
    "nan",
    "null",
    "none",
    "nil",
    "-",
    "--",
    "?",
    ".",
    "unknown",
    "inf",
    "+inf",
    "-inf",
    "infinity",
    "-infinity",
)
_YES = ("true", "yes", "t", "y")
_NO = ("false", "no", "f", "n")
# (words a value at least, share of distinct values above): short notes are texts when nearly each is new.
_TEXTS = ((4, 0.2), (2.5, 0.8))


@dataclasses.dataclass(frozen=True)
class Schema:
    """How to treat the columns of raw rows; goes into a model's folder as JSON.

    Attributes
    ----------
    columns : dict of str to str
        Feature column (its name in the `cases` frame, file order) to kind; kind 'empty' is known but not in the frame.
    formats : dict of str to str
        Date format of the datetime columns and of the cutoff column: 'ISO8601' or for strptime. '1.234,5' for numeric
        columns with a decimal comma.
    sources : dict of str to str
        Name in the file of the columns that had to be renamed in the frame.
    cutoff : dict or None
        {'column', 'days'}: when the prediction is made.
    positive : str or None
        Text of the target's value that counts as 1.
    turn_time : str or None
        How the transcripts write the time of a call: a date format, 'epoch', 'epoch_ms' or 'offset'.
    """

    columns: dict[str, str]
    formats: dict[str, str] = dataclasses.field(default_factory=dict)
    sources: dict[str, str] = dataclasses.field(default_factory=dict)
    cutoff: dict[str, Any] | None = None
    positive: str | None = None
    turn_time: str | None = None

    @property
    def features(self) -> dict[str, str]:
        """Column to kind of what is in the `cases` frame."""
        return {column: kind for column, kind in self.columns.items() if kind != EMPTY}

    def of_kind(self, *kinds: str) -> list[str]:
        """Feature columns of these kinds, in file order."""
        return [column for column, kind in self.columns.items() if kind in kinds]

    def source(self, column: str) -> str:
        """Name of a feature column in the user's file."""
        return self.sources.get(column, column)

    def form(self, table: pa.Table, source: str) -> str:
        """How a column of a table of text is written; typed numbers have no decimal comma, whatever the training's had."""
        form = self.formats.get(source, dates.ISO)
        known = form == dates.DECIMAL_COMMA and table.schema.get_field_index(source) >= 0
        return dates.ISO if known and is_typed(table, source) else form

    def to_json(self) -> str:
        """As JSON text; `from_json` gives an equal schema."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, content: str | dict[str, Any]) -> Schema:
        """From JSON text or from what `json.loads` made of it."""
        return cls(**(json.loads(content) if isinstance(content, str) else content))


def infer_schema(table: pa.Table, features: Iterable[str], dated: Iterable[str] = ()) -> tuple[Schema, list[str]]:
    """Find the kinds of the feature columns.

    Parameters
    ----------
    table : pyarrow.Table
        The cases as text.
    features : iterable of str
        Names of the feature columns in the file, in file order.
    dated : iterable of str
        Columns that the configuration calls dates (time, cutoff), feature or not.

    Returns
    -------
    (Schema, list of str)
        Warnings say what was dropped, renamed or ambiguous.
    """
    columns, formats, sources, warnings = {}, {}, {}, []
    features, dated = dict.fromkeys(features), set(dated)
    for name in dict.fromkeys([*features, *sorted(dated)]):
        text = tables.column(table, name)
        form, ambiguous = dates.guess_format(answers_of(text))
        kind = DATETIME if form and name in dated else kind_of(text, form)
        if kind == DATETIME:
            formats[name] = form
            if ambiguous:
                warnings.append(f"column {name!r}: day and month could change places; read as {form}")
        elif kind == NUMERIC and dates.uses_decimal_comma(answers_of(text)):
            formats[name] = dates.DECIMAL_COMMA
            warnings.append(f"column {name!r}: {_example_of_comma(text)}")
        elif kind in (CATEGORY, TEXT) and dates.mixes_decimal_signs(answers_of(text)):
            warnings.append(
                f"column {name!r}: some numbers have a decimal comma and some a decimal point; read as {kind}: write all "
                "with a point"
            )
        if name in features:
            final = _free_name(name, features)
            columns[final] = kind
            if final != name:
                sources[final] = name
                warnings.append(f"column {name!r} is not data.id; it is the feature {final!r} here")
    empty = [name for name, kind in columns.items() if kind == EMPTY]
    if empty:
        warnings.append(f"columns without any variation are left out: {', '.join(empty)}")
    return Schema(columns, formats, sources), warnings


def kind_of(text: pa.Array, form: str | None = None) -> str:
    """Kind of one column of text; `form` is its date format, if it has one."""
    kind = _kind_of_varied(text, form)
    if kind == NUMERIC and dates.uses_decimal_comma(answers_of(text)):
        form = dates.DECIMAL_COMMA
    values = cast(text, kind, form or dates.ISO)
    varied = values.nunique() > 1 or (values.notna().any() and values.isna().any())
    return kind if varied else EMPTY


def _kind_of_varied(text: pa.Array, form: str | None) -> str:
    answers = answers_of(text)
    if len(answers) == 0:
        return CATEGORY
    if form:
        return DATETIME
    if _is_boolean(answers):
        return BOOLEAN
    # 01234 is a postal code: as a number it would be another one.
    coded = pc.any(pc.match_substring_regex(answers, r"^0\d")).as_py()
    numbers = dates.parse_numbers(answers).notna().mean() >= dates.TOLERATED or dates.uses_decimal_comma(answers)
    if numbers and not coded:
        return NUMERIC
    words = pc.mean(pc.count_substring_regex(answers, r"\S+")).as_py()
    distinct = pc.count_distinct(answers).as_py() / len(answers)
    return TEXT if any(words >= least and distinct > share for least, share in _TEXTS) else CATEGORY


def apply_schema(rows: pd.DataFrame | pa.Table, schema: Schema, name: str = "cases") -> tuple[pd.DataFrame, list[str]]:
    """Cast raw rows to their kinds; each value depends on its own row and the schema only.

    Parameters
    ----------
    rows : DataFrame or pyarrow.Table of text
        Raw rows under the names of the file; other columns are ignored.

    Returns
    -------
    (DataFrame, list of str)
        One column for each feature: numeric and boolean float64 (1, 0, NaN), datetime datetime64[us], category and text
        str (NaN where missing). Warnings name missing columns and values that could not be cast.
    """
    table = tables.table_of_frame(rows, name) if isinstance(rows, pd.DataFrame) else rows
    columns, warnings = {}, []
    present = set(table.column_names)  # asked for each column, of which there may be thousands
    for column, kind in schema.features.items():
        source = schema.source(column)
        if source not in present:
            warnings.append(f"{name}: column {source!r} is missing; taken as missing values")
            text = pa.nulls(table.num_rows, pa.large_string())
        else:
            text = tables.column(table, source)
        columns[column] = cast(text, kind, schema.form(table, source))
        lost = _lost(text, columns[column]) if kind in (NUMERIC, BOOLEAN, DATETIME) else None
        if lost:
            warnings.append(f"{name}: column {source!r}: {lost} not {kind}; taken as missing")
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows)), warnings


def cast(text: pa.Array, kind: str, form: str = dates.ISO) -> pd.Series:
    """One column of text as its kind; what does not fit is missing."""
    if kind == NUMERIC:
        return dates.parse_numbers(text, decimal_comma=form == dates.DECIMAL_COMMA)
    if kind == DATETIME:
        return dates.parse_dates(text, form)
    if kind == BOOLEAN:
        low = pc.utf8_lower(pc.utf8_trim_whitespace(text))
        yes, no = (
            pc.fill_null(pc.is_in(low, pa.array(words, low.type)), False).to_numpy(False) for words in (_YES, _NO)
        )
        return pd.Series(np.select([yes, no], [1.0, 0.0], np.nan))
    if kind == CATEGORY:
        text = pc.utf8_trim_whitespace(text)
    return pd.Series(text.to_pandas(), dtype="str")


def answers_of(text: pa.Array) -> pa.Array:
    """The values that say something, trimmed: no blanks, and none of the words that exports write for nothing."""
    trimmed = pc.utf8_trim_whitespace(text.drop_null())
    return trimmed.filter(pc.invert(_is_nothing(trimmed)))


def _is_boolean(answers: pa.Array) -> bool:
    found = set(pc.unique(pc.utf8_lower(answers)).to_pylist()) if pc.count_distinct(answers).as_py() <= 6 else {""}
    # A lone F or T is more likely a code than an answer.
    return found <= {"true", "false"} or found <= {"yes", "no"} or found in ({"t", "f"}, {"y", "n"})


def _is_nothing(trimmed: pa.Array) -> pa.Array:
    return pc.is_in(pc.utf8_lower(trimmed), pa.array(_NOTHING, trimmed.type))


def _lost(text: pa.Array, cast_values: pd.Series) -> str | None:
    gone = pa.array(cast_values.isna().to_numpy())
    odd = pc.and_(gone, pc.and_(pc.is_valid(text), pc.invert(pc.fill_null(_is_nothing(text), True))))
    found = text.filter(odd)
    if len(found) == 0:
        return None
    return f"{len(found)} values (such as {found[0].as_py()[:40]!r}) are"


def _example_of_comma(text: pa.Array) -> str:
    shown = text.filter(pc.fill_null(pc.match_substring(text, ","), False))
    number = dates.parse_numbers(shown[:1], decimal_comma=True)[0]
    return f"numbers with a decimal comma, such as {shown[0].as_py()[:40]!r}, read as {number:.10g}"


def _free_name(name: str, names: Collection[str]) -> str:
    if name != CASE_ID:
        return name
    while name in names:
        name += "_"
    return name
