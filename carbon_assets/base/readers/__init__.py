"""One published file becomes one table of text: every cell as written, every row with its line.

Compression and the choice of a format are here, each format in a module of its own. What a cell means does not belong here
(`registries/cells.sql`), nor which column holds what (`configs/registries/`).
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from carbon_assets.base.readers import cutting, delimited, pages, records, texts, workbooks
from carbon_assets.base.readers.delimited import read_delimited
from carbon_assets.base.readers.limits import unzipped
from carbon_assets.base.readers.shape import Continuation, HtmlTable, ScriptStream, Shape
from carbon_assets.base.readers.tables import (
    HEADER_SEARCH,
    LINE,
    BadRow,
    RawTable,
    UnreadableFile,
    header_key,
    missing_columns,
)
from carbon_assets.base.settings import Limits

__all__ = [
    "HEADER_SEARCH",
    "LINE",
    "BadRow",
    "Continuation",
    "HtmlTable",
    "Opened",
    "RawTable",
    "ScriptStream",
    "Shape",
    "UnreadableFile",
    "cut",
    "header_key",
    "missing_columns",
    "opened",
    "read",
]

_JSON = (".json", ".geojson")

PLAIN = Shape()
"""Of a file whose rows are found without a description."""


def read(name: str, content: bytes, required: Sequence[Sequence[str]], shape: Shape = PLAIN) -> RawTable:
    """Read the file `name` with the bytes `content`, as `Opened.table` does. Raises `UnreadableFile`."""
    return opened(name, content).table(required, shape)


def opened(name: str, content: bytes) -> Opened:
    """The file `name` with the bytes `content`, to be read in one shape or several. Raises `UnreadableFile`."""
    return Opened(name, content)


class Opened:
    """A file that is unpacked, decoded and parsed once, however many shapes are tried on it."""

    def __init__(self, name: str, content: bytes) -> None:
        limits = Limits.from_environment()
        self._content = unzipped(content, limits) if name.lower().endswith(".gz") else content
        if not self._content.strip():
            raise UnreadableFile("the file is empty")
        self.suffix = "." + name.lower().removesuffix(".gz").rpartition(".")[2]
        self._texts: dict[str | None, str] = {}
        self._pages: dict[str | None, pages.Page] = {}
        self._documents: dict[tuple, list[records.Document]] = {}

    def headers(self, shape: Shape = PLAIN) -> list[list[str]]:
        """Every row that may be the header, or the names of each list of records: by them it can be told what the file is.
        Raises `UnreadableFile`."""
        if self._is_workbook(shape):
            return workbooks.leading_rows(self._workbook)
        if isinstance(shape.html, HtmlTable):
            return pages.leading_rows(self._page(shape), shape.html)
        if self._is_json(shape):
            lists = pages.of_those_that_fit(self.documents(shape), lambda one: records.names_of_lists(one, shape))
            return [names for names_of_one in lists for names in names_of_one]
        return delimited.leading_rows(self.text(shape))

    def table(self, required: Sequence[Sequence[str]], shape: Shape = PLAIN) -> RawTable:
        """The rows. `required` lists the columns that the header must hold, each with its accepted names; it is also how the
        header row, the delimiter, the sheet and the list of records are found. Raises `UnreadableFile`."""
        if self._is_workbook(shape):
            return workbooks.read_workbook(self._workbook, required, shape.sheet)
        if isinstance(shape.html, HtmlTable):
            page = self._page(shape)
            return replace(
                pages.read_table(page, required, shape.html),
                stated_rows=page.stated(shape.total),
                stated_sum=page.stated(shape.sum),
            )
        if self._is_json(shape):
            tables = pages.of_those_that_fit(self.documents(shape), lambda one: records.read_json(one, required, shape))
            if len(tables) > 1:
                raise UnreadableFile(
                    f"{len(tables)} objects in the page's scripts have the required columns: which counts cannot be told"
                )
            return tables[0]
        return read_delimited(self.text(shape), required, shape.surplus_cells)

    def text(self, shape: Shape) -> str:
        """The text of a file that is no web page. Raises `UnreadableFile` for one."""
        text = self._decoded(shape)
        texts.refuse_a_page(text)
        return text

    def documents(self, shape: Shape) -> list[records.Document]:
        """The JSON documents: one, but in a page whose scripts hold more that begin alike. Raises `UnreadableFile`."""
        key = (shape.encoding, shape.html)
        if key not in self._documents:
            self._documents[key] = (
                pages.documents(self._page(shape), shape.html)
                if isinstance(shape.html, ScriptStream)
                else [records.parsed(self.text(shape))]
            )
        return self._documents[key]

    def _decoded(self, shape: Shape) -> str:
        if shape.encoding not in self._texts:
            self._texts[shape.encoding] = texts.decoded(self._content, shape.encoding)
        return self._texts[shape.encoding]

    def _page(self, shape: Shape) -> pages.Page:
        if shape.encoding not in self._pages:
            self._pages[shape.encoding] = pages.parsed(self._decoded(shape))
        return self._pages[shape.encoding]

    @cached_property
    def _workbook(self) -> workbooks.Workbook:
        return workbooks.Workbook(self._content)

    def _is_workbook(self, shape: Shape) -> bool:
        """Raises `UnreadableFile` for a shape that no workbook has."""
        if self.suffix == ".xlsx" and shape.html:
            raise UnreadableFile("the file is a workbook, no web page")
        if self.suffix == ".xlsx" and shape.rows is not None:
            raise UnreadableFile(f"the file is a workbook, which has no records at {shape.rows!r} as JSON has")
        return self.suffix == ".xlsx"

    def _is_json(self, shape: Shape) -> bool:
        """Raises `UnreadableFile` for a shape that only JSON has and a file that is none."""
        is_json = self.suffix in _JSON or isinstance(shape.html, ScriptStream)
        if shape.rows is not None and not is_json:
            texts.refuse_a_page(self._decoded(shape))
            raise UnreadableFile(f"the file is no JSON, and its records should be at {shape.rows or 'its top'}")
        return is_json


def cut(name: str, content: bytes, drop: Sequence[str], shape: Shape = PLAIN) -> bytes:
    """The file without the columns `drop`, in the same format and compression; the same bytes for the same file.

    In JSON a name is relative to a record, with dots as in a header, and cuts within lists too. A file that has none of the
    columns comes out as it is. Raises `UnreadableFile` for what cannot be read, and for a workbook or a web page.
    """
    file = Opened(name, content)
    if shape.html or file.suffix == ".xlsx":
        what = "web page" if shape.html else "workbook"
        raise UnreadableFile(f"{', '.join(drop)} cannot be cut out of a {what}: drop the rows as CSV or JSON")
    if file.suffix in _JSON:
        (document,) = file.documents(shape)
        text = cutting.cut_json(document, drop, shape)
    else:
        text = cutting.cut_delimited(file.text(shape), drop, shape)
    if text is None:
        return content
    rewritten = text.encode("utf-8", "backslashreplace")  # halves of characters: as JSON writes them
    return gzip.compress(rewritten, mtime=0) if name.lower().endswith(".gz") else rewritten
