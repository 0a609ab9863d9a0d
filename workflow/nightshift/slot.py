"""The slot: one experiment by hand, planned, filled and scored outside the ledger."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nightshift.chain import measured_row
from nightshift.config import Search
from nightshift.data.development import read_development
from nightshift.experiment import read_experiment
from nightshift.files import read_json, replacing, write_json
from nightshift.names import DEVELOPMENT
from nightshift.plan import make_plan, read_plan, write_plan
from nightshift.rows import row_and_details


def plan_slot(experiment_file: str, split_file: str, target: str, seed: int) -> None:
    """Plan config/experiment.yaml; an invalid one raises InputError."""
    write_plan(target, make_plan(read_experiment(experiment_file), read_json(split_file), seed))


def fill_slot(plan_file: str, kind: str, target: str) -> None:
    """Copy (link where possible) the views or bases of the plan into the slot under their names."""
    with replacing(target) as folder:
        folder.mkdir()
        for name, path in read_plan(plan_file)[kind].items():
            source = Path(path)
            if source.is_dir():
                shutil.copytree(
                    source, folder / name, copy_function=_link, ignore=shutil.ignore_patterns(".snakemake*")
                )
            else:
                _link(source, folder / f"{name}{source.suffix}")


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # other file system, or one without hard links
        shutil.copyfile(source, target)


def score_slot(experiment_file: str, metrics: str, details: str, search: Search) -> None:
    """Measure what is stacked in the slot; it is neither kept nor discarded."""
    place = Path(metrics).parent
    row, measured = measured_row(place, read_experiment(experiment_file), read_development(DEVELOPMENT), search)
    if measured is not None:
        row |= {"author": "human", "status": "by hand", "reason": "made in the slot, outside the ledger"}
    few, more = row_and_details(row)
    write_json(metrics, few)
    write_json(details, more)
