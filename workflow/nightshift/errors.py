"""Errors that a user can cause, and the one message that lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input: where it is and what to do about it.

    `row` counts data rows (or lines, for JSON lines and transcripts) from 1; `None` means the whole file or column.
    """

    what: str
    remedy: str
    file: str | None = None
    column: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        place = [str(self.file)] if self.file else []
        if self.column:
            place.append(f"column {self.column!r}")
        if self.row is not None:
            place.append(f"row {self.row}")
        where = f"{', '.join(place)}: " if place else ""
        return f"{where}{self.what}\n    -> {self.remedy}"


class NightshiftError(Exception):
    """Base of all errors that end a command with a message for the user instead of a traceback."""


class TooHeavyError(NightshiftError):
    """Something ran into a limit of its own; on a busy machine it may be the machine's fault.

    Parameters
    ----------
    message : str
    kind : "time" or "memory"
    """

    def __init__(self, message: str, kind: str):
        self.kind = kind
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        # It may come from a process that shares the work.
        return type(self), (str(self), self.kind)


class ProcessKilledError(TooHeavyError):
    """A process that shared some work was killed."""

    def __init__(self, message: str, kind: str = "memory"):
        super().__init__(message, kind)


class InputError(NightshiftError):
    """Everything that is wrong with configuration or data, found in one pass.

    Parameters
    ----------
    problems : list of Problem
        At least one; the message numbers them.
    before : str
        What cannot be done before they are mended.
    """

    def __init__(self, problems: list[Problem], before: str = "the night can start"):
        self.problems = list(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        listed = "\n".join(f"{i:>3}. {problem}" for i, problem in enumerate(self.problems, 1))
        super().__init__(f"{head} to mend before {before}:\n{listed}")


class NoDeviceError(NightshiftError):
    """The machine lacks what a learner or view asks for; no fault of theirs, so not remembered for good."""
