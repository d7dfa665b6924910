"""`boundary_files.read`: every shape of a file comes out as written, and no file can do harm or lose one unsaid."""

import io
import json
import sqlite3
import stat
import struct
import tempfile
import time
import tracemalloc
import zipfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from shapely import GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box

from carbon_assets import boundary_files
from carbon_assets.boundary_files import Limits, Shape
from carbon_assets.readers import UnreadableFile
from tests.conftest import REAL_DATA

BOUNDARIES = REAL_DATA / "boundaries"
SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)]
HOLE = [(1, 1), (2, 1), (2, 2), (1, 1)]
HOLE_2 = [(2.5, 2.5), (3, 2.5), (3, 3), (2.5, 2.5)]


def read(name: str, content: str | bytes | dict, limits: Limits | None = None, layer: str | None = None):
    if isinstance(content, dict):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    return boundary_files.read(name, content, limits or Limits(), layer)


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


# --- the names and sizes of files -------------------------------------------------------------------------------


def test_a_suffix_that_is_none_of_a_boundary_is_refused():
    refused("area.shp", b"x", ".shp", *boundary_files.SUFFIXES)
    refused("area", b"x", "without a suffix")


def test_the_suffix_may_be_in_capitals():
    assert read("AREA.KML", kml(placemark(polygon(SQUARE))))


@pytest.mark.parametrize("suffix", boundary_files.SUFFIXES)
@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b" \r\n\0", "empty", id="blanks"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "a PNG image", id="png"),
        pytest.param(b"%PDF-1.7 ...", "a PDF document", id="pdf"),
        pytest.param(
            b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>", "a web page titled 'Sign in'", id="web"
        ),
        pytest.param(b"<html><body>404</body></html>", "a web page", id="plain web page"),
        pytest.param(b"Rar!\x1a\x07\0", "a RAR archive", id="rar"),
        pytest.param(b"\xd0\xcf\x11\xe0 old office file", "xd0", id="unknown"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(suffix, content, found):
    refused("area" + suffix, content, "expected", found)


def test_each_format_is_refused_under_the_name_of_another(tmp_path):
    files = {
        ".kml": kml(placemark(polygon(SQUARE))).encode(),
        ".geojson": json.dumps(geojson(box(0, 0, 1, 1))).encode(),
        ".gpkg": geopackage(tmp_path, a=frame(box(0, 0, 1, 1))),
        ".zip": zipped({"a.txt": b"x"}),
    }
    for own, content in files.items():
        for suffix in boundary_files.SUFFIXES:
            if suffix != own and {suffix, own} != {".geojson", ".json"}:
                refused("area" + suffix, content)


def test_a_file_larger_than_allowed_is_refused():
    content = kml(placemark(polygon(SQUARE)))
    refused("a.kml", content, "100 allowed", limits=Limits(most_bytes=100))


def test_limits_are_above_zero_and_known_by_name():
    for wrong in ({"most_bytes": 0}, {"most_shape": 1}):
        with pytest.raises(ValidationError):
            Limits(**wrong)


def test_more_vertices_than_allowed_are_refused(tmp_path):
    shape = box(0, 0, 1, 1)
    files = {
        "a.kml": kml(placemark(polygon(SQUARE))),
        "a.geojson": geojson(shape),
        "a.gpkg": geopackage(tmp_path, a=frame(shape)),
        "a.zip": shapefile(tmp_path, a=frame(shape)),
    }
    for name, content in files.items():
        assert read(name, content, Limits(most_vertices=5))
        refused(name, content, "vertices", "4 allowed", limits=Limits(most_vertices=4))


def test_more_shapes_than_allowed_are_refused(tmp_path):
    shapes = [box(0, 0, 1, 1), box(2, 2, 3, 3)]
    files = {
        "a.kml": kml(*[placemark(polygon(SQUARE))] * 2),
        "a.geojson": geojson(*shapes),
        "a.gpkg": geopackage(tmp_path, a=frame(*shapes)),
        "a.zip": shapefile(tmp_path, a=frame(*shapes)),
    }
    for name, content in files.items():
        assert len(read(name, content, Limits(most_shapes=2))) == 2
        refused(name, content, "shapes", "1 allowed", limits=Limits(most_shapes=1))


def test_gdal_gets_no_shapefile_with_more_vertices_than_allowed(tmp_path, monkeypatch):
    content = shapefile(tmp_path, a=frame(box(0, 0, 1, 1)))
    monkeypatch.setattr(boundary_files, "_records", None)
    refused("a.zip", content, "vertices", limits=Limits(most_vertices=4))


def test_one_layer_can_be_asked_for():
    content = kml(folder("one", placemark(polygon(SQUARE))), folder("two", placemark(point(1, 2))))
    assert only(read("a.kml", content, layer="two")).geometry == Point(1, 2)
    refused("a.kml", content, "'three'", "'one'", "'two'", layer="three")


# --- KML --------------------------------------------------------------------------------------------------------


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


def kml_geometry(*geometries: str) -> shapely.Geometry:
    return only(read("a.kml", kml(placemark(*geometries)))).geometry


def test_a_polygon_of_kml():
    shape = only(read("some area.kml", kml(placemark(polygon(SQUARE, HOLE, HOLE_2)))))
    assert shape == Shape("some area", 1, Polygon(SQUARE, [HOLE, HOLE_2]), "EPSG:4326", "format")


def test_several_holes_in_one_inner_boundary_are_all_kept():
    """GDAL keeps the last one."""
    assert kml_geometry(polygon(SQUARE, HOLE, HOLE_2, together=True)) == Polygon(SQUARE, [HOLE, HOLE_2])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(point(1, 2), Point(1, 2), id="point"),
        pytest.param(point(1, 2, 3), Point(1, 2, 3), id="point with height"),
        pytest.param(line((1, 2), (3, 4)), LineString([(1, 2), (3, 4)]), id="line"),
        pytest.param(f"<LinearRing>{coordinates(SQUARE)}</LinearRing>", LineString(SQUARE), id="bare ring"),
        pytest.param(multi(polygon(SQUARE)), MultiPolygon([Polygon(SQUARE)]), id="one polygon in a multi"),
        pytest.param(multi(point(1, 2), point(3, 4)), MultiPoint([(1, 2), (3, 4)]), id="points"),
        pytest.param(multi(line((1, 2), (3, 4))), MultiLineString([[(1, 2), (3, 4)]]), id="lines"),
        pytest.param(
            multi(polygon(SQUARE), point(1, 2)), GeometryCollection([Polygon(SQUARE), Point(1, 2)]), id="mixed"
        ),
        pytest.param(
            multi(multi(polygon(SQUARE)), point(1, 2)),
            GeometryCollection([MultiPolygon([Polygon(SQUARE)]), Point(1, 2)]),
            id="nested",
        ),
        pytest.param(
            "<gx:Track><when>2012</when><gx:coord>1 2 3</gx:coord><gx:coord/><gx:coord>4 5 6</gx:coord></gx:Track>",
            LineString([(1, 2, 3), (4, 5, 6)]),
            id="track",
        ),
        pytest.param(
            "<gx:MultiTrack><gx:Track><gx:coord>1 2 3</gx:coord><gx:coord>4 5 6</gx:coord></gx:Track></gx:MultiTrack>",
            MultiLineString([[(1, 2, 3), (4, 5, 6)]]),
            id="tracks",
        ),
    ],
)
def test_every_geometry_of_kml_is_kept_as_what_it_is(written, expected):
    geometry = kml_geometry(written)
    assert shapely.equals_identical(geometry, expected)


