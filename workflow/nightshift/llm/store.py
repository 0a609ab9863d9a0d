"""Every request and its answer, in one SQLite file: what is here is never asked for again, and a night can be replayed.

Written by several processes: each operation is a short transaction of a connection of its own, that waits for the others.
The journal is a rollback journal, since a write-ahead log needs memory that machines of a cluster do not share; the file
system has to know locks. Nothing here holds a key.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightshift.disk import DiskError

PLACE = "results/agent/calls.sqlite"
_PATIENCE = 120.0  # seconds to wait for other writers
_AT_ONCE = 500
_ANSWER = "answer, tokens_in, tokens_out, money"
_TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    digest TEXT PRIMARY KEY, endpoint TEXT, model TEXT, purpose TEXT, request TEXT, answer TEXT,
    tokens_in INTEGER, tokens_out INTEGER, money REAL, at TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
    digest TEXT, purpose TEXT, kind TEXT, reason TEXT, at TEXT, PRIMARY KEY (digest, purpose)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserved (digest TEXT PRIMARY KEY, tokens INTEGER, money REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    model TEXT, question TEXT, transcript TEXT, value TEXT, PRIMARY KEY (model, question, transcript)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (model TEXT, text TEXT, vector BLOB, PRIMARY KEY (model, text)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (experiment TEXT PRIMARY KEY, content TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Usage:
    """What requests took: tokens of requests and answers, and money."""

    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    calls: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.money + other.money,
            self.calls + other.calls,
        )


class Store:
    """The file of a night; made when something is first written.

    Parameters
    ----------
    root : the project
    """

    def __init__(self, root: str | Path = "."):
        self.path = Path(root, PLACE)

    @contextlib.contextmanager
    def _open(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        if write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        # A reader makes no file; it may have to roll back what a killed writer left, so it cannot be read-only.
        target = self.path.resolve().as_uri() + ("?mode=rwc" if write else "?mode=rw")
        connection = sqlite3.connect(target, timeout=_PATIENCE, isolation_level=None, uri=True)
        try:
            if not write:
                yield connection
                return
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    connection.execute(statement)
                connection.execute("PRAGMA user_version = 1")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if "no such table" in str(error):  # another process is making the file just now
                raise
            raise DiskError(
                f"{PLACE}: {error}\n    -> make room or make it writable, then run the same command again; where the file "
                "is damaged, move it away"
            ) from error
        finally:
            connection.close()  # an open transaction is rolled back

    def _rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple]:
        if not self.path.exists():
            return []
        with contextlib.suppress(sqlite3.OperationalError), self._open() as connection:
            return connection.execute(query, tuple(values)).fetchall()
        return []

    def answer(self, digest: str) -> tuple[dict[str, Any], Usage] | None:
        """The kept answer of a request, and what it took."""
        rows = self._rows(f"SELECT {_ANSWER} FROM calls WHERE digest = ?", [digest])
        return _answer(rows[0]) if rows else None

    def keep(
        self, digest: str, request: dict[str, Any], answer: dict[str, Any], usage: Usage, purpose: str
    ) -> tuple[dict[str, Any], Usage]:
        """Keep an answer, and give back what is kept: that of another process, where one was faster."""
        row = (digest, request["endpoint"], request["model"], purpose, _text(request), _text(answer))
        with self._open(write=True) as connection:
            connection.execute(
                "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, usage.tokens_in, usage.tokens_out, usage.money, _now()),
            )
            connection.execute("DELETE FROM reserved WHERE digest = ?", [digest])
            connection.execute("DELETE FROM failures WHERE digest = ? AND purpose = ?", [digest, purpose])
            kept = connection.execute(f"SELECT {_ANSWER} FROM calls WHERE digest = ?", [digest]).fetchone()
        return _answer(kept)

    def reserve(self, digest: str, tokens: int, money: float, most: tuple[int | None, float | None]) -> str | None:
        """Set aside what a request may take at most; or say which budget it could exceed.

        A reservation that a kill left counts as spent until the same request is made again.
        """
        with self._open(write=True) as connection:
            spent = connection.execute("SELECT sum(tokens_in + tokens_out), sum(money) FROM calls").fetchone()
            others = "SELECT sum(tokens), sum(money) FROM reserved WHERE digest != ?"
            held = connection.execute(others, [digest]).fetchone()
            used_tokens, used_money = ((a or 0) + (b or 0) for a, b in zip(spent, held, strict=True))
            if most[0] is not None and used_tokens + tokens > most[0]:
                return (
                    f"the budget of {most[0]:,} tokens (agent.budget.tokens) leaves {max(0, most[0] - used_tokens):,}"
                )
            if most[1] is not None and used_money + money > most[1] + 1e-12:
                return f"the budget of {most[1]:g} (agent.budget.money) leaves {max(0.0, most[1] - used_money):.4f}"
            connection.execute("INSERT OR REPLACE INTO reserved VALUES (?, ?, ?)", [digest, tokens, money])
        return None

    def fail(self, digest: str, purpose: str, kind: str, reason: str, spent: bool = False) -> None:
        """Remember that a request had no answer, for a replay; a live night asks again. Where it may have been paid for all
        the same (`spent`), what was set aside stays so until the request is made again."""
        with self._open(write=True) as connection:
            if not spent:
                connection.execute("DELETE FROM reserved WHERE digest = ?", [digest])
            connection.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)", [digest, purpose, kind, reason, _now()]
            )

    def failure(self, digest: str, purpose: str) -> tuple[str, str] | None:
        """Kind and reason of a request that had no answer."""
        rows = self._rows("SELECT kind, reason FROM failures WHERE digest = ? AND purpose = ?", [digest, purpose])
        return rows[0] if rows else None

    def forget_failure(self, digest: str, purpose: str) -> None:
        """It is tried anew."""
        if self.failure(digest, purpose) is not None:
            with self._open(write=True) as connection:
                connection.execute("DELETE FROM failures WHERE digest = ? AND purpose = ?", [digest, purpose])

    def failures(self, purpose: str) -> int:
        """How many requests of a purpose have no answer."""
        rows = self._rows("SELECT count(*) FROM failures WHERE purpose = ?", [purpose])
        return rows[0][0] if rows else 0

    def usage(self, purpose: str | None = None) -> Usage:
        """What the requests of one purpose took, or all of them."""
        # Pages and lists of papers have no model.
        query = "SELECT sum(tokens_in), sum(tokens_out), sum(money), count(nullif(model, '')) FROM calls"
        rows = self._rows(query + (" WHERE purpose = ?" if purpose else ""), [purpose] if purpose else [])
        return Usage(*(value or 0 for value in rows[0])) if rows else Usage()

    def answered(self, model: str, questions: list[str], transcripts: list[str]) -> dict[tuple[str, str], Any]:
        """(question, transcript) -> value, of those that are kept; both by digest."""
        found: dict[tuple[str, str], Any] = {}
        wanted = set(transcripts)
        for question in questions:
            rows = self._rows(
                "SELECT transcript, value FROM answers WHERE model = ? AND question = ?", [model, question]
            )
            found |= {(question, text): json.loads(value) for text, value in rows if text in wanted}
        return found

    def keep_answers(self, model: str, transcript: str, values: dict[str, Any]) -> None:
        """Keep the values (question -> value) of one transcript."""
        rows = [(model, question, transcript, json.dumps(value)) for question, value in values.items()]
        with self._open(write=True) as connection:
            connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", rows)

    def vectors(self, model: str, texts: list[str]) -> dict[str, bytes]:
        """Text digest -> float32 vector, of those that are kept."""
        found: dict[str, bytes] = {}
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            found |= self._rows(
                f"SELECT text, vector FROM vectors WHERE model = ? AND text IN ({marks})", [model, *part]
            )
        return found

    def keep_vectors(self, model: str, vectors: dict[str, bytes]) -> None:
        with self._open(write=True) as connection:
            rows = [(model, text, vector) for text, vector in vectors.items()]
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)

    def see(self, experiment: str, content: dict[str, Any]) -> None:
        """Keep what people gave to a proposal, so that a replay sees the same."""
        with self._open(write=True) as connection:
            connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", [experiment, _text(content)])

    def seen(self, experiment: str) -> dict[str, Any] | None:
        rows = self._rows("SELECT content FROM seen WHERE experiment = ?", [experiment])
        return json.loads(rows[0][0]) if rows else None

    def copy_to(self, target: Path) -> None:
        """A copy that is whole even while others write."""
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(target)) as other, self._open() as connection:
            connection.backup(other)


def _answer(row: tuple) -> tuple[dict[str, Any], Usage]:
    return json.loads(row[0]), Usage(row[1], row[2], row[3], 1)


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
