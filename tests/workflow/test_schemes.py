"""Nights of other schemes and metrics: forward in time, the user's own split, no transcripts, average precision, log loss."""

import json

import exports
import numpy as np
import pandas as pd
import pytest

import nightshift

pytestmark = pytest.mark.long


def verdict_of(project):
    return json.loads(project.path("results/verdict.json").read_text())


@pytest.fixture
def small(project):
    project.configure(search={"experiments": 2}, dvc={"record": False})
    return project


def test_forward_in_time_the_holdout_is_the_latest(small):
    small.configure(data={"time": "created"}, search={"metric": "log_loss", "experiments": 2})
    small.queue("boosted.yaml", stack="xgboost")
    small.snakemake("--cores", "2")
    assert json.loads(small.path("results/experiments/exp-0001/metrics.json").read_text())["status"] != "crash"
    assert json.loads(small.path("results/data/split.json").read_text())["scheme"] == "forward"
    cases = pd.read_csv(small.path("data/demo/cases.csv")).set_index("deal_id")
    parts = {
        part: cases.loc[pd.read_parquet(small.path(f"results/data/{part}/cases.parquet"))["case_id"], "created"]
        for part in ("development", "holdout")
    }
    assert parts["holdout"].min() >= parts["development"].max()
    oof = pd.read_parquet(small.path("results/experiments/exp-0001/oof.parquet"))["repeat_0"]
    assert 0 < oof.isna().sum() < len(oof) / 2, "the first block is never predicted"
    assert 0 <= verdict_of(small)["champion"]["holdout_auc"] <= 1


def test_the_users_own_split_is_kept_to(small):
    small.snakemake("--cores", "1", "data/demo/cases.csv")
    cases = pd.read_csv(small.path("data/demo/cases.csv"), dtype=str)
    accounts = cases["account"].unique()
    part = dict(zip(accounts, np.resize(["north", "south", "holdout", "west"], len(accounts)), strict=True))
    cases["part"] = cases["account"].map(part)
    small.write("mine/cases.csv", cases.to_csv(index=False))
    small.configure(
        data={"cases": "mine/cases.csv", "group": "account"},
        validation={"split_column": "part"},
        search={"metric": "average_precision", "experiments": 2},
    )
    small.snakemake("--cores", "2")
    held = pd.read_parquet(small.path("results/data/holdout/cases.parquet"))
    assert set(held["case_id"]) == set(cases.loc[cases["part"] == "holdout", "deal_id"])
    assert "part" not in held
    metrics = json.loads(small.path("results/experiments/exp-0001/metrics.json").read_text())
    assert len(metrics["per_fold_auc"]) == 3
    assert metrics["cv_metric"] == pytest.approx(metrics["average_precision"], abs=0.15)


def test_without_transcripts_a_table_is_enough(small):
    small.configure(data={"transcripts": None}, validation={"folds": 3, "repeats": 2})
    small.snakemake("--cores", "2")
    ledger = small.ledger()
    assert (ledger["status"] != "crash").all() and len(ledger) == 2
    oof = pd.read_parquet(small.path("results/experiments/exp-0001/oof.parquet"))
    assert list(oof) == ["case_id", "repeat_0", "repeat_1"]
    assert len(verdict_of(small)["ladder"]) <= 2


def test_from_two_files_to_a_verdict(small):
    """An export of a German CRM and a meeting tool's files: init, a night, predictions for the open deals too."""
    cases, calls = exports.german(small.path("in"), 200)
    small.run("nightshift", "init", str(cases), str(calls), "--yes", "--experiments", "2")
    small.snakemake("--cores", "2", "--config", "dvc={record: false}")
    ledger = small.ledger()
    assert len(ledger) == 2 and (ledger["status"] != "crash").all()
    assert 0 <= verdict_of(small)["champion"]["holdout_auc"] <= 1
    predicted = nightshift.predict(small.path("results/champion"), cases, calls)
    assert len(predicted) == 200 and predicted["probability"].between(0, 1).all()
