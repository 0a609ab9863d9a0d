"""The sandbox: right answers to right queries, and one clear refusal, in time and without a trace, to all others."""

import glob
import os
import subprocess
import sys
import tempfile
import time

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nightshift.sandbox import LONGEST, Limits, SqlRefused, SqlTooHeavy, condition, parent, select, select_table
from nightshift.sandbox.grammar import Refused, check_expression, check_select

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


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect(config={"enable_external_access": "false", "threads": "1"}) as open_one:
        yield open_one


PARSED = [
    "COPY cases TO 'out.csv'",
    "COPY (SELECT 1) TO '../out.parquet'",
    "COPY cases FROM '../secret.csv'",
    "EXPORT DATABASE 'out'",
    "IMPORT DATABASE 'out'",
    "ATTACH '../other.db' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH memory",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL spatial FROM community",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
    "SET VARIABLE x = 1",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "CREATE TABLE x AS SELECT 1",
    "CREATE VIEW x AS SELECT 1",
    "CREATE MACRO f(x) AS x",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO cases SELECT * FROM cases",
    "UPDATE cases SET amount = 1",
    "DELETE FROM cases",
    "DROP TABLE cases",
    "ALTER TABLE cases ADD COLUMN x INT",
    "TRUNCATE cases",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "CALL range(3)",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "SHOW TABLES",
    "DESCRIBE cases",
    "SUMMARIZE cases",
    "SELECT * FROM (DESCRIBE cases)",
    "SELECT * FROM (SHOW ALL TABLES)",
    "PIVOT cases ON region USING sum(amount)",
    "FROM cases PIVOT (sum(amount) FOR region IN ('EU'))",
    "WITH x AS (INSERT INTO cases VALUES (1) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM cases RETURNING *) SELECT * FROM x",
    "",
    "-- nothing",
    "/* SELECT 1 */",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY cases TO 'out.csv'",
    "SELECT 1 /* ; */ ; -- \n DROP TABLE cases",
    "SELEC 1",
    "SELECT $1",
    "SELECT ?",
    # files, in every form
    "FROM '../secret.csv'",
    "SELECT * FROM '../secret.csv'",
    'SELECT * FROM "../secret.csv"',
    "SELECT * FROM ['../secret.csv']",
    "SELECT (SELECT x FROM '../secret.csv')",
    "SELECT 1 WHERE EXISTS (FROM 'https://example.com/x.parquet')",
    "SELECT * FROM cases JOIN '../secret.csv' ON true",
    "SELECT * FROM cases, LATERAL (FROM read_text('../*'))",
    "SELECT 1 LIMIT (SELECT x FROM '../secret.csv')",
    "SELECT 1 ORDER BY (SELECT x FROM '../secret.csv')",
    "SELECT [y FOR y IN (SELECT x FROM '../secret.csv')]",
    "VALUES ((SELECT x FROM '../secret.csv'))",
    "SELECT 1 UNION ALL SELECT x FROM '../secret.csv'",
    "WITH t AS MATERIALIZED (FROM '../secret.csv') FROM t",
    "WITH RECURSIVE t AS (SELECT 1 UNION ALL FROM '../secret.csv') FROM t",
    "WITH cases AS (FROM '../secret.csv') FROM cases",
    "TABLE '../secret.csv'",
    *(
        f"SELECT * FROM {name}('../secret.csv')"
        for name in (
            "read_csv read_csv_auto sniff_csv read_text read_blob read_json read_json_auto read_json_objects read_ndjson "
            "read_parquet parquet_scan parquet_metadata parquet_schema glob read_duckdb seq_scan arrow_scan pandas_scan "
            "python_arrow_scan sqlite_scan postgres_query query query_table json_execute_serialized_sql which_secret"
        ).split()
    ),
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM repeat('x', 5)",
    # tables of the system and variables of Python
    *(
        f"SELECT * FROM {name}"
        for name in (
            "duckdb_settings() duckdb_secrets() duckdb_logs() duckdb_variables() duckdb_functions() pragma_version() "
            "duckdb_tables duckdb_views sqlite_master pg_class pg_catalog.pg_settings information_schema.tables "
            "information_schema.columns CASES_FRAME parent memory.main.cases main.cases temp.cases"
        ).split()
    ),
    "WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables",
    # time, chance and the machine
    *(
        f"SELECT {call}"
        for call in (
            "random() RANDOM() main.random() system.main.random() uuid() gen_random_uuid() uuidv7() now() today() "
            "current_date CURRENT_TIMESTAMP current_time localtimestamp get_current_timestamp() current_localtime() "
            "transaction_timestamp() pg_postmaster_start_time() setseed(0.5) getenv('HOME') version() "
            "current_setting('threads') getvariable('x') current_query() txid_current() nextval('x') sleep_ms(1) "
            "pg_sleep(1) write_log('x') error('x') get_block_size('memory') json_serialize_sql('x') current_database() "
            'rowid "random"()'
        ).split()
    ),
    "SELECT age(TIMESTAMP '2020-01-01')",
    "SELECT ago(INTERVAL 1 DAY)",
    "SELECT list_transform([1], lambda x: x + random())",
    "SELECT [random() FOR x IN [1, 2]]",
    "SELECT count(*) FILTER (WHERE random() > 0.5) FROM cases",
    "SELECT sum(amount) OVER (ORDER BY random()) FROM cases",
    "SELECT amount FROM cases QUALIFY random() > 0.5",
    "SELECT amount FROM cases GROUP BY ALL HAVING random() > 0.5",
    "SELECT * REPLACE (random() AS amount) FROM cases",
    "SELECT max(amount ORDER BY random()) FROM cases",
    "SELECT * FROM cases ORDER BY random()",
    "SELECT * FROM cases JOIN turns ON random() > 0.5",
    "SELECT * FROM range(CAST(random() * 5 AS INT))",
    "SELECT DISTINCT ON (random()) * FROM cases",
    "SELECT CASE WHEN true THEN random() END",
    "SELECT 'x'.concat(random())",
    "SELECT reservoir_quantile(amount, 0.5) FROM cases",
    "SELECT list_aggr([1, 2, 3], 'reservoir_quantile', 0.5)",
    "SELECT list_aggr([1, 2, 3], 'reservoir' || '_quantile', 0.5)",
    "SELECT * FROM cases USING SAMPLE 1",
    "SELECT * FROM cases TABLESAMPLE 50%",
    "SELECT * FROM cases TABLESAMPLE reservoir(1) REPEATABLE (1)",
    "SELECT finalize(to_aggregate_state('x'))",
    "SELECT st_geomfromwkb('x'::BLOB)",
    "SELECT no_such_function(1)",
]