def test_placemarks_are_found_in_the_document_and_in_nested_folders():
    inner = folder("inner", placemark(point(3, 0)))
    content = kml(
        "<name>all</name>",
        placemark(point(1, 0)),
        folder("outer", placemark(point(2, 0)), inner, placemark(point(4, 0))),
        f"<Folder>{placemark(point(5, 0))}</Folder>",
    )
    found = [(s.layer, s.feature, s.geometry.x) for s in read("a.kml", content)]
    assert found == [("all", 1, 1), ("outer", 1, 2), ("inner", 1, 3), ("outer", 2, 4), ("all", 2, 5)]


def test_folders_of_the_same_name_are_one_layer():
    content = kml(folder("a", placemark(point(1, 0))), folder("a", placemark(), placemark(point(2, 0))))
    assert [(s.layer, s.feature, s.geometry.x) for s in read("f.kml", content)] == [("a", 1, 1), ("a", 3, 2)]


def test_a_placemark_may_stand_in_the_root():
    assert only(read("a.kml", f"<kml>{placemark(point(1, 2))}</kml>")).layer == "a"


def test_several_geometries_without_a_multigeometry_are_all_kept():
    shape = only(read("a.kml", kml(placemark(polygon(SQUARE), point(1, 2)))))
    assert shape.geometry == GeometryCollection([Polygon(SQUARE), Point(1, 2)])
    assert shape.notes == ("the placemark has several geometries outside a MultiGeometry",)


def test_a_prefix_may_be_declared_or_not():
    prefixed = "<k:kml xmlns:k='http://www.opengis.net/kml/2.2'><k:Document><k:name>n</k:name><k:Placemark><k:Point>"
    prefixed += "<k:coordinates>1,2</k:coordinates></k:Point></k:Placemark></k:Document></k:kml>"
    assert only(read("a.kml", prefixed)).layer == "n"
    undeclared = kml(placemark(polygon(SQUARE)), attributes=' xsi:schemaLocation="http://x y"')
    assert only(read("a.kml", undeclared)).geometry == Polygon(SQUARE)


def test_a_kml_cut_short_is_refused_with_its_line_even_with_an_undeclared_prefix():
    whole = kml(placemark(polygon(SQUARE)), placemark(point(1, 2)), attributes=' xsi:schemaLocation="x y"')
    cut = whole[: whole.index("<Point>") + 10]
    refused("a.kml", cut, "line 3", "column", "download it again")


def test_every_cut_of_a_kml_is_refused():
    whole = kml(folder("f", placemark(polygon(SQUARE, HOLE))))
    for end in range(len(whole)):
        refused("a.kml", whole[:end])


def test_xml_that_is_no_kml_is_refused():
    refused("a.kml", "<gpx><wpt/></gpx>", "<gpx>")


@pytest.mark.parametrize(
    ("encoded", "note"),
    [
        pytest.param(lambda text: text.encode(), False, id="utf-8 undeclared"),
        pytest.param(lambda text: text.encode("utf-8-sig"), False, id="utf-8 with a BOM"),
        pytest.param(lambda text: ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode(), False, id="utf-8"),
        pytest.param(lambda text: ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16"), False, id="utf-16"),
        pytest.param(lambda text: text.encode("utf-16-le"), False, id="utf-16 without a BOM"),
        pytest.param(lambda text: text.encode("utf-16-be"), False, id="utf-16, big end first, without a BOM"),
        pytest.param(lambda text: ('<?xml version="1.0" encoding="utf-16"?>' + text).encode(), False, id="utf-8 declared utf-16"),
        pytest.param(
            lambda text: ('<?xml version="1.0" encoding="windows-1252"?>' + text).encode("windows-1252"), False, id="1252"
        ),
        pytest.param(lambda text: ('<?xml version="1.0" encoding="ISO-8859-1"?>' + text).encode("latin-1"), False, id="latin-1"),
        pytest.param(
            lambda text: ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode("windows-1252"), True, id="1252 declared utf-8"
        ),
    ],
)  # fmt: skip
def test_every_encoding_of_kml(encoded, note):
    shape = only(read("a.kml", encoded(kml(folder("Peñón", placemark(point(1, 2)))))))
    assert (shape.layer, shape.geometry) == ("Peñón", Point(1, 2))
    assert shape.notes == (("the text is no UTF-8: read as Windows-1252",) if note else ())


def test_an_unknown_encoding_is_refused():
    refused("a.kml", '<?xml version="1.0" encoding="klingon"?>' + kml(placemark(point(1, 2))), "klingon", "unknown")


def written(text: str) -> str:
    return f"<kml><Placemark><LineString>\n<coordinates>{text}</coordinates></LineString></Placemark></kml>"


@pytest.mark.parametrize(
    "text",
    ["1,2 3,4", "\n\t1,2\n\t3,4\n", "1, 2 3, 4", "1 ,2 3 ,4", "1,\n2\n3,\n4", "1.0,+2 3e0,40E-1", " 1.,2\u000a3,4 "],
)
def test_coordinates_may_be_set_apart_in_any_clear_way(text):
    assert only(read("a.kml", written(text))).geometry == LineString([(1, 2), (3, 4)])


@pytest.mark.parametrize(
    ("text", "wrong", "row"),
    [
        ("1,2, 3,4", "1,2, 3,4", 2),
        ("1,2,\n3,4,\n5,6", "1,2", 2),
        ("1,2\n\n3 4", "'3'", 4),
        ("1,2 3;4", "3;4", 2),
        ("1,2\n3,x", "3,x", 3),
        ("1,2\n3,nan", "3,nan", 3),
        ("1,2 inf,4", "inf,4", 2),
        ("1,2 3,1e999", "3,1e999", 2),
        ("1,2 3,4_0", "3,4_0", 2),
        ("1,2 3,4,5,6", "3,4,5,6", 2),
        ("1,2 3,--4", "3,--4", 2),
        ("1,2 3,٤", "3,٤", 2),
    ],
)
def test_unclear_coordinates_are_refused_with_their_line(text, wrong, row):
    message = refused("a.kml", written(text), f"line {row}:", "no position")
    assert wrong in message or text.startswith("1,2,\n")


def test_heights_missing_beside_others_are_zero_and_told():
    shape = only(read("a.kml", written("1,2,3 4,5 6,7")))
    assert shape.geometry == LineString([(1, 2, 3), (4, 5, 0), (6, 7, 0)])
    assert shape.notes == ("2 positions have no height, unlike others: 0 given",)


def test_open_rings_are_closed_and_told():
    shape = only(read("a.kml", kml(placemark(polygon(SQUARE[:-1], HOLE[:-1])))))
    assert shape.geometry == Polygon(SQUARE, [HOLE])
    assert shape.notes == ("2 rings were not closed",)


@pytest.mark.parametrize(
    ("ring", "part"),
    [
        pytest.param([(5, 5), (6, 6), (5, 5)], LineString([(5, 5), (6, 6), (5, 5)]), id="there and back"),
        pytest.param([(5, 5), (6, 6)], LineString([(5, 5), (6, 6)]), id="two points"),
        pytest.param([(5, 5)], Point(5, 5), id="one point"),
        pytest.param([(5, 5)] * 4, Point(5, 5), id="the same point four times"),
    ],
)
def test_a_ring_that_is_none_is_kept_as_a_line_or_point(ring, part):
    alone = only(read("a.kml", kml(placemark(polygon(ring)))))
    assert alone.geometry == GeometryCollection([part])
    assert alone.notes == ("1 ring has fewer than 3 points",)
    beside = only(read("a.kml", kml(placemark(multi(polygon(SQUARE), polygon(ring))))))
    assert beside.geometry == GeometryCollection([Polygon(SQUARE), part])
    only_part = kml_geometry(multi(polygon(ring)))
    assert only_part == GeometryCollection([part])
    hole = only(read("a.kml", kml(placemark(polygon(SQUARE, HOLE, ring)))))
    assert hole.geometry == GeometryCollection([Polygon(SQUARE, [HOLE]), part])


def test_holes_of_a_ring_that_is_none_are_kept_as_lines():
    shape = only(read("a.kml", kml(placemark(polygon([(5, 5), (6, 6)], HOLE)))))
    assert shape.geometry == GeometryCollection([LineString([(5, 5), (6, 6)]), LineString(HOLE)])
    assert shape.notes[-1] == "1 hole has no ring around it and is kept as a line"
    assert kml_geometry(polygon([(5, 5), (6, 6)], HOLE[:-1])) == shape.geometry


def test_a_line_of_one_point_is_a_point():
    shape = only(read("a.kml", kml(placemark(line((1, 2))))))
    assert (shape.geometry, shape.notes) == (Point(1, 2), ("1 line has only one point",))


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        pytest.param(polygon(SQUARE), "would be lost", id="a polygon outside a placemark"),
        pytest.param(placemark(f"<Polygon><LinearRing>{coordinates(SQUARE)}</LinearRing></Polygon>"), "would be lost", id="no side"),
        pytest.param(placemark(f"<Shape>{coordinates(SQUARE)}</Shape>"), "would be lost", id="unknown geometry"),
        pytest.param(placemark(polygon(SQUARE).replace("outer", "inner")), "0 outer rings", id="only a hole"),
        pytest.param(placemark(polygon(SQUARE, HOLE).replace("inner", "outer")), "2 outer rings", id="two outer rings"),
        pytest.param(placemark(f"<LineString>{coordinates(SQUARE) * 2}</LineString>"), "2 <coordinates>", id="twice"),
        pytest.param(placemark(f"<Point>{coordinates(SQUARE)}</Point>"), "5 positions", id="a point of several"),
    ],
)  # fmt: skip
def test_what_would_be_lost_is_refused_with_its_line(inner, said):
    refused("a.kml", kml(placemark(polygon(SQUARE)), inner), "line 3:", said)


