"""SIGKILL of a whole night at random moments, and two nights in one folder."""

import io
import os
import random
import signal
import subprocess
import time

import pandas as pd
import pytest
from projects import CONFIG, make_project

EARLIEST, LATEST = 2.0, 14.0  # seconds; a night takes about 30 here


def new_project(root):
    """What `finished_night` starts from."""
    project = make_project(root, CONFIG)
    project.queue("a-by-hand.yaml", stack="rank_mean")
    project.queue("b-crashes.yaml", speaker="nobody speaks like that")
    project.write("README.md", "an edit that is not committed\n")
    return project


def kill_after(project, seconds):
    """Start a night and kill its process group after some seconds; False when the night was over before."""
    process = project.start("snakemake", "--cores", "2")
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def check_as_undisturbed(project, finished_night):
    project.snakemake("--cores", "2")
    pd.testing.assert_frame_equal(project.ledger(), finished_night.ledger(), rtol=1e-6)
    listed = project.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(listed) == [*(f"exp-{k:04d}" for k in range(6)), "night"]
    shown = pd.read_csv(io.StringIO(project.run("dvc", "exp", "show", "--csv").stdout))
    names = shown["Experiment"].dropna().tolist()
    assert all(names.count(name) == 1 for name in listed)
    assert project.run("git", "status", "--porcelain").stdout == finished_night.status_before
    assert project.path("README.md").read_text() == "an edit that is not committed\n"
    assert not project.leftovers()
    assert "Nothing to be done" in project.snakemake("--cores", "2")


def test_three_kills_at_random_moments(tmp_path, finished_night):
    rng, project = random.Random(0), new_project(tmp_path / "project")
    assert sum(kill_after(project, rng.uniform(EARLIEST, LATEST)) for _ in range(3)) >= 2
    check_as_undisturbed(project, finished_night)


@pytest.mark.soak
def test_twenty_kills_at_random_moments(tmp_path, finished_night):
    rng, kills, nights = random.Random(1), 0, 0
    while kills < 20:
        project = new_project(tmp_path / f"night-{nights}")
        while kills < 20 and kill_after(project, seconds := rng.uniform(EARLIEST, LATEST)):
            kills += 1
            print(f"night {nights}, kill {kills} after {seconds:.1f} s", flush=True)
        check_as_undisturbed(project, finished_night)
        nights += 1


def test_a_second_night_in_the_folder_is_told_who_holds_it(project):
    night = project.start("snakemake", "--cores", "1")
    try:
        lock, deadline = project.path(".nightshift/lock"), time.monotonic() + 60
        while not (lock.exists() and str(night.pid) in lock.read_text()):
            assert night.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        done = project.run("snakemake", "--cores", "1", check=False)
        told = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0 and "Traceback" not in told
        assert f"a night is running here already, held by process {night.pid} on " in told and " since 20" in told
        by_hand = project.run("dvc", "exp", "run", check=False)
        assert by_hand.returncode != 0 and f"held by process {night.pid}" in by_hand.stdout + by_hand.stderr
        assert "propose" in project.snakemake("--cores", "1", "-n") and night.poll() is None
        project.snakemake("--summary")
        assert night.poll() is None
    finally:
        os.killpg(night.pid, signal.SIGKILL)
        night.wait()
