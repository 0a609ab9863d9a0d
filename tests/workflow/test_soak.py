"""Long tests (`make soak`): what must hold over many nights."""

import json

import numpy as np
import pandas as pd
import pytest
from projects import REPO, make_project

SHUFFLES = 20
DATA = REPO.parent / "shared" / "data" / "persuasion_for_good"


@pytest.mark.soak
def test_shuffled_targets_give_no_evidence_of_signal(tmp_path):
    """Over 20 shuffles of the target at most 2 verdicts may claim signal (one in 40 is expected each)."""
    if not DATA.is_dir():
        pytest.skip("real data is not beside the checkout: ../shared/data/persuasion_for_good")
    claims, aucs = [], []
    for seed in range(SHUFFLES):
        config = {
            "data": {
                "cases": "in/table.csv",
                "transcripts": "in/transcripts.jsonl",
                "id": "case_id",
                "target": "target",
                "group": "group",
            },
            "search": {"experiments": 8, "seed": seed},
            "dvc": {"record": False},
        }
        project = make_project(tmp_path / f"shuffle-{seed}", config, git=False)
        cases = pd.read_csv(DATA / "table.csv", dtype=str)
        cases["target"] = np.random.default_rng(seed).permutation(cases["target"])
        project.path("in").mkdir()
        cases.to_csv(project.path("in/table.csv"), index=False)
        project.path("in/transcripts.jsonl").symlink_to(DATA / "transcripts.jsonl")
        project.snakemake("--cores", "2")
        verdict = json.loads(project.path("results/verdict.json").read_text())
        aucs.append(verdict["champion"]["holdout_auc"])
        claims.append("no evidence of signal" not in verdict["sentence"])
        print(f"shuffle {seed}: champion holdout {aucs[-1]:.3f}, claims signal: {claims[-1]}", flush=True)
    print(f"{sum(claims)} of {SHUFFLES} claim signal; mean holdout AUC {np.mean(aucs):.3f}")
    assert sum(claims) <= 2
