"""Times of a night's jobs, from the benchmark files that Snakemake writes beside their logs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Longer than any planning; so long nothing runs when a night was stopped and started again later.
_BREAK = 60.0
# A report that counted itself would differ from the same report made again.
_AFTER_THE_NIGHT = ("report.tsv", "predict.tsv")


@dataclass(frozen=True)
class Engine:
    """Times of a night's jobs together.

    Attributes
    ----------
    jobs : how many there were
    busy : seconds in which at least one ran
    alone : seconds between them in which none did
    """

    jobs: int
    busy: float
    alone: float


def engine_time(root: Path = Path()) -> Engine:
    """The engine's own share of a night: the time in which no job ran, because the next were being planned or started.

    A benchmark file is written when its job ends, so its time and its seconds tell when the job ran. The time before the
    first job and between two starts of a night (a gap of over a minute) does not count, nor do the report and what is
    asked of a finished night.
    """
    files = [*(root / "results/benchmarks").rglob("*.tsv"), *(root / "results/experiments").glob("*/logs/*.tsv")]
    spans = sorted(_span(file) for file in files if file.name not in _AFTER_THE_NIGHT)
    if not spans:
        return Engine(0, 0.0, 0.0)
    busy = alone = 0.0
    start, end = spans[0]
    for begins, ends in spans[1:]:
        if begins <= end:
            end = max(end, ends)
            continue
        busy += end - start
        alone += begins - end if begins - end < _BREAK else 0.0
        start, end = begins, ends
    return Engine(len(spans), busy + end - start, alone)


def _span(file: Path) -> tuple[float, float]:
    """Unix times of a job's start and end."""
    end = file.stat().st_mtime
    return end - job_time(file)[0], end


def job_time(path: Path) -> tuple[float, float]:
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
