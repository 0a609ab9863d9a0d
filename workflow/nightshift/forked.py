"""A child process that does a piece of work while this one watches its time and its memory.

The child has a session of its own and dies with its parent; when it is stopped or ends, so do all its descendants.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import faulthandler
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from nightshift.disk import disk_problem
from nightshift.errors import NoDeviceError, TooHeavyError
from nightshift.llm.errors import CallFailed, NotSentError, ReplayMissing
from nightshift.parallel import end_with

_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_LONGEST_NAP = 0.02
_TREE_EVERY = 0.5  # seconds; to list all descendants reads the whole process table
_LAST_WORDS = 0.5  # seconds for a stack trace of what hangs
_TAIL, _LONGEST_REASON = 2000, 500
_MEGABYTE = 1024 * 1024
# Exceptions that are the machine's fault and not the code's.
_KINDS = {MemoryError: "memory", NoDeviceError: "device", NotSentError: "server"}
_NO_ROOM = (errno.ENOMEM, errno.EAGAIN)
# How libraries say that memory ran out (XGBoost on a GPU, C++, Python's threads) in exceptions of other types.
_NO_ROOM_WORDS = ("out of memory", "bad_alloc", "cannot allocate memory", "can't start new thread")


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes
    ----------
    code : int
        Exit status; a signal's number, negative, when one ended it.
    stopped : "time", "memory" or None
        The limit it was stopped for.
    report : dict or None
        What it said, or what kept it from starting: {"value"}, {"error": {"kind", "reason", "tail"}}, {"disk"} or {"replay"}.
        None: it ended without a word.
    """

    code: int
    stopped: str | None
    report: dict[str, Any] | None


