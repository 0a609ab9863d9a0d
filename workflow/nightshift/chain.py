"""The links of an experiment's rule chain, as the scripts call them: featurize, train_base, stack, score.

Whatever goes wrong inside an experiment becomes an outcome in its files, so that the night goes on: a view or base
whose job raised is a file that says why, and the experiments that use it end as `crash`.
"""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nightshift.config import Search
from nightshift.crossfit import cross_fit
from nightshift.data.development import Development, read_development, read_raw
from nightshift.experiment import Experiment, TermsSpec, read_experiment
from nightshift.files import read_json, replacing, write_json
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.plan import read_plan, read_spec
from nightshift.sandbox import cases_table, condition
from nightshift.scoring import CURVES, Measured, curves, judge, measure, metrics_of, read_scores, write_scores
from nightshift.train import Recipe, TrainedBase, train_base
from nightshift.views import VIEWS, load_block, save_block

DEVELOPMENT = "results/data/development"
_TAIL = 2000


def featurize(digest: str, target: str, seconds_file: str) -> None:
    """Make one view's file; a failure becomes a file that says why (`load_block` raises it)."""
    start = time.perf_counter()
    spec = read_spec("views", digest)
    try:
        block = VIEWS[spec["kind"]].model_validate(spec).featurize(read_raw(DEVELOPMENT))
        save_block(target, block)
        outcome = {"ok": True}
    except Exception as error:
        traceback.print_exc()
        with replacing(target) as partial:
            partial.touch()
        outcome = {"ok": False, **_what_went_wrong(error)}
    write_json(seconds_file, {**outcome, "seconds": time.perf_counter() - start})


def train(digest: str, target: str) -> None:
    """Train one base with all its folds into the folder `target`: outcome.json, oof.parquet, models.skops."""
    from nightshift.model import save_models

    start = time.perf_counter()
    spec = read_spec("bases", digest)
    development = read_development(DEVELOPMENT)
    with replacing(target) as folder:
        folder.mkdir()
        try:
            trained = _trained(spec, development)
            write_scores(folder / "oof.parquet", trained.oof, development.case_ids)
            save_models(folder / "models.skops", trained.models)
            outcome = {"ok": True, "cv_auc": measure(trained.oof, development, "roc_auc").auc.value}
        except Exception as error:
            traceback.print_exc()
            outcome = {"ok": False, **_what_went_wrong(error)}
        write_json(folder / "outcome.json", {**outcome, "seconds": time.perf_counter() - start})


def _trained(spec: dict[str, Any], development: Development) -> TrainedBase:
    blocks = {view: load_block(_view_file(view)) for view in spec["views"]}
    learner = LEARNERS[spec["learner"]["kind"]].model_validate(spec["learner"])
    terms = TermsSpec.model_validate(spec["terms"]).model_dump()
    below = np.stack([_scores_below(base) for base in spec["bases"]], axis=1) if spec["bases"] else None
    within = condition(spec["segment"], cases_table(read_raw(DEVELOPMENT))) if spec["segment"] else None
    recipe = Recipe(learner, terms, spec["seed"], spec["seeds"])
    return train_base(blocks, development.y, development.folds, recipe, below, within)


def _scores_below(digest: str) -> np.ndarray:
    """Out-of-fold logits (n_cases, repeats) of a base that was trained; raises what its job said otherwise."""
    folder = Path("results/bases", digest)
    outcome = read_json(folder / "outcome.json")
    if not outcome["ok"]:
        raise RuntimeError(f"a base below failed: {outcome['reason']}")
    return read_scores(folder / "oof.parquet")


def _view_file(digest: str) -> Path:
    """Path of a view that was made; raises what its job said otherwise."""
    outcome = read_json(f"results/views/{digest}.json")
    if not outcome["ok"]:
        raise RuntimeError(f"the view failed: {outcome['reason']}")
    return Path(f"results/views/{digest}.arrow")


