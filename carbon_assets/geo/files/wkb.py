"""Well-known binary: one geometry from its bytes (also ISO and EWKB), as GEOS refuses open rings and crashes on deep nesting.

Where the bytes stand in a file does not belong here (`geopackage.py`, `shapefile.py`).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import shapely

from carbon_assets.geo.files.shapes import MAX_NESTED_GEOMETRIES, Draft, together, whole

_POINT, _LINE, _POLYGON = 1, 2, 3
_MEMBERS = {4: "Point", 5: "LineString", 6: "Polygon", 7: ""}
"""Kinds of geometries that hold others, and of which kind those are."""


def read(content: bytes, draft: Draft) -> shapely.Geometry | None:
    """The geometry, or None where it has no position."""
    reader = _Reader(content, draft)
    try:
        header = reader.header(1)
        parts = reader.parts(header, 1)
    except struct.error:
        draft.refuse("its geometry is cut short: export the file again")
    return whole(parts, of_polygon=header.kind == _POLYGON)


class _Header(NamedTuple):
    """`order` is that of bytes; of the `width` numbers of a position those `kept` are no measure."""

    kind: int
    order: str
    width: int
    kept: int


class _Reader:
    def __init__(self, content: bytes, draft: Draft) -> None:
        self._content = content
        self._draft = draft
        self._at = 0

    def header(self, depth: int) -> _Header:
        if depth > MAX_NESTED_GEOMETRIES:
            self._draft.refuse(f"geometries nest deeper than {MAX_NESTED_GEOMETRIES}")
        order = {0: ">", 1: "<"}.get(self._take("B"))
        if order is None:
            self._draft.refuse("its geometry is no WKB: export the file again")
        code = self._take(order + "I")
        if code & 0x20000000:  # the number of a CRS follows
            self._take(order + "I")
        dimension, kind = divmod(code & 0x0FFFFFFF, 1000)
        height = bool(code & 0x80000000) or dimension in (1, 3)
        measure = bool(code & 0x40000000) or dimension in (2, 3)
        self._draft.needed["measure"] += measure and kind <= _POLYGON
        return _Header(kind, order, 2 + height + measure, 2 + height)

    def parts(self, header: _Header, depth: int) -> list[shapely.Geometry]:
        if header.kind == _POINT:
            rows = self._rows(1, header)
            return self._draft.points(rows if not np.isnan(rows).all() else rows[:0])
        if header.kind == _LINE:
            return self._draft.line(self._rows(self._count(header), header))
        if header.kind == _POLYGON:
            rings = self._several(header)
            return self._draft.polygon([self._rows(self._count(header), header) for _ in rings])
        if header.kind in _MEMBERS:
            members = self._several(header)
            parts = [part for _ in members for part in self.parts(self.header(depth + 1), depth + 1)]
            return together(parts, _MEMBERS[header.kind])
        self._draft.refuse(
            f"its geometry is a curve or surface (WKB type {header.kind}): convert it to points, lines, polygons"
        )

    def _take(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return value

    def _count(self, header: _Header) -> int:
        return self._take(header.order + "I")

    def _several(self, header: _Header) -> range:
        """Of the rings or members that follow: empty ones cost time and memory too."""
        count = self._count(header)
        self._draft.source.tally.room_for(count)
        return range(count)

    def _rows(self, count: int, header: _Header) -> np.ndarray:
        numbers = count * header.width
        if self._at + 8 * numbers > len(self._content):
            raise struct.error
        rows = np.frombuffer(self._content, f"{header.order}f8", numbers, self._at).reshape(count, header.width)
        self._at += 8 * numbers
        return rows[:, : header.kept]