def test_coordinates_of_foreign_data_and_pictures_are_no_shapes():
    data = f"<ExtendedData><g:Polygon>{coordinates(SQUARE)}</g:Polygon></ExtendedData>"
    picture = f"<GroundOverlay><gx:LatLonQuad>{coordinates(SQUARE)}</gx:LatLonQuad></GroundOverlay>"
    assert only(read("a.kml", kml(picture, placemark(data, point(1, 2))))).geometry == Point(1, 2)


LINK = "<NetworkLink><Link><href>{}</href></Link></NetworkLink>"


def test_network_links_are_not_followed(tmp_path):
    other = tmp_path / "other.kml"
    other.write_text(kml(placemark(point(7, 8))))
    link = LINK.format(other.as_uri())
    refused("a.kml", kml(link), "only network links", "never followed")
    shape = only(read("a.kml", kml(link, placemark(point(1, 2)))))
    assert (shape.geometry, shape.notes) == (Point(1, 2), ("1 network link not followed",))


def test_a_kml_without_shapes_is_refused():
    refused("a.kml", kml(placemark(), folder("a"), placemark(multi())), "holds no shape")


def test_external_entities_are_refused_and_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("7,8 TOPSECRET")
    for dtd in (
        f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE kml SYSTEM "{secret.as_uri()}">',
        f'<!DOCTYPE kml [<!ENTITY % x SYSTEM "{secret.as_uri()}"> %x;]>',
    ):
        for encoding in ("utf-8", "utf-16"):
            content = (dtd + kml(placemark("<Point><coordinates>&x;</coordinates></Point>"))).encode(encoding)
            assert "TOPSECRET" not in refused("a.kml", content, "line 1", "DTD")


def test_a_billion_laughs_are_refused_at_once():
    entities = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(12))
    started = time.perf_counter()
    refused("a.kml", f'<!DOCTYPE kml [<!ENTITY l0 "ha">{entities}]>' + kml("<name>&l12;</name>"), "DTD")
    assert time.perf_counter() - started < 1


def test_nesting_without_end_is_refused():
    refused("a.kml", kml("<Folder>" * 10_000), "nest deeper")
    deep = "<MultiGeometry>" * 60 + point(1, 2) + "</MultiGeometry>" * 60
    refused("a.kml", kml(placemark(deep)), "nest deeper")


@pytest.mark.parametrize(
    "filler", ["1,2" + " " * 300_000 + "3,4", "1,2 3," + " " * 300_000 + "4", "1,2 3,4" + "\n" * 300_000]
)
def test_blanks_without_end_take_no_time(filler):
    started = time.perf_counter()
    assert only(read("a.kml", written(filler))).geometry == LineString([(1, 2), (3, 4)])
    assert time.perf_counter() - started < 2


# --- GDAL is never let near another format -----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [*boundary_files.SUFFIXES, "in a shapefile", "in a kmz"])
def test_a_virtual_file_of_gdal_that_names_a_real_one_is_refused(tmp_path, suffix):
    real = tmp_path / "real.geojson"
    real.write_text(json.dumps(geojson(Point(7, 8))))
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="real"><SrcDataSource>{real}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    if suffix == "in a shapefile":
        refused("a.zip", zipped({"a.shp": vrt.encode(), "a.shx": vrt.encode()}), "a.shp", "OGRVRTDataSource")
    elif suffix == "in a kmz":
        refused("a.kmz", zipped({"doc.kml": vrt.encode()}), "OGRVRTDataSource")
    else:
        refused("a" + suffix, vrt, "OGRVRTDataSource")


def test_a_virtual_table_of_gdal_is_not_run(tmp_path):
    """GDAL opens the file that such a table names."""
    real = tmp_path / "real.geojson"
    real.write_text(json.dumps(geojson(Point(7, 8))))
    content = geopackage(tmp_path, ok=frame(box(0, 0, 1, 1)))

    def planted(con):
        con.execute("pragma writable_schema = on")
        sql = f"CREATE VIRTUAL TABLE v USING VirtualOGR('{real}')"
        con.execute(
            "insert into sqlite_master(type, name, tbl_name, rootpage, sql) values('table', 'v', 'v', 0, ?)", [sql]
        )
        con.execute("insert into gpkg_contents(table_name, data_type, srs_id) values('v', 'features', 4326)")
        con.execute("insert into gpkg_geometry_columns values('v', 'GEOMETRY', 'POINT', 4326, 0, 0)")

    refused("a.gpkg", changed(tmp_path, content, planted), "'v'", "no table")


# --- GeoJSON ----------------------------------------------------------------------------------------------------


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


def test_every_geometry_of_geojson_is_kept_as_what_it_is():
    shapes = read("some area.geojson", geojson(*EVERY_GEOMETRY))
    assert [shape.feature for shape in shapes] == list(range(1, 9))
    assert {(s.layer, s.crs, s.crs_source, s.notes) for s in shapes} == {("some area", "EPSG:4326", "format", ())}
    for shape, expected in zip(shapes, EVERY_GEOMETRY, strict=True):
        assert shapely.equals_identical(shape.geometry, expected)


def test_a_feature_and_a_bare_geometry_are_geojson_too():
    collection = geojson(Point(1, 2), name="n")
    feature = collection["features"][0]
    for document, layer in ((collection, "n"), (feature, "a"), (feature["geometry"], "a")):
        shape = only(read("a.json", document))
        assert (shape.layer, shape.feature, shape.geometry) == (layer, 1, Point(1, 2))


