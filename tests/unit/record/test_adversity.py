"""Kills, broken clones, two savers at once, and places where nothing can be recorded."""

import shutil
import signal
import subprocess
import sys
import time

import pytest
from fake_night import ROWS, commit, rows, run, write_project

from nightshift.record import archive, head_at_start, record_experiment, record_night, restore, show_command


@pytest.mark.parametrize("harm", ["HEAD", "index.lock", "objects", "config.local", "busy", "away"])
def test_broken_clone_is_built_anew(project, harm):
    assert record_experiment(project, "exp-0000").recorded
    private = project / ".dvc/tmp/nightshift"
    if harm == "objects":
        shutil.rmtree(private / "clone/.git/objects")
    elif harm == "away":
        shutil.rmtree(private / "clone")
    elif harm == "busy":
        (private / "clone.json").write_text("{")
    elif harm == "index.lock":
        (private / "clone/.git/index.lock").touch()
        (private / "index.lock").touch()
    else:
        (private / "clone" / (".git/HEAD" if harm == "HEAD" else ".dvc/config.local")).unlink()
    assert record_experiment(project, "exp-0001").recorded
    assert sorted(rows(project)) == ROWS[:2]


def test_kill_at_any_moment_leaves_a_working_recorder(project):
    code = "from nightshift.record import record_experiment as r; print(r('.', 'exp-0001'))"
    head_at_start(project)
    for delay in (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75):
        process = subprocess.Popen([sys.executable, "-c", code], cwd=project, stdout=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (project / "results/experiments/exp-0001/details.json").write_text(f'{{"delay": {delay}}}')
    assert record_experiment(project, "exp-0001", patience=5).recorded
    assert run(project, "git", "status", "--porcelain") == ""
    assert list(rows(project)) == ["exp-0001"]


def test_two_at_once_are_both_recorded(project):
    code = "import sys; from nightshift.record import record_experiment as r; assert r('.', sys.argv[1]).recorded"
    commands = [[sys.executable, "-c", code, name] for name in ROWS]
    processes = [subprocess.Popen(command, cwd=project) for command in commands]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert sorted(rows(project)) == ROWS


@pytest.mark.parametrize(
    ("lack", "advice"),
    [("git", "git init"), ("commit", "no commit yet"), ("dvc", "dvc init"), ("lock", "dvc.lock"), ("files", "metrics")],
)
def test_what_is_missing_is_said(tmp_path, lack, advice):
    root = write_project(tmp_path / "bare")
    if lack == "dvc":
        shutil.rmtree(root / ".dvc")
    if lack == "lock":
        (root / "dvc.lock").unlink()
    if lack == "files":
        (root / "results/experiments/exp-0000/metrics.json").unlink()
    if lack != "git":
        run(root, "git", "init", "-q")
    if lack not in ("git", "commit"):
        commit(root)
    outcome = record_experiment(root, "exp-0000")
    assert not outcome.recorded and outcome.reason.startswith("not recorded: ") and advice in outcome.reason
    if lack == "git":
        assert head_at_start(root) is None and show_command(root).startswith("dvc exp show")
        # Without records a night can still be moved aside.
        assert (archive(root).folder / "ledger.tsv").exists()


def test_project_in_a_folder_of_a_shallow_clone(tmp_path):
    write_project(tmp_path / "big" / "sales" / "nightshift")
    run(tmp_path / "big", "git", "init", "-qb", "main")
    commit(tmp_path / "big")
    (tmp_path / "big" / "README").write_text("more")
    commit(tmp_path / "big")
    run(tmp_path, "git", "clone", "-q", "--depth", "1", f"file://{tmp_path / 'big'}", "shallow")
    root = tmp_path / "shallow" / "sales" / "nightshift"
    shutil.copytree(tmp_path / "big/sales/nightshift/results", root / "results")
    (tmp_path / "shallow" / "notes.txt").write_text("above the project")
    assert record_experiment(root, "exp-0001").recorded
    outcome = record_night(root)
    assert outcome.recorded
    assert "notes.txt" in run(root, "git", "ls-tree", "--full-tree", "--name-only", outcome.revision)
    assert sorted(rows(root)) == ["exp-0001", "night"]
    run(root, "dvc", "exp", "apply", "exp-0001")
    assert "up to date" in run(root, "dvc", "status")
    shutil.move(root / "results", tmp_path / "gone")
    assert "experiments" in [path.name for path in restore(root)]


def test_cache_elsewhere_a_worktree_and_variables_of_a_hook(project, tmp_path, monkeypatch):
    run(project, "git", "worktree", "add", "-q", "../tree")
    root = tmp_path / "tree"
    shutil.copytree(project / "results", root / "results")
    run(root, "dvc", "cache", "dir", "--local", str(tmp_path / "a cache"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere" / "index"))
    assert record_experiment(root, "exp-0001").recorded
    assert record_night(root).recorded
    assert (tmp_path / "a cache" / "files").is_dir() and not (root / ".dvc" / "cache").exists()
    shutil.rmtree(root / "results")
    assert "experiments" in [path.name for path in restore(root)]
    monkeypatch.undo()
    assert not (tmp_path / "nowhere").exists()


def test_cache_that_cannot_be_written_is_a_reason(project):
    (project / ".dvc" / "cache").write_text("a file where a folder should be")
    outcome = record_experiment(project, "exp-0001")
    assert not outcome.recorded and "cache" in outcome.reason
    (project / ".dvc" / "cache").unlink()
    assert record_experiment(project, "exp-0001").recorded
