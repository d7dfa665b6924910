"""Polygons and their rings: taken apart, put in one order, made valid. Where they lie on Earth does not matter here."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

Parts = np.ndarray
"""Points, lines and polygons, no collections of them."""

_MAX_CROSSINGS = 100_000
"""Each counted from both sides. 1,000 vertices at random cross 150,000 times, which takes 3 s, and four times so long for
twice as many; the worst real boundary seen crosses 3 times."""
_MAX_EDGES_AT_ONCE = 500

_TOUCHING = 1e-9
"""Share of a hole, of 100 ha some square centimetres."""


class UnusableShape(Exception):
    """No boundary can be made of a project's shapes."""


def parts_of(geometries: Iterable[shapely.Geometry]) -> Parts:
    """All parts of geometries, collections within collections taken apart."""
    parts = shapely.get_parts(np.array([g for g in geometries if g is not None], dtype=object))
    while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
        parts = shapely.get_parts(parts)
    return parts


def in_order(parts: Parts) -> Parts:
    """The parts in an order that depends on nothing but them, the rings of each begun at their least point."""
    normal = shapely.normalize(parts)
    return normal[np.argsort(shapely.to_wkb(normal), kind="stable")] if len(normal) else normal


def only_polygons(geometry: shapely.Geometry) -> Parts:
    """The polygons of a geometry that are not empty."""
    parts = parts_of([geometry])
    return parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)]


def rings_of(polygon: shapely.Polygon) -> list[shapely.LinearRing]:
    """The shell, then the holes."""
    return [polygon.exterior, *polygon.interiors]


def each_ring(polygon: shapely.Polygon) -> tuple[shapely.Geometry, list[shapely.Geometry]]:
    """What the shell and each hole enclose by themselves, empty where that is no land."""
    shell, *holes = [wound_round(ring) for ring in rings_of(polygon)]
    return shell, holes


def is_outside(shell: shapely.Geometry, hole: shapely.Geometry) -> bool:
    """Whether they have no land in common: where they touch, rounding lets them overlap by some last digits."""
    return not shapely.intersects(shell, hole) or shapely.intersection(shell, hole).area <= _TOUCHING * hole.area


def made_valid(part: shapely.Geometry) -> Parts:
    """The polygon made valid by the structure of its rings: what any shell encloses and no hole does, so that a ring drawn
    twice counts once. Holes outside of the shell become parts. Lines that are left of it stay, to be told."""
    if not isinstance(part, shapely.Polygon):
        return parts_of([shapely.make_valid(part)])
    shell, holes = each_ring(part)
    if shapely.is_empty(shell):
        # Nothing but lines and points, which GEOS tells apart.
        rest = shapely.make_valid(shapely.Polygon(part.exterior), method="structure", keep_collapsed=True)
    else:
        # GEOS would take a hole that touches the shell from outside for one within it, and lose it.
        within = [hole for hole in holes if not is_outside(shell, hole)]
        rest = shapely.difference(shell, shapely.union_all(within)) if within else shell
    lone = [only_polygons(hole) for hole in holes if is_outside(shell, hole)]
    return np.concatenate([parts_of([rest]), *lone])


def wound_round(ring: shapely.LinearRing) -> shapely.Geometry:
    """The places that a ring goes round at least once more one way than the other, as valid polygons; empty where there are none.

    `make_valid` of GEOS loses land of one in some 1,000 rings drawn at random: where edges lie upon each other, the whole of
    it (61 ha of the ring A B A B C A). Winding numbers have no such case.
    """
    line = shapely.LineString(ring)
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([line])]))
    if not len(faces):
        return shapely.MultiPolygon()
    places = shapely.get_coordinates(shapely.point_on_surface(faces))
    inside = faces[_times_round(shapely.get_coordinates(line), places) != 0]
    return _united(inside)


def _united(faces: np.ndarray) -> shapely.Geometry:
    """Faces of one noded line as one geometry. They are a coverage, which unites 10,000 faces in 0.1 s instead of 10; where
    coordinates differ by their last digits, they overlap."""
    try:
        land = shapely.coverage_union_all(faces)
        if shapely.is_valid(land):
            return land
    except shapely.errors.GEOSException:
        pass
    return shapely.union_all(faces)


def _times_round(corners: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How often a closed line goes round each place, one way less the other: the edges that a ray from the place crosses,
    upwards less downwards. Rays go the way on which fewer edges lie."""
    lengths, extent = np.abs(np.diff(corners, axis=0)).sum(axis=0), np.ptp(corners, axis=0)
    if lengths[0] * extent[1] < lengths[1] * extent[0]:
        corners, places = corners[:, ::-1], places[:, ::-1]
    (x0, y0), (x1, y1) = corners[:-1].T, corners[1:].T
    edges = shapely.STRtree(shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1)))
    end = corners[:, 0].max() + 1
    times = np.zeros(len(places), dtype=int)
    for start in range(0, len(places), _MAX_EDGES_AT_ONCE):
        x, y = places[start : start + _MAX_EDGES_AT_ONCE].T
        rays = shapely.linestrings(
            np.stack([np.stack([x, y], axis=1), np.stack([np.full_like(x, end), y], axis=1)], axis=1)
        )
        ray, edge = edges.query(rays)
        left = (x1 - x0)[edge] * (y[ray] - y0[edge]) - (x[ray] - x0[edge]) * (y1 - y0)[edge]
        up = (y0[edge] <= y[ray]) & (y[ray] < y1[edge]) & (left > 0)
        down = (y1[edge] <= y[ray]) & (y[ray] < y0[edge]) & (left < 0)
        times[start : start + len(x)] = np.bincount(ray[up], minlength=len(x)) - np.bincount(
            ray[down], minlength=len(x)
        )
    return times


def refuse_scribbles(part: shapely.Geometry) -> None:
    """Raise `UnusableShape` for rings that cross themselves so often that no land is meant; making them valid would take hours."""
    ends = [shapely.get_coordinates(ring) for ring in shapely.get_rings(part)]
    pairs = np.concatenate([np.empty((0, 2, 2)), *(np.stack([c[:-1], c[1:]], axis=1) for c in ends)])
    edges = shapely.linestrings(pairs)
    tree, crossings = shapely.STRtree(edges), 0
    for start in range(0, len(edges), _MAX_EDGES_AT_ONCE):
        crossings += tree.query(edges[start : start + _MAX_EDGES_AT_ONCE], predicate="crosses").shape[1]
        if crossings > _MAX_CROSSINGS:
            raise UnusableShape(f"its rings cross themselves more than {_MAX_CROSSINGS // 2:,} times")
