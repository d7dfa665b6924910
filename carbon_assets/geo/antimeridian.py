"""Shapes that go on beyond 180 degrees, or jump to the other side of the map: what is meant, and the parts on both sides."""

from __future__ import annotations

import math

import numpy as np
import shapely

from carbon_assets.geo.rings import Parts, made_valid, only_polygons, rings_of


def leaves_the_map(part: shapely.Geometry) -> bool:
    """Whether a polygon goes on beyond 180 degrees, or jumps across the map."""
    if shapely.get_type_id(part) != shapely.GeometryType.POLYGON or shapely.is_empty(part):
        return False
    # Of all rings: a hole may lie outside of its shell.
    lon = shapely.get_coordinates(part)[:, 0]
    west, east = lon.min(), lon.max()
    if west < -180 or east > 180:
        return True
    return east - west > 180 and any(_jumps(shapely.get_coordinates(ring)[:, 0]).any() for ring in rings_of(part))


def straight(part: shapely.Geometry) -> shapely.Geometry:
    """The part as it is meant to be measured: a ring that jumps to the other side of the map encloses no half of the world."""
    return (leaves_the_map(part) and _drawn_through(part)) or part


def unfolded(polygon: shapely.Polygon) -> Parts | None:
    """The polygons of a polygon, drawn without jumps, valid, longitudes beyond 180 where it needs them; None if it encloses a pole."""
    drawn = _drawn_through(polygon)
    return None if drawn is None else only_polygons(shapely.geometrycollections(made_valid(drawn)))


def cut(whole: Parts) -> list[shapely.Geometry]:
    """The parts of polygons on each sheet of the map, shifted onto it by whole turns."""
    if not len(whole):
        return []
    west, _, east, _ = shapely.total_bounds(whole)
    cut: list[shapely.Geometry] = []
    for turn in range(math.floor((west + 180) / 360), math.ceil((east + 180) / 360)):
        sheet = shapely.box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)
        inside = np.concatenate([only_polygons(each) for each in shapely.intersection(whole, sheet)])
        cut += list(shapely.transform(inside, lambda c, turn=turn: _turned(c, -turn)))
    return cut


def lies_across(geometry: shapely.Geometry) -> bool:
    """Whether 180 degrees runs between the parts: across it they are nearer to each other than across the map."""
    lon = shapely.get_coordinates(geometry)[:, 0]
    west, _, east, _ = shapely.bounds(shapely.get_parts(geometry)).T
    return lon.size > 0 and (east - west).max() <= 180 < np.ptp(lon) and np.ptp(lon % 360) < 180


def _drawn_through(polygon: shapely.Polygon) -> shapely.Polygon | None:
    drawn = [_without_jumps(shapely.get_coordinates(ring)) for ring in rings_of(polygon)]
    rings = [ring for ring in drawn if ring is not None]
    if len(rings) < len(drawn):
        return None
    shell, *holes = rings
    middle = shell[:, 0].mean()
    return shapely.Polygon(shell, [_turned(hole, round((middle - hole[:, 0].mean()) / 360)) for hole in holes])


def _jumps(lon: np.ndarray) -> np.ndarray:
    """Which edges span half the world: they go the other way round. Where edges span all of it there and back, they are those
    of the map, drawn from end to end."""
    steps = np.diff(lon)
    is_whole = abs(steps) == 360
    return (abs(steps) > 180) & ~(is_whole & (steps[is_whole].sum() == 0))


def _without_jumps(coordinates: np.ndarray) -> np.ndarray | None:
    lon = coordinates[:, 0]
    steps = np.diff(lon)
    turned = np.where(_jumps(lon), -360 * np.sign(steps), 0).cumsum()
    if turned.size and turned[-1]:
        return None
    return np.column_stack([lon + np.concatenate([[0], turned]), coordinates[:, 1]])


def _turned(coordinates: np.ndarray, turns: int) -> np.ndarray:
    """The same places, so many turns to the east."""
    return coordinates + np.array([360.0 * turns, 0.0])
