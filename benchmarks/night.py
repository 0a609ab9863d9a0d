"""One night of a benchmark: a project of its own on a data set, the real command, and what it reached and took."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from simulate import simulated
from watch import Family, peak_memory

from nightshift.config import Search
from nightshift.ledger import finished
from nightshift.report.cost import Cost, cost_of

REPO = Path(__file__).resolve().parents[1]
LIBRARIES = ("snakemake", "dvc", "xgboost", "scikit-learn", "pandas", "optuna")
# The search draws these too where they are installed, so that a night with them is another one.
EXTRAS = ("lightgbm", "catboost")
DEMO = {
    "cases": "data/demo/cases.csv",
    "transcripts": "data/demo/transcripts.jsonl",
    "id": "deal_id",
    "target": "won",
    "group": "account",
}


@dataclass(frozen=True)
class Night:
    """One night to run: a data set, its number of experiments and the seed of its split."""

    name: str
    experiments: int
    seed: int
    config: dict[str, Any]
    source: Path | None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def window(self) -> int:
        """Experiments in flight."""
        return self.more.get("search", {}).get("parallel", Search().parallel)


def config_of(folder: Path) -> dict[str, Any]:
    header = (folder / "table.csv").read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    config = {"cases": "in/table.csv", "id": "case_id", "target": "target"}
    if (folder / "transcripts.jsonl").exists():
        config["transcripts"] = "in/transcripts.jsonl"
    return config | ({"group": "group"} if "group" in header else {})


@dataclass(frozen=True)
class Ran:
    """A night that has ended.

    Attributes
    ----------
    night : what was run
    cores : with how many
    wall : seconds of the whole command
    memory_mb : peak of Snakemake and all its jobs, pages that they share counted once
    verdict : results/verdict.json
    done : experiments in the ledger
    recorded : experiments that DVC lists
    cost : what its jobs took, by their benchmark files
    simulated : wall seconds of these jobs by simulation (benchmarks/simulate.py), by number of cores
    """

    night: Night
    cores: int
    wall: float
    memory_mb: float
    verdict: dict[str, Any]
    done: int
    recorded: int
    cost: Cost
    simulated: dict[int, float]


def run_night(night: Night, cores: int, *targets: str) -> Ran:
    """Run a night (or what some targets need of it) in a project of its own."""
    with tempfile.TemporaryDirectory() as holder:
        root = Path(holder, "project")
        lay_out(root, night)
        start = time.perf_counter()
        with Path(holder, "log.txt").open("w") as log:
            command = ["snakemake", "--cores", str(cores), *targets]
            process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log)
            with peak_memory(Family(process.pid).memory) as memory:
                process.wait()
        wall = time.perf_counter() - start
        if process.returncode:
            sys.exit(f"{night.name} ended with {process.returncode}:\n{Path(holder, 'log.txt').read_text()[-3000:]}")
        verdict = json.loads((root / "results/verdict.json").read_text())
        listed = subprocess.run(
            ["dvc", "exp", "list", "--name-only"], cwd=root, capture_output=True, text=True, check=True
        )
        names = finished(root)
        simulations = {number: simulated(root, number, night.window, cores) for number in (1, 2, 4, 8)}
        seen = (len(names), listed.stdout.count("exp-"), cost_of(names, root), simulations)
        return Ran(night, cores, wall, memory[0], verdict, *seen)


def lay_out(root: Path, night: Night) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(("tests/", "benchmarks/")) and (REPO / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPO / name, root / name)
    if night.source:
        shutil.copytree(night.source, root / "in")
    config = {"data": night.config, "search": {"experiments": night.experiments, "seed": night.seed}, **night.more}
    (root / "config/config.yaml").write_text(yaml.safe_dump(config))
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "bench"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def head_of(title: str, command: str, cores: int | str) -> str:
    """Title, command, machine and versions, as every table of figures has them."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, --cores {cores}, Python {platform.python_version()}"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    extras = ", ".join(found for name in EXTRAS if (found := _version_if_there(name))) or "none"
    return (
        f"# {title}\n\nCommand: `{command}`. Machine: {machine}. Versions: {libraries}. Optional learners: {extras}.\n"
    )


def commit() -> str:
    """Of this checkout: what is measured."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=REPO, capture_output=True, text=True)
    return found.stdout.strip()


def _version_if_there(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""
