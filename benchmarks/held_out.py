"""Nights for benchmarks that look into them afterwards: their data, with large holdouts, and their projects."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
from automl.sets import make_demo
from night import REPO, Night, lay_out

CORES = min(2, os.cpu_count() or 1)
CASES, DEVELOPED = 6000, 800


def made_up(holder: Path, seed: int, turned: float, cases: int = CASES, developed: int = DEVELOPED) -> Path:
    """The table and transcripts of a demo, made unless they are there."""
    return part_of(
        holder, f"{seed}-{cases}-{developed}", seed, developed, partial(make_demo, cases, 1000 + seed, turned)
    )


def part_of(holder: Path, name: str, seed: int, developed: int, make: Callable[[Path], None]) -> Path:
    """A set of which so many cases are developed on and the rest is held out, made unless it is there."""
    source = holder / f"table-{name}"
    if not source.exists():
        with tempfile.TemporaryDirectory() as temporary:
            made = Path(temporary, "made")
            made.mkdir()
            make(made)
            hold_out(made / "table.csv", seed, developed)
            shutil.copytree(made, source)
    return source


def hold_out(file: Path, seed: int, developed: int) -> None:
    """Add a column that names five folds, whole groups each, and holds out the rest."""
    table = pd.read_csv(file, dtype=str)
    groups = table["group"] if "group" in table else table["case_id"]
    order = groups.drop_duplicates().sample(frac=1, random_state=seed)
    sizes = groups.value_counts()[order]
    begins = sizes.cumsum() - sizes
    part = {group: f"fold {begin % 5}" if begin < developed else "holdout" for group, begin in begins.items()}
    table.assign(part=groups.map(part)).to_csv(file, index=False)


def run(root: Path, night: Night) -> None:
    """The night, unless it is there; one that was cut off begins anew."""
    if not (root / "results/champion/model.json").exists():
        shutil.rmtree(root, ignore_errors=True)
        lay_out(root, night)
        command = ["snakemake", "--cores", str(CORES), "results/champion/model.json"]
        subprocess.run(command, cwd=root, check=True, capture_output=True)


@contextlib.contextmanager
def projects(about: str, nights: Callable[[Path, Path], dict[str, Night]]) -> Iterator[Iterator[tuple[str, Path]]]:
    """Runs nights by the options of the command line: label and project of each as it ends. The projects are there until the context
    ends, or stay."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data", help="folder of the real sets")
    parser.add_argument("--projects", type=Path, help="where the nights are, or stay")
    options = parser.parse_args()

    def each(holder: Path) -> Iterator[tuple[str, Path]]:
        for label, night in nights(holder, options.data).items():
            root = holder / label.replace(", ", "-").replace(" ", "-")
            run(root, night)
            yield label, root

    with tempfile.TemporaryDirectory() as temporary:
        yield each((options.projects or Path(temporary)).resolve())
