"""What each accepted snapshot leaves for history, so that no old file is read again."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types, store
from carbon_assets.base.settings import Settings
from carbon_assets.registries import schema
from carbon_assets.snapshots.store import Snapshot

_OBSERVED_AT = pa.field("observed_at", column_types.INSTANT, nullable=False)


PROJECTS = pa.schema([_OBSERVED_AT, *schema.PROJECTS])


TOTALS = pa.schema([_OBSERVED_AT, *schema.TOTALS])


def remember(settings: Settings, snapshot: Snapshot, rows: pa.Table, replaces_host: bool) -> None:
    """Keep what history needs of the canonical rows of an accepted snapshot. The same rows leave the same bytes.

    `replaces_host`: credits of this registry stand for those of the registry that hosts the project.
    """
    is_projects = rows.schema.names == schema.PROJECTS.names
    kept = rows if is_projects else _totals(rows, replaces_host)
    shape = PROJECTS if is_projects else TOTALS
    observed = pa.array([snapshot.observed_at] * len(kept), column_types.INSTANT)
    kept = kept.append_column(_OBSERVED_AT, observed).select(shape.names)
    in_order = kept.sort_by([(name, "ascending") for name in shape.names])
    store.write(path_of(settings, snapshot), in_order.cast(shape), shape)


def path_of(settings: Settings, snapshot: Snapshot) -> Path:
    """Where it is kept what history needs of a snapshot."""
    return settings.table("history", snapshot.registry, snapshot.table, snapshot.name)


def _totals(rows: pa.Table, replaces_host: bool) -> pa.Table:
    """Transactions and tonnes per project and type."""
    with duckdb.connect() as con:
        con.register("credits", rows)
        return con.execute(
            f"""
            select
                project_id, transaction_type, source, snapshot_id,
                count(*) as transactions,
                cast(sum(quantity) as {column_types.sql_type(column_types.TONNES)}) as quantity,
                cast($replaces_host as boolean) as is_host_replacement
            from credits group by all
            """,
            {"replaces_host": replaces_host},
        ).to_arrow_table()
