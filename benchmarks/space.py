"""`make bench-space`: what the rich space is worth, in nights of 60 experiments on five split seeds.

On each set and seed, three models meet on the same holdout: exp-0000 (one XGBoost on everything), the champion of a
night that may use the first set alone (views table, words, dynamics; learners xgboost, logistic, extra_trees; stacks
rank_mean, logistic, greedy), and the champion of a night that may use all there is. Writes benchmarks/SPACE.md. A run
that is cut off goes on where it was with the same --keep folder. Hours on two cores.

    python benchmarks/space.py --keep FOLDER
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from night import REPO, Night, config_of, head_of, run_night
from scipy.stats import t

from nightshift.files import write_json

SETS = ("persuasion_for_good", "casino_points")
FIRST = {
    "views": ["table", "words", "dynamics"],
    "learners": ["xgboost", "logistic", "extra_trees"],
    "stacks": ["rank_mean", "logistic", "greedy"],
    "moves": ["add", "replace", "prune", "restack", "library"],
}
HEAD = (
    "| data | split seed | exp-0000 | first set | whole space | whole - exp-0000 | whole - first set | cv_auc: exp-0000 "
    "| first set | whole space |\n" + "|---" * 10 + "|"
)


def verdict_of(
    data: Path, name: str, seed: int, space: str, experiments: int, keep: Path, cores: int
) -> dict[str, Any]:
    """The verdict of one night, run unless `keep` has it."""
    file = keep / f"{name}-{seed}-{space}-{experiments}.json"
    if not file.exists():
        more = {"dvc": {"record": False}} | ({"agent": FIRST} if space == "first" else {})
        night = Night(name, experiments, seed, config_of(data / name), data / name, more)
        write_json(file, run_night(night, cores, "results/verdict.json").verdict)
    return json.loads(file.read_text())


def line(name: str, seed: int, first: dict[str, Any], whole: dict[str, Any]) -> tuple[str, tuple[float, float]]:
    """A row of the table, and its two differences on the holdout."""
    before, champions = whole["baseline"], (first["champion"], whole["champion"])
    over_baseline = champions[1]["holdout_auc"] - before["holdout_auc"]
    over_first = champions[1]["holdout_auc"] - champions[0]["holdout_auc"]
    holdout = " | ".join(f"{one['holdout_auc']:.4f}" for one in (before, *champions))
    cv = " | ".join(f"{one['cv_auc']:.4f}" for one in (before, *champions))
    text = f"| {name} | {seed} | {holdout} | {over_baseline:+.4f} | {over_first:+.4f} | {cv} |"
    return text, (over_baseline, over_first)


def with_interval(differences: list[float]) -> str:
    """Mean and 95 % interval of Student's t over seeds."""
    if len(differences) < 2:
        return f"{differences[0]:+.4f}"
    half = t.ppf(0.975, len(differences) - 1) * stdev(differences) / len(differences) ** 0.5
    middle = mean(differences)
    return f"{middle:+.4f} ({middle - half:+.4f} to {middle + half:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--experiments", type=int, default=60)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="where verdicts stay, so that a run can go on (default: nowhere)")
    options = parser.parse_args()
    print(HEAD, flush=True)
    rows: list[str] = []
    gains: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as holder:
        keep = options.keep or Path(holder)
        for seed in range(options.seeds):
            for name in SETS:
                night = (options.data, name, seed)
                first, whole = (
                    verdict_of(*night, space, options.experiments, keep, options.cores) for space in ("first", "whole")
                )
                text, differences = line(name, seed, first, whole)
                gains.setdefault(name, []).append(differences)
                print(text, flush=True)
                rows.append(text)
    told = ["| data | whole - exp-0000, 95 % interval | whole - first set, 95 % interval |", "|---|---|---|"]
    for name, both in {**gains, "both": [pair for pairs in gains.values() for pair in pairs]}.items():
        over_baseline, over_first = (list(column) for column in zip(*both, strict=True))
        told.append(f"| {name} | {with_interval(over_baseline)} | {with_interval(over_first)} |")
    print("\n".join(told))
    about = f"Nights of {options.experiments} experiments; AUC on the holdout, then cross-validated. Seeds split too.\n"
    text = [head_of("The space", "make bench-space", options.cores), about, HEAD, *sorted(rows), "", *told]
    Path(REPO, "benchmarks", "SPACE.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
