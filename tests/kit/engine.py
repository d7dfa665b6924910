"""DuckDB for small cases: opening it takes longer than normalizing a small file, so that a process opens it once."""

from __future__ import annotations

import functools

import duckdb


@functools.cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})  # starting more takes longer than so small a table


@functools.cache
def _quick_planner() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1, "disabled_optimizers": "common_subexpressions"})


def quick_to_plan() -> duckdb.DuckDBPyConnection:
    """A connection for thousands of small files. Looking for common subexpressions takes half the time that such a file takes,
    and changes no result."""
    return _quick_planner().cursor()


def connection() -> duckdb.DuckDBPyConnection:
    """A connection with temporary tables and views of its own. Only macros are shared with the others, and settings."""
    return _engine().cursor()
