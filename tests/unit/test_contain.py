"""Containment: every way to go wrong is an outcome, within its time, and leaves no process."""

import ctypes
import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from nightshift import forked
from nightshift.contain import attempt
from nightshift.disk import DiskError
from nightshift.job import logging_to
from nightshift.limits import Limits, machine_memory_mb
from nightshift.llm.errors import CallFailed, NotSentError, ReplayMissing
from nightshift.parallel import shared_among
from nightshift.sandbox import SqlTooHeavy

LIMITS = Limits(seconds=20)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def bounded():
    """Each of these tests ends within seconds, whatever the work does, and leaves no child."""
    before, start = {child.pid for child in psutil.Process().children(recursive=True)}, time.monotonic()
    yield
    assert time.monotonic() - start < 60
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def failure(work, limits=LIMITS):
    return attempt(work, limits).failure


def count_tries():
    with open("tries", "a") as handle:
        handle.write("x")


def tries():
    return len(Path("tries").read_text())


def test_what_the_work_returns_comes_back_exactly():
    value = {"a": 0.1 + 0.2, "b": [None, "ü", 10**9], "long": "x" * 300_000}
    assert attempt(lambda: value, LIMITS).value == value
    assert attempt(lambda: value, None).value == value


@pytest.mark.parametrize("limits", [LIMITS, None])
def test_an_exception_is_an_error_with_its_traceback(limits):
    def work():
        raise ValueError("first line\nsecond line")

    failed = failure(work, limits)
    assert (failed.kind, failed.reason, failed.environment) == ("error", "ValueError: first line", False)
    assert "in work" in failed.tail and "second line" in failed.tail


@pytest.mark.parametrize("limits", [LIMITS, None])
def test_a_message_of_any_length_and_content_can_be_written(limits):
    def work():
        raise ValueError("\ud800" + "x" * 1_000_000)

    failed = failure(work, limits)
    assert failed.kind == "error" and len(failed.reason) < 600
    Path("reason").write_text(failed.reason + failed.tail, encoding="utf-8")


def test_what_is_no_number_is_an_error():
    assert failure(lambda: {"auc": float("nan")}).kind == "error"


def test_sys_exit_and_os_exit_are_errors():
    assert failure(lambda: sys.exit(0)).reason == "SystemExit: 0"
    failed = failure(lambda: os._exit(0))
    assert failed.kind == "error" and "exit status 0" in failed.reason


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS"])
def test_a_fault_of_native_code_is_a_segfault_and_is_not_tried_again(name):
    def work():
        count_tries()
        os.kill(os.getpid(), signal.Signals[name])

    failed = failure(work)
    assert (failed.kind, failed.environment) == ("segfault", False)
    assert name in failed.reason and tries() == 1


def test_a_true_segfault_leaves_its_stack_in_the_log():
    with pytest.raises(SystemExit), logging_to(["job.log"]):
        failed = failure(lambda: ctypes.string_at(0))
        Path("tail").write_text(failed.tail)
        assert failed.kind == "segfault"
        sys.exit(0)
    assert "string_at" in Path("tail").read_text() and "string_at" in Path("job.log").read_text()


def test_a_hang_in_a_native_call_is_stopped_with_its_children_and_tried_once_more():
    def work():
        count_tries()
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctypes.CDLL(None).sleep(600)

    start = time.monotonic()
    failed = failure(work, Limits(seconds=0.4))
    assert (failed.kind, failed.environment) == ("time", True)
    assert "0.4 s" in failed.reason and "0.6 s" in failed.reason and "search.job_timeout" in failed.reason
    assert tries() == 2 and time.monotonic() - start < 6


def test_a_loop_that_ignores_every_signal_is_stopped():
    def work():
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        while True:
            pass

    assert failure(work, Limits(seconds=0.3)).kind == "time"


def test_the_log_says_where_it_hung():
    with logging_to(["job.log"]):
        failed = failure(lambda: time.sleep(600), Limits(seconds=0.3))
    assert "in <lambda>" in failed.tail and "test_contain.py" in Path("job.log").read_text()


def test_memory_without_bound_is_stopped_and_tried_alone_with_more():
    def work():
        count_tries()
        hoard = []
        while True:
            hoard.append(bytes(os.urandom(1 << 20)) * 4)

    resident = psutil.Process().memory_info().rss / 2**20
    failed = failure(work, Limits(seconds=30, memory_mb=resident + 100))
    assert (failed.kind, failed.environment) == ("memory", True)
    assert "search.job_memory_mb" in failed.reason and tries() == 2


