"""The shapes of one project become one valid geometry, with an account of every square metre on the way.

Steps follow one another, each with parts, holes and area before and after; what one leaves is what the next begins with, so
the differences add up. Nothing is moved, but for whole turns of the Earth. How files are read belongs in `boundary_files/`,
what a boundary means for its project in `boundary_findings.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyproj
import shapely

WGS84 = "EPSG:4326"
EQUAL_AREA = "EPSG:6933"

# What is found must not depend on whether this machine reaches PROJ's grids.
pyproj.network.set_network_enabled(False)

# EPSG:6933 is defined between 180 degrees west and east and folds what lies beyond; `+over` goes on, with the same values
# within. So a shape can be measured before it is cut at the antimeridian.
_MEASURE = "+proj=cea +lat_ts=30 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs +over"

_GEOD = pyproj.Geod(ellps="WGS84")
_HECTARE = 10_000
_SHOWN = 3
"""Places that a reason names."""

STEPS = {
    "2d": "heights are dropped",
    "crs": "coordinates become longitude and latitude on WGS 84",
    "antimeridian": "what crosses 180 degrees is cut there",
    "duplicates": "parts that are the same are counted once",
    "validity": "rings that cross or touch themselves are made valid",
    "holes": "holes count where they lie within their shell and do not overlap; one outside is a part",
    "non-polygon parts": "points and lines are left out",
    "overlaps": "parts that overlap or share an edge become one",
    "slivers": "parts below the least area are left out",
}
"""The steps in their order -> what each does."""

_MOST_CROSSINGS = 100_000
"""Each counted from both sides. 1,000 vertices at random cross 150,000 times, which takes 3 s, and four times so long for
twice as many; the worst real boundary seen crosses 3 times."""
_EDGES_AT_ONCE = 500

_DIGITS_LOST = 2.0**12
"""Of the 53 binary digits of a coordinate, when it is rounded: what is left is 0.01 mm."""

_TOUCHING = 1e-9
"""Share of a hole, of 100 ha some square centimetres."""

Parts = np.ndarray
"""Points, lines and polygons, no collections of them."""


class UnusableShape(Exception):
    """No boundary can be made of a project's shapes."""


@dataclass(frozen=True)
class Shape:
    """A geometry as its file has it, in the coordinate reference system `crs` (authority code or WKT)."""

    geometry: shapely.Geometry
    crs: str


@dataclass(frozen=True)
class Step:
    """What one step did. Areas in ha on EPSG:6933: what the rings enclose, overlaps counted as often as they occur."""

    name: str
    reason: str | None
    parts_before: int
    parts_after: int
    holes_before: int
    holes_after: int
    area_before_ha: float
    area_after_ha: float

    @property
    def delta_ha(self) -> float:
        """Area gained."""
        return self.area_after_ha - self.area_before_ha


@dataclass(frozen=True)
class Repaired:
    """`geometry`: a valid MultiPolygon in EPSG:4326 (longitude, latitude), shells counter-clockwise, in an order of its own;
    empty where no polygon was left. It crosses the antimeridian if it lies on both sides, cut there by us or by others."""

    geometry: shapely.MultiPolygon
    steps: tuple[Step, ...]
    crosses_antimeridian: bool = False
    encloses_pole: bool = False

    @property
    def area_ha(self) -> float:
        """On EPSG:6933."""
        return self.steps[-1].area_after_ha

    def change(self, *names: str) -> float:
        """What these steps gave and took, as a share of the area before the first or after the last of them, the larger one.
        What one gives and another takes does not cancel out."""
        steps = [step for step in self.steps if step.name in names]
        most = max(steps[0].area_before_ha, steps[-1].area_after_ha)
        return sum(abs(step.delta_ha) for step in steps) / most if most else 0.0


