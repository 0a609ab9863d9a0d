"""A project with a finished night in it, and a clone of it elsewhere."""

import os
import shutil

import pytest
from fake_night import commit, record_all, run, write_project

from nightshift.record import record_night


def pytest_runtest_setup():
    if shutil.which("git") is None:
        pytest.skip("git is not installed")


@pytest.fixture(autouse=True)
def nobody(tmp_path, monkeypatch):
    """No identity and no settings of the person who runs the tests."""
    (tmp_path / "home" / "person").mkdir(parents=True)
    (tmp_path / "home" / "person" / ".gitconfig").write_text("[user]\nname = Person\nemail = person@example.org\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def project(tmp_path):
    root = write_project(tmp_path / "project")
    run(root, "git", "init", "-qb", "main")
    commit(root)
    return root


@pytest.fixture
def elsewhere(project, tmp_path):
    """A clone of the project, after everything was pushed to a bare git remote and a folder."""
    run(tmp_path, "git", "init", "-q", "--bare", "-b", "main", "remote.git")
    run(project, "git", "remote", "add", "origin", "../remote.git")
    run(project, "dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    commit(project)
    record_all(project)
    assert record_night(project).recorded
    run(project, "git", "push", "-q", "origin", "main")
    run(project, "dvc", "exp", "push", "origin", "-A")
    run(tmp_path, "git", "clone", "-q", "remote.git", "elsewhere")
    return tmp_path / "elsewhere"
