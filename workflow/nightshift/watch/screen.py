"""The live screen of `nightshift watch`: progress, the champion's curve, what runs now, the last experiments."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nightshift.watch import words
from nightshift.watch.night import NONE, Night
from nightshift.watch.plot import plot

STYLES = {"keep": "bold green", "discard": "dim", "crash": "red"}
_LOW, _TALL = 20, 34  # lines of a console that has room for a curve, for a tall one
_FRAME = 8  # lines of the frame, the head and the title of the last block
_FEWEST_ROWS, _ROOM_FOR_OLDER = 2, 15
_OLDER = 9  # lines for at most three keeps and two crashes of before


def screen(night: Night, console: Console) -> RenderableType:
    """A night as one picture that fits the console."""
    if night.phase == NONE:
        return Panel(Text(words.of_phase(night)), title="nightshift", border_style="dim")
    tall = 8 if console.height >= _TALL else 4
    chart = plot(night.rows, min(console.width - 12, 100), tall) if console.height >= _LOW else []
    room = console.height - _FRAME - (len(chart) + 1 if chart else 0) - (len(night.jobs) + 2 if night.jobs else 0)
    parts = [_head(night, console.width), *_chart(chart), *_jobs(night), *_experiments(night.rows, room)]
    return Panel(Group(*parts), title="nightshift", subtitle=words.of_phase(night), border_style="dim")


def of_experiment(row: dict[str, Any], marks: dict[str, str] = words.MARKS) -> Text:
    """One finished experiment in one line and its colour."""
    return Text(words.of_experiment(row, marks), style=STYLES[row["status"]], no_wrap=True, overflow="ellipsis")


def _head(night: Night, width: int) -> RenderableType:
    done = len(night.rows)
    bar = ProgressBar(total=max(night.planned or done, 1), completed=done, width=max(10, min(width - 8, 100)))
    grid = Table.grid()
    grid.add_row(bar)
    lines = [Text(words.of_progress(night), style="bold"), grid]
    if night.card:
        lines.append(Text(words.of_data(night.card), style="dim"))
    return Group(*lines, Text())


def _chart(lines: list[str]) -> list[RenderableType]:
    return [*(Text(line, no_wrap=True) for line in lines), Text()] if lines else []


def _experiments(rows: list[dict[str, Any]], room: int) -> list[RenderableType]:
    """The last experiments; before them the last keeps and crashes, where these are further back."""
    if room < _ROOM_FOR_OLDER:
        return _block("last experiments", rows[-max(_FEWEST_ROWS, room) :])
    last = rows[-(room - _OLDER) :]
    before = rows[: len(rows) - len(last)]
    keeps = [row for row in before if row["status"] == "keep"][-3:]
    crashes = [row for row in before if row["status"] == "crash"][-2:]
    return [*_block("last keeps", keeps), *_block("last crashes", crashes), *_block("last experiments", last)]


def _jobs(night: Night) -> list[RenderableType]:
    if not night.jobs:
        return []
    table = Table.grid(padding=(0, 2))
    for job in night.jobs:
        far = f"{job['done']:,} of {job['total']:,} {job['unit']}" if job.get("total") else ""
        since = words.duration(night.now - job["since"])
        table.add_row(Text(job["rule"], style="cyan"), Text(job["text"], overflow="ellipsis"), far, since)
    return [Text("now", style="dim"), table, Text()]


def _block(title: str, rows: list[dict[str, Any]]) -> list[RenderableType]:
    return [Text(title, style="dim"), *(of_experiment(row) for row in rows), Text()] if rows else []
