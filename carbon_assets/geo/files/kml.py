"""KML: from the bytes of a file to the shapes of its placemarks.

How XML, folders and coordinates are written belongs here. What is made of positions does not (`shapes.py`), nor which
file of a KMZ is read (`archives.py`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NoReturn
from xml.parsers import expat

import shapely

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files.content import decoded, mismatch, web_page
from carbon_assets.geo.files.shapes import MAX_NESTED_GEOMETRIES, WGS84, Draft, Shape, Source, together, whole

_MAX_NESTED_ELEMENTS = 200
_CONTAINERS = ("Document", "Folder")
_KINDS = {"Point": "Point", "LineString": "LineString", "LinearRing": "LineString", "Track": "LineString",
          "Polygon": "Polygon", "MultiGeometry": "", "MultiTrack": ""}  # fmt: skip
"""Elements that are geometries, and of which kind each is."""
_POSITIONS = ("coordinates", "coord")
_WITH_TEXT = frozenset((*_POSITIONS, "name", "SimpleData", "value"))
_NO_SHAPES = frozenset(
    ("Metadata", "Schema", "Style", "StyleMap", "description", "Snippet", "Region", "LookAt", "Camera",
     "GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Tour", "Icon", "Link", "author")
)  # fmt: skip
"""Elements in which coordinates, if any, are of no shape: foreign data, views, styles and pictures."""
_DATA = {"ExtendedData": ("SchemaData", "Data"), "SchemaData": ("SimpleData",), "Data": ("value",),
         "SimpleData": (), "value": ()}  # fmt: skip
"""Elements of a placemark's attributes, and which of those within each are kept; all else there is foreign data."""


def read(source: Source) -> list[Shape]:
    """The shapes of a KML file, in its order."""
    text, notes = _text(source.content)
    root = _Parser().root(text)
    links = sum(element.tag == "NetworkLink" for element in _walk(root))
    if links:
        notes += (f"{links} network link{'s' * (links > 1)} not followed",)
    source = replace(source, notes=source.notes + notes)
    counts: Counter[str] = Counter()
    shapes = []
    for layer, placemark in _placemarks(root, source.stem):
        counts[layer] += 1
        draft = Draft(source, f"line {placemark.line}")
        geometry = _geometry(placemark, draft)
        if geometry is not None:
            shapes.append(draft.shape(layer, counts[layer], geometry, WGS84, "format", _attributes(placemark)))
    _check_all_read(root)
    if links and not shapes:
        raise UnreadableFile(
            "the file holds no shape, only network links to other files, which are never followed: "
            "open it in Google Earth and save the linked places as KML"
        )
    return shapes


def _refuse(line: int, reason: str) -> NoReturn:
    raise UnreadableFile(f"line {line}: {reason}")


# --- from bytes to elements -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    tag: str
    line: int
    children: list[_Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    name: str = ""
    """The attribute of XML."""
    is_read: bool = False
    """Of positions: whether they are part of a shape."""

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, *tags: str) -> list[_Element]:
        return [child for child in self.children if child.tag in tags]


def _text(content: bytes) -> tuple[str, tuple[str, ...]]:
    text, notes = decoded(content, "a KML file", _encoding(content))
    if not text.lstrip().startswith("<") or web_page(text):
        raise mismatch("a KML file", content)
    return text, notes


def _encoding(content: bytes) -> str:
    for start, encoding in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if content.startswith(start):
            return encoding
    declaration = re.match(rb"\s*(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", content[:500])
    declared = declaration.group(1).decode().lower() if declaration else "utf-8"
    # A declaration of UTF-16 that can be read as ASCII is wrong: programs that write from strings make it.
    return "utf-8" if declared.startswith("utf-16") else declared


class _Parser:
    """Makes the elements of a KML file, without those that hold no shape.

    Prefixes are cut off, not resolved: real files use some that they do not declare.
    """

    def __init__(self) -> None:
        self._top = _Element("", 0)
        self._open = [self._top]
        self._skipped = 0  # open elements without shapes
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartDoctypeDeclHandler = self._refuse_dtd
        self._expat.EntityDeclHandler = self._refuse_dtd

    def root(self, text: str) -> _Element:
        try:
            self._expat.Parse(text.encode("utf-8", errors="replace"), True)
        except expat.ExpatError as error:
            raise UnreadableFile(
                f"the XML is broken in line {error.lineno}, column {error.offset + 1}: "
                f"{expat.ErrorString(error.code)}: download it again"
            ) from error
        return self._top.children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        line = self._expat.CurrentLineNumber
        depth = len(self._open) + self._skipped
        if depth == 1 and tag != "kml":
            raise UnreadableFile(f"expected a KML file, found XML with the root <{name}>: download it again")
        if depth > _MAX_NESTED_ELEMENTS:
            _refuse(line, f"elements nest deeper than {_MAX_NESTED_ELEMENTS}")
        if self._skipped or not self._is_kept(tag):
            self._skipped += 1
            return
        element = _Element(tag, line, name=attributes.get("name", ""))
        self._open[-1].children.append(element)
        self._open.append(element)

    def _is_kept(self, tag: str) -> bool:
        parent = self._open[-1].tag
        if parent in _DATA:
            return tag in _DATA[parent]
        return parent == "Placemark" if tag == "ExtendedData" else tag not in _NO_SHAPES

    def _end(self, _: str) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self._open.pop()

    def _characters(self, data: str) -> None:
        if not self._skipped and self._open[-1].tag in _WITH_TEXT:
            self._open[-1].texts.append(data)

    def _refuse_dtd(self, *_: object) -> NoReturn:
        _refuse(
            self._expat.CurrentLineNumber,
            "the file declares a DTD or entities, which can read other files or grow without end: "
            "save it again without",
        )


