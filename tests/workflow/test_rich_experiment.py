"""The experiment of docs/experiments.md (every structure in one), run by hand in a real night and kept as a model."""

import json
import re
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml
from projects import REPO

import nightshift
from nightshift.config import parse_config
from nightshift.morning import gather_model

pytestmark = pytest.mark.long

STACK = {
    "method": "stacks",
    "members": [{"method": "xgboost", "passthrough": ["deal"]}, {"method": "nonnegative"}],
    "over": ["end", "large", "judge"],
}


def test_the_tour_runs_is_recorded_and_predicts(project, monkeypatch):
    page = (REPO / "docs" / "experiments.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.S)
    project.write("config/experiments/tour.yaml", yaml.safe_dump(yaml.safe_load(example) | {"stack": STACK}))
    # Three levels, of which two read views, leave out three folds at a time.
    project.configure(search={"experiments": 2}, validation={"folds": 4})
    project.snakemake("--cores", "2")
    row = project.ledger().set_index("experiment").loc["exp-0001"]
    assert row["status"] in ("keep", "discard") and row["n_bases"] == 5 and row["stack"] == "stacks"
    metrics = json.loads(project.path("results/experiments/exp-0001/metrics.json").read_text())
    assert set(metrics["base_auc"]) >= {"deal", "end", "asks", "large", "judge"}
    listed = project.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(listed) == ["exp-0000", "exp-0001", "night"]
    ladder = json.loads(project.path("results/verdict.json").read_text())["ladder"]
    assert [rung["rung"] for rung in ladder][:3] == ["table", "everything", "stacked"]
    assert "XGBoost on the table" in project.run("nightshift", "ladder").stdout

    # Its folder alone (second level, segment, SQL view and all) predicts from the user's files.
    monkeypatch.chdir(project.root)
    config = parse_config(yaml.safe_load(project.path("config/config.yaml").read_text()))
    gather_model("model", Path("results/experiments/exp-0001"), config.data)
    cases = pd.read_csv("data/demo/cases.csv", dtype={"deal_id": str}).drop(columns="won").iloc[:50]
    transcripts = pd.read_json("data/demo/transcripts.jsonl", lines=True, dtype=False)
    calls = transcripts[transcripts["case_id"].isin(cases["deal_id"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of cases that it was trained on nearly all words are familiar
        predicted = nightshift.predict("model", cases, calls, reasons=3)
    assert (predicted["reason_1"] != "").mean() > 0.5
    assert predicted["probability"].between(0, 1).all() and predicted["probability"].nunique() > 40

    # So does its export, by the modules that lie in it: SQL runs in a process that no import names.
    cases.to_csv("new.csv", index=False)
    calls.to_json("calls.jsonl", orient="records", lines=True)
    project.run("nightshift", "export", "exported", "--model", "model")
    project.run("python", "exported/predict.py", "new.csv", "calls.jsonl", "--out", "there.parquet")
    there = pd.read_parquet("there.parquet")
    assert there["probability"].tolist() == pytest.approx(predicted["probability"].tolist(), abs=1e-12)
