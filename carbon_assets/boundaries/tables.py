"""One boundary for each project that has shapes: its geometry and measures, what each step of its repair did, what it found.

Which file is whose belongs in `drops.py`, how shapes are repaired in `repair.py`, what a boundary says of its
project in `findings.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from carbon_assets.boundaries import repair, schema
from carbon_assets.boundaries.repair import Repaired
from carbon_assets.boundaries.rules import Rules
from carbon_assets.geo.areas import geodesic_area_ha
from carbon_assets.geo.places import Places
from carbon_assets.geo.rings import UnusableShape


@dataclass(frozen=True)
class Boundaries:
    """Rows as `schema.BOUNDARIES`, `schema.BOUNDARY_REPAIRS` and `schema.BOUNDARY_FINDINGS` (what the repair itself found),
    each in order of project. Every project with a shape is in `rows`, or `findings` say why it is not."""

    rows: pa.Table
    repairs: pa.Table
    findings: pa.Table


def repaired(shapes: pa.Table, rules: Rules, places: Places, threads: int = 1) -> Boundaries:
    """One boundary for each project that has shapes. What is made depends on the shapes only, not on their order."""
    projects = _by_project(shapes)
    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(lambda each: _outcome(each, rules), projects))
    usable = [(each, done) for each, done in zip(projects, outcomes, strict=True) if isinstance(done, Repaired)]
    drawn = [(each, done) for each, done in usable if not done.geometry.is_empty]
    located = places.located(np.array([done.geometry for _, done in drawn], dtype=object))
    rows = [
        {**_measured(done), "country_iso3": place.country_iso3, "admin_region": place.region, **_origin(each)}
        for (each, done), place in zip(drawn, located, strict=True)
    ]
    findings = [
        {**finding, **_origin(each), "area_ha": done.area_ha if isinstance(done, Repaired) and done.area_ha else None}
        for each, done in zip(projects, outcomes, strict=True)
        for finding in _repair_findings(each, done, rules)
    ]
    repairs = [
        {
            "project_id": each.project_id, "step_number": number, "step": step.name, "delta_ha": step.delta_ha,
            "snapshot_id": each.snapshot_id, **{k: v for k, v in vars(step).items() if k != "name"},
        }
        for each, done in usable
        for number, step in enumerate(done.steps, 1)
    ]  # fmt: skip
    return Boundaries(
        pa.Table.from_pylist(rows, schema=schema.BOUNDARIES),
        pa.Table.from_pylist(repairs, schema=schema.BOUNDARY_REPAIRS),
        pa.Table.from_pylist(findings, schema=schema.BOUNDARY_FINDINGS),
    )


def most_changed(made: Boundaries) -> list[str]:
    """The projects in order of what the repair did: those without a boundary, by share of area moved, then by area."""
    moved: dict[str, float] = defaultdict(float)
    for row in made.repairs.to_pylist():
        moved[row["project_id"]] += abs(row["delta_ha"])
    areas = dict(zip(made.rows["project_id"].to_pylist(), made.rows["area_ha"].to_pylist(), strict=True))
    # Below a thousandth nothing of it is seen: there the larger boundary leads.
    rank = {project: round(moved[project] / areas[project], 3) if project in areas else 2.0 for project in moved}
    return sorted(moved, key=lambda project: (-rank[project], -areas.get(project, 0.0), project))


def of_project(table: pa.Table, project_id: str) -> list[dict]:
    """The rows of one project."""
    return table.filter(pc.equal(table["project_id"], project_id)).to_pylist()


@dataclass(frozen=True)
class _Project:
    """The shapes of one project, and where they come from."""

    project_id: str
    shapes: tuple[repair.Shape, ...]
    source_crs: str
    crs_source: str
    notes: tuple[str, ...]
    file: str
    snapshot_id: str


def _by_project(shapes: pa.Table) -> list[_Project]:
    grouped: dict[str, list[dict]] = defaultdict(list)
    for row in shapes.to_pylist():
        grouped[row["project_id"]].append(row)
    return [_project(project_id, rows) for project_id, rows in sorted(grouped.items())]


def _project(project_id: str, rows: list[dict]) -> _Project:
    geometries = shapely.from_wkb([row["geometry"] for row in rows])
    return _Project(
        project_id,
        tuple(repair.Shape(g, row["source_crs"]) for g, row in zip(geometries, rows, strict=True)),
        "; ".join(sorted({row["source_crs"] for row in rows})),
        # The weakest of them is what the boundary rests on.
        next(said for said in ("config", "format", "file") if any(row["crs_source"] == said for row in rows)),
        tuple(sorted({note for row in rows for note in row["notes"] or ()})),
        rows[0]["file"],
        rows[0]["snapshot_id"],
    )


def _outcome(project: _Project, rules: Rules) -> Repaired | UnusableShape:
    try:
        return repair.repair(project.shapes, rules.min_part_ha)
    except UnusableShape as error:
        return error
    except shapely.errors.ShapelyError as error:  # one project must not stop the others
        return UnusableShape(f"it cannot be repaired: {error}")


def _origin(project: _Project) -> dict:
    return {
        "project_id": project.project_id,
        "source_crs": project.source_crs,
        "crs_source": project.crs_source,
        "file": project.file,
        "snapshot_id": project.snapshot_id,
    }


def _measured(done: Repaired) -> dict:
    geometry = done.geometry
    west, south, east, north = shapely.bounds(geometry)
    centre = shapely.centroid(geometry)
    if done.crosses_antimeridian:
        # The parts on the far side, one turn on, lie beside the others.
        beside = shapely.transform(geometry, lambda c: np.column_stack([c[:, 0] % 360, c[:, 1]]))
        west, _, east, _ = (((lon + 180) % 360) - 180 for lon in shapely.bounds(beside))
        centre = shapely.centroid(beside)
    return {
        "geometry": shapely.to_wkb(geometry, byte_order=1),
        "area_ha": done.area_ha,
        "area_geodesic_ha": geodesic_area_ha(geometry),
        "parts": len(geometry.geoms),
        "centroid_lon": ((centre.x + 180) % 360) - 180,
        "centroid_lat": centre.y,
        "bbox_west": west,
        "bbox_south": south,
        "bbox_east": east,
        "bbox_north": north,
    }


def _repair_findings(project: _Project, done: Repaired | UnusableShape, rules: Rules) -> Iterator[dict]:
    """What the repair of one project shows, as `rule`, `value`, `bound` and `finding`."""
    if project.crs_source == "config":
        declared = rules.declared_crs.get(project.file)
        why = f"declared: {declared.reason}" if declared else "the default of configs/boundaries/rules.yml"
        yield {
            "rule": "crs_is_assumed",
            "finding": f"{project.file} does not say its coordinate reference system; {project.source_crs} is taken, {why}",
        }
    if project.notes:
        yield {"rule": "file_not_read_as_it_stands", "finding": f"{project.file}: {'; '.join(project.notes)}"}
    if isinstance(done, UnusableShape):
        yield {"rule": "shape_not_usable", "finding": f"{project.file}: {done}"}
        return
    if done.encloses_pole:
        yield {"rule": "encloses_a_pole", "finding": "a ring goes round a pole; on a map its area means nothing"}
    if done.crosses_antimeridian:
        yield {"rule": "crosses_the_antimeridian", "finding": "it lies on both sides of 180 degrees, cut there"}
    if done.geometry.is_empty:
        left = next((s for s in done.steps if s.parts_after == 0), None)
        why = f"at the step {left.name}: {left.reason}" if left and left.reason else "there is no shape"
        yield {"rule": "shape_not_usable", "finding": f"no polygon is left of {project.file}, {why}"}
        return
    change = done.change("validity", "holes", "overlaps")
    if change > rules.max_repair_change:
        steps = {step.name: step for step in done.steps}
        yield {
            "rule": "repair_changed_the_area", "value": change, "bound": rules.max_repair_change,
            "finding": f"making it valid moved the area from {steps['validity'].area_before_ha:,.1f} to "
            f"{steps['overlaps'].area_after_ha:,.1f} ha ({change:.1%})",
        }  # fmt: skip
    slivers = done.change("slivers")
    if slivers > rules.max_sliver_share:
        (step,) = [step for step in done.steps if step.name == "slivers"]
        yield {
            "rule": "slivers_held_much_of_the_area", "value": slivers, "bound": rules.max_sliver_share,
            "finding": f"{step.reason} were left out, {-step.delta_ha:,.1f} of {step.area_before_ha:,.1f} ha ({slivers:.1%})",
        }  # fmt: skip
    geodesic = geodesic_area_ha(done.geometry)
    difference = abs(geodesic - done.area_ha) / done.area_ha
    if difference > rules.max_geodesic_difference:
        yield {
            "rule": "areas_disagree", "value": difference, "bound": rules.max_geodesic_difference,
            "finding": f"{done.area_ha:,.1f} ha in equal-area projection, {geodesic:,.1f} ha on the ellipsoid",
        }  # fmt: skip
