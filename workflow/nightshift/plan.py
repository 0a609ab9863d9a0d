"""From an experiment to its rule chain: the digest-named files of its views and bases.

A digest covers all that determines a file: data, split, specification, seed, source of the modules that compute it and
versions of the libraries it uses. Two experiments that share a view or a base share the file, and Snakemake skips it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nightshift.experiment import Experiment, effective_terms
from nightshift.files import digest_of, digest_of_file, read_json, write_json
from nightshift.levels import lowered
from nightshift.specs import SPECS
from nightshift.views.sql import SqlView

VIEWS = "results/views"
BASES = "results/bases"

_VIEW_CODE = ("nightshift.views.base", "nightshift.views.turns")
_BASE_CODE = (
    "nightshift.train",
    "nightshift.nested",
    "nightshift.encode",
    "nightshift.columns",
    "nightshift.crossfit",
    "nightshift.calibrate",
    "nightshift.stack",
    "nightshift.data.split",
    "nightshift.views.base",
)
_BASE_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn")


def code_version(*modules: str) -> str:
    """Digest of the source of modules, without importing them."""
    return digest_of([_source_digest(module) for module in modules])


@cache
def _source_digest(module: str) -> str:
    return digest_of_file(importlib.util.find_spec(module).origin)


def remember_code(kinds: Iterable[type]) -> None:
    """Read now the sources that plans will name: those of `kinds` and of what all views and bases share."""
    for module in (*_VIEW_CODE, *_BASE_CODE):
        _source_digest(module)
    for kind in kinds:
        code_version(kind.__module__, *getattr(kind, "modules", ()))


@cache
def _library_versions(libraries: tuple[str, ...]) -> dict[str, str]:
    return {name: version(name) for name in libraries}


def view_digest(spec: Any, data: str) -> str:
    """Digest of a view's file; `data` is that of the development cases and turns."""
    modules = (*_VIEW_CODE, *spec.modules, type(spec).__module__)
    libraries = _library_versions(spec.libraries)
    return digest_of(
        {"spec": spec.model_dump(mode="json"), "data": data, "code": code_version(*modules), "libraries": libraries}
    )


def make_plan(experiment: Experiment, split: dict[str, Any], seed: int) -> dict[str, Any]:
    """The plan of an experiment and the specifications it needs.

    Parameters
    ----------
    experiment : Experiment
    split : content of results/data/split.json, with the digests `data` and `folds`
    seed : int

    Returns
    -------
    dict
        `views`: name -> digest, `bases`: name -> digest (those of its lowered stack included, see `nightshift.levels`),
        `specs`: {"views": {digest: spec}, "bases": {digest: spec}}
    """
    low = lowered(experiment)
    views = {name: view_digest(spec, split["data"]) for name, spec in low.views.items()}
    specs: dict[str, dict[str, Any]] = {
        "views": {views[name]: spec.model_dump(mode="json") for name, spec in low.views.items()},
        "bases": {},
    }
    bases: dict[str, str] = {}
    for name in low.in_order():
        spec = _base_spec(low, name, views, bases) | {"folds": split["folds"], "seed": seed}
        learner = low.bases[name].learner
        modules, libraries = (
            [*_BASE_CODE, type(learner).__module__, *learner.modules],
            [*_BASE_LIBRARIES, *learner.libraries],
        )
        if spec["segment"] is not None:
            spec["data"] = split["data"]
            modules += SqlView.modules
            libraries.append("duckdb")
        code, libraries = code_version(*modules), _library_versions(tuple(libraries))
        bases[name] = digest_of({**spec, "code": code, "libraries": libraries})
        specs["bases"][bases[name]] = spec
    return {"views": views, "bases": {name: bases[name] for name in low.bases}, "specs": specs}


def _base_spec(experiment: Experiment, name: str, views: dict[str, str], bases: dict[str, str]) -> dict[str, Any]:
    """A base as its job reads it: views and bases below by digest."""
    base = experiment.bases[name]
    return {
        "views": [views[view] for view in base.views],
        "bases": [bases[below] for below in base.bases],
        "learner": base.learner.model_dump(mode="json"),
        "terms": effective_terms(base, experiment.views).model_dump(mode="json"),
        "segment": base.segment,
        "seeds": base.seeds,
    }


def write_plan(path: str | Path, plan: dict[str, Any], root: str | Path = ".") -> None:
    """Write an experiment's plan.json, and its specifications, once each, under results/specs."""
    for kind, specs in plan["specs"].items():
        for digest, spec in specs.items():
            place = Path(root, SPECS, kind, f"{digest}.json")
            if not place.exists():
                write_json(place, spec)
    paths = {
        "views": {name: f"{VIEWS}/{digest}.arrow" for name, digest in plan["views"].items()},
        "bases": {name: f"{BASES}/{digest}" for name, digest in plan["bases"].items()},
    }
    write_json(path, paths)


def read_plan(path: str | Path) -> dict[str, dict[str, str]]:
    """Paths of an experiment's `views` and `bases`, by name."""
    return read_json(path)
