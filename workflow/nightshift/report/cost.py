"""What a night cost: seconds by rule from the benchmark files, and the work that shared files saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightshift.files import read_json
from nightshift.names import EXPERIMENTS
from nightshift.report.timings import Engine, engine_time, job_time

_ONE_FILE = ("ingest", "split", "champion", "verdict", "diagnose")
_OF_A_KIND = {"featurize": "views", "train_base": "bases"}
_OF_AN_EXPERIMENT = ("propose", "stack", "score", "record")


@dataclass(frozen=True)
class Cost:
    """Seconds and shared work.

    Attributes
    ----------
    rules : rows with `rule`, `jobs`, `seconds` and `cpu` (seconds of the processor), costliest first
    engine : what passed between the jobs
    used, made : how many views and bases the experiments name, and how many files that took
    saved : seconds that the shared ones would have taken again
    work : processor seconds of the views, learners and stacks themselves, without files, imports and bookkeeping
    """

    rules: list[dict[str, Any]]
    engine: Engine
    used: int
    made: int
    saved: float
    work: float

    @property
    def seconds(self) -> float:
        return sum(row["seconds"] for row in self.rules)

    @property
    def cpu(self) -> float:
        return sum(row["cpu"] for row in self.rules)


def cost_of(experiments: list[str], root: Path = Path()) -> Cost:
    """Add up the cost of a night so far; a restored night has no benchmark files and says only what was shared."""
    benchmarks = root / "results/benchmarks"
    files = {rule: [benchmarks / f"{rule}.tsv"] for rule in _ONE_FILE}
    files |= {rule: sorted((benchmarks / kind).glob("*.tsv")) for rule, kind in _OF_A_KIND.items()}
    logs = [root / EXPERIMENTS / name / "logs" for name in experiments]
    files |= {rule: [folder / f"{rule}.tsv" for folder in logs] for rule in _OF_AN_EXPERIMENT}
    rules = [_rule(rule, paths) for rule, paths in files.items()]
    shared = _shared(experiments, root)
    rules = sorted((row for row in rules if row["jobs"]), key=lambda row: -row["seconds"])
    return Cost(rules, engine_time(root), *shared, _own_work(benchmarks, experiments, root))


def _rule(rule: str, paths: list[Path]) -> dict[str, Any]:
    told = [job_time(path) for path in paths if path.exists()]
    return {
        "rule": rule,
        "jobs": len(told),
        "seconds": sum(seconds for seconds, _ in told),
        "cpu": sum(cpu for _, cpu in told),
    }


def _shared(experiments: list[str], root: Path) -> tuple[int, int, float]:
    seconds: dict[str, float] = {}
    used, total = 0, 0.0
    for name in experiments:
        plan = _read_or(root / EXPERIMENTS / name / "plan.json", {"views": {}, "bases": {}})
        for path in {*plan["views"].values(), *plan["bases"].values()}:
            if path not in seconds:
                seconds[path] = _outcome_of(root / path).get("seconds", 0.0)
            used, total = used + 1, total + seconds[path]
    return used, len(seconds), total - sum(seconds.values())


def _own_work(benchmarks: Path, experiments: list[str], root: Path) -> float:
    """0 where a view or base is gone that the benchmark files still count (`nightshift gc`)."""
    views = [root / "results/views" / f"{file.stem}.arrow" for file in (benchmarks / "views").glob("*.tsv")]
    bases = [root / "results/bases" / file.stem for file in (benchmarks / "bases").glob("*.tsv")]
    # A shard's work is in the outcome of its view.
    outcomes = [_outcome_of(path) for path in views + bases if "-of-" not in path.stem]
    if not all(outcomes):
        return 0.0
    stacks = [_read_or(root / EXPERIMENTS / name / "stack.json", {}) for name in experiments]
    return sum(outcome.get("work", 0.0) for outcome in outcomes + stacks)


def _outcome_of(path: Path) -> dict[str, float]:
    return _read_or(path.with_suffix(".json") if path.suffix else path / "outcome.json", {})


def _read_or(path: Path, default: dict[str, Any]) -> dict[str, Any]:
    return read_json(path) if path.exists() else default
