"""The links of an experiment's rule chain, as the scripts call them: featurize, train_base, stack, score.

Whatever goes wrong inside an experiment becomes an outcome in its files, so that the night goes on: a view or base
whose job failed is a file that says why, and the experiments that use it end as `crash`. With `limits` the work is done
in a child, so that a hang or a segfault is an outcome too; without, in this process.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from nightshift.base_job import base_of
from nightshift.config import Agent, Search
from nightshift.contain import Attempt, Failure, attempt
from nightshift.crossfit import cross_fit
from nightshift.data.development import Development, read_development, read_raw
from nightshift.experiment import Experiment, read_experiment
from nightshift.files import digest_of, read_json, replacing, write_json
from nightshift.gather import gather
from nightshift.learners import LEARNERS
from nightshift.levels import lowered
from nightshift.limits import Limits
from nightshift.llm.context import asking
from nightshift.llm.store import Store
from nightshift.names import DEVELOPMENT, number_of
from nightshift.plan import read_plan
from nightshift.scoring import CURVES, Measured, curves, judge, measure, metrics_of, read_scores, write_scores
from nightshift.specs import read_spec
from nightshift.views import VIEWS, Block, load_block, save_block

T = TypeVar("T")


def featurize(
    digest: str,
    target: str,
    outcome_file: str,
    limits: Limits | None = None,
    shard: str | None = None,
    agent: Agent | None = None,
) -> None:
    """Make one view's file, or that of a shard (`nightshift.shards`); a failure becomes a file that says why, and the
    view's bases fail for the same reason. `agent` is for a view that asks a model's server."""
    spec, agent = read_spec("views", digest), agent or Agent()
    if VIEWS[spec["kind"]].asks and limits is not None:
        limits = replace(limits, seconds=agent.view_timeout)

    def make() -> Block:
        with asking(agent, purse_of(spec), strict=True):
            return VIEWS[spec["kind"]].model_validate(spec).featurize(read_raw(DEVELOPMENT, shard))

    _write_view(make, target, outcome_file, limits, spec)


def gather_view(shards: Sequence[str], target: str, outcome_file: str, limits: Limits | None = None) -> None:
    """Put the shards of a view together, given in order; fails as the first that failed did."""
    outcomes = [read_json(Path(shard).with_suffix(".json")) for shard in shards]
    before = {what: sum(outcome.get(what, 0.0) for outcome in outcomes) for what in ("seconds", "work")}
    failed = next((outcome for outcome in outcomes if not outcome["ok"]), None)
    if failed is None:
        spec = read_spec("views", Path(target).stem)
        _write_view(lambda: gather([load_block(shard) for shard in shards]), target, outcome_file, limits, spec, before)
        return
    with replacing(target) as partial:
        partial.write_bytes(b"")
        write_json(outcome_file, {**failed, **before})


def _write_view(
    make: Callable[[], Block],
    target: str,
    outcome_file: str,
    limits: Limits | None,
    spec: dict[str, Any],
    before: Mapping[str, float] = MappingProxyType({"seconds": 0.0, "work": 0.0}),
) -> None:
    start = time.perf_counter()

    def save() -> dict[str, float]:
        block, work = _worked(make)
        save_block(partial, block)
        return {"work": before["work"] + work}

    with replacing(target) as partial:
        done = attempt(save, limits)
        if done.failure:
            partial.write_bytes(b"")
        outcome = {**_outcome(done), "seconds": before["seconds"] + time.perf_counter() - start}
        # Before the view has its name: bases ask Snakemake for the view alone, so where it is the outcome must be.
        write_json(outcome_file, {**outcome, **_usage(spec)})


def _worked(work: Callable[[], T]) -> tuple[T, float]:
    """What some work returns, and the CPU seconds that it took, those of processes it shared itself among included: a
    view's or a learner's own."""
    start = sum(os.times()[:4])
    return work(), sum(os.times()[:4]) - start


def purse_of(spec: dict[str, Any]) -> str:
    """Who pays for a view's questions: its specification alone, so that a replay by newer code finds what they took."""
    return f"view {digest_of(spec)}"


def _usage(spec: dict[str, Any]) -> dict[str, Any]:
    """What a view took at the model's server, where it asked."""
    used = Store().usage(purse_of(spec))
    return {"usage": {"tokens": used.tokens, "money": used.money}} if used.calls else {}


