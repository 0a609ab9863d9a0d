"""`nightshift watch`: look at the night until it ends, as a live screen or line by line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.live import Live

from nightshift.watch import words
from nightshift.watch.night import NONE, RUNNING, Night, Watcher
from nightshift.watch.screen import of_experiment, screen

_EVERY = 1.0  # seconds
_STILL = 600.0  # seconds without an experiment after which plain lines give a sign of life


def watch(root: Path, plain: bool = False, once: bool = False, console: Console | None = None) -> None:
    """Show the night of a project until it ends; writes nothing and holds nothing.

    Parameters
    ----------
    root : Path
        The project.
    plain : bool
        Line by line even in a terminal.
    once : bool
        Show the present state and come back.
    console : rich Console, optional
        Where to; standard output by default.
    """
    console = console or Console(highlight=False, soft_wrap=plain)
    looks = _looks(Watcher(root), once)
    if plain or not console.is_terminal:
        _by_line(looks, console)
    elif once:
        console.print(screen(next(looks), console))
    else:
        with Live(console=console, auto_refresh=False) as live:
            for night in looks:
                live.update(screen(night, console), refresh=True)


def _looks(watcher: Watcher, once: bool) -> Iterator[Night]:
    """A look a second, until nothing more will come."""
    while True:
        night = watcher.look()
        yield night
        if once or words.is_end(night):
            return
        time.sleep(_EVERY)


def _by_line(looks: Iterator[Night], console: Console) -> None:
    shown, told, last, night = 0, None, 0.0, None
    marks = marks_for(console)
    for night in looks:
        if night.phase != told and night.phase in (NONE, RUNNING):
            _say(console, words.of_phase(night))
            told, last = night.phase, night.now
        for row in night.rows[shown:]:
            console.print(of_experiment(row, marks), soft_wrap=True)
            last = night.now
        shown = len(night.rows)
        if night.phase == RUNNING and night.now - last >= _STILL:
            _say(console, words.of_progress(night))
            last = night.now
    if night is None:
        return
    if night.rows:
        _say(console, words.of_progress(night))
    for job in night.jobs:
        _say(console, f"  now: {words.of_job(job, night.now)}")
    if words.is_end(night):
        _say(console, words.of_phase(night))


def marks_for(console: Console) -> dict[str, str]:
    """Marks that the console's encoding can say."""
    try:
        "".join(words.MARKS.values()).encode(console.encoding)
    except UnicodeEncodeError:
        return words.PLAIN_MARKS
    return words.MARKS


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)