def repair(shapes: Sequence[Shape], least_part_ha: float) -> Repaired:
    """One geometry of all shapes of a project. Raises `UnusableShape`, above all for coordinates that are no places on Earth.

    The order of shapes does not matter.
    """
    by_crs = {crs: _parts([s.geometry for s in shapes if s.crs == crs]) for crs in sorted({s.crs for s in shapes})}
    raw = np.concatenate([*by_crs.values()]) if by_crs else np.empty(0, dtype=object)
    # Before anything is measured: what is nowhere on Earth has no area.
    located = [_located(shapely.force_2d(parts), crs) for crs, parts in by_crs.items()]
    parts = _in_order(np.concatenate([part for part, _ in located]) if located else raw)
    account = _Account(_tally(parts, math.fsum(areas_ha(np.array([_straight(p) for p in parts], dtype=object)))))
    account.unchanged("2d", _counted(shapely.has_z(raw).sum(), "part") and "heights dropped")
    account.unchanged("crs", "; ".join(sorted(how for _, how in located if how)))
    parts, encloses = _cut_at_antimeridian(parts, account)
    parts = _without_duplicates(parts, account)
    parts = _made_valid(parts, account)
    parts = _polygons_only(parts, account)
    parts = _merged(parts, account)
    parts = _without_slivers(parts, account, least_part_ha)
    # A vertex drawn twice in a row would stay or not by where its ring begins.
    parts = _in_order(shapely.remove_repeated_points(parts))
    geometry = shapely.orient_polygons(shapely.multipolygons(parts))
    if not geometry.is_valid:  # seen only where coordinates differ by less than 1e-150
        raise UnusableShape(f"it cannot be made valid: {shapely.is_valid_reason(geometry)}")
    return Repaired(geometry, tuple(account.steps), _lies_across(geometry), encloses)


def drawn(shapes: Iterable[Shape]) -> Parts:
    """The parts as drawn, in degrees where they can be told, to be looked at."""
    made = []
    for shape in shapes:
        parts = shapely.force_2d(_parts([shape.geometry]))
        try:
            made.append(_located(parts, shape.crs)[0])
        except UnusableShape:
            made.append(parts)
    return np.concatenate(made) if made else np.empty(0, dtype=object)


def areas_ha(parts: Parts) -> np.ndarray:
    """What the rings of each polygon in EPSG:4326 enclose, valid or not, in ha on EPSG:6933: its shell less the holes in it,
    and a hole outside of it besides. 0 for points and lines."""
    flat = _transformed(parts, _measure())
    areas = shapely.area(flat)
    for i in np.flatnonzero((shapely.get_num_interior_rings(flat) > 0) & ~shapely.is_valid(flat)):
        areas[i] = _enclosed(flat[i])
    return areas / _HECTARE


def geodesic_area_ha(geometry: shapely.Geometry) -> float:
    """Area on the ellipsoid WGS 84, with geodesics as edges, in ha; shells must be counter-clockwise."""
    return math.fsum(_GEOD.geometry_area_perimeter(part)[0] for part in shapely.get_parts(geometry)) / _HECTARE


# --- the account


@dataclass(frozen=True)
class _Tally:
    parts: int
    holes: int
    area_ha: float


def _tally(parts: Parts, area_ha: float | None = None) -> _Tally:
    area = math.fsum(areas_ha(parts)) if area_ha is None else area_ha
    return _Tally(len(parts), int(shapely.get_num_interior_rings(parts).sum()), area)


@dataclass
class _Account:
    """The steps so far, and what the last one left."""

    now: _Tally
    steps: list[Step] = field(default_factory=list)

    def add(self, name: str, parts: Parts, reason: str | None = None) -> None:
        """A step after which these parts are left."""
        self.close(name, _tally(parts), reason)

    def unchanged(self, name: str, reason: str | None = None) -> None:
        """A step that took or gave no area."""
        self.close(name, self.now, reason)

    def close(self, name: str, after: _Tally, reason: str | None) -> None:
        before, self.now = self.now, after
        self.steps.append(
            Step(
                name,
                reason or None,
                before.parts,
                after.parts,
                before.holes,
                after.holes,
                before.area_ha,
                after.area_ha,
            )
        )


