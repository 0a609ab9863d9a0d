"""The state of a night, read from its files alone: no lock, nothing written, so anybody may look from anywhere."""

from __future__ import annotations

import contextlib
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nightshift.agents.deadline import START
from nightshift.files import read_json
from nightshift.ledger import ledger_row, usage_of
from nightshift.names import EXPERIMENTS, name_of
from nightshift.progress import is_alive, running_jobs

NONE, RUNNING, STOPPED, OVER = "none", "running", "stopped", "over"
_LAST = 8  # experiments that say how fast the night goes


@dataclass(frozen=True)
class Night:
    """A night as its files tell it now.

    Attributes
    ----------
    phase : "none" (none has started here), "running", "stopped" (before its end) or "over"
    runner : who runs it, in words; empty when nobody does
    start, deadline : unix time or None
    planned : experiments, or None when that is not known
    rows : rows of the ledger (`ledger_row`) with `at` (unix time of the end) and `champion` (the id after it)
    jobs : what runs now (`progress.running_jobs`), each with `text`, what it is about in words
    card : content of results/data/card.json, or nothing
    now : unix time of this look
    """

    phase: str
    runner: str
    start: float | None
    deadline: float | None
    planned: int | None
    rows: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    card: dict[str, Any]
    now: float

    @property
    def champion(self) -> dict[str, Any] | None:
        """Row of the champion so far."""
        name = self.rows[-1]["champion"] if self.rows else None
        return next((row for row in self.rows if row["experiment"] == name), None)

    @property
    def seconds_left(self) -> float | None:
        """Until the last experiment is done, by the pace of the last few, or until the deadline; None: cannot be told."""
        ends = [row["at"] for row in self.rows if self.start is not None and row["at"] >= self.start]
        if self.phase != RUNNING or self.planned is None or not ends:
            return None
        since = [self.start, *ends][-_LAST - 1 :]
        pace = (since[-1] - since[0]) / (len(since) - 1)
        left = max(0.0, (self.planned - len(self.rows)) * pace - (self.now - since[-1]))
        return left if self.deadline is None else min(left, max(0.0, self.deadline - self.now))

    def total(self, name: str) -> float | None:
        """Sum of a column that the ledger has on some nights only (tokens, money); None when no row has it."""
        values = [row[name] for row in self.rows if row.get(name) is not None]
        return sum(values) if values else None


@dataclass
class Watcher:
    """Reads a night again and again; what is finished is read once."""

    root: Path = Path()
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _paid: set[str] = field(default_factory=set)
    _specs: dict[tuple[str, str], str] = field(default_factory=dict)

    def look(self) -> Night:
        """The night as it is now."""
        now, start = time.time(), _read(self.root / START)
        self._read_rows()
        phase, runner = self._phase(start)
        jobs = self._jobs() if phase == RUNNING else []
        return Night(
            phase,
            runner,
            start.get("start"),
            start.get("deadline"),
            start.get("experiments"),
            list(self._rows),
            jobs,
            _read(self.root / "results/data/card.json"),
            now,
        )

    def _read_rows(self) -> None:
        if self._rows and not self._metrics(0).exists():
            self._rows.clear()  # archived meanwhile
            self._paid.clear()
        with contextlib.suppress(OSError, ValueError, KeyError):  # of an experiment that is being written
            while (path := self._metrics(len(self._rows))).exists():
                name = name_of(len(self._rows))
                row = ledger_row(name, self.root) | usage_of(name, self._paid, self.root)
                self._rows.append({**read_json(path), **row, "at": path.stat().st_mtime})

    def _metrics(self, number: int) -> Path:
        return self.root / EXPERIMENTS / name_of(number) / "metrics.json"

    def _phase(self, start: dict[str, Any]) -> tuple[str, str]:
        if not start and not self._rows:
            return NONE, ""
        end = _modified(self.root / "results/record.json")
        last = self._rows[-1]["at"] if self._rows else None
        complete = end is not None and last is not None and end >= last
        complete = complete and (end > start.get("start", 0.0) or len(self._rows) >= start.get("experiments", 0))
        if "pid" in start:
            here = start["host"] == platform.node()
            # Of a process on another machine nothing can be asked: it runs until the night is complete.
            if is_alive(start["pid"], start["start"]) if here else not complete:
                return RUNNING, f"process {start['pid']} on {start['host']}"
        if not self._rows and not (self.root / "results").exists():
            return NONE, ""  # archived
        return (OVER if complete else STOPPED), ""

    def _jobs(self) -> list[dict[str, Any]]:
        jobs = [job for job in running_jobs(self.root) if not self._is_done(job)]
        wanted = self._wanted() if jobs else {}
        for job in jobs:
            experiment = f" ({wanted[job['what']]})" if job["what"] in wanted else ""
            job["text"] = f"{self._about(job)}{experiment}"
        return jobs

    def _is_done(self, job: dict[str, Any]) -> bool:
        """Whether what a job makes is there: then one that still announces itself was lost with its machine."""
        outcomes = {
            "featurize": f"results/views/{job['what']}.json",
            "train_base": f"results/bases/{job['what']}/outcome.json",
            **dict.fromkeys(("propose", "stack", "score"), f"{EXPERIMENTS}/{job['what']}/metrics.json"),
        }
        return job["rule"] in outcomes and (self.root / outcomes[job["rule"]]).exists()

    def _wanted(self) -> dict[str, str]:
        """Digest of a view or base to the first experiment in flight that names it."""
        found: dict[str, str] = {}
        number = len(self._rows)
        while plan := _read(self.root / EXPERIMENTS / name_of(number) / "plan.json"):
            for path in (*plan.get("views", {}).values(), *plan.get("bases", {}).values()):
                found.setdefault(Path(path).stem, name_of(number))
            number += 1
        return found

    def _about(self, job: dict[str, Any]) -> str:
        """What a job is about, in words: `xgboost on words, table` instead of a digest."""
        kind = {"featurize": "views", "train_base": "bases"}.get(job["rule"])
        if kind is None:
            return job["what"]
        key = kind, job["what"]
        if key not in self._specs:
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._specs[key] = self._words(*key)
        return self._specs.get(key, job["what"])

    def _words(self, kind: str, digest: str) -> str:
        spec = read_json(self.root / "results/specs" / kind / f"{digest}.json")
        if kind == "views":
            who = f" of {' and '.join(spec['speakers'])}" if spec.get("speakers") else ""
            return f"{spec['kind']}{who}"
        views = [self._words("views", view) for view in spec["views"]]
        parts = [*views, *([f"{len(spec['bases'])} bases"] if spec["bases"] else [])]
        return f"{spec['learner']['kind']} on {', '.join(parts)}"


def _read(path: Path) -> dict[str, Any]:
    """Content of a JSON file; nothing when it is not there (yet)."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        return {}


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
