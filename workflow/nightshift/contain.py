"""Crash containment: whatever the work of a job does, the job goes on and says what came of it.

The work is done in a child (`nightshift.forked`). A failure of the code itself (an exception, a segfault) is final. One
of the environment (time, memory, a kill) may be due to what else ran, so there is a second try with more of the
resource: inside the job, because then it is the same under every executor, no output is deleted in between, and a
second failure is an outcome rather than a failed job that would stop the night.
"""

from __future__ import annotations

import contextlib
import fcntl
import platform
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from nightshift.disk import DiskError
from nightshift.files import NO_LOCKS
from nightshift.forked import Ended, describe, run_in_child, says_no_room
from nightshift.limits import Limits
from nightshift.llm.errors import ReplayMissing

ENVIRONMENT = ("time", "memory", "killed", "device", "server")
# Where more of the resource may help at once. A request was tried again already, and the wait between was its server's.
_TRIED_AGAIN = ("time", "memory", "killed", "device")
_LOCKS = Path(".nightshift")
_TAIL = 2000
_LAST_WORDS = 20_000  # characters; native code speaks before Python writes the stacks of all threads
# How a stack begins that Python writes when it dies or is asked; the innermost call comes first.
_STACK = "Current thread 0x"
# Signals that a process causes itself; all others come from outside.
_OWN_FAULT = (
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGABRT,
    signal.SIGTRAP,
    signal.SIGSYS,
)


@dataclass(frozen=True)
class Failure:
    """Why some work failed.

    Attributes
    ----------
    kind : "error", "segfault", "time", "memory", "killed", "device" or "server" (a model's server, its key or the budget)
    reason : one line
    tail : the end of the traceback or of the log
    """

    kind: str
    reason: str
    tail: str

    @property
    def environment(self) -> bool:
        """Whether load, not code, may be to blame: then no later night believes it."""
        return self.kind in ENVIRONMENT

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "reason": self.reason, "tail": self.tail}


@dataclass(frozen=True)
class Attempt:
    """What the work returned, or why it failed."""

    value: Any = None
    failure: Failure | None = None


def attempt(work: Callable[[], Any], limits: Limits | None, again: Callable[[], Any] | None = None) -> Attempt:
    """Do some work, contained.

    Parameters
    ----------
    work : callable
        Returns anything JSON can say. May be started twice: the second try finds what the first left.
    limits : Limits or None
        None: in this process, without limits; only exceptions are contained.
    again : callable, optional
        The same work for a second try that is not for want of time, such as in one process instead of several.

    Raises
    ------
    DiskError
        When the disk refuses: that is no fault of the work.
    ReplayMissing
        When a replay lacks an answer: what came of it would be another night.
    """
    if limits is None:
        try:
            return Attempt(work())
        except Exception as error:
            traceback.print_exc()
            return _attempt_of(describe(error))
    shared = limits.granted_mb is None
    with _among_others() if shared else contextlib.nullcontext():
        first = _try(work, limits)
    if first.failure is None or first.failure.kind not in _TRIED_AGAIN:
        return first
    print(f"{first.failure.kind}: {first.failure.reason}; tried again with more", file=sys.stderr, flush=True)
    # A scheduler's job is alone already, and to wait for others would use up the time that it was granted.
    with _second_try(alone=first.failure.kind != "time") if shared else contextlib.nullcontext():
        second = _try(again if again and first.failure.kind != "time" else work, limits.raised())
    if second.failure is None:
        return second
    reason = f"{first.failure.reason}; tried again: {second.failure.reason}"
    return Attempt(failure=replace(second.failure, reason=reason))


def _try(work: Callable[[], Any], limits: Limits) -> Attempt:
    ended = run_in_child(work, limits.seconds, limits.memory)
    if ended.report is not None:
        return _attempt_of(ended.report)
    return Attempt(failure=Failure(*_kind_and_reason(ended, limits), tail=_end_of_log()))


def _attempt_of(report: dict[str, Any]) -> Attempt:
    if "disk" in report:
        raise DiskError(report["disk"])
    if "replay" in report:
        raise ReplayMissing(report["replay"])
    return Attempt(failure=Failure(**report["error"])) if "error" in report else Attempt(report["value"])


def _kind_and_reason(ended: Ended, limits: Limits) -> tuple[str, str]:
    if ended.stopped == "time":
        return "time", f"stopped after {limits.seconds:g} s (search.job_timeout)"
    if ended.stopped == "memory":
        return "memory", f"stopped above {limits.memory:.0f} MB (search.job_memory_mb)"
    if ended.code >= 0:
        return "error", f"the process ended itself with exit status {ended.code}"
    name = signal.Signals(-ended.code).name if -ended.code in set(signal.Signals) else f"signal {-ended.code}"
    if -ended.code == signal.SIGABRT and says_no_room(_log()[-_LAST_WORDS:]):
        return "memory", "native code ended itself for want of memory"
    if -ended.code in _OWN_FAULT:
        return "segfault", f"native code ended by {name}"
    return "killed", f"ended by {name} from outside (by the kernel, short of memory, or by somebody)"


def _end_of_log() -> str:
    """The last of the job's log, which is where standard error goes; of a stack that native code left, its top."""
    text = _log()
    start = text.rfind(_STACK)
    return text[start:].split("\nExtension modules:")[0][:_TAIL] if start >= 0 else text[-_TAIL:]


def _log() -> str:
    try:
        return Path(sys.stderr.name).read_text(encoding="utf-8", errors="replace")
    except (OSError, AttributeError, TypeError):
        return ""


@contextlib.contextmanager
def _among_others() -> Iterator[None]:
    """A first try: beside others, but not while a second one needs the machine for itself."""
    with _lock("room", fcntl.LOCK_SH, through="gate"):
        yield


@contextlib.contextmanager
def _second_try(alone: bool) -> Iterator[None]:
    """One second try at a time on a machine. After `memory` or `killed` it waits until it is alone; after `time` first
    tries go on beside it, or whatever hangs would stop a whole night for as long."""
    with _lock("turn", fcntl.LOCK_EX):
        if not alone:
            yield
            return
        # Who waits for the room holds the gate: otherwise ever new first tries would keep it waiting.
        with _lock("gate", fcntl.LOCK_EX), _lock("room", fcntl.LOCK_EX):
            yield


@contextlib.contextmanager
def _lock(name: str, how: int, through: str | None = None) -> Iterator[None]:
    """Hold a lock of this machine; it goes with the process."""
    _LOCKS.mkdir(exist_ok=True)
    with open(_LOCKS / f"{name}-{platform.node()}.lock", "w") as handle:
        with _lock(through, how) if through else contextlib.nullcontext():
            _flock(handle, how)
        try:
            yield
        finally:
            _flock(handle, fcntl.LOCK_UN)  # a descendant may have inherited the open file


def _flock(handle: IO, how: int) -> None:
    """Lock or unlock; nothing happens on a file system without locks."""
    try:
        fcntl.flock(handle, how)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
