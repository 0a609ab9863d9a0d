"""What a scheduler grants is more than both tries of a job can take."""

import pytest

from nightshift.contain import attempt
from nightshift.limits import KEEPERS_MB, Limits, machine_memory_mb, memory_to_grant, minutes_to_grant


@pytest.mark.parametrize("seconds", [1, 20, 599, 1800, 86400])
def test_the_run_time_granted_holds_both_tries(seconds):
    first = Limits(seconds)
    assert 60 * minutes_to_grant(seconds) >= first.seconds + first.raised().seconds + 240


@pytest.mark.parametrize("memory_mb", [None, 64, 1000, 5000])
def test_the_memory_granted_holds_the_second_try_and_who_watches_it(memory_mb, monkeypatch):
    monkeypatch.setattr("nightshift.limits.machine_memory_mb", lambda: 64_000.0)
    granted = memory_to_grant(memory_mb)
    limits = Limits(10, memory_mb, granted)
    assert limits.memory < limits.raised().memory <= granted - KEEPERS_MB
    if memory_mb is not None:
        assert (limits.memory, limits.raised().memory) == (memory_mb, 2 * memory_mb), "as on a machine of one's own"


def test_more_was_granted_than_the_machine_has():
    limits = Limits(10, None, 1e9)
    assert limits.raised().memory < machine_memory_mb() - KEEPERS_MB


def test_a_scheduler_s_job_waits_for_nobody(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert attempt(lambda: 1, Limits(20, None, 4000)).value == 1
    assert not (tmp_path / ".nightshift").exists()
    assert attempt(lambda: 1, Limits(20)).value == 1
    assert list((tmp_path / ".nightshift").glob("room-*.lock"))
