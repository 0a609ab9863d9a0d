"""What an earlier run of the night left that this one must not believe; cleared before any job, while nobody works here."""

from __future__ import annotations

import shutil
from pathlib import Path

from nightshift.files import has_future_times, read_json, remove_leftovers, remove_temporary, set_times
from nightshift.names import EXPERIMENTS, SQL_FOLDER
from nightshift.progress import JOBS

_VIEWS, _BASES = "results/views", "results/bases"
# Scripts of jobs that were killed, and Snakemake's marks of them, which nobody reads (ignore-incomplete).
_OF_SNAKEMAKE = (".snakemake/scripts", ".snakemake/incomplete")


def clear_leftovers(root: Path = Path()) -> None:
    """Remove temporary folders of killed jobs, bases without an outcome, and failures of the environment.

    Where the clock was set back, all files get one time: Snakemake fails each job whose input is from the future. A finished experiment keeps its row; an experiment that is still to come makes such views and bases anew.
    """
    for folder in ("results", ".nightshift", "data/demo", ".dvc/tmp/nightshift"):
        remove_leftovers(root / folder)
    remove_temporary(SQL_FOLDER)
    shutil.rmtree(root / JOBS, ignore_errors=True)  # what killed jobs announced
    for folder in _OF_SNAKEMAKE:
        for left in (root / folder).glob("*"):
            if left.is_dir():  # Snakemake spreads the mark of a long path over folders
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
    for base in (root / _BASES).glob("*"):
        if base.is_dir() and not (base / "outcome.json").exists():  # a kill in the middle of its removal
            shutil.rmtree(base)
    needed = _needed(root)
    for outcome in (root / _BASES).glob("*/outcome.json"):
        if outcome.parent not in needed and _of_environment(outcome):
            shutil.rmtree(outcome.parent)
    for outcome in (root / _VIEWS).glob("*.json"):
        if outcome.with_suffix(".arrow") not in needed and _of_environment(outcome):
            outcome.with_suffix(".arrow").unlink(missing_ok=True)
            outcome.unlink()
    if has_future_times(root / "results"):
        set_times(root / "results")


def _of_environment(outcome: Path) -> bool:
    text = outcome.read_text(encoding="utf-8")
    return '"environment": true' in text


def _needed(root: Path) -> set[Path]:
    """Views and bases of experiments that have their row and are not yet recorded: recording reads them."""
    found: set[Path] = set()
    for metrics in (root / EXPERIMENTS).glob("exp-*/metrics.json"):
        plan = metrics.with_name("plan.json")
        if not metrics.with_name("record.json").exists() and plan.exists():
            named = read_json(plan)
            found |= {root / path for kind in ("views", "bases") for path in named[kind].values()}
    return found
