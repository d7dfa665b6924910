"""Shapefiles: no record is lost unsaid, and a folder packs to bytes that depend on names and contents only."""

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo import files
from carbon_assets.geo.files import Limits, Shape
from tests.kit.boundary_formats import (
    HOLE,
    SQUARE,
    dbf,
    frame,
    only,
    read,
    refused,
    shapefile,
    shapefile_parts,
    zipped,
)


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


def made_shp(*records: list[list[tuple]], kind: int = 5, measures: Sequence[float] = ()) -> bytes:
    """A zip of a shapefile with these rings, whatever they are."""
    body, index, at = b"", b"", 50
    for number, rings in enumerate(records, 1):
        points = [point for ring in rings for point in ring]
        starts = np.cumsum([0] + [len(ring) for ring in rings])[:-1]
        record = struct.pack("<i4d2i", kind, 0, 0, 9, 9, len(rings), len(points))
        record += struct.pack(f"<{len(rings)}i", *starts) + b"".join(struct.pack("<2d", *point) for point in points)
        if kind > 10:
            record += struct.pack(f"<{2 + len(points)}d", *[7] * (2 + len(points)))
        if measures:
            record += struct.pack(f"<{2 + len(points)}d", min(measures), max(measures), *measures)
        body += struct.pack(">2i", number, len(record) // 2) + record
        index += struct.pack(">2i", at, len(record) // 2)
        at += 4 + len(record) // 2

    def headed(content: bytes) -> bytes:
        head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50 + len(content) // 2)
        return head + struct.pack("<2i8d", 1000, kind, 0, 0, 9, 9, 0, 0, 0, 0) + content

    table = {"a.dbf": dbf([("n", "N", 2)], *[(b"1",)] * len(records))}
    return zipped({"a.shp": headed(body), "a.shx": headed(index)} | table)


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


@pytest.mark.parametrize(
    ("measures", "told"), [([], False), ([-1e39] * 5, False), ([-1e39] * 4 + [0.0], True), ([7.0] * 5, True)]
)
def test_measures_beside_heights_are_told(measures, told):
    shape = only(read("a.zip", made_shp([CLOCKWISE], kind=15, measures=measures)))
    assert shapely.equals_identical(shape.geometry, shapely.force_3d(Polygon(CLOCKWISE), 7))
    assert shape.notes == (("1 geometry has measures (M): left out",) if told else ())


def with_table(folder: Path, table: bytes | None, cpg: bytes | None = None) -> tuple[Shape, ...]:
    """The shapes of a shapefile of two records with this table."""
    parts = shapefile_parts(folder, a=frame(box(0, 0, 1, 1), box(2, 2, 3, 3))) | {"a.dbf": table, "a.cpg": cpg}
    return read("a.zip", zipped({name: content for name, content in parts.items() if content is not None}))


def test_attributes_of_a_shapefile_are_as_the_table_has_them(tmp_path):
    columns = [
        ("polygon_ha", "N", 20),
        ("name", "C", 9),
        ("yes", "L", 1),
        ("day", "D", 8),
        ("f", "F", 9),
        ("m", "M", 10),
    ]
    table = dbf(
        columns,
        (b" 1758035.47908198250", "Peñón".encode(), b"T", b"20240131", b"7.29e+08", b"1"),
        (b"*" * 20, b" ", b"?", b"00000000", b"0", b"2"),
    )
    for changed in (table, table[:-1]):
        first, second = with_table(tmp_path, changed)
        assert first.attributes == (
            ("polygon_ha", "1758035.47908198250"),
            ("name", "Peñón"),
            ("yes", "T"),
            ("day", "20240131"),
            ("f", "7.29e+08"),
        )
        assert second.attributes == (("f", "0"),)
        assert first.notes == second.notes == ()


def test_attributes_stay_with_their_record(tmp_path):
    parts = shapefile_parts(tmp_path, a=frame(box(0, 0, 1, 1), None, Point(1, 2).buffer(1), box(5, 5, 6, 6)))
    (header,) = struct.unpack_from("<H", parts["a.dbf"], 8)
    table = bytearray(parts["a.dbf"])
    table[header] = ord("*")
    shapes = read("a.zip", zipped(parts | {"a.dbf": bytes(table)}))
    assert [(s.feature, s.attributes) for s in shapes] == [(3, (("n", "2"),)), (4, (("n", "3"),))]


@pytest.mark.parametrize(
    ("cpg", "written"),
    [
        (None, "utf-8"),
        (None, "windows-1252"),
        (b"UTF-8\r\n", "utf-8"),
        (b"UTF-8", "windows-1252"),
        (b"1252", "windows-1252"),
        (b"ANSI 1250", "windows-1250"),
        (b"ISO 88592", "iso-8859-2"),
        (b"88592", "iso-8859-2"),
        (b"ISO-8859-2", "iso-8859-2"),
    ],
)
def test_the_encoding_of_attributes(tmp_path, cpg, written):
    shape = with_table(tmp_path, dbf([("name", "C", 9)], ("Ségó".encode(written),), (b"",)), cpg)[0]
    assert (shape.attributes, shape.notes) == ((("name", "Ségó"),), ())


@pytest.mark.parametrize("cpg", [b"klingon", b"unicode_escape", b"\xff\xfe1", b"OEM 850"])
def test_an_unknown_encoding_of_attributes_is_told(tmp_path, cpg):
    shape = with_table(tmp_path, dbf([("n", "C", 9)], (rb"\u0041",), (b"",)), cpg)[0]
    assert shape.attributes == (("n", r"\u0041"),)
    assert "unknown here: taken for UTF-8" in only(shape.notes)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param(None, "the shapefile has no .dbf", id="none"),
        pytest.param(b"", "damaged or cut short", id="empty"),
        pytest.param(b"x" * 100, "damaged or cut short", id="junk"),
        pytest.param(dbf([("n", "N", 9)], (b"1",), (b"2",))[:-3], "damaged or cut short", id="cut short"),
        pytest.param(dbf([("n", "N", 9)], (b"1",)), "the .dbf has 1 records, the .shp 2", id="fewer"),
        pytest.param(dbf([("n", "N", 9)], *[(b"1",)] * 3), "the .dbf has 3 records, the .shp 2", id="more"),
        pytest.param(
            dbf([("n", "N", 9)], (b"1",), (b"2",)).replace(b"N\0\0\0\0\t", b"N\0\0\0\0\xff"), "wider", id="wide columns"
        ),
    ],
)  # fmt: skip
def test_a_table_that_is_not_of_the_records_costs_the_attributes_only(tmp_path, table, said):
    shapes = with_table(tmp_path, table)
    assert len(shapes) == 2
    for shape in shapes:
        assert shape.attributes == ()
        assert only(shape.notes).startswith("no attributes: ")
        assert said in only(shape.notes)


