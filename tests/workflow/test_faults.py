"""Nights in which everything goes wrong that can (docs/reliability.md)."""

import json
import shutil
import subprocess

import pandas as pd
import psutil
import pytest
import yaml
from projects import CONFIG, make_project

pytestmark = pytest.mark.long

# In the order of the queue, with the kind of crash that is expected; a constant is no fault.
EXPECTED = {
    "raise": "error",
    "hang": "time",
    "hoard": "memory",
    "segfault": "segfault",
    "killed": "killed",
    "nan": "error",
    "constant": None,
}
ENVIRONMENT = ("hang", "hoard", "killed")
SEARCH = {"experiments": 2 + len(EXPECTED), "parallel": 2, "job_timeout": 15, "job_memory_mb": 1500}


def queue(project, name, how, stack="logistic"):
    experiment = {
        "hypothesis": f"It does not matter to {how}.",
        "views": {"words": {"kind": "words", "speakers": ["customer"], "ngrams": 1}},
        "bases": {"only": {"views": ["words"], "learner": {"kind": "faulty", "how": how}}},
        "stack": {"method": stack},
    }
    project.write(f"config/experiments/{name}.yaml", yaml.safe_dump(experiment))


def metrics(project, number):
    return json.loads(project.path(f"results/experiments/exp-{number:04d}/metrics.json").read_text())


def base_of(project, number):
    plan = json.loads(project.path(f"results/experiments/exp-{number:04d}/plan.json").read_text())
    return project.path(plan["bases"]["only"])


def tries(project, how):
    return project.path(".nightshift/tries").read_text().split().count(how)


def sleepers():
    return [process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == ["sleep", "98765"]]


def test_every_fault_is_a_row_and_the_night_goes_on(project, offered):
    project.configure(search=SEARCH, dvc={"record": False})
    for number, how in enumerate(EXPECTED):
        queue(project, f"{number}-{how}", how)
    project.snakemake("--cores", "2")
    assert not sleepers() and not project.leftovers()
    ledger = project.ledger()
    assert ledger["author"].tolist() == ["baseline", *["human"] * len(EXPECTED), "search"]
    ending = " ".join(project.path("results/ending.md").read_text().split())
    for number, (how, kind) in enumerate(EXPECTED.items(), start=1):
        row = metrics(project, number)
        assert row.get("kind") == kind, (how, row)
        assert row["status"] == ("discard" if kind is None else "crash")
        if kind is not None:
            assert f"[{kind}: base only: " in ledger["hypothesis"][number]
            assert f"exp-{number:04d} crashed: {kind}: " in ending
    assert set(ledger["status"][[0, 8]]) <= {"keep", "discard"}
    assert metrics(project, 7)["cv_auc"] == pytest.approx(0.5)
    # A stack trace says where it hung or died, in the child's own words.
    assert "in _raise" in metrics(project, 1)["tail"] and "_hang" in metrics(project, 2)["tail"]
    assert "_segfault" in metrics(project, 4)["tail"] and "NaN" in metrics(project, 6)["reason"]
    # Of three folds none got past the first; the environment's got a second try.
    assert {how: tries(project, how) for how in EXPECTED if how not in ("nan", "constant")} == {
        how: 2 if how in ENVIRONMENT else 1 for how in EXPECTED if how not in ("nan", "constant")
    }
    _later_nights_believe_the_code_and_not_the_load(project, ledger)


def _later_nights_believe_the_code_and_not_the_load(project, ledger):
    """More experiments on the same bases: the exception is remembered, the kill is tried anew and works by now."""
    assert all(base_of(project, number).exists() for number in range(1, 8))
    project.write(".nightshift/mended", "")
    queue(project, "8-raise", "raise", stack="rank_mean")
    queue(project, "9-killed", "killed", stack="rank_mean")
    project.configure(search={"experiments": 11})
    project.snakemake("--cores", "2")
    pd.testing.assert_frame_equal(project.ledger()[:9], ledger)
    assert metrics(project, 9)["kind"] == "error" and tries(project, "raise") == 1
    assert metrics(project, 10)["status"] in ("keep", "discard")
    gone = [how for number, how in enumerate(EXPECTED, start=1) if not base_of(project, number).exists()]
    assert gone == ["hang", "hoard"], "the killed one is there again, whole"


def test_the_local_executor_contains_too(project, offered):
    project.configure(search={**SEARCH, "experiments": 2}, dvc={"record": False})
    queue(project, "killed", "killed")
    project.snakemake("--cores", "2", "--executor", "local", "results/ledger.tsv")
    assert metrics(project, 1)["kind"] == "killed" and tries(project, "killed") == 2


def test_a_full_disk_in_a_job_stops_the_night_with_one_message_and_it_goes_on(project, offered):
    project.configure(search={"experiments": 2}, dvc={"record": False})
    queue(project, "full", "full_disk")
    done = project.run("snakemake", "--cores", "2", check=False)
    told = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in told
    assert done.stdout.count("the disk is full") == 1 and "run the same command again" in done.stdout
    assert not project.path("results/experiments/exp-0001/metrics.json").exists()
    project.write(".nightshift/mended", "")
    project.snakemake("--cores", "2")
    assert metrics(project, 1)["status"] in ("keep", "discard")


@pytest.fixture
def small_disk(tmp_path):
    """A project whose results/ lie on a disk of their own."""
    project = make_project(tmp_path / "project", CONFIG)
    project.configure(search={"experiments": 2}, dvc={"record": False})
    project.path("results").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(project.path("results"))]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield project
    subprocess.run(["umount", "-l", str(project.path("results"))], check=True)


def test_a_disk_that_is_full_or_read_only_and_then_mended(small_disk, finished_night):
    def remount(options):
        small_disk.run("mount", "-o", f"remount,{options}", str(small_disk.path("results")))

    def told():
        done = small_disk.run("snakemake", "--cores", "2", check=False)
        assert done.returncode != 0
        return done.stdout + done.stderr

    small_disk.path("results/filler").write_bytes(bytes(1_900_000))
    assert "the disk is full" in told()  # not even room for a start
    small_disk.path("results/filler").write_bytes(bytes(900_000))
    assert "the disk is full" in told()  # in mid-night
    remount("size=300m,ro")
    message = told()
    assert "the disk is read-only" in message and "make it writable" in message
    remount("size=300m,rw")
    small_disk.path("results/filler").unlink()
    small_disk.snakemake("--cores", "2")
    assert len(small_disk.ledger()) == 2 and not small_disk.leftovers()
    pd.testing.assert_frame_equal(small_disk.ledger()[:1], finished_night.ledger()[:1], rtol=1e-6)
