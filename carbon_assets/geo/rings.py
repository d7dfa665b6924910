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

_DIGITS_LOST = 2.0**12
"""Of the 53 binary digits of a coordinate, when it is rounded: what is left is 0.01 mm."""

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
    rings = [shapely.Polygon(ring) for ring in rings_of(polygon)]
    shell, *holes = [_valid(ring, keep_collapsed=False) for ring in rings]
    return shell, holes


def is_outside(shell: shapely.Geometry, hole: shapely.Geometry) -> bool:
    """Whether they have no land in common: where they touch, rounding lets them overlap by some last digits."""
    return not shapely.intersects(shell, hole) or shapely.intersection(shell, hole).area <= _TOUCHING * hole.area


def made_valid(part: shapely.Geometry) -> Parts:
    """The polygon made valid by the structure of its rings: what any shell encloses and no hole does, so that a ring drawn
    twice counts once. Holes outside of the shell become parts. Lines that are left of it stay, to be told."""
    if not shapely.get_num_interior_rings(part):
        return parts_of([_valid(part, keep_collapsed=True)])
    # GEOS would take one that touches the shell from outside for a hole, and lose it.
    shell, holes = each_ring(part)
    outside = [is_outside(shell, hole) for hole in holes]
    inner = [ring for ring, is_outside in zip(part.interiors, outside, strict=True) if not is_outside]
    rest = _valid(shapely.Polygon(part.exterior, inner), keep_collapsed=True)
    lone = [only_polygons(hole) for hole, is_outside in zip(holes, outside, strict=True) if is_outside]
    return np.concatenate([parts_of([rest]), *lone])


def _valid(geometry: shapely.Geometry, keep_collapsed: bool) -> shapely.Geometry:
    """Of one in 1,000 rings drawn at random, with edges that meet within the last digits, GEOS makes something that is not
    valid, gives up, or loses land. Once they are rounded, to a hundredth of a millimetre, that is one in
    some 30,000, valid at least."""

    def made(drawn: shapely.Geometry) -> shapely.Geometry:
        return shapely.make_valid(drawn, method="structure", keep_collapsed=keep_collapsed)

    try:
        valid = made(geometry)
        if shapely.is_valid(valid):
            return valid
    except shapely.errors.GEOSException:
        pass
    grid = float(np.spacing(abs(shapely.get_coordinates(geometry)).max())) * _DIGITS_LOST
    valid = made(shapely.set_precision(geometry, grid, mode="pointwise"))
    return valid if shapely.is_valid(valid) else made(valid)


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
