"""KML: every geometry comes out as what it is, and what would be lost, followed or without end is refused with its line."""

import time

import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon

from carbon_assets.geo.files import Shape
from tests.kit.boundary_formats import (
    HOLE,
    HOLE_2,
    SQUARE,
    coordinates,
    datum,
    extended,
    folder,
    kml,
    line,
    multi,
    only,
    placemark,
    point,
    polygon,
    read,
    refused,
    schema_data,
)


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


@pytest.mark.parametrize(
    "encoding",
    [
        "unicode_escape",
        "raw_unicode_escape",
        "utf-7",
        "hex",
        "zlib",
        "punycode",
        "idna",
        "utf-32",
        "cp037",
        "macintosh",
    ],
)
def test_an_encoding_that_no_kml_should_have_is_refused(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    refused("a.kml", declared + kml(placemark(point(1, 2))), encoding, "unknown", "save it as UTF-8")


@pytest.mark.parametrize(
    "encoding",
    ["utf8", "UTF_8", "US-ASCII", "ascii", "ISO-8859-15", "iso8859-2", "latin1", "l1", "cp1252", "Windows-1250"],
)
def test_usual_names_of_encodings_are_known(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    assert only(read("a.kml", declared + kml(placemark(point(1, 2))))).geometry == Point(1, 2)


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


def attributes_of(*inner: str) -> tuple[tuple[str, str], ...]:
    return only(read("a.kml", kml(placemark(*inner, point(1, 2))))).attributes


def test_attributes_of_kml_in_the_order_of_the_file():
    given = schema_data(("area_ha", "72843"), ("name", "Peñón &amp; <![CDATA[<b>]]>"), ("area_ha", "7.20"))
    found = attributes_of(extended(datum("first", "\n 1 "), given, datum("last", "x")))
    assert found == (("first", "1"), ("area_ha", "72843"), ("name", "Peñón & <b>"), ("area_ha", "7.20"), ("last", "x"))


def test_attributes_stay_with_their_placemark():
    content = kml(
        placemark(extended(datum("n", "none")), ""),
        placemark(extended(datum("n", "2")), point(2, 0)),
        placemark(point(3, 0)),
        placemark(point(4, 0), extended(datum("n", "4"))),
    )
    assert [s.attributes for s in read("a.kml", content)] == [(("n", "2"),), (), (("n", "4"),)]


def test_blank_attributes_are_left_out():
    assert attributes_of(extended(datum("a", " \n"), '<Data name="b"/>', schema_data(("c", ""), ("d", "0")))) == (
        ("d", "0"),
    )


def test_foreign_data_is_no_attribute():
    values = '<SimpleArrayData name="a"><value>1</value></SimpleArrayData>'
    deep = f'<g:x>{datum("a", "1")}</g:x><Data name="b"><g:x><value>1</value></g:x><value>2<g:y>3</g:y></value></Data>'
    style = f"<Style>{extended(datum('c', '1'))}</Style>"
    whole = kml(
        extended(datum("d", "1")), placemark(extended(f"<SchemaData>{values}</SchemaData>", deep), style, point(1, 2))
    )
    assert only(read("a.kml", whole)).attributes == (("b", "2"),)


def test_attributes_have_a_limit_in_length_and_number():
    given = schema_data(("n" * 301, "é" * 301), *((str(i), "x") for i in range(300)))
    found = attributes_of(extended(given))
    assert found == (("n" * 300, "é" * 300), *((str(i), "x") for i in range(199)))


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
