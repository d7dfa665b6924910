"""Areas of polygons in EPSG:4326, in hectares: on the equal-area projection EPSG:6933, and on the ellipsoid."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pyproj
import shapely

from carbon_assets.geo.crs import WGS84, transformed
from carbon_assets.geo.rings import Parts, each_ring, is_outside, rings_of

# EPSG:6933 is defined between 180 degrees west and east and folds what lies beyond; `+over` goes on, with the same values
# within. So a shape can be measured before it is cut at the antimeridian.
_MEASURE = "+proj=cea +lat_ts=30 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs +over"

_GEOD = pyproj.Geod(ellps="WGS84")
_HECTARE = 10_000


def areas_ha(parts: Parts) -> np.ndarray:
    """What the rings of each polygon in EPSG:4326 enclose, valid or not, in ha on EPSG:6933: its shell less the holes in it,
    and a hole outside of it besides. 0 for points and lines."""
    flat = transformed(parts, _measure())
    areas = shapely.area(flat)
    for i in np.flatnonzero((shapely.get_num_interior_rings(flat) > 0) & ~shapely.is_valid(flat)):
        areas[i] = _enclosed(flat[i])
    return areas / _HECTARE


def geodesic_area_ha(geometry: shapely.Geometry) -> float:
    """Area on the ellipsoid WGS 84, with geodesics as edges, in ha; shells must be counter-clockwise."""
    return math.fsum(_GEOD.geometry_area_perimeter(part)[0] for part in shapely.get_parts(geometry)) / _HECTARE


def _enclosed(polygon: shapely.Polygon) -> float:
    """What the rings of a polygon enclose, in the square of its units. The area of a ring that crosses itself is what its
    turns leave (for a figure of eight nothing), until it is made valid."""
    shell, holes = each_ring(polygon)
    drawn = [shapely.Polygon(ring).area for ring in rings_of(polygon)]
    signs = [1, *(1 if is_outside(shell, hole) else -1 for hole in holes)]
    return math.fsum(area * sign for area, sign in zip(drawn, signs, strict=True))


@cache
def _measure() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(WGS84, _MEASURE, always_xy=True)
