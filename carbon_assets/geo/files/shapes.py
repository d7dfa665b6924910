"""What all formats share: what a file may cost, the shapes it gives, how positions become geometries, texts of a CRS.

How one format is written does not belong here, nor what the bytes of a file are (`content.py`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NoReturn

import numpy as np
import pyproj
import shapely
from pydantic import BaseModel, ConfigDict, PositiveInt
from pyproj.exceptions import CRSError

from carbon_assets.base.readers import UnreadableFile

MAX_NESTED_GEOMETRIES = 32
"""How deep geometries may nest. GEOS crashes on nesting that a file of 200 kB can hold; GDAL allows 32 too."""
WGS84 = "EPSG:4326"
MAX_ATTRIBUTES = 200
MAX_ATTRIBUTE_CHARACTERS = 300
"""Of the name and of the value of an attribute."""


class Limits(BaseModel):
    """What a file may cost. The largest of nine real boundaries has 1 MB, 98 parts and 25 517 vertices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = 50_000_000
    """Of a file, and of each file that is read from an archive: parsed JSON takes 20 times its bytes in memory."""
    max_unpacked_bytes: PositiveInt = 200_000_000
    """Of all members of an archive together."""
    max_ratio: PositiveInt = 500
    """Unpacked : packed, of each member. Deflate reaches 1032 on zeros, and about 5 on coordinates."""
    max_members: PositiveInt = 1_000
    max_shapes: PositiveInt = 100_000
    max_vertices: PositiveInt = 3_000_000


DEFAULT_LIMITS = Limits()


def check_size(what: str, found: int, most: int, unit: str) -> None:
    """Refuse what has more than allowed."""
    if found > most:
        raise UnreadableFile(f"{what} has {found:,} {unit}, more than the {most:,} allowed")


@dataclass
class Tally:
    """Shapes and vertices of the whole file, against its limits, and the texts of its attributes."""

    limits: Limits
    shapes: int = 0
    vertices: int = 0
    texts: dict[str, str] = field(default_factory=dict)

    def add_shape(self) -> None:
        """Count a shape."""
        self.shapes += 1
        if self.shapes > self.limits.max_shapes:
            raise UnreadableFile(f"the file has more shapes than the {self.limits.max_shapes:,} allowed: split it")

    def add_vertices(self, count: int) -> None:
        """Count vertices."""
        self.room_for(count)
        self.vertices += count

    def room_for(self, count: int) -> None:
        """Refuse the file if so many more vertices would be too many."""
        if self.vertices + count > self.limits.max_vertices:
            raise UnreadableFile(
                f"the file has more vertices than the {self.limits.max_vertices:,} allowed: simplify or split it"
            )

    def text(self, text: str) -> str:
        """A text of an attribute, cut, and one object for all that are equal.

        A column's default takes no room in a GeoPackage, however many rows have it.
        """
        text = text[:MAX_ATTRIBUTE_CHARACTERS]
        if not text.isascii():
            text = text.encode(errors="replace").decode()  # JSON can write half a character, which no file can hold
        return self.texts.setdefault(text, text)


@dataclass(frozen=True)
class Source:
    """A file to read: its name without suffix, its bytes, and what was needed to get at them."""

    stem: str
    content: bytes
    tally: Tally
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """One geometry as the file has it: of any type, with heights, in the file's CRS.

    `layer` is a KML folder (or document), a GeoPackage table, a shapefile or a GeoJSON collection; `feature` is the
    place within it, from 1, features without a geometry counted. `crs` is "EPSG:4326" or the like, or WKT;
    `crs_source` is "file" where the file says so and "format" where only its format does. `notes` say what was needed
    to read the shape. `attributes` are the names and values that the file gives to the feature, in its order: texts,
    numbers and booleans, all as text, of at most 300 characters; at most 200; blank ones are left out.
    """

    layer: str
    feature: int
    geometry: shapely.Geometry
    crs: str | None
    crs_source: str | None
    notes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


_NOTES = {
    "open": ("{} ring was not closed", "{} rings were not closed"),
    "short": ("{} ring has fewer than 3 points", "{} rings have fewer than 3 points"),
    "empty": ("{} ring has no points", "{} rings have no points"),
    "hole": ("{} hole has no ring around it and is kept as a line", "{} holes have no ring around them and are kept as lines"),
    "line": ("{} line has only one point", "{} lines have only one point"),
    "height": ("{} position has no height, unlike others: 0 given", "{} positions have no height, unlike others: 0 given"),
    "extra": ("{} position has more than 3 numbers: the first 3 kept", "{} positions have more than 3 numbers: the first 3 kept"),
    "measure": ("{} geometry has measures (M): left out", "{} geometries have measures (M): left out"),
    "several": ("the placemark has several geometries outside a MultiGeometry",) * 2,
    "model": ("{} 3D model left out", "{} 3D models left out"),
}  # fmt: skip
"""Of each key of `Draft.needed`, what is said of one and of many."""

Positions = Sequence[Sequence[float]] | np.ndarray
"""Positions of 2 or 3 numbers; in an array all have as many."""


