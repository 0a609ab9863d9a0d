"""What the main process does before any job: one night at a time in a folder, and a clean start after a stop."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from nightshift.disk import disk_problem
from nightshift.errors import NightshiftError
from nightshift.files import NO_LOCKS, SKEW
from nightshift.names import EXPERIMENTS, PROBLEM

_HELD: list[IO] = []
_LOCK = ".nightshift/lock"
_ROOM = 1 << 20  # bytes that must fit before a night starts
_LOOKS = {
    "--archive",
    "--cleanup-metadata",
    "--cleanup-shadow",
    "--containerize",
    "--d3dag",
    "--dag",
    "--delete-all-output",
    "--filegraph",
    "--help",
    "--lint",
    "--list",
    "--list-changes",
    "--list-input-changes",
    "--list-params-changes",
    "--list-rules",
    "--report",
    "--rulegraph",
    "--summary",
    "--detailed-summary",
    "--unlock",
    "-D",
    "-S",
    "-h",
    "-l",
}


def only_looks(arguments: list[str]) -> bool:
    """Whether a `snakemake` command starts no job, so that it may run beside a night and clears nothing."""
    return any(argument.split("=")[0] in _LOOKS for argument in arguments)


def hold_results(root: Path = Path()) -> None:
    """Hold this folder for the life of the process; who holds it may clear the lock that a killed run left.

    On a file system without locks Snakemake's own lock stays, and with it the need to `snakemake --unlock` after a kill.

    Raises
    ------
    NightshiftError
        When somebody else holds it, or nothing can be written here.
    """
    try:
        _check_writable(root)
        handle = _held(root)
    except OSError as error:
        raise NightshiftError(disk_problem(error) or str(error)) from error
    if handle is not None:
        _HELD.append(handle)
        shutil.rmtree(root / ".snakemake" / "locks", ignore_errors=True)
    (root / PROBLEM).unlink(missing_ok=True)


def _check_writable(root: Path) -> None:
    """Write a little where the night writes much."""
    for name in ("results", ".nightshift"):
        # A folder that is not there yet is made by who needs it.
        with tempfile.TemporaryFile(dir=root / name if (root / name).is_dir() else root) as probe:
            probe.write(bytes(_ROOM))


def _held(root: Path) -> IO | None:
    """The lock's open file, held and signed. It goes with the process, however that ends. None: there are no locks here.

    Raises
    ------
    NightshiftError
        Naming who holds it.
    """
    path = root / _LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+", encoding="utf-8")  # who opens it has not got it: nothing is overwritten yet
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            handle.close()
            return None
        handle.seek(0)
        holder = handle.read().strip() or "another process"
        handle.close()
        raise NightshiftError(
            f"a night is running here already, held by {holder}\n"
            "    -> wait for its end, or `touch config/STOP` to end it cleanly after what runs"
        ) from error
    handle.truncate(0)
    handle.write(f"process {os.getpid()} on {platform.node()} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
    handle.flush()
    return handle


def check_times(data: Iterable[str | None], root: Path = Path()) -> None:
    """Refuse data from the future before it is read: Snakemake would fail the job, and the next, for a skewed clock.

    Raises
    ------
    NightshiftError
        Naming the file and what to do.
    """
    if (root / "results/data/ingested.json").exists():
        return
    for name in filter(None, data):
        if (root / name).exists() and (changed := (root / name).stat().st_mtime) > time.time() + SKEW:
            moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(changed))
            raise NightshiftError(
                f"{name} is from the future (last changed {moment}, and it is {time.strftime('%Y-%m-%d %H:%M')} here)\n"
                f"    -> set this machine's clock, or `touch {shlex.quote(name)}`"
            )


@contextlib.contextmanager
def no_night_running(root: Path = Path()) -> Iterator[None]:
    """Keep a night from running here; the lock goes with the process.

    Raises
    ------
    NightshiftError
        When one runs.
    """
    with _held(root) or contextlib.nullcontext():
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
