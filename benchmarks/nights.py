"""`make bench-nights`: whole nights by the real command, what they reached and where their time went.

Writes benchmarks/nights.csv, a row a night, from which `make bench-results` makes tables of benchmarks/RESULTS.md. Real sets
are looked for beside the checkout (../shared/data) or where --data says; the demo is always there. Wall times are of this
machine and of this hour. All of them take three hours on two cores; --only runs some:

    python benchmarks/nights.py --only short
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pandas as pd
from night import DEMO, REPO, Night, Ran, commit, config_of, run_night

TARGET = REPO / "benchmarks" / "nights.csv"
KEY = ["set", "experiments", "seed", "record"]


def real(data: Path, name: str, experiments: int, seed: int = 0, **more: Any) -> list[Night]:
    """A night on a real set, if it is there."""
    folder = data / name
    return [Night(name, experiments, seed, config_of(folder), folder, more)] if folder.is_dir() else []


def short(data: Path) -> list[Night]:
    """One night a set."""
    sizes = {"persuasion_for_good": 24, "casino_points": 12, "mibot_smoking": 12, "telco_churn_tabular": 12}
    return [
        Night("demo", 12, 0, DEMO, None),
        *(night for name, size in sizes.items() for night in real(data, name, size)),
    ]


def seeds(data: Path) -> list[Night]:
    """The same set with other splits."""
    return [night for seed in range(1, 5) for night in real(data, "persuasion_for_good", 24, seed)]


def long(data: Path) -> list[Night]:
    """165 experiments on a thousand cases, as in the story; with DVC and without."""
    unrecorded = {"dvc": {"record": False}}
    return real(data, "persuasion_for_good", 165) + real(data, "persuasion_for_good", 165, **unrecorded)


def large(data: Path) -> list[Night]:
    """Ten thousand cases."""
    return [Night("demo-10000", 24, 0, DEMO, None, {"demo": {"n": 10_000}})]


def huge(data: Path) -> list[Night]:
    """A hundred thousand cases with 38 turns each: baseline, all views together, two views apart, one speaker."""
    return [Night("demo-100000", 4, 0, DEMO, None, {"demo": {"n": 100_000}, "dvc": {"record": False}})]


PLANS = {plan.__name__: plan for plan in (short, seeds, long, large, huge)}


def figures_of(ran: Ran) -> dict[str, Any]:
    """The night's row: seconds, MB, AUC; `efficiency` is own work of views, learners and stacks over wall x cores."""
    verdict, cost = ran.verdict, ran.cost
    champion, baseline = verdict["champion"], verdict["baseline"]
    record = ran.night.more.get("dvc", {}).get("record", True)
    return {
        **{"set": ran.night.name, "experiments": ran.night.experiments, "seed": ran.night.seed, "record": record},
        **{"done": ran.done, "recorded": ran.recorded, "wall_s": ran.wall, "memory_mb": ran.memory_mb},
        **{"job_cpu_s": cost.cpu, "own_work_s": cost.work, "efficiency": cost.work / (ran.wall * ran.cores)},
        **{
            "used": cost.used,
            "made": cost.made,
            "made_s": _of(ran, "featurize", "seconds") + _of(ran, "train_base", "seconds"),
        },
        **{"saved_s": cost.saved, "idle_s": cost.engine.alone},
        **{f"simulated_{cores}_s": seconds for cores, seconds in ran.simulated.items()},
        **{f"{rule}_cpu_s": _of(ran, rule, "cpu") for rule in ("featurize", "train_base", "record", "diagnose")},
        **{"baseline_cv": baseline["cv_auc"], "champion_cv": champion["cv_auc"]},
        **{"baseline_holdout": baseline["holdout_auc"], "champion_holdout": champion["holdout_auc"]},
        **{"ci_low": champion["ci_low"], "ci_high": champion["ci_high"], "gain": verdict["delta"]},
        **{"selection_cost": verdict["optimism_of_selection"], "cores": ran.cores, "commit": commit()},
    }


def _of(ran: Ran, rule: str, what: str) -> float:
    return sum(row[what] for row in ran.cost.rules if row["rule"] == rule)


def write_rows(rows: list[dict[str, Any]], target: Path, key: list[str] = KEY) -> None:
    """Put rows into the table, in the place of rows of the same nights."""
    new = pd.DataFrame(rows).round(5)
    if target.exists():
        new = pd.concat([pd.read_csv(target), new]).drop_duplicates(key, keep="last")
    new.sort_values(key, kind="stable").to_csv(target, index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--only", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--cores", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    for name in options.only:
        for night in PLANS[name](options.data):
            row = figures_of(run_night(night, options.cores))
            # At once: a night that is cut off costs the others nothing.
            write_rows([row], TARGET)
            print(f"{night.name} {night.experiments} seed {night.seed}: {row['wall_s']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