def _walk(root: _Element) -> Iterator[_Element]:
    todo = [root]
    while todo:
        element = todo.pop()
        yield element
        todo += reversed(element.children)


# --- from elements to geometries --------------------------------------------------------------------------------


def _placemarks(element: _Element, layer: str) -> Iterator[tuple[str, _Element]]:
    """Every placemark, in the order of the file, with the name of the folder that it is in."""
    for child in element.children:
        if child.tag == "Placemark":
            yield layer, child
        elif child.tag in _CONTAINERS:
            names = [" ".join(name.text.split()) for name in child.all("name")]
            yield from _placemarks(child, next(filter(None, names), layer))
        else:
            yield from _placemarks(child, layer)


def _attributes(placemark: _Element) -> Iterator[tuple[str, str]]:
    for data in placemark.all("ExtendedData"):
        for child in data.children:
            if child.tag == "Data":
                yield child.name, "".join(value.text for value in child.children).strip()
            else:
                yield from ((simple.name, simple.text.strip()) for simple in child.children)


def _geometry(placemark: _Element, draft: Draft) -> shapely.Geometry | None:
    geometries = placemark.all(*_KINDS)
    draft.needed["model"] = len(placemark.all("Model"))
    if len(geometries) == 1:
        return whole(_parts(geometries[0], draft, 1), of_polygon=geometries[0].tag == "Polygon")
    draft.needed["several"] = int(len(geometries) > 1)
    return whole(_multi(geometries, draft, 1), of_polygon=False)


def _multi(geometries: list[_Element], draft: Draft, depth: int) -> list[shapely.Geometry]:
    parts = [part for geometry in geometries for part in _parts(geometry, draft, depth + 1)]
    kinds = {_KINDS[geometry.tag] for geometry in geometries}
    return together(parts, kinds.pop() if len(kinds) == 1 else "")


def _parts(geometry: _Element, draft: Draft, depth: int) -> list[shapely.Geometry]:
    draft.place = f"line {geometry.line}"
    if depth > MAX_NESTED_GEOMETRIES:
        draft.refuse(f"geometries nest deeper than {MAX_NESTED_GEOMETRIES}")
    match geometry.tag:
        case "MultiGeometry" | "MultiTrack":
            draft.needed["model"] += len(geometry.all("Model"))
            return _multi(geometry.all(*_KINDS), draft, depth)
        case "Polygon":
            outer, inner = _rings(geometry, "outerBoundaryIs"), _rings(geometry, "innerBoundaryIs")
            if len(outer) > 1 or (inner and not outer):
                draft.refuse(f"the polygon has {len(outer)} outer rings where one is expected")
            return draft.polygon([_positions(ring) for ring in outer + inner])
        case "Point":
            positions = _positions(geometry)
            if len(positions) > 1:
                draft.refuse(f"the point has {len(positions)} positions")
            return draft.points(positions)
    return draft.line(_positions(geometry))


def _rings(polygon: _Element, side: str) -> list[_Element]:
    return [ring for boundary in polygon.all(side) for ring in boundary.all("LinearRing")]


def _positions(geometry: _Element) -> list[list[float]]:
    elements = geometry.all(*_POSITIONS)
    if geometry.tag != "Track" and len(elements) > 1:
        _refuse(geometry.line, f"the {geometry.tag} has {len(elements)} <coordinates>, not one")
    for element in elements:
        element.is_read = True
    return [position for element in elements for position in _positions_in(element)]


_TOKEN = re.compile(r"\S[^\s,]*(?:\s*,\s*[^\s,]*)*")
_POSITION = re.compile(r"[-+0-9.eE]+(?:,[-+0-9.eE]+){1,2}")


def _positions_in(element: _Element) -> list[list[float]]:
    """The "lon,lat[,height]" in a text, separated by blanks; of a track's <coord>, "lon lat height".

    Blanks beside commas are dropped: in "1.0, 2.0 3.0, 4.0" they cannot separate positions, and where they do
    ("1,2, 3,4") a position of more than three numbers is left, which is refused.
    """
    text = element.text
    if element.tag == "coord":
        text = ",".join(text.split())
    positions = []
    for token in _TOKEN.finditer(text):
        position = _position("".join(token.group().split()))
        if position is None:
            _refuse(
                element.line + text.count("\n", 0, token.start()),
                f"{token.group()[:60]!r} is no position; expected finite numbers, lon,lat or lon,lat,height",
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


def _check_all_read(root: _Element) -> None:
    for element in _walk(root):
        if element.tag in _POSITIONS and not element.is_read and element.text.strip():
            _refuse(
                element.line,
                f"<{element.tag}> stands where KML allows none, and would be lost: a shape must be within a Placemark",
            )
