"""What the registries said over time: of projects every row that differed, of credits the totals per project and type.

Each accepted snapshot leaves a file of what history needs of it, so that no old file is read again; periods of validity
are told from those files. What the rows of a snapshot mean belongs in `normalize.py`, the differences of single records in
`registry_changes`.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.history import schema
from carbon_assets.registries.description import Registry
from carbon_assets.registries.remembered import PROJECTS, TOTALS, path_of
from carbon_assets.snapshots import store as snapshots
from carbon_assets.unified import harmonize

_OBSERVED = pa.schema(
    [
        pa.field("source", column_types.TEXT),
        pa.field("observed_at", column_types.INSTANT),
        pa.field("file", column_types.TEXT),
    ]
)


def project_history(con: duckdb.DuckDBPyConnection, settings: Settings, registries: dict[str, Registry]) -> pa.Table:
    """Periods of validity of every project of each registry's file, as `schema.PROJECT_HISTORY`.

    A new one begins where a canonical column other than `snapshot_id` differs from the snapshot before. Status and country
    are the words' meanings by today's vocabularies.
    """
    _gather(con, settings, registries, "projects", PROJECTS)
    con.execute(f"create or replace temp table periods as {_periods(PROJECTS, ['project_id'])}")
    known = harmonize.registries_table(registries)
    return _in_order(
        con,
        harmonize.harmonized_projects(con, "periods", known, settings.configs),
        schema.PROJECT_HISTORY,
        ["project_id", "source", "valid_from"],
    )


def totals_history(con: duckdb.DuckDBPyConnection, settings: Settings, registries: dict[str, Registry]) -> pa.Table:
    """Periods of validity of the totals per project, type and source, as `schema.TOTALS_HISTORY`.

    A registry's own rows of a project that a programme replaced are here, too: which ones count is told when asked.
    """
    _gather(con, settings, registries, "credits", TOTALS)
    con.execute(f"create or replace temp table periods as {_periods(TOTALS, ['project_id', 'transaction_type'])}")
    harmonize.find_hosts(con, "periods", harmonize.registries_table(registries))
    return _in_order(
        con,
        "select p.*, hosts.registry from periods p left join hosts using (project_id)",
        schema.TOTALS_HISTORY,
        ["project_id", "transaction_type", "source", "valid_from"],
    )


def _in_order(con: duckdb.DuckDBPyConnection, query: str, shape: pa.Schema, key: list[str]) -> pa.Table:
    columns = column_types.projection(shape, set(shape.names))
    rows = con.execute(f"select {columns} from ({query}) order by {', '.join(key)}").to_arrow_table()
    return rows.cast(shape)


def _gather(
    con: duckdb.DuckDBPyConnection, settings: Settings, registries: dict[str, Registry], holds: str, shape: pa.Schema
) -> None:
    """Make `observed`, the remembered snapshots in their order with the time of the next one, and `remembered`, their rows.

    A table's snapshots are told apart by when they were observed. Files of an earlier version of `shape` lack columns: what
    they did not tell is NULL.
    """
    con.execute("set TimeZone = 'UTC'")
    files = list(_remembered(settings, registries, holds))
    con.register("remembered_files", pa.Table.from_pylist(files, schema=_OBSERVED))
    con.execute("""
        create or replace temp table observed as
        select
            source, observed_at,
            row_number() over series as place,
            lead(observed_at) over series as next_at
        from remembered_files
        window series as (partition by source order by observed_at)
    """)
    con.register("no_rows", shape.empty_table())
    con.execute(f"create or replace temp table remembered as {_rows_of(con, [file['file'] for file in files], shape)}")


def _rows_of(con: duckdb.DuckDBPyConnection, files: list[str], shape: pa.Schema) -> str:
    """A query for all rows of remembered files."""
    if not files:
        return "select * from no_rows"
    relation = f"read_parquet([{', '.join(map(literal, files))}], union_by_name = true)"
    present = {row[0] for row in con.execute(f"describe select * from {relation}").fetchall()}
    return f"select {column_types.projection(shape, present)} from {relation}"


def _remembered(settings: Settings, registries: dict[str, Registry], holds: str) -> Iterator[dict]:
    """The files of the snapshots that may be used, of all tables of one shape."""
    for registry in registries.values():
        for table, spec in registry.tables.items():
            for snapshot in snapshots.admitted(settings, registry.id, table) if spec.holds == holds else ():
                if (path := path_of(settings, snapshot)).exists():
                    source = f"{registry.id}/{table}"
                    yield {"source": source, "observed_at": snapshot.observed_at, "file": str(path)}


def _periods(shape: pa.Schema, key: list[str]) -> str:
    """A query that joins what consecutive snapshots say alike into one row with the first and the last moment of it.

    Who is missing in a snapshot is not valid from then on, and begins anew where it is back.
    """
    names = ", ".join(["source", *key])
    said = [name for name in shape.names if name not in ("observed_at", "snapshot_id", "source", *key)]
    content = ", ".join(f"{quote(name)} := {quote(name)}" for name in said)
    return f"""
        with placed as (
            select remembered.*, observed.place, observed.next_at, struct_pack({content}) as said
            from remembered join observed using (source, observed_at)
        ),
        compared as (
            select
                *,
                lag(place) over series is distinct from place - 1 or lag(said) over series is distinct from said as begins
            from placed
            window series as (partition by {names} order by place)
        ),
        numbered as (
            select *, count(*) filter (begins) over (partition by {names} order by place) as period from compared
        ),
        spans as (
            select
                *,
                last_value(next_at) over (
                    partition by {names}, period order by place rows between unbounded preceding and unbounded following
                ) as valid_to
            from numbered
        )
        select * exclude (observed_at, place, next_at, said, begins, period), observed_at as valid_from
        from spans where begins
    """
