"""One cell of the comparison: one system on one outer fold, with what it took.

The system runs as a process of its own in a folder that holds training cases with their target, test cases without, and
the transcripts. Its answers are scored here: the labels of the test cases are nowhere near it.

    python benchmarks/automl/cell.py SYSTEM SET FOLD --seconds 300 --sets FOLDER --python PYTHON --target cell.json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from night import commit
from watch import Family, peak_memory

HERE = Path(__file__).resolve().parent
OURS = ("nightshift",)
_PATIENCE = 3.0  # a system that takes so many times its budget, and ten minutes more, is stopped


def run_cell(system: str, source: Path, fold: int, seconds: int | None, cores: int, python: str) -> dict[str, Any]:
    """Train a system on all outer folds but one and predict that one.

    Returns
    -------
    dict : system, set, fold, seconds (the budget), auc, log_loss, validation_auc (what the system believes), fit_s, wall_s
        and cpu_s of the whole process, n_train and n_test cases, commit, memory_mb (peak of all its
        processes, shared pages counted once), predict_ms (a case, in one batch of all test cases, by the fitted model in
        memory), predictions (case -> probability), stages (of nightshift: its anytime curve), versions
    """
    table = pd.read_csv(source / "table.csv", dtype={"case_id": str})
    folds = pd.read_csv(source / "fold.csv", dtype={"case_id": str}).set_index("case_id")["fold"]
    test = table["case_id"].map(folds) == fold
    with tempfile.TemporaryDirectory(prefix="automl-") as holder:
        folder = Path(holder)
        table[~test].to_csv(folder / "train.csv", index=False)
        table[test].drop(columns="target").to_csv(folder / "test.csv", index=False)
        if (source / "transcripts.jsonl").exists():
            (folder / "transcripts.jsonl").symlink_to((source / "transcripts.jsonl").resolve())
        command = [
            python,
            str(HERE / "systems" / f"run_{system.partition('_')[0]}.py"),
            system,
            str(seconds or 0),
            str(cores),
        ]
        took = _measured(command, folder, seconds)
        predicted = pd.read_csv(folder / "predictions.csv", dtype={"case_id": str}).set_index("case_id")["probability"]
        told = json.loads((folder / "told.json").read_text())
    y = table[test].set_index("case_id")["target"].astype(int)
    p = predicted.loc[y.index].clip(1e-6, 1 - 1e-6)
    for stage in told.get("stages", []):
        stage["auc"] = float(roc_auc_score(y, pd.Series(stage.pop("predictions")).loc[y.index]))
    return {
        "system": system,
        "set": source.name,
        "fold": fold,
        "seconds": seconds,
        "auc": float(roc_auc_score(y, p)),
        "log_loss": float(log_loss(y, p)),
        "n_train": int((~test).sum()),
        "n_test": len(y),
        "commit": commit(),
        **took,
        **told,
        "predictions": {case: round(float(value), 6) for case, value in p.items()},
    }


def _measured(command: list[str], folder: Path, seconds: int | None) -> dict[str, float]:
    """Run a command in a folder; wall and CPU seconds, and the peak of its memory."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        family = Family(process.pid)
        with peak_memory(family.memory) as peak:
            try:
                code = process.wait(timeout=_PATIENCE * (seconds or 600) + 600)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
    wall = time.monotonic() - start
    if code:
        sys.exit(f"{' '.join(command)} ended with {code}:\n{(folder / 'log.txt').read_text()[-4000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited_for = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Workers of Ray are never waited for, and short processes never seen.
    return {"wall_s": wall, "cpu_s": max(waited_for, family.cpu), "memory_mb": peak[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system")
    parser.add_argument("set")
    parser.add_argument("fold", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--python", required=True, help="of the environment with the other systems")
    parser.add_argument("--target", type=Path, required=True)
    options = parser.parse_args()
    python = sys.executable if options.system in OURS else str(Path(options.python).absolute())
    source = options.sets / options.set
    found = run_cell(options.system, source, options.fold, options.seconds, options.cores, python)
    options.target.parent.mkdir(parents=True, exist_ok=True)
    partial = options.target.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1))
    partial.replace(options.target)


if __name__ == "__main__":
    main()
