"""What all tests share: helpers that several folders import, and how they spread over two workers."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "tests" / "workflow"))


def pytest_collection_modifyitems(items):
    """The tests of whole nights stay on one worker: they share one night, and each uses both cores."""
    for item in items:
        if (HERE / "tests" / "workflow") in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("workflow"))
