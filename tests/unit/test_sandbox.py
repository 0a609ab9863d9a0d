"""The sandbox: right answers to right queries, and one clear refusal, in time and without a trace, to all others."""

import glob
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nightshift.leftovers import clear_leftovers
from nightshift.sandbox import LONGEST, Limits, SqlRefused, SqlTooHeavy, condition, parent, select, select_table

CASES = pd.DataFrame(
    {
        "case_id": ["a", "b", "c"],
        "amount": [10.0, 2000.0, np.nan],
        "region": ["EU", "US", None],
        "open": [True, False, True],
    }
)
TURNS = pd.DataFrame(
    {
        "case_id": ["a", "a", "b"],
        "position": [0, 1, 0],
        "speaker": ["rep", "customer", "rep"],
        "text": ["hi", "a price", "x"],
    }
)
TABLES = {"cases": CASES, "turns": TURNS}
SMALL = Limits(memory_mb=100, seconds=10)
SHORT = Limits(memory_mb=100, seconds=1)


@pytest.fixture(autouse=True)
def no_traces(tmp_path, monkeypatch):
    """Queries run beside an empty folder, and leave it and the folder of temporary files empty."""
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    (tmp_path / "secret.csv").write_text("x\n1\n")
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("NIGHTSHIFT_SECRET", "hush")
    yield
    assert list(here.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_right_answers():
    found = select(
        "WITH said AS (SELECT case_id, count(*) AS n, string_agg(text, ' ' ORDER BY position) AS said FROM turns GROUP BY 1) "
        "SELECT c.case_id, n, said, amount > 100 AS large FROM cases c LEFT JOIN said USING (case_id) ORDER BY 1; -- done",
        TABLES,
        SMALL,
    )
    assert found["case_id"].tolist() == ["a", "b", "c"]
    assert found["n"].fillna(0).tolist() == [2, 1, 0]
    assert found["said"].fillna("").tolist() == ["hi a price", "x", ""]
    assert found["large"].tolist() == [False, True, None]


@pytest.mark.parametrize(
    "sql, answer",
    [
        ("SELECT len(list_filter(string_split('a b a', ' '), lambda x: x = 'a'))", 2),
        ("SELECT list_aggr([1, 2], 'sum')", 3),
        ("SELECT sum(i) FROM range(4) r(i)", 6),
        ("WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t WHERE a < 5) SELECT max(a) FROM t", 5),
        ("SELECT count(*) FROM (SELECT unnest(regexp_extract_all('a1b2', '[0-9]')))", 2),
        ("SELECT date_diff('day', DATE '2025-01-01', DATE '2025-02-01')", 31),
        ("FROM cases SELECT count(*)", 3),
        ("SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY case_id ORDER BY position) AS n FROM TURNS)", 2),
    ],
)
def test_what_is_allowed(sql, answer):
    assert select(sql, TABLES, SMALL).iloc[0, 0] == answer


def test_types_and_tables_of_arrow():
    found = select_table("SELECT n, n AS n, n::VARCHAR AS s FROM cases", {"cases": pa.table({"n": [1, 2]})}, SMALL)
    assert found.column_names == ["n", "n", "s"]
    assert found.schema.field(2).type == pa.string()
    with pytest.raises(SqlRefused, match="two columns"):
        select("SELECT n, n AS n FROM cases", {"cases": pa.table({"n": [1, 2]})}, SMALL)


CASES_FRAME = CASES  # a replacement scan of Python's variables would find it


@pytest.mark.parametrize(
    "sql, said",
    [
        ("SELECT * FROM '../secret.csv'", "no table '../secret.csv'"),
        ("SELECT * FROM read_csv('../secret.csv')", "read_csv"),
        ("SELECT * FROM CASES_FRAME", "no table 'CASES_FRAME'"),
        ("COPY cases TO 'out.csv'", "kind COPY"),
        ("SELECT 1; DROP TABLE cases", "2 statements"),
        ("SELECT random()", "random"),
        ("SELECT regexp_match(text, 'x') FROM turns", "regexp_matches"),
        ("SELEC 1", "syntax error"),
        ("SELECT amuont FROM cases", "amount"),
        ("SELECT region::INT FROM cases", "EU"),
        ("  ", "empty"),
        ("SELECT 1 --" + "x" * LONGEST, "20,000"),
        ("SELECT 1\0", "zero character"),
        ("SELECT '\ud800'", "cannot be run"),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "depth"),
    ],
)
def test_refusals_come_through_in_one_sentence(sql, said):
    with pytest.raises(SqlRefused, match=said) as caught:
        select(sql, TABLES, SMALL)
    assert not isinstance(caught.value, SqlTooHeavy)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '../secret.csv'",
        "SELECT * FROM read_text('../secret.csv')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM CASES_FRAME",
        "COPY cases TO 'out.csv'",
        "ATTACH 'out.db' AS out",
        "INSTALL httpfs",
        "LOAD spatial",
        "SET memory_limit = '100GB'",
        "SET threads = 4",
        "SET enable_external_access = true",
        "EXPORT DATABASE 'out'",
    ],
)
def test_locks_hold_without_the_grammar(sql, monkeypatch):
    open_door = "import nightshift.sandbox.child as c; c.check_select = lambda *_: {'cases'}; c.main()"
    monkeypatch.setattr(parent, "_CHILD", ("-c", open_door))
    with pytest.raises(SqlRefused):
        select(sql, TABLES, SMALL)


