"""Files that are not UTF-8: UTF-16 says so itself, anything else is read as data.encoding says."""

from __future__ import annotations

import codecs
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

TEXTS = (".csv", ".tsv", ".jsonl", ".ndjson")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(content: bytes, encoding: str | None = None) -> str:
    """Text of a file's bytes without its byte order mark.

    Parameters
    ----------
    content : bytes
    encoding : str, optional
        Of what is neither UTF-8 nor marked as UTF-16.

    Raises
    ------
    UnicodeDecodeError
        Where the content is nothing of it.
    """
    if content.startswith(_UTF16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if encoding is None:
            raise
        return content.decode(encoding)


@contextlib.contextmanager
def as_utf8(path: Path, encoding: str | None = None) -> Iterator[Path]:
    """The file itself, or a temporary copy in UTF-8 of one that is not.

    A file that cannot be read so is yielded as it is: its reader says where.
    """
    if path.suffix.lower() not in TEXTS:
        yield path
        return
    with open(path, "rb") as handle:
        marked = handle.read(2) in _UTF16
    if not marked and encoding is None:
        yield path
        return
    content = path.read_bytes()
    try:
        text = decoded(content, encoding)
    except UnicodeError:
        yield path
        return
    if not marked and _is_utf8(content):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(text.encode("utf-8", "replace"))
        yield copy


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
