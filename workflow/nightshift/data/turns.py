"""Turns in order, of known cases, with words in them, and not later than the prediction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TYPES = {
    "case_id": "str",
    "call": "str",
    "position": "int32",
    "speaker": "str",
    "text": "str",
    "start": "float64",
    "end": "float64",
    "time": "datetime64[us]",
}
_EXAMPLES = 3


def no_turns() -> pd.DataFrame:
    """The frame of turns without a row."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in TYPES.items()})


def arrange(
    raw: pd.DataFrame, ids: pd.Series, cutoff: pd.Series | None, name: str
) -> tuple[pd.DataFrame, dict[str, int], list[str]]:
    """Drop what cannot be used, sort the rest.

    Parameters
    ----------
    raw : DataFrame
        Turns as `transcripts.read_turns` gives them.
    ids : Series of str
        Ids of the cases, in their order.
    cutoff : Series of datetime64 or None
        When each case's prediction is made, aligned with `ids`; NaT keeps all turns of the case.
    name : str
        What messages call the transcripts.

    Returns
    -------
    (DataFrame, dict, list of str)
        Turns sorted by case (order of `ids`), call (by time, where given, then by first appearance) and position, with
        columns and types `TYPES`; counts of what was dropped; warnings. Positions count from 0 in each call anew.
    """
    case = _positions_of(raw["case_id"], ids)
    empty = raw["text"].isna().to_numpy()
    unknown = case < 0
    counts = {
        "turns_read": len(raw),
        "turns_of_unknown_cases": int(unknown.sum()),
        "turns_without_text": int(empty.sum()),
        "turns_after_cutoff": 0,
        "turns_without_time": 0,
    }
    warnings = _warn_of_dropped(raw, unknown, empty, name)
    usable = np.flatnonzero(~(unknown | empty))
    turns, case = raw[list(TYPES)].take(usable).reset_index(drop=True), case[usable]
    call = _number_calls(case, turns["call"])
    times = turns["time"].groupby(call)
    held = times.min().to_numpy() if len(turns) else np.array([], dtype="datetime64[us]")
    until = _known_until(held, times.max().to_numpy()) if len(turns) else held
    late = _after_cutoff(turns, case, held[call], until[call], cutoff, name, counts, warnings)
    order = _order(turns, case, call, held)
    order = order[~late[order]]
    turns = turns.take(order).reset_index(drop=True)
    turns["position"] = _count_within(call[order]).astype("int32")
    return turns[list(TYPES)].astype(TYPES), counts, warnings


def _positions_of(names: pd.Series, ids: pd.Series) -> np.ndarray:
    """Row of each name in `ids`; -1 where there is none."""
    found = pc.index_in(pa.array(names, pa.large_string()), pa.array(ids, pa.large_string()))
    return pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)


def _warn_of_dropped(raw: pd.DataFrame, unknown: np.ndarray, empty: np.ndarray, name: str) -> list[str]:
    warnings = []
    if unknown.any():
        nameless = int(raw["case_id"].isna().sum())
        examples = raw["case_id"][unknown].dropna().unique()[:_EXAMPLES]
        such = f", such as {', '.join(map(repr, examples))}" if len(examples) else ""
        blank = f" ({nameless} name no case)" if nameless else ""
        warnings.append(f"{name}: {unknown.sum()} turns belong to no known case{blank}{such}; left out")
    if empty.any():
        warnings.append(f"{name}: {empty.sum()} turns have no text; left out")
    return warnings


def _number_calls(case: np.ndarray, call: pd.Series) -> np.ndarray:
    """A number for each call of each case, by first appearance."""
    if len(case) == 0:
        return np.zeros(0, dtype=np.int64)
    names, uniques = pd.factorize(call)
    return pd.factorize(case * np.int64(len(uniques)) + names)[0].astype(np.int64)


def _after_cutoff(
    turns: pd.DataFrame,
    case: np.ndarray,
    held: np.ndarray,
    until: np.ndarray,
    cutoff: pd.Series | None,
    name: str,
    counts: dict[str, int],
    warnings: list[str],
) -> np.ndarray:
    """Which turns to drop: later than the prediction, or of unknown time where it matters (never risk a leak)."""
    if cutoff is None:
        return np.zeros(len(turns), dtype=bool)
    moment = cutoff.to_numpy()[case]
    when = turns["time"].to_numpy()
    when = np.where(np.isnat(when), held, when)
    limited = ~np.isnat(moment)
    timeless = limited & np.isnat(when)
    late = limited & ~timeless & (np.where(np.isnat(until), when, until) > moment)
    counts["turns_after_cutoff"], counts["turns_without_time"] = int(late.sum()), int(timeless.sum())
    if late.any():
        cases = len(np.unique(case[late]))
        warnings.append(f"{name}: {late.sum()} turns of {cases} cases are later than the prediction (data.cutoff), or of its day without an hour; left out")
    if timeless.any():
        warnings.append(f"{name}: {timeless.sum()} turns say no time, so they may be later than the prediction (data.cutoff); left out")
    return late | timeless


def _known_until(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The end of the day of calls of which only the day is known, NaT for others: on the day of the outcome they may tell it."""
    day = first.astype("datetime64[D]")
    end = (day + np.timedelta64(1, "D")).astype("datetime64[us]") - np.timedelta64(1, "us")
    return np.where((first == day) & (last == first), end, np.datetime64("NaT", "us"))


def _order(turns: pd.DataFrame, case: np.ndarray, call: np.ndarray, held: np.ndarray) -> np.ndarray:
    latest = np.iinfo(np.int64).max
    # Calls without a time come after those with one; NaT would sort before.
    when = np.where(np.isnat(held), latest, held.astype("datetime64[us]").astype(np.int64))[call]
    place = turns["position"].to_numpy()
    # A call with a gap in its positions keeps the order of the file as a whole: half an order is none.
    gaps = np.zeros(call.max() + 1 if len(call) else 0, dtype=bool)
    gaps[call[np.isnan(place)]] = True
    place = np.where(gaps[call], 0.0, place)
    return np.lexsort((np.arange(len(turns)), place, call, when, case))


def _count_within(call: np.ndarray) -> np.ndarray:
    if len(call) == 0:
        return call
    starts = np.flatnonzero(np.r_[True, call[1:] != call[:-1]])
    return np.arange(len(call)) - np.repeat(starts, np.diff(np.r_[starts, len(call)]))
