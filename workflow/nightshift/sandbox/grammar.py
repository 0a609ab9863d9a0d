"""What a stranger's query may say. Everything not listed here is refused, by walking the tree that DuckDB parses.

DuckDB's own locks (no external access, locked configuration) and the process around it would stop most of it too; the
grammar is there for what they let through (the clock, random numbers, system tables) and for clear words.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

_NODES = "SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE"
_SOURCES = "BASE_TABLE SUBQUERY JOIN EXPRESSION_LIST EMPTY TABLE_FUNCTION"
_MODIFIERS = "ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ASCENDING DESCENDING ORDER_DEFAULT"
_TYPES = {*_NODES.split(), *_SOURCES.split(), *_MODIFIERS.split()}
_CLASSES = set(
    "CONSTANT COLUMN_REF FUNCTION COMPARISON CONJUNCTION CAST TYPE CASE OPERATOR BETWEEN STAR SUBQUERY WINDOW LAMBDA "
    "LAMBDA_REF COLLATE POSITIONAL_REFERENCE".split()
)
_TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}

# Consistent by DuckDB's own account, and yet: the clock, chance, the machine, aggregate states made up by hand, SQL as
# text.
_DENIED = set(
    "current_localtime current_localtimestamp ago reservoir_quantile version finalize combine combine_aggr "
    "to_aggregate_state index_key create_sort_key json_serialize_sql json_serialize_plan json_deserialize_sql "
    "parse_duckdb_log_message get_block_size".split()
)
_CLOCK = set("current_date current_time current_timestamp localtime localtimestamp".split())
_AGGREGATE_BY_NAME = {"list_aggr", "list_aggregate", "array_aggr", "array_aggregate", "aggregate"}

_WORDS = {
    "SHOW_REF": "DESCRIBE, SHOW and SUMMARIZE are not allowed: select columns of {tables}",
    "PIVOT": "PIVOT and UNPIVOT are not allowed: write one sum(x) FILTER (WHERE ...) for each column",
}


class Refused(Exception):  # noqa: N818
    """Why a query is not run, in one sentence."""


def check_select(connection: duckdb.DuckDBPyConnection, sql: str, tables: Mapping[str, list[str]]) -> set[str]:
    """Refuse what is not one harmless SELECT.

    Parameters
    ----------
    connection : to parse with, and to ask which functions there are
    sql : str
    tables : name -> columns

    Returns
    -------
    set of the names of the tables that it reads

    Raises
    ------
    Refused
    """
    return _Walk(connection, tables).check(_parse(connection, sql, "query"))


def check_expression(connection: duckdb.DuckDBPyConnection, text: str, columns: list[str]) -> str:
    """Refuse what is not one expression over the columns of `cases`; returns the query that computes it.

    Raises
    ------
    Refused
    """
    alone = _parse(connection, f"SELECT\n{text}\n", "condition")
    # Read again in its place: what closes our bracket, or opens a comment over it, shows as another tree.
    placed = _parse(connection, f"SELECT (\n{text}\n) AS holds FROM cases", "condition")
    if not (_is_one_expression(alone, "EMPTY", "") and _is_one_expression(placed, "BASE_TABLE", "holds")):
        raise Refused("a condition is one expression, e.g. amount > 1000 AND region = 'EU': remove what is around it")
    walk = _Walk(connection, {"cases": columns})
    walk.check(placed)
    for part in _dicts(placed["select_list"]):
        many = str(part.get("function_name", "")).lower() in walk.looks_at_many
        if many or part.get("class") in ("SUBQUERY", "WINDOW", "STAR"):
            raise Refused(
                "a condition looks at one case alone: write it without subquery, aggregate, window function and *"
            )
    # With rowid beside it, an aggregate that hides in a macro cannot be bound.
    return f"SELECT (\n{text}\n) AS holds, rowid FROM cases"


def one_sentence(error: BaseException) -> str:
    """DuckDB's message without its drawing of the place, in one line of at most 400 characters."""
    said = re.split(r"\n+LINE \d+:", str(error))[0]
    return re.sub(r"\s+", " ", said).strip()[:400]


def _parse(connection: duckdb.DuckDBPyConnection, sql: str, what: str) -> dict[str, Any]:
    """The tree of the one SELECT in `sql`."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise Refused(f"the {what} holds {len(statements)} statements: write exactly one SELECT")
    kind = statements[0].type.name
    if kind != "SELECT":
        raise Refused(f"the {what} is a statement of the kind {kind}: write one SELECT, or WITH ... SELECT")
    said = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0]
    tree = json.loads(said)
    if tree["error"]:
        raise Refused(f"the {what} cannot be read: {tree['error_message'].splitlines()[0]}")
    if len(tree["statements"]) != 1:
        raise Refused(f"the {what} holds {len(tree['statements'])} statements: write exactly one SELECT")
    return tree["statements"][0]["node"]


def _is_one_expression(node: dict[str, Any], source: str, alias: str) -> bool:
    """Whether a tree is `SELECT expression AS alias [FROM source]` and nothing else."""
    if node["type"] != "SELECT_NODE" or len(node["select_list"]) != 1:
        return False
    around = ("where_clause", "having", "qualify", "sample", "modifiers", "group_expressions", "group_sets")
    plain = not any(node.get(key) for key in around) and not node["cte_map"]["map"]
    return plain and node["from_table"]["type"] == source and node["select_list"][0]["alias"] == alias


def _dicts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON tree, the outer ones first."""
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            yield part
            todo.extend(reversed(part.values()))
        elif isinstance(part, list):
            todo.extend(reversed(part))


