"""Specifications of views and bases as their jobs read them: results/specs, a file a digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nightshift.files import read_json

SPECS = "results/specs"


def read_spec(kind: str, digest: str, root: str | Path = ".") -> dict[str, Any]:
    """The specification of a view or base; `kind` is "views" or "bases"."""
    return read_json(Path(root, SPECS, kind, f"{digest}.json"))


def reads_both(spec: dict[str, Any]) -> bool:
    """Whether a base stands on others and reads views: then its job trains those below again (`nightshift.nested`)."""
    return bool(spec["views"] and spec["bases"])


def trained_with(spec: dict[str, Any], root: str | Path = ".") -> list[dict[str, Any]]:
    """Specifications of all bases that a base's job trains, itself first, each once."""
    found, waiting = {}, list(spec["bases"]) if reads_both(spec) else []
    while waiting:
        digest = waiting.pop(0)
        if digest not in found:  # many ways lead down to one base
            found[digest] = read_spec("bases", digest, root)
            waiting += found[digest]["bases"]
    return [spec, *found.values()]


def views_to_train(spec: dict[str, Any], root: str | Path = ".") -> list[str]:
    """Digests of the views that a base's job reads, each once."""
    return list(dict.fromkeys(view for one in trained_with(spec, root) for view in one["views"]))


def trains_on_gpu(spec: dict[str, Any], root: str | Path = ".") -> bool:
    """Whether a base's job has a learner that is trained on a GPU."""
    return any(one["learner"].get("device") == "cuda" for one in trained_with(spec, root))
