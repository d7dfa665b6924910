"""GeoPackage: from the bytes of a file to the shapes of its layers, each with its own CRS.

Which tables are asked, and how safely, belongs here. How a geometry's bytes are read does not (`wkb.py`).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress

import pyproj
import shapely
from pyproj.exceptions import CRSError

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files import wkb
from carbon_assets.geo.files.content import mismatch
from carbon_assets.geo.files.shapes import (
    MAX_ATTRIBUTE_CHARACTERS,
    MAX_ATTRIBUTES,
    Draft,
    Shape,
    Source,
    crs_text,
    wkt_crs,
)


def read(source: Source) -> Iterator[Shape]:
    """The shapes of a GeoPackage, layer by layer."""
    content = source.content
    if not content.startswith(b"SQLite format 3\0"):
        raise mismatch("a GeoPackage", content)
    # A database in memory cannot have a write-ahead log beside it; bytes 18 and 19 say that one may exist.
    content = content[:18] + b"\1\1" + content[20:]
    try:
        with closing(sqlite3.connect(":memory:")) as con:
            con.deserialize(content)
            con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, len(content))  # a computed column may ask for any size
            con.text_factory = _text
            for table, column, srs in _layers(con):
                crs = _crs(con, table, srs)
                names = _others(con, table, column)
                asked = ", ".join([_quoted(column), *(_plain(name, column) for name in names)])
                rows = con.execute(f"select {asked} from {_quoted(table)} order by rowid")
                for number, (blob, *values) in enumerate(rows, 1):
                    draft = Draft(source, f"layer {table!r}, feature {number}")
                    geometry = _geometry(blob, draft)
                    if geometry is not None:
                        yield draft.shape(table, number, geometry, crs, crs and "file", zip(names, values, strict=True))
    except (sqlite3.Error, UnicodeError) as error:
        raise UnreadableFile(f"the GeoPackage is damaged or cut short ({error}): download it again") from error


def _layers(con: sqlite3.Connection) -> Iterator[tuple[str, str, object]]:
    """The table, the column of geometries and the number of the CRS of each layer."""
    tables = {
        name.lower()
        for name, sql in con.execute("select name, sql from sqlite_master where type = 'table' and sql is not null")
        if not re.match(r"\s*create\s+virtual\s", sql, re.IGNORECASE)
    }
    if missing := {"gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"} - tables:
        raise UnreadableFile(f"expected a GeoPackage, found a SQLite database without {', '.join(sorted(missing))}")
    layers = con.execute("""
        select c.table_name, g.column_name, g.srs_id
        from gpkg_contents as c left join gpkg_geometry_columns as g on lower(g.table_name) = lower(c.table_name)
        where c.data_type = 'features' order by c.table_name, g.column_name
    """).fetchall()
    for table, column, srs in layers:
        # A view's SQL may run without end, and a virtual table's may read elsewhere.
        if column is None or not isinstance(table, str) or table.lower() not in tables:
            raise UnreadableFile(f"layer {table!r} is no table with a geometry column: export it as a table")
        yield table, column, srs


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="windows-1252")


def _others(con: sqlite3.Connection, table: str, geometry: str) -> list[str]:
    """The columns beside the geometry. This pragma names no computed ones, which could cost any time."""
    names = [name for _, name, *_ in con.execute(f"pragma table_info({_quoted(table)})")]
    return [name for name in names if name.lower() != geometry.lower()][:MAX_ATTRIBUTES]


def _plain(column: str, geometry: str) -> str:
    """The SQL of an attribute. What is not kept is not fetched: a row may get megabytes from a column's default."""
    column = _quoted(column)
    return (
        f"case when {_quoted(geometry)} is null or typeof({column}) = 'blob' then null "
        f"when typeof({column}) = 'text' then substr({column}, 1, {MAX_ATTRIBUTE_CHARACTERS}) else {column} end"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _geometry(blob: object, draft: Draft) -> shapely.Geometry | None:
    """GeoPackage 1.3, 2.1.3: "GP", version, flags, srs_id, an envelope of 0 to 4 ranges, WKB."""
    if blob is None:
        return None
    if not isinstance(blob, bytes) or len(blob) < 8 or not blob.startswith(b"GP\0"):
        draft.refuse("its geometry is no GeoPackage geometry: export the file again")
    flags = blob[3]
    envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}.get(flags >> 1 & 7)
    if envelope is None or flags & 0x20:
        draft.refuse("its geometry is of an extension of GeoPackage: export it as points, lines or polygons")
    return wkb.read(blob[8 + envelope :], draft)


def _crs(con: sqlite3.Connection, table: str, srs: object) -> str | None:
    if srs in (-1, 0):  # undefined Cartesian, undefined geographic
        return None
    row = con.execute(
        "select organization, organization_coordsys_id, definition from gpkg_spatial_ref_sys where srs_id = ?", [srs]
    ).fetchone()
    if row is None:
        raise UnreadableFile(f"layer {table!r}: its CRS {srs!r} is not defined in the file: export it again")
    organization, code, definition = map(str, row)
    if re.match(r'\w+\["undefined', definition, re.IGNORECASE):  # as GDAL writes a layer without a CRS
        return None
    if organization.upper() in ("EPSG", "ESRI"):
        with suppress(CRSError):  # not in PROJ's tables: the definition counts
            return crs_text(pyproj.CRS.from_authority(organization.upper(), code))
    return wkt_crs(definition, f"layer {table!r}")
