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

from nightshift.errors import NightshiftError  # noqa: E402
from nightshift.files import write_text  # noqa: E402

PROBLEM = ".nightshift/problem.txt"


@contextlib.contextmanager
def logging_to(log: object) -> Iterator[None]:
    """Send standard output and error into the job's log; an error of the user's ends the job with its message alone.

    Parameters
    ----------
    log : snakemake.log, whose first entry is the file
    """
    path = Path(str(log[0]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", buffering=1) as handle:
        try:
            with contextlib.redirect_stdout(handle), contextlib.redirect_stderr(handle):
                yield
        except NightshiftError as error:
            handle.write(f"{error}\n")
            # Snakemake surrounds a failed job with its own words; the message comes again as the last thing said.
            write_text(PROBLEM, f"\n{error}\n")
            sys.exit(1)
        except Exception:
            traceback.print_exc(file=handle)
            raise
