"""The data sets of the comparison, and their outer folds.

A set is a folder: `table.csv` (case_id, target, maybe group, features), `transcripts.jsonl` where there are calls, and
`fold.csv` (case_id, fold). Folds are those of StratifiedGroupKFold(5, shuffle=True, random_state=0), StratifiedKFold
without groups. What was changed after a look at these is in benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from nightshift.demo import write

FOLDS = 5
# Sets of our own generator: cases, seed, share of labels that are turned around (a weaker signal). None of these seeds was
# used to choose the portfolio (benchmarks/portfolio.py).
DEMOS = {"demo-1000": (1000, 11, 0.0), "demo-weak-2000": (2000, 12, 0.15), "demo-10000": (10_000, 13, 0.0)}
# The table of a set alone.
TABLES = {"persuasion_table": "persuasion_for_good", "casino_table": "casino_points"}


def make_set(name: str, data: Path, target: Path) -> None:
    """Write the folder of a set."""
    target.mkdir(parents=True, exist_ok=True)
    if name in DEMOS:
        make_demo(*DEMOS[name], target)
    else:
        source = data / TABLES.get(name, name)
        shutil.copyfile(source / "table.csv", target / "table.csv")
        if name not in TABLES and (source / "transcripts.jsonl").exists():
            shutil.copyfile(source / "transcripts.jsonl", target / "transcripts.jsonl")
    outer_folds(pd.read_csv(target / "table.csv", dtype={"case_id": str})).to_csv(target / "fold.csv", index=False)


def make_demo(cases: int, seed: int, flipped: float, target: Path) -> None:
    """The demo's deals, under the names that the shared sets have."""
    write(target, cases, seed)
    names = {"deal_id": "case_id", "won": "target", "account": "group"}
    table = pd.read_csv(target / "cases.csv", dtype=str).rename(columns=names)
    turned = np.random.default_rng(seed).random(len(table)) < flipped
    table["target"] = np.where(turned, 1 - table["target"].astype(int), table["target"].astype(int))
    table.to_csv(target / "table.csv", index=False)
    turns = pd.read_json(target / "transcripts.jsonl", lines=True, dtype=str).rename(columns=names)
    turns.to_json(target / "transcripts.jsonl", orient="records", lines=True)
    (target / "cases.csv").unlink()


def outer_folds(table: pd.DataFrame) -> pd.DataFrame:
    """case_id and outer fold, whole groups together."""
    folds = pd.Series(-1, index=table.index)
    maker = StratifiedGroupKFold if "group" in table else StratifiedKFold
    splits = maker(FOLDS, shuffle=True, random_state=0).split(table, table["target"], table.get("group"))
    for number, (_, rows) in enumerate(splits):
        folds.iloc[rows] = number
    return pd.DataFrame({"case_id": table["case_id"], "fold": folds})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("data", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    make_set(options.name, options.data, options.target)


if __name__ == "__main__":
    main()
