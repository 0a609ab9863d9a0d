"""How long a night's jobs would take on other numbers of cores, from their measured times.

A list scheduler: whenever a core is free, the first job in the order of the experiments whose inputs are there starts. The
inputs are those of the rules: a proposal waits for the one before and for the score that leaves the window of
`search.parallel`; bases for their views and for bases below; a score and a record for the one before. Every job takes
what it took in the night, where it shared the machine with others (one that shares its work takes the cores that there are, up to
four; the folds of a long base are pieces that any core may do); the engine's own time is not in it.

    python benchmarks/simulate.py PROJECT CORES-IT-HAD 2 8
"""

from __future__ import annotations

import heapq
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from nightshift.config import parse_config
from nightshift.data.development import read_development
from nightshift.files import read_json
from nightshift.ledger import finished
from nightshift.limits import PROCESSES
from nightshift.names import DEVELOPMENT, EXPERIMENTS
from nightshift.report.timings import job_time
from nightshift.spare import WORTH
from nightshift.specs import read_spec, reads_both

BENCHMARKS = "results/benchmarks"

ONCE = ("ingest", "split", "champion", "report")
OF_EXPERIMENT = ("propose", "stack", "score", "record")


class Job(NamedTuple):
    """Seconds on one core, the names of what it waits for, how many processes may share it, and seconds that are not shared."""

    seconds: float
    needs: tuple[str, ...]
    processes: int = 1
    serial: float = 0.0

    def on(self, cores: int) -> float:
        """Seconds by the clock on so many cores."""
        return self.serial + (self.seconds - self.serial) / cores


def jobs_of(root: Path, window: int, had: int) -> dict[str, Job]:
    """Jobs of a finished night that `had` so many cores by name, in the order in which the scheduler would prefer them."""
    once = {name: _seconds(root / BENCHMARKS / f"{name}.tsv") for name in ONCE}
    jobs = {"ingest": Job(once["ingest"], ()), "split": Job(once["split"], ("ingest",))}
    experiments = finished(root)
    for number, name in enumerate(experiments):
        before = experiments[number - 1] if number else None
        seen = experiments[number - window] if number >= window else None
        for job, content in _of_experiment(root, name, before, seen, had).items():
            # A view or base belongs to the first experiment that asks for it.
            jobs.setdefault(job, content)
    jobs["champion"] = Job(once["champion"], (f"score {experiments[-1]}",))
    jobs |= {rule: _shared(root / BENCHMARKS / f"{rule}.tsv", ("champion",), had) for rule in ("verdict", "diagnose")}
    return jobs | {"report": Job(once["report"], ("verdict", "diagnose", f"record {experiments[-1]}"))}


def _shared(file: Path, needs: tuple[str, ...], had: int) -> Job:
    """A job that shares its work among processes; what of it was not shared follows from both its times (Amdahl 1967)."""
    wall, cpu = job_time(file) if file.exists() else (0.0, 0.0)
    cores, total = min(had, PROCESSES), max(wall, cpu)
    serial = total if cores == 1 else min(max((wall * cores - total) / (cores - 1), 0.0), wall)
    return Job(total, needs, PROCESSES, serial)


def _of_experiment(root: Path, name: str, before: str | None, seen: str | None, had: int) -> dict[str, Job]:
    """Jobs of one experiment that follows `before`; its proposal has seen the score of `seen`."""
    folder = root / EXPERIMENTS / name
    plan = read_json(folder / "plan.json")
    views, bases = plan["views"].values(), plan["bases"].values()
    seconds = {rule: _seconds(folder / "logs" / f"{rule}.tsv") for rule in OF_EXPERIMENT}
    after = {rule: (f"{rule} {before}",) if before else () for rule in OF_EXPERIMENT}
    left = (f"score {seen}",) if seen else ()
    return {
        f"propose {name}": Job(seconds["propose"], ("split", *after["propose"], *left)),
        **{path: Job(_made_in(root, path), (f"propose {name}",)) for path in views},
        **{name: job for path in bases for name, job in _base(root, path, had).items()},
        f"stack {name}": Job(seconds["stack"], (f"propose {name}", *bases)),
        f"score {name}": Job(seconds["score"], (f"stack {name}", *after["score"])),
        f"record {name}": Job(seconds["record"], (f"score {name}", *after["record"])),
    }


def _made_in(root: Path, path: str) -> float:
    """Seconds of a view (results/views/<digest>.arrow) or base (results/bases/<digest>)."""
    made = Path(path)
    return _seconds(root / BENCHMARKS / made.parent.name / f"{made.stem}.tsv")


def _base(root: Path, path: str, had: int) -> dict[str, Job]:
    """A base, and pieces before it for the folds of a long one, which spare cores take."""
    spec = read_spec("bases", Path(path).name, root)
    views = (f"results/views/{view}.arrow" for view in spec["views"])
    needs = (*views, *(f"results/bases/{base}" for base in spec["bases"]))
    file = root / BENCHMARKS / "bases" / f"{Path(path).name}.tsv"
    if reads_both(spec):
        return {path: _shared(file, needs, had)}
    total, folds = max(job_time(file)) if file.exists() else 0.0, _folds(root)
    own = min(read_json(root / path / "outcome.json").get("work", 0.0), total)
    if own < folds * WORTH:
        return {path: Job(total, needs)}
    pieces = {f"{path} {number}": Job(own / folds, needs) for number in range(folds)}
    return {**pieces, path: Job(total - own, tuple(pieces))}


@cache
def _folds(root: Path) -> int:
    folds = read_development(root / DEVELOPMENT).folds
    return folds.repeats * len(folds.numbers())


def _seconds(file: Path) -> float:
    return job_time(file)[0] if file.exists() else 0.0


def makespan(jobs: dict[str, Job], cores: int) -> float:
    """Seconds until the last job has ended."""
    waits = {name: {need for need in job.needs if need in jobs} for name, job in jobs.items()}
    followers: dict[str, list[str]] = {}
    for name, needs in waits.items():
        for need in needs:
            followers.setdefault(need, []).append(name)
    order = {name: place for place, name in enumerate(jobs)}
    ready = [(order[name], name) for name, needs in waits.items() if not needs]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    free = cores
    while ready or running:
        while ready and (taken := min(cores, jobs[ready[0][1]].processes)) <= free:
            _, name = heapq.heappop(ready)
            heapq.heappush(running, (now + jobs[name].on(taken), name))
            free -= taken
        now, ended = heapq.heappop(running)
        free += min(cores, jobs[ended].processes)
        for name in followers.get(ended, ()):
            waits[name].discard(ended)
            if not waits[name]:
                heapq.heappush(ready, (order[name], name))
    return now


def simulated(root: Path, cores: int, window: int, had: int) -> float:
    """Wall seconds on so many cores of the jobs of a night that had `had`."""
    return makespan(jobs_of(root, window, had), cores)


def main() -> None:
    root, had = Path(sys.argv[1]), int(sys.argv[2])
    config = parse_config(yaml.safe_load((root / "config/config.yaml").read_text()))
    for cores in map(int, sys.argv[3:]):
        print(f"{cores} cores: {simulated(root, cores, config.search.parallel, had):.0f} s")


if __name__ == "__main__":
    main()