def test_the_environment_holds_nothing_of_ours():
    needed = "PYTHONPATH HOME TMPDIR TZ LC_ALL OMP_NUM_THREADS ARROW_DEFAULT_MEMORY_POOL".split()
    assert set(parent._environment("/nowhere")) <= {*needed, "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE"}


def test_files_cannot_be_opened_even_by_python(monkeypatch):
    code = (
        "import nightshift.sandbox.child as c\nold = c._lock\n"
        "def lock(*args):\n    old(*args)\n    open('request.json')\nc._lock = lock\nc.main()"
    )
    monkeypatch.setattr(parent, "_CHILD", ("-c", code))
    with pytest.raises(SqlRefused, match="Too many open files"):
        select("SELECT 1", TABLES, SMALL)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT max(a) FROM t",
        "SELECT count(*) FROM range(1000000000000)",
        "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)",
        "SELECT levenshtein(repeat('ab', 200000), repeat('ba', 200000))",
        "SELECT regexp_matches(repeat('a', 3000000), '(a|aa){1,500}(a|aa){1,500}b') FROM range(100)",
    ],
)
def test_time_bombs(sql):
    start = time.perf_counter()
    with pytest.raises(SqlTooHeavy, match="1 seconds"):
        select(sql, TABLES, SHORT)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(i) FROM range(1000000000) r(i)",
        "SELECT string_agg(repeat('x', 1000), '') FROM range(10000000)",
        "SELECT repeat('x', 4000000000)",
        "SELECT repeat('x', 10000000) || i::VARCHAR FROM range(1000) r(i)",
        "SELECT * FROM range(100000000) ORDER BY 1 DESC",
        "SELECT list_sum(range(1000000000))",
        "SELECT count(*) FROM (SELECT DISTINCT i FROM range(100000000) r(i))",
        "SELECT * FROM range(1000000000)",
        "WITH RECURSIVE t AS (SELECT 'xxxxxxxxxxxxxxxx' AS a UNION ALL SELECT a || a FROM t) SELECT max(len(a)) FROM t",
    ],
)
def test_memory_bombs(sql):
    start = time.perf_counter()
    with pytest.raises(SqlTooHeavy, match="100 MB"):
        select(sql, TABLES, SMALL)
    assert time.perf_counter() - start < 12


def test_a_killed_parent_leaves_nothing():
    folder = tempfile.gettempdir()
    code = (
        "import tempfile, pandas as pd\nfrom nightshift.sandbox import select\n"
        f"tempfile.tempdir = {folder!r}\n"
        "select('SELECT count(*) FROM cases, range(1000000000000)', {'cases': pd.DataFrame({'case_id': ['a']})})"
    )
    killed = subprocess.Popen([sys.executable, "-c", code])
    _until(lambda: glob.glob(f"{folder}/.*/result.arrow"))
    killed.kill()
    killed.wait()
    _until(lambda: not os.listdir(folder))


def test_a_parent_killed_before_its_child_starts_leaves_it_to_the_next_night(tmp_path):
    folder = tempfile.gettempdir()
    code = (
        "import os, signal, tempfile, pandas as pd\nfrom nightshift.sandbox import parent\n"
        f"tempfile.tempdir = {folder!r}\n"
        "parent._outcome = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "parent.select('SELECT * FROM cases', {'cases': pd.DataFrame({'case_id': ['a']})})"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert glob.glob(f"{folder}/.*/cases.arrow")
    clear_leftovers(tmp_path)
    assert not os.listdir(folder)


def _until(happens, seconds=20):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    "sql, holds",
    [
        ("amount > 1000 AND region = 'US'", [False, True, False]),
        ("amount > 1000 OR region = 'EU' -- a remark", [True, True, False]),
        ("open", [True, False, True]),
        ("amount IS NULL", [False, False, True]),
        ("NULL::BOOLEAN", [False, False, False]),
        ("lower(region) LIKE 'e%' AND list_contains(['a', 'c'], case_id)", [True, False, False]),
    ],
)
def test_conditions(sql, holds):
    found = condition(sql, CASES, SMALL)
    assert found.dtype == bool
    assert found.tolist() == holds


@pytest.mark.parametrize(
    "sql, said",
    [
        ("true) AS holds FROM cases --", "syntax error"),
        ("amount", "double and not true or false"),
        ("'true'", "string and not true or false"),
        ("unnest([true, false])", "6 answers for 3 cases"),
        ("geomean(amount) > 1", "GROUP BY"),
        ("regexp_split_to_table('true b', ' ') = 'true'", "6 answers"),
        ("nothing > 1", "nothing"),
    ],
)
def test_conditions_that_fail(sql, said):
    with pytest.raises(SqlRefused, match=said):
        condition(sql, CASES, SMALL)