def test_features_without_geometry_are_no_shapes_but_count():
    empty = {"type": "Polygon", "coordinates": []}
    assert only(read("a.geojson", geojson(None, empty, Point(1, 2)))).feature == 3
    refused("a.geojson", geojson(None, empty), "holds no shape")
    refused("a.geojson", geojson(), "holds no shape")


def test_geometries_in_properties_are_no_shapes():
    document = geojson(Point(1, 2))
    document["features"][0]["properties"]["fallback_disc"] = shapely.geometry.mapping(box(0, 0, 1, 1))
    assert only(read("a.geojson", document)).geometry == Point(1, 2)


def test_open_and_short_rings_of_geojson():
    document = geojson({"type": "MultiPolygon", "coordinates": [[SQUARE[:-1]], [[(5, 5), (6, 6), (5, 5)]]]})
    shape = only(read("a.geojson", document))
    assert shape.geometry == GeometryCollection([Polygon(SQUARE), LineString([(5, 5), (6, 6), (5, 5)])])
    assert shape.notes == ("1 ring was not closed", "1 ring has fewer than 3 points")


def test_numbers_beyond_the_height_are_left_out_and_told():
    shape = only(read("a.geojson", {"type": "Point", "coordinates": [1, 2, 3, 4]}))
    assert (shape.geometry, shape.notes) == (Point(1, 2, 3), ("1 position has more than 3 numbers: the first 3 kept",))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param({"type": "Topology", "objects": {}, "arcs": []}, "TopoJSON", id="topojson"),
        pytest.param({"geometryType": "esriGeometryPolygon", "features": []}, "Esri JSON", id="esri"),
        pytest.param({"rings": [SQUARE], "spatialReference": {"wkid": 4326}}, "Esri JSON", id="one esri shape"),
        pytest.param({"type": "Polygone"}, "'Polygone'", id="unknown type"),
        pytest.param({"a": 1}, "its type is None", id="any json"),
        pytest.param({"type": "FeatureCollection"}, "no list of features", id="no features"),
        pytest.param({"type": "FeatureCollection", "features": [1]}, "feature 1", id="a number for a feature"),
        pytest.param(geojson(Point(1, 2), {"type": "Circle", "coordinates": []}), "feature 2", id="unknown geometry"),
        pytest.param(geojson({"type": "Polygon"}), "feature 1", id="no coordinates"),
        pytest.param(geojson({"type": "Polygon", "coordinates": SQUARE}), "no position", id="too flat"),
        pytest.param(geojson({"type": "Point", "coordinates": [1]}), "[1] is no position", id="one number"),
        pytest.param(geojson({"type": "Point", "coordinates": ["1", "2"]}), "no position", id="text"),
        pytest.param(geojson({"type": "Point", "coordinates": [True, 2]}), "no position", id="true"),
        pytest.param(geojson({"type": "Point", "coordinates": [10**400, 2]}), "not all finite", id="large"),
        pytest.param(geojson({"type": "GeometryCollection", "geometries": [None]}), "feature 1", id="null in a collection"),
        pytest.param(geojson("POINT (1 2)"), "no JSON object", id="wkt"),
    ],
)  # fmt: skip
def test_json_that_is_no_geojson_is_refused_with_the_reason(document, said):
    refused("a.geojson", document, said)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_not_finite_are_refused(number):
    document = json.dumps(geojson(Point(1, 2))).replace('"properties": {', '"properties": {"a": NaN')
    refused("a.geojson", document, "NaN", "JSON does not allow")
    refused("a.geojson", f'{{"type": "Point", "coordinates": [1, {number}]}}')


@pytest.mark.parametrize("text", ['{"type": "Point",\n "coordinates": [1, 2', '{"type": "Point"}\n{"type": "Point"}'])
def test_broken_json_is_refused_with_its_line(text):
    refused("a.geojson", text, "line 2")


def test_json_nested_without_end_is_refused():
    refused("a.geojson", '{"type": "Polygon", "coordinates": ' + "[" * 200_000)
    deep = '{"type":"GeometryCollection","geometries":[' * 100 + '{"type":"Point","coordinates":[1,2]}' + "]}" * 100
    refused("a.geojson", deep, "nest deeper")


def test_rings_without_positions_have_a_limit_too():
    refused("a.geojson", {"type": "Polygon", "coordinates": [[]] * 11}, "vertices", limits=Limits(most_vertices=10))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_every_encoding_of_geojson(encoding):
    text = json.dumps(geojson(Point(1, 2), name="Peñón"), ensure_ascii=False)
    assert only(read("a.geojson", text.encode(encoding))).layer == "Peñón"


def named(name: str) -> dict:
    return {"type": "name", "properties": {"name": name}}


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("urn:ogc:def:crs:EPSG::4326", "EPSG:4326"),
        ("EPSG:32718", "EPSG:32718"),
        ("urn:ogc:def:crs:EPSG::32718", "EPSG:32718"),
        ("http://www.opengis.net/def/crs/EPSG/0/32718", "EPSG:32718"),
        ("ESRI:102033", "ESRI:102033"),
    ],
)
def test_a_named_crs_counts(name, crs):
    shape = only(read("a.geojson", geojson(Point(1, 2), crs=named(name))))
    assert (shape.crs, shape.crs_source) == (crs, "file")


def test_the_crs_of_a_feature_or_geometry_counts_before_the_files():
    document = geojson(Point(1, 2), Point(1, 2), Point(1, 2), crs=named("EPSG:32718"))
    document["features"][1]["crs"] = named("EPSG:32719")
    document["features"][2]["geometry"]["crs"] = named("EPSG:3857")
    assert [s.crs for s in read("a.geojson", document)] == ["EPSG:32718", "EPSG:32719", "EPSG:3857"]


def test_a_crs_of_null_is_none():
    shape = only(read("a.geojson", geojson(Point(1, 2), crs=None)))
    assert (shape.crs, shape.crs_source) == (None, None)


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        ({"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "proj4"}}, "never followed"),
        (named("EPSG:999999"), "unknown"),
        (named("+init=/etc/passwd:root"), "no name"),
        (named("+proj=longlat +nadgrids=/etc/passwd"), "no name"),
        (named("/etc/passwd"), "no name"),
        ({"type": "EPSG", "properties": {"code": 4326}}, "no name"),
        ("EPSG:4326", "no name"),
    ],
)
def test_any_other_crs_is_refused(crs, said):
    refused("a.geojson", geojson(Point(1, 2), crs=crs), said)


def test_members_of_a_collection_have_no_crs_of_their_own():
    member = {"type": "Point", "coordinates": [1, 2], "crs": named("EPSG:3857")}
    refused("a.geojson", geojson({"type": "GeometryCollection", "geometries": [member]}), "CRS of its own")


# --- GeoPackage -------------------------------------------------------------------------------------------------


def frame(*geometries, crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"n": range(len(geometries))}, geometry=list(geometries), crs=crs)


def geopackage(folder: Path, **layers: gpd.GeoDataFrame) -> bytes:
    file = folder / "made.gpkg"
    file.unlink(missing_ok=True)
    for layer, rows in layers.items():
        rows.to_file(file, layer=layer)
    return file.read_bytes()


def changed(folder: Path, content: bytes, change) -> bytes:
    file = folder / "changed.gpkg"
    file.write_bytes(content)
    with sqlite3.connect(file) as con:
        change(con)
    con.close()
    return file.read_bytes()


