"""Errors of the disk: no fault of an experiment, so they stop the night with one message instead of becoming a row."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from nightshift.errors import NightshiftError

_SAID = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota on this disk is used up",
    errno.EROFS: "the disk is read-only",
    errno.EIO: "the disk reports an error",
    errno.EACCES: "no permission to write",
    errno.EPERM: "no permission to write",
}
_PERMISSION = (errno.EACCES, errno.EPERM)
# Libraries that raise errors of their own still quote the system.
_QUOTED = {os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)}


class DiskError(NightshiftError):
    """The disk refused; whatever was being made is made by the next run."""


def disk_problem(error: BaseException) -> str | None:
    """What the disk refused, where and what to do about it; None when the error is another one.

    A permission counts only below the working directory, a missing file only below results/: elsewhere it is the
    experiment's own business.
    """
    for one in filter(None, (error, error.__cause__)):
        if isinstance(one, DiskError):
            return str(one)
        number = _number_of(one)
        if number is not None:
            return _message(number, getattr(one, "filename", None))
        if isinstance(one, FileNotFoundError) and "results/" in str(one):
            return f"a file of the night is missing: {one}\n    -> put it back, or remove what was made from it, and run again"
    return None


def _number_of(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno in _SAID:
        return error.errno if error.errno not in _PERMISSION or _is_ours(error.filename) else None
    return next((number for text, number in _QUOTED.items() if text in str(error)), None)


def _is_ours(name: object) -> bool:
    return isinstance(name, str | os.PathLike) and Path(os.path.abspath(name)).is_relative_to(Path.cwd())


def _message(number: int, name: object) -> str:
    where = os.path.relpath(str(name)) if name else "results/ or the folder for temporary files"
    remedy = "make it writable"
    if number in (errno.ENOSPC, errno.EDQUOT):
        free = shutil.disk_usage(".").free / 1e6
        remedy = f"make room ({free:,.0f} MB are free here; `nightshift gc --dry-run` says what can go)"
    return f"{where}: {_SAID[number]}\n    -> {remedy}, then run the same command again: the night goes on where it stopped"
