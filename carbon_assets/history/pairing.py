"""Which record of the older file is which of the newer one, and which serial blocks go on under other records."""

from __future__ import annotations

import duckdb

from carbon_assets.history.sides import SIDES
from carbon_assets.registries import events
from carbon_assets.registries.description import Registry

MAX_PAIRS_COMPARED = 10_000
"""Pairs of rows with one key that are weighed against each other; larger groups are paired in their order."""


def set_aside_equal_records(con: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    """Make `changes_rest_old` and `changes_rest_new`, the records that are not the same in both files: rows of one key that
    agree in all fields cancel out."""
    block = ", ".join(
        f"{value} as {name.replace('serial', 'block')}" for name, value in events.serial_parts(registry).items()
    )
    for side in SIDES:
        con.execute(f"""
            create or replace temp table changes_counted_{side} as
            with same as (select line, content, md5_number(key || chr(31) || compared) as same from changes_{side})
            select line, same, row_number() over (partition by same order by content) as twin from same
        """)
    for side, other in (SIDES, SIDES[::-1]):
        con.execute(f"""
            create or replace temp table changes_rest_{side} as
            select *, {block}, row_number() over (order by key, compared, content) as id
            from changes_{side}
            where line in (
                select line from changes_counted_{side} anti join changes_counted_{other} using (same, twin)
            )
        """)


def pair_records(con: duckdb.DuckDBPyConnection, width: int) -> None:
    """Make `changes_pairs`: which of the records that are left, of `width` fields, are one record.

    Those that differ least are paired first; no step looks at the order of rows.
    """
    differences = " + ".join(f"(o.f{i} is distinct from n.f{i})::int" for i in range(width))
    con.execute(f"""
        create or replace temp table changes_groups as
        select key, o.rows * n.rows as pairs
        from (select key, count(*) as rows from changes_rest_old group by key) o
        join (select key, count(*) as rows from changes_rest_new group by key) n using (key);

        create or replace temp table changes_pairs as
        with placed_old as (
            select key, id, row_number() over (partition by key order by project_id, id) as place from changes_rest_old
        ),
        placed_new as (
            select key, id, row_number() over (partition by key order by project_id, id) as place from changes_rest_new
        )
        select o.id as old_id, n.id as new_id
        from placed_old o join placed_new n using (key, place) join changes_groups g using (key)
        where g.pairs = 1 or g.pairs > {MAX_PAIRS_COMPARED};

        create or replace temp table changes_candidates as
        select
            o.id as old_id, n.id as new_id,
            row_number() over (
                order by o.project_id is distinct from n.project_id, {differences}, o.id, n.id
            ) as preference
        from changes_rest_old o join changes_rest_new n using (key) join changes_groups g using (key)
        where g.pairs between 2 and {MAX_PAIRS_COMPARED};
    """)
    while con.execute("select 1 from changes_candidates limit 1").fetchone():
        # The best pair of its old and of its new row: at least one per key and round.
        con.execute("""
            create or replace temp table changes_best as
            select old_id, new_id from changes_candidates
            qualify preference = min(preference) over (partition by old_id)
                and preference = min(preference) over (partition by new_id);
            insert into changes_pairs from changes_best;
            create or replace temp table changes_candidates as
            select * from changes_candidates
            anti join changes_best using (old_id)
            anti join (select new_id from changes_best) b on changes_candidates.new_id = b.new_id;
        """)


def find_covered_blocks(con: duckdb.DuckDBPyConnection) -> None:
    """Make `changes_covered`: records of one file alone whose whole serial block stands in rows of the other that were not
    there before, in rows of any kind and in rows of their own kind. A record that both files have is known by its block, so
    that it covers nothing anew."""
    con.execute(f"""
        create or replace temp table changes_alone as
        select 'old' as side, id, kind, block_key, block_start, block_end from changes_rest_old
        where id not in (select old_id from changes_pairs)
        union all
        select 'new', id, kind, block_key, block_start, block_end from changes_rest_new
        where id not in (select new_id from changes_pairs);

        create or replace temp table changes_blocks as
        with sound as (
            select side, kind, block_key, block_start, block_end from changes_alone
            where block_key is not null and block_start <= block_end
        )
        select side, 'any' as kind, block_key, block_start, block_end from sound
        union all
        select side, kind, block_key, block_start, block_end from sound where kind is not null;

        create or replace temp table changes_islands as
        with reached as (
            select *, max(block_end) over (
                partition by side, kind, block_key order by block_start, block_end
                rows between unbounded preceding and 1 preceding
            ) as reach
            from changes_blocks
        ),
        numbered as (
            select *, count(*) filter (reach is null or block_start > reach + 1) over (
                partition by side, kind, block_key order by block_start, block_end rows unbounded preceding
            ) as island
            from reached
        )
        select side, kind, block_key, min(block_start) as island_start, max(block_end) as island_end
        from numbered group by side, kind, block_key, island;

        create or replace temp table changes_covered as
        {" union all ".join(_covered_by(kind) for kind in ("'any'", "b.kind"))};
    """)


def _covered_by(kind: str) -> str:
    return f"""
        select b.side, b.id, {"true" if kind == "'any'" else "false"} as by_any
        from (select *, if(side = 'old', 'new', 'old') as other, {kind} as wanted from changes_alone b) b
        asof join changes_islands i
            on i.side = b.other and i.kind = b.wanted and i.block_key = b.block_key and b.block_start >= i.island_start
        where i.island_end >= b.block_end
    """