# --- the steps


def _located(parts: Parts, crs: str) -> tuple[Parts, str | None]:
    """The parts in EPSG:4326, and how they were brought there. Raises `UnusableShape`."""
    located, how = parts, None
    if crs != WGS84 and len(parts):
        transformer, how = _to_wgs84(crs, *_window(parts, crs))
        located = _transformed(parts, transformer)
    lon, lat = shapely.get_coordinates(located).T
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()) or (abs(lat) > 90).any() or (abs(lon) > 360).any():
        west, south, east, north = shapely.total_bounds(parts)
        raise UnusableShape(
            f"the coordinates are no places on Earth: x from {west:g} to {east:g}, y from {south:g} to {north:g} in {_name(crs)}; "
            "are its axes swapped, or is it in another coordinate reference system than it says?"
        )
    return located, how


def _cut_at_antimeridian(parts: Parts, account: _Account) -> tuple[Parts, bool]:
    """Polygons that go on beyond 180 degrees, or jump to the other side of the world, become parts on both sides (RFC 7946,
    3.1.9). One that encloses a pole stays as it is."""
    left: list[shapely.Geometry] = []
    crossing = beyond = enclosing = 0
    for part in parts:
        if not _leaves_the_map(part):
            left.append(part)
        elif (whole := _unfolded(part)) is None:
            left.append(part)
            enclosing += 1
        else:
            pieces = _cut(whole)
            left += list(_in_order(np.array(pieces, dtype=object)))
            crossing += len(pieces) > 1
            beyond += len(pieces) < 2
    if not crossing and not beyond and not enclosing:
        account.unchanged("antimeridian")
        return parts, False
    cut = np.array(left, dtype=object)
    told = [
        _counted(crossing, "part") and f"{_counted(crossing, 'part')} cut at 180 degrees",
        _counted(beyond, "part") and f"{_counted(beyond, 'part')} beyond 180 degrees, brought back by a turn",
        _counted(enclosing, "part") and f"{_counted(enclosing, 'part')} around a pole, left as drawn",
    ]
    account.add("antimeridian", cut, "; ".join(t for t in told if t))
    return cut, enclosing > 0


def _without_duplicates(parts: Parts, account: _Account) -> Parts:
    kept = np.array(list({shapely.to_wkb(part): part for part in parts}.values()), dtype=object)
    gone = len(parts) - len(kept)
    account.add("duplicates", kept, f"{_counted(gone, 'part')} already there") if gone else account.unchanged(
        "duplicates"
    )
    return kept


def _made_valid(parts: Parts, account: _Account) -> Parts:
    """Two steps: the rings by themselves, then the holes within their shells."""
    broken = ~shapely.is_valid(parts)
    for part in parts[broken]:
        _refuse_scribbles(part)
    if not broken.any():
        account.unchanged("validity")
        account.unchanged("holes")
        return parts
    reasons = sorted(shapely.is_valid_reason(parts[broken]))
    shown = "; ".join(reasons[:_SHOWN]) + (f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else "")
    fixed = _in_order(np.concatenate([parts[~broken], *(_fixed(part) for part in parts[broken])]))
    with_holes = parts[broken & (shapely.get_num_interior_rings(parts) > 0)]
    if not len(with_holes):
        account.add("validity", fixed, shown)
        account.unchanged("holes")
        return fixed
    # The rings of each polygon by themselves: what they enclose, before shells and holes are held against each other.
    alone = [_rings_alone(part) for part in with_holes]
    bare = parts[broken & (shapely.get_num_interior_rings(parts) == 0)]
    other = np.concatenate([parts[~broken], *(_fixed(part) for part in bare)])
    rings = _tally(other)
    account.close(
        "validity",
        _Tally(
            rings.parts + sum(tally.parts for tally in alone),
            rings.holes + sum(tally.holes for tally in alone),
            math.fsum([rings.area_ha, *(tally.area_ha for tally in alone)]),
        ),
        shown,
    )
    account.add(
        "holes", fixed, f"{_counted(len(with_holes), 'part')} whose holes contradict their shells or each other"
    )
    return fixed


