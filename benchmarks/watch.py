"""Peak memory of a running command and all that it starts."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

_SAMPLED = 0.5  # seconds between looks


@contextmanager
def peak_memory(process: subprocess.Popen, look: Callable[[psutil.Process], float]) -> Iterator[list[float]]:
    """While the block runs, look twice a second; the list's one number is the most that was seen, MB.

    Parameters
    ----------
    look : bytes of a process, such as `resident` or `of_family`
    """
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                peak[0] = max(peak[0], look(psutil.Process(process.pid)) / 2**20)
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


def resident(process: psutil.Process) -> float:
    """Of the process itself."""
    return process.memory_info().rss


def of_family(process: psutil.Process) -> float:
    """Of the process and all that descend from it; a page that several share counts once (PSS)."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            # It ended while we looked.
            continue
    return total
