"""From Snakemake's records to the lines of a night."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from nightshift.names import PROBLEM
from nightshift.watch import words
from nightshift.watch.night import Watcher
from snakemake_logger_plugin_nightshift.terminal import Terminal

# What Snakemake says about its own doing; all of it is in its log file too.
_CHATTER = (
    "Assuming unrestricted shared filesystem usage.",
    "Building DAG of jobs...",
    "Complete log(s):",
    "Conda environments: ignored",
    "Config file ",
    "DAG of jobs will be updated after completion.",
    "Elapsed time:",
    "Removing temporary output",
    "Select jobs to execute...",
    "Singularity containers: ignored",
    "Updating checkpoint dependencies.",
    "Using shell:",
    # Recording keeps it up to date before its rule has its turn.
    "Warning: the following output files of rule ledger were not present",
)
_OF_THE_RUN = (
    LogEvent.GROUP_INFO,
    LogEvent.JOB_FINISHED,
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO,
    LogEvent.RULEGRAPH,
    LogEvent.RUN_INFO,
    LogEvent.SHELLCMD,
    LogEvent.WORKFLOW_STARTED,
)


class Story:
    """What is told of a run.

    Parameters
    ----------
    terminal : Terminal
        Where the lines go.
    as_usual : callable of a log record
        Shows one as Snakemake does.
    """

    def __init__(self, terminal: Terminal, as_usual: Callable[[logging.LogRecord], None]):
        self._terminal, self._as_usual = terminal, as_usual
        self._watcher = Watcher()
        self._outputs: dict[int, list[str]] = {}
        self._start = time.monotonic()
        self._shown = 0
        self._told_by_nightshift = self._failed = False
        self._held: logging.LogRecord | None = None

    def tell(self, record: logging.LogRecord) -> None:
        """Turn one record into a line, into none, or show it as it is."""
        event = getattr(record, "event", None)
        if event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
            self._held = None
            self._fail(record)
            return
        self._release()
        if event in _OF_THE_RUN:
            self._note(event, record)
        elif record.levelno >= logging.ERROR and "CalledProcessError" in str(record.msg):
            self._held = record  # says that a script failed; the job's error comes next and says why
        elif record.levelno >= logging.ERROR:
            if self._failed or not self._is_echo(record):
                self._show(record)
        elif not str(record.msg).startswith(_CHATTER) or (self._failed and "Complete log" in str(record.msg)):
            self._show(record)

    def end(self) -> None:
        """Nothing more comes."""
        self._release()
        self._terminal.close()

    def _release(self) -> None:
        if self._held is not None:
            self._show(self._held)
            self._held = None

    def _show(self, record: logging.LogRecord) -> None:
        self._terminal.clear()
        self._as_usual(record)

    def _note(self, event: LogEvent, record: logging.LogRecord) -> None:
        if event == LogEvent.RUN_INFO:
            self._begin(record.stats)
        elif event == LogEvent.JOB_INFO:
            self._outputs[record.jobid] = [str(file) for file in record.output or []]
        elif event == LogEvent.JOB_FINISHED:
            self._finished(self._outputs.pop(record.job_id, []))
        elif event == LogEvent.PROGRESS and record.done == record.total:
            self._terminal.close()
            took = words.duration(time.monotonic() - self._start)
            self._terminal.line(f"done in {took}", "bold")

    def _begin(self, stats: dict[str, Any]) -> None:
        night = self._watcher.look()
        self._shown = len(night.rows)
        if "propose" in stats or "score" in stats:
            done = f", {self._shown} of them done before" if self._shown else ""
            self._terminal.line(
                f"a night of {night.planned} experiments{done}; `nightshift watch` shows it live", "bold"
            )
        self._terminal.keep(self._status)

    def _finished(self, outputs: list[str]) -> None:
        """The lines that a finished job is worth."""
        names = {Path(output).as_posix() for output in outputs}
        if any(name.endswith("results/data/card.json") for name in names):
            card = self._watcher.look().card
            self._terminal.line(words.of_data(card))
            for warning in card["warnings"]:
                self._terminal.line(f"! {' '.join(warning.split())}", "yellow", whole=True)
        elif any(name.endswith("/metrics.json") for name in names):
            night = self._watcher.look()
            for row in night.rows[self._shown :]:
                style = {"keep": "bold green", "crash": "red"}.get(row["status"], "")
                self._terminal.line(words.of_experiment(row, self._terminal.marks), style, row["status"] == "crash")
            self._shown = len(night.rows)

    def _status(self) -> str:
        """The line that moves: where the night is, what runs now."""
        night = self._watcher.look()
        jobs = "; ".join(words.of_job(job, night.now) for job in night.jobs)
        return f"{words.of_progress(night)} | {jobs}" if jobs else words.of_progress(night)

    def _fail(self, record: logging.LogRecord) -> None:
        """A failed job. One that ended with a message for people is told by it alone, at the end of the run."""
        logs = [
            str(file) for info in getattr(record, "job_error_info", [record.__dict__]) for file in info["log"] or []
        ]
        if _is_problem(logs):
            self._told_by_nightshift = True
            self._terminal.line(f"{getattr(record, 'rule_name', 'a job')} cannot go on", "red")
        else:
            self._failed = True
            self._show(record)

    def _is_echo(self, record: logging.LogRecord) -> bool:
        """What Snakemake adds to a failure that nightshift tells of in its own words."""
        text = str(record.msg)
        added = ("Exiting because a job execution failed", "At least one job did not complete")
        return self._told_by_nightshift and any(part in text for part in added)


def _is_problem(logs: list[str]) -> bool:
    """Whether a job's log ends with the message that is kept for the end of the run."""
    try:
        problem = Path(PROBLEM).read_text(encoding="utf-8").strip()
        return any(Path(log).read_text(encoding="utf-8").rstrip().endswith(problem) for log in logs)
    except OSError:
        return False
