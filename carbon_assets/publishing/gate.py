"""Whether marts have lost or gained more than their bounds against what is published."""

from __future__ import annotations

from pathlib import Path

import duckdb

from carbon_assets.registries.release_gate import Amount, Gate, amounts_out_of_bounds


def reasons_not_to_publish(
    con: duckdb.DuckDBPyConnection, published: Path, marts: Path, gate: Gate, exempt: set[str]
) -> list[str]:
    """What `projects` and `credits` of the folder `marts` have lost or gained without cause against those in `published`.

    Each `<registry>/<table>` is held against its bounds; where it comes from another snapshot now, that was judged when it
    came in, and only what fell counts. `exempt`: those that a person let through, or that are not compared.
    """
    reasons = []
    for mart, kind, tonnes, counted in (
        # A project whose credits a programme issues anew loses its host's rows by that.
        (
            "credits",
            "transaction_type",
            "quantity",
            "project_id not in (from reissued) or source not like registry || '/%'",
        ),
        # A placeholder goes when its project's row arrives; what stewards assert goes with the last one who mentions it.
        ("projects", "'projects'", "0", "not is_placeholder and source not like 'configs/%'"),
    ):
        each = (
            f"select source, {kind} as kind, count(*) as rows, coalesce(sum({tonnes}), 0)::double as tonnes, "
            "list_sort(list_distinct(list(snapshot_id))) as snapshots from read_parquet({}) "
            f"where {counted} group by all"
        )
        rows = con.execute(
            f"""
            with reissued as (
                select distinct project_id from read_parquet($credits) where source not like registry || '/%'
            )
            select
                source, kind, coalesce(was.rows, 0), coalesce(now.rows, 0), coalesce(was.tonnes, 0),
                coalesce(now.tonnes, 0), was.snapshots is distinct from now.snapshots
            from ({each.format("$was")}) was full join ({each.format("$now")}) now using (source, kind)
            order by source, kind
            """,
            {
                "was": str(published / f"{mart}.parquet"),
                "now": str(marts / f"{mart}.parquet"),
                "credits": str(marts / "credits.parquet"),
            },
        ).fetchall()
        for source in sorted({row[0] for row in rows} - exempt):
            amounts = [Amount(*row[1:6]) for row in rows if row[0] == source]
            is_new = any(row[6] for row in rows if row[0] == source)
            found = amounts_out_of_bounds(amounts, gate.bounds(source), may_rise=is_new)
            reasons += [f"{source}: {reason}" for reason in found]
    return reasons
