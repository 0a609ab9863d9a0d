"""Work shared among processes: in order, the same as alone, and a killed process is one message."""

import os

import pytest

from nightshift.errors import NightshiftError, TooHeavyError
from nightshift.parallel import cores_here, shared_among


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


def test_there_is_at_least_one_core():
    assert cores_here() >= 1
