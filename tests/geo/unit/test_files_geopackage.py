"""GeoPackage: every layer comes out with its own CRS, and no SQL, view or virtual table in it does harm."""

import json
import sqlite3
import struct
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from carbon_assets.geo import files
from carbon_assets.geo.files import Limits
from tests.kit.boundary_formats import EVERY_GEOMETRY, SQUARE, frame, geojson, geopackage, only, read, refused


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


def with_table(folder: Path, columns: str, values: str, parameters: tuple = ()) -> bytes:
    """A GeoPackage with a point and other columns of any kind."""

    def change(con):
        con.execute(f"create table t(geom, {columns})")
        con.execute(f"insert into t values (?, {values})", [blob(shapely.to_wkb(Point(1, 2))), *parameters])
        con.execute("insert into gpkg_contents(table_name, data_type, srs_id) values('t', 'features', 4326)")
        con.execute("insert into gpkg_geometry_columns values('t', 'GEOM', 'POINT', 4326, 0, 0)")

    return changed(folder, geopackage(folder, a=frame(box(0, 0, 1, 1))), change)


def attributes_of(folder: Path, *table: object) -> tuple[tuple[str, str], ...]:
    return only(read("a.gpkg", with_table(folder, *table), layer="t")).attributes


def test_attributes_of_every_row_and_layer_of_a_geopackage(tmp_path):
    rows = frame(Point(1, 2), None, Point(3, 4))
    rows["Área"] = [72843.5, 1.0, None]
    shapes = read("a.gpkg", geopackage(tmp_path, one=rows, two=frame(Point(1, 2))))
    assert [s.attributes for s in shapes] == [
        (("fid", "1"), ("n", "0"), ("Área", "72843.5")),
        (("fid", "3"), ("n", "2")),
        (("fid", "1"), ("n", "0")),
    ]


def test_attributes_of_a_geopackage_in_the_order_of_the_file(tmp_path):
    found = attributes_of(
        tmp_path, '"b ""c""", a, e, i, n, bad, z', "?, 0.1, '', 1, null, cast(x'50f1' as text), x'00'", ("Peñón ",)
    )
    assert found == (('b "c"', "Peñón "), ("a", "0.1"), ("i", "1"), ("bad", "Pñ"))


def test_computed_columns_are_no_attributes(tmp_path):
    """They could cost any time."""
    assert attributes_of(tmp_path, "n, twice generated always as (n * 2) virtual", "1") == (("n", "1"),)


def test_attributes_have_a_limit_in_length_and_number(tmp_path):
    columns = ", ".join(f"c{i}" for i in range(300))
    found = attributes_of(tmp_path, f"{'n' * 301}, {columns}", ", ".join(["?"] * 301), ("é" * 301, *range(300)))
    assert found == (("n" * 300, "é" * 300), *((f"c{i}", str(i)) for i in range(199)))


def test_long_defaults_of_columns_are_not_fetched(tmp_path, monkeypatch):
    """They take no room in a row, so that a small file may have gigabytes of them."""

    def change(con):
        for (trigger,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            con.execute(f'drop trigger "{trigger}"')
        con.execute(f"alter table a add column text default '{'x' * 400_000}'")
        con.execute(f"alter table a add column blob default x'{'00' * 400_000}'")
        for i in range(10):
            con.execute(f"alter table a add column c{i} default '{'x' * 80_000}'")

    content = changed(tmp_path, geopackage(tmp_path, a=frame(*[Point(1, 2)] * 3)), change)
    lengths = []
    monkeypatch.setattr(files.geopackage, "_text", lambda text: lengths.append(len(text)) or text.decode())
    for shape in read("a.gpkg", content):
        assert shape.attributes[2:] == (("text", "x" * 300), *((f"c{i}", "x" * 300) for i in range(10)))
        assert len({id(value) for _, value in shape.attributes[2:]}) == 1
    assert lengths.count(300) == 33  # of 3 rows


@pytest.mark.parametrize("kind", [3, 5, 6])
def test_empty_rings_and_members_have_a_limit_before_any_is_read(tmp_path, kind):
    empty = struct.pack("<I", 0) if kind == 3 else struct.pack("<BII", 1, kind - 3, 0)
    content = with_blob(tmp_path, blob(struct.pack("<BII", 1, kind, 11) + empty * 11))
    refused("a.gpkg", content, "vertices", limits=Limits(max_vertices=10))
    cut = with_blob(tmp_path, blob(struct.pack("<BII", 1, kind, 2**32 - 1)))
    refused("a.gpkg", cut, "vertices")


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
