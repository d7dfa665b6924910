"""Writing and reading the Parquet tables of the store, and keeping processes apart.

A table is whole or not there: it is written beside its place and renamed into it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock


class SchemaViolation(Exception):
    """A table does not have the columns that `schema.py` declares."""


def write(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    """Write `table` to `path`. Raises `SchemaViolation` unless it has exactly `schema`, with values where required."""
    if table.schema.names != schema.names or table.schema.types != schema.types:
        raise SchemaViolation(f"{path.name}: expected {schema.names}; found {table.schema.names}")
    if empty := [f.name for f in schema if not f.nullable and table.column(f.name).null_count]:
        raise SchemaViolation(f"{path.name}: {', '.join(empty)} must have a value in every row")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(table.cast(schema), beside, compression="zstd")
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """All or nothing: a crash leaves no half file under `path`."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path) -> pa.Table:
    """The whole table."""
    return pq.read_table(path)


def row_count(path: Path) -> int:
    """Rows of the table, from the file's footer."""
    return pq.read_metadata(path).num_rows


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, waiting for it if need be; a process that dies lets go of it."""
    folder.mkdir(parents=True, exist_ok=True)
    # A lock that is only a file, where the disk knows no real one, would outlive a process that was killed.
    with FileLock(folder / ".lock", fallback_to_soft=False):
        yield
