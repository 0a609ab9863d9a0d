"""What people do with DVC after a night, by the real commands."""

import csv
import io
import json

import pytest

READABLE = {"author", "status", "cv_auc", "delta", "n_bases", "stack", "seconds"}


def shown(project):
    text = project.run("dvc", "exp", "show", "--csv").stdout
    return {row["Experiment"]: row for row in csv.DictReader(io.StringIO(text)) if row["Experiment"]}


def test_every_experiment_is_a_row_with_few_readable_columns(finished_night):
    rows = shown(finished_night)
    assert {f"exp-{k:04d}" for k in range(6)} | {"night"} <= set(rows)
    assert set(rows["exp-0003"]) >= READABLE
    assert len(rows["exp-0003"]) <= len(READABLE) + 8
    ledger = finished_night.ledger().set_index("experiment")
    for name in ledger.index:
        assert rows[name]["status"] == ledger["status"][name]
        if ledger["status"][name] != "crash":
            assert float(rows[name]["cv_auc"]) == pytest.approx(ledger["cv_auc"][name], abs=1e-4)


def test_markdown_table_lists_all(finished_night):
    table = finished_night.run("dvc", "exp", "show", "--md").stdout
    assert all(f"exp-{k:04d}" in table for k in range(6))


def test_apply_leaves_nothing_to_do(night):
    night.run("git", "checkout", "-q", "README.md")
    night.run("dvc", "exp", "apply", "exp-0003")
    assert "up to date" in night.run("dvc", "status").stdout
    assert "Nothing to be done" in night.snakemake("--cores", "1", "-n")
    metrics = json.loads(night.path("results/experiment/metrics.json").read_text())
    assert set(metrics) == READABLE
    assert (
        metrics["cv_auc"] == json.loads(night.path("results/experiments/exp-0003/metrics.json").read_text())["cv_auc"]
    )
    assert list(night.path("results/experiment/bases").glob("*/models.skops"))


def test_diff_of_two_experiments(finished_night):
    table = finished_night.run("dvc", "exp", "diff", "exp-0000", "exp-0003").stdout
    assert "cv_auc" in table


def test_exp_run_varies_one_experiment_and_reuses_views_and_bases(night):
    night.run("git", "checkout", "-q", "README.md")
    night.run("dvc", "exp", "apply", "exp-0003")
    ledger = night.ledger()
    store = {
        path: path.stat().st_mtime_ns for kind in ("views", "bases") for path in night.path(f"results/{kind}").iterdir()
    }
    night.run("dvc", "exp", "run", "-S", "config/experiment.yaml:stack.method=rank_mean")
    metrics = json.loads(night.path("results/experiment/metrics.json").read_text())
    assert (metrics["stack"], metrics["author"], metrics["status"]) == ("rank_mean", "human", "by hand")
    now = {
        path: path.stat().st_mtime_ns for kind in ("views", "bases") for path in night.path(f"results/{kind}").iterdir()
    }
    assert now == store
    assert "up to date" in night.run("dvc", "status").stdout
    assert "Nothing to be done" in night.snakemake("--cores", "1", "-n")
    assert night.ledger().equals(ledger)
