"""Cores that no job uses for the moment, for a job whose work comes in pieces.

An executor that knows what runs names a folder in SPARE_CORES, with a file for every core; a job holds a lock (flock) on as many
as it has threads. Whoever locks another one may use that core until it lets go of it. Where nobody names a folder, on a cluster
or with Snakemake's own executor, there is nothing to borrow.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO, TypeVar

from nightshift.parallel import end_with

T = TypeVar("T")
Every = Callable[[Callable[[Any], T], Sequence[Any]], Iterable[T]]

FOLDER = "SPARE_CORES"
WORTH = 0.5  # seconds of a piece; to fork and to send a model back takes 0.06 of CPU


def borrow() -> TextIO | None:
    """The open, locked file of a core that nobody uses; None: there is none. Whoever closes it gives the core back."""
    folder = os.environ.get(FOLDER)
    if not folder or sys.platform != "linux":  # on macOS a fork is not safe
        return None
    import fcntl

    for path in sorted(Path(folder).glob("core-*")):
        with contextlib.suppress(OSError):
            core = path.open()
            try:
                fcntl.flock(core, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                core.close()
                continue
            return core
    return None


def every(seconds: float) -> Every:
    """A `map` that does pieces of `seconds` each, roughly, on spare cores too; what is short stays in this process.

    Pieces come back by pickle. One that fails elsewhere, in whatever way, is done again here, after all others: the error
    is that of the first piece that fails, as with `map`.
    """

    def of(work: Callable[[Any], T], items: Sequence[Any]) -> Iterator[T]:
        shared, given = _Shared(work, items), 0
        try:
            for _ in shared.steps(seconds):
                while given in shared.found:
                    yield shared.found.pop(given)
                    given += 1
        finally:
            shared.end()

    return of


class _Shared:
    """Pieces of work: this process takes them from the front, helpers from the back."""

    def __init__(self, work: Callable[[Any], T], items: Sequence[Any]):
        self.work, self.items = work, items
        self.waiting = deque(range(len(items)))
        self.found: dict[int, T] = {}
        self.helpers: dict[int, _Helper] = {}
        self.failed: list[int] = []

    def steps(self, seconds: float) -> Iterator[None]:
        """Do all pieces and stop after every one that is done here; `seconds` of one are believed until then."""
        while self.waiting:
            while seconds > WORTH and len(self.waiting) > 1 and (core := borrow()) is not None:
                number = self.waiting.pop()
                self.helpers[number] = _Helper(self.work, self.items[number], core)
            start = time.monotonic()
            number = self.waiting.popleft()
            self.found[number] = self.work(self.items[number])
            seconds = time.monotonic() - start
            self._collect(lambda helper: helper.is_ready())
            yield
        self._collect(lambda helper: True)
        for number in sorted(self.failed):
            self.found[number] = self.work(self.items[number])
        yield

    def _collect(self, wanted: Callable[[_Helper], bool]) -> None:
        for number in [number for number, helper in self.helpers.items() if wanted(helper)]:
            helper = self.helpers.pop(number)
            try:
                self.found[number] = helper.result()
            except Exception:
                self.failed.append(number)

    def end(self) -> None:
        """End the helpers whose pieces nobody waits for."""
        for helper in self.helpers.values():
            helper.end()


class _Helper:
    """A fork that does one piece on a borrowed core."""

    def __init__(self, work: Callable[[Any], Any], item: Any, core: TextIO):
        self._said, saying = get_context("fork").Pipe(duplex=False)
        self._process = get_context("fork").Process(target=_help, args=(work, item, core, saying, os.getpid()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads of libraries that only wait
            self._process.start()
        saying.close()
        core.close()  # the fork has it

    def is_ready(self) -> bool:
        return self._said.poll()

    def result(self) -> Any:
        """What came of the piece; raises anything when it failed."""
        try:
            return pickle.loads(self._said.recv_bytes())
        finally:
            self.end()

    def end(self) -> None:
        self._said.close()
        self._process.kill()
        self._process.join()


def _help(work: Callable[[Any], Any], item: Any, core: TextIO, saying: Connection, parent: int) -> None:
    """Do a piece in a fork; what fails here fails again, and is told, where it was asked for."""
    end_with(parent)
    with contextlib.suppress(Exception):
        said = pickle.dumps(work(item), protocol=pickle.HIGHEST_PROTOCOL)
        core.close()  # who asked may not listen yet
        saying.send_bytes(said)
    os._exit(0)
