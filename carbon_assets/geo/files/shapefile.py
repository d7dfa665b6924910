"""Shapefiles: from the members of a zip to the shapes of its records, and from a folder to such a zip.

What a shapefile consists of and how its records are held against each other belongs here. The dangers of an archive do
not (`archives.py`), nor what is in the table of attributes (`dbf.py`).
"""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files import dbf, wkb
from carbon_assets.geo.files.archives import Archive
from carbon_assets.geo.files.content import mismatch
from carbon_assets.geo.files.shapes import DEFAULT_LIMITS, Draft, Limits, Shape, Source, check_size, wkt_crs


def read(source: Source, archive: Archive) -> Iterator[Shape]:
    """The shapes of all shapefiles of an archive; a layer has its folder in its name where another has the same."""
    shapefiles = sorted(archive.with_suffix(".shp"))
    stems = Counter(PurePosixPath(name).stem for name in shapefiles)
    for name in shapefiles:
        path = PurePosixPath(name)
        layer = path.stem if stems[path.stem] == 1 else str(path.with_suffix(""))
        yield from _layer(source, archive, name, layer)


def _layer(source: Source, archive: Archive, name: str, layer: str) -> Iterator[Shape]:
    siblings = {each[-4:].lower(): each for each in archive.names if each[:-4].casefold() == name[:-4].casefold()}
    if ".shx" not in siblings:
        raise UnreadableFile(f"{name[:-4]}.shx is missing: pack at least .shp and .shx of each shapefile")
    shp, shx = archive.read(name), archive.read(siblings[".shx"])
    kind = _kind(name, shp, shx)
    records = _records(name, shp, shx, kind)
    tally = source.tally
    tally.room_for(sum(record.points for record in records))  # before GDAL takes memory for them
    prj = siblings.get(".prj")
    crs = _crs(archive.read(prj), prj) if prj else None
    table = archive.read(siblings[".dbf"]) if ".dbf" in siblings else b""
    deleted = dbf.deleted(table)
    rows, notes = _rows(archive, siblings, table, len(records))
    source = replace(source, notes=source.notes + notes)
    for number, content in gdal_records(name, shp, shx):
        draft = Draft(source, f"{name}, record {number}")
        before = tally.vertices
        geometry = None if content is None else wkb.read(content, draft)
        taken = tally.vertices - before
        record = records[number - 1]
        if taken != record.points:
            draft.refuse(f"of {record.points} points only {taken} can be read: export it again")
        if geometry is not None and number not in deleted:
            draft.needed["measure"] = int(record.is_measured)
            yield draft.shape(layer, number, geometry, crs, crs and "file", rows.of(number) if rows else ())


def _rows(
    archive: Archive, siblings: dict[str, str], table: bytes, records: int
) -> tuple[dbf.Table | None, tuple[str, ...]]:
    """The attributes of the records, if they can be had, and what is to be said of that."""
    if ".dbf" not in siblings:
        return None, ("no attributes: the shapefile has no .dbf",)
    cpg = siblings.get(".cpg")
    try:
        rows = dbf.Table(table, archive.read(cpg) if cpg else b"")
    except UnreadableFile as error:
        return None, (f"no attributes: {error}",)
    if rows.count != records:
        return None, (f"no attributes: the .dbf has {rows.count:,} records, the .shp {records:,}",)
    return rows, rows.notes


def gdal_records(name: str, shp: bytes, shx: bytes) -> Iterable[tuple[int, bytes | None]]:
    """Each record's number, from 1, and its WKB, by GDAL: it sorts a polygon's rings into outer rings and holes.

    Only GDAL's shapefile driver takes these bytes: they begin as a shapefile does, and no other file is beside them.
    """
    packed = _zipped({"shape.shp": shp, "shape.shx": shx})
    import pyogrio.raw  # it brings pandas, half a second that most runs without a shapefile need not spend

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of open rings and the like, which become notes
            _, fids, geometries, _ = pyogrio.raw.read(packed, columns=[], return_fids=True)
    except Exception as error:  # pyogrio raises many kinds for one fact
        raise UnreadableFile(f"{name} is damaged ({error}): download it again") from error
    return zip((int(fid) + 1 for fid in fids), geometries, strict=True)


# --- what the files say of themselves ---------------------------------------------------------------------------

_HEADER = 100
_POINT = 1
_COUNT_AT = {3: 40, 5: 40, 8: 36}
"""Where a line, a polygon, a multipoint says how many points it has. Kinds are 10 more with heights, 20 with measures."""
_BESIDE_POINTS = {_POINT: 4, 3: 76, 5: 76, 8: 72}
"""How many bytes a shape with heights and measures has beside the 32 of each point and the 4 of each part."""
_NO_MEASURE = -1e38
"""What is less means that a point has none."""


