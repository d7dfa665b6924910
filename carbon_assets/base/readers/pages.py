"""Web pages that hold rows: the cells of an HTML table, or JSON that scripts pass on in pieces.

Only a registry that publishes nothing else has its pages read. Where records lie in JSON belongs in `records.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa

from carbon_assets.base.readers import markup, records
from carbon_assets.base.readers.markup import End, Raw, Start, Text
from carbon_assets.base.readers.shape import Continuation, HtmlTable, ScriptStream
from carbon_assets.base.readers.tables import (
    HEADER_SEARCH,
    LINE,
    BadRow,
    RawTable,
    UnreadableFile,
    missing_columns,
    named,
    no_header,
)

T = TypeVar("T")


@dataclass
class _Cell:
    columns: int = 1
    rows: int = 1
    pieces: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """As a browser shows it: each run of blanks is one."""
        return " ".join("".join(self.pieces).split())


@dataclass
class _Table:
    rows: list[list[_Cell]] = field(default_factory=list)
    cell: _Cell | None = None
    is_closed: bool = False


@dataclass(frozen=True)
class Page:
    """What is read of a web page; `inputs`: value by name and by id. `letters`: how long its text is."""

    tables: list[_Table]
    scripts: list[str]
    inputs: dict[str, str]
    letters: int

    def stated(self, name: str | None) -> str | None:
        """What an input holds; None where there is none of the name."""
        return None if name is None else self.inputs.get(name)


_BREAKS = frozenset(("br", "p", "div", "li", "ul", "ol"))


def parsed(text: str) -> Page:
    """The page that a text is. Raises `UnreadableFile` for a text that is none."""
    if not text.lstrip().startswith("<"):
        raise UnreadableFile("the file is no web page")
    page = Page([], [], {}, len(text))
    unclosed: list[_Table] = []
    for token in markup.tokens(text):
        if isinstance(token, Raw):
            page.scripts.append(token.text if token.name == "script" else "")
        elif isinstance(token, Start) and token.name == "table":
            page.tables.append(_Table())
            unclosed.append(page.tables[-1])
        elif isinstance(token, Start) and token.name == "input":
            _note_input(page.inputs, token.attributes())
        elif unclosed and isinstance(token, End) and token.name == "table":
            unclosed.pop().is_closed = True
        elif unclosed:
            _go_on(unclosed[-1], token)
    return page


def _note_input(inputs: dict[str, str], attributes: dict[str, str]) -> None:
    for name in (attributes.get("name"), attributes.get("id")):
        if name:
            inputs.setdefault(name, attributes.get("value", ""))


def _go_on(table: _Table, token: Start | End | Text | Raw) -> None:
    """Put a tag or a text into the table that it stands in. Cells and rows need not be closed."""
    if isinstance(token, Text):
        if table.cell:
            table.cell.pieces.append(token.text)
    elif token.name in ("tr", "td", "th"):
        table.cell = None
        if isinstance(token, Start):
            if token.name == "tr" or not table.rows:
                table.rows.append([])
            if token.name != "tr":
                written = token.attributes()
                table.cell = _Cell(
                    _span(written.get("colspan"), MAX_COLUMNS_OF_A_CELL, 1),
                    _span(written.get("rowspan"), MAX_ROWS_OF_A_CELL, MAX_ROWS_OF_A_CELL),
                )
                table.rows[-1].append(table.cell)
    elif table.cell and token.name in _BREAKS:
        table.cell.pieces.append(" ")
    elif table.cell and token.name == "a" and isinstance(token, Start):
        table.cell.links.append(token.attributes().get("href", ""))


MAX_COLUMNS_OF_A_CELL, MAX_ROWS_OF_A_CELL = 1_000, 65_534
"""As the standard of HTML says."""


def _span(written: str | None, most: int, if_zero: int) -> int:
    """How many columns or rows a cell takes. Of rows, 0 means all that follow."""
    if written is None or not re.fullmatch(r"[0-9]{1,6}", written.strip()):
        return 1
    return min(int(written), most) or if_zero


# --- JSON in scripts --------------------------------------------------------------------------------------------------


def documents(page: Page, stream: ScriptStream) -> list[records.Document]:
    """The JSON objects in the stream that begin as it says, without those that lie in another one. Raises `UnreadableFile`."""
    text = "".join(_pieces(page.scripts, stream.function))
    found: list[records.Document] = []
    start = text.find(stream.begins)
    while start != -1:
        try:
            document, end = records.parsed_from(text, start)
        except UnreadableFile as error:
            raise UnreadableFile(
                f"the object {stream.begins!r} in the page's scripts is cut short or broken ({error}): download it again"
            ) from error
        found.append(document)
        start = text.find(stream.begins, end)
    if not found:
        raise UnreadableFile(
            f"the page's scripts pass no object on that begins with {stream.begins!r} ({stream.function}): download it "
            "again; if it is whole, the registry publishes in another way"
        )
    return found


def of_those_that_fit(objects: list[records.Document], read: Callable[[records.Document], T]) -> list[T]:
    """What is read of each object that can be read. Raises the `UnreadableFile` of the first one where none can."""
    read_of, errors = [], []
    for document in objects:
        try:
            read_of.append(read(document))
        except UnreadableFile as error:
            errors.append(error)
    if not read_of:
        raise errors[0]
    return read_of


def _pieces(scripts: Sequence[str], function: str) -> Iterator[str]:
    """The texts in all calls of a function."""
    call = re.compile(re.escape(function) + r"\s*\(\s*")
    for script in scripts:
        found = call.search(script)
        while found:
            try:
                argument, end = JSONDecoder().raw_decode(script, found.end())
            except (JSONDecodeError, RecursionError) as error:
                raise UnreadableFile(
                    f"a call of {function} in the page's scripts is cut short or no JSON: download it again"
                ) from error
            parts = argument if isinstance(argument, list) else [argument]
            yield from (part for part in parts if isinstance(part, str))
            found = call.search(script, end)


# --- rows of a table --------------------------------------------------------------------------------------------------


@dataclass
class _Row:
    """A row below the header: its text by column, from 0; `more`: what its links and continuing rows say, by name of the
    column. `fault`: why it is no record, if so."""

    number: int
    texts: dict[int, str]
    more: dict[str, str] = field(default_factory=dict)
    fault: str | None = None


def read_table(page: Page, required: Sequence[Sequence[str]], shape: HtmlTable) -> RawTable:
    """The rows of a table of the page that has the required columns, counted from 1 with its header and continuing rows.

    A cell over several rows belongs to each of them, one over several columns to the first. What is no record is a bad row.
    Raises `UnreadableFile`.
    """
    grid = list(_grid(page, shape.number))
    extra = _extra_names(shape)
    candidates = [_names(row) for row in grid[:HEADER_SEARCH]]
    place = next((n for n, names in enumerate(candidates) if not missing_columns(required, names + extra)), None)
    if place is None:
        raise no_header(required, [names + extra for names in candidates])
    header = candidates[place]
    rows = _rows(grid[place + 1 :], len(header), shape)
    sound = [row for row in rows if row.fault is None]
    more = list(dict.fromkeys([*extra, *(name for row in sound for name in row.more)]))
    columns = [[row.texts.get(column, "") for row in sound] for column in range(len(header))]
    columns += [[row.more.get(name, "") for row in sound] for name in more]
    table = pa.table(
        {f"c{i}": pa.array(cells, pa.string()) for i, cells in enumerate(columns)}
        | {LINE: pa.array([row.number for row in sound], pa.int64())}
    )
    bad = tuple(
        BadRow(row.number, " | ".join([*row.texts.values(), *row.more.values()]), row.fault)
        for row in rows
        if row.fault
    )
    return named(table, header + more, bad)


def leading_rows(page: Page, shape: HtmlTable) -> list[list[str]]:
    """The rows that may be the header. Raises `UnreadableFile`."""
    return [_names(row) + _extra_names(shape) for row in list(_grid(page, shape.number))[:HEADER_SEARCH]]


def _extra_names(shape: HtmlTable) -> list[str]:
    """Columns that no header names."""
    names = [name for continuation in shape.continues for name in continuation.names]
    return [*([shape.link] if shape.link else []), *names]


@dataclass(frozen=True)
class _GridRow:
    """A row of the table: its text by column, from 0; the cells that are its own, each with its column; all of its links."""

    number: int
    texts: dict[int, str]
    own: list[tuple[int, _Cell]]
    links: list[str]


def _grid(page: Page, number: int) -> Iterator[_GridRow]:
    if number > len(page.tables):
        raise UnreadableFile(f"the page has {len(page.tables)} tables, and its rows should be in number {number}")
    table = page.tables[number - 1]
    if not table.is_closed:
        raise UnreadableFile("the page ends within its table: download it again")
    spanning: dict[int, tuple[int, str, list[str]]] = {}  # column -> the last row of the cell, its text, its links
    filled = 0
    for place, cells in enumerate(table.rows, 1):
        if not cells:
            continue
        spanning = {column: cell for column, cell in spanning.items() if cell[0] >= place}
        filled += len(spanning) + sum(cell.columns for cell in cells)
        if filled > page.letters:  # each row takes more letters than it fills places, unless its cells span without end
            raise UnreadableFile(
                "the cells of its table span more rows and columns than the page has letters, which no table does"
            )
        texts = {column: text for column, (_, text, _) in spanning.items()}
        links = [href for _, _, hrefs in spanning.values() for href in hrefs]
        own = []
        column = 0
        for cell in cells:
            while column in texts:
                column += 1
            own.append((column, cell))
            links += cell.links
            for further in range(column, column + cell.columns):
                if further not in texts:  # a cell that spans rows stays where another one would overlap it
                    texts[further] = cell.text if further == column else ""
                    if cell.rows > 1:
                        spanning[further] = (place + cell.rows - 1, texts[further], cell.links)
        yield _GridRow(place, texts, own, links)


def _names(row: _GridRow) -> list[str]:
    return [row.texts.get(column, "") for column in range(max(row.texts) + 1)]


def _rows(grid: Sequence[_GridRow], width: int, shape: HtmlTable) -> list[_Row]:
    rows: list[_Row] = []
    for row in grid:
        continuation = next((c for c in shape.continues if row.texts.get(c.column - 1, "").startswith(c.has)), None)
        if continuation and rows:
            _continue(rows[-1], row, continuation)
        elif continuation:
            fault = f"it begins with {continuation.has!r} and continues no record"
            rows.append(_Row(row.number, row.texts, fault=fault))
        elif row.links or any(row.texts.values()):
            rows.append(_record(row, width, shape.link))
    return rows


def _record(row: _GridRow, width: int, link: str | None) -> _Row:
    record = _Row(row.number, row.texts)
    filled = max((column + 1 for column, text in row.texts.items() if text), default=0)
    if filled > width or max(row.texts) + 1 < width:
        record.fault = f"the row has {max(row.texts) + 1} cells where the header has {width}"
    elif link:
        values = {value for href in row.links for value in parse_qs(_query(href)).get(link, [])}
        if len(values) == 1:
            record.more[link] = values.pop()
        else:
            record.fault = f"the row has {len(values) or 'no'} links with {link!r}, and a record has one"
    return record


def _query(href: str) -> str:
    try:
        return urlsplit(href).query
    except ValueError:  # brackets that are no address
        return ""


def _continue(record: _Row, row: _GridRow, continuation: Continuation) -> None:
    for place, (column, cell) in enumerate(row.own):
        text = cell.text
        if column == continuation.column - 1:
            text = text.removeprefix(continuation.has).lstrip()
        is_named = place < len(continuation.names)
        name = continuation.names[place] if is_named else f"{continuation.has} (cell {place + 1})"
        if name in record.more:
            record.fault = record.fault or f"two rows continue it with {name!r}"
            name = f"{name} (row {row.number})"
        record.more[name] = text
