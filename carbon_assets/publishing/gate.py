"""Whether marts have lost or gained more than their bounds against what is published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from carbon_assets.registries.release_gate import Amount, Gate, amounts_out_of_bounds


@dataclass(frozen=True)
class Exemptions:
    """Ids of snapshots. `gave_way`: of made-up files that are out since there are real ones; `released`: of files in use that a
    person let through by name.

    Each counts for one publication: the next one is held against rows that come from the real file, or from the one let
    through.
    """

    gave_way: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()

    def spare(self, was: Iterable[str], now: Iterable[str]) -> bool:
        """Whether a person let through what a table's rows come from now and did not come from before."""
        return bool(self.released.intersection(now) - set(was))


def reasons_not_to_publish(
    con: duckdb.DuckDBPyConnection, published: Path, marts: Path, gate: Gate, exemptions: Exemptions
) -> list[str]:
    """What `projects` and `credits` of the folder `marts` have lost or gained without cause against those in `published`.

    Each `<registry>/<table>` is held against its bounds; where it comes from another snapshot now, that was judged when it
    came in, and only what fell counts. Published rows of made-up files that gave way do not count.
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
            f"where ({counted}) and not coalesce(list_contains($gave_way::varchar[], snapshot_id), false) group by all"
        )
        rows = con.execute(
            f"""
            with reissued as (
                select distinct project_id from read_parquet($credits) where source not like registry || '/%'
            )
            select
                source, kind, coalesce(was.rows, 0), coalesce(now.rows, 0), coalesce(was.tonnes, 0),
                coalesce(now.tonnes, 0), coalesce(was.snapshots, []), coalesce(now.snapshots, [])
            from ({each.format("$was")}) was full join ({each.format("$now")}) now using (source, kind)
            order by source, kind
            """,
            {
                "was": str(published / f"{mart}.parquet"),
                "now": str(marts / f"{mart}.parquet"),
                "credits": str(marts / "credits.parquet"),
                "gave_way": sorted(exemptions.gave_way),
            },
        ).fetchall()
        for source in sorted({row[0] for row in rows}):
            own = [row for row in rows if row[0] == source]
            was, now = ({name for row in own for name in row[side]} for side in (6, 7))
            if exemptions.spare(was, now):
                continue
            amounts = [Amount(*row[1:6]) for row in own]
            is_new = any(set(row[6]) != set(row[7]) for row in own)
            found = amounts_out_of_bounds(amounts, gate.bounds(source), may_rise=is_new)
            reasons += [f"{source}: {reason}" for reason in found]
    return reasons
