"""From guesses, flags and answers to the section `data` of a configuration, checked as a night would check it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from nightshift.config import Config, Data, Validation
from nightshift.data import ingest as ingesting
from nightshift.data.leakage import leakage_suspects
from nightshift.data.outcomes import decided
from nightshift.data.split import split_cases
from nightshift.data.transcripts import match_columns
from nightshift.errors import InputError, NightshiftError
from nightshift.init import guess
from nightshift.init.guess import Guess
from nightshift.init.look import Seen
from nightshift.init.turns import guess_turn_columns

NOTHING = "none"
_MOST_PURGED = 0.1  # share of the cases that a split in time may cost
_FOLDS = (5, 3, 2)


class UnsaidError(NightshiftError):
    """What nobody but the user can know, and nobody can be asked."""


@dataclass
class Plan:
    """What is to be written.

    Attributes
    ----------
    seen : Seen
    found : key of `data` to Guess, in the order of the file
    drop : column to the reason
    folds : of validation; fewer where a class is small
    warnings : of ingest, and of leaks that stay
    counts : of ingest
    """

    seen: Seen
    found: dict[str, Guess]
    drop: dict[str, str] = field(default_factory=dict)
    folds: int = _FOLDS[0]
    warnings: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """The section `data`, without what says nothing."""
        said = {key: one.value for key, one in self.found.items() if one.value not in (None, [], {})}
        paths = {"cases": self.seen.cases, "transcripts": self.seen.transcripts}
        return {key: value for key, value in {**paths, **said, "drop": list(self.drop)}.items() if value}

    def config(self) -> Config:
        return Config(data=Data.model_validate(self.data()), validation=Validation(folds=self.folds))


Choose = Callable[[str, Guess], Any]


def make_plan(seen: Seen, flags: dict[str, Any], choose: Choose) -> Plan:
    """Guess every key; flags come first, and `choose` is asked for what is unclear.

    Parameters
    ----------
    seen : Seen
    flags : key of `data` to what the user says; `NOTHING` for "there is none"
    choose : callable of a key and its guess
        Returns the user's choice, or raises.
    """
    plan = Plan(seen, {})

    def settle(key: str, found: Guess) -> Any:
        if flags.get(key) not in (None, []):
            value = None if flags[key] == NOTHING else flags[key]
            found = Guess(value, "as you say", found.options)
        elif found.unclear:
            found = Guess(choose(key, found), "as you say", found.options)
        plan.found[key] = found
        return found.value

    taken = _settle_names(seen, settle)
    positive, negative = guess.guess_classes(seen, plan.found["target"].value)
    if settle("positive", positive) is not None:
        settle("negative", negative if plan.found["positive"].why != "as you say" else _others(plan, seen))
    columns = guess.guess_transcript_columns(seen, taken)
    settle("transcript_columns", Guess(list(columns), next(iter(columns.values()), "")))
    taken.update(plan.found["transcript_columns"].value or [])
    taken.add(settle("group", guess.guess_group(seen, taken)))
    settle("time", guess.guess_time(seen, taken))
    turns = guess_turn_columns(seen, plan.found["id"].value)
    settle("turn_columns", Guess(turns, "their names in the table of turns"))
    settle("cutoff", guess.guess_cutoff(seen, *_about_dates(plan)))
    settle("decimal", Guess(seen.decimal, seen.decimal and f"decimal commas in {', '.join(seen.comma_columns[:3])}"))
    settle("encoding", Guess(seen.encoding, seen.encoding and "a file is not UTF-8; check that accents read well"))
    plan.drop = _drops(plan, seen, flags, taken)
    return plan


def _settle_names(seen: Seen, settle: Choose) -> set[str]:
    """The two columns without which there is nothing; what has to be said of either is said at once."""
    unsaid: list[str] = []
    taken: set[str] = set()
    for key, look_for in (("id", guess.guess_id), ("target", guess.guess_target)):
        try:
            name = settle(key, look_for(seen, taken))
            _must_exist(seen, {name}, f"--{key}")
            taken.add(name)
        except UnsaidError as error:
            unsaid.append(str(error))
    if unsaid:
        raise UnsaidError("\n".join(unsaid))
    return taken


def check(plan: Plan, flags: dict[str, Any], root: Path = Path()) -> None:
    """Ingest as a night does; drop what measures as a leak; take back a split in time that costs too much.

    Raises
    ------
    InputError
        Every problem that a night would stop at.
    """
    read = _ingest(plan, root)
    if plan.found["time"].value and not flags.get("time"):
        reason = _why_not_in_time(plan, read.keys)
        if reason:
            plan.found["time"] = Guess(None, reason)
            read = _ingest(plan, root)
    rows = split_cases(read.keys, plan.config().validation, 0).development
    times = read.keys["time"].iloc[rows] if plan.found["time"].value else None
    suspects = leakage_suspects(read.cases.iloc[rows], read.keys["target"].iloc[rows], read.schema, times)
    kept = {*(flags.get("keep") or []), plan.found["time"].value}
    for column, reasons in suspects.items():
        name = read.schema.source(column)
        if name not in kept:
            plan.drop.setdefault(name, reasons[0].split(": ")[0])
        else:
            plan.warnings += [f"column {name!r} {reason}" for reason in reasons]
    plan.counts = read.counts
    plan.warnings = [*read.warnings, *plan.warnings]


def _ingest(plan: Plan, root: Path) -> ingesting.Ingested:
    for folds in _FOLDS:
        plan.folds = folds
        try:
            return ingesting.ingest(plan.config(), root)
        except InputError as error:
            few = all("folds and the holdout need" in problem.what for problem in error.problems)
            if not few or folds == _FOLDS[-1]:
                raise
    raise AssertionError("unreachable")


def _why_not_in_time(plan: Plan, keys: pd.DataFrame) -> str | None:
    column = plan.found["time"].value
    if keys["time"].nunique() < 10:
        return f"{column!r} has few distinct days: split at random"
    try:
        split = split_cases(keys, plan.config().validation, 0)
    except InputError:
        return f"in the order of {column!r} some part would hold one class only: split at random"
    if split.purged > _MOST_PURGED * len(keys):
        lost = f"{split.purged} of {len(keys)}"
        return f"in the order of {column!r} {lost} cases would be lost to groups on both sides: split at random"
    return None


def _others(plan: Plan, seen: Seen) -> Guess:
    """data.negative when the user names the positive value and there are more than two values, or blanks."""
    text, positive = seen.column(plan.found["target"].value), plan.found["positive"].value
    ones = positive if isinstance(positive, list) else [positive]
    rest = [value for value in guess.values_of(text) if value not in map(str, ones)]
    if len(rest) == 1 and text.null_count == 0:
        return Guess(None, "")
    if len(rest) == 1:
        return Guess(rest[0], f"{text.null_count} rows are blank: no outcome yet, left out and counted")
    return Guess(None, f"which of these means that the outcome is no? others are left out as open: {rest}", rest)


def _about_dates(plan: Plan) -> tuple[bool, list[str]]:
    """Whether calls have dates, and the date columns that every case with an outcome has filled in."""
    seen = plan.seen
    if seen.turns is not None:
        names = match_columns(seen.turns.column_names, plan.found["id"].value)
        dated = "time" in names or "time" in plan.found["turn_columns"].value
    else:
        dated = any(any(part.isdigit() and len(part) >= 4 for part in file.stem.split("-")) for file in seen.files)
    data = {key: plan.found[key].value for key in ("id", "target", "positive", "negative") if key in plan.found}
    rows, _ = decided(seen.table, Data(cases=seen.cases, **data))
    complete = [name for name in seen.dates if seen.column(name).take(pa.array(rows)).null_count == 0]
    return dated, complete


def _drops(plan: Plan, seen: Seen, flags: dict[str, Any], taken: set[str]) -> dict[str, str]:
    wanted = flags.get("drop") or []
    _must_exist(seen, set(wanted), "--drop")
    late = guess.guess_late_columns(seen, taken | {plan.found["time"].value})
    kept = set(flags.get("keep") or [])
    return {name: why for name, why in (dict.fromkeys(wanted, "as you say") | late).items() if name not in kept}


def _must_exist(seen: Seen, names: set[str], flag: str) -> None:
    missing = sorted(name for name in names if name not in seen.table.column_names)
    if missing:
        known = ", ".join(seen.table.column_names[:30])
        raise NightshiftError(f"{seen.cases} has no column {missing[0]!r}\n    -> {flag} names one of: {known}")
