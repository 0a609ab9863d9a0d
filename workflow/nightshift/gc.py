"""`nightshift gc`: what a finished night can do without. A base that no kept experiment uses keeps its out-of-fold
predictions, so that later stacks can use it, and loses its fold models; `crown` trains them again should they be wanted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nightshift.files import read_json
from nightshift.ledger import finished
from nightshift.names import EXPERIMENTS, name_of

MODELS = "models.skops"
RESULTS = "results"
CACHE = ".dvc/cache"


@dataclass(frozen=True)
class Garbage:
    """Fold models that no kept experiment uses.

    Attributes
    ----------
    files : their paths
    size : bytes of all of them
    kept : number of bases that keep theirs
    """

    files: list[Path]
    size: int
    kept: int


def find_garbage(root: Path = Path()) -> Garbage:
    """Fold models of bases that neither a kept experiment, the ladder nor the slot uses."""
    used = _used(root)
    bases = sorted((root / RESULTS / "bases").glob(f"*/{MODELS}"))
    files = [path for path in bases if path.parent.name not in used]
    return Garbage(files, sum(path.stat().st_size for path in files), len(bases) - len(files))


def _used(root: Path) -> set[str]:
    plans = [root / RESULTS / "experiment" / "plan.json", *(root / RESULTS / "ladder" / "rungs").glob("*/plan.json")]
    for experiment in finished(root):
        folder = root / EXPERIMENTS / experiment
        if experiment == name_of(0) or read_json(folder / "metrics.json")["status"] == "keep":
            plans.append(folder / "plan.json")
    return {Path(path).name for plan in plans if plan.exists() for path in read_json(plan)["bases"].values()}


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; a file with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            stat = os.lstat(os.path.join(place, name))
            seen[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(seen.values())


def in_words(size: int) -> str:
    """1,234,567 -> 1.2 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
