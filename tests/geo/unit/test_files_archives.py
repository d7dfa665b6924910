"""Zip and KMZ: members that could do harm are refused by name, and one boundary file is found."""

import json
import stat
import struct
import time
import tracemalloc
import zipfile

import pytest
from shapely import Point

from carbon_assets.geo.files import Limits
from tests.kit.boundary_formats import (
    KML,
    frame,
    geojson,
    geopackage,
    kml,
    only,
    placemark,
    point,
    read,
    refused,
    shapefile_parts,
    zipped,
)


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
    assert read("a.kmz", content, Limits(max_members=11))
    refused("a.kmz", content, "11 members", "10 allowed", limits=Limits(max_members=10))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped({"doc.kml": bytes(100_000_000)})
    started = time.perf_counter()
    refused("a.zip", bomb, "'doc.kml'", "500 times")
    refused("a.zip", bomb, "100,000,000 bytes", "1,000 allowed", limits=Limits(max_ratio=2000, max_unpacked_bytes=1000))
    assert time.perf_counter() - started < 1


def test_many_members_that_are_large_only_together_are_refused():
    members = {f"{i}.txt": b"x" * 600 for i in range(5)}
    refused("a.zip", zipped(members, 0), "3,000 bytes", "2,999 allowed", limits=Limits(max_unpacked_bytes=2999))


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
    refused("a.kmz", lying(zipped({"doc.kml": large}), 2**32 - 2), "doc.kml", limits=Limits(max_unpacked_bytes=2**33))


def test_what_is_unpacked_is_counted():
    """Each file that is read is held to the limit of a file."""
    content = zipped({"doc.kml": kml(placemark(point(1, 2)), "<!-- " + "x" * 2000 + " -->")})
    assert read("a.kmz", content, Limits(max_bytes=3000))
    refused("a.kmz", content, "'doc.kml'", "1,000 allowed", limits=Limits(max_bytes=1000))


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


# --- KMZ ----------------------------------------------------------------------------------------------------------


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
