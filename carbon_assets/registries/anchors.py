"""Events keep their ids where a registry publishes in another layout and states a part of their key otherwise, such as a day in
another zone: `anchor` of a layout."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from carbon_assets.base.sqltext import quote
from carbon_assets.registries.table import Table


def anchored(
    con: duckdb.DuckDBPyConnection, spec: Table, rows: pa.Table, older_layout: str | None, older: pa.Table
) -> pa.Table:
    """The canonical `rows` of a file with the id and the day of the one event of `older` that each must be.

    Must be: it agrees in the columns of the anchor, its day is as near as the anchor allows, and neither has another such
    counterpart nor is in both files under one id. `older`: the rows of a file in the layout `older_layout`.
    """
    anchor = spec.anchor
    if anchor is None or anchor.to != older_layout:
        return rows
    con.register("anchor_rows", rows)
    con.register("anchor_older", older)
    agree = " and ".join(f"o.{quote(name)} is not distinct from r.{quote(name)}" for name in anchor.by)
    con.execute(f"""
        create or replace temp table anchor_pairs as
        select r.credit_id as own_id, o.credit_id as older_id, o.transaction_date as older_date
        from (from anchor_rows anti join anchor_older using (credit_id)) r
        join (from anchor_older anti join anchor_rows using (credit_id)) o
            on {agree} and abs(date_diff('day', o.transaction_date, r.transaction_date)) <= {anchor.day_within}
        qualify count(*) over (partition by r.credit_id) = 1 and count(*) over (partition by o.credit_id) = 1
    """)
    made = con.execute("""
        select r.* replace (
            coalesce(p.older_id, r.credit_id) as credit_id,
            coalesce(p.older_date, r.transaction_date) as transaction_date
        )
        from anchor_rows r left join anchor_pairs p on p.own_id = r.credit_id
        order by credit_id
    """).to_arrow_table()
    con.unregister("anchor_rows")
    con.unregister("anchor_older")
    return made.cast(rows.schema)
