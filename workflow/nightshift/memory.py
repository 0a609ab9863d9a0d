"""How much memory there is, and how much of it is free: of this machine, or of the container or the cluster's job that this process is
in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_OWN, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# Files of a control group, by the version of its kernel interface: limit, use, and in memory.stat what of the use is a cache of files.
_FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_SECOND = ("memory.max", "memory.current", "inactive_file")


def machine_memory_mb() -> float:
    """Memory that there is, in 2**20 bytes."""
    import psutil

    found = [psutil.virtual_memory().total]
    for folder, (limit, _, _) in _groups():
        with contextlib.suppress(OSError, ValueError):
            found.append(int((folder / limit).read_text()))
    return min(found) / 2**20


def free_memory() -> int:
    """Bytes that can be had; files that the system keeps in memory make room, as everywhere."""
    import psutil

    found = [psutil.virtual_memory().available]
    for folder, (limit, used, cache) in _groups():
        with contextlib.suppress(OSError, ValueError):
            found.append(int((folder / limit).read_text()) - int((folder / used).read_text()) + _stat(folder, cache))
    return min(found)


def _groups() -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """Folders of the control groups that this process is in, each with the names of its files."""
    with contextlib.suppress(OSError):
        for line in _OWN.read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            top, files = (_GROUPS / "memory", _FIRST) if controllers else (_GROUPS, _SECOND)
            place = top / group.lstrip("/")
            for folder in (place, *place.parents):
                yield folder, files


def _stat(folder: Path, name: str) -> int:
    """0 where it cannot be read: then less counts as free."""
    with contextlib.suppress(OSError):
        lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return next((int(value) for key, value in lines if key == name), 0)
    return 0
