"""nightshift, as its users run it: `snakemake --cores 2` with a deadline, and `nightshift predict` for the test cases.

The test cases stand in the table as the holdout, so that all training cases are for learning, as with the other systems;
their labels there are drawn at random, the real ones are not in this folder. Recording in DVC is off, since no other
system versions anything.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from common import stopwatch, write_answer
from scipy.special import expit
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from night import Night, lay_out

from nightshift.agents.deadline import START
from nightshift.config import parse_config
from nightshift.data.development import read_raw
from nightshift.files import read_json
from nightshift.model import model_of
from nightshift.names import EXPERIMENTS
from nightshift.prediction import predict_cases

MODEL = "results/champion/model.json"
# After the deadline the running jobs end and the champion is put together.
_TO_END = {60: 12, 300: 20}


def main() -> None:
    system, seconds, cores = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    project = Path("project").resolve()
    grouped = write_table()
    config = {"cases": "in/table.csv", "id": "case_id", "target": "target"} | ({"group": "group"} if grouped else {})
    if Path("transcripts.jsonl").exists():
        config["transcripts"] = "in/transcripts.jsonl"
    more = {
        "validation": {"split_column": "part"},
        "search": {"experiments": 1000, "deadline": f"{seconds - _TO_END.get(seconds, seconds // 10)}s", "seed": 0},
        "dvc": {"record": False},
    }
    lay_out(project, Night(system, 1000, 0, config, Path("in").resolve(), more))
    with stopwatch() as fit:
        subprocess.run(["snakemake", "--cores", cores, MODEL], cwd=project, check=True)
    files = [str(Path(name).resolve()) for name in ("test.csv", "transcripts.jsonl") if Path(name).exists()]
    cell = Path.cwd()
    os.chdir(project)
    predicted = predict_cases("results/champion", *files, reasons=0)
    stages, believed = list(stages_of_night()), read_json("results/champion/metrics.json")["cv_auc"]
    os.chdir(cell)
    told = {"validation_auc": believed, "stages": stages, "champion": predicted.model}
    table, seconds = predicted.table, predicted.seconds["predict"]
    write_answer(table["case_id"], table["probability"], fit, seconds, "xgboost", "scikit-learn", **told)


def stages_of_night() -> Iterator[dict[str, Any]]:
    """The baseline and what was kept after it, with the second at which its score stood: the anytime curve."""
    start, raw = read_json(START)["start"], read_raw("results/data/holdout")
    for folder in sorted(Path(EXPERIMENTS).glob("exp-*")):
        metrics = folder / "metrics.json"
        if not metrics.exists() or not (read_json(metrics)["status"] == "keep" or folder.name == "exp-0000"):
            continue
        logits = model_of(
            folder, parse_config(yaml.safe_load(Path("config/config.yaml").read_text())).data
        ).predict_logit(raw)
        yield {
            "experiment": folder.name,
            "at_s": metrics.stat().st_mtime - start,
            "validation_auc": read_json(metrics)["cv_auc"],
            "predictions": dict(zip(raw.cases["case_id"], expit(logits).round(6).tolist(), strict=True)),
        }


def write_table() -> bool:
    """in/: training cases with named folds, test cases as the holdout; True where there are groups."""
    train, test = (pd.read_csv(name, dtype=str) for name in ("train.csv", "test.csv"))
    maker, groups = (StratifiedGroupKFold, train["group"]) if "group" in train else (StratifiedKFold, None)
    train["part"] = ""
    splits = maker(5, shuffle=True, random_state=1).split(train, train["target"], groups)
    for number, (_, rows) in enumerate(splits):
        train.iloc[rows, train.columns.get_loc("part")] = f"fold {number}"
    test["part"], test["target"] = "holdout", np.random.default_rng(0).permutation(np.arange(len(test)) % 2)
    Path("in").mkdir()
    pd.concat([train, test.astype(str)]).to_csv("in/table.csv", index=False)
    if Path("transcripts.jsonl").exists():
        Path("in/transcripts.jsonl").symlink_to(Path("transcripts.jsonl").resolve())
    return groups is not None


if __name__ == "__main__":
    main()
