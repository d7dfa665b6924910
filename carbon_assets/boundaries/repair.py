"""The shapes of one project become one valid geometry, with an account of every square metre on the way.

Steps follow one another, each with parts, holes and area before and after; what one leaves is what the next begins with, so
the differences add up. Nothing is moved, but for whole turns of the Earth. How rings are made valid belongs in
`geo/rings.py`, how files are read in `geo/files/`, what a boundary means for its project in `findings.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from carbon_assets.geo.antimeridian import cut, leaves_the_map, lies_across, straight, unfolded
from carbon_assets.geo.areas import areas_ha
from carbon_assets.geo.crs import located
from carbon_assets.geo.rings import (
    Parts,
    UnusableShape,
    each_ring,
    in_order,
    is_outside,
    made_valid,
    only_polygons,
    parts_of,
    refuse_scribbles,
)

_MAX_PLACES_NAMED = 3
"""Places that a reason names."""

_NO_WIDTH_DEGREES = 1e-11
"""A micrometre. Corners on one line in degrees are on a bent one in a projection, where they seem to enclose 0.1 ha."""

STEPS = {
    "2d": "heights are dropped",
    "crs": "coordinates become longitude and latitude on WGS 84",
    "antimeridian": "what crosses 180 degrees is cut there",
    "duplicates": "parts that are the same are counted once",
    "validity": "rings that cross or touch themselves are made valid",
    "holes": "holes count where they lie within their shell and do not overlap; one outside is a part",
    "non-polygon parts": "points and lines are left out",
    "overlaps": "parts that overlap or share an edge become one",
    "slivers": "parts below the least area, or of no width, are left out",
}
"""The steps in their order -> what each does."""


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


def repair(shapes: Sequence[Shape], min_part_ha: float) -> Repaired:
    """One geometry of all shapes of a project. Raises `UnusableShape`, above all for coordinates that are no places on Earth.

    The order of shapes does not matter.
    """
    by_crs = {crs: parts_of([s.geometry for s in shapes if s.crs == crs]) for crs in sorted({s.crs for s in shapes})}
    raw = np.concatenate([*by_crs.values()]) if by_crs else np.empty(0, dtype=object)
    # Before anything is measured: what is nowhere on Earth has no area.
    placed = [located(shapely.force_2d(parts), crs) for crs, parts in by_crs.items()]
    parts = in_order(np.concatenate([part for part, _ in placed]) if placed else raw)
    account = _Account(_tally(parts, math.fsum(areas_ha(np.array([straight(p) for p in parts], dtype=object)))))
    account.unchanged("2d", _counted(shapely.has_z(raw).sum(), "part") and "heights dropped")
    account.unchanged("crs", "; ".join(sorted(how for _, how in placed if how)))
    parts, encloses = _cut_at_antimeridian(parts, account)
    parts = _without_duplicates(parts, account)
    parts = _made_valid(parts, account)
    parts = _polygons_only(parts, account)
    parts = _merged(parts, account)
    parts = _without_slivers(parts, account, min_part_ha)
    # A vertex drawn twice in a row would stay or not by where its ring begins.
    parts = in_order(shapely.remove_repeated_points(parts))
    geometry = shapely.orient_polygons(shapely.multipolygons(parts))
    if not geometry.is_valid:  # seen only where coordinates differ by less than 1e-150
        raise UnusableShape(f"it cannot be made valid: {shapely.is_valid_reason(geometry)}")
    return Repaired(geometry, tuple(account.steps), lies_across(geometry), encloses)


def drawn(shapes: Iterable[Shape]) -> Parts:
    """The parts as drawn, in degrees where they can be told, to be looked at."""
    made = []
    for shape in shapes:
        parts = shapely.force_2d(parts_of([shape.geometry]))
        try:
            made.append(located(parts, shape.crs)[0])
        except UnusableShape:
            made.append(parts)
    return np.concatenate(made) if made else np.empty(0, dtype=object)


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


def _cut_at_antimeridian(parts: Parts, account: _Account) -> tuple[Parts, bool]:
    """Polygons that go on beyond 180 degrees, or jump to the other side of the world, become parts on both sides (RFC 7946,
    3.1.9). One that encloses a pole stays as it is."""
    left: list[shapely.Geometry] = []
    crossing = beyond = enclosing = 0
    for part in parts:
        if not leaves_the_map(part):
            left.append(part)
        elif (whole := unfolded(part)) is None:
            left.append(part)
            enclosing += 1
        else:
            pieces = cut(whole)
            left += list(in_order(np.array(pieces, dtype=object)))
            crossing += len(pieces) > 1
            beyond += len(pieces) < 2
    if not crossing and not beyond and not enclosing:
        account.unchanged("antimeridian")
        return parts, False
    both_sides = np.array(left, dtype=object)
    reasons = [
        _counted(crossing, "part") and f"{_counted(crossing, 'part')} cut at 180 degrees",
        _counted(beyond, "part") and f"{_counted(beyond, 'part')} beyond 180 degrees, brought back by a turn",
        _counted(enclosing, "part") and f"{_counted(enclosing, 'part')} around a pole, left as drawn",
    ]
    account.add("antimeridian", both_sides, "; ".join(t for t in reasons if t))
    return both_sides, enclosing > 0


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
        refuse_scribbles(part)
    if not broken.any():
        account.unchanged("validity")
        account.unchanged("holes")
        return parts
    reasons = sorted(shapely.is_valid_reason(parts[broken]))
    shown = "; ".join(reasons[:_MAX_PLACES_NAMED]) + (
        f"; and {len(reasons) - _MAX_PLACES_NAMED} more" if len(reasons) > _MAX_PLACES_NAMED else ""
    )
    fixed = in_order(np.concatenate([parts[~broken], *(made_valid(part) for part in parts[broken])]))
    with_holes = parts[broken & (shapely.get_num_interior_rings(parts) > 0)]
    if not len(with_holes):
        account.add("validity", fixed, shown)
        account.unchanged("holes")
        return fixed
    # The rings of each polygon by themselves: what they enclose, before shells and holes are held against each other.
    alone = [_rings_alone(part) for part in with_holes]
    bare = parts[broken & (shapely.get_num_interior_rings(parts) == 0)]
    other = np.concatenate([parts[~broken], *(made_valid(part) for part in bare)])
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
    merged = in_order(only_polygons(shapely.union_all(parts)))
    account.add("overlaps", merged, f"{len(parts)} parts overlap or share edges; {len(merged)} remain")
    return merged


def _without_slivers(parts: Parts, account: _Account, min_part_ha: float) -> Parts:
    no_width = shapely.area(parts) < shapely.length(parts) / 2 * _NO_WIDTH_DEGREES
    is_sliver = (areas_ha(parts) < min_part_ha) | no_width
    gone = int(is_sliver.sum())
    if not gone:
        account.unchanged("slivers")
        return parts
    account.add("slivers", parts[~is_sliver], f"{_counted(gone, 'part')} below {min_part_ha:g} ha")
    return parts[~is_sliver]


def _rings_alone(polygon: shapely.Polygon) -> _Tally:
    """The valid rings of an invalid polygon, not yet held against each other."""
    shell, holes = each_ring(polygon)
    enclosed = [math.fsum(areas_ha(only_polygons(ring))) for ring in (shell, *holes)]
    signs = [1, *(1 if is_outside(shell, hole) else -1 for hole in holes)]
    area = math.fsum(ha * sign for ha, sign in zip(enclosed, signs, strict=True))
    return _Tally(len(only_polygons(shell)), len(holes), area)


def _counted(number: int, what: str) -> str | None:
    return f"{number} {what}{'s' if number != 1 else ''}" if number else None
