"""`make bench-gpu`: learner xgboost on a GPU beside one core, as a job of a night trains it.

All five folds of a base on made-up dense columns, predictions included, turn by turn. Writes benchmarks/GPU.md with command,
versions and machine. Needs a GPU; a hundred thousand cases take one core minutes a turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nightshift.job  # noqa: F401  one thread, set before numpy is imported

# isort: split
import numpy as np
import pandas as pd
from night import REPO, head_of
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from tables import markdown

from nightshift.data.split import Folds
from nightshift.learners import LEARNERS
from nightshift.train import Recipe, train_base
from nightshift.views import Columns

DEVICES = ("cpu", "cuda")
SIZES = {"n_estimators": 300, "max_depth": 6, "learning_rate": 0.05}
COLUMNS = 300


def made_up(cases: int) -> tuple[dict[str, Columns], np.ndarray, Folds]:
    """Columns of which a tenth says something, the target, five folds."""
    x, y = make_classification(cases, COLUMNS, n_informative=COLUMNS // 10, flip_y=0.2, random_state=0)
    table = pd.DataFrame(x.astype(np.float32), columns=[f"column {number}" for number in range(COLUMNS)])
    return (
        {"columns": Columns(table)},
        y,
        Folds((np.arange(cases) % 5)[:, None], forward=False, groups=np.arange(cases)),
    )


def trained(device: str, cases: int) -> tuple[float, float]:
    """Seconds, and AUC of the out-of-fold predictions."""
    blocks, y, folds = made_up(cases)
    start = time.perf_counter()
    oof = train_base(blocks, y, folds, Recipe(LEARNERS["xgboost"](device=device, **SIZES), {})).oof
    return time.perf_counter() - start, roc_auc_score(y, oof[:, 0])


def row_of(cases: int, turns: int) -> tuple[str, ...]:
    seen = {device: [] for device in DEVICES}
    for _ in range(turns):
        for device in DEVICES:
            seen[device].append(trained(device, cases))
    seconds = {device: statistics.median(one for one, _ in runs) for device, runs in seen.items()}
    aucs = [f"{seen[device][0][1]:.4f}" for device in DEVICES]
    faster = seconds["cpu"] / seconds["cuda"]
    return (f"{cases:,}", *(f"{seconds[device]:.1f}" for device in DEVICES), f"{faster:.1f}", *aucs)


def gpu() -> str:
    """Its name, by nvidia-smi; empty without one."""
    try:
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--page", type=Path, default=REPO / "benchmarks" / "GPU.md")
    options = parser.parse_args()
    if not (name := gpu()):
        sys.exit("nvidia-smi lists no GPU here: measure on a machine that has one")
    trained("cuda", 1_000)  # its first use sets it up
    rows = []
    for cases in options.cases:
        rows.append(row_of(cases, options.turns))
        print(*rows[-1], flush=True)
        # At once: whoever stops the largest size keeps the others.
        options.page.write_text(page_of(rows, name, options.turns))


def page_of(rows: list[tuple[str, ...]], name: str, turns: int) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in SIZES.items())
    about = (
        f"GPU: {name}; beside it one core, as a job of a night has, of {os.cpu_count()}. Learner xgboost ({settings}) on "
        f"{COLUMNS} dense columns, five folds, seconds of training and out-of-fold predictions, median of {turns}.\n"
    )
    header = ("cases", "cpu, s", "cuda, s", "times faster", "AUC by cpu", "AUC by cuda")
    command = "make bench-gpu" if len(sys.argv) == 1 else f"python {' '.join(sys.argv)}"
    return "\n".join([head_of("XGBoost on a GPU", command, 1), about, markdown(header, rows)]) + "\n"


if __name__ == "__main__":
    main()
