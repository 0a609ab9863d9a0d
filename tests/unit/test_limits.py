"""What a scheduler grants is more than both tries of a job can take."""

import pytest

from nightshift.contain import attempt
from nightshift.limits import KEEPERS_MB, Limits, machine_memory_mb, memory_to_grant, minutes_to_grant
from nightshift.memory import free_memory


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


FIRST = {
    "memory/job/memory.limit_in_bytes": "1000000",
    "memory/job/memory.usage_in_bytes": "400000",
    "memory/job/memory.stat": "cache 5\ntotal_inactive_file 150000\n",
    "memory/memory.limit_in_bytes": "9223372036854771712",
    "memory/memory.usage_in_bytes": "500000",
    "memory/memory.stat": "total_inactive_file 0\n",
}
SECOND = {
    "job/step/memory.max": "max",
    "job/step/memory.current": "300000",
    "job/memory.max": "1000000",
    "job/memory.current": "400000",
    "job/memory.stat": "anon 7\ninactive_file 150000\n",
}


@pytest.mark.parametrize(
    ("own", "files"), [("5:cpu:/other\n4:memory:/job\n0::/", FIRST), ("0::/job/step", SECOND)], ids=["v1", "v2"]
)
def test_a_container_s_memory_counts_and_not_that_of_its_host(own, files, tmp_path, monkeypatch):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr("nightshift.memory._OWN", tmp_path / "own")
    monkeypatch.setattr("nightshift.memory._GROUPS", tmp_path)
    assert machine_memory_mb() == 1_000_000 / 2**20
    assert free_memory() == 1_000_000 - 400_000 + 150_000


def test_a_machine_without_control_groups_has_what_the_system_says(tmp_path, monkeypatch):
    monkeypatch.setattr("nightshift.memory._OWN", tmp_path / "none")
    assert 0 < free_memory() < machine_memory_mb() * 2**20
