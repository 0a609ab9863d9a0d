"""Files that are either whole or absent, and digests of what they hold."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Named by who makes it: a kill leaves it, and the next night must know that nobody uses it any more.
_HOLDER = re.compile(r"\..+\..+-(\d+)\.\w{8}")
_DAY = 86400
SKEW = 60  # seconds by which the clocks of machines that share a disk may differ
# What flock says on a file system that has none, such as some mounts of NFS and Lustre.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on failure it is removed.

    Works for a file or a folder (create what is yielded as either). A folder that stands at `path` is moved out of the
    way first, whole, so that a kill never leaves half of it. What a kill does leave is for `remove_leftovers`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path.name, path.parent) as holder:
        partial = holder / path.name
        yield partial
        if partial.is_dir() and path.is_dir():
            os.replace(path, holder / "before")
        os.replace(partial, path)


@contextlib.contextmanager
def temporary_folder(name: str, place: str | Path | None = None) -> Iterator[Path]:
    """A private folder in `place` (where the system keeps such, by default) that a kill leaves for `remove_leftovers`."""
    holder = Path(tempfile.mkdtemp(prefix=f".{name}.{platform.node()}-{os.getpid()}.", dir=place))
    try:
        yield holder
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def remove_leftovers(folder: str | Path) -> list[Path]:
    """Remove below `folder` what killed processes left of `replacing`: those of this machine that are gone, and those
    of other machines that are a day old."""
    removed = []
    for place, folders, _ in os.walk(folder):
        for found in [found for name in folders if (found := _HOLDER.fullmatch(name))]:
            folders.remove(found[0])
            removed += _removed(Path(place, found[0]), int(found[1]))
    return removed


def remove_temporary(name: str) -> list[Path]:
    """The same for the folders of one name where the system keeps such; what others keep there is not looked at."""
    holders = Path(tempfile.gettempdir()).glob(f".{name}.*")
    found = [(holder, _HOLDER.fullmatch(holder.name)) for holder in holders]
    return [one for holder, match in found if match for one in _removed(holder, int(match[1]))]


def _removed(holder: Path, pid: int) -> list[Path]:
    if _in_use(holder, pid):
        return []
    shutil.rmtree(holder, ignore_errors=True)
    return [holder]


def _in_use(holder: Path, pid: int) -> bool:
    """Whether the process that made it runs; not one that merely has its number, nor one that nobody has buried yet."""
    import psutil

    changed = holder.stat().st_mtime
    if f".{platform.node()}-{pid}." not in holder.name:
        return time.time() - changed < _DAY
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= changed + 1
    except psutil.NoSuchProcess:
        return False


def write_text(path: str | Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def set_times(folder: str | Path) -> None:
    """Give all below one time: nothing is newer than what was made from it, so Snakemake finds nothing to do."""
    now = time.time_ns()
    for place, _, files in os.walk(folder, topdown=False):
        for path in [*(os.path.join(place, file) for file in files), place]:
            os.utime(path, ns=(now, now), follow_symlinks=False)


def has_future_times(folder: str | Path) -> bool:
    """Whether a file or folder below is from the future: the clock was set back after it was written."""
    latest = time.time() + SKEW
    return any(
        os.lstat(os.path.join(place, name)).st_mtime > latest
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )


def digest_of(content: Any) -> str:
    """Digest (20 hex digits) of anything JSON can say; key order does not matter."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def digest_of_file(path: str | Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