def stack(experiment_file: str, plan_file: str, oof_target: str, stack_target: str, seed: int) -> None:
    """Stack an experiment's bases: out-of-fold scores, and all that predicting needs besides the fold models."""
    start = time.perf_counter()
    development = read_development(DEVELOPMENT)
    plan = read_plan(plan_file)
    outcomes = {name: read_json(Path(path, "outcome.json")) for name, path in plan["bases"].items()}
    content: dict[str, Any] = {"bases": list(outcomes), "base_auc": {}, "crash": _first_failure(outcomes)}
    scores = np.full((len(development.y), development.folds.repeats), np.nan)
    if content["crash"] is None:
        try:
            spec = lowered(read_experiment(experiment_file)).stack
            raw = np.stack([read_scores(Path(plan["bases"][name], "oof.parquet")) for name in spec.over], axis=1)
            fitted = cross_fit(spec, raw, development.y, development.folds, seed)
            scores = fitted.scores
            content["over"] = list(spec.over)
            content["base_auc"] = {name: outcome["cv_auc"] for name, outcome in outcomes.items()}
            content["base_lines"] = fitted.base_lines.tolist()
            content["stack"] = fitted.stack.to_json()
            content["line"] = fitted.line.tolist()
        except Exception as error:
            traceback.print_exc()
            content["crash"] = _what_went_wrong(error)
    with replacing(oof_target) as partial:
        write_scores(partial, scores, development.case_ids)
    work = sum(outcome["seconds"] for outcome in outcomes.values()) + _seconds_of_views(plan)
    write_json(stack_target, {**content, "seconds": work + time.perf_counter() - start})


def _first_failure(outcomes: dict[str, dict[str, Any]]) -> dict[str, str] | None:
    for name, outcome in outcomes.items():
        if not outcome["ok"]:
            return {"reason": f"base {name}: {outcome['reason']}", "tail": outcome["tail"]}
    return None


def _seconds_of_views(plan: dict[str, dict[str, str]]) -> float:
    made = [Path(path).with_suffix(".json") for path in plan["views"].values()]
    return sum(read_json(path)["seconds"] for path in made if path.exists())


def score(folder: str | Path, previous: str | None, search: Search) -> None:
    """Measure an experiment and decide its status: metrics.json and plots/*.csv in its folder.

    Parameters
    ----------
    folder : the experiment's
    previous : metrics.json of the experiment before it in the ledger; None for the first
    search : Search
    """
    place = Path(folder)
    development = read_development(DEVELOPMENT)
    before = read_json(previous) if previous else {}
    row, measured = measured_row(place, read_experiment(place / "experiment.yaml"), development, search)
    if measured is not None:
        row |= judge(measured, row["n_bases"], before, development, search, place.parent)
    row["champion"] = place.name if row["status"] == "keep" else before.get("champion")
    row["best"] = place.name if row.pop("is_best", False) else before.get("best")
    write_json(place / "metrics.json", row)


def measured_row(
    place: Path, experiment: Experiment, development: Development, search: Search
) -> tuple[dict[str, Any], Measured | None]:
    """Metrics of what was stacked in a folder, before any decision; writes the curves. None measured: it crashed."""
    stacked = read_json(place / "stack.json")
    row: dict[str, Any] = {
        "author": experiment.author,
        "status": "crash",
        "cv_auc": None,
        "delta": None,
        "n_bases": len(experiment.bases),
        "stack": experiment.stack.method,
        "seconds": round(stacked["seconds"], 1),
        "z": None,
        "cv_se": None,
    }
    if stacked["crash"] is not None:
        _write_curves(place, {name: pd.DataFrame(columns=columns) for name, columns in CURVES.items()})
        return row | stacked["crash"], None
    measured = measure(read_scores(place / "oof.parquet"), development, search.metric)
    known = np.isfinite(measured.scores).all(axis=1)
    _write_curves(place, curves(development.y[known], measured.scores[known].mean(axis=1)))
    row |= {"base_auc": stacked["base_auc"], "weights": _weights(stacked)}
    return row | metrics_of(measured, development), measured


def _write_curves(place: Path, tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        with replacing(place / "plots" / f"{name}.csv") as partial:
            table.to_csv(partial, index=False)


def _weights(stacked: dict[str, Any]) -> dict[str, float]:
    """Share of each base that the stack is over in the sum of absolute weights."""
    weights = np.abs(stacked["stack"]["weights"])
    total = weights.sum()
    return {name: float(w / total) if total > 0 else 0.0 for name, w in zip(stacked["over"], weights, strict=True)}


def _what_went_wrong(error: BaseException) -> dict[str, str]:
    text = "".join(traceback.format_exception(error))
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return {"reason": f"{type(error).__name__}: {first_line}", "tail": text[-_TAIL:]}
