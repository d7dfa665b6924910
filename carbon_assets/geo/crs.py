"""From the coordinate reference system of a file to longitude and latitude on WGS 84: one operation for a whole shape."""

from __future__ import annotations

import math
import threading
from functools import cache

import numpy as np
import pyproj
import shapely

from carbon_assets.geo.rings import Parts, UnusableShape

WGS84 = "EPSG:4326"

# What is found must not depend on whether this machine reaches PROJ's grids.
pyproj.network.set_network_enabled(False)


def located(parts: Parts, crs: str) -> tuple[Parts, str | None]:
    """The parts in EPSG:4326, and how they were brought there. Raises `UnusableShape`."""
    located, how = parts, None
    if crs != WGS84 and len(parts):
        transformer, how = _to_wgs84(crs, _window(parts, crs), threading.get_ident())
        located = transformed(parts, transformer)
    lon, lat = shapely.get_coordinates(located).T
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()) or (abs(lat) > 90).any() or (abs(lon) > 360).any():
        west, south, east, north = shapely.total_bounds(parts)
        raise UnusableShape(
            f"the coordinates are no places on Earth: x from {west:g} to {east:g}, y from {south:g} to {north:g} in {name_of(crs)}; "
            "are its axes swapped, or is it in another coordinate reference system than it says?"
        )
    return located, how


def _window(parts: Parts, crs: str) -> tuple[float, float, float, float]:
    """Where on Earth the parts lie, in whole degrees outwards, so that neighbours share what is found for it."""
    try:
        left, bottom, right, top = shapely.total_bounds(parts)
        rough = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
        west, south, east, north = rough.transform_bounds(left, bottom, right, top, errcheck=False)
    except pyproj.exceptions.ProjError as error:
        raise UnusableShape(f"{name_of(crs)} cannot be brought to {WGS84}: {error}") from error
    if not np.isfinite([west, south, east, north]).all() or west > east:
        return (-180.0, -90.0, 180.0, 90.0)
    return (math.floor(west), math.floor(south), math.ceil(east), math.ceil(north))


@cache
def _to_wgs84(crs: str, window: tuple[float, float, float, float], thread: int) -> tuple[pyproj.Transformer, str]:
    """One operation for a whole shape, the most accurate one there, and its name. Left to itself PROJ chooses anew for every
    vertex, which tears a boundary by up to 23 m where the areas of two operations meet (SAD69 in Colombia). Each `thread` has its
    own: those of a group are not safe to share."""
    west, south, east, north = window
    area = pyproj.transformer.AreaOfInterest(max(west, -180), max(south, -90), min(east, 180), min(north, 90))
    try:
        found = pyproj.transformer.TransformerGroup(crs, WGS84, always_xy=True, area_of_interest=area)
    except pyproj.exceptions.ProjError as error:
        raise UnusableShape(f"{name_of(crs)} cannot be brought to {WGS84}: {error}") from error
    best = found.transformers[0]
    accuracy = f"to {best.accuracy:g} m" if best.accuracy >= 0 else "accuracy not known"
    how = f"from {name_of(crs)} by {best.description} ({accuracy})"
    missing = found.unavailable_operations
    better = next((o.name for o in missing if not found.best_available), None)
    return best, f"{how}; {better} would be better, and its grid is not here" if better else how


@cache
def name_of(crs: str) -> str:
    """A code as it is, WKT by its name."""
    known = pyproj.CRS.from_user_input(crs)
    return crs if len(crs) < 20 else known.name


def transformed(parts: Parts, transformer: pyproj.Transformer) -> Parts:
    """The parts with every vertex brought elsewhere."""
    return shapely.transform(parts, lambda c: np.column_stack(transformer.transform(c[:, 0], c[:, 1])))