def _polygons_only(parts: Parts, account: _Account) -> Parts:
    is_polygon = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    gone = int((~is_polygon).sum())
    if not gone:
        account.unchanged("non-polygon parts")
        return parts
    account.add("non-polygon parts", parts[is_polygon], f"{_counted(gone, 'point, line or empty part')} left out")
    return parts[is_polygon]


def _merged(parts: Parts, account: _Account) -> Parts:
    """Parts of one project may overlap or share an edge, which no valid MultiPolygon does."""
    if len(parts) < 2 or shapely.is_valid(shapely.multipolygons(parts)):
        account.unchanged("overlaps")
        return parts
    merged = _in_order(_only_polygons(shapely.union_all(parts)))
    account.add("overlaps", merged, f"{len(parts)} parts overlap or share edges; {len(merged)} remain")
    return merged


def _without_slivers(parts: Parts, account: _Account, least_part_ha: float) -> Parts:
    is_sliver = areas_ha(parts) < least_part_ha
    gone = int(is_sliver.sum())
    if not gone:
        account.unchanged("slivers")
        return parts
    account.add("slivers", parts[~is_sliver], f"{_counted(gone, 'part')} below {least_part_ha:g} ha")
    return parts[~is_sliver]


# --- validity


def _refuse_scribbles(part: shapely.Geometry) -> None:
    """Raise `UnusableShape` for rings that cross themselves so often that no land is meant; making them valid would take hours."""
    ends = [shapely.get_coordinates(ring) for ring in shapely.get_rings(part)]
    pairs = np.concatenate([np.empty((0, 2, 2)), *(np.stack([c[:-1], c[1:]], axis=1) for c in ends)])
    edges = shapely.linestrings(pairs)
    tree, crossings = shapely.STRtree(edges), 0
    for start in range(0, len(edges), _EDGES_AT_ONCE):
        crossings += tree.query(edges[start : start + _EDGES_AT_ONCE], predicate="crosses").shape[1]
        if crossings > _MOST_CROSSINGS:
            raise UnusableShape(f"its rings cross themselves more than {_MOST_CROSSINGS // 2:,} times")


def _fixed(part: shapely.Geometry) -> Parts:
    """The polygon made valid by the structure of its rings: what any shell encloses and no hole does, so that a ring drawn
    twice counts once. Holes outside of the shell become parts. Lines that are left of it stay, to be told."""
    if not shapely.get_num_interior_rings(part):
        return _parts([_valid(part, keep_collapsed=True)])
    # GEOS would take one that touches the shell from outside for a hole, and lose it.
    shell, holes = _ring_polygons(part)
    outside = [_is_outside(shell, hole) for hole in holes]
    inner = [ring for ring, is_outside in zip(part.interiors, outside, strict=True) if not is_outside]
    rest = _valid(shapely.Polygon(part.exterior, inner), keep_collapsed=True)
    lone = [_only_polygons(hole) for hole, is_outside in zip(holes, outside, strict=True) if is_outside]
    return np.concatenate([_parts([rest]), *lone])


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


def _only_polygons(geometry: shapely.Geometry) -> Parts:
    parts = _parts([geometry])
    return parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)]


def _ring_polygons(polygon: shapely.Polygon) -> tuple[shapely.Geometry, list[shapely.Geometry]]:
    """What the shell and each hole enclose by themselves, empty where that is no land."""
    rings = [shapely.Polygon(ring) for ring in _rings(polygon)]
    shell, *holes = [_valid(ring, keep_collapsed=False) for ring in rings]
    return shell, holes


def _rings(polygon: shapely.Polygon) -> list[shapely.LinearRing]:
    return [polygon.exterior, *polygon.interiors]


