"""Would more cases help? The champion's heaviest base, trained on parts of the development cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nightshift.base_job import on_spare_cores, recipe_of
from nightshift.data.development import Development
from nightshift.experiment import read_experiment
from nightshift.files import read_json
from nightshift.names import EXPERIMENTS
from nightshift.plan import read_plan
from nightshift.scoring import measure, read_scores
from nightshift.specs import read_spec
from nightshift.train import train_base
from nightshift.views import load_block

SHARES = (0.25, 0.5, 0.75, 1.0)
_MOST_CASES = 8000


def learning_curve(name: str, development: Development, seed: int) -> tuple[str, list[tuple[int, float, float]]]:
    """Train a base anew on more and more cases, groups whole.

    Parameters
    ----------
    name : experiment
    development : Development
    seed : int

    Returns
    -------
    base : name of the heaviest base that stands on views alone
    points : (cases, AUC, standard error), within-fold AUC on the same part of the cases

    Raises
    ------
    ValueError
        When no base stands on views alone, or a part is too small.
    """
    base, folder = _heaviest(name)
    spec = read_spec("bases", folder.name)
    blocks = {view: load_block(f"results/views/{view}.arrow") for view in spec["views"]}
    recipe = replace(recipe_of(spec), seeds=1)
    points = []
    for inside in _parts(development, seed):
        if inside.all() and spec["seeds"] == 1:  # that is how the night has trained it
            oof = read_scores(folder / "oof.parquet")
        else:
            how = on_spare_cores({**spec, "seeds": 1}, inside.sum(), development.folds)
            oof = train_base(blocks, development.y, development.folds, recipe, within=inside, every=how).oof
        auc = measure(oof, development, "roc_auc").auc
        points.append((int(inside.sum()), float(auc.value), float(auc.error(development.folds.groups))))
    return base, points


def seconds_of_curve(name: str) -> float:
    """Rough seconds that the learning curve of an experiment takes, by those that its base took; 0 where it will fail."""
    try:
        _, folder = _heaviest(name)
        seeds = read_spec("bases", folder.name)["seeds"]
        return sum(SHARES[:-1] if seeds == 1 else SHARES) * read_json(folder / "outcome.json")["seconds"] / seeds
    except (ValueError, OSError):
        return 0.0


def _heaviest(name: str) -> tuple[str, Path]:
    """Name and folder of an experiment's heaviest base that stands on views alone."""
    folder = Path(EXPERIMENTS, name)
    experiment, metrics = read_experiment(folder / "experiment.yaml"), read_json(folder / "metrics.json")
    plain = [base for base, spec in experiment.bases.items() if not spec.bases and not spec.segment]
    if not plain:
        raise ValueError("no base of the champion stands on views alone")
    base = max(plain, key=lambda one: (metrics["weights"].get(one, 0.0), one))
    return base, Path(read_plan(folder / "plan.json")["bases"][base])


def _parts(development: Development, seed: int) -> list[np.ndarray]:
    """bool arrays (n_cases,), each inside the next."""
    groups = development.folds.groups
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    most = min(1.0, _MOST_CASES / len(groups))
    return [np.isin(groups, names[: max(1, round(share * most * len(names)))]) for share in SHARES]
