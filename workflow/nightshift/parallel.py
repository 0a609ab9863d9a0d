"""Work shared among forked processes: what is loaded already need not be loaded again."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from nightshift.errors import TooHeavyError

_WORK: list[Callable[[Any], Any]] = []


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def shared_among(work: Callable[[Any], Any], cores: int) -> Iterator[Callable[[list[Any]], list[Any]]]:
    """Yield a function that does the work for each of a list, in order, on so many cores.

    The processes are forked at once, before the caller starts threads of its own (readers of files do). Without fork (on
    macOS and Windows it is not safe, or not there) this process does all of it.

    Raises
    ------
    TooHeavyError
        When a process is killed, which is what a lack of memory looks like.
    """
    if cores < 2 or sys.platform != "linux":
        yield lambda items: [work(item) for item in items]
        return
    _WORK.append(work)
    try:
        with ProcessPoolExecutor(cores, mp_context=get_context("fork")) as pool:
            with warnings.catch_warnings():
                # Python 3.12 warns of a fork beside any thread, be it one of a library that only waits.
                warnings.simplefilter("ignore", DeprecationWarning)
                pool.submit(int).result()  # forks all of them
            yield lambda items: list(pool.map(_do, items))
    except BrokenProcessPool:
        what = "a process that shared the work was killed, most likely for lack of memory\n    -> try with --cores 1"
        raise TooHeavyError(what, "memory") from None
    finally:
        _WORK.pop()


def _do(item: Any) -> Any:
    return _WORK[-1](item)
