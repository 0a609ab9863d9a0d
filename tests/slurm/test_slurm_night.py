"""A night on a cluster that loses a node is the night of one machine (docs/cluster.md)."""

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

import pandas as pd
import pytest
import yaml
from cluster import Cluster
from projects import BIN, CONFIG, Project, make_project, offer_faulty

SEARCH = {"experiments": 6, "parallel": 4, "job_timeout": 25, "job_memory_mb": 1200}
QUEUED = {
    "a-hoards": {"kind": "faulty", "how": "hoard"},
    "b-hangs": {"kind": "faulty", "how": "hang"},
    "c-gpu": {"kind": "xgboost", "device": "cuda", "n_estimators": 20},
    "d-by-hand": {"kind": "logistic", "c": 0.5},
}
SUBMITTED = {"ingest", "split", "featurize", "train_base", "champion", "verdict", "diagnose"}
PROFILE = ("--workflow-profile", "profiles/slurm")
OFTEN = (
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--seconds-between-status-checks",
    "2",
    "--latency-wait",
    "10",
)
LONGEST = 1200  # seconds, of a machine on which others compute too; `make test-slurm` bounds it more
LEFT = f"results/.left.by.{platform.node()}-999999999.abcdefgh"


@dataclass
class Night:
    """A night on the cluster, with what was seen while it ran."""

    project: Project
    jobs: list[dict[str, str]]
    lost: list[str]

    def of(self, *rules: str) -> list[dict[str, str]]:
        """The jobs of some rules."""
        return [job for job in self.jobs if re.match(f"rule_({'|'.join(rules)})(_|$)", job.get("Comment", ""))]