class _Walk:
    """Looks at every part of a tree."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, list[str]]):
        self.tables = {name.lower() for name in tables}
        self.columns = {name.lower() for columns in tables.values() for name in columns}
        self.used: set[str] = set()
        self.ctes: set[str] = set()
        rows = connection.execute(
            "SELECT function_name, function_type, stability, macro_definition FROM duckdb_functions() "
            "WHERE schema_name = 'main' AND function_type IN ('scalar', 'aggregate', 'window', 'macro')"
        ).fetchall()
        self.known = {row[0] for row in rows} | {"unnest"}
        denied = {name for name, kind, stability, body in rows if not _is_steady(name, kind, stability, body)}
        self.allowed = self.known - denied
        self.aggregates = {name for name, kind, _, _ in rows if kind == "aggregate"} & self.allowed
        self.looks_at_many = self.aggregates - {name for name, kind, _, _ in rows if kind == "scalar"}
        self.system = {name for (name,) in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}

    def check(self, tree: dict[str, Any]) -> set[str]:
        """Returns the tables that are read."""
        self.ctes = {
            entry["key"].lower() for part in _dicts(tree) for entry in (part.get("cte_map") or {}).get("map", ())
        }
        if self.ctes & self.system:
            raise Refused(
                f"{min(self.ctes & self.system)} is a name of DuckDB's own: call that WITH table something else"
            )
        for part in _dicts(tree):
            self._look(part)
        return self.used

    def _look(self, part: dict[str, Any]) -> None:
        kind = part.get("type")
        if part.get("sample"):
            raise Refused("SAMPLE is not allowed, since it draws by chance: take rows by a condition on their columns")
        if "class" in part:
            self._expression(part)
        elif isinstance(kind, str) and kind not in _TYPES and not kind.endswith("_TYPE_INFO"):
            words = _WORDS.get(kind, f"{kind} is not allowed: write a plain SELECT over {{tables}}")
            raise Refused(words.format(tables=self._names()))
        elif kind == "BASE_TABLE":
            self._table(part)
        elif kind == "TABLE_FUNCTION":
            name = part["function"].get("function_name", "").lower()
            if name not in _TABLE_FUNCTIONS:
                raise Refused(f"{name}() is not allowed in FROM: the only tables are {self._names()}")

    def _table(self, part: dict[str, Any]) -> None:
        name = part["table_name"].lower()
        if part.get("schema_name") or part.get("catalog_name") or name not in self.tables | self.ctes:
            path = [part.get("catalog_name"), part.get("schema_name"), part["table_name"]]
            said = ".".join(step for step in path if step)
            raise Refused(f"there is no table {said!r} here: the only tables are {self._names()}, without a schema")
        if name in self.tables:
            self.used.add(name)

    def _names(self) -> str:
        return " and ".join(sorted(self.tables))

    def _expression(self, part: dict[str, Any]) -> None:
        if part["class"] not in _CLASSES:
            raise Refused(f"{part['class']} is not allowed in a query: write constants in their places")
        names = part.get("column_names") or []
        if names and names[-1].lower() == "rowid" and "rowid" not in self.columns:
            raise Refused("rowid is not allowed, since it depends on the other rows: use case_id, call and position")
        if len(names) == 1 and names[0].lower() in _CLOCK:
            raise Refused(f"{names[0]} is not allowed, since tomorrow it is another: use a date column or a constant")
        if "function_name" in part:
            self._function(part, part["function_name"].lower())

    def _function(self, part: dict[str, Any], name: str) -> None:
        if name not in self.known:
            near = difflib.get_close_matches(name, sorted(self.allowed), 3)
            raise Refused(
                f"there is no function {name}(): " + (f"is it {' or '.join(near)}?" if near else "use another")
            )
        arguments = _arguments(part)
        if name not in self.allowed or (name == "age" and len(arguments) == 1):
            raise Refused(
                f"the function {name}() is not allowed, since its answer depends on time, chance or the machine: "
                "use functions of the columns alone"
            )
        if name in _AGGREGATE_BY_NAME and _text_of(arguments[1:2]) not in self.aggregates:
            raise Refused(f"{name}() is only allowed with the name of an aggregate, e.g. {name}(x, 'sum')")


def _is_steady(name: str, kind: str, stability: str | None, body: str | None) -> bool:
    """Whether a function always gives the same for the same arguments, and looks at nothing else."""
    if name in _DENIED or name.startswith(("__internal", "st_")):
        return False
    if kind == "macro":
        return "SELECT" not in body and "current_" not in body
    return stability == "CONSISTENT"


def _arguments(function: dict[str, Any]) -> list[dict[str, Any]]:
    """The expressions in the brackets of a function; DuckDB 1 calls them `children`, DuckDB 2 `arguments`, by name."""
    given = function.get("arguments", function.get("children")) or []
    return [argument.get("expression", argument) for argument in given]


def _text_of(arguments: list[dict[str, Any]]) -> str | None:
    """The string that an argument is, None if it is something else; DuckDB 1 calls it `value`, DuckDB 2 `literal`."""
    if not arguments or arguments[0]["class"] != "CONSTANT":
        return None
    constant = arguments[0].get("literal") or arguments[0].get("value") or {}
    said = constant.get("text", constant.get("value"))
    return said.lower() if isinstance(said, str) else None
