"""What changed in the registries' records over all snapshots: which are compared, what is kept of it, what weighs most.

How two files are compared belongs in `record_diff.py`.
"""

from __future__ import annotations

import hashlib
import json
import logging
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from carbon_assets.base import code, readers, store
from carbon_assets.base.settings import Settings
from carbon_assets.history import schema
from carbon_assets.history.classes import ChangeClasses, files_read
from carbon_assets.history.record_diff import between
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

log = logging.getLogger(__name__)


def registry_changes(con: duckdb.DuckDBPyConnection, settings: Settings, registries: dict[str, Registry]) -> pa.Table:
    """The changes between all snapshots that follow one another, of all tables, as `schema.REGISTRY_CHANGES`."""
    parts = [
        kept(con, settings, registry, table, old, new)
        for registry in registries.values()
        for table in registry.tables
        for old, new in snapshots.compared(settings, registry.id, table)
    ]
    return pa.concat_tables([schema.REGISTRY_CHANGES.empty_table(), *parts])


def newest_pairs(settings: Settings, registries: dict[str, Registry]) -> list[tuple[Snapshot, Snapshot]]:
    """Of each table that changed, its newest snapshot behind the one that it is compared with."""
    newest = (snapshots.compared(settings, r.id, table)[-1:] for r in registries.values() for table in r.tables)
    return [pair for pairs in newest for pair in pairs]


def kept(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, old: Snapshot, new: Snapshot
) -> pa.Table:
    """What `between` finds, made once and kept beside the data until what it depends on changes."""
    path = settings.table("changes", registry.id, table, f"{old.name}..{new.name}")
    stamp = _stamp(settings, registry, table)
    if path.exists() and (pq.read_schema(path).metadata or {}).get(b"made_with") == stamp:
        return store.read(path).cast(schema.REGISTRY_CHANGES)
    try:
        rows = between(con, settings, registry, table, old, new)
    except readers.UnreadableFile as error:  # by a description that changed after the file was taken
        log.warning("%s/%s: %s and %s cannot be compared: %s", registry.id, table, old.name, new.name, error)
        rows = schema.REGISTRY_CHANGES.empty_table()
    store.write(path, rows, schema.REGISTRY_CHANGES.with_metadata({b"made_with": stamp}))
    return rows


def _stamp(settings: Settings, registry: Registry, table: str) -> bytes:
    """A hash of all that the differences of two given files depend on: descriptions, vocabulary, code."""
    description = registry.model_dump(mode="json", exclude={"tables"}) | registry.tables[table].model_dump(mode="json")
    files = files_read(settings.configs)
    if registry.tables[table].resolves_projects:
        files.append(settings.table("normalized", registry.id, "projects"))
    digest = hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode())
    for path in files:
        digest.update(hashlib.sha256(path.read_bytes() if path.exists() else b"").digest())
    digest.update(_version_of_code().encode())
    return digest.hexdigest().encode()


@cache
def _version_of_code() -> str:
    """Of this subject and all that it imports, and of the registries' hooks, which are imported by name."""
    return f"{code.version_of('history')} {code.version_of('registries/hooks')}"


def counts(rows: pa.Table, meaning_of: ChangeClasses) -> list[dict]:
    """Records and tonnes of each class and kind of change, the gravest first."""
    keys = ["change_class", "change", "is_retroactive"]
    groups = rows.group_by(keys).aggregate([("quantity", "sum"), ("record_key", "count")]).to_pylist()
    totals = [
        {name: group[name] for name in keys} | {"records": group["record_key_count"], "quantity": group["quantity_sum"]}
        for group in groups
    ]
    return sorted(totals, key=lambda row: (meaning_of.gravest_first.index(row["change_class"]), row["change"]))


def heaviest(rows: pa.Table, limit: int) -> list[dict]:
    """The `limit` rows that weigh most: retroactive ones first, then by tonnes."""
    order = [("is_retroactive", "descending"), ("quantity", "descending"), ("record_key", "ascending")]
    return rows.take(pc.sort_indices(rows, order)[:limit]).to_pylist()


def in_words(row: dict) -> str:
    """What became of a record, in one line."""
    if row["change"] != "changed":
        return row["change"]
    return "; ".join(f"{f['field']}: {_short(f['old'])} -> {_short(f['new'])}" for f in row["fields"])


def _short(text: str | None) -> str:
    if text is None:
        return "blank"
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:57]}..."
