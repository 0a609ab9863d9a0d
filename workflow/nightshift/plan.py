"""From an experiment to its rule chain: the digest-named files of its views and bases.

A digest covers all that determines a file: data, split, specification, seed, source of the modules that compute it and
versions of the libraries it uses. Two experiments that share a view or a base share the file, and Snakemake skips it.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nightshift.experiment import Experiment, effective_terms
from nightshift.files import digest_of, read_json, write_json

SPECS = "results/specs"
VIEWS = "results/views"
BASES = "results/bases"

_VIEW_CODE = ("nightshift.views.base", "nightshift.views.turns")
_BASE_CODE = ("nightshift.train", "nightshift.encode", "nightshift.data.split", "nightshift.views.base")
_BASE_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn")


@cache
def code_version(*modules: str) -> str:
    """Digest of the source of modules, without importing them."""
    digest = hashlib.sha256()
    for module in modules:
        origin = importlib.util.find_spec(module).origin
        digest.update(Path(origin).read_bytes())
    return digest.hexdigest()[:20]


@cache
def _library_versions(libraries: tuple[str, ...]) -> dict[str, str]:
    return {name: version(name) for name in libraries}


def view_digest(spec: Any, data: str) -> str:
    """Digest of a view's file; `data` is that of the development cases and turns."""
    modules = (*_VIEW_CODE, type(spec).__module__)
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
        `views`: name -> digest, `bases`: name -> digest, `specs`: {"views": {digest: spec}, "bases": {digest: spec}}
    """
    views = {name: view_digest(spec, split["data"]) for name, spec in experiment.views.items()}
    specs: dict[str, dict[str, Any]] = {
        "views": {views[name]: spec.model_dump(mode="json") for name, spec in experiment.views.items()},
        "bases": {},
    }
    bases = {}
    for name, base in experiment.bases.items():
        learner = base.learner
        spec = {
            "views": [views[view] for view in base.views],
            "learner": learner.model_dump(mode="json"),
            "terms": effective_terms(base, experiment.views).model_dump(mode="json"),
            "folds": split["folds"],
            "seed": seed,
        }
        code = code_version(*_BASE_CODE, type(learner).__module__, *learner.code)
        libraries = _library_versions((*_BASE_LIBRARIES, *learner.libraries))
        bases[name] = digest_of({**spec, "code": code, "libraries": libraries})
        specs["bases"][bases[name]] = spec
    return {"views": views, "bases": bases, "specs": specs}


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


def read_spec(kind: str, digest: str, root: str | Path = ".") -> dict[str, Any]:
    return read_json(Path(root, SPECS, kind, f"{digest}.json"))
