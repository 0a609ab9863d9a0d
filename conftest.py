"""What all tests share: helpers that several folders import, and how they spread over two workers."""

import os
import sys
from pathlib import Path

import pytest

# As in a job: with OpenMP's threads in the parent, native code in a fork of it may wait for ever.
os.environ["OMP_NUM_THREADS"] = "1"

HERE = Path(__file__).parent
WORKFLOW = HERE / "tests" / "workflow"
sys.path[:0] = [str(WORKFLOW), str(HERE / "tests")]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that look at one finished night stay on one worker; those that disturb nights are on the other."""
    for item in items:
        if WORKFLOW in item.path.parents:
            group = "disturbed" if item.path.name == "test_robust.py" else "night"
            item.add_marker(pytest.mark.xdist_group(group))
