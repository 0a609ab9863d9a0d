"""Experiments as DVC experiments: rows, apply, diff, and the user's tree left alone."""

import json
import os
import sys

import pytest
import yaml
from fake_night import CRASH, METRICS, REPOSITORY, ROWS, commit, record_all, rows, run

from nightshift.record import head_at_start, record_experiment, show_command
from nightshift.record.slot import FILES


def test_every_experiment_is_a_row_with_few_columns(project):
    record_all(project)
    found = rows(project)
    assert sorted(found) == ROWS
    columns = ["Experiment", "rev", "typ", "Created", "parent", *METRICS, "id", "config/experiment.yaml"]
    # Their order is DVC's, by the newest experiment; a crash, which has no figures, puts those of others behind.
    assert sorted(found["exp-0001"]) == sorted(columns)
    assert [found["exp-0001"][name] for name in METRICS] == ["search", "keep", "0.61", "0.01", "1", "rank_mean", "2.5"]
    assert (found[CRASH]["status"], found[CRASH]["cv_auc"]) == ("crash", "")
    sorted_rows = rows(project, show_command(project))
    assert list(sorted_rows) == ROWS
    assert sorted(sorted_rows["exp-0000"]) == sorted(["Experiment", "rev", "typ", "parent", *METRICS])


def test_apply_brings_files_and_is_up_to_date(project):
    record_all(project)
    for name in ("exp-0003", CRASH, "exp-0001"):
        run(project, "dvc", "exp", "apply", name)
        assert "up to date" in run(project, "dvc", "status")
        assert yaml.safe_load((project / "config/experiment.yaml").read_text())["id"] == name
    slot = project / "results" / "experiment"
    assert (slot / "views/table.arrow").read_text() == "a view"
    assert [path.name for path in (slot / "bases/all").iterdir()] == ["oof.parquet"]
    ours = json.loads((project / "results/experiments/exp-0001/metrics.json").read_text())
    assert json.loads((slot / "metrics.json").read_text()) == ours
    for file in FILES:
        assert (slot / file).read_bytes() == (project / "results/experiments/exp-0001" / file).read_bytes()
    # The night's own files stay writable: no link of DVC's leads into results/.
    assert os.access(project / "results/bases/digest-exp-0001/oof.parquet", os.W_OK)


def test_diffs_compare_metrics_and_plots(project):
    record_all(project)
    diff = json.loads(run(project, "dvc", "exp", "diff", "exp-0000", "exp-0003", "--json"))
    assert diff["metrics"]["results/experiment/metrics.json"]["cv_auc"]["diff"] == pytest.approx(0.03)
    run(project, "dvc", "plots", "diff", "exp-0000", "exp-0003", "-o", "results/plots")
    page = (project / "results/plots/index.html").read_text()
    assert all(title in page for title in ("Receiver operating", "Cumulative gain", "Calibration", "exp-0003"))
    # A crash has empty curves, and comparing with it is no error.
    run(project, "dvc", "plots", "diff", "exp-0000", CRASH, "-o", "results/plots")


def test_experiment_can_be_varied_by_hand(project):
    stage = """
import pathlib, sys, yaml
slot, target = pathlib.Path("results/experiment"), sys.argv[1]
method = yaml.safe_load(open("config/experiment.yaml"))["stack"]["method"]
files = {"views": ["views/a"], "bases": ["bases/a"], "oof.parquet": ["oof.parquet", "stack.json"]}
plots = ["plots/roc.csv", "plots/gain.csv", "plots/calibration.csv"]
for name in files.get(target, ["metrics.json", "details.json", *plots]):
    (slot / name).parent.mkdir(parents=True, exist_ok=True)
    (slot / name).write_text('{"stack": "%s"}' % method)
"""
    (project / "stage.py").write_text(stage)
    text = (project / "dvc.yaml").read_text()
    command = f"{sys.executable} stage.py "
    (project / "dvc.yaml").write_text(text.replace("snakemake --cores all -f results/experiment/", command))
    commit(project)
    record_all(project)
    run(project, "dvc", "exp", "apply", "exp-0001")
    run(project, "dvc", "exp", "run", "-n", "varied", "-S", "config/experiment.yaml:stack.method=mean")
    assert "up to date" in run(project, "dvc", "status")
    found = rows(project)
    assert (found["varied"]["stack"], found["varied"]["id"]) == ("mean", "exp-0001")
    assert found["exp-0001"]["stack"] == "rank_mean"


def test_user_tree_is_untouched_and_its_edits_are_recorded(project):
    (project / "code.py").write_text("x = 2\n")
    run(project, "git", "add", "code.py")
    (project / "code.py").write_text("x = 3\n")
    (project / "gone.py").unlink()
    (project / "späte idee.py").write_text("z = 1\n")
    (project / "huge.csv").write_bytes(b"0" * (6 * 2**20))
    status = run(project, "git", "status", "--porcelain")  # first: it refreshes the index
    index = (project / ".git/index").read_bytes()
    revision = None
    for name in ROWS:
        outcome = record_experiment(project, name)
        assert "huge.csv" in outcome.reason
        revision = outcome.revision
    assert (project / ".git/index").read_bytes() == index
    assert run(project, "git", "status", "--porcelain") == status
    assert run(project, "git", "show", ":code.py") == "x = 2\n"
    assert not run(project, "git", "stash", "list") + run(project, "git", "branch", "--list", "dvc*")
    assert run(project, "git", "show", f"{revision}:code.py") == "x = 3\n"
    assert run(project, "git", "show", f"{revision}:späte idee.py") == "z = 1\n"
    names = run(project, "git", "ls-tree", "--name-only", revision).splitlines()
    assert "gone.py" not in names and "huge.csv" not in names
    # An edit taken back is not in the next record.
    (project / "späte idee.py").unlink()
    (project / "results/experiments/exp-0000/stack.json").write_text("{}")
    revision = record_experiment(project, "exp-0000").revision
    assert len(run(project, "git", "ls-tree", "--name-only", revision).splitlines()) == len(names) - 1


def test_recorded_twice_is_one_row_and_other_content_replaces_it(project):
    first = record_experiment(project, "exp-0001")
    again = record_experiment(project, "exp-0001")
    assert (again.revision, again.recorded) == (first.revision, True)
    metrics = project / "results/experiments/exp-0001/metrics.json"
    metrics.write_text(metrics.read_text().replace("0.61", "0.66"))
    assert record_experiment(project, "exp-0001").revision != first.revision
    run(project, "dvc", "exp", "remove", "exp-0001")
    assert record_experiment(project, "exp-0001").recorded
    found = rows(project)
    assert list(found) == ["exp-0001"] and found["exp-0001"]["cv_auc"] == "0.66"


def test_commit_in_mid_night_changes_nothing(project):
    head = head_at_start(project)
    assert record_experiment(project, "exp-0000").recorded
    (project / "code.py").write_text("x = 4\n")
    assert commit(project) != head == head_at_start(project)
    outcome = record_experiment(project, "exp-0001")
    assert run(project, "git", "rev-parse", f"{outcome.revision}^").strip() == head
    assert run(project, "git", "show", f"{outcome.revision}:code.py") == "x = 4\n"
    assert rows(project) == {}
    assert list(rows(project, show_command(project))) == ["exp-0000", "exp-0001"]


def test_stand_ins_of_a_crash_have_the_columns_of_the_plots():
    plots = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]["score"]["plots"]
    for entry in plots:
        ((path, plot),) = entry.items()
        assert FILES[path.removeprefix("results/experiment/")] == f"{plot['x']},{plot['y']}\n"
