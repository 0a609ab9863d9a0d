"""The noise floor: how much the baseline's score moves when nothing but its seed changes."""

from __future__ import annotations

import statistics
from pathlib import Path

from nightshift.experiment import read_experiment
from nightshift.files import read_json, write_json
from nightshift.plan import make_plan, write_plan

SEEDS = 3


def plan_noise(experiment_file: str, split_file: str, target: str, seed: int) -> None:
    """Plan the baseline with other seeds: {"bases": {"seed 1": path, ...}}."""
    baseline, split = read_experiment(experiment_file), read_json(split_file)
    bases = {}
    for other in range(1, SEEDS + 1):
        plan_file = Path(target).with_suffix(f".{other}.json")
        write_plan(plan_file, make_plan(baseline, split, seed + other))
        (bases[f"seed {seed + other}"],) = read_json(plan_file)["bases"].values()
        plan_file.unlink()
    write_json(target, {"bases": bases})


def measure_noise(plan_file: str, baseline_metrics: str, target: str) -> None:
    """cv_auc of the baseline with each seed, its own first, and their standard deviation."""
    outcomes = [read_json(Path(path, "outcome.json")) for path in read_json(plan_file)["bases"].values()]
    aucs = [read_json(baseline_metrics)["cv_auc"], *(outcome.get("cv_auc") for outcome in outcomes)]
    known = [auc for auc in aucs if auc is not None]
    write_json(target, {"cv_auc": known, "sd": statistics.stdev(known) if len(known) > 1 else None})
