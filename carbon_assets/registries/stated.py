"""What rows of transactions say of their projects: name, proponent, protocol, type, country (`states` of a table).

Kept beside the normalized table, one row per project, fact and text, so that a project that no projects table lists has what is
published of it. Which text counts is decided in `unified`, where all tables that speak of a project are known.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import readers, store
from carbon_assets.base.settings import Settings
from carbon_assets.registries import schema
from carbon_assets.registries.cells import text_value
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import canonical_cell_type
from carbon_assets.snapshots.store import Snapshot


def facts(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    table: str,
    snapshot: Snapshot,
    raw: readers.RawTable,
    snapshot_id: str,
) -> pa.Table:
    """What the relation `accepted` says of projects by the cells of the relation `raw`, as `schema.STATED`."""
    spec = registry.tables[table]
    kinds = {name: canonical_cell_type(schema.PROJECTS, name) for name in spec.states}
    values = {name: text_value(column, raw, spec.missing, kinds[name]) for name, column in spec.states.items()}
    read = {name: value for name, value in values.items() if value}
    if not read:
        return schema.STATED.empty_table()
    columns = ", ".join(f"{value} as {name}" for name, value in read.items())
    return (
        con.execute(
            f"""
            with per_text as (
                select a.project_id, {columns}, count(*) as occurrences
                from accepted a join raw r on r.{readers.LINE} = a.line
                group by all
            )
            select
                project_id, fact, value, sum(occurrences)::bigint as occurrences, $observed_at::timestamptz as observed_at,
                $source as source, $snapshot_id as snapshot_id
            from (unpivot per_text on {", ".join(read)} into name fact value value)
            where project_id is not null
            group by project_id, fact, value
            order by project_id, fact, value
            """,
            {
                "observed_at": snapshot.observed_at,
                "source": f"{registry.id}/{table}",
                "snapshot_id": snapshot_id,
            },
        )
        .to_arrow_table()
        .cast(schema.STATED)
    )


def path_of(settings: Settings, registry: Registry, table: str) -> Path:
    """Where it is kept what a table says of projects."""
    return settings.table("stated", registry.id, table)


def write(settings: Settings, registry: Registry, table: str, rows: pa.Table | None) -> None:
    """Keep what a table of transactions says of projects; nothing for one of projects. `rows`: None where there is no file."""
    if registry.tables[table].holds == "credits":
        store.write(path_of(settings, registry, table), rows or schema.STATED.empty_table(), schema.STATED)


def paths(settings: Settings, registries: dict[str, Registry]) -> list[Path]:
    """What is kept of all registries. A table that was normalized before this was kept has none yet."""
    of_tables = (path_of(settings, registry, table) for registry in registries.values() for table in registry.tables)
    return [path for path in of_tables if path.exists()]
