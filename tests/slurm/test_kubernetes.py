"""profiles/kubernetes: what it asks of a cluster, and a night whose pods are processes of this machine."""

import os

import pytest
from pods import Pods
from projects import CONFIG, REPO, make_project

PLUGIN = REPO / ".venv" / "plugins" / "kubernetes"
PROFILE = ("--workflow-profile", "profiles/kubernetes")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in a home of its own."""
    (tmp_path / ".gitconfig").write_text("[user]\nname = Person\nemail = person@example.org\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    project = make_project(tmp_path / "project", CONFIG)
    project.configure(search={"experiments": 1}, dvc={"record": False})
    return project


@pytest.fixture
def plugin(monkeypatch):
    """The plugin, which slows every start of Snakemake, for this test alone."""
    assert PLUGIN.is_dir(), "`make test-slurm` installs it"
    monkeypatch.setenv("PYTHONPATH", str(PLUGIN))


def test_without_the_plugin_one_message_says_how_to_get_it(project, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    told = project.snakemake(*PROFILE, check=False)
    assert "make setup-kubernetes" in told and "Traceback" not in told


def test_a_dry_run_needs_no_cluster(project, plugin):
    assert "propose" in project.snakemake(*PROFILE, "-n")


def test_pods_share_the_folder_and_have_their_limits(project, plugin, tmp_path, monkeypatch):
    with Pods() as pods:
        (tmp_path / "kube").write_text(pods.config)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kube"))
        often = ("--seconds-between-status-checks", "2", "--latency-wait", "10")
        done = project.run("snakemake", *PROFILE, *often, "results/ledger.tsv", check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:] + pods.logs()
    assert project.ledger()["status"].tolist() == ["keep"]
    specs = [job["spec"]["template"]["spec"] for job in pods.jobs.values()]
    commands = [spec["containers"][0]["args"][1] for spec in specs]
    assert all(command.startswith(f"cd {project.root} && ") for command in commands)
    assert {
        name for name in ("ingest", "split", "featurize", "train_base") for one in commands if f"'{name}:" in one
    } == {
        "ingest",
        "split",
        "featurize",
        "train_base",
    }
    for spec, command in zip(specs, commands, strict=True):
        container = spec["containers"][0]
        assert {"mountPath": "/shared", "name": "nightshift"} in container["volumeMounts"]
        assert {"claimName": "nightshift"} in [volume.get("persistentVolumeClaim") for volume in spec["volumes"]]
        small = any(f"'{name}:" in command for name in ("ingest", "split"))
        assert container["resources"]["limits"]["memory"] == ("4000M" if small else "4811M")
    assert not os.path.exists(project.path(".snakemake/storage")), "nothing is copied through a storage plugin"
