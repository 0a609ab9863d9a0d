"""Text to moments and seconds, each value by itself once the format is known."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ISO = "ISO8601"
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p")
# Month first comes before day first: where every value fits both, the first wins and a warning says so.
_NUMBERED_DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y")
_WORDED_DAYS = ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_SHORT_DAYS = ("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%y")
FORMATS = tuple(day + time for day in (*_NUMBERED_DAYS, *_WORDED_DAYS, *_SHORT_DAYS) for time in _TIMES)
_SWAPPED = {"%m/%d": "%d/%m", "%m-%d": "%d-%m"}
# A column is of dates (or numbers) when at least this share of its values is; the rest is missing, with a warning.
TOLERATED = 0.95
_SAMPLE = 200
_ISO_PATTERN = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|UTC|[+-]\d{2}:?(\d{2})?)?)?$"
_CLOCK = r"^(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,3}):(?P<seconds>\d{1,2}(?:[.,]\d+)?)$"
# How a column writes numbers where a comma stands before the decimals.
DECIMAL_COMMA = "1.234,5"
_GROUPED_BY_POINTS = r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def guess_format(text: pa.Array) -> tuple[str | None, bool]:
    """Find how a column writes dates.

    Parameters
    ----------
    text : pyarrow.Array
        large_string, nulls allowed.

    Returns
    -------
    (format, ambiguous)
        `ISO8601`, a strptime format, or None; ambiguous when day and month could change places.
    """
    present = text.drop_null()
    if len(present) == 0:
        return None, False
    trimmed = pc.utf8_trim_whitespace(present)
    # Bounds keep free text from being tried against forty-five formats.
    plausible = pc.match_substring_regex(trimmed, r"^[0-9A-Za-z][0-9A-Za-z/.,: TZ+-]{5,34}$")
    if pc.mean(plausible).as_py() < TOLERATED:
        return None, False
    if _share(trimmed, ISO) >= TOLERATED:
        return ISO, False
    step = max(1, len(trimmed) // _SAMPLE)
    sample = trimmed.take(pa.array(range(0, len(trimmed), step)))
    for form in FORMATS:
        if _share(sample, form) >= TOLERATED and _share(trimmed, form) >= TOLERATED:
            return form, _is_ambiguous(trimmed, form)
    return None, False


def parse_dates(text: pa.Array, form: str) -> pd.Series:
    """Moments of a column of text: datetime64[us] without zone (zones are turned into UTC), NaT where there is none."""
    trimmed = pc.utf8_trim_whitespace(text)
    if form == ISO:
        trimmed = pc.if_else(pc.match_substring_regex(trimmed, _ISO_PATTERN), trimmed, pa.scalar(None, text.type))
        # Microseconds are enough, and finer ones would shut out years past 2262 in the whole column.
        trimmed = pc.replace_substring_regex(trimmed, r"[.,](\d{1,6})\d*", r".\1")
        trimmed = pc.replace_substring_regex(trimmed, r"\s?UTC$", "Z")
        moments = pd.to_datetime(_series(trimmed), format=ISO, utc=True, errors="coerce").dt.tz_localize(None)
    else:
        moments = pd.to_datetime(_series(trimmed), format=form, errors="coerce")
    return moments.astype("datetime64[us]")


def parse_numbers(text: pa.Array, decimal_comma: bool = False) -> pd.Series:
    """Numbers of a column of text, float64, NaN where there is none.

    "1,234.5", "$ 12" and "12 %" are not numbers to a machine but to a CRM: currency signs, percent signs and
    commas between thousands are taken away; with `decimal_comma` "1.234,5" is the number 1234.5.
    """
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(text), r"^([+-]?)[$€£¥]\s?|\s?[%€$£¥]$", r"\1")
    if decimal_comma:
        bare = _with_points(bare)
    grouped = pc.match_substring_regex(bare, r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
    bare = pc.if_else(grouped, pc.replace_substring(bare, ",", ""), bare)
    numbers = pc.if_else(pc.match_substring_regex(bare, _NUMBER), bare, pa.scalar(None, text.type)).cast(pa.float64())
    finite = pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, pa.float64()))
    return pd.Series(finite.to_numpy(zero_copy_only=False), dtype="float64")


def uses_decimal_comma(text: pa.Array) -> bool:
    """Whether nearly all values are numbers only when a comma is taken for the decimal sign ("0,5", "1.234,5")."""
    if len(text) == 0 or not pc.any(pc.match_substring(text, ",")).as_py():
        return False
    share = parse_numbers(text, decimal_comma=True).notna().mean()
    return share >= TOLERATED and share > parse_numbers(text).notna().mean()


def mixes_decimal_signs(text: pa.Array) -> bool:
    """Whether nearly all values are numbers, but some only with a decimal comma and some only with a point."""
    if len(text) == 0 or not pc.any(pc.match_substring(text, ",")).as_py():
        return False
    point, comma = (parse_numbers(text, decimal_comma=sign).notna() for sign in (False, True))
    share = float((point | comma).mean())
    return share >= TOLERATED and share > max(point.mean(), comma.mean())


def _with_points(bare: pa.Array) -> pa.Array:
    """Numbers with a decimal comma in the form of all others; what is none in that form becomes missing."""
    grouped = pc.match_substring_regex(bare, _GROUPED_BY_POINTS)
    plain = pc.match_substring_regex(bare, r"^[+-]?\d*(,\d+)?([eE][+-]?\d+)?$")
    bare = pc.if_else(grouped, pc.replace_substring(bare, ".", ""), bare)
    bare = pc.if_else(pc.or_(grouped, plain), bare, pa.scalar(None, bare.type))
    return pc.replace_substring(bare, ",", ".")


def parse_seconds(text: pa.Array) -> pd.Series:
    """Offsets in a call: seconds as a number or [hh:]mm:ss[.fff]; float64, NaN where there is none."""
    seconds = parse_numbers(text)
    parts = pc.extract_regex(pc.utf8_trim_whitespace(text), _CLOCK)
    if parts.null_count == len(parts):
        return seconds
    hours, minutes, rest = (
        parse_numbers(pc.replace_substring(pc.struct_field(parts, [name]), ",", "."))
        for name in ("hours", "minutes", "seconds")
    )
    return seconds.fillna(hours.fillna(0) * 3600 + minutes * 60 + rest)


def _series(text: pa.Array) -> pd.Series:
    return pd.Series(text.to_pandas(), dtype="str")


def _share(text: pa.Array, form: str) -> float:
    return float(parse_dates(text, form).notna().mean())


def _is_ambiguous(text: pa.Array, form: str) -> bool:
    for first, second in _SWAPPED.items():
        if first in form:
            return _share(text, form.replace(first, second)) >= TOLERATED
    return False
