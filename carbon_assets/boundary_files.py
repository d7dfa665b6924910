"""From the bytes of a project-boundary file (KML, KMZ, GeoJSON, GeoPackage, zipped shapefile) to its shapes.

Every file is taken for hostile: no link, DTD, path or SQL in it is followed, nothing is written to disk, and what it
may unpack to is limited. A file that cannot be read without loss is refused. Which shape bounds which project, and
whether a shape is valid or plausible, does not belong here (`boundary_rules.py`); nor does changing its CRS.

KML and GeoPackage do not go through GDAL. Of KML its driver keeps only the last ring of an `innerBoundaryIs` that
holds several (39 of the 45 holes of a real file were gone). Of a SQLite file it runs virtual tables that open other
files by name.
"""

from __future__ import annotations

import io
import json
import math
import re
import sqlite3
import stat
import struct
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn
from xml.parsers import expat

import numpy as np
import pyogrio.raw
import pyproj
import shapely
from pydantic import BaseModel, ConfigDict, PositiveInt
from pyproj.exceptions import CRSError

from carbon_assets.readers import UnreadableFile

SUFFIXES = (".kml", ".kmz", ".geojson", ".json", ".gpkg", ".zip")
DEEPEST = 32
"""How deep geometries may nest. GEOS crashes on nesting that a file of 200 kB can hold; GDAL allows 32 too."""
DEEPEST_XML = 200
WGS84 = "EPSG:4326"


class Limits(BaseModel):
    """What a file may cost. The largest of nine real boundaries has 1 MB, 98 parts and 25 517 vertices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_bytes: PositiveInt = 50_000_000
    """Of a file, and of each file that is read from an archive: parsed JSON takes 20 times its bytes in memory."""
    most_unpacked_bytes: PositiveInt = 200_000_000
    """Of all members of an archive together."""
    most_ratio: PositiveInt = 500
    """Unpacked : packed, of each member. Deflate reaches 1032 on zeros, and about 5 on coordinates."""
    most_members: PositiveInt = 1_000
    most_shapes: PositiveInt = 100_000
    most_vertices: PositiveInt = 3_000_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Shape:
    """One geometry as the file has it: of any type, with heights, in the file's CRS.

    `layer` is a KML folder (or document), a GeoPackage table, a shapefile or a GeoJSON collection; `feature` is the
    place within it, from 1, features without a geometry counted. `crs` is "EPSG:4326" or the like, or WKT;
    `crs_source` is "file" where the file says so and "format" where only its format does. `notes` say what was needed
    to read the shape.
    """

    layer: str
    feature: int
    geometry: shapely.Geometry
    crs: str | None
    crs_source: str | None
    notes: tuple[str, ...] = ()


def read(name: str, content: bytes, limits: Limits = DEFAULT_LIMITS, layer: str | None = None) -> tuple[Shape, ...]:
    """The shapes of the file `name` with the bytes `content`, or those of one of its layers. Raises `UnreadableFile`."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UnreadableFile(f"{suffix or 'a name without a suffix'} is no boundary file: use {', '.join(SUFFIXES)}")
    if len(content) > limits.most_bytes:
        _refuse_size("the file", len(content), limits.most_bytes, "bytes")
    shapes = tuple(_READERS[suffix](_Source(PurePosixPath(name).stem, content, _Tally(limits))))
    if not shapes:
        raise UnreadableFile("the file holds no shape: no point, line or polygon is in it")
    if layer is None:
        return shapes
    chosen = tuple(shape for shape in shapes if shape.layer == layer)
    if not chosen:
        known = ", ".join(repr(each) for each in dict.fromkeys(shape.layer for shape in shapes))
        raise UnreadableFile(f"no layer {layer!r} with a shape in it; layers of this file: {known}")
    return chosen