def _is_outside(shell: shapely.Geometry, hole: shapely.Geometry) -> bool:
    """Whether they have no land in common: where they touch, rounding lets them overlap by some last digits."""
    return not shapely.intersects(shell, hole) or shapely.intersection(shell, hole).area <= _TOUCHING * hole.area


def _enclosed(polygon: shapely.Polygon) -> float:
    """What the rings of a polygon enclose, in the square of its units. The area of a ring that crosses itself is what its
    turns leave (for a figure of eight nothing), until it is made valid."""
    shell, holes = _ring_polygons(polygon)
    drawn = [shapely.Polygon(ring).area for ring in _rings(polygon)]
    signs = [1, *(1 if _is_outside(shell, hole) else -1 for hole in holes)]
    return math.fsum(area * sign for area, sign in zip(drawn, signs, strict=True))


def _rings_alone(polygon: shapely.Polygon) -> _Tally:
    """The valid rings of an invalid polygon, not yet held against each other."""
    shell, holes = _ring_polygons(polygon)
    enclosed = [math.fsum(areas_ha(_only_polygons(ring))) for ring in (shell, *holes)]
    signs = [1, *(1 if _is_outside(shell, hole) else -1 for hole in holes)]
    area = math.fsum(ha * sign for ha, sign in zip(enclosed, signs, strict=True))
    return _Tally(len(_only_polygons(shell)), len(holes), area)


# --- the antimeridian


def _leaves_the_map(part: shapely.Geometry) -> bool:
    if shapely.get_type_id(part) != shapely.GeometryType.POLYGON or shapely.is_empty(part):
        return False
    # Of all rings: a hole may lie outside of its shell.
    lon = shapely.get_coordinates(part)[:, 0]
    west, east = lon.min(), lon.max()
    if west < -180 or east > 180:
        return True
    return east - west > 180 and any(_jumps(shapely.get_coordinates(ring)[:, 0]).any() for ring in _rings(part))


def _jumps(lon: np.ndarray) -> np.ndarray:
    """Which edges span half the world: they go the other way round. Where edges span all of it there and back, they are those
    of the map, drawn from end to end."""
    steps = np.diff(lon)
    is_whole = abs(steps) == 360
    return (abs(steps) > 180) & ~(is_whole & (steps[is_whole].sum() == 0))


def _unfolded(polygon: shapely.Polygon) -> Parts | None:
    """The polygons of a polygon, drawn without jumps, valid, longitudes beyond 180 where it needs them; None if it encloses a pole."""
    drawn = _drawn_through(polygon)
    return None if drawn is None else _only_polygons(shapely.geometrycollections(_fixed(drawn)))


def _drawn_through(polygon: shapely.Polygon) -> shapely.Polygon | None:
    shell, *holes = [_without_jumps(shapely.get_coordinates(ring)) for ring in _rings(polygon)]
    if shell is None or any(hole is None for hole in holes):
        return None
    middle = shell[:, 0].mean()
    return shapely.Polygon(shell, [_turned(hole, round((middle - hole[:, 0].mean()) / 360)) for hole in holes])


def _straight(part: shapely.Geometry) -> shapely.Geometry:
    """The part as it is meant to be measured: a ring that jumps to the other side of the map encloses no half of the world."""
    return (_leaves_the_map(part) and _drawn_through(part)) or part


def _turned(coordinates: np.ndarray, turns: int) -> np.ndarray:
    """The same places, so many turns to the east."""
    return coordinates + np.array([360.0 * turns, 0.0])


def _without_jumps(coordinates: np.ndarray) -> np.ndarray | None:
    lon = coordinates[:, 0]
    steps = np.diff(lon)
    turned = np.where(_jumps(lon), -360 * np.sign(steps), 0).cumsum()
    if turned.size and turned[-1]:
        return None
    return np.column_stack([lon + np.concatenate([[0], turned]), coordinates[:, 1]])


