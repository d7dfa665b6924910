"""What changed in a table from one file to another, record by record.

A record is a row of the file, its fields are the file's columns: every difference that a plain comparison by key finds is
told here, and nothing else. How a number or a date is written is no difference, nor is the order of rows or columns, nor a
column that only one of the files has (`schema_changes` tells that). What rows mean belongs in `normalize.py`, what a change
means in `classes.py`; which columns there are, in `drift.py`; which files are compared, in `changes.py`.
"""

from __future__ import annotations

import json
from functools import partial

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.base.readers import RawTable
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.history import schema, source_diff
from carbon_assets.history.classes import ChangeClasses, load_classes
from carbon_assets.history.dependence import CONTESTED, STATUSES
from carbon_assets.history.differences import (
    changed_records,
    contested_classes,
    find_changed_fields,
    one_sided,
    rank_statuses,
    statuses_that_moved,
    unsplit_lines,
)
from carbon_assets.history.pairing import find_covered_blocks, pair_records, set_aside_equal_records
from carbon_assets.history.records import make_side, set_aside_equal_rows
from carbon_assets.history.sides import SIDES, KeyParts, Version, fields_of
from carbon_assets.registries import normalize
from carbon_assets.registries.cells import prepare
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots.store import Snapshot


def between(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, old: Snapshot, new: Snapshot
) -> pa.Table:
    """The changes from `old` to `new`, as `schema.REGISTRY_CHANGES`. Raises `readers.UnreadableFile`."""
    versions = [Version(snapshot, partial(snapshot.content, settings)) for snapshot in (old, new)]
    return compare(con, settings, registry, table, *versions)


def compare(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, old: Version, new: Version
) -> pa.Table:
    """The changes from one file of a table to another, with what of the lists of `configs/` decided about them as metadata
    (`dependence.py`). Raises `readers.UnreadableFile`."""
    prepare(con)
    con.execute("set TimeZone = 'UTC'")
    meaning_of = load_classes(settings.configs)
    raws = _read(registry, table, old), _read(registry, table, new)
    if raws[0].layout != raws[1].layout:
        differing = source_diff.differing(con, settings, registry, table, (old, new), raws, meaning_of)
        rows = _framed(con, registry, table, old.snapshot, new.snapshot, meaning_of, differing)
        source_diff.forget(con)
        return rows.replace_schema_metadata({STATUSES: "{}", CONTESTED: "[]"})
    registry = registry.as_read(table, raws[0].layout)
    spec = registry.tables[table]
    fields = fields_of(spec, *raws)
    key = KeyParts.of(spec, fields)
    set_aside_equal_rows(con, fields, [*raws])
    for side, raw, version in zip(SIDES, raws, (old, new), strict=True):
        make_side(con, settings, registry, table, side, raw, version.snapshot, fields, key)
    set_aside_equal_records(con, registry)
    pair_records(con, len(fields))
    statuses = rank_statuses(con, settings.configs, meaning_of)
    find_covered_blocks(con)
    find_changed_fields(con, spec, fields, old.snapshot)
    differing = " union all by name ".join(
        [
            changed_records(meaning_of),
            *(one_sided(spec, side, raw) for side, raw in zip(SIDES, raws, strict=True)),
            unsplit_lines(con, [*raws]),
        ]
    )
    rows = _framed(con, registry, table, old.snapshot, new.snapshot, meaning_of, differing)
    moved = statuses_that_moved(con)
    ranks = {word: rank for word, rank in statuses.items() if word in moved}
    lists_read = {STATUSES: json.dumps(ranks), CONTESTED: json.dumps(contested_classes(con, meaning_of))}
    _forget(con)
    return rows.replace_schema_metadata(lists_read)


def _framed(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    table: str,
    old: Snapshot,
    new: Snapshot,
    meaning_of: ChangeClasses,
    differing: str,
) -> pa.Table:
    """The changes as `schema.REGISTRY_CHANGES`: with what they are of, and whether they rewrite the past."""
    fixed = {
        "registry": literal(registry.id), "table": literal(table), "from_snapshot": literal(old.name),
        "to_snapshot": literal(new.name), "observed_at": f"timestamptz {literal(new.observed_at)}",
        "is_retroactive": f"change_class in ({', '.join(map(literal, meaning_of.retroactive))})",
    }  # fmt: skip
    columns = ", ".join(f"{value} as {quote(name)}" for name, value in fixed.items())
    shape = schema.REGISTRY_CHANGES
    rows = con.execute(
        f"select {column_types.projection(shape, set(shape.names))} from (select {columns}, * from ({differing})) "
        "order by record_key, project_id, change, change_class, fields::varchar"
    ).to_arrow_table()
    return rows.cast(shape)


def _read(registry: Registry, table: str, version: Version) -> RawTable:
    """The text table of a version; what reading it took is given back, several times the file's size."""
    raw = normalize.read_file(registry, table, version.snapshot.file, version.content())
    pa.default_memory_pool().release_unused()
    return raw


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what was made for the comparison: the next one may need the memory."""
    made = con.execute(
        "select table_name from duckdb_tables() where table_name like 'changes\\_%' escape '\\'"
    ).fetchall()
    for (name,) in [*made, ("typed",)]:
        con.execute(f"drop table if exists temp.{quote(name)}")
    con.execute("drop view if exists raw")
    for side in SIDES:
        con.unregister(f"changes_text_{side}")
