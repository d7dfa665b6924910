"""One published file becomes one table of text: every cell as written, every row with its line.

Encodings, compression and the choice of a format are here, each format in a module of its own. What a cell means does not
belong here (`registries/cells.sql`), nor which column holds what (`configs/registries/`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from carbon_assets.base.readers import delimited, records, workbooks
from carbon_assets.base.readers.delimited import read_delimited
from carbon_assets.base.readers.limits import unzipped
from carbon_assets.base.readers.records import read_json
from carbon_assets.base.readers.tables import (
    HEADER_SEARCH,
    LINE,
    BadRow,
    RawTable,
    UnreadableFile,
    header_key,
    missing_columns,
)
from carbon_assets.base.readers.workbooks import read_workbook
from carbon_assets.base.settings import Limits

__all__ = [
    "HEADER_SEARCH",
    "LINE",
    "BadRow",
    "RawTable",
    "UnreadableFile",
    "header_key",
    "missing_columns",
    "possible_headers",
    "read",
]

_JSON = (".json", ".geojson")


def read(
    name: str,
    content: bytes,
    required: Sequence[Sequence[str]],
    sheet: str | None = None,
    surplus_cells: str | None = None,
) -> RawTable:
    """Read the file `name` with the bytes `content`.

    `required` lists the columns that the header must hold, each with its accepted names; it is also how the header
    row, the delimiter and the sheet are found. `surplus_cells`: the column to which cells too many belong in a row whose
    cells are all quoted and whose inner quotes are not doubled. Raises `UnreadableFile`.
    """
    content, suffix = _unpacked(name, content)
    if suffix == ".xlsx":
        return read_workbook(content, required, sheet)
    text = _text(content)
    if suffix in _JSON:
        return read_json(text, required)
    return read_delimited(text, required, surplus_cells)


def possible_headers(name: str, content: bytes) -> list[list[str]]:
    """Every row of a file that may be its header, by which it can be told what the file is. Raises `UnreadableFile`."""
    content, suffix = _unpacked(name, content)
    if suffix == ".xlsx":
        return workbooks.leading_rows(content)
    text = _text(content)
    return records.names_of_lists(text) if suffix in _JSON else delimited.leading_rows(text)


def _unpacked(name: str, content: bytes) -> tuple[bytes, str]:
    """The bytes without compression, and the suffix that says of what format they are."""
    limits = Limits.from_environment()
    content = unzipped(content, limits) if name.lower().endswith(".gz") else content
    if not content.strip():
        raise UnreadableFile("the file is empty")
    return content, "." + name.lower().removesuffix(".gz").rpartition(".")[2]


def _text(content: bytes) -> str:
    """Text with lines. Raises `UnreadableFile` for a web page."""
    text = _decoded(content)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if re.match(r"\s*<(!doctype|html|\?xml)", text[:500], re.IGNORECASE):
        title = re.search(r"<title>(.*?)</title>", text[:5000], re.IGNORECASE | re.DOTALL)
        said = f" titled {title.group(1).strip()!r}" if title else ""
        raise UnreadableFile(f"the file is a web page{said}, not a table: download it again")
    return text


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start : error.start + 1]
    try:
        return byte.decode("windows-1252"), error.start + 1
    except UnicodeDecodeError:
        return byte.decode("latin-1"), error.start + 1


codecs.register_error("windows-1252", _as_windows_1252)


def _decoded(content: bytes) -> str:
    """UTF-8, with every byte that is not UTF-8 read as Windows-1252 (Latin-1 where that has no character).

    Pure Windows-1252 and Latin-1 files come out right too: an accented letter before an ASCII one is no UTF-8.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                f"the UTF-16 text is damaged or cut short ({error.reason}): download it again"
            ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("utf-8-sig", errors="windows-1252")
