"""The other side of the sandbox, `python -m nightshift.sandbox.child` in a private folder with request.json.

Order matters: our tables are loaded without limits, then everything is locked (DuckDB's configuration and memory, the
operating system's limits on memory and open files), and only then the stranger's query runs.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import threading
import time
from contextlib import suppress
from typing import Any

import duckdb
import pyarrow as pa

from nightshift.sandbox.grammar import Refused, check_expression, check_select, one_sentence
from nightshift.sandbox.parent import too_big, too_slow

_MB = 2**20
_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0B",
    "preserve_insertion_order": "true",
    "threads": "1",
}


def main() -> None:
    with open("request.json", encoding="utf-8") as handle:
        request = json.load(handle)
    limits = request["limits"]
    connection = duckdb.connect(":memory:", config=_CONFIG)
    threading.Thread(target=_watch, args=(connection, request, os.getcwd()), daemon=True).start()
    try:
        _answer(connection, request)
        outcome: dict[str, Any] = {"ok": True}
    except (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError):
        outcome = too_big(limits["memory_mb"])
    except duckdb.InterruptException:
        outcome = too_slow(limits["seconds"])
    except RecursionError:
        outcome = _refused("the query is nested too deeply: write it flatter")
    except Refused as error:
        outcome = _refused(str(error))
    except Exception as error:
        full = "bad_alloc" in str(error) or getattr(error, "errno", None) == errno.EFBIG
        outcome = too_big(limits["memory_mb"]) if full else _refused(f"the query cannot be run: {one_sentence(error)}")
    os.write(1, json.dumps(outcome).encode())
    # Freeing gigabytes one by one takes time that nobody needs.
    os._exit(0)


def _refused(reason: str) -> dict[str, Any]:
    return {"ok": False, "heavy": None, "reason": reason}


def _watch(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], folder: str) -> None:
    """Stop what runs when the time is over; again and again, since an interrupt between two queries is lost.

    When the parent is gone, nobody is left to kill this process and to remove its folder.
    """
    end = time.clock_gettime(time.CLOCK_MONOTONIC) - _age() + request["limits"]["seconds"]
    while True:
        left = end - time.clock_gettime(time.CLOCK_MONOTONIC)
        if left <= 0:
            connection.interrupt()
        if os.getppid() != request["parent"]:
            _remove(folder, [f"{name}.arrow" for name in request["tables"]])
            os._exit(1)
        time.sleep(min(max(left, 0.1), 0.5))


def _remove(folder: str, tables: list[str]) -> None:
    """Remove the private folder, by name: listing it would open a file, which is forbidden by now."""
    for name in ("request.json", "result.arrow", *tables):
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))
    with suppress(OSError):
        os.rmdir(folder)


def _age() -> float:
    """Seconds since this process began; 0 where the system does not say."""
    try:
        with open("/proc/self/stat", encoding="ascii") as handle:
            ticks = int(handle.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def _answer(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> None:
    sql, columns = request["sql"], request["tables"]
    if request["mode"] == "condition":
        sql, used = check_expression(connection, sql, columns["cases"]), {"cases"}
    else:
        used = check_select(connection, sql, columns)
    for name in used:
        _load(connection, name)
    with open("result.arrow", "wb") as target:
        _lock(connection, request["limits"])
        _write(connection, sql, target)


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Copy a table into DuckDB: the query then reads nothing that is Python's."""
    with pa.memory_map(f"{name}.arrow") as source:
        table = pa.ipc.open_file(source).read_all()
        connection.register("arriving", table)
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM arriving')
        connection.unregister("arriving")


def _lock(connection: duckdb.DuckDBPyConnection, limits: dict[str, Any]) -> None:
    """From here on: no more memory than allowed, no setting changed, no file or socket opened, no process started."""
    _write(
        connection.cursor(), "SELECT 1 AS warm", pa.BufferOutputStream()
    )  # pyarrow imports what it needs, while it can
    loaded = connection.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()[0][0]
    allowed = limits["memory_mb"] * _MB
    connection.execute(f"SET memory_limit = '{int(loaded + allowed)}B'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    cpu = int(limits["seconds"]) + 2
    walls = {
        resource.RLIMIT_FSIZE: allowed,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,
    }
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as handle:
        mapped = int(handle.read().split()[0]) * resource.getpagesize()
        walls[resource.RLIMIT_AS] = mapped + allowed * 3 // 2 + 64 * _MB
    for wall, height in walls.items():
        resource.setrlimit(wall, (height, height))


def _write(connection: duckdb.DuckDBPyConnection, sql: str, target: Any) -> None:
    """Run a query and write its rows batch by batch, so that a large result is never here as a whole."""
    reader = connection.execute(sql).to_arrow_reader(10_000)
    with pa.ipc.new_stream(target, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


if __name__ == "__main__":
    main()
