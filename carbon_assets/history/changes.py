"""What changed in the registries' records over all snapshots: which are compared, what is kept of it, what weighs most.

How two files are compared belongs in `record_diff.py`.
"""

from __future__ import annotations

import logging

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from carbon_assets.base import readers, store
from carbon_assets.base.settings import Settings
from carbon_assets.history import schema
from carbon_assets.history.classes import ChangeClasses, load_classes
from carbon_assets.history.dependence import Dependence
from carbon_assets.history.record_diff import between
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

log = logging.getLogger(__name__)


def registry_changes(con: duckdb.DuckDBPyConnection, settings: Settings, registries: dict[str, Registry]) -> pa.Table:
    """The changes between all snapshots that follow one another, of all tables, as `schema.REGISTRY_CHANGES`."""
    meaning_of = load_classes(settings.configs)
    parts = [
        kept(con, dependence, old, new)
        for registry in registries.values()
        for table in registry.tables
        for dependence in [Dependence(settings, registry, table, meaning_of)]
        for old, new in snapshots.compared(settings, registry.id, table)
    ]
    return pa.concat_tables([schema.REGISTRY_CHANGES.empty_table(), *parts])


def newest_pairs(settings: Settings, registries: dict[str, Registry]) -> list[tuple[Snapshot, Snapshot]]:
    """Of each table that changed, its newest snapshot behind the one that it is compared with."""
    newest = (snapshots.compared(settings, r.id, table)[-1:] for r in registries.values() for table in r.tables)
    return [pair for pairs in newest for pair in pairs]


def kept(con: duckdb.DuckDBPyConnection, dependence: Dependence, old: Snapshot, new: Snapshot) -> pa.Table:
    """What `between` finds, made once and kept beside the data until something changes that its rows depend on."""
    settings, registry, table = dependence.settings, dependence.registry, dependence.table
    path = settings.table("changes", registry.id, table, f"{old.name}..{new.name}")
    if path.exists():
        with pq.ParquetFile(path) as file:
            if dependence.still_holds(file.schema_arrow.metadata or {}, old, new):
                return _judged(file.read().cast(schema.REGISTRY_CHANGES), dependence.meaning_of)
    try:
        rows = between(con, settings, registry, table, old, new)
    except readers.UnreadableFile as error:  # by a description that changed after the file was taken
        log.warning("%s/%s: %s and %s cannot be compared: %s", registry.id, table, old.name, new.name, error)
        rows = schema.REGISTRY_CHANGES.empty_table()
    metadata = dependence.metadata(old, new, rows)
    rows = rows.cast(schema.REGISTRY_CHANGES)
    store.write(path, rows, schema.REGISTRY_CHANGES.with_metadata(metadata))
    return rows


def _judged(rows: pa.Table, meaning_of: ChangeClasses) -> pa.Table:
    """Rows as kept; which of them rewrite the past is said by today's list."""
    name = "is_retroactive"
    is_retroactive = pc.is_in(rows["change_class"], pa.array(meaning_of.retroactive, pa.string()))
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(name), is_retroactive)


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
