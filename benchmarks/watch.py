"""Peak memory and processor time of a running command and all that it starts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

_SAMPLED = 0.5  # seconds between looks


class Family:
    """A process and all that descend from it, as they are seen by looking again and again."""

    def __init__(self, pid: int):
        self.process = psutil.Process(pid)
        self._used: dict[tuple[int, float], float] = {}

    @property
    def cpu(self) -> float:
        """Processor seconds: of those that have ended, up to when they were last seen."""
        return sum(self._used.values())

    def memory(self) -> float:
        """Bytes now; a page that several share counts once (PSS)."""
        total = 0.0
        for one in [self.process, *self.process.children(recursive=True)]:
            try:
                used = one.cpu_times()
                self._used[one.pid, one.create_time()] = used.user + used.system
                total += one.memory_full_info().pss
            except psutil.Error:
                # It ended while we looked.
                continue
        return total


@contextmanager
def peak_memory(look: Callable[[], float]) -> Iterator[list[float]]:
    """While the block runs, look twice a second; the list's one number is the most that was seen, MB.

    Parameters
    ----------
    look : bytes now, such as `Family.memory`
    """
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                peak[0] = max(peak[0], look() / 2**20)
            except psutil.Error:
                return
            over.wait(_SAMPLED)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
