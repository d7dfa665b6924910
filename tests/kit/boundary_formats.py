"""Boundary files of every format, made up, and what reading them gives."""

import io
import json
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo import files
from carbon_assets.geo.files import Limits, Shape

SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)]
HOLE = [(1, 1), (2, 1), (2, 2), (1, 1)]
HOLE_2 = [(2.5, 2.5), (3, 2.5), (3, 3), (2.5, 2.5)]
EVERY_GEOMETRY = [
    Point(1, 2),
    Point(1, 2, 3),
    LineString([(1, 2), (3, 4)]),
    Polygon(SQUARE, [HOLE, HOLE_2]),
    MultiPoint([(1, 2), (3, 4)]),
    MultiLineString([[(1, 2), (3, 4)]]),
    MultiPolygon([Polygon(SQUARE, [HOLE]), box(9, 9, 10, 10)]),
    GeometryCollection([Point(1, 2), GeometryCollection([box(0, 0, 1, 1)])]),
]


def read(name: str, content: str | bytes | dict, limits: Limits | None = None, layer: str | None = None):
    if isinstance(content, dict):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    return files.read(name, content, limits or Limits(), layer)


def only(shapes: tuple[Shape, ...]) -> Shape:
    (shape,) = shapes
    return shape


def refused(name: str, content: str | bytes | dict, *said: str, **options) -> str:
    """The file is refused, and the message says all of this."""
    with pytest.raises(UnreadableFile) as caught:
        read(name, content, **options)
    message = str(caught.value)
    for text in said:
        assert text in message
    return message


def kml(*inner: str, attributes: str = ' xmlns="http://www.opengis.net/kml/2.2"', head: str = "") -> str:
    return head + f"<kml{attributes}><Document>\n" + "\n".join(inner) + "\n</Document></kml>"


def folder(name: str, *inner: str) -> str:
    return f"<Folder><name>{name}</name>" + "".join(inner) + "</Folder>"


def placemark(*geometries: str) -> str:
    return "<Placemark><name>p</name>" + "".join(geometries) + "</Placemark>"


def multi(*geometries: str) -> str:
    return "<MultiGeometry>" + "".join(geometries) + "</MultiGeometry>"


def coordinates(positions) -> str:
    return "<coordinates>" + " ".join(",".join(map(repr, p)) for p in positions) + "</coordinates>"


def extended(*data: str) -> str:
    return "<ExtendedData>" + "".join(data) + "</ExtendedData>"


def schema_data(*values: tuple[str, str]) -> str:
    inner = "".join(f'<SimpleData name="{name}">{value}</SimpleData>' for name, value in values)
    return f'<SchemaData schemaUrl="#s">{inner}</SchemaData>'


def datum(name: str, value: str) -> str:
    return f'<Data name="{name}"><displayName>shown</displayName><value>{value}</value></Data>'


def polygon(outer, *holes, together: bool = False) -> str:
    rings = [f"<LinearRing>{coordinates(hole)}</LinearRing>" for hole in holes]
    inner = ["".join(rings)] if together and rings else rings
    return (
        f"<Polygon><outerBoundaryIs><LinearRing>{coordinates(outer)}</LinearRing></outerBoundaryIs>"
        + "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in inner)
        + "</Polygon>"
    )


def line(*positions) -> str:
    return f"<LineString>{coordinates(positions)}</LineString>"


def point(*position) -> str:
    return f"<Point>{coordinates([position])}</Point>"


def geojson(*geometries: shapely.Geometry | dict | None, **members) -> dict:
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": shapely.geometry.mapping(g) if isinstance(g, shapely.Geometry) else g,
        }
        for g in geometries
    ]
    return {"type": "FeatureCollection", "features": features, **members}


def frame(*geometries, crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"n": range(len(geometries))}, geometry=list(geometries), crs=crs)


def geopackage(folder: Path, **layers: gpd.GeoDataFrame) -> bytes:
    file = folder / "made.gpkg"
    file.unlink(missing_ok=True)
    for layer, rows in layers.items():
        rows.to_file(file, layer=layer)
    return file.read_bytes()


def zipped(members: dict[str, bytes] | list, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return file.getvalue()


def shapefile_parts(folder: Path, **layers: gpd.GeoDataFrame) -> dict[str, bytes]:
    folder = folder / "shapefiles"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for layer, rows in layers.items():
        rows.to_file(folder / f"{layer}.shp")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def shapefile(folder: Path, **layers: gpd.GeoDataFrame) -> bytes:
    return zipped(shapefile_parts(folder, **layers))


def dbf(columns: list[tuple[str, str, int]], *rows: tuple[bytes, ...]) -> bytes:
    """The .dbf of columns (name, kind, width) and rows of texts."""
    fields = b"".join(struct.pack("<11sc4xB15x", name.encode(), kind.encode(), width) for name, kind, width in columns)
    width = 1 + sum(width for *_, width in columns)
    records = b"".join(
        b" " + b"".join(text.ljust(column[2]) for text, column in zip(row, columns, strict=True)) for row in rows
    )
    head = struct.pack("<4BIHH20x", 3, 100, 1, 1, len(rows), 32 + len(fields) + 1, width)
    return head + fields + b"\r" + records + b"\x1a"


KML = kml(placemark(point(1, 2))).encode()
