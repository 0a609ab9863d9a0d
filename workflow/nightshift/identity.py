"""A night's identity: the data, the split, the seed and the metric. Histories of different identities never mix."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from nightshift.config import Config
from nightshift.errors import NightshiftError
from nightshift.files import digest_of, digest_of_file, read_json, write_json

IDENTITY = "results/data/identity.json"
_CACHE = ".nightshift/digests.json"


def identity_of(config: Config, root: Path = Path()) -> dict[str, Any]:
    """What makes this night the same night; digests of the data are cached by size and time of change."""
    data = config.data
    return {
        "cases": _data_digest(root, data.cases),
        "transcripts": _data_digest(root, data.transcripts),
        "columns": data.model_dump(mode="json", exclude={"cases", "transcripts", "audio"}),
        "validation": config.validation.model_dump(mode="json"),
        "seed": config.search.seed,
        "metric": config.search.metric,
    }


def check_identity(config: Config, root: Path = Path()) -> None:
    """Refuse to continue a night with other data, split, seed or metric.

    Data that is not here at all is no other data: a night that came from a remote goes on from what it holds itself.

    Raises
    ------
    NightshiftError
        Naming what differs and what to do.
    """
    if not (root / IDENTITY).exists():
        return
    there, here = read_json(root / IDENTITY), identity_of(config, root)
    absent = {key for key in ("cases", "transcripts") if _is_absent(root, getattr(config.data, key))}
    differs = [key for key in here if key not in absent and _said(here[key]) != _said(there.get(key))]
    if differs:
        raise NightshiftError(
            f"results/ holds a night of other {' and '.join(_WORDS[key] for key in differs)}; histories never mix.\n"
            "    -> `nightshift archive` moves it aside (DVC keeps it), or put the old data and config back"
        )


def _said(part: Any) -> Any:
    """Without what says nothing, so that a key that is new in this version and not used makes no other night."""
    return (
        {key: value for key, value in part.items() if value not in (None, [], {})} if isinstance(part, dict) else part
    )


_WORDS = {
    "cases": "cases (data.cases)",
    "transcripts": "transcripts (data.transcripts)",
    "columns": "meaning of columns (data.*)",
    "validation": "split (validation.*)",
    "seed": "seed (search.seed)",
    "metric": "metric (search.metric)",
}


def _data_digest(root: Path, name: str | None) -> str | None:
    if name is None:
        return None
    path = root / name
    if path.is_dir():
        files = sorted(entry for entry in path.rglob("*") if entry.is_file())
        return digest_of([[entry.relative_to(path).as_posix(), _cached_digest(root, entry)] for entry in files])
    return _cached_digest(root, path) if path.exists() else None


def _is_absent(root: Path, name: str | None) -> bool:
    return name is not None and not (root / name).exists()


_digests: dict[str, Any] = {}


def _cached_digest(root: Path, path: Path) -> str:
    cache = root / _CACHE
    if not _digests and cache.exists():
        _digests.update(read_json(cache))
    stat = os.stat(path)
    key = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    stamp = [stat.st_size, stat.st_mtime_ns]
    if key not in _digests or _digests[key][:2] != stamp:
        _digests[key] = [*stamp, digest_of_file(path)]
        write_json(cache, _digests)
    return _digests[key][2]
