"""Options that every command that predicts has. Light: read before anything heavy is imported."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_prediction_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add cases, transcripts and options to a parser; `default` says where it writes."""
    parser.add_argument("cases", type=Path, help="table of new cases, as data.cases; the target is not needed")
    parser.add_argument("transcripts", nargs="?", type=Path, help="their calls, as data.transcripts")
    parser.add_argument("--out", type=Path, help=f"where to write: .csv, .tsv or .parquet (default: {default})")
    parser.add_argument(
        "--as-of", metavar="DATE", help="the moment of the prediction: calls held later are left out (2024-05-31)"
    )
    parser.add_argument(
        "--allow-missing",
        action="store_true",
        help="take columns that are not there as missing values, and calls as none",
    )
    parser.add_argument("--reasons", type=int, default=3, choices=range(11), metavar="N", help="0 to 10 (default: 3)")
    parser.add_argument("--cores", type=int, metavar="N", help="processes (default: the cores of this machine)")


def prediction_options(options: argparse.Namespace) -> dict[str, Any]:
    """What `add_prediction_options` read, as `nightshift.delivery.deliver` wants it."""
    from nightshift.parallel import cores_here

    return {
        "as_of": options.as_of,
        "allow_missing": options.allow_missing,
        "reasons": options.reasons,
        "cores": options.cores or cores_here(),
    }