def test_attributes_have_a_limit_in_number(tmp_path):
    row = tuple(str(i).encode() for i in range(250))
    shape = with_table(tmp_path, dbf([(f"c{i}", "N", 3) for i in range(250)], row, row))[0]
    assert shape.attributes == tuple((f"c{i}", str(i)) for i in range(200))


def test_other_types_of_shapefile_are_refused():
    for kind in (31, 0, 7, -5):
        refused("a.zip", made_shp([CLOCKWISE], kind=kind), f"type {kind}")


def test_records_marked_as_deleted_are_no_shapes_but_count(tmp_path):
    parts = shapefile_parts(tmp_path, a=frame(box(0, 0, 1, 1), None, Point(1, 2).buffer(1), box(5, 5, 6, 6)))
    header, width = struct.unpack_from("<HH", parts["a.dbf"], 8)
    table = bytearray(parts["a.dbf"])
    table[header + 2 * width] = ord("*")
    assert [s.feature for s in read("a.zip", zipped(parts | {"a.dbf": bytes(table)}))] == [1, 4]


def test_nothing_is_written_and_the_same_bytes_give_the_same_shapes(tmp_path, monkeypatch):
    parts = shapefile(tmp_path, a=frame(box(0, 0, 1, 1)), b=frame(Point(1, 2)))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("TMPDIR", str(work))
    assert read("a.zip", parts) == read("a.zip", parts)
    assert not list(work.iterdir())


def test_gdal_gets_no_shapefile_with_more_vertices_than_allowed(tmp_path, monkeypatch):
    content = shapefile(tmp_path, a=frame(box(0, 0, 1, 1)))
    monkeypatch.setattr(files.shapefile, "gdal_records", None)
    refused("a.zip", content, "vertices", limits=Limits(max_vertices=4))


# --- packing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def packable(tmp_path):
    shapefile_parts(tmp_path, area=frame(box(0, 0, 1, 1), crs=32718))
    return tmp_path / "shapefiles"


def test_a_folder_packs_to_a_zip_that_reads(packable):
    (packable / "notes.txt").write_text("x")
    (packable / "other.dbf").write_text("x")
    (packable / "area.shp.xml").write_text("x")
    packed = files.pack(packable)
    assert only(read("a.zip", packed)).crs == "EPSG:32718"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["area.cpg", "area.dbf", "area.prj", "area.shp", "area.shx"]


def test_packed_bytes_depend_on_names_and_contents_only(packable, tmp_path):
    packed = files.pack(packable)
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in sorted(packable.iterdir(), reverse=True):
        (copy / path.name).write_bytes(path.read_bytes())
        (copy / path.name).chmod(0o600)
    assert files.pack(copy) == packed
    (copy / "area.prj").write_bytes(b"")
    assert files.pack(copy) != packed


def test_folders_that_hold_no_single_shapefile_are_refused(packable, tmp_path):
    def refused(folder, said):
        with pytest.raises(UnreadableFile, match=said):
            files.pack(folder)

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
        files.pack(link)
    (packable / "area.cpg").unlink()
    (packable / "area.cpg").symlink_to(secret)
    with pytest.raises(UnreadableFile, match=r"area\.cpg is a symbolic link"):
        files.pack(packable)
