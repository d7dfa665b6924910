"""DuckDB for small cases: opening it takes longer than normalizing a small file, so that a process opens it once."""

from __future__ import annotations

import functools

import duckdb


@functools.cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})  # starting more takes longer than so small a table


def connection() -> duckdb.DuckDBPyConnection:
    """A connection with temporary tables and views of its own. Only macros are shared with the others, and settings."""
    return _engine().cursor()
