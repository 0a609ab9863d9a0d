"""What stopping hopeless bases early would have done to a night that trained all their folds.

Successive halving over folds, in its simplest form (after Jamieson and Talwalkar, AISTATS 2016): two folds of a base are trained, and the
others only where its AUC on these two comes near that of the best base so far on the same two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from tables import markdown

from nightshift.data.development import Development, read_development
from nightshift.experiment import read_experiment
from nightshift.files import read_json
from nightshift.ledger import finished
from nightshift.metrics import roc_auc
from nightshift.names import EXPERIMENTS
from nightshift.plan import read_plan
from nightshift.scoring import read_scores

FOLDS = 2
MARGINS = (0.02, 0.04, 0.06, 0.08)


@dataclass
class Trained:
    """A base of a night, in the order in which they were asked for.

    Attributes
    ----------
    early : AUC on the first folds
    full : mean of AUC within each fold
    seconds : that its job took
    heard : whether the stack of an experiment that was kept weighs it
    """

    early: float
    full: float
    seconds: float
    heard: bool = False


def bases_of(root: Path) -> list[Trained]:
    """Bases of a night that read views and all cases."""
    development, found = read_development(root / "results/data/development"), {}
    for folder in (root / EXPERIMENTS / name for name in finished(root)):
        experiment, metrics = read_experiment(folder / "experiment.yaml"), read_json(folder / "metrics.json")
        for name, place in read_plan(folder / "plan.json")["bases"].items():
            base, file = experiment.bases.get(name), root / place / "oof.parquet"
            if base is None or base.bases or base.segment or not file.exists():
                continue
            trained = found.get(str(place)) or _trained(root / place, development)
            found[str(place)] = trained
            trained.heard |= metrics["status"] == "keep" and metrics.get("weights", {}).get(name, 0) > 0
    return list(found.values())


def _trained(place: Path, development: Development) -> Trained:
    scores, folds = read_scores(place / "oof.parquet")[:, 0], development.folds.assignment[:, 0]
    within = [roc_auc(development.y[folds == fold], scores[folds == fold])[0] for fold in np.unique(folds[folds >= 0])]
    return Trained(mean(within[:FOLDS]), mean(within), read_json(place / "outcome.json")["seconds"])


def stopped(bases: Sequence[Trained], margin: float) -> list[bool]:
    """Which bases would end after the first folds: those further than `margin` below the best before them."""
    best, ends = None, []
    for one in bases:
        end = best is not None and one.early < best.early - margin
        if not end and (best is None or one.full > best.full):
            best = one
        ends.append(end)
    return ends


def page(nights: dict[str, list[Trained]], folds: int = 5) -> str:
    """A row a margin, over all nights."""
    rows = []
    for margin in MARGINS:
        ends = {label: stopped(bases, margin) for label, bases in nights.items()}
        pairs = [(one, end) for label, bases in nights.items() for one, end in zip(bases, ends[label], strict=True)]
        saved = (
            sum(one.seconds for one, end in pairs if end) * (1 - FOLDS / folds) / sum(one.seconds for one, _ in pairs)
        )
        heard = [end for one, end in pairs if one.heard]
        rows.append(
            (margin, f"{sum(end for _, end in pairs)} of {len(pairs)}", f"{saved:.0%}", f"{sum(heard)} of {len(heard)}")
        )
    about = (
        f"\nSuccessive halving over folds: had a base ended after {FOLDS} of {folds} folds where its AUC on them is so far below that of the "
        "best base before it, on the same folds. *Heard*: the stack of an experiment that was kept weighs it.\n"
    )
    return f"{about}\n{markdown(('further below than', 'bases that end', 'seconds of bases saved', 'of those heard'), rows)}"
