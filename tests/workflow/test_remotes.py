"""A night goes to a colleague by a folder, by SSH and by S3: the commands of docs/remotes.md, with the real dvc and git."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import Project
from servers import s3_server, ssh_server

ALL = [*(f"exp-{k:04d}" for k in range(6)), "night"]
COLLEAGUE = "colleague"


@pytest.fixture
def shared(night, tmp_path, request, monkeypatch) -> Iterator[tuple[Project, Project]]:
    """The night with its remotes, and a fresh clone by a colleague who has set up the same remotes."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _REMOTES[request.param](tmp_path) as (origin, settings):
        night.run("git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
        night.run("git", "remote", "add", "origin", origin)
        night.run("git", "push", "-q", "origin", "main")
        night.run("git", "clone", "-q", origin, str(tmp_path / COLLEAGUE))
        colleague = Project(tmp_path / COLLEAGUE)
        for project in (night, colleague):
            _set_remote(project, settings)
        yield night, colleague


def _set_remote(project: Project, settings: dict[str, str]) -> None:
    project.run("dvc", "remote", "add", "-q", "--local", "-d", "store", settings["url"])
    for name, value in settings.items():
        if name != "url":
            project.run("dvc", "remote", "modify", "-q", "--local", "store", name, value)


@contextlib.contextmanager
def _folder(tmp_path) -> Iterator[tuple[str, dict[str, str]]]:
    yield str(tmp_path / "remote.git"), {"url": str(tmp_path / "store")}


@contextlib.contextmanager
def _ssh(tmp_path) -> Iterator[tuple[str, dict[str, str]]]:
    home = Path(os.environ["HOME"])
    with ssh_server(tmp_path / "sshd", home) as server:
        with open(home / ".gitconfig", "a") as settings:
            settings.write(f"[core]\nsshCommand = {server.command}\n")
        yield server.url(tmp_path / "remote.git"), {"url": server.url(tmp_path / "store")}


@contextlib.contextmanager
def _s3(tmp_path) -> Iterator[tuple[str, dict[str, str]]]:
    import boto3

    with s3_server(tmp_path / "s3") as endpoint:
        client = boto3.client(
            "s3", "us-east-1", endpoint_url=endpoint, aws_access_key_id="a-key", aws_secret_access_key="a-secret"
        )
        client.create_bucket(Bucket="nights")
        settings = {"endpointurl": endpoint, "access_key_id": "a-key", "secret_access_key": "a-secret"}
        yield str(tmp_path / "remote.git"), {"url": "s3://nights/deals", **settings}


def _metrics(project: Project, folder: str) -> dict:
    return json.loads(project.path(f"results/{folder}/metrics.json").read_text())


_REMOTES = {"folder": _folder, "ssh": _ssh, "s3": _s3}


@pytest.mark.parametrize("shared", _REMOTES, indirect=True)
def test_a_night_goes_to_a_colleague(shared):
    night, colleague = shared
    night.run("dvc", "exp", "push", "origin", "-A")
    colleague.run("dvc", "exp", "pull", "origin", "-A")
    assert sorted(colleague.run("dvc", "exp", "list", "--name-only").stdout.split()) == ALL
    table = colleague.run("dvc", "exp", "show", "--md").stdout
    assert all(name in table for name in ALL)

    # A clone has no .snakemake, and here no raw data either: the night's own files are enough.
    assert not colleague.path(".snakemake").exists() and not colleague.path("data").exists()
    colleague.run("nightshift", "restore")
    assert colleague.ledger().equals(night.ledger())
    assert "Nothing to be done" in colleague.snakemake("--cores", "1", "-n")

    colleague.run("dvc", "exp", "apply", "exp-0003")
    applied = _metrics(colleague, "experiment")
    assert applied["cv_auc"] == _metrics(night, "experiments/exp-0003")["cv_auc"]
    assert "up to date" in colleague.run("dvc", "status").stdout
    assert "Nothing to be done" in colleague.snakemake("--cores", "1", "-n")
    status = colleague.run("git", "status", "--porcelain").stdout.split()
    assert "results/" not in status and ".dvc/config" not in status


@pytest.mark.parametrize("shared", ["ssh"], indirect=True)
def test_a_single_experiment_goes_alone(shared):
    """And what was not pushed is said, with what to do."""
    night, colleague = shared
    night.run("dvc", "exp", "push", "origin", "exp-0003")
    colleague.run("dvc", "exp", "pull", "origin", "exp-0003")
    assert colleague.run("dvc", "exp", "list", "--name-only").stdout.split() == ["exp-0003"]
    colleague.run("dvc", "exp", "apply", "exp-0003")
    assert list(colleague.path("results/experiment/bases").glob("*/models.skops"))
    assert "up to date" in colleague.run("dvc", "status").stdout
    told = colleague.run("nightshift", "restore", check=False).stderr
    assert "dvc exp pull origin night" in told and "Traceback" not in told

    # The rows alone, without the files behind them.
    night.run("dvc", "exp", "push", "--no-cache", "origin", "night")
    colleague.run("dvc", "exp", "pull", "--no-cache", "origin", "night")
    failed = colleague.run("nightshift", "restore", check=False)
    assert failed.returncode == 1 and "Traceback" not in failed.stderr
    assert "not all in DVC's cache or remote" in failed.stderr and "docs/remotes.md" in failed.stderr
    assert not colleague.path("results/ledger.tsv").exists()


@pytest.mark.long
@pytest.mark.parametrize("shared", ["folder"], indirect=True)
def test_more_experiments_run_in_the_colleagues_clone(shared):
    """From what the night holds itself: raw data need not travel."""
    night, colleague = shared
    night.run("dvc", "exp", "push", "origin", "night")
    colleague.run("dvc", "exp", "pull", "origin", "night")
    colleague.run("nightshift", "restore")
    colleague.configure(search={"experiments": 7})
    colleague.snakemake("--cores", "2")
    ledger = colleague.ledger()
    assert len(ledger) == 7 and ledger[:6].equals(night.ledger())
    assert not colleague.path("data").exists()