def _kind(name: str, shp: bytes, shx: bytes) -> int:
    """The kind of all shapes, of files that are what they should be."""
    for content, suffix in ((shp, ".shp"), (shx, ".shx")):
        file = name[:-4] + suffix
        if len(content) < _HEADER or content[:4] != b"\0\0\x27\x0a" or content[28:32] != b"\xe8\3\0\0":
            raise mismatch(f"{file} to be of a shapefile", content)
        if _length(content) > len(content):
            raise UnreadableFile(f"{file} is cut short: download it again")
    (kind,) = struct.unpack_from("<i", shp, 32)
    if not 0 < kind < 30 or kind % 10 not in (_POINT, *_COUNT_AT):
        raise UnreadableFile(f"{name} has shapes of type {kind}, not points, lines or polygons: convert them")
    return kind


def _length(content: bytes) -> int:
    """Of a .shp or .shx, by its own word: it counts in words of two bytes."""
    return 2 * struct.unpack_from(">i", content, 24)[0]


class _Record(NamedTuple):
    points: int
    is_measured: bool


def _records(name: str, shp: bytes, shx: bytes, kind: int) -> list[_Record]:
    """How many points each record has, by its own word, and whether they have measures."""
    listed = list(struct.iter_unpack(">2i", shx[_HEADER : _HEADER + (len(shx) - _HEADER) // 8 * 8]))
    places, records, at, end = [], [], _HEADER, _length(shp)
    try:
        while at < end:
            _, words = struct.unpack_from(">2i", shp, at)
            (own,) = struct.unpack_from("<i", shp, at + 8)  # 0 where the record is no shape
            if own not in (0, kind) or words < 2 or at + 8 + 2 * words > end:
                raise struct.error
            count = 0 if own == 0 else _point_count(shp, at + 8, own)
            if not 0 <= 8 * count <= words:  # a point has two numbers of four words each
                raise struct.error
            records.append(_Record(count, bool(count) and _is_measured(shp, at + 8, 2 * words, own, count)))
            places.append((at // 2, words))
            at += 8 + 2 * words
    except struct.error as error:
        raise UnreadableFile(f"{name} is damaged at record {len(records) + 1}: download it again") from error
    if places != listed:
        raise UnreadableFile(f"{name} holds {len(records)} records, and not those of its .shx: export it again")
    return records


def _point_count(shp: bytes, at: int, kind: int) -> int:
    if kind % 10 == _POINT:
        return 1
    (count,) = struct.unpack_from("<i", shp, at + _COUNT_AT[kind % 10])
    return count


def _is_measured(shp: bytes, at: int, length: int, kind: int, points: int) -> bool:
    """Whether a shape has measures. One with heights may, or may leave them out, or say of each that it is none."""
    if kind < 10 or kind > 20:
        return kind > 20
    parts = 0 if kind % 10 in (_POINT, 8) else struct.unpack_from("<i", shp, at + 36)[0]
    size = _BESIDE_POINTS[kind % 10] + 4 * parts + 32 * points
    if parts < 0 or length < size:
        return False
    return bool((np.frombuffer(shp, "<f8", points, at + size - 8 * points) > _NO_MEASURE).any())


def _crs(prj: bytes, name: str) -> str | None:
    text = prj.decode("utf-8-sig", errors="windows-1252").strip("\0 \t\r\n")
    return wkt_crs(text, name) if text else None


# --- packing ----------------------------------------------------------------------------------------------------

_PACKED_SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def pack(folder: Path, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The one shapefile in a folder as zip bytes that depend on names and contents only; other files are left out.

    Members are stored, not deflated: deflated bytes differ between versions of zlib. Raises `UnreadableFile`.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder.name} is no folder: give the folder that holds the .shp file")
    entries = sorted(folder.iterdir())
    for path in [folder, *entries]:
        if path.is_symlink():
            raise UnreadableFile(f"{path.name} is a symbolic link: put the file itself there")
    files = [path for path in entries if path.is_file() and path.suffix.lower() in _PACKED_SUFFIXES]
    shapefiles = [path for path in files if path.suffix.lower() == ".shp"]
    if len(shapefiles) != 1:
        found = ", ".join(path.name for path in shapefiles) or "none"
        raise UnreadableFile(f"the folder must hold exactly one .shp file; found {found}")
    stem = shapefiles[0].stem
    files = [path for path in files if path.stem.casefold() == stem.casefold()]
    if not any(path.suffix.lower() == ".shx" for path in files):
        raise UnreadableFile(f"{stem}.shx is missing: a shapefile is at least .shp and .shx")
    check_size("the shapefile", sum(path.stat().st_size for path in files), limits.max_bytes, "bytes")
    return _zipped({path.name: path.read_bytes() for path in files})


def _zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system = 3  # else it is the machine's
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return packed.getvalue()
