"""GeoJSON: from the bytes of a file to the shapes of its features.

How JSON, features and the CRS of 2008 are written belongs here. What is made of positions does not (`shapes.py`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, NoReturn

import pyproj
import shapely
from pyproj.exceptions import CRSError

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files.content import decoded, mismatch
from carbon_assets.geo.files.shapes import MAX_NESTED_GEOMETRIES, WGS84, Draft, Shape, Source, crs_text, together, whole

_TYPES = ("FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
          "MultiPolygon", "GeometryCollection")  # fmt: skip


def read(source: Source) -> Iterator[Shape]:
    """The shapes of a GeoJSON file: a collection, a feature or a bare geometry."""
    text, notes = decoded(source.content, "a GeoJSON file")
    if not text.lstrip().startswith(("{", "[")):
        raise mismatch("a GeoJSON file", source.content)
    document = _document(text)
    source = replace(source, notes=source.notes + notes)
    is_collection = document["type"] == "FeatureCollection"
    features = document.get("features") if is_collection else [document]
    if not isinstance(features, list):
        raise UnreadableFile("the FeatureCollection has no list of features")
    name = document.get("name")
    layer = name if is_collection and isinstance(name, str) and name else source.stem
    for number, feature in enumerate(features, 1):
        draft = Draft(source, f"feature {number}")
        geometry = feature
        if is_collection or document["type"] == "Feature":
            if not isinstance(feature, dict) or feature.get("type") != "Feature":
                draft.refuse("it is no Feature")
            geometry = feature.get("geometry")
        if geometry is None:
            continue
        parts = _parts(geometry, draft, 1)
        made = whole(parts, of_polygon=geometry["type"] == "Polygon")
        if made is not None:
            crs, crs_source = _crs(draft, geometry, feature, document)
            yield draft.shape(layer, number, made, crs, crs_source, _attributes(feature))


def _attributes(feature: dict[str, Any]) -> Iterable[tuple[str, object]]:
    properties = feature.get("properties")
    return properties.items() if isinstance(properties, dict) else ()


def _document(text: str) -> dict[str, Any]:
    document = _parsed(text)
    members = document if isinstance(document, dict) else {}
    kind = members.get("type")
    if kind == "Topology":
        raise UnreadableFile("the file is TopoJSON, not GeoJSON: export it as GeoJSON")
    if {"spatialReference", "geometryType", "rings", "paths"} & set(members):
        raise UnreadableFile("the file is Esri JSON, not GeoJSON: export it as GeoJSON")
    if kind not in _TYPES:
        raise UnreadableFile(f"the JSON is no GeoJSON: its type is {kind!r}, not one of {', '.join(_TYPES)}")
    return members


def _parsed(text: str) -> object:
    def refuse_constant(constant: str) -> NoReturn:
        raise UnreadableFile(f"the file holds the number {constant}, which JSON does not allow")

    try:
        return json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"the JSON is broken in line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:  # brackets, or the digits of one number, without end
        raise UnreadableFile(f"the JSON is no GeoJSON ({error})") from error


# --- geometries -------------------------------------------------------------------------------------------------


def _parts(geometry: object, draft: Draft, depth: int) -> list[shapely.Geometry]:
    if depth > MAX_NESTED_GEOMETRIES:
        draft.refuse(f"geometries nest deeper than {MAX_NESTED_GEOMETRIES}")
    if not isinstance(geometry, dict):
        draft.refuse("its geometry is no JSON object")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = _list(geometry.get("geometries"), "geometries", draft)
        if any(isinstance(member, dict) and "crs" in member for member in members):
            draft.refuse("a member of a GeometryCollection has a CRS of its own")
        return together([part for member in members for part in _parts(member, draft, depth + 1)], "")
    values = _list(geometry.get("coordinates"), "coordinates", draft)
    match kind:
        case "Point":
            return draft.points(_positions([values], draft) if values else [])
        case "LineString":
            return draft.line(_positions(values, draft))
        case "Polygon":
            return draft.polygon(_rings(values, draft))
        case "MultiPoint":
            return together(draft.points(_positions(values, draft)), "Point")
        case "MultiLineString":
            lines = _rings(values, draft)
            return together([part for line in lines for part in draft.line(line)], "LineString")
        case "MultiPolygon":
            polygons = [_rings(_list(value, "coordinates", draft), draft) for value in values]
            return together([part for rings in polygons for part in draft.polygon(rings)], "Polygon")
    draft.refuse(f"its geometry has the type {kind!r}, which GeoJSON does not know")


def _list(value: object, name: str, draft: Draft) -> list[Any]:
    if not isinstance(value, list):
        draft.refuse(f"its {name} are no list")
    return value


def _rings(values: list[Any], draft: Draft) -> list[list[list[float]]]:
    return [_positions(_list(value, "coordinates", draft), draft) for value in values]


def _positions(values: list[Any], draft: Draft) -> list[list[float]]:
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


# --- the CRS ----------------------------------------------------------------------------------------------------

_CRS_NAME = re.compile(
    r"urn:ogc:def:crs:[\w:.+-]+|https?://www\.opengis\.net/[\w/.#?=:&-]+|(EPSG|ESRI|OGC|IGNF):\w+", re.I
)
"""Names that PROJ looks up in its own tables; others ("+init=file:code") would have it read a file."""


def _crs(draft: Draft, *owners: dict[str, Any]) -> tuple[str | None, str | None]:
    """The CRS of the innermost object that names one (GeoJSON of 2008; PostGIS writes it into geometries)."""
    owner = next((owner for owner in owners if "crs" in owner), None)
    if owner is None:
        return WGS84, "format"
    match owner["crs"]:
        case None:
            return None, None
        case {"type": "name", "properties": {"name": str(name)}} if _CRS_NAME.fullmatch(name):
            try:
                return _named_crs(name), "file"
            except CRSError:
                draft.refuse(f"its CRS {name!r} is unknown: name one that exists, such as EPSG:32718")
        case {"type": "link"}:
            draft.refuse("its CRS is a link to another file, which is never followed: name the CRS, such as EPSG:32718")
        case other:
            draft.refuse(f"its CRS {json.dumps(other)[:100]} is no name of one, such as EPSG:32718")


@lru_cache(maxsize=16)  # each feature may name it, and a look-up takes milliseconds
def _named_crs(name: str) -> str:
    return crs_text(pyproj.CRS.from_user_input(name))