@dataclass
class Draft:
    """One shape in the making: geometries out of positions, and what was needed to make them.

    `place` says where in the file the shape stands. `points`, `line` and `polygon` give the parts they made: none of
    no position, several of a polygon with rings that are none.
    """

    source: Source
    place: str
    needed: Counter[str] = field(default_factory=Counter)

    def points(self, positions: Positions) -> list[shapely.Geometry]:
        """A point of each position."""
        (rows,) = self._rows([positions])
        return list(shapely.points(rows)) if len(rows) else []

    def line(self, positions: Positions) -> list[shapely.Geometry]:
        """A line, or a point of a single position."""
        (rows,) = self._rows([positions])
        self.needed["line"] += len(rows) == 1
        return [_line(rows)] if len(rows) else []

    def polygon(self, rings: Sequence[Positions]) -> list[shapely.Geometry]:
        """A polygon of an outer ring and holes; what is no ring stays beside it as a line or point."""
        loops: list[np.ndarray] = []
        others: list[shapely.Geometry] = []
        for number, rows in enumerate(self._rows(rings)):
            if not len(rows):
                self.needed["empty"] += 1
            elif len(np.unique(rows[:, :2], axis=0)) < 3:
                self.needed["short"] += 1
                same = (rows == rows[0]).all()
                others.append(_line(rows[:1] if same else rows))
            else:
                if not np.array_equal(rows[0], rows[-1]):
                    self.needed["open"] += 1
                    rows = np.vstack([rows, rows[:1]])
                if number == 0 or loops:
                    loops.append(rows)
                else:
                    self.needed["hole"] += 1
                    others.append(_line(rows))
        polygons = [shapely.Polygon(loops[0], loops[1:])] if loops else []
        return polygons + others

    def shape(
        self,
        layer: str,
        feature: int,
        geometry: shapely.Geometry,
        crs: str | None,
        crs_source: str | None,
        attributes: Iterable[tuple[str, object]] = (),
    ) -> Shape:
        """The finished shape, counted."""
        self.source.tally.add_shape()
        counts = [(self.needed[key], *texts) for key, texts in _NOTES.items()]
        notes = [(one if count == 1 else many).format(count) for count, one, many in counts if count]
        text = self.source.tally.text
        plain = ((name, value) for name, each in attributes if (value := _plain(each)))
        kept = tuple((text(name), text(value)) for name, value in islice(plain, MAX_ATTRIBUTES))
        return Shape(layer, feature, geometry, crs, crs_source, (*self.source.notes, *notes), kept)

    def refuse(self, reason: str) -> NoReturn:
        """Refuse the file for what stands at this place."""
        raise UnreadableFile(f"{self.place}: {reason}")

    def _rows(self, lists: Sequence[Positions]) -> list[np.ndarray]:
        """The positions of one geometry as arrays, all with a height or all without."""
        self.source.tally.room_for(len(lists))  # rings without a position cost time too
        self.source.tally.add_vertices(sum(map(len, lists)))
        if not all(isinstance(rows, np.ndarray) for rows in lists):
            flat = sum(len(position) == 2 for rows in lists for position in rows)
            if 0 < flat < sum(map(len, lists)):
                self.needed["height"] += flat
                lists = [[(*position, 0.0)[:3] for position in rows] for rows in lists]
        arrays = [np.asarray(rows, dtype=float) if len(rows) else np.empty((0, 2)) for rows in lists]
        for rows in arrays:
            wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
            if len(wrong):
                at = int(wrong[0])
                self.refuse(f"position {at + 1} of a line or ring is {rows[at].tolist()}, not all finite numbers")
        return arrays


def _plain(value: object) -> str:
    """The text of a text, number or boolean; empty for all else."""
    match value:
        case str():
            return value if value.strip() else ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value) if math.isfinite(value) else ""
    return ""


def _line(rows: np.ndarray) -> shapely.Geometry:
    return shapely.Point(rows[0]) if len(rows) == 1 else shapely.LineString(rows)


def whole(parts: list[shapely.Geometry], of_polygon: bool) -> shapely.Geometry | None:
    """What a feature's parts are together. A line or point in the stead of a polygon is told by a collection around it."""
    if not parts:
        return None
    if len(parts) == 1 and (parts[0].geom_type == "Polygon" or not of_polygon):
        return parts[0]
    return shapely.GeometryCollection(parts)


_MULTI: dict[str, Callable[..., shapely.Geometry]] = {
    "Point": shapely.multipoints,
    "LineString": shapely.multilinestrings,
    "Polygon": shapely.multipolygons,
}


def together(parts: list[shapely.Geometry], kind: str) -> list[shapely.Geometry]:
    """Parts as one multi-geometry of the kind, or as a collection where one is of another; nothing of no part."""
    if not parts:
        return []
    if kind in _MULTI and all(part.geom_type == kind for part in parts):
        return [_MULTI[kind](parts)]
    return [shapely.GeometryCollection(parts)]


def crs_text(crs: pyproj.CRS) -> str:
    """The CRS by authority and code, such as "EPSG:32718", or as WKT where it has none. Raises `UnreadableFile` for one that
    is no map's: heights alone, a geocentric or a local one."""
    if not (crs.is_geographic or crs.is_projected):
        raise UnreadableFile(f"its CRS {crs.name!r} ({crs.type_name}) places nothing on a map: export it in another")
    authority = crs.to_authority(min_confidence=100)
    if authority is None:
        return crs.to_wkt()
    # CRS84 is WGS 84 with longitude first, the order in which all these formats write positions.
    return WGS84 if authority == ("OGC", "CRS84") else ":".join(authority)


def wkt_crs(wkt: str, place: str) -> str:
    """The text of the CRS that a file writes as WKT."""
    try:
        return crs_text(pyproj.CRS.from_wkt(wkt))
    except CRSError as error:
        raise UnreadableFile(f"{place}: {wkt[:60]!r} is no CRS in WKT: export it again") from error
