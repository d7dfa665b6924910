"""SQL of the changes: one row per record that differs, with its class, the tonnes that moved, and its fields as published.

What a change means is `classes.py`; the tables that are read here are made by `records.py` and `pairing.py`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types, readers
from carbon_assets.base.readers import RawTable
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.history import classes
from carbon_assets.history.classes import ChangeClasses
from carbon_assets.history.records import blank, trimmed
from carbon_assets.history.sides import SIDES, Field
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot
from carbon_assets.unified.statuses import load_words

_TONNES = column_types.sql_type(column_types.TONNES)


def rank_statuses(con: duckdb.DuckDBPyConnection, configs: Path, meaning_of: ChangeClasses) -> dict[str, int | None]:
    """Make `changes_status_ranks`: how far along each published status is; NULL: unknown. Returns the same."""
    found = con.execute(
        "select distinct status from (from changes_rest_old union all from changes_rest_new) where status is not null "
        "order by 1"
    ).fetchall()
    words = [word for (word,) in found]
    ranks = meaning_of.ranks(load_words(configs) if words else {}, words)
    table = pa.table({"status": pa.array(ranks, pa.string()), "rank": pa.array(ranks.values(), pa.int64())})
    con.register("changes_ranks", table)
    con.execute("create or replace temp table changes_status_ranks as from changes_ranks")
    con.unregister("changes_ranks")
    return ranks


def statuses_that_moved(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The statuses that records have which moved from one to another: only of these does the rank decide anything."""
    # No WHERE: it would be a condition by which each old record is joined to each new one, before the pairs are.
    moved = con.execute("""
        select distinct unnest(if(o.status is distinct from n.status, [o.status, n.status], []))
        from changes_pairs p join changes_rest_old o on o.id = p.old_id join changes_rest_new n on n.id = p.new_id
    """).fetchall()
    return {status for (status,) in moved if status is not None}


def contested_classes(con: duckdb.DuckDBPyConnection, meaning_of: ChangeClasses) -> list[str]:
    """The classes of records of which several fit, so that their order decided; the gravest first."""
    several = con.execute("""
        select distinct unnest(classes) from (
            select list(distinct change_class) as classes from changes_changed group by old_id, new_id
        ) where len(classes) > 1
    """).fetchall()
    return [name for name in meaning_of.gravest_first if (name,) in several]


def find_changed_fields(con: duckdb.DuckDBPyConnection, spec: Table, fields: list[Field], old: Snapshot) -> None:
    """Make `changes_changed`: one row per changed field of a record that both files have, its class, and the tonnes that it
    moved."""
    cells = ", ".join(
        f"case when o.f{i} is distinct from n.f{i} then {{'place': {i}, 'was': o.f{i}, 'is': n.f{i}, "
        f"'old': nullif(ro.{quote(field.keys[0])}, ''), 'new': nullif(rn.{quote(field.keys[1])}, '')}} end"
        for i, field in enumerate(fields)
    )
    con.execute(f"""
        create or replace temp table changes_changed as
        with roles(place, field, role, type, is_date) as (values {_roles(spec, fields)}),
        differences as (
            select
                p.old_id, p.new_id, n.record_key, coalesce(n.project_id, o.project_id) as project_id,
                coalesce(n.quantity, o.quantity) as record_quantity, o.kind as old_kind, n.kind as new_kind,
                o.status is distinct from n.status as is_other_status,
                coalesce(bn.rank < bo.rank, false) as is_backwards,
                unnest(list_filter([{cells}], lambda cell: cell is not null), recursive := true)
            from changes_pairs p
            join changes_rest_old o on o.id = p.old_id
            join changes_rest_new n on n.id = p.new_id
            join changes_text_old ro on ro.{readers.LINE} = o.line
            join changes_text_new rn on rn.{readers.LINE} = n.line
            left join changes_status_ranks bo on bo.status = o.status
            left join changes_status_ranks bn on bn.status = n.status
        ),
        read as (
            select
                * exclude (place), place, role in ('event', 'quantity', 'amount') as is_tonnes,
                if(is_tonnes, try_cast(was as {_TONNES}), null) as was_t,
                if(is_tonnes, try_cast("is" as {_TONNES}), null) as is_t,
                (was is not null and was_t is null) or ("is" is not null and is_t is null) as is_unread,
                coalesce(is_date and try_cast(was as date) > {literal(_day(old))}::date, false) as is_plan,
                coalesce(type, new_kind, old_kind) as tonnes_kind
            from differences join roles using (place)
        )
        select *, {classes.OF_FIELD} as change_class, abs(coalesce(is_t, 0) - coalesce(was_t, 0)) as moved
        from read
    """)


