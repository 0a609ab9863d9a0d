"""A cluster for the tests of this folder; all of them are run by `make test-slurm` alone."""

import tempfile
from pathlib import Path

import pytest
from cluster import Cluster, missing

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def cluster():
    """Two nodes of two processors and a stand-in for a GPU each."""
    if absent := missing():
        pytest.fail(f"{', '.join(absent)} not found: `make test-slurm` installs slurm-wlm and munge")
    # Not below pytest's own folder: munge wants one that all may enter, and sockets want short names.
    with tempfile.TemporaryDirectory(prefix="slurm-") as root, Cluster(Path(root)) as cluster:
        yield cluster
