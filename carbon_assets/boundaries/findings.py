"""What boundaries say of their projects that cannot be right: rules, and the rows that break them.

Geometry that is wrong in itself is found by `repair.py`, files that cannot be used by `drops.py`; both are
gathered here. Land that two projects claim belongs in `overlaps.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyproj
import shapely

from carbon_assets.boundaries import schema
from carbon_assets.boundaries.rules import Knowledge
from carbon_assets.geo.places import Places

RULES = {
    "file_not_usable": "Every file and every row of boundaries/index.csv can be used; if not, the last good one stays in use.",
    "shape_not_usable": "The shapes of a project make a boundary: places on Earth, and polygons above the least area.",
    "file_not_read_as_it_stands": "A file is read whole and as it stands, without help.",
    "crs_is_assumed": "A file says its coordinate reference system, or its format has one.",
    "project_not_known": "A boundary is of a project that a registry publishes, or that credits mention.",
    "axes_swapped": "A boundary lies in its project's country as drawn, not with longitude and latitude exchanged.",
    "outside_its_country": "A boundary lies in the country that its project states.",
    "area_unlike_stated": "A boundary has the area that its registry or its own file states.",
    "below_the_least_area": "A boundary has the least area that its protocol asks for.",
    "repair_changed_the_area": "Making a boundary valid hardly changes its area.",
    "slivers_held_much_of_the_area": "What is left out as slivers is hardly any of the area.",
    "areas_disagree": "The area in equal-area projection is that on the ellipsoid.",
    "crosses_the_antimeridian": "A boundary lies on one side of 180 degrees.",
    "encloses_a_pole": "A boundary goes round no pole.",
}
"""The rules -> what each says. All warn: nobody but the project can put its boundary right."""


def findings(
    con: duckdb.DuckDBPyConnection,
    tables: dict[str, Path],
    knowledge: Knowledge,
    places: Places,
) -> pa.Table:
    """Rows as `schema.BOUNDARY_FINDINGS`, in order of rule and project.

    `tables`: the Parquet files of boundaries, repair_findings, faults, shapes, projects, credits and protocols, by these names.
    """
    con.execute("create or replace temp table placed as " + _PLACED, {name: str(path) for name, path in tables.items()})
    rows = [
        *_rows(con, _FAULTS, faults=tables["faults"]),
        *_rows(con, "select * from read_parquet($found)", found=tables["repair_findings"]),
        *_rows(con, _NOT_KNOWN),
        *_misplaced(con, tables["shapes"], knowledge, places),
        *_unlike_stated(con, tables["shapes"], knowledge),
        *_too_small(con, knowledge),
    ]
    registries = dict(con.execute("select project_id, registry from placed").fetchall())
    located = [{**row, "registry": registries.get(row["project_id"])} for row in rows]
    order = [(name, "ascending") for name in ("rule", "project_id", "file", "finding")]
    return pa.Table.from_pylist(located, schema=schema.BOUNDARY_FINDINGS).sort_by(order)


# Every project that a boundary or a finding mentions, with what is known of it.
_PLACED = """
    with credited as (
        select project_id, min(registry) as registry from read_parquet($credits) group by project_id
    ),
    mentioned as (
        select distinct project_id from (
            select project_id from read_parquet($boundaries)
            union all select project_id from read_parquet($repair_findings)
            union all select project_id from read_parquet($faults)
            union all select project_id from read_parquet($shapes)
        ) where project_id is not null
    )
    select
        mentioned.project_id, b.geometry, b.area_ha, b.file, b.snapshot_id, b.country_iso3 as lies_in,
        coalesce(p.registry, credited.registry) as registry, p.country_iso3, p.country,
        protocols.protocols, p.project_id is not null or credited.project_id is not null as is_known
    from mentioned
    left join (select * replace (st_aswkb(geometry) as geometry) from read_parquet($boundaries)) b using (project_id)
    left join read_parquet($projects) p using (project_id)
    left join credited using (project_id)
    left join read_parquet($protocols) protocols
        on p.registry is not distinct from protocols.registry and p.protocol_raw is not distinct from protocols.protocol_raw
"""

_FAULTS = """
    select
        'file_not_usable' as rule, project_id, file, snapshot_id,
        concat(
            file, case when line is not null then concat(', line ', line) end, ': ', reason,
            case when file_in_use is not null then concat('; ', file_in_use, ' stays in use') end
        ) as finding
    from read_parquet($faults)
"""

_NOT_KNOWN = """
    select
        'project_not_known' as rule, project_id, area_ha, file, snapshot_id,
        concat(project_id, ' is no project of any registry; name ', file, ' by its project, or give that in boundaries/index.csv')
            as finding
    from placed where not is_known and file is not null
