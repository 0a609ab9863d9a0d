"""Lines on a stream and, on a terminal, below them one line that moves."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from typing import TextIO

from rich.cells import set_cell_size
from rich.style import Style

from nightshift.watch.words import MARKS, PLAIN_MARKS

_EVERY = 1.0  # seconds
_CLEAR = "\r\x1b[2K"


class Terminal:
    """Writes from any thread.

    Parameters
    ----------
    stream : text file
    nocolor : bool
    """

    def __init__(self, stream: TextIO, nocolor: bool = False):
        self._stream, self._lock = stream, threading.RLock()
        self._moves = bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"
        self._coloured = self._moves and not nocolor and "NO_COLOR" not in os.environ
        self._status: Callable[[], str] | None = None
        self._over = threading.Event()
        self.marks = MARKS if _can_say("".join(MARKS.values()), stream) else PLAIN_MARKS

    def line(self, text: str, style: str = "", whole: bool = False) -> None:
        """Write a line. On a terminal it is cut to fit unless it is to be `whole`; elsewhere nothing is cut."""
        with self._lock:
            self.clear()
            if self._moves and not whole:
                text = _fit(text, self._width())
            self._write(self._painted(text, style) + "\n")
            self._draw()

    def keep(self, status: Callable[[], str]) -> None:
        """From now on have the last line of a terminal say, every second, what `status` returns."""
        if not self._moves or self._status is not None:
            return
        self._status = status
        with self._lock:
            self._draw()
        threading.Thread(target=self._redraw, daemon=True, name="nightshift-status").start()

    def clear(self) -> None:
        """Take the moving line away, until it is drawn anew."""
        with self._lock:
            if self._status is not None:
                self._write(_CLEAR)

    def close(self) -> None:
        """No moving line any more."""
        with self._lock:
            self._over.set()
            self.clear()
            self._status = None

    def _redraw(self) -> None:
        while not self._over.wait(_EVERY):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if self._status is not None:
            with contextlib.suppress(OSError, ValueError, KeyError):  # of files that are being written
                self._write(_CLEAR + self._painted(_fit(self._status(), self._width()), "dim"))

    def _width(self) -> int:
        return max(20, shutil.get_terminal_size().columns - 1)

    def _painted(self, text: str, style: str) -> str:
        return Style.parse(style).render(text) if style and self._coloured else text

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a terminal that is gone must not end the night
            encoding = getattr(self._stream, "encoding", None) or "utf-8"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()


def _fit(text: str, width: int) -> str:
    """One line of at most `width` cells."""
    fitted = set_cell_size(text, width).rstrip()
    return fitted if fitted == text.rstrip() else f"{set_cell_size(text, width - 3)}..."


def _can_say(text: str, stream: TextIO) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
