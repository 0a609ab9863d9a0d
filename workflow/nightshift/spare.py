"""Cores that no job uses for the moment, for a job whose work comes in pieces.

An executor that knows what runs names a folder in SPARE_CORES. Its file `busy` says how many cores jobs have been given; of its files
lent-0, lent-1, ..., as many as there are cores, the first that are left over may be locked (flock), which borrows a core until
the lock is gone. Where nobody names a folder, on a cluster or with Snakemake's own executor, there is nothing to borrow.
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

import psutil

from nightshift.memory import free_memory
from nightshift.parallel import end_with

T = TypeVar("T")
Every = Callable[[Callable[[Any], T], Sequence[Any]], Iterable[T]]

FOLDER = "SPARE_CORES"
_PATIENCE = 30.0  # seconds for a helper, at least: native code may hang in a fork
WORTH = 0.5  # seconds of a piece; to fork and to send a model back takes 0.06 of CPU


def borrow() -> TextIO | None:
    """The open, locked file of a core that nobody uses; None: there is none. Whoever closes it gives the core back."""
    if not os.environ.get(FOLDER) or sys.platform != "linux":  # on macOS a fork is not safe
        return None
    import fcntl

    for path in _left_over(Path(os.environ[FOLDER])):
        with contextlib.suppress(OSError):
            core = path.open()
            try:
                fcntl.flock(core, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                core.close()
                continue
            return core
    return None


def _left_over(folder: Path) -> list[Path]:
    """Files of the cores that no job has been given, lent or not."""
    try:
        cores, busy = len(list(folder.glob("lent-*"))), int((folder / "busy").read_text())
    except (OSError, ValueError):
        return []
    return [folder / f"lent-{number}" for number in range(cores - busy)]


def _has_room() -> bool:
    """Whether the memory that is left holds another process as large as this one, twice."""
    return free_memory() > 2 * psutil.Process().memory_info().rss


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
        slowest = 0.0
        while self.waiting:
            while seconds > WORTH and len(self.waiting) > 1 and self._lend():
                pass
            start = time.monotonic()
            number = self.waiting.popleft()
            self.found[number] = self.work(self.items[number])
            seconds = time.monotonic() - start
            slowest = max(slowest, seconds)
            self._collect([number for number, helper in self.helpers.items() if helper.is_ready()], _PATIENCE)
            yield
        self._collect(list(self.helpers), max(_PATIENCE, 10 * slowest))
        for number in sorted(self.failed):
            self.found[number] = self.work(self.items[number])
        yield

    def _lend(self) -> bool:
        """Have a helper do the last piece that waits, if there is a core and room for it."""
        core = borrow() if _has_room() else None
        if core is None:
            return False
        try:
            self.helpers[self.waiting[-1]] = _Helper(self.work, self.items[self.waiting[-1]], core)
        except OSError:  # no process, no memory, no file is left: this process goes on alone
            return False
        finally:
            core.close()  # the fork has it
        self.waiting.pop()
        return True

    def _collect(self, numbers: list[int], patience: float) -> None:
        """Take what helpers say; what one does not say within so many seconds is done here, after all others."""
        for number in numbers:
            try:
                self.found[number] = self.helpers.pop(number).result(patience)
            except Exception as error:
                print(f"piece {number} is done again here: {error!r} on a borrowed core", file=sys.stderr, flush=True)
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
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # of forks beside threads of libraries that only wait
                self._process.start()
        except OSError:
            self._said.close()
            raise
        finally:
            saying.close()

    def is_ready(self) -> bool:
        return self._said.poll()

    def result(self, patience: float) -> Any:
        """What came of the piece; raises anything when it failed, or says nothing for so many seconds."""
        try:
            if not self._said.poll(patience):
                raise TimeoutError(f"nothing came for {patience:.0f} seconds")
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
