"""`make bench-engine`: what an experiment costs when its work costs nothing.

Nights of experiments that each have a view and a learner of their own, of which neither does anything: propose, featurize,
train_base, stack, score and record are real jobs. What is left is planning, forking, files, scoring of a small data set
and DVC. Writes benchmarks/ENGINE.md with command, versions and machine.

    python benchmarks/engine.py 24 165 500
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml
from night import DEMO, REPO, Night, head_of, lay_out
from watch import peak_memory

from nightshift.report.timings import engine_time

CASES = 240
CODE = '''
from typing import Literal

import pandas as pd
from sklearn.dummy import DummyClassifier

from nightshift.learners import Learner
from nightshift.views import Columns, View


class Nothing(View):
    """One column that says nothing about anything."""

    kind: Literal["nothing"] = "nothing"
    number: int

    def featurize(self, data):
        return Columns(pd.DataFrame({"nothing": [float(row % 2) for row in range(len(data.cases))]}))

    @classmethod
    def suggest(cls, trial, prefix, card):
        return cls(number=0)


class Idle(Learner):
    """Predicts the base rate."""

    kind: Literal["idle"] = "idle"
    number: int

    def build(self, seed):
        return DummyClassifier(strategy="prior")

    def in_words(self):
        return "nothing"

    @classmethod
    def suggest(cls, trial, prefix):
        return cls(number=0)
'''
ENTRY_POINTS = "[nightshift.views]\nnothing = idle:Nothing\n\n[nightshift.learners]\nidle = idle:Idle\n"
HEAD = (
    "| experiments | recorded in DVC | wall, s | of them no job ran, s | s an experiment | jobs | Snakemake's memory, MB "
    "| results/, MB | files |\n" + "|---" * 9 + "|"
)


@dataclass(frozen=True)
class Run:
    """What one night took."""

    experiments: int
    recorded: bool
    wall: float
    alone: float
    jobs: int
    memory_mb: float
    disk_mb: float
    files: int

    def row(self) -> str:
        return (
            f"| {self.experiments} | {'yes' if self.recorded else 'no'} | {self.wall:.0f} | {self.alone:.0f} "
            f"| {self.wall / self.experiments:.2f} | {self.jobs} | {self.memory_mb:.0f} | {self.disk_mb:.1f} | {self.files} |"
        )


def offer(site: Path) -> None:
    """The view and the learner, as if an installed package had brought them."""
    (site / "idle-1.0.dist-info").mkdir(parents=True)
    (site / "idle.py").write_text(CODE)
    (site / "idle-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: idle\nVersion: 1.0\n")
    (site / "idle-1.0.dist-info/entry_points.txt").write_text(ENTRY_POINTS)


def queue(root: Path, experiments: int) -> None:
    """All but the baseline, which is always first."""
    (root / "config/experiments").mkdir(exist_ok=True)
    for number in range(1, experiments):
        experiment = {
            "hypothesis": f"Nothing comes of nothing, number {number}.",
            "views": {"nothing": {"kind": "nothing", "number": number}},
            "bases": {"idle": {"views": ["nothing"], "learner": {"kind": "idle", "number": number}}},
            "stack": {"method": "rank_mean"},
        }
        (root / f"config/experiments/{number:04d}.yaml").write_text(yaml.safe_dump(experiment))


def run(experiments: int, recorded: bool, cores: str, holder: Path) -> Run:
    """One night."""
    name = f"{experiments}-{recorded}"
    site, root = holder / f"site-{name}", holder / name
    offer(site)
    more = {"demo": {"n": CASES}, "dvc": {"record": recorded}}
    lay_out(root, Night(name, experiments, 0, DEMO, None, more))
    queue(root, experiments)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    start = time.perf_counter()
    with (holder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(["snakemake", "--cores", cores], cwd=root, env=environment, stdout=log, stderr=log)
        # Of Snakemake itself, without its jobs.
        with peak_memory(lambda: psutil.Process(process.pid).memory_info().rss) as memory:
            process.wait()
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit((holder / f"{name}.log").read_text()[-3000:])
    files = [path for path in (root / "results").rglob("*") if path.is_file()]
    with (root / "results/ledger.tsv").open() as ledger:
        rows = list(csv.DictReader(ledger, delimiter="\t"))
    done, crashed = len(rows), sum(row["status"] == "crash" for row in rows)
    if done != experiments or crashed:
        raise SystemExit(f"{done} of {experiments} experiments are in the ledger, {crashed} of them crashed")
    engine = engine_time(root)
    size = sum(path.stat().st_size for path in files) / 1e6
    return Run(experiments, recorded, wall, engine.alone, engine.jobs, memory[0], size, len(files))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiments", type=int, nargs="*", default=[24, 165, 500])
    parser.add_argument("--cores", default="2")
    options = parser.parse_args()
    lines = [HEAD]
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as holder:
        # Recording is about a second of one core an experiment, however many there are: seen well enough without the largest.
        plans = [*((size, True) for size in options.experiments), *((size, False) for size in options.experiments[:-1])]
        for experiments, recorded in plans:
            lines.append(run(experiments, recorded, options.cores, Path(holder)).row())
            print(lines[-1], flush=True)
    note = (
        f"Experiments without work on the demo's {CASES} cases, each with a view and a base of its own. Wall time holds the "
        "start, ingest, the baseline's real training, champion, verdict and report.\n"
    )
    command = "make bench-engine" if options.experiments == [24, 165, 500] else "python benchmarks/engine.py"
    text = [head_of("The engine", command, options.cores), note, *lines]
    Path(REPO, "benchmarks", "ENGINE.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