def train(digest: str, target: str, limits: Limits | None = None, cores: int = 1) -> None:
    """Train one base with all its folds into the folder `target`: outcome.json, oof.parquet, models.skops."""
    start = time.perf_counter()
    spec = read_spec("bases", digest)
    with replacing(target) as folder:
        failed = _failure_below(spec)
        several = partial(_train_into, folder, spec, cores, borrows=True)
        alone = partial(_train_into, folder, spec, 1)
        done = Attempt(failure=failed) if failed else attempt(several, limits, alone)
        if done.failure:
            shutil.rmtree(folder, ignore_errors=True)  # what a child left half-written
            folder.mkdir()
        write_json(folder / "outcome.json", {**_outcome(done), "seconds": time.perf_counter() - start})


def _train_into(folder: Path, spec: dict[str, Any], cores: int, borrows: bool = False) -> dict[str, float]:
    from nightshift.model import save_models

    folder.mkdir(exist_ok=True)
    models = folder / "models.skops"
    development = read_development(DEVELOPMENT)
    trained, work = _worked(lambda: base_of(spec, development, cores, borrows))
    write_scores(folder / "oof.parquet", trained.oof, development.case_ids)
    save_models(models, trained.models)
    if _of_many_types(spec["learner"]["kind"]):
        _read_back(models)
    return {"cv_auc": measure(trained.oof, development, "roc_auc").auc.value, "work": work}


def _of_many_types(kind: str) -> bool:
    """Whether nobody knows beforehand what a fitted model holds: of a pipeline, or of somebody's own package."""
    return kind == "pipeline" or not LEARNERS[kind].__module__.startswith("nightshift.")


def _read_back(models: Path) -> None:
    """A model that does not come back from its file costs an experiment here; as the champion's it would cost the night."""
    from nightshift.model import load_models

    try:
        load_models(models)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"its fitted model does not come back from its file: {error}") from error


def _outcome(done: Attempt) -> dict[str, Any]:
    """What is remembered of a view or base; with `environment` until the next night (`nightshift.leftovers`)."""
    if done.failure is None:
        return {"ok": True, **(done.value or {})}
    return {"ok": False, "environment": done.failure.environment, **done.failure.to_json()}


def _failure_below(spec: dict[str, Any]) -> Failure | None:
    """The failure of a view or base that a base stands on, if one failed: then there is nothing to train."""
    below = [("the view", f"results/views/{view}.json") for view in spec["views"]]
    below += [("a base below", f"results/bases/{base}/outcome.json") for base in spec["bases"]]
    for what, file in below:
        outcome = read_json(file)
        if not outcome["ok"]:
            return Failure(outcome.get("kind", "error"), f"{what} failed: {outcome['reason']}", outcome["tail"])
    return None


def stack(
    experiment_file: str,
    plan_file: str,
    oof_target: str,
    stack_target: str,
    seed: int,
    limits: Limits | None = None,
) -> None:
    """Stack an experiment's bases: out-of-fold scores, and all that predicting needs besides the fold models."""
    start = time.perf_counter()
    plan = read_plan(plan_file)
    outcomes = {name: read_json(Path(path, "outcome.json")) for name, path in plan["bases"].items()}
    content: dict[str, Any] = {"bases": list(outcomes), "base_auc": {}, "crash": _first_failure(outcomes)}
    with replacing(oof_target) as partial:
        if content["crash"] is None:
            done = attempt(lambda: _stacked(experiment_file, plan, partial, seed), limits)
            if done.failure:
                content["crash"] = done.failure.to_json()
            else:
                content |= done.value
                content["base_auc"] = {name: outcome["cv_auc"] for name, outcome in outcomes.items()}
        if content["crash"] is not None:
            development = read_development(DEVELOPMENT)
            nothing = np.full((len(development.y), development.folds.repeats), np.nan)
            write_scores(partial, nothing, development.case_ids)
    work = sum(outcome["seconds"] for outcome in outcomes.values()) + _seconds_of_views(plan)
    write_json(stack_target, {**content, "seconds": work + time.perf_counter() - start})


