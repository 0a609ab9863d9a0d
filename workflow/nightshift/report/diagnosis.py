"""The diagnosis of the champion on development cases: what matters, which words push, where it is wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nightshift.columns import prepared
from nightshift.data.development import Development, read_development, read_raw
from nightshift.experiment import Experiment, read_experiment
from nightshift.files import read_json, write_json
from nightshift.gc import MODELS
from nightshift.levels import lowered
from nightshift.model import ModelFiles
from nightshift.names import DEVELOPMENT, EXPERIMENTS
from nightshift.parallel import alone_if_killed
from nightshift.plan import read_plan
from nightshift.report.importance import Opened, importance
from nightshift.report.slices import slices
from nightshift.report.words import pushing_words
from nightshift.sandbox import cases_table, condition
from nightshift.scoring import measure, read_scores
from nightshift.views import load_block


def write_diagnosis(champion: str, target: str, seed: int, cores: int = 1) -> None:
    """Write results/diagnosis.json of an experiment, read where it lies."""
    write_json(target, diagnose(champion, seed, cores))


def diagnose(champion: str, seed: int, cores: int = 1) -> dict[str, Any]:
    """Diagnose an experiment that was kept.

    Parameters
    ----------
    champion : its name, exp-0007
    seed : int, search.seed, for the stack
    cores : processes to share the work among

    Returns
    -------
    dict : `champion`, `cv_auc`, `importance`, `words`, `slices`, as the three modules beside give them; a part that
        failed is {"failed": why}, because a report must not be what a night fails of
    """
    development = read_development(DEVELOPMENT)
    scores = read_scores(Path(EXPERIMENTS, champion, "oof.parquet"))
    opened: Any = _tried(lambda: open_up(champion, development, seed))
    broken = isinstance(opened, dict)
    return {
        "champion": champion,
        "cv_auc": measure(scores, development, "roc_auc").auc.value,
        "importance": opened if broken else _tried(lambda: alone_if_killed(partial(importance, opened), cores)),
        "words": opened if broken else _tried(lambda: pushing_words(opened)),
        "slices": _tried(lambda: slices(read_raw(DEVELOPMENT), scores, development)),
    }


def _tried(part: Callable[[], Any]) -> Any:
    try:
        return part()
    except Exception as error:
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {error}"}


def open_up(name: str, development: Development, seed: int) -> Opened:
    """Read the fold models, views and out-of-fold predictions of an experiment."""
    folder = Path(EXPERIMENTS, name)
    experiment = lowered(read_experiment(folder / "experiment.yaml"))
    plan = read_plan(folder / "plan.json")
    over = read_json(folder / "stack.json")["over"]
    experiment = experiment.model_copy(update={"stack": experiment.stack.model_copy(update={"over": tuple(over)})})
    folds = len(development.folds.numbers())
    return Opened(
        experiment,
        ModelFiles({base: Path(path, MODELS) for base, path in plan["bases"].items()}, folds),
        {base: [Path(plan["views"][view]).stem for view in experiment.bases[base].views] for base in experiment.bases},
        prepared({view: load_block(plan["views"][view]) for view in experiment.views}),
        np.column_stack([read_scores(Path(plan["bases"][base], "oof.parquet"))[:, 0] for base in over]),
        _segments(experiment, len(development.y)),
        development,
        seed,
    )


def _segments(experiment: Experiment, n_cases: int) -> dict[str, np.ndarray]:
    asked = {name: base.segment for name, base in experiment.bases.items()}
    cases = cases_table(read_raw(DEVELOPMENT)) if any(asked.values()) else None
    return {
        name: condition(segment, cases) if segment else np.ones(n_cases, dtype=bool) for name, segment in asked.items()
    }
