"""What a job does now and how far it is: one small file a running job, for `nightshift watch` to read."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

JOBS = ".nightshift/jobs"
_EVERY = 1.0  # seconds between two updates of a job's file
_Item = TypeVar("_Item")


class _Job:
    """The job of this process (and of the children that it forks): its file, and when that was last written."""

    file: Path | None = None
    facts: dict[str, Any]
    written = 0.0


@contextlib.contextmanager
def announced(log: Path) -> Iterator[None]:
    """Say that this process does a job, as long as it does.

    Parameters
    ----------
    log : Path
        The job's log, which tells its rule and what it is about (`named`).
    """
    rule, what = named(log)
    _Job.facts = {"rule": rule, "what": what, "since": time.time(), "pid": os.getpid(), "host": platform.node()}
    _Job.file = Path(JOBS, f"{platform.node()}-{os.getpid()}.json").absolute()
    _write()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            _Job.file.unlink(missing_ok=True)
        _Job.file = None


def named(log: Path) -> tuple[str, str]:
    """Rule and subject (an experiment, a digest or nothing) of a job by its log: rules name their logs so.

    results/experiments/exp-0007/logs/stack.log, results/logs/bases/4e1f....log, results/logs/noise/plan.log,
    results/logs/split.log
    """
    *_, above, folder, _ = ("", "", *log.parts)
    if folder == "logs" and above.startswith("exp-"):
        return log.stem, above
    if folder in _RULES:
        return _RULES[folder], log.stem.split("-")[0]  # a shard of a view adds its number
    return (log.stem, "") if folder in ("logs", "") else (f"{folder}: {log.stem}", "")


_RULES = {"views": "featurize", "bases": "train_base"}


def over(items: Sequence[_Item] | Iterable[_Item], unit: str, total: int | None = None) -> Iterator[_Item]:
    """The items one by one, while the job's file counts them.

    Parameters
    ----------
    items : iterable
    unit : str
        What they are, in the plural.
    total : int, optional
        How many there are; `len(items)` by default.
    """
    total = len(items) if total is None else total  # type: ignore[arg-type]
    for done, item in enumerate(items):
        at(done, total, unit)
        yield item


def at(done: int, total: int, unit: str) -> None:
    """Note how far the job is; free of cost but once a second, and outside of a job always."""
    if _Job.file is not None and time.time() - _Job.written >= _EVERY:
        _Job.facts |= {"done": done, "total": total, "unit": unit}
        _write()


def _write() -> None:
    """Replace the file. Whoever cannot write here must not lose a job over it."""
    _Job.written = time.time()
    partial = _Job.file.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        _Job.file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(_Job.facts), encoding="utf-8")
        os.replace(partial, _Job.file)


def running_jobs(root: Path = Path()) -> list[dict[str, Any]]:
    """Facts of the jobs that run, longest first: rule, what, since (unix time), pid, host; done, total, unit if known.

    A job that was killed leaves its file: on this machine its process is asked for; on others it is believed until the
    next night clears the folder.
    """
    found = []
    for file in (root / JOBS).glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads(file.read_text(encoding="utf-8"))
            if facts["host"] != platform.node() or is_alive(facts["pid"], facts["since"]):
                found.append(facts)
    return sorted(found, key=lambda facts: facts["since"])


def is_alive(pid: int, since: float) -> bool:
    """Whether the process that had this number at the unix time `since` runs on this machine."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since + 1
    except psutil.Error:
        return False