def _stacked(experiment_file: str, plan: dict[str, dict[str, str]], target: Path, seed: int) -> dict[str, Any]:
    development = read_development(DEVELOPMENT)
    spec = lowered(read_experiment(experiment_file)).stack
    raw = np.stack([read_scores(Path(plan["bases"][name], "oof.parquet")) for name in spec.over], axis=1)
    fitted, work = _worked(lambda: cross_fit(spec, raw, development.y, development.folds, seed))
    write_scores(target, fitted.scores, development.case_ids)
    return {
        "over": list(spec.over),
        "base_lines": fitted.base_lines.tolist(),
        "stack": fitted.stack.to_json(),
        "line": fitted.line.tolist(),
        "work": work,
    }


def _first_failure(outcomes: dict[str, dict[str, Any]]) -> dict[str, str] | None:
    for name, outcome in outcomes.items():
        if not outcome["ok"]:
            kind = outcome.get("kind", "error")
            return {"kind": kind, "reason": f"base {name}: {outcome['reason']}", "tail": outcome["tail"]}
    return None


def _seconds_of_views(plan: dict[str, dict[str, str]]) -> float:
    made = [Path(path).with_suffix(".json") for path in plan["views"].values()]
    return sum(read_json(path)["seconds"] for path in made if path.exists())


def score(folder: str | Path, previous: str | None, search: Search, limits: Limits | None = None) -> None:
    """Measure an experiment and decide its status: metrics.json and plots/*.csv in its folder.

    Parameters
    ----------
    folder : the experiment's
    previous : metrics.json of the experiment before it in the ledger; None for the first
    search : Search
    limits : Limits, optional
    """
    place = Path(folder)
    before = read_json(previous) if previous else {}
    done = attempt(lambda: _scored(place, before, search), limits)
    row = done.value
    if done.failure:
        row = _unmeasured(place, read_experiment(place / "experiment.yaml")) | done.failure.to_json()
        _write_no_curves(place)
    row["champion"] = place.name if row["status"] == "keep" else before.get("champion")
    row["best"] = place.name if row.pop("is_best", False) else before.get("best")
    write_json(place / "metrics.json", row)


def _scored(place: Path, before: dict[str, Any], search: Search) -> dict[str, Any]:
    development = read_development(DEVELOPMENT)
    experiment = read_experiment(place / "experiment.yaml")
    row, measured = measured_row(place, experiment, development, search)
    if measured is not None:
        tried = number_of(place.name) if experiment.steady else None
        row |= judge(measured, row["n_bases"], before, development, search, place.parent, tried)
    return row


def _unmeasured(place: Path, experiment: Experiment) -> dict[str, Any]:
    """The row of an experiment of which nothing is known but that it ran."""
    return {
        "author": experiment.author,
        "status": "crash",
        "cv_auc": None,
        "delta": None,
        "n_bases": len(experiment.bases),
        "stack": experiment.stack.method,
        "seconds": round(read_json(place / "stack.json")["seconds"], 1),
        "z": None,
        "cv_se": None,
    }


def measured_row(
    place: Path, experiment: Experiment, development: Development, search: Search
) -> tuple[dict[str, Any], Measured | None]:
    """Metrics of what was stacked in a folder, before any decision; writes the curves. None measured: it crashed."""
    stacked = read_json(place / "stack.json")
    row = _unmeasured(place, experiment)
    if stacked["crash"] is not None:
        _write_no_curves(place)
        return row | stacked["crash"], None
    measured = measure(read_scores(place / "oof.parquet"), development, search.metric)
    known = np.isfinite(measured.scores).all(axis=1)
    _write_curves(place, curves(development.y[known], measured.scores[known].mean(axis=1)))
    row |= {"base_auc": stacked["base_auc"], "weights": _weights(stacked)}
    return row | metrics_of(measured, development), measured


def _write_no_curves(place: Path) -> None:
    _write_curves(place, {name: pd.DataFrame(columns=columns) for name, columns in CURVES.items()})


def _write_curves(place: Path, tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        with replacing(place / "plots" / f"{name}.csv") as partial:
            table.to_csv(partial, index=False)


def _weights(stacked: dict[str, Any]) -> dict[str, float]:
    """Share of each base that the stack is over in the sum of absolute weights."""
    weights = np.abs(stacked["stack"]["weights"])
    total = weights.sum()
    return {name: float(w / total) if total > 0 else 0.0 for name, w in zip(stacked["over"], weights, strict=True)}