def blob(wkb: bytes, flags: int = 1, envelope: bytes = b"") -> bytes:
    return b"GP\0" + bytes([flags]) + struct.pack("<i", 4326) + envelope + wkb


def with_blob(folder: Path, content: object) -> bytes:
    made = geopackage(folder, a=frame(box(0, 0, 1, 1)))

    def change(con):
        for (trigger,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            con.execute(f'drop trigger "{trigger}"')
        con.execute("update a set geom = ?", [content])

    return changed(folder, made, change)


def test_every_layer_of_a_geopackage_with_its_own_crs(tmp_path):
    content = geopackage(
        tmp_path,
        one=frame(*EVERY_GEOMETRY, None, box(5, 5, 6, 6)),
        two=frame(box(3e5, 9e6, 4e5, 9.1e6), crs=32718),
        three=frame(box(0, 0, 1, 1), crs="ESRI:102033"),
        four=frame(box(0, 0, 1, 1), crs=None),
    )
    shapes = read("a.gpkg", content)
    assert {(s.layer, s.crs, s.crs_source) for s in shapes} == {
        ("one", "EPSG:4326", "file"),
        ("two", "EPSG:32718", "file"),
        ("three", "ESRI:102033", "file"),
        ("four", None, None),
    }
    one = [s for s in shapes if s.layer == "one"]
    assert [s.feature for s in one] == [1, 2, 3, 4, 5, 6, 7, 8, 10]
    for shape, expected in zip(one, [*EVERY_GEOMETRY, box(5, 5, 6, 6)], strict=True):
        assert shapely.equals_identical(shape.geometry, expected)
    assert only(read("a.gpkg", content, layer="two")).crs == "EPSG:32718"
    refused("a.gpkg", content, "'five'", "'four', 'one', 'three', 'two'", layer="five")


def test_a_geopackage_of_a_crs_of_its_own_gives_its_wkt(tmp_path):
    own = pyproj.CRS.from_proj4("+proj=aea +lat_1=-3 +lat_2=-11 +lon_0=-61 +datum=WGS84")
    shape = only(read("a.gpkg", geopackage(tmp_path, a=frame(box(0, 0, 1, 1), crs=own))))
    assert shape.crs.startswith("PROJCRS[")
    assert pyproj.CRS(shape.crs).equals(own, ignore_axis_order=True)


def test_a_geopackage_in_the_mode_of_a_write_ahead_log_is_read(tmp_path):
    content = geopackage(tmp_path, a=frame(box(0, 0, 1, 1)))
    assert read("a.gpkg", content[:18] + b"\2\2" + content[20:])


def test_a_geopackage_cut_short_or_damaged_is_refused(tmp_path):
    content = geopackage(tmp_path, a=frame(*[box(0, 0, 1, 1)] * 2000))
    for end in (16, 100, 4096, len(content) // 2, len(content) - 4096):
        refused("a.gpkg", content[:end])
    refused("a.gpkg", content[:4096] + b"\xff" * 4096 + content[8192:])


def test_a_database_that_is_no_geopackage_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as con:
        con.execute("create table a(geom)")
    con.close()
    refused("a.gpkg", (tmp_path / "a.db").read_bytes(), "SQLite database without gpkg_contents")


def test_a_view_is_refused(tmp_path):
    """Its SQL might never end."""
    content = geopackage(tmp_path, a=frame(box(0, 0, 1, 1)))

    def change(con):
        con.execute(
            "create view v as with recursive r(n) as (select 1 union all select n + 1 from r) select n as geom from r"
        )
        con.execute("insert into gpkg_contents(table_name, data_type, srs_id) values('v', 'features', 4326)")
        con.execute("insert into gpkg_geometry_columns values('v', 'geom', 'POINT', 4326, 0, 0)")

    refused("a.gpkg", changed(tmp_path, content, change), "'v'", "export it as a table")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("POINT (1 2)", "no GeoPackage geometry", id="text"),
        pytest.param(b"GP\0\1", "no GeoPackage geometry", id="no header"),
        pytest.param(shapely.to_wkb(Point(1, 2)), "no GeoPackage geometry", id="bare wkb"),
        pytest.param(blob(shapely.to_wkb(Point(1, 2))[:-1]), "cut short", id="cut short"),
        pytest.param(blob(shapely.to_wkb(Point(1, 2)), flags=0x21), "extension", id="extended"),
        pytest.param(blob(b"\7" + shapely.to_wkb(Point(1, 2))[1:]), "no WKB", id="byte order"),
        pytest.param(blob(struct.pack("<BII", 1, 8, 0)), "curve", id="circular string"),
        pytest.param(blob(struct.pack("<BII", 1, 2, 2**32 - 1)), "cut short", id="a line of 4 billion points"),
        pytest.param(blob(struct.pack("<BII", 1, 7, 1) * 300_000), "nest deeper", id="nested without end"),
        pytest.param(blob(shapely.to_wkb(LineString([(1, 2), (3, float("inf"))]))), "[3.0, inf]", id="infinite"),
        pytest.param(blob(shapely.to_wkb(LineString([(1, 2), (3, float("nan"))]))), "position 2", id="nan"),
    ],
)
def test_a_geometry_that_cannot_be_read_is_refused_with_its_place(tmp_path, content, said):
    refused("a.gpkg", with_blob(tmp_path, content), "layer 'a', feature 1", said)


@pytest.mark.parametrize("srs", [0, -1])
def test_a_layer_of_an_undefined_crs_has_none(tmp_path, srs):
    def change(con):
        con.execute("update gpkg_geometry_columns set srs_id = ?", [srs])

    content = changed(tmp_path, geopackage(tmp_path, a=frame(box(0, 0, 1, 1))), change)
    assert only(read("a.gpkg", content)).crs is None


@pytest.mark.parametrize(
    ("column", "said"), [("load_extension('x')", "prohibited"), ("zeroblob(1000000000)", "too big")]
)
def test_a_computed_column_can_do_no_harm(tmp_path, column, said):
    content = geopackage(tmp_path, a=frame(box(0, 0, 1, 1)))

    def change(con):
        con.execute("pragma writable_schema = on")
        con.execute("create table bad(n, geom generated always as (abs(n)) virtual)")
        con.execute("insert into bad(n) values (1)")
        con.execute("update sqlite_master set sql = replace(sql, 'abs(n)', ?) where name = 'bad'", [column])
        con.execute("insert into gpkg_contents(table_name, data_type, srs_id) values('bad', 'features', 4326)")
        con.execute("insert into gpkg_geometry_columns values('bad', 'geom', 'POINT', 4326, 0, 0)")

    refused("a.gpkg", changed(tmp_path, content, change), said)


def test_open_rings_measures_envelopes_and_byte_orders_of_a_geopackage(tmp_path):
    ring = np.array([(*p, 7) for p in SQUARE[:-1]], dtype=">f8")
    open_ring = struct.pack(">BIII", 0, 2003, 1, 4) + ring.tobytes()  # PolygonM
    shape = only(read("a.gpkg", with_blob(tmp_path, blob(open_ring, 1 | 1 << 1, bytes(32)))))
    assert shape.geometry == Polygon(SQUARE)
    assert shape.notes == ("1 ring was not closed", "1 geometry has measures (M): left out")
    for flavor in ("iso", "extended"):
        made = shapely.set_srid(Point(1, 2, 3), 4326)
        wkb = shapely.to_wkb(made, flavor=flavor, include_srid=flavor == "extended")
        assert only(read("a.gpkg", with_blob(tmp_path, blob(wkb)))).geometry == Point(1, 2, 3)
    refused("a.gpkg", with_blob(tmp_path, blob(shapely.to_wkb(Point()))), "holds no shape")