def new_project(root) -> Project:
    project = make_project(root, CONFIG)
    project.configure(search=SEARCH)
    for name, learner in QUEUED.items():
        experiment = {
            "hypothesis": f"What comes of {learner['kind']}.",
            "views": {"words": {"kind": "words", "speakers": ["customer"], "ngrams": 1}},
            "bases": {"only": {"views": ["words"], "learner": learner}},
        }
        project.write(f"config/experiments/{name}.yaml", yaml.safe_dump(experiment))
    return project


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory, cluster):
    """The environment of both nights: the cluster, the faulty learner, nobody's git settings."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\nname = Person\nemail = person@example.org\n")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        patch.setenv("PATH", os.pathsep.join([cluster.environment["PATH"], str(BIN)]))
        patch.setenv("HOME", str(home))
        patch.setenv("PYTHONPATH", offer_faulty(home / "site"))
        yield


@pytest.fixture(scope="module")
def local(surroundings, tmp_path_factory) -> Project:
    """The same night on one machine: in one big job, as docs/cluster.md has it for small nights."""
    project = new_project(tmp_path_factory.mktemp("local") / "project")
    out = project.root.with_name("out.txt")
    asked = ("--cpus-per-task", "2", "--mem", "8G", "--time", "1:00:00")
    done = project.run(
        "sbatch", "--wait", *asked, "--output", str(out), "--wrap", "snakemake --cores 2", check=False, timeout=LONGEST
    )
    assert done.returncode == 0, out.read_text()[-6000:]
    return project


@pytest.fixture(scope="module")
def night(surroundings, cluster, tmp_path_factory) -> Night:
    """The night on the cluster. In the middle, while it trains, one of the two nodes is lost."""
    project = new_project(tmp_path_factory.mktemp("cluster") / "project")
    project.status_before = project.run("git", "status", "--porcelain").stdout
    out = project.root.with_name("out.txt")
    with out.open("w") as handle:
        process = subprocess.Popen(
            ["snakemake", *PROFILE, *OFTEN],
            cwd=project.root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        lost = lose_a_node_that_trains(cluster, project, process)
        process.wait(timeout=LONGEST)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 0, out.read_text()[-6000:]
    jobs = [job for job in cluster.jobs() if job.get("Comment", "").startswith("rule_")]
    return Night(project, jobs, lost)


def lose_a_node_that_trains(cluster: Cluster, project: Project, process: subprocess.Popen) -> list[str]:
    """Numbers of the jobs that were running there."""
    deadline = time.monotonic() + LONGEST
    while not (training := cluster.running("train_base", "node2")):
        assert process.poll() is None and time.monotonic() < deadline, "no job trains on node2"
        time.sleep(0.5)
    project.path(LEFT).mkdir()  # as of a killed process; a night clears such things when it starts, and only then
    cluster.lose("node2")
    return training


def test_the_ledger_is_that_of_one_machine(night, local):
    assert len(local.ledger()) == SEARCH["experiments"]
    pd.testing.assert_frame_equal(night.project.ledger(), local.ledger(), rtol=1e-6)


def test_jobs_of_the_lost_node_ran_again_elsewhere(night):
    again = {job["JobId"]: job for job in night.jobs if int(job["Restarts"])}
    assert night.lost and set(night.lost) <= set(again)
    assert {job["NodeList"] for job in again.values()} == {"node1"}
    assert {job["JobState"] for job in night.jobs} == {"COMPLETED"}


def test_time_and_memory_end_as_crashes_and_not_by_the_scheduler(night):
    rows = {name: metrics(night.project, number) for number, name in enumerate(QUEUED, start=1)}
    assert {name: row["status"] for name, row in rows.items() if name != "c-gpu"} == {
        "a-hoards": "crash",
        "b-hangs": "crash",
        "d-by-hand": rows["d-by-hand"]["status"],
    }
    assert rows["a-hoards"]["kind"] == "memory" and rows["b-hangs"]["kind"] == "time"
    for number in (1, 2):
        assert "tried again" in metrics(night.project, number)["reason"]
    # What the scheduler granted is more than both tries took: 25 + 37.5 seconds, 2,400 MB.
    for job in night.of("train_base"):
        assert job["TimeLimit"] == "00:07:00" and job["MinMemoryNode"] == "3127M"


def test_a_learner_on_a_gpu_asks_for_one(night):
    asked = [job for job in night.jobs if "gpu" in job.get("TresPerJob", "") + job.get("TresPerNode", "")]
    assert len(asked) == 1 and asked[0] in night.of("train_base")
    row = metrics(night.project, 3)
    assert row["status"] != "crash" if shutil.which("nvidia-smi") else row["kind"] == "device"


def test_few_jobs_are_submitted(night):
    rules = [re.match(r"rule_(.+?)(_wildcards|$)", job["Comment"])[1] for job in night.jobs]
    assert set(rules) == SUBMITTED
    made = [
        *night.project.path("results/views").glob("*.arrow"),
        *(path for path in night.project.path("results/bases").iterdir() if path.is_dir()),
    ]
    assert len(night.jobs) == len(made) + 5, "a view or base is one job, whoever asks for it"


def test_jobs_on_nodes_leave_alone_what_is_the_main_process_s(night):
    lock = night.project.path(".nightshift/lock").read_text()
    assert re.fullmatch(rf"process \d+ on {platform.node()} since .+\n", lock)
    assert night.project.path(LEFT).is_dir(), "a job on a node cleared leftovers"
    assert not list(night.project.path(".nightshift").glob("turn-*")), "a job on a node waited for others"


def test_nothing_is_left_and_nothing_is_to_be_done(night):
    assert night.project.run("git", "status", "--porcelain").stdout == night.project.status_before
    listed = night.project.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(listed) == [*(f"exp-{k:04d}" for k in range(SEARCH["experiments"])), "night"]
    assert "Nothing to be done" in night.project.snakemake(*PROFILE)
    # The lost node's temporary folder is of this machine here, so that the next night knows it for dead.
    assert not [path for path in night.project.leftovers() if path.name.startswith(".")]


def metrics(project: Project, number: int) -> dict:
    return json.loads(project.path(f"results/experiments/exp-{number:04d}/metrics.json").read_text())
