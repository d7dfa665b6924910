"""The .dbf of a shapefile: from its bytes to the columns of each record, and which records are marked as deleted.

Not by GDAL: it makes floats of the whole numbers of a column with a blank, and one text that is not in the encoding of
the others costs it the shapes too. Whether the records are those of the shapes does not belong here (`shapefile.py`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.geo.files.content import known_encoding

_HEADER = 32
_FIELD = 32
_TEXTS = "CNFLD"
"""Kinds of columns that hold text: texts, numbers (two kinds), booleans, dates. Others are binary or in another file."""
_BLANKS = {"N": r"\*.*", "F": r"\*.*", "L": r"\?", "D": "0*"}
"""Of each kind, what stands for no value, other than blanks."""


def deleted(content: bytes) -> frozenset[int]:
    """The numbers of the records that are marked as deleted."""
    if len(content) < _HEADER:
        return frozenset()
    count, header, width = struct.unpack_from("<IHH", content, 4)
    starts = range(header, min(len(content), header + count * width), max(width, 1))
    return frozenset(number for number, start in enumerate(starts, 1) if content[start : start + 1] == b"*")


class Table:
    """The records of a .dbf, read with the encoding that the .cpg names. Raises `UnreadableFile`.

    Without one they are UTF-8, and where they are not, Windows-1252.
    """

    def __init__(self, content: bytes, cpg: bytes) -> None:
        self.count, self._header, self._width = struct.unpack_from("<IHH", content.ljust(_HEADER, b"\0"), 4)
        if self._header <= _HEADER or self._header + self.count * self._width > len(content):
            raise UnreadableFile("the .dbf is damaged or cut short")
        self._content = content
        named = cpg.decode("ascii", errors="replace").strip("\0 \t\r\n")
        encoding = _encoding(named) if named else "utf-8"
        self.notes = () if encoding else (f"the .cpg names the encoding {named[:40]!r}, unknown here: taken for UTF-8",)
        self._encoding = encoding or "utf-8"
        self._columns = list(self._read_columns())

    def of(self, number: int) -> Iterator[tuple[str, str]]:
        """The names and values of a record, from 1."""
        start = self._header + (number - 1) * self._width
        for name, kind, at, end in self._columns:
            value = self._text(self._content[start + at : start + end])
            if not re.fullmatch(_BLANKS.get(kind, ""), value):
                yield name, value

    def _read_columns(self) -> Iterator[tuple[str, str, int, int]]:
        """The name, the kind, and where in a record each column begins and ends."""
        at = 1  # after the mark of deletion
        for place in range(_HEADER, self._header - _FIELD + 1, _FIELD):
            field = self._content[place : place + _FIELD]
            if field.startswith(b"\r"):
                break
            end = at + field[16]
            if end > self._width:
                raise UnreadableFile("the .dbf has columns that are wider than its records")
            kind = chr(field[11])
            if kind in _TEXTS:
                yield self._text(field[:11].partition(b"\0")[0]), kind, at, end
            at = end

    def _text(self, content: bytes) -> str:
        # `readers` registers this way of handling errors.
        return content.decode(self._encoding, errors="windows-1252").strip("\0 \t\r\n")


def _encoding(named: str) -> str | None:
    """Also of a number alone or after "ANSI", and of 8859 without its hyphen."""
    name = re.sub(r"(iso[ _-]*)?8859[ _-]*(?=\d+$)", "iso8859-", named, flags=re.IGNORECASE)
    return known_encoding(re.sub(r"^(ansi\s*)?(?=\d+$)", "cp", name, flags=re.IGNORECASE))
