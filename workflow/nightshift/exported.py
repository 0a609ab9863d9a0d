"""What predict.py of an exported folder runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import nightshift.job  # noqa: F401  one thread a process, set before numpy is imported
from nightshift.delivery import deliver
from nightshift.errors import NightshiftError
from nightshift.options import add_prediction_options, prediction_options


def main(model: Path, arguments: Sequence[str] | None = None) -> int:
    """Predict the files named on the command line with one model.

    Returns
    -------
    int : exit status; 1 when a message on standard error says what is wrong
    """
    parser = argparse.ArgumentParser(
        prog="predict.py", description="Probabilities with reasons for new cases and calls."
    )
    add_prediction_options(parser, "NAME-predicted.csv, NAME that of the cases")
    options = parser.parse_args(arguments)
    out = options.out or Path(f"{options.cases.stem}-predicted.csv")
    try:
        print(deliver(model, options.cases, options.transcripts, out, **prediction_options(options)), end="")
    except NightshiftError as error:
        print(f"predict.py: {error}", file=sys.stderr)
        return 1
    return 0