# --- archives ---------------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes] | list, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return file.getvalue()


KML = kml(placemark(point(1, 2))).encode()


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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../up.kml", "out of the archive"),
        ("a/../../up.kml", "out of the archive"),
        ("..", "out of the archive"),
        ("/etc/up.kml", "out of the archive"),
        ("C:/up.kml", "out of the archive"),
        ("a\\up.kml", "out of the archive"),
        ("inner.zip", "archive within the archive"),
        ("__MACOSX/../../up", "out of the archive"),
        ("inner.KMZ", "archive within the archive"),
    ],
)
def test_members_with_unsafe_names_are_refused_by_name(name, said):
    for suffix in (".zip", ".kmz"):
        refused("a" + suffix, zipped({"doc.kml": KML, name: b"x"}), repr(name), said)


def test_a_name_with_a_zero_byte_is_refused():
    content = zipped({"doc.kml": KML, "a_kml": b"x"}).replace(b"a_kml", b"a\0kml")
    refused("a.zip", content, "out of the archive")


@pytest.mark.parametrize(("kind", "said"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "device")])
def test_members_that_are_no_files_are_refused(kind, said):
    info = zipfile.ZipInfo("doc.kml")
    info.external_attr = (kind | 0o777) << 16
    for suffix in (".zip", ".kmz"):
        refused("a" + suffix, zipped([(info, b"/etc/passwd")]), "'doc.kml'", said)


def test_encrypted_members_are_refused():
    content = bytearray(zipped({"doc.kml": KML}))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    refused("a.zip", bytes(content), "'doc.kml'", "is encrypted: pack the archive again")


def test_uncommon_compression_is_refused():
    refused("a.zip", zipped({"doc.kml": KML}, zipfile.ZIP_BZIP2), "'doc.kml'", "uncommon")


def test_a_name_given_twice_is_refused():
    with pytest.warns(UserWarning):
        content = zipped([("doc.kml", KML), ("doc.kml", KML)])
    refused("a.kmz", content, "'doc.kml'", "twice")


def test_too_many_members_are_refused():
    content = zipped({"doc.kml": KML} | {f"{i}.png": b"" for i in range(10)})
    assert read("a.kmz", content, Limits(most_members=11))
    refused("a.kmz", content, "11 members", "10 allowed", limits=Limits(most_members=10))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped({"doc.kml": bytes(100_000_000)})
    started = time.perf_counter()
    refused("a.zip", bomb, "'doc.kml'", "500 times")
    refused(
        "a.zip", bomb, "100,000,000 bytes", "1,000 allowed", limits=Limits(most_ratio=2000, most_unpacked_bytes=1000)
    )
    assert time.perf_counter() - started < 1


def test_many_members_that_are_large_only_together_are_refused():
    members = {f"{i}.txt": b"x" * 600 for i in range(5)}
    refused("a.zip", zipped(members, 0), "3,000 bytes", "2,999 allowed", limits=Limits(most_unpacked_bytes=2999))


def lying(content: bytes, size: int) -> bytes:
    """The archive, saying that its first member unpacks to this size."""
    changed = bytearray(content)
    struct.pack_into("<I", changed, 22, size)
    struct.pack_into("<I", changed, changed.index(b"PK\1\2") + 24, size)
    return bytes(changed)


def test_an_archive_that_lies_about_sizes_is_refused():
    large = kml(placemark(point(1, 2)), "<!-- " + "x" * 2000 + " -->").encode()
    for size in (100, len(large) + 1000):
        refused("a.kmz", lying(zipped({"doc.kml": large}), size), "doc.kml")
    refused("a.kmz", lying(zipped({"doc.kml": large}), 2**32 - 2), "doc.kml", limits=Limits(most_unpacked_bytes=2**33))


def test_what_is_unpacked_is_counted():
    """Each file that is read is held to the limit of a file."""
    content = zipped({"doc.kml": kml(placemark(point(1, 2)), "<!-- " + "x" * 2000 + " -->")})
    assert read("a.kmz", content, Limits(most_bytes=3000))
    refused("a.kmz", content, "'doc.kml'", "1,000 allowed", limits=Limits(most_bytes=1000))


