"""Land that two projects claim: pairs of boundaries that share more than a tolerance, and whether they do so at one time."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import shapely

from carbon_assets.boundaries import schema
from carbon_assets.geo.areas import areas_ha

MAX_PAIRS_CUT_AT_ONCE = 20_000
"""Some 100 MB of shapes of 500 vertices."""


def overlaps(con: duckdb.DuckDBPyConnection, boundaries: pa.Table, projects: Path, tolerance_ha: float) -> pa.Table:
    """Rows as `schema.BOUNDARY_OVERLAPS`, the largest first.

    `boundaries`: as `schema.BOUNDARIES`. `projects`: the harmonized projects; what they do not know of a project is NULL.
    """
    con.register("shared_land", _shared_land(boundaries))
    rows = con.execute(_PAIRS, {"projects": str(projects), "tolerance": tolerance_ha}).to_arrow_table()
    return rows.select(schema.BOUNDARY_OVERLAPS.names).cast(schema.BOUNDARY_OVERLAPS)


def _shared_land(boundaries: pa.Table) -> pa.Table:
    """Pairs of projects that share land: ids, the area in ha that they share, and that of each. Of a pair the lesser id comes
    first, whatever the order of rows."""
    shared = shared_areas(shapely.from_wkb(boundaries["geometry"].to_numpy(zero_copy_only=False)))
    ids, areas = boundaries["project_id"].to_numpy(zero_copy_only=False), boundaries["area_ha"].to_numpy()
    one, other, shared_ha = shared.T if len(shared) else np.empty((3, 0))
    one, other = one.astype(int), other.astype(int)
    turned = ids[one] > ids[other]
    one, other = np.where(turned, other, one), np.where(turned, one, other)
    return pa.table(
        {
            "project_id": pa.array(ids[one], pa.string()),
            "other_project_id": pa.array(ids[other], pa.string()),
            "shared_ha": shared_ha,
            "area_ha": areas[one],
            "other_area_ha": areas[other],
        }
    )


_PAIRS = """
    with pairs as (
        select
            project_id, other_project_id, one.name, other.name as other_name, one.registry,
            other.registry as other_registry,
            -- A shape that is cut has more vertices, which moves its area by some millionths.
            least(shared_ha, area_ha, other_area_ha) as overlap_ha,
            overlap_ha / area_ha as share, overlap_ha / other_area_ha as other_share,
            one.crediting_period_start, one.crediting_period_end,
            other.crediting_period_start as other_crediting_period_start,
            other.crediting_period_end as other_crediting_period_end,
            greatest(one.crediting_period_start, other.crediting_period_start) as first_day,
            least(one.crediting_period_end, other.crediting_period_end) as last_day,
            one.crediting_period_start is not null and one.crediting_period_end is not null
            and other.crediting_period_start is not null and other.crediting_period_end is not null as is_known
        from shared_land
        left join read_parquet($projects) one using (project_id)
        left join read_parquet($projects) other on other.project_id = other_project_id
        where overlap_ha > $tolerance
    )
    select
        * exclude (first_day, last_day, is_known),
        -- One period that ends before another begins tells enough, even where the rest is not known.
        case
            when one_ended or other_ended then false
            when is_known then true
        end as overlaps_in_time,
        case when overlaps_in_time then first_day end as shared_from,
        case when overlaps_in_time then last_day end as shared_to
    from (
        select
            *, coalesce(crediting_period_end < other_crediting_period_start, false) as one_ended,
            coalesce(other_crediting_period_end < crediting_period_start, false) as other_ended
        from pairs
    )
    order by overlap_ha desc, project_id, other_project_id
"""


def shared_areas(geometries: np.ndarray) -> np.ndarray:
    """Rows of (i, j, area in ha on EPSG:6933) with i < j for all pairs of geometries that share land."""
    tree = shapely.STRtree(geometries)
    shapely.prepare(geometries)
    one, other = tree.query(geometries, predicate="intersects")
    first, second = one[one < other], other[one < other]
    pieces = []
    for start in range(0, len(first), MAX_PAIRS_CUT_AT_ONCE):
        i, j = first[start : start + MAX_PAIRS_CUT_AT_ONCE], second[start : start + MAX_PAIRS_CUT_AT_ONCE]
        shared = shapely.intersection(geometries[i], geometries[j])
        parts, of = shapely.get_parts(shared, return_index=True)
        areas = np.bincount(of, areas_ha(parts), minlength=len(i))
        pieces.append(np.column_stack([i, j, areas])[areas > 0])
    return np.concatenate(pieces) if pieces else np.empty((0, 3))