def _lies_across(geometry: shapely.Geometry) -> bool:
    """Whether 180 degrees runs between the parts: across it they are nearer to each other than across the map."""
    lon = shapely.get_coordinates(geometry)[:, 0]
    west, _, east, _ = shapely.bounds(shapely.get_parts(geometry)).T
    return lon.size > 0 and (east - west).max() <= 180 < np.ptp(lon) and np.ptp(lon % 360) < 180


def _cut(whole: Parts) -> list[shapely.Geometry]:
    """The parts of polygons on each sheet of the map, shifted onto it by whole turns."""
    if not len(whole):
        return []
    west, _, east, _ = shapely.total_bounds(whole)
    cut: list[shapely.Geometry] = []
    for turn in range(math.floor((west + 180) / 360), math.ceil((east + 180) / 360)):
        sheet = shapely.box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)
        inside = np.concatenate([_only_polygons(each) for each in shapely.intersection(whole, sheet)])
        cut += list(shapely.transform(inside, lambda c, turn=turn: _turned(c, -turn)))
    return cut


# --- coordinates and parts


@cache
def _measure() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(WGS84, _MEASURE, always_xy=True)


def _window(parts: Parts, crs: str) -> tuple[float, float, float, float]:
    """Where on Earth the parts lie, in whole degrees outwards, so that neighbours share what is found for it."""
    try:
        rough = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
        west, south, east, north = rough.transform_bounds(*shapely.total_bounds(parts), errcheck=False)
    except pyproj.exceptions.ProjError as error:
        raise UnusableShape(f"{_name(crs)} cannot be brought to {WGS84}: {error}") from error
    if not np.isfinite([west, south, east, north]).all() or west > east:
        return (-180.0, -90.0, 180.0, 90.0)
    return (math.floor(west), math.floor(south), math.ceil(east), math.ceil(north))


@cache
def _to_wgs84(crs: str, west: float, south: float, east: float, north: float) -> tuple[pyproj.Transformer, str]:
    """One operation for a whole shape, the most accurate one there, and its name. Left to itself PROJ chooses anew for every
    vertex, which tears a boundary by up to 23 m where the areas of two operations meet (SAD69 in Colombia)."""
    area = pyproj.aoi.AreaOfInterest(max(west, -180), max(south, -90), min(east, 180), min(north, 90))
    try:
        found = pyproj.transformer.TransformerGroup(crs, WGS84, always_xy=True, area_of_interest=area)
    except pyproj.exceptions.ProjError as error:
        raise UnusableShape(f"{_name(crs)} cannot be brought to {WGS84}: {error}") from error
    best = found.transformers[0]
    accuracy = f"to {best.accuracy:g} m" if best.accuracy >= 0 else "accuracy not known"
    how = f"from {_name(crs)} by {best.description} ({accuracy})"
    missing = found.unavailable_operations
    better = next((o.name for o in missing if not found.best_available), None)
    return best, f"{how}; {better} would be better, and its grid is not here" if better else how


@cache
def _name(crs: str) -> str:
    known = pyproj.CRS.from_user_input(crs)
    return crs if len(crs) < 20 else known.name


def _transformed(parts: Parts, transformer: pyproj.Transformer) -> Parts:
    return shapely.transform(parts, lambda c: np.column_stack(transformer.transform(c[:, 0], c[:, 1])))


def _parts(geometries: Iterable[shapely.Geometry]) -> Parts:
    """All parts of geometries, collections within collections taken apart."""
    parts = shapely.get_parts(np.array([g for g in geometries if g is not None], dtype=object))
    while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
        parts = shapely.get_parts(parts)
    return parts


def _in_order(parts: Parts) -> Parts:
    """The parts in an order that depends on nothing but them, the rings of each begun at their least point."""
    normal = shapely.normalize(parts)
    return normal[np.argsort(shapely.to_wkb(normal), kind="stable")] if len(normal) else normal


def _counted(number: int, what: str) -> str | None:
    return f"{number} {what}{'s' if number != 1 else ''}" if number else None
