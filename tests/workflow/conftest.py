"""Real projects in temporary folders, and one small night that most tests look at."""

import fcntl
import os
import shutil

import pytest
from projects import CONFIG, SECRET, Project, make_project, offer_faulty


@pytest.fixture(autouse=True)
def nobody(tmp_path_factory, monkeypatch):
    """No git settings of the person who runs the tests; DVC's own need none."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\nname = Person\nemail = person@example.org\n")
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """The learner `faulty`, as if somebody's package had brought it."""
    monkeypatch.setenv("PYTHONPATH", offer_faulty(tmp_path / "site"))


@pytest.fixture
def project(tmp_path) -> Project:
    """A fresh project with a git repository and the small demo."""
    return make_project(tmp_path / "project", CONFIG)


@pytest.fixture(scope="session")
def finished_night(tmp_path_factory) -> Project:
    """A night on two cores, disturbed by nobody, run once for all workers. Tests that change it work on a copy (`night`)."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    project, before = Project(shared / "finished-night" / "project"), shared / "finished-night" / "status.txt"
    with open(shared / "finished-night.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not before.exists():
            make_project(project.root, CONFIG)
            project.queue("a-by-hand.yaml", stack="rank_mean")
            project.queue("b-crashes.yaml", speaker="nobody speaks like that")
            project.write("README.md", "an edit that is not committed\n")
            project.write(".env", f"OPENAI_API_KEY={SECRET}\n")
            status = project.run("git", "status", "--porcelain").stdout
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("OPENAI_API_KEY", SECRET)  # test_secrets.py looks for it
                project.snakemake("--cores", "2")
            before.write_text(status)
    project.status_before = before.read_text()
    return project


@pytest.fixture
def night(finished_night, tmp_path) -> Project:
    """A copy of the finished night to work on."""
    shutil.copytree(finished_night.root, tmp_path / "night", symlinks=True)
    return Project(tmp_path / "night")
