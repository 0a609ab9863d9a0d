"""Which bases should a night start with? The order of the warm portfolio, chosen by regret over several data sets.

A pool of bases is trained on the development cases of each set (the demo with two other seeds than the shipped one, and the real sets that are
there); holdouts are not opened. Bases are then picked one by one, each time the one that lowers the mean regret of the
stack most: the regret on a set is the best cv_auc that any order reached there minus the one reached now. The choice is
validated by leaving sets out: for each set an order is chosen on the others and scored on it.

    python benchmarks/portfolio.py --cores 2      # writes benchmarks/PORTFOLIO.md
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from bench import DEMO, REPO, Night, config_of, lay_out

from nightshift.agents.candidates import Candidate, candidate
from nightshift.agents.space import Space
from nightshift.card import Card
from nightshift.crossfit import cross_fit
from nightshift.data.development import Development, read_development, read_raw
from nightshift.experiment import BaseSpec, TermsSpec, effective_terms
from nightshift.files import read_json
from nightshift.learners import LEARNERS
from nightshift.scoring import measure
from nightshift.stack import StackSpec
from nightshift.train import Recipe, train_base
from nightshift.views import VIEWS

PICKS = 16
SETS = ("persuasion_for_good", "casino_points", "mibot_smoking", "telco_churn_tabular")
LINEAR = {
    "logistic": LEARNERS["logistic"](c=1.0),
    "logistic-weak": LEARNERS["logistic"](c=0.1),
    "nb": LEARNERS["nb_logistic"](c=0.1),
    "ridge": LEARNERS["ridge"](alpha=10.0),
    "svc": LEARNERS["linear_svc"](c=0.03),
}
TREES = {
    "trees": LEARNERS["extra_trees"](min_samples_leaf=8),
    "boosting": LEARNERS["xgboost"](max_depth=2, n_estimators=150, learning_rate=0.03, colsample=0.3),
    "forest": LEARNERS["random_forest"](),
    "histogram": LEARNERS["hist_gradient_boosting"](),
    "mlp": LEARNERS["mlp"](),
}
WEIGHTINGS = {
    "logistic": ({}, {"weighting": "binary"}),
    "logistic-weak": ({},),
    "nb": ({"weighting": "binary"},),
    "ridge": ({}, {"select": 1000}),
    "svc": ({},),
}


def pool(space: Space) -> dict[str, Candidate]:
    """Every base of the pool that a set has the data for, by the role it plays on all sets."""
    found: dict[str, Candidate] = {}
    dense = {kind: VIEWS[kind] for kind in ("table", "dynamics", "recency") if VIEWS[kind].offered(space.card)}
    made = {k: v(speakers=space.speakers) if k == "dynamics" else v() for k, v in dense.items()}
    groups = {kind: [view] for kind, view in made.items()} | ({"all-dense": [*made.values()]} if len(made) > 1 else {})
    for name, views in groups.items():
        for label, learner in {**LINEAR, **TREES, "logistic-strong": LEARNERS["logistic"](c=0.01)}.items():
            if label not in ("nb", "svc"):
                found[f"{name}/{label}"] = _base(space, views, learner)
    for name, view in _texts(space).items():
        for label, learner in LINEAR.items():
            for terms in WEIGHTINGS[label]:
                option = "".join(f", {key} {value}" for key, value in terms.items())
                found[f"{name}/{label}{option}"] = _base(space, [view], learner, **terms)
        found[f"{name}/trees"] = _base(space, [view], TREES["trees"], svd=50)
        found[f"{name}+dense/trees"] = _base(space, [view, *made.values()], TREES["trees"], svd=30)
    return found


def _texts(space: Space) -> dict[str, object]:
    if not space.card.has_turns:
        return {}
    words, chars = VIEWS["words"], VIEWS["chars"]
    views = {"words": words(), "chars": chars(), "words-end": words(part="last"), "words-start": words(part="first")}
    if len(space.speakers) > 1:
        views |= {"words-each": words(speakers=space.speakers), "chars-each": chars(speakers=space.speakers)}
        views["words-each-end"] = words(speakers=space.speakers, part="last")
        for number, who in enumerate(space.speakers, 1):
            views |= {
                f"words-{number}": words(speakers=(who,)),
                f"words-{number}-end": words(speakers=(who,), part="last"),
            }
    if space.card.columns_of("text"):
        views["notes"] = VIEWS["notes"]()
    return views


def _base(space: Space, views: list, learner: object, **terms: object) -> Candidate:
    named = space.named(*views)
    return candidate(named, BaseSpec(views=tuple(named), learner=learner, terms=TermsSpec(**terms)), "")


def nights(data: Path) -> list[Night]:
    """The sets, as nights of which only the split is run."""
    demos = [Night(f"demo {seed}", 1, 0, DEMO, None, {"demo": {"n": 900, "seed": seed}}) for seed in (1, 2)]
    real = [Night(name, 1, 0, config_of(data / name), data / name) for name in SETS if (data / name).is_dir()]
    return demos + real


def train_pool(night: Night, root: Path) -> tuple[str, dict[str, np.ndarray], Development]:
    """Out-of-fold logits (n_cases, 1) of every base of the pool on one set."""
    warnings.simplefilter("ignore")
    lay_out(root, night)
    subprocess.run(["snakemake", "--cores", "1", "results/data/split.json"], cwd=root, check=True, capture_output=True)
    os.chdir(root)
    development, raw = read_development("results/data/development"), read_raw("results/data/development")
    blocks: dict = {}
    oof = {}
    for role, one in pool(Space(Card.of(read_json("results/data/card.json")))).items():
        for name, view in one.views.items():
            if name not in blocks:
                blocks[name] = view.featurize(raw)
        terms = effective_terms(one.base, one.views).model_dump()
        own = {name: blocks[name] for name in one.base.views}
        try:
            oof[role] = train_base(own, development.y, development.folds, Recipe(one.base.learner, terms)).oof
        except ValueError as error:
            print(f"{night.name}: {role}: {error}", flush=True)
    return night.name, oof, development


Score = Callable[[str, tuple[str, ...]], float]


def scorer(trained: dict[str, tuple[dict[str, np.ndarray], Development]]) -> Score:
    """cv_auc of a stack over the roles that a set has; remembered."""
    known: dict[tuple[str, tuple[str, ...]], float] = {}

    def score(name: str, roles: tuple[str, ...]) -> float:
        oof, development = trained[name]
        there = tuple(sorted(role for role in roles if role in oof))
        if (name, there) not in known:
            raw = np.stack([oof[role] for role in there], axis=1)
            fitted = cross_fit(StackSpec(c=0.1), raw, development.y, development.folds, 0)
            known[name, there] = measure(fitted.scores, development, "roc_auc").auc.value
        return known[name, there] if there else 0.5

    return score


def choose(names: list[str], roles: list[str], score: Score, picks: int) -> list[str]:
    """Roles in the order that lowers the mean regret fastest (the best on each set is a constant, so: the mean cv_auc)."""
    picked: list[str] = []
    for _ in range(picks):
        rest = [role for role in roles if role not in picked]
        picked.append(max(rest, key=lambda role: np.mean([score(name, (*picked, role)) for name in names])))
    return picked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as holder, ProcessPoolExecutor(options.cores) as workers:
        wanted = nights(options.data)
        done = workers.map(train_pool, wanted, [Path(holder, str(number)) for number in range(len(wanted))])
        trained = {name: (oof, development) for name, oof, development in done}
    score = scorer(trained)
    lines = ["# The warm portfolio", "", "Command: `python benchmarks/portfolio.py`.", ""]
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
