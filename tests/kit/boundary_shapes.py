"""What the tests of boundaries draw, and the facts that hold of every repair."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import pyproj
import shapely
from shapely import MultiPolygon, Polygon

from carbon_assets.boundaries import repair
from carbon_assets.boundaries.repair import STEPS, Repaired, Shape
from carbon_assets.geo.crs import WGS84

GEOD = pyproj.Geod(ellps="WGS84")

Coordinates = Sequence[tuple[float, float]]


def box(west: float, south: float, size: float = 0.1, height: float | None = None) -> Polygon:
    """A square, or a rectangle, in degrees."""
    return shapely.box(west, south, west + size, south + (size if height is None else height))


def ring(geometry: Polygon) -> Coordinates:
    """The coordinates of its shell."""
    return list(geometry.exterior.coords)


def with_holes(shell: Polygon, *holes: Polygon) -> Polygon:
    """The shell with holes wherever they are."""
    return Polygon(ring(shell), [ring(hole) for hole in holes])


@cache
def projection(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def projected(geometry: shapely.Geometry, target: str, source: str = WGS84) -> shapely.Geometry:
    """In another coordinate reference system."""
    into = projection(source, target)
    return shapely.transform(geometry, lambda c: np.column_stack(into.transform(c[:, 0], c[:, 1])))


def hectares(geometry: shapely.Geometry, target: str = "EPSG:6933") -> float:
    """Area in a projection, by another way than the module's."""
    return projected(geometry, target).area / 10_000


def geodesic(geometry: MultiPolygon) -> float:
    """Area on the ellipsoid, part by part."""
    return sum(abs(GEOD.geometry_area_perimeter(part)[0]) for part in geometry.geoms) / 10_000


def around(geometry: shapely.Geometry) -> str:
    """An equal-area projection of the place: not the one that areas are told in."""
    centre = shapely.box(*geometry.bounds).centroid
    return f"+proj=laea +lat_0={centre.y} +lon_0={centre.x} +datum=WGS84 +units=m"


def repaired(*geometries: shapely.Geometry | Shape, least_ha: float = 0.1) -> Repaired:
    """The boundary of these shapes, of which all holds that must always hold."""
    shapes = [shape if isinstance(shape, Shape) else Shape(shape, WGS84) for shape in geometries]
    done = repair.repair(shapes, least_ha)
    is_sound(done, least_ha)
    return done


def is_sound(done: Repaired, least_ha: float = 0.1) -> None:
    """A valid MultiPolygon as RFC 7946 has it, every step told, the account closed."""
    geometry = done.geometry
    assert isinstance(geometry, MultiPolygon)
    assert geometry.is_valid
    assert not geometry.has_z
    assert not geometry.has_m
    for part in geometry.geoms:
        assert part.exterior.is_ccw
        assert not any(hole.is_ccw for hole in part.interiors)
        assert part.area > 0
    west, south, east, north = geometry.bounds if not geometry.is_empty else (0, 0, 0, 0)
    assert west >= -180 and south >= -90 and east <= 180 and north <= 90
    assert [step.name for step in done.steps] == list(STEPS)
    for before, after in zip(done.steps, done.steps[1:], strict=False):
        assert (before.parts_after, before.holes_after, before.area_after_ha) == (
            after.parts_before, after.holes_before, after.area_before_ha,
        )  # fmt: skip
    first, last = done.steps[0], done.steps[-1]
    scale = max(abs(step.area_before_ha) for step in done.steps) or 1
    assert math.isclose(
        math.fsum(step.delta_ha for step in done.steps), last.area_after_ha - first.area_before_ha, abs_tol=1e-9 * scale
    )
    for step in done.steps:
        told = (step.parts_before, step.holes_before) != (step.parts_after, step.holes_after)
        assert step.reason is not None or (step.delta_ha == 0 and not told), step
    assert last.parts_after == len(geometry.geoms)
    assert last.holes_after == sum(len(part.interiors) for part in geometry.geoms)
    assert math.isclose(done.area_ha, hectares(geometry), rel_tol=1e-9, abs_tol=1e-9)
    assert all(hectares(part) >= least_ha for part in geometry.geoms)


def step(done: Repaired, name: str) -> repair.Step:
    return next(step for step in done.steps if step.name == name)


def told(done: Repaired) -> list[str]:
    """The steps that had something to do."""
    return [step.name for step in done.steps if step.reason]


def enclosed(parts: Iterable[Polygon]) -> MultiPolygon:
    """What the rings of all parts enclose, told from nothing but winding numbers.

    A place is within a ring that goes round it at least once more one way than the other; within a part if it is within the
    shell and in no hole; and a hole with no place of the shell in it is a part.
    """
    parts = [part for part in parts if not part.is_empty]
    rings = [[np.array(r.coords) for r in (part.exterior, *part.interiors)] for part in parts]
    lines = shapely.union_all([shapely.LineString(r) for each in rings for r in each])
    faces = shapely.get_parts(shapely.polygonize([lines]))
    if not len(faces):
        return MultiPolygon()
    # As far from its edges as can be: rounding must not move it beyond.
    places = shapely.get_coordinates(shapely.maximum_inscribed_circle(faces)).reshape(-1, 2, 2)[:, 0]
    areas, inside = shapely.area(faces), np.zeros(len(faces), dtype=bool)
    for shell, *holes in [[winding(r, places) != 0 for r in each] for each in rings]:
        within, lone = shell.copy(), np.zeros(len(faces), dtype=bool)
        for hole in holes:
            # Lines that meet in a point may miss it in the last digits.
            if areas[shell & hole].sum() > 1e-9 * areas[hole].sum():
                within &= ~hole
            else:
                lone |= hole
        inside |= within | lone
    return shapely.multipolygons(faces[inside])


def winding(line: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How often a closed line goes round each place."""
    x0, y0 = line[:-1].T[:, :, None]
    x1, y1 = line[1:].T[:, :, None]
    x, y = places.T
    left = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    return ((y0 <= y) & (y < y1) & (left > 0)).sum(axis=0) - ((y1 <= y) & (y < y0) & (left < 0)).sum(axis=0)
