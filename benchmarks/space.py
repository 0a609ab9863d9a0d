"""`make bench-space`: what the rich space is worth, in nights of 60 experiments on five split seeds.

On each set and seed, three models meet on the same holdout: exp-0000 (one XGBoost on everything), the champion of a
night that may use the first set alone (views table, words, dynamics; learners xgboost, logistic, extra_trees; stacks
rank_mean, logistic, greedy), and the champion of a night that may use all there is. Hours on two cores.

Every night is a row of benchmarks/space.csv as soon as it has ended, and is not run again while it stands there: delete the
rows that are to be measured anew. benchmarks/SPACE.md is written from the table.

    python benchmarks/space.py --seeds 0 1 2 3 4
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
from automl.compare import Difference, corrected, together
from night import REPO, Night, commit, config_of, head_of, run_night
from nights import write_rows
from tables import markdown

TABLE = REPO / "benchmarks" / "space.csv"
PAGE = REPO / "benchmarks" / "SPACE.md"
KEY = ["set", "seed", "space", "experiments"]
SETS = ("persuasion_for_good", "casino_points")
FIRST = {
    "views": ["table", "words", "dynamics"],
    "learners": ["xgboost", "logistic", "extra_trees"],
    "stacks": ["rank_mean", "logistic", "greedy"],
    "moves": ["add", "replace", "prune", "restack", "library"],
}
SPACES = {"first": {"agent": FIRST}, "whole": {}}
TEST_OVER_TRAIN = 0.25  # the holdout is a fifth
HEADER = (
    *("data", "split seed", "exp-0000", "first set", "whole space", "whole - exp-0000", "whole - first set"),
    *("cv_auc: exp-0000", "first set", "whole space"),
)
ABOUT = """\
Nights of {experiments} experiments, seeds split too; AUC on the holdout, then cross-validated. Commits: {commits}. Splits overlap, so intervals
use the corrected variance of Nadeau and Bengio (2003); a mean over sets weighs them alike. The order of the warm portfolio
was chosen on development cases of split seed 0 of these sets, among others ([PORTFOLIO.md](PORTFOLIO.md)), and most holdout cases of the other seeds are
among those: which roles come early has seen their labels, no model has.
"""


def row_of(data: Path, name: str, seed: int, space: str, experiments: int, cores: int) -> dict[str, Any]:
    """One night: AUC of its baseline and champion, on the holdout and in cross-validation."""
    more = {"dvc": {"record": False}, **SPACES[space]}
    night = Night(name, experiments, seed, config_of(data / name), data / name, more)
    verdict = run_night(night, cores, "results/verdict.json").verdict
    found = {
        f"{who}_{what}": verdict[who][f"{what}_auc"] for who in ("baseline", "champion") for what in ("holdout", "cv")
    }
    return {**dict(zip(KEY, (name, seed, space, experiments), strict=True)), **found, "commit": commit()}


def missing(rows: pd.DataFrame, seeds: list[int], experiments: int) -> list[tuple[str, int, str]]:
    """Nights that the table does not have, seed by seed."""
    known = set(rows[KEY].itertuples(index=False, name=None))
    wanted = [(name, seed, space) for seed in seeds for name in SETS for space in SPACES]
    return [night for night in wanted if (*night, experiments) not in known]


def pairs_of(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a set and seed of which both nights are there: columns as `row_of` gives them, with the space behind."""
    wide = rows.pivot_table(
        index=["set", "seed"], columns="space", values=[c for c in rows if c.endswith(("_cv", "_holdout"))]
    )
    wide.columns = [f"{what}_{space}" for what, space in wide.columns]
    return wide.dropna().reset_index()


def gains(pairs: pd.DataFrame) -> dict[str, dict[str, Difference]]:
    """Differences on the holdout by set: over exp-0000, and over the champion of the first set."""
    over = {"baseline": "baseline_holdout_whole", "first": "champion_holdout_first"}
    return {
        what: {
            str(name): corrected(rows["champion_holdout_whole"] - rows[column], TEST_OVER_TRAIN)
            for name, rows in pairs.groupby("set")
        }
        for what, column in over.items()
    }


def nights_table(pairs: pd.DataFrame) -> str:
    lines = []
    for pair in pairs.itertuples():
        before, first, whole = pair.baseline_holdout_whole, pair.champion_holdout_first, pair.champion_holdout_whole
        cvs = (pair.baseline_cv_whole, pair.champion_cv_first, pair.champion_cv_whole)
        differences = (f"{whole - before:+.4f}", f"{whole - first:+.4f}")
        shown = (f"{value:.4f}" for value in (before, first, whole))
        lines.append((pair.set, pair.seed, *shown, *differences, *(f"{value:.4f}" for value in cvs)))
    return markdown(HEADER, lines)


def gains_table(pairs: pd.DataFrame) -> str:
    """Means with 95 % intervals."""
    found = gains(pairs)
    lines = [
        (name, found["baseline"][name].folds, *(found[what][name] for what in found)) for name in found["baseline"]
    ]
    lines.append(("both", sum(line[1] for line in lines), *(together(found[what]) for what in found)))
    return markdown(("data", "seeds", "whole - exp-0000 (95 % CI)", "whole - first set (95 % CI)"), lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--experiments", type=int, default=60)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    known = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=KEY)
    for night in missing(known, options.seeds, options.experiments):
        row = row_of(options.data, *night, options.experiments, options.cores)
        write_rows([row], TABLE, KEY)
        print(" ".join(map(str, night)), f"{row['champion_holdout']:.4f}", flush=True)
    rows = pd.read_csv(TABLE)
    measured = rows[rows["experiments"] == options.experiments]
    pairs = pairs_of(measured)
    about = ABOUT.format(experiments=options.experiments, commits=", ".join(sorted(set(map(str, measured["commit"])))))
    parts = [
        head_of("The space", "make bench-space", options.cores),
        about,
        gains_table(pairs),
        "",
        nights_table(pairs),
    ]
    PAGE.write_text("\n".join(parts) + "\n")
    print(gains_table(pairs))


if __name__ == "__main__":
    main()
