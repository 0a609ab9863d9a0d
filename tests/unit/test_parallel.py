"""Work shared among processes: in order, the same as alone, and a killed process is one message."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from nightshift.errors import NightshiftError, ProcessKilledError, TooHeavyError
from nightshift.parallel import alone_if_killed, cores_here, shared_among


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_outcomes_come_in_order(cores):
    with shared_among(lambda item: (item * item, os.getpid()), cores) as every:
        found = every(list(range(20)))
    assert [square for square, _ in found] == [item * item for item in range(20)]
    assert (os.getpid() in {pid for _, pid in found}) == (cores == 1)


def test_an_error_of_the_work_is_passed_on():
    def work(item):
        raise NightshiftError(f"not {item}")

    with pytest.raises(NightshiftError, match="not 1"):
        with shared_among(work, 2) as every:
            every([1, 2])


def test_a_killed_process_is_said():
    with pytest.raises(TooHeavyError, match="was killed, most likely for lack of memory"):
        with shared_among(lambda item: os._exit(9), 2) as every:
            every([1, 2])


def test_a_killed_process_leaves_the_work_to_one():
    def work(cores):
        with shared_among(lambda item: os._exit(9) if cores > 1 else item, cores) as every:
            return every([1, 2])

    assert alone_if_killed(work, 2) == [1, 2]


def test_processes_end_with_a_parent_that_is_killed(tmp_path):
    """With what they would keep locked."""
    said = tmp_path / "pids"

    def work(_):
        with said.open("a") as handle:
            handle.write(f"{os.getpid()}\n")
        time.sleep(60)

    parent = os.fork()
    if parent == 0:
        try:
            with shared_among(work, 2) as every:
                every([0, 1])
        finally:
            os._exit(1)
    wait_for(lambda: said.exists() and len(said.read_text().split()) == 2)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    wait_for(lambda: not any(psutil.pid_exists(int(pid)) for pid in said.read_text().split()))


def wait_for(what):
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    "error", [TooHeavyError("too long", "time"), ProcessKilledError("gone"), NightshiftError("no")]
)
def test_an_error_says_the_same_from_a_process(error):
    def work(_):
        raise error

    with pytest.raises(type(error), match=str(error)) as caught:
        with shared_among(work, 2) as every:
            every([0])
    assert vars(caught.value) == vars(error)


def test_there_is_at_least_one_core():
    assert cores_here() >= 1


THREADED = """
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_info
from nightshift.parallel import shared_among

rng = np.random.default_rng(0)
x = rng.normal(size=(5000, 20))
model = HistGradientBoostingClassifier(max_iter=5).fit(x, x[:, 0] > 0)
assert 2 in {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}
alone = model.predict_proba(x)
with shared_among(lambda item: model.predict_proba(x), 2) as every:
    assert all((found == alone).all() for found in every([1, 2]))
"""


def test_forks_do_not_wait_for_threads_that_only_their_parent_has():
    threads = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", THREADED], env={**os.environ, **threads}, check=True, timeout=100)
