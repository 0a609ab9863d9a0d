"""The experiment slot: what dvc.yaml describes, filled from a finished experiment of the night."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from nightshift.errors import NightshiftError
from nightshift.files import digest_of, digest_of_file, read_json, write_json
from nightshift.rows import row_and_details

SLOT = Path("results", "experiment")
# Files of an experiment folder that the slot holds, with what stands in for one that a crash left out.
FILES = {
    "oof.parquet": "",
    "stack.json": "{}\n",
    "plots/roc.csv": "fpr,tpr\n",
    "plots/gain.csv": "share,gain\n",
    "plots/calibration.csv": "predicted,observed\n",
}
FOLDERS = ("views", "bases")
# Never in a record: Snakemake's mark in a folder that is an output.
MARKS = {".snakemake_timestamp"}


def content_of(root: Path, experiment: str) -> str:
    """Digest of all that a record of this experiment holds; views and bases are named by digests already."""
    folder = root / "results" / "experiments" / experiment
    names = ("experiment.yaml", "metrics.json", *FILES)
    present = {name: digest_of_file(folder / name) for name in names if (folder / name).is_file()}
    plan = _plan(folder)
    there = {kind: {name: (root / path).exists() for name, path in plan[kind].items()} for kind in FOLDERS}
    return digest_of({"files": present, "plan": plan, "there": there})


def fill(root: Path, experiment: str, target: Path) -> None:
    """Lay a finished experiment out as config/experiment.yaml and the slot of another tree.

    Parameters
    ----------
    root : Path
        The project whose results/ hold the experiment.
    experiment : str
        Its name. What a crash left out becomes an empty file or folder: the row must appear, and `apply` must work.
    target : Path
        The tree to fill.
    """
    folder = root / "results" / "experiments" / experiment
    slot = target / SLOT
    shutil.rmtree(slot, ignore_errors=True)
    copy(folder / "experiment.yaml", target / "config" / "experiment.yaml")
    row, details = row_and_details(read_json(folder / "metrics.json"))
    write_json(slot / "metrics.json", row)
    write_json(slot / "details.json", details)
    for name, stand_in in FILES.items():
        if (folder / name).is_file():
            copy(folder / name, slot / name)
        else:
            (slot / name).parent.mkdir(parents=True, exist_ok=True)
            (slot / name).write_text(stand_in, encoding="utf-8")
    plan = _plan(folder)
    for kind in FOLDERS:
        (slot / kind).mkdir()
        for name, path in plan[kind].items():
            source = root / path
            place = slot / kind / f"{name}{source.suffix if kind == 'views' else ''}"
            if source.exists():
                link(source, place)


def check_finished(root: Path, experiment: str) -> None:
    folder = root / "results" / "experiments" / experiment
    for name in ("experiment.yaml", "metrics.json"):
        if not (folder / name).is_file():
            raise NightshiftError(f"{folder / name} is missing: {experiment} is not finished")


def link(source: Path, target: Path) -> None:
    """Hard-link a file or a folder of files; copy where the file system cannot."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for entry in source.iterdir():
            if entry.name not in MARKS:
                link(entry, target / entry.name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=True)
    except OSError:
        shutil.copyfile(source, target)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # A new inode: the old one may be a link into the cache.
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    shutil.copyfile(source, target)


def _plan(folder: Path) -> dict[str, dict[str, str]]:
    try:
        plan = read_json(folder / "plan.json")
    except (OSError, ValueError):
        plan = {}
    return {kind: dict(plan.get(kind) or {}) for kind in FOLDERS}