def _day(snapshot: Snapshot) -> date:
    """The day that a file speaks of: its name's, else the one on which it was taken."""
    return snapshot.file_date or snapshot.observed_at.date()


def _roles(spec: Table, fields: list[Field]) -> str:
    rows = []
    for place, field in enumerate(fields):
        role, kind = classes.role(spec, field.canonical)
        name = field.typed_as(spec)
        is_date = name is not None and spec.cell_type(name) == "date"
        words = ", ".join([literal(field.name), literal(role), literal(kind) if kind else "null::varchar"])
        rows.append(f"({place}, {words}, {literal(is_date)})")
    return ", ".join(rows)


def changed_records(meaning_of: ChangeClasses) -> str:
    """The records that both files have and that differ. The tonnes of one are those that its gravest fields moved, else
    those that it stands for."""
    return f"""
        select
            any_value(coalesce(record_key, 'no key')) as record_key, any_value(project_id) as project_id, 'changed' as change,
            arg_min(change_class, gravity) as change_class,
            coalesce(
                nullif(sum(moved) filter (is_gravest and role in ('event', 'quantity')), 0),
                nullif(max(moved) filter (is_gravest and role = 'amount'), 0),
                any_value(record_quantity)
            ) as quantity,
            list({{'field': field, 'old': "old", 'new': "new"}} order by place) as fields
        from (
            select *, {meaning_of.gravity} as gravity, gravity = min(gravity) over (partition by old_id, new_id) as is_gravest
            from changes_changed
        )
        group by old_id, new_id
    """


def one_sided(spec: Table, side: str, raw: RawTable) -> str:
    """The records that only one of the files has, with their filled cells."""
    cells = ", ".join(
        f"case when not {_blank(spec, f'r.{quote(key)}')} then {{'field': {literal(name)}, "
        + ", ".join(f"'{s}': {f'r.{quote(key)}' if s == side else 'null::varchar'}" for s in SIDES)
        + "} end"
        for key, name in raw.header.items()
    )
    return f"""
        select
            coalesce(a.record_key, 'no key') as record_key, a.project_id,
            {literal("disappeared" if side == "old" else "appeared")} as change,
            if(a.record_key is null, 'unreadable row', {classes.of_one_sided(spec, side)}) as change_class,
            a.quantity, list_filter([{cells}], lambda cell: cell is not null) as fields
        from (
            select
                *, coalesce(id in (select id from changes_covered where side = {literal(side)} and by_any), false) as by_any,
                coalesce(id in (select id from changes_covered where side = {literal(side)} and not by_any), false) as by_own
            from changes_rest_{side} where id not in (select {side}_id from changes_pairs)
        ) a join changes_text_{side} r on r.{readers.LINE} = a.line
    """


def _blank(spec: Table, cell: str) -> str:
    return blank(spec, cell, trimmed(cell), False)


def unsplit_lines(con: duckdb.DuckDBPyConnection, raws: list[RawTable]) -> str:
    """The lines of only one of the files that could not be split into columns: they have no key."""
    for side, raw in zip(SIDES, raws, strict=True):
        con.register("changes_lines", pa.table({"text": pa.array([row.text for row in raw.bad_rows], pa.string())}))
        con.execute(f"create or replace temp table changes_lines_{side} as from changes_lines")
        con.unregister("changes_lines")
    return " union all by name ".join(
        f"""
        select
            left(text, 200) as record_key, null::varchar as project_id, '{change}' as change,
            'unreadable row' as change_class, null::{_TONNES} as quantity,
            [{{'field': 'row', 'old': {old}, 'new': {new}}}] as fields
        from (select text from changes_lines_{side} except all select text from changes_lines_{other})
        """
        for side, other, change, old, new in (
            ("old", "new", "disappeared", "text", "null::varchar"),
            ("new", "old", "appeared", "null::varchar", "text"),
        )
    )