@pytest.mark.parametrize("sql", PARSED)
def test_the_grammar_refuses(sql, connection):
    with pytest.raises((Refused, duckdb.ParserException)) as caught:
        check_select(connection, sql, {"cases": list(CASES), "turns": list(TURNS)})
    assert len(str(caught.value)) > 20


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
    _until(lambda: glob.glob(f"{folder}/*/result.arrow"))
    killed.kill()
    killed.wait()
    _until(lambda: not os.listdir(folder))


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
    "sql",
    [
        "1=1) UNION SELECT (true",
        "true) AS holds FROM cases --",
        "true) AS holds FROM cases WHERE (true",
        "(1=1) UNION SELECT (true)",
        "1) = (1",
        "open AS mine",
        "open, open",
        "open; SELECT 1",
        "open FROM cases",
        "true /*",
        "DISTINCT open",
        "*",
        "COLUMNS('open')",
        "amount > avg(amount)",
        '"AVG"(amount) > 1',
        "amount > avg(amount) OVER ()",
        "amount > (SELECT 1)",
        "EXISTS (FROM cases)",
        "rowid < 2",
        "random() > 0.5",
    ],
)
def test_what_is_no_condition(sql, connection):
    with pytest.raises((Refused, duckdb.ParserException)):
        check_expression(connection, sql, list(CASES))


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
