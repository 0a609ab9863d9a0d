"""When a night ends early: config/STOP and search.deadline."""

from __future__ import annotations

import math
import os
import platform
import re
import statistics
import time
from datetime import datetime, timedelta
from pathlib import Path

from nightshift.config import Search
from nightshift.files import read_json, write_json
from nightshift.names import EXPERIMENTS, name_of

STOP = "config/STOP"
START = ".nightshift/start.json"
_UNITS = {"s": 1, "m": 60, "h": 3600}


def deadline_after(start: float, deadline: str) -> float:
    """Unix time of a deadline ('07:00' or '90m') for a night that starts at unix time `start`."""
    duration = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", deadline)
    if duration:
        return start + float(duration[1]) * _UNITS[duration[2]]
    hour, minute = map(int, deadline.split(":"))
    began = datetime.fromtimestamp(start)
    end = began.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (end if end > began else end + timedelta(days=1)).timestamp()


def note_start(search: Search, root: Path = Path()) -> None:
    """Remember when this run of the night started, by whom, for how many experiments and until when (unix time or None);
    every run of `snakemake` counts its deadline anew."""
    now = time.time()
    until = None if search.deadline is None else deadline_after(now, search.deadline)
    runner = {"pid": os.getpid(), "host": platform.node()}
    write_json(root / START, {"start": now, "experiments": search.experiments, "deadline": until, **runner})


def reason_to_stop(number: int, search: Search, root: Path = Path()) -> str | None:
    """Why proposal `number` should not be made, or None. The baseline is always made."""
    if number == 0:
        return None
    if (root / STOP).exists():
        return f"{STOP} is there; remove it and run again to go on"
    if _usual_seconds(number, root) > seconds_left(search, root):
        return f"the deadline {search.deadline} would be missed; run again to go on"
    return None


def seconds_left(search: Search, root: Path = Path()) -> float:
    """Until the deadline; infinite where there is none."""
    if search.deadline is None or not (root / START).exists():
        return math.inf
    return deadline_after(read_json(root / START)["start"], search.deadline) - time.time()


def _usual_seconds(number: int, root: Path) -> float:
    """Median time that the last experiments took from their proposal to their score; 0 when none is scored.

    Not the work that they name: most of it was done for experiments before them.
    """
    folders = [root / EXPERIMENTS / name_of(earlier) for earlier in range(max(0, number - 12), number)]
    seconds = [
        _modified(folder / "metrics.json") - _modified(folder / "plan.json") for folder in folders if _scored(folder)
    ]
    return max(0.0, statistics.median(seconds)) if seconds else 0.0


def _scored(folder: Path) -> bool:
    return (folder / "metrics.json").exists() and (folder / "plan.json").exists()


def _modified(path: Path) -> float:
    return path.stat().st_mtime