def run_in_child(work: Callable[[], Any], seconds: float, memory_mb: float) -> Ended:
    """Do `work` in a fork and wait for its end, or stop it.

    Parameters
    ----------
    work : callable
        Returns anything JSON can say (no NaN).
    seconds : float
        Wall time after which it is stopped.
    memory_mb : float
        Resident memory of the child and its descendants, in units of 2**20 bytes, above which it is stopped.
    """
    ours = {process.pid for process in psutil.Process().children(recursive=True)}
    _set(_PR_SET_CHILD_SUBREAPER, 1)  # orphans of the child become ours, so that none is overlooked
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    parent = os.getpid()
    try:
        pid = _fork()
    except OSError as error:  # no room for a process, which may pass
        traceback.print_exc()
        os.close(reading)
        os.close(writing)
        _set(_PR_SET_CHILD_SUBREAPER, 0)
        return Ended(1, None, describe(error))
    if pid == 0:
        os.close(reading)
        _be_the_child(work, writing, parent)
    os.close(writing)
    try:
        with _sigterm_raises():
            return _watch(pid, reading, seconds, memory_mb)
    finally:
        os.close(reading)
        _end_all_but(ours)
        _set(_PR_SET_CHILD_SUBREAPER, 0)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks in a process with threads; ours wait
        return os.fork()


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """A scheduler that ends this job ends the child's descendants too, since we come to clean up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _set(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, value)


def _be_the_child(work: Callable[[], Any], pipe: int, parent: int) -> None:
    """Work, report and end; never comes back."""
    code = 1
    try:
        _settle(parent)
        report = _report_of(work)
        with os.fdopen(pipe, "wb") as handle:
            handle.write(report)
        code = 0
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _settle(parent: int) -> None:
    os.setsid()
    end_with(parent)
    for name in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(name, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        # Short of memory, the kernel should end this process and not the one that can tell of it.
        with open("/proc/self/oom_score_adj", "w") as handle:
            handle.write("1000")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        # What native code says goes to the job's log too.
        for descriptor in (1, 2):
            os.dup2(sys.stderr.fileno(), descriptor)
    faulthandler.enable(file=2)
    faulthandler.register(signal.SIGUSR1, file=2)


def _report_of(work: Callable[[], Any]) -> bytes:
    try:
        return json.dumps({"value": work()}, allow_nan=False, default=_plain).encode()
    except BaseException as error:
        with contextlib.suppress(Exception):
            traceback.print_exc()
        return json.dumps(describe(error)).encode()


def _plain(value: Any) -> Any:
    """A number or truth value of numpy as Python's own."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be reported")


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as a child reports it."""
    if problem := disk_problem(error):
        return {"disk": problem}
    if isinstance(error, ReplayMissing):
        return {"replay": str(error)}
    first_line = (str(error).strip() or "no message").splitlines()[0]
    text = "".join(traceback.format_exception(error))
    kind = next((kind for type_, kind in _KINDS.items() if isinstance(error, type_)), "error")
    if says_no_room(str(error)) or (isinstance(error, OSError) and error.errno in _NO_ROOM):
        kind = "memory"
    if isinstance(error, TooHeavyError):
        kind = error.kind
    if isinstance(error, CallFailed) and error.passing:
        kind = "server"
    reason = f"{type(error).__name__}: {first_line}"[:_LONGEST_REASON]
    return {"error": {"kind": kind, "reason": _writable(reason), "tail": _writable(text[-_TAIL:])}}


def says_no_room(text: str) -> bool:
    """Whether a message tells that memory (or the number of threads) ran out."""
    return any(words in text.lower() for words in _NO_ROOM_WORDS)


def _writable(text: str) -> str:
    """Without lone surrogates, which messages may quote from somebody's data and no file takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _watch(pid: int, pipe: int, seconds: float, memory_mb: float) -> Ended:
    start, tree_at, nap, stopped = time.monotonic(), time.monotonic() + _TREE_EVERY, 0.001, None
    said: list[bytes] = []
    child, reading, ended, status = psutil.Process(pid), [pipe], 0, 0
    while True:
        if not ended:
            ended, status, _ = os.wait4(pid, os.WNOHANG)
        if reading and select.select(reading, [], [], 0 if ended else nap)[0]:
            said.append(os.read(pipe, 1 << 16))
            reading = reading if said[-1] else []
            if said[-1]:
                continue
        elif not ended and not reading:
            time.sleep(nap)
        if ended:
            return Ended(os.waitstatus_to_exitcode(status), stopped, None if stopped else _parsed(said))
        nap = min(2 * nap, _LONGEST_NAP)
        now = time.monotonic()
        tree_due = now > tree_at
        tree_at = now + _TREE_EVERY if tree_due else tree_at
        if stopped is None and now - start > seconds:
            stopped = "time"
            _ask_where(pid)
        elif stopped is None and _resident(child, tree_due) > memory_mb * _MEGABYTE:
            stopped = "memory"
        if stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _ask_where(pid: int) -> None:
    """Have Python write into the log where it stands, even inside native code."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGUSR1)
    time.sleep(_LAST_WORDS)


def _resident(child: psutil.Process, with_descendants: bool) -> int:
    """Resident bytes of a child, on demand with those of its descendants that are theirs alone: forks share the others."""
    total = 0
    with contextlib.suppress(psutil.Error):
        total = child.memory_info().rss
        for process in child.children(recursive=True) if with_descendants else []:
            with contextlib.suppress(psutil.Error):
                total += _its_own(process)
    return total


def _its_own(process: psutil.Process) -> int:
    """Bytes that a process shares with no other; all resident ones where the system does not tell."""
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        return process.memory_info().rss
    return getattr(full, "uss", full.rss)


def _parsed(said: list[bytes]) -> dict[str, Any] | None:
    try:
        return json.loads(b"".join(said))
    except ValueError:
        return None


def _end_all_but(ours: set[int]) -> None:
    """Kill and reap every descendant of this process that was not there before."""
    for _ in range(200):
        left = [process for process in psutil.Process().children(recursive=True) if process.pid not in ours]
        if not left:
            return
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
        time.sleep(0.005)
