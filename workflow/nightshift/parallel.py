"""Work shared among forked processes: what is loaded already need not be loaded again."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from nightshift.errors import ProcessKilledError

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_WORK: list[Callable[[Any], Any]] = []


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def shared_among(work: Callable[[Any], Any], cores: int) -> Iterator[Callable[[list[Any]], list[Any]]]:
    """Yield a function that does the work for each of a list, in order, on so many cores.

    The processes are forked at once, so that what the caller loads later is not theirs, have one thread each and end with the
    caller. Without fork (on macOS and Windows it is not safe, or not there) this process does all of it.

    Raises
    ------
    ProcessKilledError
        When a process is killed, which is what a lack of memory looks like.
    """
    if cores < 2 or sys.platform != "linux":
        yield lambda items: [work(item) for item in items]
        return
    _WORK.append(work)
    try:
        how = {"mp_context": get_context("fork"), "initializer": _begin, "initargs": (os.getpid(),)}
        with ProcessPoolExecutor(cores, **how) as pool:
            with warnings.catch_warnings():
                # Python 3.12 warns of a fork beside any thread, be it one of a library that only waits.
                warnings.simplefilter("ignore", DeprecationWarning)
                pool.submit(int).result()  # forks all of them
            yield lambda items: list(pool.map(_do, items))
    except BrokenProcessPool:
        raise ProcessKilledError(
            "a process that shared the work was killed, most likely for lack of memory\n    -> try with --cores 1"
        ) from None
    finally:
        _WORK.pop()


def alone_if_killed(work: Callable[[int], T], cores: int) -> T:
    """What some work returns on so many cores, or on one where one of its processes is killed: alone it takes less memory,
    and what kills it by itself does so in sight."""
    try:
        return work(cores)
    except ProcessKilledError:
        return work(1)


def _begin(parent: int) -> None:
    end_with(parent)
    # Threads of the caller's OpenMP are not in the fork, which would wait for them for ever.
    threadpool_limits(1)


def end_with(parent: int) -> None:
    """Have this process, a fork, killed when its parent ends, whose locks it would keep."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _do(item: Any) -> Any:
    return _WORK[-1](item)
