"""`boundary_files.read` of any format: every shape of a file comes out as written, and no file can do harm or lose one unsaid."""

import json
import tempfile
from functools import cache
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from shapely import Point, Polygon, box

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo import files as boundary_files
from carbon_assets.geo.files import Limits, Shape
from tests.kit.boundary_formats import (
    HOLE,
    KML,
    SQUARE,
    folder,
    frame,
    geojson,
    geopackage,
    kml,
    multi,
    only,
    placemark,
    point,
    polygon,
    read,
    refused,
    shapefile,
    shapefile_parts,
    zipped,
)
from tests.kit.places import REAL_DATA

BOUNDARIES = REAL_DATA / "boundaries"


# --- the names and sizes of files ---------------------------------------------------------------------------------


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
    refused("a.kml", content, "100 allowed", limits=Limits(max_bytes=100))


def test_limits_are_above_zero_and_known_by_name():
    for wrong in ({"max_bytes": 0}, {"most_shape": 1}):
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
        assert read(name, content, Limits(max_vertices=5))
        refused(name, content, "vertices", "4 allowed", limits=Limits(max_vertices=4))


def test_more_shapes_than_allowed_are_refused(tmp_path):
    shapes = [box(0, 0, 1, 1), box(2, 2, 3, 3)]
    files = {
        "a.kml": kml(*[placemark(polygon(SQUARE))] * 2),
        "a.geojson": geojson(*shapes),
        "a.gpkg": geopackage(tmp_path, a=frame(*shapes)),
        "a.zip": shapefile(tmp_path, a=frame(*shapes)),
    }
    for name, content in files.items():
        assert len(read(name, content, Limits(max_shapes=2))) == 2
        refused(name, content, "shapes", "1 allowed", limits=Limits(max_shapes=1))


def test_one_layer_can_be_asked_for():
    content = kml(folder("one", placemark(polygon(SQUARE))), folder("two", placemark(point(1, 2))))
    assert only(read("a.kml", content, layer="two")).geometry == Point(1, 2)
    refused("a.kml", content, "'three'", "'one'", "'two'", layer="three")


# --- GDAL is never let near another format ------------------------------------------------------------------------


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


# --- round trips --------------------------------------------------------------------------------------------------

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


# --- real boundaries ----------------------------------------------------------------------------------------------

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


@needs_boundaries
def test_areas_that_real_files_state():
    def stated(shape: Shape) -> dict[str, str]:
        return dict(shape.attributes)

    manoa = only(read("manoa.kml", (BOUNDARIES / "manoa.kml").read_bytes()))
    assert float(stated(manoa)["area_ha"]) == 72843.0
    purus = read("purus.kml", (BOUNDARIES / "purus.kml").read_bytes())
    assert [stated(shape)["Hectares"] for shape in purus] == ["18144.540243", "17652.512345"]
    mataven = stated(only(read("VCS1566.geojson", (BOUNDARIES / "VCS1566.geojson").read_bytes())))
    assert mataven["area_ha"] == "1150000"
    assert "fallback_disc" not in mataven
    colombia = only(read("a.zip", boundary_files.pack(BOUNDARIES / "colombia_vcs1566")))
    assert stated(colombia)["polygon_ha"] == "1758035.4790819825"
    assert colombia.notes == ()