_PACKED_SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def pack(folder: Path) -> bytes:
    """The one shapefile in a folder as zip bytes that depend on names and contents only; other files are left out.

    Members are stored, not deflated: deflated bytes differ between versions of zlib. Raises `UnreadableFile`.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder.name} is no folder: give the folder that holds the .shp file")
    entries = sorted(folder.iterdir())
    for path in [folder, *entries]:
        if path.is_symlink():
            raise UnreadableFile(f"{path.name} is a symbolic link: put the file itself there")
    files = [path for path in entries if path.is_file() and path.suffix.lower() in _PACKED_SUFFIXES]
    shapefiles = [path for path in files if path.suffix.lower() == ".shp"]
    if len(shapefiles) != 1:
        found = ", ".join(path.name for path in shapefiles) or "none"
        raise UnreadableFile(f"the folder must hold exactly one .shp file; found {found}")
    stem = shapefiles[0].stem
    files = [path for path in files if path.stem.casefold() == stem.casefold()]
    if not any(path.suffix.lower() == ".shx" for path in files):
        raise UnreadableFile(f"{stem}.shx is missing: a shapefile is at least .shp and .shx")
    size = sum(path.stat().st_size for path in files)
    if size > DEFAULT_LIMITS.most_bytes:
        _refuse_size("the shapefile", size, DEFAULT_LIMITS.most_bytes, "bytes")
    return _zipped({path.name: path.read_bytes() for path in files})


def _zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system = 3  # else it is the machine's
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return packed.getvalue()


# --- what every format shares -----------------------------------------------------------------------------------


@dataclass
class _Tally:
    """Shapes and vertices of the whole file, against its limits."""

    limits: Limits
    shapes: int = 0
    vertices: int = 0

    def add_shape(self) -> None:
        self.shapes += 1
        if self.shapes > self.limits.most_shapes:
            raise UnreadableFile(f"the file has more shapes than the {self.limits.most_shapes:,} allowed: split it")

    def add_vertices(self, count: int) -> None:
        self.room_for(count)
        self.vertices += count

    def room_for(self, count: int) -> None:
        if self.vertices + count > self.limits.most_vertices:
            raise UnreadableFile(
                f"the file has more vertices than the {self.limits.most_vertices:,} allowed: simplify or split it"
            )


@dataclass(frozen=True)
class _Source:
    """A file to read: its name without suffix, its bytes, and what was needed to get at them."""

    stem: str
    content: bytes
    tally: _Tally
    notes: tuple[str, ...] = ()


def _refuse_size(what: str, found: int, most: int, unit: str) -> NoReturn:
    raise UnreadableFile(f"{what} has {found:,} {unit}, more than the {most:,} allowed")


_NOTES = {
    "open": ("{} ring was not closed", "{} rings were not closed"),
    "short": ("{} ring has fewer than 3 points", "{} rings have fewer than 3 points"),
    "empty": ("{} ring has no points", "{} rings have no points"),
    "hole": ("{} hole has no ring around it and is kept as a line", "{} holes have no ring around them and are kept as lines"),
    "line": ("{} line has only one point", "{} lines have only one point"),
    "height": ("{} position has no height, unlike others: 0 given", "{} positions have no height, unlike others: 0 given"),
    "extra": ("{} position has more than 3 numbers: the first 3 kept", "{} positions have more than 3 numbers: the first 3 kept"),
    "measure": ("{} geometry has measures (M): left out", "{} geometries have measures (M): left out"),
    "several": ("the placemark has several geometries outside a MultiGeometry", ""),
    "model": ("{} 3D model left out", "{} 3D models left out"),
}  # fmt: skip

_MULTI: dict[str, Callable[..., shapely.Geometry]] = {
    "Point": shapely.multipoints,
    "LineString": shapely.multilinestrings,
    "Polygon": shapely.multipolygons,
}

_Positions = Sequence[Sequence[float]] | np.ndarray


@dataclass
class _Draft:
    """One shape in the making: geometries out of positions, and what was needed to make them.

    `place` says where in the file the shape stands. Each method gives the parts it made: none of no position, several
    of a polygon with rings that are none.
    """

    tally: _Tally
    place: str
    needed: Counter[str] = field(default_factory=Counter)

    def points(self, positions: _Positions) -> list[shapely.Geometry]:
        (rows,) = self._rows([positions])
        return list(shapely.points(rows)) if len(rows) else []

    def line(self, positions: _Positions) -> list[shapely.Geometry]:
        (rows,) = self._rows([positions])
        if len(rows) == 1:
            self.needed["line"] += 1
        return _line(rows)

    def polygon(self, rings: Sequence[_Positions]) -> list[shapely.Geometry]:
        """A polygon of an outer ring and holes; what is no ring stays beside it as a line or point."""
        loops: list[np.ndarray] = []
        others: list[shapely.Geometry] = []
        has_outer = False
        for place, rows in enumerate(self._rows(rings)):
            if not len(rows):
                self.needed["empty"] += 1
            elif len(np.unique(rows[:, :2], axis=0)) < 3:
                self.needed["short"] += 1
                same = (rows == rows[0]).all()
                others += _line(rows[:1] if same else rows)
            else:
                if not np.array_equal(rows[0], rows[-1]):
                    self.needed["open"] += 1
                    rows = np.vstack([rows, rows[:1]])
                has_outer = has_outer or place == 0
                if has_outer:
                    loops.append(rows)
                else:
                    self.needed["hole"] += 1
                    others += _line(rows)
        polygons = [shapely.Polygon(loops[0], loops[1:])] if loops else []
        return polygons + others

    def whole(self, parts: list[shapely.Geometry], kind: str) -> shapely.Geometry | None:
        """The one geometry of the kind, or what came out in its stead."""
        if not parts:
            return None
        if len(parts) == 1 and (parts[0].geom_type == kind or kind != "Polygon"):
            return parts[0]
        return shapely.GeometryCollection(parts)

    def together(self, parts: list[shapely.Geometry], kind: str) -> shapely.Geometry | None:
        """Parts as a multi-geometry of the kind, or as a collection where one is of another."""
        if not parts:
            return None
        if kind in _MULTI and all(part.geom_type == kind for part in parts):
            return _MULTI[kind](parts)
        return shapely.GeometryCollection(parts)

    def notes(self) -> tuple[str, ...]:
        return tuple(
            one.format(self.needed[key]) if self.needed[key] == 1 or not many else many.format(self.needed[key])
            for key, (one, many) in _NOTES.items()
            if self.needed[key]
        )

    def refuse(self, reason: str) -> NoReturn:
        raise UnreadableFile(f"{self.place}: {reason}")

    def _rows(self, lists: Sequence[_Positions]) -> list[np.ndarray]:
        """The positions of one geometry as arrays, all with a height or all without."""
        self.tally.room_for(len(lists))  # rings without a position cost time too
        self.tally.add_vertices(sum(map(len, lists)))
        if not all(isinstance(rows, np.ndarray) for rows in lists):
            flat = sum(len(position) == 2 for rows in lists for position in rows)
            if 0 < flat < sum(map(len, lists)):
                self.needed["height"] += flat
                lists = [[(*position, 0.0)[:3] for position in rows] for rows in lists]
        arrays = [np.asarray(rows, dtype=float) if len(rows) else np.empty((0, 2)) for rows in lists]
        for rows in arrays:
            if not np.isfinite(rows).all():
                at = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
                self.refuse(f"position {at + 1} of a line or ring is {rows[at].tolist()}, not all finite numbers")
        return arrays


def _line(rows: np.ndarray) -> list[shapely.Geometry]:
    if not len(rows):
        return []
    return [shapely.Point(rows[0]) if len(rows) == 1 else shapely.LineString(rows)]


def _crs_text(crs: pyproj.CRS) -> str:
    authority = crs.to_authority(min_confidence=100)
    if authority is None:
        return crs.to_wkt()
    # CRS84 is WGS 84 with longitude first, the order in which all these formats write positions.
    return WGS84 if authority == ("OGC", "CRS84") else ":".join(authority)


_SIGNATURES = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"SQLite format 3\0": "a SQLite database",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
}


def _mismatch(expected: str, content: bytes) -> UnreadableFile:
    if not content.strip(b"\0 \t\r\n"):
        return UnreadableFile(f"the file is empty; expected {expected}: download it again")
    return UnreadableFile(f"expected {expected}, found {_found(content)}: download it again")


def _found(content: bytes) -> str:
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            return kind
    text = content[:5000].decode("utf-8-sig", errors="replace").lstrip()
    if re.match(r"(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)", text, re.IGNORECASE):
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return f"a web page titled {' '.join(title.group(1).split())!r}" if title else "a web page"
    if text.startswith("<"):
        root = re.search(r"<([A-Za-z_][\w:.-]*)", text)
        return f"XML with the root <{root.group(1)}>" if root else "XML"
    return f"a file that begins {content[:20]!r}"


def _decoded(content: bytes, declared: str = "utf-8") -> tuple[str, tuple[str, ...]]:
    """The text and what was needed to get it: in bad UTF-8, each wrong byte is read as Windows-1252."""
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16"), ()
        if content.startswith(b"\xef\xbb\xbf") or declared in ("utf-8", "utf8", "us-ascii", "ascii"):
            declared = "utf-8-sig"
        return content.decode(declared), ()
    except LookupError as error:
        raise UnreadableFile(f"the file says it is in the encoding {declared!r}, which is unknown") from error
    except UnicodeError as error:
        if declared != "utf-8-sig":
            raise UnreadableFile(f"the text is damaged or cut short ({error}): download it again") from error
    # `readers` registers this way of handling errors.
    return content.decode("utf-8-sig", errors="windows-1252"), ("the text is no UTF-8: read as Windows-1252",)


# --- KML --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    tag: str
    line: int
    children: list[_Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def all(self, *tags: str) -> list[_Element]:
        return [child for child in self.children if child.tag in tags]


_CONTAINERS = ("Document", "Folder")
_KML_KINDS = {"Point": "Point", "LineString": "LineString", "LinearRing": "LineString", "Track": "LineString",
              "Polygon": "Polygon", "MultiGeometry": "", "MultiTrack": ""}  # fmt: skip
_POSITIONS = ("coordinates", "coord")
_NO_SHAPES = frozenset(
    ("ExtendedData", "Metadata", "Schema", "Style", "StyleMap", "description", "Snippet", "Region", "LookAt", "Camera",
     "GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Tour", "Icon", "Link", "author")
)  # fmt: skip
"""Elements in which coordinates, if any, are of no shape: foreign data, views, styles and pictures."""


def _read_kml(source: _Source) -> Iterator[Shape]:
    root, notes = _kml_tree(source.content)
    links = _kml_links(root)
    if links:
        notes += (f"{links} network link{'s' * (links > 1)} not followed",)
    used: set[int] = set()
    counts: Counter[str] = Counter()
    shapes = []
    for layer, placemark in _placemarks(root, source.stem):
        counts[layer] += 1
        draft = _Draft(source.tally, f"line {placemark.line}")
        geometry = _kml_placemark(placemark, draft, used)
        if geometry is not None:
            source.tally.add_shape()
            every = (*source.notes, *notes, *draft.notes())
            shapes.append(Shape(layer, counts[layer], geometry, WGS84, "format", every))
    _check_all_used(root, used)
    if links and not shapes:
        raise UnreadableFile(
            "the file holds no shape, only network links to other files, which are never followed: "
            "open it in Google Earth and save the linked places as KML"
        )
    yield from shapes


def _kml_tree(content: bytes) -> tuple[_Element, tuple[str, ...]]:
    """The elements of a KML file, without those that hold no shape.

    Prefixes are cut off, not resolved: real files use some that they do not declare.
    """
    if not content.strip(b"\0 \t\r\n") or content.startswith(tuple(_SIGNATURES)):
        raise _mismatch("a KML file", content)
    text, notes = _kml_text(content)
    if not text.lstrip().startswith("<") or "a web page" in _found(text[:5000].encode()):
        raise _mismatch("a KML file", content)
    top = _Element("", 0)
    stack = [top]
    depth = skipped = 0
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal depth, skipped
        depth += 1
        tag = name.rpartition(":")[2]
        if depth == 1 and tag != "kml":
            raise UnreadableFile(f"expected a KML file, found XML with the root <{name}>: download it again")
        if depth > DEEPEST_XML:
            raise UnreadableFile(f"line {parser.CurrentLineNumber}: elements nest deeper than {DEEPEST_XML}")
        if skipped or tag in _NO_SHAPES:
            skipped += 1
            return
        element = _Element(tag, parser.CurrentLineNumber)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_: str) -> None:
        nonlocal depth, skipped
        depth -= 1
        if skipped:
            skipped -= 1
        else:
            stack.pop()

    def characters(data: str) -> None:
        if not skipped and (stack[-1].tag in _POSITIONS or stack[-1].tag == "name"):
            stack[-1].text.append(data)

    def refuse_dtd(*_: object) -> NoReturn:
        raise UnreadableFile(
            f"line {parser.CurrentLineNumber}: the file declares a DTD or entities, which can read other files "
            "or grow without end: save it again without"
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse_dtd
    parser.EntityDeclHandler = refuse_dtd
    try:
        parser.Parse(text.encode("utf-8", errors="replace"), True)
    except expat.ExpatError as error:
        raise UnreadableFile(
            f"the XML is broken in line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}: "
            "download it again"
        ) from error
    return top.children[0], notes


def _kml_text(content: bytes) -> tuple[str, tuple[str, ...]]:
    for start, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(start):
            return _decoded(content, encoding)
    declaration = re.match(rb"\s*(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", content[:500])
    declared = declaration.group(1).decode().lower() if declaration else "utf-8"
    if declared.startswith("utf-16"):  # the declaration could be read as ASCII: programs that write from strings do so
        declared = "utf-8"
    return _decoded(content, declared)


def _kml_links(root: _Element) -> int:
    return sum(element.tag == "NetworkLink" for element in _walk(root))


def _walk(root: _Element) -> Iterator[_Element]:
    todo = [root]
    while todo:
        element = todo.pop()
        yield element
        todo += reversed(element.children)


def _placemarks(element: _Element, layer: str) -> Iterator[tuple[str, _Element]]:
    """Every placemark, in the order of the file, with the name of the folder that it is in."""
    for child in element.children:
        if child.tag == "Placemark":
            yield layer, child
        elif child.tag in _CONTAINERS:
            names = [" ".join("".join(name.text).split()) for name in child.all("name")]
            yield from _placemarks(child, next(filter(None, names), layer))
        else:
            yield from _placemarks(child, layer)


def _kml_placemark(placemark: _Element, draft: _Draft, used: set[int]) -> shapely.Geometry | None:
    geometries = placemark.all(*_KML_KINDS)
    draft.needed["model"] = len(placemark.all("Model"))
    if len(geometries) > 1:
        draft.needed["several"] = 1
        return _kml_multi(geometries, draft, used, 1)
    if not geometries:
        return None
    parts = _kml_parts(geometries[0], draft, used, 1)
    return draft.whole(parts, _KML_KINDS[geometries[0].tag])


def _kml_multi(geometries: list[_Element], draft: _Draft, used: set[int], depth: int) -> shapely.Geometry | None:
    parts = [part for geometry in geometries for part in _kml_parts(geometry, draft, used, depth + 1)]
    kinds = {_KML_KINDS[geometry.tag] for geometry in geometries}
    return draft.together(parts, kinds.pop() if len(kinds) == 1 else "")


def _kml_parts(geometry: _Element, draft: _Draft, used: set[int], depth: int) -> list[shapely.Geometry]:
    if depth > DEEPEST:
        raise UnreadableFile(f"line {geometry.line}: geometries nest deeper than {DEEPEST}")
    draft.place = f"line {geometry.line}"
    if geometry.tag in ("MultiGeometry", "MultiTrack"):
        draft.needed["model"] += len(geometry.all("Model"))
        whole = _kml_multi(geometry.all(*_KML_KINDS), draft, used, depth)
        return [] if whole is None else [whole]
    if geometry.tag == "Polygon":
        outer, inner = (
            [ring for side in geometry.all(tag) for ring in side.all("LinearRing")]
            for tag in ("outerBoundaryIs", "innerBoundaryIs")
        )
        if len(outer) > 1 or (inner and not outer):
            draft.refuse(f"the polygon has {len(outer)} outer rings where one is expected")
        return draft.polygon([_kml_positions(ring, used) for ring in outer + inner])
    positions = _kml_positions(geometry, used)
    if geometry.tag != "Point":
        return draft.line(positions)
    if len(positions) > 1:
        draft.refuse(f"the point has {len(positions)} positions")
    return draft.points(positions)


def _kml_positions(geometry: _Element, used: set[int]) -> list[list[float]]:
    texts = geometry.all(*_POSITIONS)
    used.update(map(id, texts))
    if geometry.tag != "Track" and len(texts) > 1:
        raise UnreadableFile(f"line {geometry.line}: the {geometry.tag} has {len(texts)} <coordinates>, not one")
    return [position for element in texts for position in _positions_in(element)]


_TOKEN = re.compile(r"\S[^\s,]*(?:\s*,\s*[^\s,]*)*")
_POSITION = re.compile(r"[-+0-9.eE]+(?:,[-+0-9.eE]+){1,2}")


def _positions_in(element: _Element) -> list[list[float]]:
    """The "lon,lat[,height]" in a text, separated by blanks; of a track's <coord>, "lon lat height".

    Blanks beside commas are dropped: in "1.0, 2.0 3.0, 4.0" they cannot separate positions, and where they do
    ("1,2, 3,4") a position of more than three numbers is left, which is refused.
    """
    text = "".join(element.text)
    if element.tag == "coord":
        text = ",".join(text.split())
    positions = []
    for token in _TOKEN.finditer(text):
        position = _position("".join(token.group().split()))
        if position is None:
            raise UnreadableFile(
                f"line {element.line + text.count(chr(10), 0, token.start())}: {token.group()[:60]!r} is no position; "
                "expected finite numbers, lon,lat or lon,lat,height"
            )
        positions.append(position)
    return positions


def _position(token: str) -> list[float] | None:
    if not _POSITION.fullmatch(token):
        return None
    try:
        position = [float(number) for number in token.split(",")]
    except ValueError:
        return None
    return position if all(map(math.isfinite, position)) else None


def _check_all_used(root: _Element, used: set[int]) -> None:
    for element in _walk(root):
        if element.tag in _POSITIONS and id(element) not in used and "".join(element.text).strip():
            raise UnreadableFile(
                f"line {element.line}: <{element.tag}> stands where KML allows none, and would be lost: "
                "a shape must be within a Placemark"
            )


# --- GeoJSON ----------------------------------------------------------------------------------------------------


def _read_geojson(source: _Source) -> Iterator[Shape]:
    document, notes = _json(source.content)
    collection = document["type"] == "FeatureCollection"
    features = document.get("features") if collection else [document]
    if not isinstance(features, list):
        raise UnreadableFile("the FeatureCollection has no list of features")
    name = document.get("name")
    layer = name if collection and isinstance(name, str) and name else source.stem
    for number, feature in enumerate(features, 1):
        draft = _Draft(source.tally, f"feature {number}")
        geometry = feature
        if collection or document["type"] == "Feature":
            if not isinstance(feature, dict) or feature.get("type") != "Feature":
                draft.refuse("it is no Feature")
            geometry = feature.get("geometry")
        if geometry is None:
            continue
        parts, kind = _geojson_parts(geometry, draft, 1)
        whole = draft.whole(parts, kind)
        if whole is not None:
            source.tally.add_shape()
            crs, crs_source = _geojson_crs(draft, geometry, feature, document)
            yield Shape(layer, number, whole, crs, crs_source, (*source.notes, *notes, *draft.notes()))


_GEOJSON_TYPES = ("FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
                  "MultiPolygon", "GeometryCollection")  # fmt: skip


def _json(content: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
    def refuse_constant(constant: str) -> NoReturn:
        raise UnreadableFile(f"the file holds the number {constant}, which JSON does not allow")

    text, notes = _decoded(content) if not content.startswith(tuple(_SIGNATURES)) else ("", ())
    if not text.lstrip().startswith(("{", "[")):
        raise _mismatch("a GeoJSON file", content)
    try:
        document = json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"the JSON is broken in line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:  # brackets, or the digits of one number, without end
        raise UnreadableFile(f"the JSON is no GeoJSON ({error})") from error
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Topology":
        raise UnreadableFile("the file is TopoJSON, not GeoJSON: export it as GeoJSON")
    if isinstance(document, dict) and {"spatialReference", "geometryType", "rings", "paths"} & set(document):
        raise UnreadableFile("the file is Esri JSON, not GeoJSON: export it as GeoJSON")
    if kind not in _GEOJSON_TYPES:
        raise UnreadableFile(f"the JSON is no GeoJSON: its type is {kind!r}, not one of {', '.join(_GEOJSON_TYPES)}")
    return document, notes


def _geojson_parts(geometry: object, draft: _Draft, depth: int) -> tuple[list[shapely.Geometry], str]:
    """The parts of a geometry, and of which kind they ought to be."""
    if depth > DEEPEST:
        draft.refuse(f"geometries nest deeper than {DEEPEST}")
    if not isinstance(geometry, dict):
        draft.refuse("its geometry is no JSON object")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = _list(geometry.get("geometries"), "geometries", draft)
        if any(isinstance(member, dict) and "crs" in member for member in members):
            draft.refuse("a member of a GeometryCollection has a CRS of its own")
        parts = [part for member in members for part in _geojson_parts(member, draft, depth + 1)[0]]
        return ([shapely.GeometryCollection(parts)] if parts else []), ""
    values = _list(geometry.get("coordinates"), "coordinates", draft)
    match kind:
        case "Point":
            return draft.points(_geojson_positions([values], draft) if values else []), "Point"
        case "LineString":
            return draft.line(_geojson_positions(values, draft)), "LineString"
        case "Polygon":
            return draft.polygon(_geojson_rings(values, draft)), "Polygon"
        case "MultiPoint":
            parts, single = draft.points(_geojson_positions(values, draft)), "Point"
        case "MultiLineString":
            lines = _geojson_rings(values, draft)
            parts, single = [part for line in lines for part in draft.line(line)], "LineString"
        case "MultiPolygon":
            polygons = [_geojson_rings(_list(value, "coordinates", draft), draft) for value in values]
            parts, single = [part for rings in polygons for part in draft.polygon(rings)], "Polygon"
        case _:
            draft.refuse(f"its geometry has the type {kind!r}, which GeoJSON does not know")
    whole = draft.together(parts, single)
    return ([] if whole is None else [whole]), ""


def _list(value: object, name: str, draft: _Draft) -> list[Any]:
    if not isinstance(value, list):
        draft.refuse(f"its {name} are no list")
    return value


def _geojson_rings(values: list[Any], draft: _Draft) -> list[list[list[float]]]:
    return [_geojson_positions(_list(value, "coordinates", draft), draft) for value in values]


def _geojson_positions(values: list[Any], draft: _Draft) -> list[list[float]]:
    positions = []
    for value in values:
        # bool is a kind of int, and an int may be too large for a float
        if not isinstance(value, list) or len(value) < 2 or not all(type(number) in (int, float) for number in value):
            draft.refuse(f"{str(value)[:60]} is no position; expected [lon, lat] or [lon, lat, height]")
        try:
            position = [float(number) for number in value]
        except OverflowError:
            position = [math.inf]
        if not all(map(math.isfinite, position)):
            draft.refuse(f"{str(value)[:60]} is no position; its numbers are not all finite")
        draft.needed["extra"] += len(position) > 3
        positions.append(position[:3])
    return positions


_CRS_NAME = re.compile(
    r"urn:ogc:def:crs:[\w:.+-]+|https?://www\.opengis\.net/[\w/.#?=:&-]+|(EPSG|ESRI|OGC|IGNF):\w+", re.I
)
"""Names that PROJ looks up in its own tables; others ("+init=file:code") would have it read a file."""


def _geojson_crs(draft: _Draft, *owners: dict[str, Any]) -> tuple[str | None, str | None]:
    """The CRS of the innermost object that names one (GeoJSON of 2008; PostGIS writes it into geometries)."""
    owner = next((owner for owner in owners if "crs" in owner), None)
    if owner is None:
        return WGS84, "format"
    crs = owner["crs"]
    if crs is None:
        return None, None
    kind = crs.get("type") if isinstance(crs, dict) else None
    if kind == "link":
        draft.refuse("its CRS is a link to another file, which is never followed: name the CRS, such as EPSG:32718")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if kind != "name" or not isinstance(name, str) or not _CRS_NAME.fullmatch(name):
        draft.refuse(f"its CRS {json.dumps(crs)[:100]} is no name of one, such as EPSG:32718")
    try:
        return _named_crs(name), "file"
    except CRSError as error:
        raise UnreadableFile(
            f"{draft.place}: its CRS {name!r} is unknown: name one that exists, such as EPSG:32718"
        ) from error


@lru_cache(maxsize=16)  # each feature may name it, and a look-up takes milliseconds
def _named_crs(name: str) -> str:
    return _crs_text(pyproj.CRS.from_user_input(name))


# --- WKB --------------------------------------------------------------------------------------------------------


class _Wkb:
    """Reads one geometry from WKB (also ISO and EWKB), as GEOS refuses open rings and crashes on deep nesting."""

    def __init__(self, content: bytes, draft: _Draft) -> None:
        self.content = content
        self.draft = draft
        self.at = 0

    def geometry(self) -> shapely.Geometry | None:
        try:
            parts, kind = self._parts(1)
        except struct.error:
            self.draft.refuse("its geometry is cut short: export the file again")
        return self.draft.whole(parts, kind)

    def _parts(self, depth: int) -> tuple[list[shapely.Geometry], str]:
        if depth > DEEPEST:
            self.draft.refuse(f"geometries nest deeper than {DEEPEST}")
        order = {0: ">", 1: "<"}.get(self._take("B"))
        if order is None:
            self.draft.refuse("its geometry is no WKB: export the file again")
        code = self._take(order + "I")
        if code & 0x20000000:
            self._take(order + "I")
        dimension, kind = divmod(code & 0x0FFFFFFF, 1000)
        height = bool(code & 0x80000000) or dimension in (1, 3)
        measure = bool(code & 0x40000000) or dimension in (2, 3)
        self.draft.needed["measure"] += measure and kind <= 3
        shape = (order, 2 + height + measure, 2 + height)
        match kind:
            case 1:
                rows = self._rows(1, *shape)
                return self.draft.points(rows if not np.isnan(rows).all() else rows[:0]), "Point"
            case 2:
                return self.draft.line(self._rows(self._take(order + "I"), *shape)), "LineString"
            case 3:
                rings = range(self._take(order + "I"))
                return self.draft.polygon([self._rows(self._take(order + "I"), *shape) for _ in rings]), "Polygon"
            case 4 | 5 | 6 | 7:
                parts = [part for _ in range(self._take(order + "I")) for part in self._parts(depth + 1)[0]]
                if kind == 7:
                    return ([shapely.GeometryCollection(parts)] if parts else []), ""
                whole = self.draft.together(parts, ("Point", "LineString", "Polygon")[kind - 4])
                return ([] if whole is None else [whole]), ""
        self.draft.refuse(
            f"its geometry is a curve or surface (WKB type {kind}): convert it to points, lines, polygons"
        )

    def _take(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self.content, self.at)
        self.at += struct.calcsize(form)
        return value

    def _rows(self, count: int, order: str, width: int, kept: int) -> np.ndarray:
        size = 8 * count * width
        if self.at + size > len(self.content):
            raise struct.error
        rows = np.frombuffer(self.content, f"{order}f8", count * width, self.at).reshape(count, width)
        self.at += size
        return rows[:, :kept]


# --- GeoPackage -------------------------------------------------------------------------------------------------


def _read_geopackage(source: _Source) -> Iterator[Shape]:
    content = source.content
    if not content.startswith(b"SQLite format 3\0"):
        raise _mismatch("a GeoPackage", content)
    # A database in memory cannot have a write-ahead log beside it; bytes 18 and 19 say that one may exist.
    content = content[:18] + b"\1\1" + content[20:]
    try:
        with closing(sqlite3.connect(":memory:")) as con:
            con.deserialize(content)
            con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, len(content))  # a computed column may ask for any size
            yield from _geopackage_shapes(con, source)
    except (sqlite3.Error, UnicodeError) as error:
        raise UnreadableFile(f"the GeoPackage is damaged or cut short ({error}): download it again") from error


def _geopackage_shapes(con: sqlite3.Connection, source: _Source) -> Iterator[Shape]:
    tables = {
        name.lower()
        for name, sql in con.execute("select name, sql from sqlite_master where type = 'table' and sql is not null")
        if not re.match(r"\s*create\s+virtual\s", sql, re.IGNORECASE)
    }
    if missing := {"gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"} - tables:
        raise UnreadableFile(f"expected a GeoPackage, found a SQLite database without {', '.join(sorted(missing))}")
    layers = con.execute("""
        select c.table_name, g.column_name, g.srs_id
        from gpkg_contents as c left join gpkg_geometry_columns as g on lower(g.table_name) = lower(c.table_name)
        where c.data_type = 'features' order by c.table_name, g.column_name
    """).fetchall()
    for table, column, srs in layers:
        # A view's SQL may run without end, and a virtual table's may read elsewhere.
        if column is None or not isinstance(table, str) or table.lower() not in tables:
            raise UnreadableFile(f"layer {table!r} is no table with a geometry column: export it as a table")
        crs = _geopackage_crs(con, table, srs)
        rows = con.execute(f"select {_quoted(column)} from {_quoted(table)} order by rowid")
        for number, (blob,) in enumerate(rows, 1):
            draft = _Draft(source.tally, f"layer {table!r}, feature {number}")
            geometry = _geopackage_geometry(blob, draft)
            if geometry is not None:
                source.tally.add_shape()
                yield Shape(table, number, geometry, crs, crs and "file", (*source.notes, *draft.notes()))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _geopackage_geometry(blob: object, draft: _Draft) -> shapely.Geometry | None:
    """GeoPackage 1.3, 2.1.3: "GP", version, flags, srs_id, an envelope of 0 to 4 ranges, WKB."""
    if blob is None:
        return None
    if not isinstance(blob, bytes) or len(blob) < 8 or not blob.startswith(b"GP\0"):
        draft.refuse("its geometry is no GeoPackage geometry: export the file again")
    flags = blob[3]
    envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}.get(flags >> 1 & 7)
    if envelope is None or flags & 0x20:
        draft.refuse("its geometry is of an extension of GeoPackage: export it as points, lines or polygons")
    return _Wkb(blob[8 + envelope :], draft).geometry()


def _geopackage_crs(con: sqlite3.Connection, table: str, srs: object) -> str | None:
    if srs in (-1, 0):  # undefined Cartesian, undefined geographic
        return None
    row = con.execute(
        "select organization, organization_coordsys_id, definition from gpkg_spatial_ref_sys where srs_id = ?", [srs]
    ).fetchone()
    if row is None:
        raise UnreadableFile(f"layer {table!r}: its CRS {srs!r} is not defined in the file: export it again")
    organization, code, definition = row
    if re.match(r'\w+\["undefined', str(definition), re.IGNORECASE):  # as GDAL writes a layer without a CRS
        return None
    try:
        if str(organization).upper() in ("EPSG", "ESRI"):
            return _crs_text(pyproj.CRS.from_authority(str(organization).upper(), str(code)))
    except CRSError:
        pass  # not in PROJ's tables: the definition counts
    return _wkt_crs(str(definition), f"layer {table!r}")


def _wkt_crs(wkt: str, place: str) -> str:
    try:
        return _crs_text(pyproj.CRS.from_wkt(wkt))
    except CRSError as error:
        raise UnreadableFile(f"{place}: {wkt[:60]!r} is no CRS in WKT: export it again") from error


# --- archives ---------------------------------------------------------------------------------------------------

_ARCHIVES = (".zip", ".kmz", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst")


class _Archive:
    """The files of a zip, all checked before one is unpacked."""

    def __init__(self, source: _Source, expected: str) -> None:
        if not source.content.startswith(b"PK\3\4"):
            raise _mismatch(expected, source.content)
        self._limits = source.tally.limits
        # Counted before zipfile makes an object of each: 50 MB can list a million.
        members = source.content.count(b"PK\1\2")
        if members > self._limits.most_members:
            _refuse_size("the archive", members, self._limits.most_members, "members")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source.content))
        except Exception as error:  # zipfile raises many kinds for one fact
            raise UnreadableFile(f"the archive is damaged or cut short ({error}): download it again") from error
        infos = self._zip.infolist()
        twins = [name for name, count in Counter(info.filename for info in infos).items() if count > 1]
        if twins:
            raise UnreadableFile(f"member {twins[0]!r} is in the archive twice: pack it again")
        for info in infos:
            if fault := self._fault(info):
                raise UnreadableFile(f"member {info.orig_filename!r} {fault}: pack the archive again without it")
        size = sum(info.file_size for info in infos)
        if size > self._limits.most_unpacked_bytes:
            _refuse_size("the unpacked archive", size, self._limits.most_unpacked_bytes, "bytes")
        self._infos = {
            info.filename: info
            for info in infos
            if not info.is_dir() and not re.search(r"(^|/)(__MACOSX/|\.)", info.filename)
        }
        self.names = tuple(self._infos)

    def _fault(self, info: zipfile.ZipInfo) -> str | None:
        name = info.orig_filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if re.match(r"/|[A-Za-z]:", name) or "\\" in name or "\0" in name or ".." in name.split("/"):
            return "has a name that leads out of the archive"
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            return "is a symbolic link" if kind == stat.S_IFLNK else "is a device, not a file"
        if info.flag_bits & 0x41:
            return "is encrypted"
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return "is packed in an uncommon way (neither stored nor deflated)"
        if name.lower().endswith(_ARCHIVES):
            return "is an archive within the archive"
        if info.file_size > self._limits.most_ratio * info.compress_size:
            return f"unpacks to more than {self._limits.most_ratio} times its size"
        return None

    def read(self, name: str) -> bytes:
        """One file, held to the size that the archive says: the sum of those was checked, and may be a lie."""
        info = self._infos[name]
        if info.file_size > self._limits.most_bytes:
            _refuse_size(f"member {name!r}", info.file_size, self._limits.most_bytes, "bytes")
        try:
            with self._zip.open(info) as member:
                content = member.read(info.file_size + 1)  # without a number, zipfile unpacks all and then cuts
        except Exception as error:  # as above
            raise UnreadableFile(f"member {name!r} is damaged ({error}): download the archive again") from error
        if len(content) != info.file_size:
            raise UnreadableFile(f"member {name!r} is not as long as the archive says: download it again")
        return content

    def with_suffix(self, *suffixes: str) -> list[str]:
        return [name for name in self.names if name.lower().endswith(suffixes)]


def _read_kmz(source: _Source) -> Iterator[Shape]:
    """The KML that the KMZ specification makes the main one: the first at the top, here doc.kml before others."""
    archive = _Archive(source, "a KMZ file (a zip archive)")
    kml = archive.with_suffix(".kml")
    top = sorted((name for name in kml if "/" not in name), key=lambda name: name.lower() != "doc.kml")
    if not top:
        raise UnreadableFile("the KMZ holds no .kml file outside its folders: pack doc.kml at the top")
    others = len(kml) - 1
    notes = (f"{others} other KML file{'s' * (others > 1)} in the KMZ not read",) if others else ()
    return _read_kml(_Source(source.stem, archive.read(top[0]), source.tally, notes))


def _read_zip(source: _Source) -> Iterator[Shape]:
    archive = _Archive(source, "a zip archive")
    shapefiles = archive.with_suffix(".shp")
    others = archive.with_suffix(".kml", ".geojson", ".gpkg") or ([] if shapefiles else archive.with_suffix(".json"))
    if (shapefiles and others) or len(others) > 1:
        raise UnreadableFile(
            f"the archive holds several boundary files ({', '.join((shapefiles + others)[:6])}): "
            "pack shapefiles alone, or one other file"
        )
    if others:
        path = PurePosixPath(others[0])
        inner = _Source(path.stem, archive.read(others[0]), source.tally)
        yield from _READERS[path.suffix.lower()](inner)
        return
    if not shapefiles:
        held = ", ".join(archive.names[:6]) or "nothing"
        raise UnreadableFile(f"the archive holds no boundary file (.shp, .kml, .geojson, .gpkg); found {held}")
    stems = Counter(PurePosixPath(name).stem for name in shapefiles)
    for name in sorted(shapefiles):
        stem = PurePosixPath(name).stem
        layer = stem if stems[stem] == 1 else str(PurePosixPath(name).with_suffix(""))
        yield from _shapefile_shapes(archive, name, layer, source.tally)


# --- shapefiles -------------------------------------------------------------------------------------------------

_RECORD_POINTS = {1: None, 3: 40, 5: 40, 8: 36}
"""Where a record says how many points it has, by the type of shape; a point is one."""


def _shapefile_shapes(archive: _Archive, name: str, layer: str, tally: _Tally) -> Iterator[Shape]:
    siblings = {each[-4:].lower(): each for each in archive.names if each[:-4].casefold() == name[:-4].casefold()}
    if ".shx" not in siblings:
        raise UnreadableFile(f"{name[:-4]}.shx is missing: pack at least .shp and .shx of each shapefile")
    shp, shx = archive.read(name), archive.read(siblings[".shx"])
    points, measured = _record_points(name, shp, shx)
    tally.room_for(sum(points))  # before GDAL takes memory for them
    crs = _shapefile_crs(archive.read(siblings[".prj"]), siblings[".prj"]) if ".prj" in siblings else None
    deleted = _deleted(archive.read(siblings[".dbf"])) if ".dbf" in siblings else frozenset()
    for number, wkb in _records(name, shp, shx):
        draft = _Draft(tally, f"{name}, record {number}")
        before = tally.vertices
        geometry = None if wkb is None else _Wkb(wkb, draft).geometry()
        if tally.vertices - before != points[number - 1]:
            draft.refuse(f"of {points[number - 1]} points only {tally.vertices - before} can be read: export it again")
        if geometry is not None and number not in deleted:
            tally.add_shape()
            draft.needed["measure"] = int(measured)
            yield Shape(layer, number, geometry, crs, crs and "file", draft.notes())


def _records(name: str, shp: bytes, shx: bytes) -> Iterable[tuple[int, bytes | None]]:
    """Each record's number, from 1, and its WKB, by GDAL: it sorts a polygon's rings into outer rings and holes.

    Only GDAL's shapefile driver takes these bytes: they begin as a shapefile does, and no other file is beside them.
    """
    packed = _zipped({"shape.shp": shp, "shape.shx": shx})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of open rings and the like, which become notes
            _, fids, geometries, _ = pyogrio.raw.read(packed, columns=[], return_fids=True)
    except Exception as error:  # pyogrio raises many kinds for one fact
        raise UnreadableFile(f"{name} is damaged ({error}): download it again") from error
    return zip((int(fid) + 1 for fid in fids), geometries, strict=True)


def _record_points(name: str, shp: bytes, shx: bytes) -> tuple[list[int], bool]:
    """How many points each record has, by its own word, and whether they have measures."""
    for content, suffix in ((shp, ".shp"), (shx, ".shx")):
        file = name[:-4] + suffix
        if len(content) < 100 or content[:4] != b"\0\0\x27\x0a" or content[28:32] != b"\xe8\3\0\0":
            raise _mismatch(f"{file} to be of a shapefile", content)
        if 2 * struct.unpack_from(">i", content, 24)[0] > len(content):
            raise UnreadableFile(f"{file} is cut short: download it again")
    (kind,) = struct.unpack_from("<i", shp, 32)
    if not 0 < kind < 30 or kind % 10 not in _RECORD_POINTS:
        raise UnreadableFile(f"{name} has shapes of type {kind}, not points, lines or polygons: convert them")
    end = 2 * struct.unpack_from(">i", shp, 24)[0]
    listed = list(struct.iter_unpack(">2i", shx[100 : 100 + (len(shx) - 100) // 8 * 8]))
    records, points, at = [], [], 100
    try:
        while at < end:
            _, words, own = struct.unpack_from(">2i", shp, at) + struct.unpack_from("<i", shp, at + 8)
            place = _RECORD_POINTS[kind % 10]
            if own not in (0, kind) or words < 2 or at + 8 + 2 * words > end:
                raise struct.error
            count = 0 if own == 0 else 1 if place is None else struct.unpack_from("<i", shp, at + 8 + place)[0]
            if not 0 <= 8 * count <= words:  # a point has two numbers of four words each
                raise struct.error
            points.append(count)
            records.append((at // 2, words))
            at += 8 + 2 * words
    except struct.error as error:
        raise UnreadableFile(f"{name} is damaged at record {len(records) + 1}: download it again") from error
    if records != listed:
        raise UnreadableFile(f"{name} holds {len(records)} records, and not those of its .shx: export it again")
    return points, kind > 20


def _deleted(dbf: bytes) -> frozenset[int]:
    """The numbers of the records that the attribute table marks as deleted."""
    if len(dbf) < 32:
        return frozenset()
    count, header, width = struct.unpack_from("<IHH", dbf, 4)
    starts = range(header, min(len(dbf), header + count * width), max(width, 1))
    return frozenset(number for number, start in enumerate(starts, 1) if dbf[start : start + 1] == b"*")


def _shapefile_crs(prj: bytes, name: str) -> str | None:
    text = prj.decode("utf-8-sig", errors="windows-1252").strip("\0 \t\r\n")
    return _wkt_crs(text, name) if text else None


_READERS: dict[str, Callable[[_Source], Iterator[Shape]]] = {
    ".kml": _read_kml,
    ".kmz": _read_kmz,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_geopackage,
    ".zip": _read_zip,
}
