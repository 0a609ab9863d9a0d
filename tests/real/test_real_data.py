"""Nights on real data; skipped where ../shared/data is not there."""

import json
import shutil

import pytest
from projects import REPO, make_project

pytestmark = pytest.mark.long
DATA = REPO.parent / "shared" / "data"


def run_night(name, root, experiments):
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"real data is not beside the checkout: ../shared/data/{name}")
    header = (folder / "table.csv").read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    data = {"cases": "in/table.csv", "id": "case_id", "target": "target"}
    data |= {"group": "group"} if "group" in header else {}
    data |= {"transcripts": "in/transcripts.jsonl"} if (folder / "transcripts.jsonl").exists() else {}
    config = {"data": data, "search": {"experiments": experiments}, "dvc": {"record": False}}
    project = make_project(root / name, config, git=False)
    shutil.copytree(folder, project.path("in"))
    project.snakemake("--cores", "2")
    return project, json.loads(project.path("results/verdict.json").read_text())


def test_persuasion_for_good_is_beaten_by_stacks(tmp_path):
    _, verdict = run_night("persuasion_for_good", tmp_path, 4)
    assert verdict["champion"]["cv_auc"] >= 0.69
    assert verdict["champion"]["cv_auc"] >= 1.06 * verdict["baseline"]["cv_auc"]
    assert "There is signal" in verdict["sentence"]


def test_mibot_smoking_is_too_small_to_claim_much(tmp_path):
    project, verdict = run_night("mibot_smoking", tmp_path, 3)
    assert len(project.ledger()) == 3
    assert verdict["n_holdout"] in range(18, 26)
    assert verdict["champion"]["ci_high"] - verdict["champion"]["ci_low"] > 0.2


def test_telco_churn_without_transcripts(tmp_path):
    project, verdict = run_night("telco_churn_tabular", tmp_path, 2)
    assert (project.ledger()["status"] != "crash").all()
    assert verdict["champion"]["holdout_auc"] > 0.82


def test_casino_points_two_rows_of_a_dialogue_stay_together(tmp_path):
    project, verdict = run_night("casino_points", tmp_path, 2)
    assert verdict["champion"]["holdout_auc"] > 0.5
    split = json.loads(project.path("results/data/split.json").read_text())
    assert split["scheme"] == "grouped"
