"""The rules `record` and `record_night`: whatever DVC says, an experiment has a record file and the night goes on."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from nightshift.files import write_json
from nightshift.ledger import write_ledger


def record(name: str, wanted: bool, target: str) -> None:
    """Save an experiment, or the whole night (`night`), to DVC and write what came of it.

    The ledger is refreshed too, so that it grows with the night.
    """
    write_ledger()
    if not wanted:
        write_json(target, {"recorded": False, "reason": "dvc.record is false", "seconds": 0.0, "revision": None})
        return
    from nightshift.record import record_experiment, record_night

    outcome = record_night(Path()) if name == "night" else record_experiment(Path(), name)
    if not outcome.recorded:
        print(outcome.reason, file=sys.stderr)
    write_json(target, dataclasses.asdict(outcome))
