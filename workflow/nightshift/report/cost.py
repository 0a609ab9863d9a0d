"""What a night cost: seconds by rule from the benchmark files, and the work that shared files saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightshift.files import read_json
from nightshift.names import EXPERIMENTS

_ONE_FILE = ("ingest", "split", "champion", "verdict", "diagnose")
_OF_A_KIND = {"featurize": "views", "train_base": "bases"}
_OF_AN_EXPERIMENT = ("propose", "stack", "score", "record")


@dataclass(frozen=True)
class Cost:
    """Seconds and shared work.

    Attributes
    ----------
    rules : rows with `rule`, `jobs`, `seconds` and `cpu` (seconds of the processor), costliest first
    used, made : how many views and bases the experiments name, and how many files that took
    saved : seconds that the shared ones would have taken again
    """

    rules: list[dict[str, Any]]
    used: int
    made: int
    saved: float

    @property
    def seconds(self) -> float:
        return sum(row["seconds"] for row in self.rules)


def cost_of(experiments: list[str], root: Path = Path()) -> Cost:
    """Add up the cost of a night so far; a restored night has no benchmark files and says only what was shared."""
    benchmarks = root / "results/benchmarks"
    files = {rule: [benchmarks / f"{rule}.tsv"] for rule in _ONE_FILE}
    files |= {rule: sorted((benchmarks / kind).glob("*.tsv")) for rule, kind in _OF_A_KIND.items()}
    logs = [root / EXPERIMENTS / name / "logs" for name in experiments]
    files |= {rule: [folder / f"{rule}.tsv" for folder in logs] for rule in _OF_AN_EXPERIMENT}
    rules = [_rule(rule, paths) for rule, paths in files.items()]
    shared = _shared(experiments, root)
    return Cost(sorted((row for row in rules if row["jobs"]), key=lambda row: -row["seconds"]), *shared)


def _rule(rule: str, paths: list[Path]) -> dict[str, Any]:
    told = [_benchmark(path) for path in paths if path.exists()]
    return {
        "rule": rule,
        "jobs": len(told),
        "seconds": sum(seconds for seconds, _ in told),
        "cpu": sum(cpu for _, cpu in told),
    }


def _benchmark(path: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor; Snakemake writes NA or - for what it could not measure."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    if len(lines) < 2:
        return 0.0, 0.0
    cells = dict(zip(lines[0], lines[1], strict=False))
    return _number(cells.get("s")), _number(cells.get("cpu_time"))


def _number(cell: str | None) -> float:
    try:
        return float(cell or 0)
    except ValueError:
        return 0.0


def _shared(experiments: list[str], root: Path) -> tuple[int, int, float]:
    seconds: dict[str, float] = {}
    used, total = 0, 0.0
    for name in experiments:
        plan = root / EXPERIMENTS / name / "plan.json"
        content = read_json(plan) if plan.exists() else {"views": {}, "bases": {}}
        for path in {*content["views"].values(), *content["bases"].values()}:
            if path not in seconds:
                seconds[path] = _seconds_of(root / path)
            used, total = used + 1, total + seconds[path]
    return used, len(seconds), total - sum(seconds.values())


def _seconds_of(path: Path) -> float:
    outcome = path.with_suffix(".json") if path.suffix else path / "outcome.json"
    return float(read_json(outcome)["seconds"]) if outcome.exists() else 0.0
