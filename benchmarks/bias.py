"""`make bench-bias`: how far the cv_auc of a stack is off because bases predicted each other's folds. Ten minutes.

A stack is fitted for a fold on out-of-fold predictions of the other folds, which come from base models that saw the fold's
labels (standard stacking, Wolpert 1992). Here every stack is scored so, and once more on predictions of bases trained without
both folds (`nightshift.nested`), which have no such tie. Made-up data: 800 cases, 60 normal columns of which none, or all a little,
or all more, decide the label; 15 bases: five learners on each half of the columns and on all. Writes benchmarks/BIAS.md.
"""

from __future__ import annotations

import argparse
from statistics import mean, stdev

import numpy as np
import pandas as pd
from night import REPO, head_of
from tables import markdown

from nightshift.crossfit import logits_for_fold
from nightshift.data.split import Folds
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.metrics import cross_validated
from nightshift.nested import Node, nested
from nightshift.stack import StackSpec, fit_stack
from nightshift.train import Recipe, heard_for_fold, train_base
from nightshift.views import Columns

CASES, COLUMNS, FOLDS = 800, 60, 5
SIGNALS = {"none": 0.0, "weak": 0.5, "strong": 1.0}
BASES = (
    *(Recipe(LEARNERS["logistic"](c=c)) for c in (0.01, 1.0)),
    Recipe(LEARNERS["ridge"]()),
    Recipe(LEARNERS["extra_trees"](n_estimators=60)),
    Recipe(LEARNERS["xgboost"](n_estimators=60)),
)
BLENDS = {method: StackSpec(method=method) for method in ("rank_mean", "logistic", "nonnegative", "greedy")}


def sample(seed: int, signal: float) -> tuple[pd.DataFrame, np.ndarray, Folds]:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(CASES, COLUMNS))
    odds = columns @ (rng.normal(size=COLUMNS) * signal / COLUMNS**0.5)
    y = (rng.random(CASES) < 1 / (1 + np.exp(-odds))).astype(int)
    folds = Folds(rng.permutation(np.arange(CASES) % FOLDS)[:, None], False, np.arange(CASES))
    return pd.DataFrame(columns, columns=[f"x{number}" for number in range(COLUMNS)]), y, folds


def aucs(seed: int, signal: float) -> dict[str, tuple[float, float]]:
    """Stack -> AUC as nightshift measures it, and on predictions without ties."""
    frame, y, folds = sample(seed, signal)
    half = COLUMNS // 2
    nodes = [
        Node({"x": Columns(part)}, recipe)
        for part in (frame.iloc[:, :half], frame.iloc[:, half:], frame)
        for recipe in BASES
    ]
    below = np.stack([train_base(node.blocks, y, folds, node.recipe).oof for node in nodes], axis=1)
    apart = nested(nodes, y, folds)

    def auc(scores: np.ndarray) -> float:
        return cross_validated("roc_auc", y, scores[:, None], folds.assignment).value

    found = {}
    for name, spec in BLENDS.items():
        found[name] = tuple(auc(blended(spec, below, other, y, folds)) for other in (None, apart))
    judge = Recipe(boosting())
    found["xgboost"] = tuple(
        auc(train_base({}, y, folds, judge, below, nested=other).oof[:, 0]) for other in (None, apart)
    )
    return found


def boosting():
    """The learner that the stack `xgboost` is."""
    from nightshift.experiment import parse_experiment

    base = {"views": ["t"], "learner": {"kind": "ridge"}}
    content = {"views": {"t": {"kind": "table"}}, "bases": {"a": base, "b": base}, "stack": {"method": "xgboost"}}
    return lowered(parse_experiment(content, "bias.py")).bases["stack.xgboost"].learner


def blended(spec: StackSpec, below: np.ndarray, apart: np.ndarray | None, y: np.ndarray, folds: Folds) -> np.ndarray:
    """Scores (n_cases,) of a stack that is fitted for each fold on nested predictions, or (None) on those out of fold."""
    of, scores = folds.assignment[:, 0], np.full(len(y), np.nan)
    for place, fold in enumerate(folds.numbers()):
        inside = of == fold
        raw = below[:, :, 0]
        heard = raw if apart is None else heard_for_fold(raw, apart[:, :, 0, place], inside)
        z, _ = logits_for_fold(heard, y, of, fold)
        scores[inside] = fit_stack(spec, z[~inside], y[~inside], 0).predict(z[inside])
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=20)
    options = parser.parse_args()
    rows = []
    for name, signal in SIGNALS.items():
        samples = [aucs(seed, signal) for seed in range(options.samples)]
        for stack in samples[0]:
            standard, without = zip(*(one[stack] for one in samples), strict=True)
            differences = [a - b for a, b in zip(standard, without, strict=True)]
            error = stdev(differences) / len(differences) ** 0.5
            rows.append(
                (
                    name,
                    stack,
                    f"{mean(standard):.4f}",
                    f"{mean(without):.4f}",
                    f"{mean(differences):+.4f}",
                    f"{error:.4f}",
                )
            )
            print(*rows[-1], flush=True)
    about = (
        f"Means over {options.samples} samples of {CASES} cases. *As measured* is a night's cv_auc; *without ties* trains the bases "
        "below once more for each pair of folds, on three fifths of the cases instead of four, so that the difference is the most that ties add.\n"
    )
    header = ("signal", "stack", "as measured", "without ties", "difference", "its standard error")
    page = [head_of("The bias of stacking", "make bench-bias", 2), about, markdown(header, rows)]
    (REPO / "benchmarks" / "BIAS.md").write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    main()
