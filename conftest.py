"""What all tests share: helpers that several folders import, one thread, and how they spread over two workers."""

import os
import signal
import sys
from pathlib import Path

import hypothesis
import pytest

# The same examples in every run, so that a change and not luck decides; `make soak` draws others.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# As in a job: with OpenMP's threads in the parent, native code in a fork of it may wait for ever.
os.environ["OMP_NUM_THREADS"] = "1"

# What a shell starts in the background ignores Ctrl-C, and so would the nights that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "tests" / "workflow"), str(HERE / "tests")]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests that look at one finished night stay on one worker; those that disturb nights are on the other; one browser
    serves its whole file."""
    from xdist.scheduler import LoadScopeScheduling

    class Spread(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if file.startswith("tests/workflow/"):
                return "disturbed" if file.endswith("/test_robust.py") else "night"
            return file if file.startswith("tests/browser/") else nodeid

    return Spread(config, log)
