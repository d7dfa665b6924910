"""What changed in a table from a file in one of its layouts to a file in another: the registry publishes in a new form.

Columns and words are others then, so not records are compared, as in `record_diff.py`, but what they are read as: projects by their
id, transactions by theirs. What a registry only writes otherwise, or no longer states, changes no record; it is one line per column.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types, store
from carbon_assets.base.readers import RawTable
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.history.classes import OF_SOURCE, ChangeClasses
from carbon_assets.history.sides import Version
from carbon_assets.registries import anchors, normalize
from carbon_assets.registries.cells import raw_key
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.unified.statuses import load_words

MAX_DAYS_BETWEEN_ZONES = 1
"""Between the days that two layouts state of one event: the one counts them in UTC, the other in its registry's zone."""

_TONNES = column_types.sql_type(column_types.TONNES)


@dataclass(frozen=True)
class _Side:
    """A file: the table as its layout has it, its text, and its canonical rows."""

    spec: Table
    raw: RawTable
    rows: pa.Table


def differing(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    table: str,
    versions: tuple[Version, Version],
    raws: tuple[RawTable, RawTable],
    meaning_of: ChangeClasses,
) -> str:
    """SQL of the changes, as `record_diff.compare` frames them. Raises `readers.UnreadableFile`."""
    old, new = _sides(con, settings, registry, table, versions, raws)
    con.register("source_old", old.rows)
    con.register("source_new", new.rows)
    holds = old.spec.holds
    key = "project_id" if holds == "projects" else "credit_id"
    shared = [
        name for name in new.spec.columns if name in old.spec.columns and name in new.rows.column_names and name != key
    ]
    ranks = _ranks(con, settings, meaning_of) if "status_raw" in shared else {}
    cells = ", ".join(_difference(name, new, ranks) for name in shared)
    con.execute(f"""
        create or replace temp table source_fields as
        select
            n.{key} as id, {_shown("n", holds)} as record_key, n.project_id, {_quantity("n", holds)} as record_quantity,
            unnest(list_filter([{cells}], lambda cell: cell is not null), recursive := true)
        from source_old o join source_new n on n.{key} = o.{key}
    """)
    parts = [_changed(meaning_of), _of_source(), *(_one_sided(side, key, holds) for side in ("old", "new"))]
    return " union all by name ".join(parts)


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what was made for the comparison: the next one may need the memory."""
    con.execute("drop table if exists temp.source_fields")
    con.unregister("source_old")
    con.unregister("source_new")


def _sides(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    table: str,
    versions: tuple[Version, Version],
    raws: tuple[RawTable, RawTable],
) -> tuple[_Side, _Side]:
    path = settings.table("normalized", registry.id, "projects")
    projects = store.read(path) if registry.tables[table].resolves_projects and path.exists() else None
    old, new = (
        _Side(
            registry.tables[table].by(raw.layout),
            raw,
            normalize.normalize(con, registry, table, version.snapshot, raw, projects).rows,
        )
        for version, raw in zip(versions, raws, strict=True)
    )
    return old, _Side(new.spec, new.raw, anchors.anchored(con, new.spec, new.rows, old.raw.layout, old.rows))


def _ranks(con: duckdb.DuckDBPyConnection, settings: Settings, meaning_of: ChangeClasses) -> dict[str, int | None]:
    """How far along each published status of the two files is."""
    found = con.execute("""
        select distinct status_raw from (select status_raw from source_old union all select status_raw from source_new)
        where status_raw is not null order by 1
    """).fetchall()
    return meaning_of.ranks(load_words(settings.configs), [word for (word,) in found])


def _difference(name: str, new: _Side, ranks: dict[str, int | None]) -> str:
    """SQL: the field of a column, where a record has other values of it in the two files, with its class."""
    before, now, kind = f"o.{quote(name)}", f"n.{quote(name)}", new.spec.cell_type(name)
    moved = "0::double"
    if kind == "tonnes":
        moved = f"abs(coalesce({now}, 0) - coalesce({before}, 0))::double"
        is_restated = f"{before} is not null and {now} is not null"
        of = f"if({is_restated}, 'quantity restated', {literal(OF_SOURCE)})"
    elif kind == "date":
        days = f"abs(date_diff('day', {before}, {now}))"
        of = f"if({days} > {MAX_DAYS_BETWEEN_ZONES}, 'vintage or date moved', {literal(OF_SOURCE)})"
    elif kind == "year":
        of = f"if({before} is not null and {now} is not null, 'vintage or date moved', {literal(OF_SOURCE)})"
    elif name == "status_raw":
        of = _class_of_status(before, now, ranks)
    else:
        of = literal(OF_SOURCE)
    key = raw_key(new.raw, new.spec.columns[name].names)
    published = new.raw.header[key] if key else name
    return (
        f"case when {before} is distinct from {now} then {{'field': {literal(published)}, 'change_class': {of}, "
        f"'old': {before}::varchar, 'new': {now}::varchar, 'moved': {moved}}} end"
    )


def _class_of_status(before: str, now: str, ranks: dict[str, int | None]) -> str:
    """SQL: another status where both words are known and mean different things, else another word."""
    known = {word: rank for word, rank in ranks.items() if rank is not None}
    if not known:
        return literal(OF_SOURCE)
    rank_of = f"map {{{', '.join(f'{literal(word)}: {rank}' for word, rank in known.items())}}}"
    return (
        f"case when {rank_of}[{now}] < {rank_of}[{before}] then 'status moved backwards' "
        f"when {rank_of}[{now}] > {rank_of}[{before}] then 'status changed' else {literal(OF_SOURCE)} end"
    )


def _shown(side: str, holds: str) -> str:
    """SQL: what a person knows a record by."""
    if holds == "projects":
        return f"{side}.project_id"
    described = f"concat_ws(' / ', {side}.project_id, {side}.vintage, {side}.transaction_date)"
    return f"coalesce({side}.serial_number, {described})"


def _quantity(side: str, holds: str) -> str:
    return f"null::{_TONNES}" if holds == "projects" else f"{side}.quantity"


def _changed(meaning_of: ChangeClasses) -> str:
    """The records of which more differs than how the registry writes them."""
    return f"""
        select
            any_value(record_key) as record_key, any_value(project_id) as project_id, 'changed' as change,
            arg_min(change_class, gravity) as change_class,
            coalesce(nullif(sum(moved), 0)::{_TONNES}, any_value(record_quantity)) as quantity,
            list({{'field': field, 'old': "old", 'new': "new"}} order by field) as fields
        from (select *, {meaning_of.gravity} as gravity from source_fields where change_class <> {literal(OF_SOURCE)})
        group by id
    """


def _of_source() -> str:
    """One row per column that is written otherwise, with how many records have it, and the first of them."""
    return f"""
        select
            format('{{:,}} record{{}}', count(*), if(count(*) = 1, '', 's')) as record_key, null::varchar as project_id, 'changed' as change,
            {literal(OF_SOURCE)} as change_class, null::{_TONNES} as quantity,
            [{{'field': field, 'old': arg_min(coalesce("old", ''), id), 'new': arg_min(coalesce("new", ''), id)}}] as fields
        from source_fields where change_class = {literal(OF_SOURCE)} group by field
    """


def _one_sided(side: str, key: str, holds: str) -> str:
    """The records that only one of the files has."""
    other = "new" if side == "old" else "old"
    if holds == "projects":
        of = literal("project disappeared" if side == "old" else "new project")
    else:
        of = "'transaction disappeared'" if side == "old" else "'new ' || a.transaction_type"
    return f"""
        select
            {_shown("a", holds)} as record_key, a.project_id,
            {literal("disappeared" if side == "old" else "appeared")} as change, {of} as change_class,
            {_quantity("a", holds)} as quantity, null::struct(field varchar, "old" varchar, "new" varchar)[] as fields
        from source_{side} a anti join source_{other} b using ({key})
    """
