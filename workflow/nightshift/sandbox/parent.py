"""This side of the sandbox: hands tables and query to a child process, and reads its answer.

The child has an empty environment, a private folder, limits of the operating system on memory, processor time and open
files, and is killed with all it started when its time is over. What it refuses and how it runs: `grammar` and `child`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightshift.errors import NightshiftError, TooHeavyError
from nightshift.files import temporary_folder
from nightshift.names import SQL_FOLDER

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

LONGEST = 20_000  # characters of a query
CHILD = "nightshift.sandbox.child"
_CHILD = ("-m", CHILD)
_GRACE = 1.0  # seconds between the child's own end and its being killed


class SqlRefused(NightshiftError):  # noqa: N818
    """A query that was not run or did not end: one sentence that says what is wrong and what to do."""


class SqlTooHeavy(SqlRefused, TooHeavyError):  # noqa: N818
    """A query that ran into a limit."""


@dataclass(frozen=True)
class Limits:
    """What one query may use.

    Attributes
    ----------
    memory_mb : megabytes that DuckDB may use beyond the tables themselves; what it does not count itself (long strings)
        ends at one and a half times that
    seconds : wall time from the start of the child to its answer; a child that does not answer is killed a second later
    """

    memory_mb: int = 2000
    seconds: float = 60


def select(sql: str, tables: Mapping[str, Any], limits: Limits = Limits()) -> pd.DataFrame:
    """Run one SELECT over some tables; the columns are as pandas makes them of Arrow's.

    Parameters
    ----------
    sql : str
        One statement, at most 20,000 characters; it sees nothing but `tables`.
    tables : name -> DataFrame or pyarrow Table
    limits : Limits

    Raises
    ------
    SqlRefused
        The query is not allowed, or is wrong.
    SqlTooHeavy
        It ran into a limit.
    """
    table = select_table(sql, tables, limits)
    if len(set(table.column_names)) < table.num_columns:
        twice = next(name for name in table.column_names if table.column_names.count(name) > 1)
        raise SqlRefused(f"two columns of the result are called {twice!r}: give one another name with AS")
    return table.to_pandas()


def select_table(sql: str, tables: Mapping[str, Any], limits: Limits = Limits()) -> pa.Table:
    """As `select`, with the types that DuckDB gave; column names may repeat."""
    return _in_child({"sql": sql, "mode": "select"}, tables, limits)


def condition(sql: str, cases: Any, limits: Limits = Limits()) -> np.ndarray:
    """Say for every row of `cases` whether a condition holds, e.g. `amount > 1000 and region = 'EU'`.

    Parameters
    ----------
    sql : str
        One boolean expression over the columns of `cases`: no subquery, no aggregate, no window function.
    cases : DataFrame or pyarrow Table (`cases_table` makes one whose columns have the types of their kinds)
    limits : Limits

    Returns
    -------
    bool array (n_cases,)
        NULL counts as false.

    Raises
    ------
    SqlRefused
        As `select`, or it is not one boolean expression.
    """
    import pyarrow as pa

    holds = _in_child({"sql": sql, "mode": "condition"}, {"cases": cases}, limits).column(0)
    if not pa.types.is_boolean(holds.type):
        raise SqlRefused(f"the condition gives {holds.type} and not true or false: compare it with something")
    if len(holds) != len(cases):
        raise SqlRefused(
            f"the condition gives {len(holds):,} answers for {len(cases):,} cases: write it without unnest"
        )
    return holds.fill_null(False).to_numpy().astype(bool)


def _in_child(request: dict[str, Any], tables: Mapping[str, Any], limits: Limits) -> pa.Table:
    import pyarrow as pa

    sql = request["sql"]
    if not sql.strip():
        raise SqlRefused("the query is empty: write one SELECT")
    if len(sql) > LONGEST:
        raise SqlRefused(f"the query has {len(sql):,} characters: write one of at most {LONGEST:,}")
    if "\0" in sql:
        raise SqlRefused("the query holds a zero character: remove it")
    with temporary_folder(SQL_FOLDER) as folder:
        columns = {}
        for name, table in tables.items():
            # A query that never names a table cannot read it, and it may be a large one.
            needed = name in sql.lower() or request["mode"] == "condition"
            columns[name] = _write_table(folder / f"{name}.arrow", table if needed else table[:0])
        content = {**request, "tables": columns, "limits": asdict(limits), "parent": os.getpid()}
        (folder / "request.json").write_text(json.dumps(content), encoding="utf-8")
        outcome = _outcome(str(folder), limits)
        if not outcome["ok"]:
            reason, limit = outcome["reason"], outcome["heavy"]
            raise SqlTooHeavy(reason, limit) if limit else SqlRefused(reason)
        with pa.OSFile(str(folder / "result.arrow")) as source:
            return pa.ipc.open_stream(source).read_all()


def _write_table(path: Path, table: Any) -> list[str]:
    """Write a table for the child; returns the names of its columns."""
    import pyarrow as pa

    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100_000)
    return table.column_names


def _outcome(folder: str, limits: Limits) -> dict[str, Any]:
    """Run the child on what lies in `folder`; what it said, or what its end means.

    Raises
    ------
    NightshiftError
        When it did not start.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", "-s", "-W", "ignore", *_CHILD],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=limits.seconds + _GRACE)
    except subprocess.TimeoutExpired:
        return too_slow(limits.seconds)
    finally:
        _end(child)
    with contextlib.suppress(ValueError):
        return json.loads(said)
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return too_slow(limits.seconds)
    if child.returncode == 1 and importlib.util.find_spec(CHILD) is None:
        raise NightshiftError(
            f"there is no module {CHILD}, which runs SQL\n    -> install nightshift anew, or export the model anew"
        )
    return too_big(limits.memory_mb)


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours but where Python finds this package and its libraries."""
    env = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "HOME": folder, "TMPDIR": folder, "TZ": "UTC"}
    env |= {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    passed = ("LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
    return env | {name: os.environ[name] for name in passed if name in os.environ}


def _end(child: subprocess.Popen) -> None:
    """Kill the child and all that it started; it leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()


def too_slow(seconds: float) -> dict[str, Any]:
    reason = f"the query took longer than {seconds:g} seconds: look at fewer rows or make it simpler"
    return {"ok": False, "heavy": "time", "reason": reason}


def too_big(memory_mb: int) -> dict[str, Any]:
    reason = f"the query needed more than {memory_mb:,} MB of memory: aggregate earlier, join less, keep fewer columns"
    return {"ok": False, "heavy": "memory", "reason": reason}
