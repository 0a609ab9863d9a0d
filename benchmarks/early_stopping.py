"""`make bench-early-stopping`: should boosting choose its number of trees inside the fold? Half an hour.

XGBoost on all views of the baseline, with parameters as the search draws them: with the number of trees drawn too, or with up to 1,000 trees until
30 in a row have not lowered the log loss of 15 % of the fold's training cases; once as it then stands, once trained again on all of them
with that number. Judged by cv_auc on the development cases of the nights of bench-stacks; no holdout is opened. Writes
benchmarks/EARLY_STOPPING.md.

    python benchmarks/early_stopping.py --projects FOLDER     # nights that are there are not run again
"""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from statistics import mean
from time import process_time

import numpy as np
import optuna
import pandas as pd
from automl.compare import corrected
from held_out import CORES, projects
from night import REPO, head_of
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from stacks import nights
from tables import markdown
from xgboost import XGBClassifier

from nightshift.data.development import read_development, read_raw
from nightshift.experiment import read_experiment
from nightshift.learners.xgboost import XGBoost
from nightshift.names import DEVELOPMENT, EXPERIMENTS, name_of
from nightshift.parallel import shared_among
from nightshift.scoring import measure
from nightshift.train import Recipe, train_base

DRAWS = 3
MOST, PATIENCE, INNER = 1000, 30, 0.15


class Stopped(ClassifierMixin, BaseEstimator):
    """XGBoost that stops on a part of what it is given, and may then be trained again on all of it."""

    def __init__(self, model: XGBClassifier, again: bool):
        self.model = model
        self.again = again

    def fit(self, matrix: np.ndarray, y: np.ndarray) -> Stopped:
        seed = self.model.random_state
        learn, check = train_test_split(np.arange(len(y)), test_size=INNER, stratify=y, random_state=seed)
        stops = {"n_estimators": MOST, "early_stopping_rounds": PATIENCE, "eval_metric": "logloss"}
        self.model.set_params(**stops).fit(matrix[learn], y[learn], eval_set=[(matrix[check], y[check])], verbose=False)
        if self.again:
            trees = self.model.best_iteration + 1
            self.model.set_params(n_estimators=trees, early_stopping_rounds=None).fit(matrix, y)
        self.classes_ = self.model.classes_
        return self

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(matrix)


class _Inside(XGBoost):
    again: bool = False

    def build(self, seed: int) -> Stopped:
        return Stopped(super().build(seed), self.again)


class _InsideAgain(_Inside):
    again: bool = True


WAYS: dict[str, type[XGBoost]] = {
    "drawn": XGBoost,
    "stopped inside the fold": _Inside,
    "stopped, then trained on all of it": _InsideAgain,
}


def drawn(number: int) -> XGBoost:
    """Parameters as the search draws them before it knows anything."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=number))
    return XGBoost.suggest(study.ask(), "")


def tried(number: int, root: Path) -> dict[str, tuple[float, float]]:
    """Of each way cv_auc and processor seconds, with the parameters of one draw."""
    development, raw = read_development(root / DEVELOPMENT), read_raw(root / DEVELOPMENT)
    views = read_experiment(root / EXPERIMENTS / name_of(0) / "experiment.yaml").views
    blocks = {name: view.featurize(raw) for name, view in views.items()}
    found = {}
    for way, kind in WAYS.items():
        recipe, start = Recipe(kind(**drawn(number).model_dump(exclude={"kind"}))), process_time()
        trained = train_base(blocks, development.y, development.folds, recipe)
        found[way] = (float(measure(trained.oof, development, "roc_auc").auc.value), process_time() - start)
    return found


def page(sets: dict[str, list[dict[str, tuple[float, float]]]]) -> str:
    """A row a way, a column a set: mean cv_auc of the draws; the mean difference, and seconds over those of the first."""
    usual = next(iter(WAYS))
    aucs = {way: [mean(draw[way][0] for draw in draws) for draws in sets.values()] for way in WAYS}
    seconds = {way: sum(draw[way][1] for draws in sets.values() for draw in draws) for way in WAYS}
    differences = {way: corrected(pd.Series(aucs[way]) - pd.Series(aucs[usual]), 0.0) for way in WAYS}
    rows = [
        (
            way,
            *(f"{auc:.4f}" for auc in aucs[way]),
            differences[way],
            f"{seconds[way] / seconds[usual]:.2f}",
        )
        for way in WAYS
    ]
    about = (
        f"cv_auc of XGBoost on all views, mean of {DRAWS} draws of its parameters. *drawn*: the number of trees is one of them (50 to 600). "
        f"*stopped*: up to {MOST:,} trees until {PATIENCE} in a row do not lower the log loss of {INNER:.0%} of the fold's training cases; "
        "cases of one group may be on both sides. The interval is Student's over sets.\n"
    )
    table = markdown(("number of trees", *sets, "mean difference (95 % CI)", "processor seconds, times"), rows)
    return "\n".join([head_of("Early stopping", "make bench-early-stopping", CORES), about, table]) + "\n"


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with projects(__doc__.splitlines()[0], nights) as ended:
        sets = {}
        for label, root in ended:
            with contextlib.chdir(root), shared_among(partial(tried, root=root), CORES) as every:
                sets[label] = every(list(range(DRAWS)))
            print(label, sets[label][0], flush=True)
        (REPO / "benchmarks" / "EARLY_STOPPING.md").write_text(page(sets))


if __name__ == "__main__":
    main()
