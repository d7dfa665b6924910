"""How DuckDB would join in each statement that the package executes: a connection that explains before it executes.

Small tables are planned like large ones: by hash where an equality is a key of the join, else row by row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from tests.kit.places import HOME

ROW_BY_ROW = {"NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT"}
"""Operators that look at every pair of rows of their two sides."""

# Without these DuckDB compares pair by pair, whatever the condition, where a side has few rows.
AS_LARGE_TABLES = """
    set nested_loop_join_threshold = 0; set merge_join_threshold = 0; set asof_loop_join_threshold = 0
"""

_EXPLAINED = {duckdb.StatementType.SELECT, duckdb.StatementType.CREATE, duckdb.StatementType.INSERT}


@dataclass(frozen=True)
class Join:
    """One join of a plan: by which operator and condition, and the module that asks (`history/periods.py`). `has_one_row`: one
    of its sides is a single row whatever the data, such as a sum over a whole table."""

    operator: str
    condition: str
    module: str
    has_one_row: bool


class ExplainingConnection:
    """A DuckDB connection that notes the joins of each statement in `joins` before it executes it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, joins: list[Join]) -> None:
        self._connection, self._joins = connection, joins
        connection.execute(AS_LARGE_TABLES)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def __enter__(self) -> ExplainingConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        module = _module_that_asks()
        statements = self._connection.extract_statements(query)
        for statement in statements:  # one after the other: a later one may name what an earlier one makes
            given = parameters if len(statements) == 1 else None
            if statement.type in _EXPLAINED:
                self._joins += joins_of(self._connection, statement.query, module, given)
            self._connection.execute(statement, given)
        return self._connection


def joins_of(
    connection: duckdb.DuckDBPyConnection, query: str, module: str, parameters: object = None
) -> Iterator[Join]:
    """The joins of one statement. Raises `duckdb.Error` where it cannot be planned."""
    try:
        ((_, plan),) = connection.execute(f"explain (format json) {query}", parameters).fetchall()
    except duckdb.ParserException:  # a macro or a view: nothing is planned before it is asked
        return
    nodes = list(_nodes(json.loads(plan)))
    named = {node["extra_info"]["Table Index"]: node["children"][0] for node in nodes if node["name"].strip() == "CTE"}
    for node in nodes:
        operator = node["name"].strip()
        if operator.endswith("_JOIN") or operator == "CROSS_PRODUCT":
            has_one_row = any(_is_one_row(side, named) for side in node["children"])
            yield Join(operator, _condition(node["extra_info"]), module, has_one_row)


def _nodes(plan: list[dict]) -> Iterator[dict]:
    """All nodes of a plan."""
    for node in plan:
        yield node
        yield from _nodes(node["children"])


def _is_one_row(node: dict, named: dict[str, dict]) -> bool:
    """Whether a part of a plan gives one row, whatever the data. `named`: the parts that others refer to by number."""
    below = node["children"]
    match node["name"].strip():
        case "PROJECTION":
            return _is_one_row(below[0], named)
        case "CROSS_PRODUCT":
            return all(_is_one_row(side, named) for side in below)
        case "CTE_SCAN":
            definition = named.get(node["extra_info"]["CTE Index"])
            return definition is not None and _is_one_row(definition, named)
        case "HASH_GROUP_BY":  # `list` over a whole table
            return not node["extra_info"].get("Groups")
        case operator:
            return operator in ("UNGROUPED_AGGREGATE", "DUMMY_SCAN")


def _condition(info: dict) -> str:
    said = info.get("Conditions", "")
    return " AND ".join(said) if isinstance(said, list) else said


def _module_that_asks() -> str:
    package = str(HOME / "carbon_assets") + "/"
    frame = sys._getframe(2)
    while frame and not frame.f_code.co_filename.startswith(package):
        frame = frame.f_back
    return frame.f_code.co_filename.removeprefix(package) if frame else "tests"
