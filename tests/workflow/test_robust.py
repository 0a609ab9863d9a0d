"""Nights that are stopped, interrupted, misconfigured or without git."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import yaml


def files_below(project, folder):
    return [path for path in project.path(folder).rglob("*") if path.is_file()]


def test_a_plain_snakemake_finds_the_default_profile(project):
    assert "profiles/default" in project.snakemake("-n", "--cores", "1")


def interrupt(project, how, until):
    """Start a night, send a signal to its whole group once `until` holds."""
    process = project.start("snakemake", "--cores", "2")
    deadline = time.monotonic() + 120
    while not until() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.poll() is None, "the night ended before it could be interrupted"
    os.killpg(process.pid, how)
    process.wait(timeout=120)
    time.sleep(1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_and_run_again(project, finished_night, how):
    """Ctrl-C, and a kill: a plain `snakemake` goes on to the same ledger."""
    project.queue("a-by-hand.yaml", stack="rank_mean")
    project.queue("b-crashes.yaml", speaker="nobody speaks like that")
    interrupt(project, how, lambda: project.path("results/experiments/exp-0001/metrics.json").exists())
    assert not project.path("results/verdict.json").exists()
    project.snakemake("--cores", "2")
    pd.testing.assert_frame_equal(project.ledger(), finished_night.ledger(), rtol=1e-6)
    listed = project.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(listed) == [*(f"exp-{k:04d}" for k in range(6)), "night"]


@pytest.mark.long
def test_a_commit_a_lock_and_a_clock_that_jumps_in_mid_night_change_nothing(project, finished_night):
    """The user commits, somebody holds DVC's lock, and the clock is a day behind what it was: the same ledger and records."""
    project.queue("a-by-hand.yaml", stack="rank_mean")
    project.queue("b-crashes.yaml", speaker="nobody speaks like that")
    head = project.run("git", "rev-parse", "HEAD").stdout.strip()
    interrupt(project, signal.SIGINT, lambda: project.path("results/experiments/exp-0001/metrics.json").exists())
    project.write("README.md", "a thought in the night\n")
    project.run("git", "commit", "-qam", "In mid-night")
    tomorrow = time.time() + 86400
    for path in [*files_below(project, "results"), *files_below(project, "data")]:
        os.utime(path, (tomorrow, tomorrow))
    code = "import sys; from dvc.repo import Repo\nwith Repo('.').lock: print('held', flush=True); sys.stdin.read()"
    held = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], cwd=project.root, **held) as holder:
        assert holder.stdout.readline() == "held\n"
        project.snakemake("--cores", "2")
        assert "Unable to acquire lock" in project.run("dvc", "exp", "run", check=False).stderr
        holder.stdin.close()
    pd.testing.assert_frame_equal(project.ledger(), finished_night.ledger(), rtol=1e-6)
    listed = project.run("dvc", "exp", "list", "--name-only", "--rev", head).stdout.split()
    assert sorted(listed) == [*(f"exp-{k:04d}" for k in range(6)), "night"]
    assert project.run("git", "log", "-1", "--format=%s").stdout == "In mid-night\n"
    assert "Nothing to be done" in project.snakemake("--cores", "2", "-n")


@pytest.mark.long
def test_stop_file_ends_the_night_cleanly_and_it_goes_on_without_it(project):
    project.configure(search={"experiments": 3, "parallel": 1}, dvc={"record": False})
    project.write("config/STOP", "")
    told = project.snakemake("--cores", "2")
    assert len(project.ledger()) == 1
    assert "config/STOP is there" in " ".join(told.split())
    assert project.path("results/verdict.json").exists()
    project.path("config/STOP").unlink()
    project.configure(search={"deadline": "1s"})
    told = project.snakemake("--cores", "2")
    assert len(project.ledger()) == 1
    assert "deadline 1s" in " ".join(told.split())
    project.configure(search={"deadline": None})
    project.snakemake("--cores", "2")
    assert len(project.ledger()) == 3


@pytest.mark.long
def test_without_git_the_night_runs_and_says_what_is_missing(tmp_path, project):
    for name in (".git", ".dvc"):
        project.run("rm", "-r", name)
    project.configure(search={"experiments": 1})
    told = project.snakemake("--cores", "2")
    assert len(project.ledger()) == 1
    assert "not recorded" in told


def test_wrong_config_is_one_message_before_anything(project):
    config = yaml.safe_load(project.path("config/config.yaml").read_text())
    config["serch"] = config.pop("search")
    config["data"]["taget"] = "won"
    project.write("config/config.yaml", yaml.safe_dump(config))
    told = project.snakemake("--cores", "1", check=False)
    assert "2 problems" in told
    assert "did you mean 'search'?" in told and "did you mean 'data.target'?" in told
    assert "Traceback" not in told
    assert not project.path("results").exists()


def test_wrong_data_is_one_message_and_nothing_is_half_written(project):
    project.write("mine/cases.csv", "deal,won,size\n1,yes,3\n1,no,4\n2,maybe,5\n")
    project.write("mine/calls.jsonl", '{"deal": "9", "text": "hello"}\n{broken\n')
    project.configure(
        data={"cases": "mine/cases.csv", "transcripts": "mine/calls.jsonl", "id": "deal", "group": "account"}
    )
    project.write("config/experiments/wrong.yaml", "views: {}\n")
    done = project.run("snakemake", "--cores", "1", check=False)
    told = done.stdout + done.stderr
    assert done.returncode != 0
    for expected in ("mine/cases.csv", "account", "mine/calls.jsonl", "row 2", "wrong.yaml"):
        assert expected in told
    assert "Traceback" not in told
    left = [path.name for path in files_below(project, "results") if path.suffix not in (".log", ".tsv")]
    assert left in ([], ["night.json"])


def test_other_data_target_or_seed_in_a_folder_with_results_is_refused(night):
    """Before any job, and a restored file is the same night again."""
    cases = night.path("data/demo/cases.csv")
    before = cases.read_text()
    cases.write_text(before + before.splitlines()[-1].replace(before.splitlines()[-1].split(",")[0], "D9999") + "\n")
    told = night.snakemake("--cores", "1", "-n", check=False)
    assert "a night of other cases (data.cases)" in told and "Traceback" not in told
    cases.write_text(before)
    night.configure(data={"target": "account", "group": None})
    assert "meaning of columns (data.*)" in night.snakemake("--cores", "1", "-n", check=False)
    night.configure(data={"target": "won", "group": "account"})
    assert "Nothing to be done" in night.snakemake("--cores", "1", "-n")
    night.configure(search={"seed": 7})
    told = night.snakemake("--cores", "1", check=False)
    assert "seed (search.seed)" in told and "nightshift archive" in told
    night.run("nightshift", "archive")
    assert not night.path("results/ledger.tsv").exists()
    assert "ingest" in night.snakemake("--cores", "1", "-n")
    names = night.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert len(names) == 7 and not any(name.startswith("exp-") for name in names)
