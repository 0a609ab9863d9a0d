"""The rules `record` and `record_night`: whatever DVC says, an experiment has a record file and the night goes on."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

from nightshift.files import read_json, write_json
from nightshift.ledger import refresh_ledger
from nightshift.names import EXPERIMENTS

_FAILED = "not recorded:"


def record(name: str, wanted: bool, target: str) -> None:
    """Save an experiment, or the whole night (`night`), to DVC and write what came of it.

    The ledger is refreshed too, so that it grows with the night; and what could not be saved before is caught up.
    """
    refresh_ledger()
    if not wanted:
        write_json(target, {"recorded": False, "reason": "dvc.record is false", "seconds": 0.0, "revision": None})
        return
    from nightshift.record import record_experiment, record_night

    if name == "night":
        _catch_up()
        outcome = record_night(Path())
    else:
        outcome = record_experiment(Path(), name)
    if not outcome.recorded:
        print(outcome.reason, file=sys.stderr)
    write_json(target, dataclasses.asdict(outcome))
    if outcome.recorded and name != "night":
        _catch_up()


def _catch_up() -> None:
    """Save the experiments that could not be saved before, up to the first that still cannot."""
    from nightshift.record import record_experiment

    for file in sorted(Path(EXPERIMENTS).glob("exp-*/record.json")):
        known: dict[str, Any] = read_json(file)
        if known["recorded"] or not known["reason"].startswith(_FAILED):
            continue
        outcome = record_experiment(Path(), file.parent.name)
        if not outcome.recorded:
            return
        times = file.stat()
        write_json(file, dataclasses.asdict(outcome))
        # What was made from the old file is not out of date.
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