@pytest.mark.parametrize("jump", [-1e7, 1e7])
def test_limits_do_not_follow_the_clock_on_the_wall(jump, monkeypatch):
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() + jump)
    assert attempt(lambda: time.sleep(0.3), Limits(seconds=20)).failure is None
    assert failure(lambda: time.sleep(600), Limits(seconds=0.3)).kind == "time"


def test_memory_of_descendants_counts():
    resident = psutil.Process().memory_info().rss / 2**20
    # More than the second try may take, which is twice as much and counts our own share again.
    code = f"import time; x = bytearray({int(resident) + 600} << 20); time.sleep(60)"
    limits = Limits(seconds=30, memory_mb=resident + 150)
    assert failure(lambda: subprocess.run([sys.executable, "-c", code]), limits).kind == "memory"


def test_memory_that_descendants_share_counts_once():
    """As that of processes which share a job's work."""

    def work():
        with shared_among(lambda _: time.sleep(2), 3) as every:
            every([0, 1, 2])

    kept = np.ones(300 * 2**17)  # 300 MB
    resident = psutil.Process().memory_info().rss / 2**20
    assert failure(work, Limits(seconds=30, memory_mb=resident + 150)) is None
    assert kept.sum() == len(kept)


def test_a_process_that_shares_the_work_and_is_killed_is_memory():
    def work():
        with shared_among(lambda _: os.kill(os.getpid(), signal.SIGKILL), 2) as every:
            every([0])

    assert failure(work).kind == "memory"


def test_a_second_try_may_be_in_one_process():
    """There what ends a process of several by itself is seen for what it is."""

    def train(cores):
        count_tries()
        with shared_among(lambda _: ctypes.string_at(0), cores) as every:
            every([0])

    failed = attempt(lambda: train(2), LIMITS, lambda: train(1)).failure
    assert (failed.kind, failed.environment, tries()) == ("segfault", False, 2)
    assert attempt(lambda: os.kill(os.getpid(), signal.SIGKILL), LIMITS, lambda: "done").value == "done"
    assert attempt(lambda: time.sleep(9), Limits(seconds=0.2), lambda: "done").failure.kind == "time"


@pytest.mark.parametrize("kind", ["time", "memory"])
def test_a_query_that_is_too_heavy_is_of_the_environment_and_tried_again(kind, tmp_path):
    def work():
        with open(tmp_path / "tries", "a") as handle:
            handle.write("x")
        raise SqlTooHeavy("the query was too heavy", kind)

    failure = attempt(work, Limits(seconds=20)).failure
    assert (failure.kind, failure.environment) == (kind, True) and "too heavy" in failure.reason
    assert (tmp_path / "tries").read_text() == "xx"


def test_a_memory_error_is_memory():
    assert failure(lambda: bytearray(1 << 60)).kind == "memory"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[12:00:00] device_helpers.cuh: Memory allocation error on worker 0: cudaErrorMemoryAllocation: out of memory"
        ),
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_libraries_that_say_it_otherwise_are_out_of_memory_too(error):
    def work():
        count_tries()
        raise error

    assert failure(work).kind == "memory" and tries() == 2


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
@pytest.mark.parametrize("times", [1, 2])
def test_a_system_without_room_for_a_process_is_out_of_memory_and_asked_again(number, times, monkeypatch):
    fork, answers, options = os.fork, [number] * times, []

    def without_room():
        if answers:
            raise OSError(answers.pop(), os.strerror(number))
        return fork()

    monkeypatch.setattr(os, "fork", without_room)
    monkeypatch.setattr(forked, "_set", lambda option, value: options.append(value))
    before = psutil.Process().num_fds()
    done = attempt(lambda: "done", LIMITS)
    assert psutil.Process().num_fds() == before and options == [1, 0, 1, 0]
    if times == 1:
        assert done.value == "done"
    else:
        assert (done.failure.kind, done.failure.environment) == ("memory", True) and os.strerror(
            number
        ) in done.failure.reason


def test_native_code_that_ends_itself_for_want_of_memory_is_no_segfault():
    def work():
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n")
        os.abort()

    with logging_to(["job.log"]):
        failed = failure(work)
    assert (failed.kind, failed.environment) == ("memory", True)


def test_killed_from_outside_is_tried_once_more():
    def work():
        count_tries()
        os.kill(os.getpid(), signal.SIGKILL)

    failed = failure(work)
    assert (failed.kind, failed.environment) == ("killed", True) and tries() == 2


def test_a_second_try_that_works_is_as_if_nothing_had_been():
    def work():
        count_tries()
        if tries() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    assert attempt(work, LIMITS).value == "done"


