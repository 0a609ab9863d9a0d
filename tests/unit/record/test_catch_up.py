"""A lock that somebody else holds: recording waits, never fails an experiment, and catches up."""

import fcntl
import json
import subprocess
import sys
import time

import pytest
from fake_night import ROWS, rows

from nightshift import recording
from nightshift.files import write_json
from nightshift.record import RecordOutcome, record_experiment


@pytest.fixture(autouse=True)
def here(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setattr(recording, "refresh_ledger", lambda: None)
    monkeypatch.setattr("nightshift.record.record_experiment", lambda root, name: record_experiment(root, name, 0.3))


def record_file(name):
    return f"results/experiments/{name}/record.json"


def recorded(project, name):
    return json.loads((project / record_file(name)).read_text())["recorded"]


def test_what_could_not_be_recorded_is_caught_up_by_the_next_that_can(project):
    lock = project / ".dvc/tmp/nightshift/lock"
    lock.parent.mkdir(parents=True)
    with open(lock, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for name in ROWS[:2]:
            recording.record(name, True, record_file(name))
            assert not recorded(project, name)
    before = (project / record_file(ROWS[0])).stat().st_mtime_ns
    recording.record(ROWS[2], True, record_file(ROWS[2]))
    assert all(recorded(project, name) for name in ROWS[:3]) and sorted(rows(project)) == ROWS[:3]
    # Not newer than what was made from it: Snakemake would make the ledger, and open the holdout, again.
    assert (project / record_file(ROWS[0])).stat().st_mtime_ns == before


def test_the_last_ones_are_caught_up_with_the_night(project, monkeypatch):
    monkeypatch.setattr("nightshift.record.record_night", lambda root: RecordOutcome(True, "as a whole", 0.0))
    write_json(
        record_file(ROWS[0]), {"recorded": False, "reason": "not recorded: a lock", "seconds": 0, "revision": None}
    )
    write_json(
        record_file(ROWS[1]), {"recorded": False, "reason": "dvc.record is false", "seconds": 0, "revision": None}
    )
    recording.record("night", True, "results/record.json")
    assert recorded(project, ROWS[0]) and not recorded(project, ROWS[1]), "what nobody wanted is not recorded"


def test_dvc_locked_by_the_user_is_no_obstacle(project):
    """`dvc` in the user's tree holds its lock for as long as it likes; the clone has its own."""
    code = "import time; from dvc.repo import Repo\nwith Repo('.').lock: print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=project, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        start = time.monotonic()
        recording.record(ROWS[0], True, record_file(ROWS[0]))
        assert recorded(project, ROWS[0]) and time.monotonic() - start < 20
    finally:
        holder.kill()
        holder.communicate()