"""


def _rows(con: duckdb.DuckDBPyConnection, query: str, **files: Path) -> list[dict]:
    return con.execute(query, {name: str(path) for name, path in files.items()}).to_arrow_table().to_pylist()


def _misplaced(con: duckdb.DuckDBPyConnection, shapes: Path, knowledge: Knowledge, places: Places) -> Iterator[dict]:
    """Boundaries outside their country, and those that would lie in it if their axes were exchanged."""
    least = knowledge.rules.min_share_inside
    placed = _rows(con, "select * from placed where geometry is not null and country_iso3 is not null")
    drawn = np.array([shapely.from_wkb(row["geometry"]) for row in placed], dtype=object)
    countries = [row["country_iso3"] for row in placed]
    inside = places.shares_inside(drawn, countries)
    outside = np.flatnonzero(inside < least)
    swapped = places.shares_inside(_swapped(drawn[outside]), [countries[i] for i in outside])
    for i, share_swapped in zip(outside, swapped, strict=True):
        row, share = placed[i], float(inside[i])
        is_swapped = share_swapped >= least
        where = f"{share:.1%} of it lies in {row['country']} ({row['country_iso3']}), most in {row['lies_in'] or 'no country'}"
        yield {
            **{name: row[name] for name in ("project_id", "area_ha", "file", "snapshot_id")},
            "rule": "axes_swapped" if is_swapped else "outside_its_country",
            "value": share,
            "bound": least,
            "finding": f"{where}; with longitude and latitude exchanged {share_swapped:.1%} would"
            if is_swapped
            else where,
        }
    yield from _swapped_beyond_the_map(con, shapes, places, least)


def _swapped_beyond_the_map(
    con: duckdb.DuckDBPyConnection, shapes: Path, places: Places, least: float
) -> Iterator[dict]:
    """Of the shapes that are no places on Earth: those that lie in their country with the axes exchanged."""
    rows = _rows(
        con,
        """
        select project_id, s.geometry, s.source_crs, country_iso3, country, s.file, s.snapshot_id
        from read_parquet($shapes) s join placed using (project_id)
        where placed.geometry is null and country_iso3 is not null
        order by project_id, s.file, s.layer, s.feature
        """,
        shapes=shapes,
    )
    rows = [row for row in rows if pyproj.CRS.from_user_input(row["source_crs"]).is_geographic]
    # The hull tells where a shape lies, however it is drawn.
    drawn = _swapped(shapely.convex_hull(shapely.from_wkb([row["geometry"] for row in rows])))
    west, south, east, north = shapely.bounds(drawn).T if len(rows) else np.empty((4, 0))
    on_earth = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
    rows, drawn = [row for row, fits in zip(rows, on_earth, strict=True) if fits], drawn[on_earth]
    shares = places.shares_inside(drawn, [row["country_iso3"] for row in rows])
    found = {row["project_id"]: (row, share) for row, share in zip(rows, shares, strict=True) if share >= least}
    for project_id, (row, share) in sorted(found.items()):
        yield {
            "rule": "axes_swapped", "project_id": project_id, "file": row["file"], "snapshot_id": row["snapshot_id"],
            "bound": least,
            "finding": f"as drawn it is no place on Earth; with longitude and latitude exchanged {share:.1%} of it would lie in "
            f"{row['country']} ({row['country_iso3']})",
        }  # fmt: skip


def _swapped(geometries: np.ndarray) -> np.ndarray:
    return shapely.transform(geometries, lambda c: c[:, ::-1])


def _unlike_stated(con: duckdb.DuckDBPyConnection, shapes: Path, knowledge: Knowledge) -> Iterator[dict]:
    """Held against what stewards know that the registry states, else against the sum of what the shapes state of themselves,
    if all do."""
    most = knowledge.rules.max_area_difference
    by_itself = """
        select project_id, sum(stated_ha) as stated_ha, string_agg(distinct stated_by, ', ' order by stated_by) as stated_by
        from read_parquet($shapes) group by project_id having count(*) = count(stated_ha)
    """
    of_file = {row["project_id"]: row for row in _rows(con, by_itself, shapes=shapes)}
    for row in _rows(con, "select project_id, area_ha, file, snapshot_id from placed where area_ha is not null"):
        said = of_file.get(row["project_id"])
        by_file = (said["stated_ha"], f"{said['stated_by']} in {row['file']}") if said else (None, "")
        stated, source = knowledge.stated_ha.get(row["project_id"], by_file)
        if stated and abs(row["area_ha"] - stated) > most * stated:
            yield {
                **row, "rule": "area_unlike_stated", "value": row["area_ha"], "bound": stated,
                "finding": f"{row['area_ha']:,.1f} ha drawn, {stated:,.1f} ha stated ({source})",
            }  # fmt: skip


def _too_small(con: duckdb.DuckDBPyConnection, knowledge: Knowledge) -> Iterator[dict]:
    known = "select project_id, area_ha, file, snapshot_id, protocols from placed where area_ha is not null"
    for row in _rows(con, known):
        for protocol in row.pop("protocols") or ():
            least, source = knowledge.least_ha.get(protocol, (0, ""))
            if row["area_ha"] < least:
                yield {
                    **row, "rule": "below_the_least_area", "value": row["area_ha"], "bound": least,
                    "finding": f"{row['area_ha']:,.1f} ha; {protocol} asks for {least:,.1f} ha ({source})",
                }  # fmt: skip
