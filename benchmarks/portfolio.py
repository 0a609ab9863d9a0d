"""Which bases should a night start with? The order of the warm portfolio, chosen by regret over several data sets.

A pool of bases is trained on the development cases of each set (the demo with two other seeds than the shipped one, and the real sets that are
there); holdouts are not opened. Bases are then picked one by one, each time the one that lowers the mean regret of the
stack most: the regret on a set is the best cv_auc that any order reached there minus the one reached now. The choice is
validated by leaving sets out: for each set an order is chosen on the others and scored on it.

    python benchmarks/portfolio.py --cores 2      # writes benchmarks/PORTFOLIO.md

With `--keep FOLDER` what was trained stays there, and the same command with another way to choose trains nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from night import DEMO, REPO, Night, config_of, head_of, lay_out

from nightshift.agents.roles import as_candidate, pool, view_roles
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.crossfit import cross_fit
from nightshift.data.development import Development, read_development, read_raw
from nightshift.experiment import effective_terms
from nightshift.files import read_json, replacing
from nightshift.scoring import measure
from nightshift.stack import StackSpec
from nightshift.train import Recipe, train_base

PICKS = 16
SETS = ("persuasion_for_good", "casino_points", "mibot_smoking", "telco_churn_tabular")
ABOUT = (
    "cv_auc on the development cases (holdouts stay shut) of a logistic stack of the bases picked so far. "
    "`workflow/nightshift/agents/portfolio.py` plays those with transcripts in this order, a selection of those of the table alone, and "
    "beside both the free text of a table, by taste. Ten picks of a table are all roles that there are: there leaving "
    "a set out validates nothing."
)


def nights(data: Path) -> list[Night]:
    """The sets, as nights of which only the split is run."""
    demos = [Night(f"demo {seed}", 1, 0, DEMO, None, {"demo": {"n": 900, "seed": seed}}) for seed in (1, 2)]
    real = [Night(name, 1, 0, config_of(data / name), data / name) for name in SETS if (data / name).is_dir()]
    return demos + real


def trained_pool(night: Night, root: Path) -> tuple[str, dict[str, np.ndarray], Development]:
    """Out-of-fold logits (n_cases, n_repeats) of every base of the pool on one set; trained unless `root` has them."""
    file = root / "oof.npz"
    if not file.exists():
        shutil.rmtree(root, ignore_errors=True)
        lay_out(root, night)
        split = ["snakemake", "--cores", "1", "results/data/split.json"]
        subprocess.run(split, cwd=root, check=True, capture_output=True)
        oof = train_pool(night.name, root)
        with replacing(file) as partial, partial.open("wb") as handle:
            np.savez(handle, **oof)
    with np.load(file) as stored:
        return night.name, dict(stored), read_development(root / "results/data/development")


def train_pool(name: str, root: Path) -> dict[str, np.ndarray]:
    """What `trained_pool` returns, of a project whose split is there."""
    warnings.simplefilter("ignore")
    os.chdir(root)
    development, raw = read_development("results/data/development"), read_raw("results/data/development")
    blocks: dict = {}
    oof = {}
    space = Space(Card.of(read_json("results/data/card.json")))
    roles = view_roles(space)
    for role in pool(space):
        one = as_candidate(space, role, roles)
        for view_name, view in one.views.items():
            if view_name not in blocks:
                blocks[view_name] = view.featurize(raw)
        terms = effective_terms(one.base, one.views).model_dump()
        own = {view: blocks[view] for view in one.base.views}
        try:
            oof[str(role)] = train_base(own, development.y, development.folds, Recipe(one.base.learner, terms)).oof
        except ValueError as error:
            print(f"{name}: {role}: {error}", flush=True)
    return oof


Score = Callable[[str, tuple[str, ...]], float]


def scorer(trained: dict[str, tuple[dict[str, np.ndarray], Development]]) -> Score:
    """cv_auc of a stack over the roles that a set has; remembered."""
    known: dict[tuple[str, tuple[str, ...]], float] = {}

    def score(name: str, roles: tuple[str, ...]) -> float:
        oof, development = trained[name]
        there = tuple(sorted(role for role in roles if role in oof))
        if not there:
            return 0.5
        if (name, there) not in known:
            raw = np.stack([oof[role] for role in there], axis=1)
            fitted = cross_fit(StackSpec(c=0.1), raw, development.y, development.folds, 0)
            known[name, there] = measure(fitted.scores, development, "roc_auc").auc.value
        return known[name, there]

    return score


def choose(names: list[str], roles: list[str], score: Score, picks: int) -> list[str]:
    """Roles in the order that lowers the mean regret fastest (the best on each set is a constant, so: the mean cv_auc)."""
    picked: list[str] = []
    for _ in range(min(picks, len(roles))):
        rest = [role for role in roles if role not in picked]
        picked.append(max(rest, key=lambda role: np.mean([score(name, (*picked, role)) for name in names])))
    return picked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="where what is trained stays (default: nowhere)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as holder, ProcessPoolExecutor(options.cores) as workers:
        wanted = nights(options.data)
        roots = [(options.keep or Path(holder)).resolve() / night.name.replace(" ", "_") for night in wanted]
        done = workers.map(trained_pool, wanted, roots)
        trained = {name: (oof, development) for name, oof, development in done}
    score = scorer(trained)
    lines = [head_of("The warm portfolio", "python benchmarks/portfolio.py", str(options.cores)), ABOUT, ""]
    everything = sorted({role for oof, _ in trained.values() for role in oof})
    table = [role for role in everything if role.startswith("table/")]
    groups = (("with transcripts", _with_turns(trained), everything), ("table alone", list(trained), table))
    for what, group, roles in groups:
        order = choose(group, roles, score, PICKS)
        lines += [f"## {what}", "", "| pick | role | " + " | ".join(group) + " |", "|---|---|" + "---|" * len(group)]
        for count, role in enumerate(order, 1):
            figures = " | ".join(f"{score(name, tuple(order[:count])):.4f}" for name in group)
            lines.append(f"| {count} | {role} | {figures} |")
        lines += ["", "Left out, one at a time (the order chosen on the other sets):", ""]
        for name in group if len(group) > 1 else []:
            others = choose([other for other in group if other != name], roles, score, 10)
            lines.append(f"- {name}: {score(name, tuple(others)):.4f} with {', '.join(others)}")
        print("\n".join(lines), flush=True)
    Path(REPO, "benchmarks", "PORTFOLIO.md").write_text("\n".join(lines) + "\n")


def _with_turns(trained: dict) -> list[str]:
    return [name for name, (oof, _) in trained.items() if any(role.startswith("words") for role in oof)]


if __name__ == "__main__":
    main()