@pytest.mark.parametrize(("first", "waits"), [("kill", True), ("hang", False)])
def test_a_second_try_is_alone_but_after_a_hang(first, waits):
    """Another job holds the room: a second try for memory waits for its end, one for time does not."""
    attempt(lambda: None, LIMITS)
    (room,) = Path(".nightshift").glob("room-*.lock")

    def work():
        count_tries()
        if tries() == 1:
            os.kill(os.getpid(), signal.SIGKILL) if first == "kill" else time.sleep(600)

    with open(room) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        job = os.fork()
        if job == 0:
            handle.close()
            attempt(work, Limits(seconds=0.3))
            os._exit(0)
        time.sleep(2)
        assert tries() == (1 if waits else 2)
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.waitpid(job, 0)
    assert tries() == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("limits", [LIMITS, None])
def test_errors_of_the_disk_are_nobodys_crash(number, limits):
    def work():
        raise OSError(number, os.strerror(number), "results/views/x.arrow")

    with pytest.raises(DiskError, match=r"results/views/x.arrow: the (disk|quota)[^$]*run the same command again"):
        failure(work, limits)


def test_a_permission_counts_only_in_the_project():
    def work(name):
        raise PermissionError(errno.EACCES, "Permission denied", name)

    assert failure(lambda: work("/secret")).kind == "error"
    with pytest.raises(DiskError, match="no permission to write"):
        failure(lambda: work("results/x"))


def test_a_full_disk_ends_a_job_with_its_message_alone(capfd):
    with pytest.raises(SystemExit), logging_to(["logs/job.log"]):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "the disk is full" in Path(".nightshift/problem.txt").read_text()
    assert "Traceback" not in Path("logs/job.log").read_text()


def test_what_the_child_and_its_libraries_say_is_in_the_log():
    def work():
        print("by Python")
        os.write(2, b"by native code\n")

    with logging_to(["job.log"]):
        print("before")
        attempt(work, LIMITS)
        print("after")
    assert Path("job.log").read_text().splitlines() == ["before", "by Python", "by native code", "after"]


def test_the_child_dies_with_its_parent():
    code = """
import os, time
from pathlib import Path
from nightshift import forked
from nightshift.contain import attempt
from nightshift.limits import Limits
def work():
    Path("pid").write_text(str(os.getpid()))
    time.sleep(600)
attempt(work, Limits(600))
"""
    job = subprocess.Popen([sys.executable, "-c", code])
    while not Path("pid").exists() or not Path("pid").read_text():
        time.sleep(0.02)
    job.kill()
    job.wait()
    child = int(Path("pid").read_text())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_job_that_is_told_to_end_takes_all_descendants_with_it():
    def work():
        grandchild = subprocess.Popen(["sleep", "600"], start_new_session=True)
        Path("pid").write_text(str(grandchild.pid))
        time.sleep(600)

    job = os.fork()
    if job == 0:
        try:
            attempt(work, LIMITS)
        finally:
            os._exit(0)
    while not Path("pid").exists() or not Path("pid").read_text():
        time.sleep(0.02)
    os.kill(job, signal.SIGTERM)
    os.waitpid(job, 0)
    assert not psutil.pid_exists(int(Path("pid").read_text()))


def test_its_cpu_counts_as_ours():
    def work():
        start = time.process_time()
        while time.process_time() - start < 0.3:
            pass

    before = os.times()
    attempt(work, LIMITS)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent > 0.25


def test_the_limit_of_memory_is_that_of_the_machine_unless_told():
    assert Limits(1).memory == pytest.approx(0.8 * machine_memory_mb())
    assert Limits(1).raised().memory == pytest.approx(0.95 * machine_memory_mb())
    assert Limits(10, 100).raised() == Limits(15, 200)


@pytest.mark.parametrize("limits", [LIMITS, None])
@pytest.mark.parametrize(
    "error", [CallFailed("auth", "no key"), CallFailed("budget", "spent"), NotSentError("not sent")]
)
def test_a_servers_failure_is_no_fault_of_the_code_and_is_not_tried_twice(error, limits):
    def work():
        count_tries()
        raise error

    failed = failure(work, limits)
    assert (failed.kind, failed.environment, tries()) == ("server", True, 1)


def test_an_answer_that_makes_no_sense_is_an_error():
    def work():
        raise CallFailed("nonsense", "all answers are missing")

    assert (failure(work).kind, failure(work).environment) == ("error", False)


@pytest.mark.parametrize("limits", [LIMITS, None])
def test_a_replay_that_lacks_an_answer_ends(limits):
    """It would be another night's row."""

    def work():
        raise ReplayMissing("no answer to request abc")

    with pytest.raises(ReplayMissing, match="request abc"):
        attempt(work, limits)
