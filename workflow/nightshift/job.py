"""What every script does around its work: one thread unless told otherwise, a log file, a clear last word."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

# Before numpy is imported anywhere: results must not depend on the number of cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from nightshift.disk import disk_problem  # noqa: E402
from nightshift.errors import NightshiftError  # noqa: E402
from nightshift.files import write_text  # noqa: E402
from nightshift.names import PROBLEM  # noqa: E402
from nightshift.progress import announced  # noqa: E402


@contextlib.contextmanager
def logging_to(log: object) -> Iterator[None]:
    """Send standard output and error into the job's log; an error of the user's ends the job with its message alone.

    Parameters
    ----------
    log : snakemake.log, whose first entry is the file
    """
    path = Path(str(log[0]))
    _one_thread()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", buffering=1) as handle:
            try:
                with contextlib.redirect_stdout(handle), contextlib.redirect_stderr(handle), announced(path):
                    yield
            except Exception as error:
                if _message_of(error) is None:
                    traceback.print_exc(file=handle)
                raise
    except Exception as error:
        if (message := _message_of(error)) is None:
            raise
        _say(message, path)


def _one_thread() -> None:
    """A fork has the thread pools of libraries that were loaded before, and a job may have more cores than one: it shares
    them among processes (`nightshift.parallel`)."""
    if "threadpoolctl" in sys.modules:
        sys.modules["threadpoolctl"].threadpool_limits(1)


def _message_of(error: Exception) -> str | None:
    """What to tell the user in place of a traceback, where it is not a fault of the program."""
    return str(error) if isinstance(error, NightshiftError) else disk_problem(error)


def _say(message: str, log: Path) -> None:
    """End the job with a message alone: in its log, and as the last thing that the run says."""
    # The disk may be what the message is about.
    with contextlib.suppress(OSError):
        with log.open("a", encoding="utf-8") as handle:
            handle.write(f"{message}\n")
    try:
        # Snakemake surrounds a failed job with its own words; the message comes again after them.
        write_text(PROBLEM, f"\n{message}\n")
    except OSError:
        print(message, file=sys.__stderr__, flush=True)
    sys.exit(1)