def test_a_bomb_that_says_it_is_small_takes_no_memory():
    bomb = lying(zipped({"doc.kml": bytes(100_000_000)}), 1000)
    tracemalloc.start()
    refused("a.kmz", bomb, "'doc.kml'")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_damaged_archive_is_refused():
    content = zipped({"doc.kml": KML * 20})
    for broken in (
        content[:-30],
        content[: len(content) // 2],
        content[:60] + bytes(20) + content[80:],
        b"PK\3\4 and more",
    ):
        refused("a.kmz", broken, "download")


# --- KMZ --------------------------------------------------------------------------------------------------------


def test_a_kmz_is_its_doc_kml():
    other = kml(placemark(point(7, 8))).encode()
    members = {"images/a.png": b"\x89PNG", "files/deep.kml": other, "a.kml": other, "doc.kml": KML}
    shape = only(read("area.kmz", zipped(members)))
    assert (shape.layer, shape.geometry, shape.crs, shape.crs_source) == ("area", Point(1, 2), "EPSG:4326", "format")
    assert shape.notes == ("2 other KML files in the KMZ not read",)


def test_a_kmz_without_doc_kml_is_its_first_kml():
    assert only(read("a.kmz", zipped({"b.kml": KML, "a.kml": b"<kml/>"}))).geometry == Point(1, 2)


def test_a_kmz_without_a_kml_at_the_top_is_refused():
    refused("a.kmz", zipped({"files/doc.kml": KML, "a.png": b""}), "no .kml file")


# --- shapefiles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "deep/in a folder/"])
def test_a_zipped_shapefile(tmp_path, prefix):
    parts = shapefile_parts(tmp_path, area=frame(Polygon(SQUARE, [HOLE]), box(9, 9, 10, 10), crs=32718))
    junk = {"__MACOSX/._area.shp": b"junk", "__MACOSX/area.shp": b"junk", ".DS_Store": b"", "read me.txt": b"x"}
    shapes = read("a.zip", zipped({prefix + name: content for name, content in parts.items()} | junk))
    assert [(s.layer, s.feature, s.crs, s.crs_source) for s in shapes] == [
        ("area", 1, "EPSG:32718", "file"),
        ("area", 2, "EPSG:32718", "file"),
    ]
    assert shapes[0].geometry.equals(Polygon(SQUARE, [HOLE]))
    assert shapes[1].geometry.equals(box(9, 9, 10, 10))


@pytest.mark.parametrize(
    "geometry",
    [
        Point(1, 2),
        Point(1, 2, 3),
        MultiPoint([(1, 2), (3, 4)]),
        LineString([(1, 2), (3, 4)]),
        MultiLineString([[(1, 2), (3, 4)], [(5, 6), (7, 8)]]),
        LineString([(1, 2, 3), (3, 4, 5)]),
        MultiPolygon([Polygon(SQUARE, [HOLE]), box(9, 9, 10, 10)]),
        shapely.force_3d(box(0, 0, 1, 1), 7),
    ],
    ids=lambda geometry: geometry.wkt[:14],
)
def test_every_type_of_shapefile(tmp_path, geometry):
    found = only(read("a.zip", shapefile(tmp_path, a=frame(geometry)))).geometry
    assert shapely.normalize(found).wkt == shapely.normalize(geometry).wkt


def test_several_shapefiles_are_several_layers(tmp_path):
    parts = shapefile_parts(tmp_path, one=frame(box(0, 0, 1, 1)), two=frame(Point(1, 2)))
    assert [(s.layer, s.geometry.geom_type) for s in read("a.zip", zipped(parts))] == [
        ("one", "Polygon"),
        ("two", "Point"),
    ]
    same = {f"{name[:3]}/area{name[3:]}": content for name, content in parts.items()}
    assert [s.layer for s in read("a.zip", zipped(same))] == ["one/area", "two/area"]
    assert only(read("a.zip", zipped(same), layer="two/area")).geometry == Point(1, 2)


def test_suffixes_in_capitals_belong_together(tmp_path):
    parts = shapefile_parts(tmp_path, area=frame(box(0, 0, 1, 1)))
    assert only(read("a.zip", zipped({name.upper(): content for name, content in parts.items()}))).crs == "EPSG:4326"


def test_a_shapefile_needs_no_table_and_no_crs(tmp_path):
    parts = shapefile_parts(tmp_path, a=frame(box(0, 0, 1, 1)))
    shape = only(read("a.zip", zipped({"a.shp": parts["a.shp"], "a.shx": parts["a.shx"]})))
    assert (shape.geometry.area, shape.crs, shape.crs_source) == (1, None, None)
    assert only(read("a.zip", zipped(parts | {"a.prj": b"", "a.dbf": b"x"}))).crs is None
    refused("a.zip", zipped(parts | {"a.prj": b"EPSG:4326"}), "a.prj", "no CRS in WKT")


def test_a_shapefile_without_its_index_is_refused(tmp_path):
    parts = shapefile_parts(tmp_path, a=frame(box(0, 0, 1, 1)))
    del parts["a.shx"]
    refused("a.zip", zipped(parts), "a.shx is missing")


def test_a_shapefile_cut_short_or_not_matching_is_refused(tmp_path):
    parts = shapefile_parts(tmp_path, a=frame(box(0, 0, 1, 1), box(2, 2, 3, 3)))
    shp, shx = parts["a.shp"], parts["a.shx"]
    refused("a.zip", zipped({"a.shp": shp[:-8], "a.shx": shx}), "a.shp is cut short")
    refused("a.zip", zipped({"a.shp": shp, "a.shx": shx[:-8]}), "a.shx is cut short")
    refused("a.zip", zipped({"a.shp": shp, "a.shx": b""}), "a.shx", "empty")
    fewer = shx[:24] + struct.pack(">i", 54) + shx[28:-8]
    refused("a.zip", zipped({"a.shp": shp, "a.shx": fewer}), "2 records", ".shx")
    moved = shx[:100] + shx[108:] + shx[100:108]
    refused("a.zip", zipped({"a.shp": shp, "a.shx": moved}), ".shx")
    for place in (108, 144, 148):  # the type of a record, and how many parts and points it has
        broken = shp[:place] + b"\xff\xff\xff\x7f" + shp[place + 4 :]
        refused("a.zip", zipped({"a.shp": broken, "a.shx": shx}), "a.shp")


def made_shp(*records: list[list[tuple]], kind: int = 5) -> bytes:
    """A zip of a shapefile with these rings, whatever they are."""
    body, index, at = b"", b"", 50
    for number, rings in enumerate(records, 1):
        points = [point for ring in rings for point in ring]
        starts = np.cumsum([0] + [len(ring) for ring in rings])[:-1]
        record = struct.pack("<i4d2i", kind, 0, 0, 9, 9, len(rings), len(points))
        record += struct.pack(f"<{len(rings)}i", *starts) + b"".join(struct.pack("<2d", *point) for point in points)
        if kind == 25:
            record += struct.pack(f"<{2 + len(points)}d", *[7] * (2 + len(points)))
        body += struct.pack(">2i", number, len(record) // 2) + record
        index += struct.pack(">2i", at, len(record) // 2)
        at += 4 + len(record) // 2

    def headed(content: bytes) -> bytes:
        head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50 + len(content) // 2)
        return head + struct.pack("<2i8d", 1000, kind, 0, 0, 9, 9, 0, 0, 0, 0) + content

    return zipped({"a.shp": headed(body), "a.shx": headed(index)})


CLOCKWISE, HOLE_LEFT = SQUARE[::-1], HOLE  # as shapefiles write them


def test_open_rings_of_a_shapefile_are_closed_and_told():
    shape = only(read("a.zip", made_shp([CLOCKWISE[:-1], HOLE_LEFT[:-1]])))
    assert shape.geometry.equals(Polygon(SQUARE, [HOLE]))
    assert shape.notes == ("2 rings were not closed",)


def test_a_ring_of_a_shapefile_that_is_none_is_kept_as_a_line():
    shape = only(read("a.zip", made_shp([CLOCKWISE, [(1, 1), (2, 2), (1, 1)]])))
    assert {part.geom_type for part in shape.geometry.geoms} == {"Polygon", "LineString"}
    assert shape.notes == ("1 ring has fewer than 3 points",)


def test_points_that_gdal_would_drop_are_not_lost():
    refused("a.zip", made_shp([CLOCKWISE, HOLE_LEFT], [[(1, float("nan")), (1, 2), (3, 4), (1, 1)]]), "record 2")
    for odd in ([CLOCKWISE, [(1, 1)]], [CLOCKWISE, []], [[(1, 1)]]):
        try:
            shape = only(read("a.zip", made_shp(odd)))
        except UnreadableFile:
            continue
        assert shapely.get_num_coordinates(shape.geometry) >= sum(map(len, odd))


def test_measures_of_a_shapefile_are_left_out_and_told():
    shape = only(read("a.zip", made_shp([CLOCKWISE], kind=25)))
    assert shape.geometry.equals(Polygon(SQUARE))
    assert shape.notes == ("1 geometry has measures (M): left out",)


def test_other_types_of_shapefile_are_refused():
    for kind in (31, 0, 7, -5):
        refused("a.zip", made_shp([CLOCKWISE], kind=kind), f"type {kind}")


def test_records_marked_as_deleted_are_no_shapes_but_count(tmp_path):
    parts = shapefile_parts(tmp_path, a=frame(box(0, 0, 1, 1), None, Point(1, 2).buffer(1), box(5, 5, 6, 6)))
    header, width = struct.unpack_from("<HH", parts["a.dbf"], 8)
    table = bytearray(parts["a.dbf"])
    table[header + 2 * width] = ord("*")
    assert [s.feature for s in read("a.zip", zipped(parts | {"a.dbf": bytes(table)}))] == [1, 4]


def test_a_zip_of_one_other_boundary_file_is_read(tmp_path):
    files = {
        "in/area.kml": KML,
        "area.geojson": json.dumps(geojson(Point(1, 2))).encode(),
        "area.json": json.dumps(geojson(Point(1, 2))).encode(),
        "area.gpkg": geopackage(tmp_path, area=frame(Point(1, 2))),
    }
    for name, content in files.items():
        shape = only(read("z.zip", zipped({name: content, "notes.txt": b"x"})))
        assert (shape.layer, shape.geometry) == ("area", Point(1, 2))
    refused("z.zip", zipped(files), "several boundary files", "in/area.kml")
    both = shapefile_parts(tmp_path, a=frame(Point(1, 2))) | {"a.kml": KML}
    refused("z.zip", zipped(both), "several boundary files", "a.shp", "a.kml")
    refused("z.zip", zipped({"notes.txt": b"x"}), "holds no boundary file", "notes.txt")


def test_nothing_is_written_and_the_same_bytes_give_the_same_shapes(tmp_path, monkeypatch):
    parts = shapefile(tmp_path, a=frame(box(0, 0, 1, 1)), b=frame(Point(1, 2)))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("TMPDIR", str(work))
    assert read("a.zip", parts) == read("a.zip", parts)
    assert not list(work.iterdir())


# --- packing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def packable(tmp_path):
    shapefile_parts(tmp_path, area=frame(box(0, 0, 1, 1), crs=32718))
    return tmp_path / "shapefiles"


def test_a_folder_packs_to_a_zip_that_reads(packable):
    (packable / "notes.txt").write_text("x")
    (packable / "other.dbf").write_text("x")
    (packable / "area.shp.xml").write_text("x")
    packed = boundary_files.pack(packable)
    assert only(read("a.zip", packed)).crs == "EPSG:32718"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["area.cpg", "area.dbf", "area.prj", "area.shp", "area.shx"]


def test_packed_bytes_depend_on_names_and_contents_only(packable, tmp_path):
    packed = boundary_files.pack(packable)
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in sorted(packable.iterdir(), reverse=True):
        (copy / path.name).write_bytes(path.read_bytes())
        (copy / path.name).chmod(0o600)
    assert boundary_files.pack(copy) == packed
    (copy / "area.prj").write_bytes(b"")
    assert boundary_files.pack(copy) != packed


def test_folders_that_hold_no_single_shapefile_are_refused(packable, tmp_path):
    def refused(folder, said):
        with pytest.raises(UnreadableFile, match=said):
            boundary_files.pack(folder)

    refused(tmp_path / "none", "no folder")
    refused(packable / "area.shp", "no folder")
    (packable / "second.shp").write_bytes(b"")
    refused(packable, "exactly one .shp file; found area.shp, second.shp")
    (packable / "second.shp").unlink()
    (packable / "area.shx").unlink()
    refused(packable, "area.shx is missing")
    (packable / "area.shp").unlink()
    refused(packable, "found none")


def test_symbolic_links_are_not_packed(packable, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    link = tmp_path / "link"
    link.symlink_to(packable)
    with pytest.raises(UnreadableFile, match="link is a symbolic link"):
        boundary_files.pack(link)
    (packable / "area.cpg").unlink()
    (packable / "area.cpg").symlink_to(secret)
    with pytest.raises(UnreadableFile, match=r"area\.cpg is a symbolic link"):
        boundary_files.pack(packable)


# --- round trips ------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-180, 180, allow_nan=False)


@st.composite
def rings(draw, width: int):
    points = draw(st.lists(st.tuples(*[NUMBERS] * width), min_size=3, max_size=6, unique_by=lambda p: p[:2]))
    return [*points, points[0]]


@st.composite
def polygons(draw):
    width = draw(st.sampled_from([2, 3]))
    return draw(st.lists(rings(width), min_size=1, max_size=3))


@settings(max_examples=150, deadline=None)
@given(st.lists(polygons(), min_size=1, max_size=4))
def test_polygons_come_out_of_kml_and_geojson_as_written(made):
    expected = [Polygon(outer, holes) for outer, *holes in made]
    as_kml = read("a.kml", kml(*[placemark(polygon(*rings)) for rings in made]))
    as_multi = read("a.kml", kml(placemark(multi(*[polygon(*rings, together=True) for rings in made]))))
    as_json = read("a.geojson", geojson(*[{"type": "Polygon", "coordinates": rings} for rings in made]))
    for found in ([s.geometry for s in as_kml], [s.geometry for s in as_json], only(as_multi).geometry.geoms):
        assert len(found) == len(expected)
        for geometry, wanted in zip(found, expected, strict=True):
            assert shapely.get_coordinates(geometry, include_z=True).tobytes() == (
                shapely.get_coordinates(wanted, include_z=True).tobytes()
            )
            assert len(geometry.interiors) == len(wanted.interiors)
    assert not any(s.notes for s in (*as_kml, *as_multi, *as_json))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from(["a.kml", "a.geojson", "a.kmz"]))
def test_damaged_bytes_are_read_or_refused_and_nothing_else(noise, place, name):
    whole = {
        "a.kml": KML,
        "a.geojson": json.dumps(geojson(box(0, 0, 1, 1))).encode(),
        "a.kmz": zipped({"doc.kml": KML}),
    }[name]
    try:
        read(name, whole[:place] + noise + whole[place + len(noise) :])
    except UnreadableFile as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=1, max_size=20), st.floats(0, 1), st.sampled_from(["gpkg", "shp", "shx", "dbf", "prj"]))
def test_a_damaged_geopackage_or_shapefile_is_read_or_refused_and_nothing_else(noise, where, which):
    parts = dict(damageable())
    place = int(where * len(parts["a." + which]))
    parts["a." + which] = parts["a." + which][:place] + noise + parts["a." + which][place + len(noise) :]
    try:
        if which == "gpkg":
            read("a.gpkg", parts["a.gpkg"])
        else:
            read("a.zip", zipped({name: content for name, content in parts.items() if name != "a.gpkg"}))
    except UnreadableFile as error:
        assert str(error)


@cache
def damageable() -> dict[str, bytes]:
    rows = frame(Polygon(SQUARE, [HOLE]), box(9, 9, 10, 10), crs=32718)
    with tempfile.TemporaryDirectory() as folder:
        return shapefile_parts(Path(folder), a=rows) | {"a.gpkg": geopackage(Path(folder), a=rows)}


# --- real boundaries --------------------------------------------------------------------------------------------

needs_boundaries = pytest.mark.skipif(not BOUNDARIES.is_dir(), reason="no real boundaries beside this checkout")


@needs_boundaries
@pytest.mark.parametrize(
    ("name", "shapes", "parts", "holes", "vertices"),
    [
        ("Cikel_VCS832_RC_complex_gcs.kml", 6, 6, 0, 1640),
        ("adpml.kml", 15, 15, 0, 7094),
        ("jari.kml", 1, 1, 2, 1109),
        ("manoa.kml", 1, 98, 45, 25517),
        ("purus.kml", 2, 2, 0, 354),
        ("rmdlt.kml", 17, 17, 0, 6754),
        ("russas.kml", 1, 1, 0, 554),
        ("VCS1566.geojson", 1, 1, 0, 253),
    ],
)
def test_real_boundaries_come_out_whole(name, shapes, parts, holes, vertices):
    content = (BOUNDARIES / name).read_bytes()
    found = read(name, content)
    polygons = [part for shape in found for part in shapely.get_parts(shape.geometry)]
    assert {part.geom_type for part in polygons} == {"Polygon"}
    assert len(found) == shapes
    assert (len(polygons), sum(len(part.interiors) for part in polygons)) == (parts, holes)
    assert sum(shapely.get_num_coordinates(part) for part in polygons) == vertices
    assert {(s.crs, s.crs_source, s.notes) for s in found} == {("EPSG:4326", "format", ())}
    if name.endswith(".kml"):
        assert content.count(b"<LinearRing") == parts + holes


@needs_boundaries
def test_a_real_multigeometry_is_one_multipolygon():
    assert only(read("jari.kml", (BOUNDARIES / "jari.kml").read_bytes())).geometry.geom_type == "MultiPolygon"


@needs_boundaries
def test_the_real_shapefile_in_a_projected_crs():
    shape = only(read("a.zip", boundary_files.pack(BOUNDARIES / "colombia_vcs1566")))
    assert (shape.layer, shape.feature, shape.geometry.geom_type) == ("Colombia_polygons", 1, "Polygon")
    assert (shape.crs, shape.crs_source) == ("ESRI:102033", "file")
