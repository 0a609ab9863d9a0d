"""What the main process does before any job: one night at a time in a folder, and a clean start after a stop."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from nightshift.errors import NightshiftError
from nightshift.names import EXPERIMENTS

_HELD: list[IO] = []
_LOCK = ".nightshift/lock"


def hold_results(root: Path = Path()) -> None:
    """Hold this folder for the life of the process; who holds it may clear the lock that a killed run left.

    Without the hold nothing is cleared, and Snakemake says itself that the folder is locked.
    """
    path = root / _LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return
    _HELD.append(handle)
    shutil.rmtree(root / ".snakemake" / "locks", ignore_errors=True)
    (root / ".nightshift" / "problem.txt").unlink(missing_ok=True)


@contextlib.contextmanager
def no_night_running(root: Path = Path()) -> Iterator[None]:
    """Keep a night from running here; the lock goes with the process.

    Raises
    ------
    NightshiftError
        When one runs.
    """
    (root / _LOCK).parent.mkdir(exist_ok=True)
    with open(root / _LOCK, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NightshiftError(
                "a night is running here: wait for its end, or `touch config/STOP` to end it cleanly"
            ) from error
        yield


def clear_stopped(root: Path = Path()) -> None:
    """Remove proposals that an earlier run stopped at: this run may make them."""
    for plan in (root / EXPERIMENTS).glob("exp-*/plan.json"):
        if not (plan.parent / "metrics.json").exists() and '"stopped"' in plan.read_text(encoding="utf-8"):
            shutil.rmtree(plan.parent)


def show_file(path: str, since: str | None = None) -> None:
    """Print a text file to the terminal, if it is there; with `since`, only if it is newer than that file."""
    with contextlib.suppress(FileNotFoundError):
        if since is None or Path(path).stat().st_mtime > Path(since).stat().st_mtime:
            print(Path(path).read_text(encoding="utf-8"), file=sys.stdout, flush=True)
