"""What columns are likely to mean, each with the reason in words, and what nobody but the user can know."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nightshift.data import outcomes
from nightshift.data.cells import is_dialogue
from nightshift.data.schema import CATEGORY, DATETIME, NUMERIC, TEXT
from nightshift.init.look import Seen
from nightshift.init.vocabulary import (
    AFTER,
    CLOSED,
    CREATED,
    GROUP,
    ID,
    NEGATIVE,
    POSITIVE,
    STAGE,
    TARGET,
    holds,
    words_of,
)

_MOST_VALUES = 30  # of a target with stages
_NAMED = 0.05  # share of transcripts that must name a case by a column
_DIALOGUES = 0.5  # share of a column's cells that must be dialogues
_CELLS = 200


@dataclass(frozen=True)
class Guess:
    """One key of the configuration.

    Attributes
    ----------
    value : what to write; None for nothing
    why : the reason, in words
    options : what else it could be, likeliest first; where `value` is None and there are some, somebody must choose
    """

    value: Any
    why: str
    options: list[str] = field(default_factory=list)

    @property
    def unclear(self) -> bool:
        return self.value is None and bool(self.options)


def guess_id(seen: Seen, taken: Set[str] = frozenset()) -> Guess:
    """The column that names a case: unique, complete, named by the transcripts."""
    rows = seen.table.num_rows
    unique = [
        name
        for name in seen.table.column_names
        if name not in taken
        and seen.column(name).null_count == 0
        and pc.count_distinct(seen.column(name)).as_py() == rows
        and seen.kinds[name] not in (DATETIME, TEXT)
        and not _has_fractions(seen, name)
    ]
    shares = {name: seen.named(name) for name in unique}
    named = [name for name in unique if shares[name] >= _NAMED]
    if named:
        best = max(named, key=lambda name: (shares[name], holds(name, ID), -unique.index(name)))
        return Guess(best, f"a new value in every row, and {shares[best]:.0%} of the transcripts name it", unique)
    called = [name for name in unique if holds(name, ID)]
    if called:
        return Guess(called[0], "a new value in every row, and its name", unique)
    if len(unique) == 1:
        return Guess(unique[0], "the only column with a new value in every row", unique)
    return Guess(None, "no column is plainly the name of a case", unique or seen.table.column_names)


def guess_target(seen: Seen, taken: set[str]) -> Guess:
    """The column to predict: two values, or stages among which some are won and some lost."""
    scores: dict[str, float] = {}
    for name in seen.table.column_names:
        values = values_of(seen.column(name))
        if name in taken or not 2 <= len(values) <= _MOST_VALUES:
            continue
        decides = bool(_of(values, POSITIVE)) and bool(_of(values, NEGATIVE))
        if len({outcomes.key_of(value) for value in values}) > 2 and not decides:
            continue
        called = 3 if holds(name, TARGET) else 2 if holds(name, STAGE) else 0
        speaks = decides and not _of(values, ["yes", "no", "true", "false", "0", "1", "y", "n", "ja", "nein"])
        scores[name] = called + speaks
    options = sorted(scores, key=lambda name: -scores[name])
    if not options:
        return Guess(None, "no column has two values", seen.table.column_names)
    if scores[options[0]] > 0 and (len(options) == 1 or scores[options[0]] > scores[options[1]]):
        return Guess(options[0], f"its name, and its values: {_few(values_of(seen.column(options[0])))}", options)
    if len(options) == 1:
        return Guess(
            options[0], f"the only column with two values: {_few(values_of(seen.column(options[0])))}", options
        )
    return Guess(None, "several columns could be the outcome", options)


def guess_classes(seen: Seen, target: str) -> tuple[Guess, Guess]:
    """Values that count as 1 and as 0; (nothing, nothing) where ingest knows them by itself."""
    text = seen.column(target)
    values = values_of(text)
    keys = {outcomes.key_of(value) for value in values}
    paired = next((pair for pair in outcomes.PAIRS if set(pair) == keys), None)
    if paired and text.null_count == 0:
        return Guess(None, ""), Guess(None, "")
    if paired:
        zeros, ones = ([value for value in values if outcomes.key_of(value) == key] for key in paired)
    else:
        ones, zeros = _of(values, POSITIVE), _of(values, NEGATIVE)
        both = set(ones) & set(zeros)  # "not won", "no sale": what denies is 0
        ones = [value for value in ones if value not in both]
    if len(keys) == 2 and len(ones) == 1 and not zeros:
        zeros = [value for value in values if value not in ones]
    if not ones or not zeros:
        return Guess(None, f"which of {_few(values)} counts as 1?", values), Guess(None, "")
    others = len(text) - sum(pc.sum(pc.equal(pc.utf8_trim_whitespace(text), value)).as_py() for value in ones + zeros)
    if len(keys) == 2 and not others:
        return Guess(_one(ones), f"the value of {target!r} that says yes", values), Guess(None, "")
    why = f"{others} rows are neither: no outcome yet, left out and counted"
    return Guess(_one(ones), f"values of {target!r} that say yes", values), Guess(_one(zeros), why, values)


def guess_group(seen: Seen, taken: set[str]) -> Guess:
    """A column of accounts or customers that several cases share."""
    for name in sorted(seen.table.column_names, key=lambda name: not holds(name, ["id", "number", "nr"])):
        values = seen.column(name).drop_null()
        words = words_of(name)
        if name in taken or len(values) < 0.5 * seen.table.num_rows or not (holds(name, GROUP) and len(words) <= 2):
            continue
        distinct = pc.count_distinct(values).as_py()
        if seen.kinds[name] in (CATEGORY, NUMERIC) and 10 < distinct < len(values) and not _has_fractions(seen, name):
            share = len(values) / distinct
            return Guess(name, f"cases of one {name} belong together ({share:.1f} each): never on two sides of a split")
    return Guess(None, "no column of accounts or customers that several cases share")


def guess_time(seen: Seen, taken: set[str]) -> Guess:
    """When a case began: a complete date."""
    for name in seen.dates:
        complete = seen.column(name).null_count == 0
        if complete and name not in taken and holds(name, CREATED) and not holds(name, CLOSED):
            return Guess(name, "when a case began: the latest cases are the holdout, as in real use")
    return Guess(None, "no complete date says when a case began: split at random")


def guess_cutoff(seen: Seen, dated: bool, complete: list[str]) -> Guess:
    """When the outcome was known; calls from then on would tell it. Plain only where calls have dates."""
    for name in complete:
        if dated and holds(name, CLOSED):
            return Guess(name, "calls held after it would tell the outcome; they are left out and counted")
    return Guess(None, "")


def guess_late_columns(seen: Seen, taken: set[str]) -> dict[str, str]:
    """Columns that are probably written when the outcome is known, by their names or values, with reasons."""
    late = {}
    for name in seen.table.column_names:
        values = values_of(seen.column(name))
        stages = (
            len(values) <= _MOST_VALUES and holds(name, STAGE) and _of(values, ["won", "lost", "gewonnen", "verloren"])
        )
        if name not in taken and (holds(name, AFTER) or stages):
            late[name] = "named like something known only after the outcome"
    return late


def guess_transcript_columns(seen: Seen, taken: set[str]) -> dict[str, str]:
    """Columns of the cases whose cells are whole calls."""
    found = {}
    for name in seen.table.column_names:
        texts = [text for text in seen.column(name).drop_null().to_pylist()[: 20 * _CELLS] if len(text) > 40][:_CELLS]
        if name not in taken and texts and sum(map(is_dialogue, texts)) >= _DIALOGUES * len(texts):
            found[name] = "speakers take turns in its cells: each is a call"
    return found


def values_of(text: pa.Array) -> list[str]:
    """Distinct values, the most frequent first; at most one more than a target may have."""
    counts = pc.value_counts(pc.utf8_trim_whitespace(text.drop_null())).to_pylist()
    ranked = sorted(counts, key=lambda entry: (-entry["counts"], entry["values"]))
    return [entry["values"] for entry in ranked[: _MOST_VALUES + 1]]


def _of(values: list[str], words: list[str]) -> list[str]:
    return [value for value in values if holds(value, words)]


def _has_fractions(seen: Seen, name: str) -> bool:
    return seen.kinds[name] == NUMERIC and pc.any(pc.match_substring_regex(seen.column(name), r"[.,]\d")).as_py()


def _few(values: list[str]) -> str:
    return ", ".join(values[:5]) + (", ..." if len(values) > 5 else "")


def _one(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
