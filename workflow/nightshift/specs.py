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


def views_to_train(spec: dict[str, Any], root: str | Path = ".") -> list[str]:
    """Digests of the views that a base's job reads, each once."""
    views, waiting, seen = dict.fromkeys(spec["views"]), list(spec["bases"]) if reads_both(spec) else [], set()
    while waiting:
        digest = waiting.pop(0)
        if digest not in seen:  # many ways lead down to one base
            seen.add(digest)
            below = read_spec("bases", digest, root)
            views |= dict.fromkeys(below["views"])
            waiting += below["bases"]
    return list(views)
