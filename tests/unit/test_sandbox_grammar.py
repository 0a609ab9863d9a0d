"""What the sandbox refuses before it runs anything; `test_sandbox` tests that what gets through does no harm."""

import duckdb
import pytest

from nightshift.sandbox.grammar import Refused, check_expression, check_select

COLUMNS = {"cases": ["case_id", "amount", "region", "open"], "turns": ["case_id", "position", "speaker", "text"]}


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
        check_select(connection, sql, COLUMNS)
    assert len(str(caught.value)) > 20


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
        check_expression(connection, sql, COLUMNS["cases"])
