"""GeoJSON: every geometry and CRS comes out as written, and JSON that is none is refused with the reason."""

import json

import pytest
import shapely
from shapely import GeometryCollection, LineString, Point, Polygon, box

from carbon_assets.geo.files import Limits
from tests.kit.boundary_formats import EVERY_GEOMETRY, SQUARE, geojson, only, read, refused


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


def attributes_of(properties: object) -> tuple[tuple[str, str], ...]:
    document = geojson(Point(1, 2))
    document["features"][0]["properties"] = properties
    shape = only(read("a.geojson", document))
    assert only(read("a.geojson", document["features"][0])).attributes == shape.attributes
    return shape.attributes


def test_attributes_of_geojson_in_the_order_of_the_file():
    given = {
        "b": "Peñón ",
        "area_ha": 1150000,
        "a": 0.1,
        "exact": 2**70,
        "small": 1e-300,
        "yes": True,
        "no": False,
        "z": 0,
    }
    assert attributes_of(given) == (
        ("b", "Peñón "),
        ("area_ha", "1150000"),
        ("a", "0.1"),
        ("exact", "1180591620717411303424"),
        ("small", "1e-300"),
        ("yes", "true"),
        ("no", "false"),
        ("z", "0"),
    )


def test_blank_and_nested_properties_are_no_attributes():
    disc = shapely.geometry.mapping(box(0, 0, 1, 1))
    assert attributes_of({"a": None, "b": "", "c": " ", "fallback_disc": disc, "d": [1], "e": 1}) == (("e", "1"),)
    for none in (None, [], "x", {}):
        assert attributes_of(none) == ()


def test_attributes_of_geojson_are_texts_that_a_file_can_hold():
    given = '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"\\udc00": "a\\ud800", "b": 1e999}}'
    assert only(read("a.geojson", given)).attributes == (("?", "a?"),)


def test_attributes_have_a_limit_in_length_and_number():
    found = attributes_of(
        {"n" * 301: "x" * 301} | {f"none {i}": None for i in range(300)} | {str(i): i for i in range(300)}
    )
    assert found == (("n" * 300, "x" * 300), *((str(i), str(i)) for i in range(199)))


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
    refused("a.geojson", {"type": "Polygon", "coordinates": [[]] * 11}, "vertices", limits=Limits(max_vertices=10))


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
