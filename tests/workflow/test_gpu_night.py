"""A night with an experiment on a GPU, by jobs that are forks of one parent; skipped where there is none."""

import json

import pytest
import yaml

from gpus import has_gpu


@pytest.mark.skipif(not has_gpu(), reason="no GPU here")
def test_a_queued_experiment_trains_on_the_gpu(project):
    project.configure(search={"experiments": 3})
    project.write("config/experiments/gpu.yaml", yaml.safe_dump(on_gpu()))
    project.snakemake("--cores", "2")
    metrics = json.loads(project.path("results/experiments/exp-0001/metrics.json").read_text())
    assert metrics["status"] in ("keep", "discard"), metrics["reason"]


def on_gpu() -> dict:
    return {
        "hypothesis": "A GPU trains what a processor trains.",
        "views": {"deal": {"kind": "table"}},
        "bases": {"deal": {"views": ["deal"], "learner": {"kind": "xgboost", "device": "cuda", "n_estimators": 50}}},
        "stack": {"method": "logistic"},
    }
