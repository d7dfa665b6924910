"""One published file becomes one table of text: every cell as written, every row with its line.

Encodings, delimiters, header rows, compression and file formats end here. What a cell means does not belong here
(`cells.sql`), nor which column holds what (`configs/registries/`).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

csv.field_size_limit(2**31 - 1)  # the module's own limit, 128 kB, is below what registries write into descriptions

LINE = "__line"
DELIMITERS = ",\t;|"
HEADER_SEARCH = 30
"""How many leading rows may stand before the header (titles, notes)."""


class UnreadableFile(Exception):
    """The file as a whole cannot be used; the message says what is wrong with it and what was expected."""


@dataclass(frozen=True)
class BadRow:
    """A row that could not be split into the header's columns."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class RawTable:
    """`rows` has one string column per header name (as `header_key` writes it) and the int64 column `__line`.

    `header` maps each of those keys to the name in the file. `twins` are keys that the file gives to several columns.
    """

    rows: pa.Table
    header: dict[str, str]
    twins: frozenset[str] = frozenset()
    bad_rows: tuple[BadRow, ...] = field(default=())


def header_key(name: str) -> str:
    """A column name without the differences that no registry means: case, repeated blanks, width, a BOM.

    >>> header_key("Status Effective  (GMT) ")
    'status effective (gmt)'
    """
    return " ".join(unicodedata.normalize("NFKC", name).replace("\ufeff", "").split()).casefold()


def read(name: str, content: bytes, required: Sequence[Sequence[str]], sheet: str | None = None) -> RawTable:
    """Read the file `name` with the bytes `content`.

    `required` lists the columns that the header must hold, each with its accepted names; it is also how the header
    row, the delimiter and the sheet are found. Raises `UnreadableFile`.
    """
    content = _decompressed(name, content)
    if not content.strip():
        raise UnreadableFile("the file is empty")
    suffix = "." + name.lower().removesuffix(".gz").rpartition(".")[2]
    if suffix == ".xlsx":
        return _read_workbook(content, required, sheet)
    text = _decoded(content)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if re.match(r"\s*<(!doctype|html|\?xml)", text[:500], re.IGNORECASE):
        title = re.search(r"<title>(.*?)</title>", text[:5000], re.IGNORECASE | re.DOTALL)
        said = f" titled {title.group(1).strip()!r}" if title else ""
        raise UnreadableFile(f"the file is a web page{said}, not a table: download it again")
    if suffix in (".json", ".geojson"):
        return _read_json(text, required)
    return _read_delimited(text, required)


def missing_columns(required: Iterable[Sequence[str]], header: Iterable[str]) -> list[str]:
    """The first name of each required column of which no accepted name is in `header`."""
    keys = {header_key(name) for name in header}
    return [names[0] for names in required if not keys & {header_key(name) for name in names}]


def _decompressed(name: str, content: bytes) -> bytes:
    if not name.lower().endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise UnreadableFile(f"the gzip file is damaged or cut short ({error}): download it again") from error


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


def _no_header(required: Sequence[Sequence[str]], candidates: Iterable[Sequence[str]]) -> UnreadableFile:
    best = min(candidates, key=lambda row: (len(missing_columns(required, row)), -len(row)), default=())
    missing = ", ".join(repr(name) for name in missing_columns(required, best))
    found = ", ".join(repr(name) for name in best if name.strip()) or "nothing"
    expected = ", ".join(repr(names[0]) for names in required)
    return UnreadableFile(f"missing column {missing}; expected {expected}; found {found}")


def _read_delimited(text: str, required: Sequence[Sequence[str]]) -> RawTable:
    candidates = []
    for delimiter in DELIMITERS:
        for names, lines in _leading_records(text, delimiter):
            if not missing_columns(required, names):
                return _split(text, delimiter, names, lines)
            candidates.append(names)
    raise _no_header(required, candidates)


def _leading_records(text: str, delimiter: str) -> Iterator[tuple[list[str], int]]:
    """The first records and how many lines end with each."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for names in islice(reader, HEADER_SEARCH):
        yield names, reader.line_num


def _split(text: str, delimiter: str, names: list[str], header_lines: int) -> RawTable:
    body = "".join(islice(io.StringIO(text, newline=""), header_lines, None)).replace("\x00", "")
    width = len(names)
    if _every_line_ends_with_a_delimiter(body, delimiter, width):
        width += 1
    rows, bad = _parse(body, header_lines + 1, delimiter, width)
    named = max(index for index, name in enumerate(names, 1) if name.strip())
    rows, bad = _with_padded_rows(rows, bad, delimiter, named, width)
    return _named(rows.sort_by(LINE), names + [""] * (width - len(names)), tuple(sorted(bad, key=lambda row: row.line)))


def _every_line_ends_with_a_delimiter(body: str, delimiter: str, width: int) -> bool:
    """APX exports end every line with a comma; some headers lack theirs."""
    first = next(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter), [])
    return len(first) == width + 1 and not first[-1].strip()


def _parse(body: str, first_line: int, delimiter: str, width: int) -> tuple[pa.Table, list[BadRow]]:
    """Split `body` into `width` columns and give every row its line; rows that do not fit come back as text."""
    columns = [f"c{i}" for i in range(width)]
    data = body.encode()
    rejected: list[pa.csv.InvalidRow] = []

    def reject(row: pa.csv.InvalidRow) -> str:
        rejected.append(row)
        return "skip"

    if not data:
        nothing = {name: pa.array([], pa.string()) for name in columns}
        return pa.table({**nothing, LINE: pa.array([], pa.int64())}), []
    table = pa.csv.read_csv(
        pa.BufferReader(data),
        read_options=pa.csv.ReadOptions(use_threads=False, column_names=columns, block_size=len(data) + 1),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=reject
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )
    height = np.ones(len(table), dtype=np.int64)  # every row takes one line, and one more for each newline in its cells
    for column in table.columns:
        height += pc.count_substring(column, "\n").to_numpy()
    table, bad = _with_lines(table, height, rejected, first_line)
    sloppy = _sloppily_quoted(table, height, body, first_line, delimiter)
    return _with_swallowed_lines(table, bad, sloppy, delimiter, width)


def _with_lines(
    table: pa.Table, height: np.ndarray, rejected: list[pa.csv.InvalidRow], first_line: int
) -> tuple[pa.Table, list[BadRow]]:
    """Add the line on which each row begins, and say it of the rejected rows too."""
    records = len(table) + len(rejected)
    numbers = [row.number - 1 for row in rejected]  # counted from 1, good rows included
    kept = np.ones(records, dtype=bool)
    kept[numbers] = False
    lines = np.empty(records, dtype=np.int64)
    lines[kept] = height
    lines[numbers] = [1 + row.text.count("\n") for row in rejected]
    starts = first_line + np.cumsum(lines) - lines
    bad = [
        BadRow(
            int(starts[number]),
            row.text,
            f"the row has {row.actual_columns} cells where the header has {row.expected_columns}",
        )
        for number, row in zip(numbers, rejected, strict=True)
        if row.text.strip()
    ]
    return table.append_column(LINE, pa.array(starts[kept], pa.int64())), bad


def _sloppily_quoted(
    table: pa.Table, height: np.ndarray, body: str, first_line: int, delimiter: str
) -> dict[int, BadRow]:
    """Rows, by place, that span lines and break the rules of quoting, and a last row that ends within a quote.

    Such a row may have swallowed the rows after it: its quote closed where a later cell's was meant to open.
    """
    suspects = {int(place) for place in np.flatnonzero(height > 1)} | ({len(table) - 1} if len(table) else set())
    lines = body.split("\n") if suspects else []
    starts = table.column(LINE).to_numpy() - first_line
    sloppy = {}
    for place in suspects:
        text = "\n".join(lines[starts[place] : starts[place] + height[place]])
        try:
            next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), None)
        except csv.Error as error:
            if height[place] > 1 or "end of data" in str(error):
                sloppy[place] = BadRow(int(starts[place]) + first_line, text, _UNCLOSED)
    return sloppy


_UNCLOSED = "a quote opens in this line and does not close in it"


def _with_swallowed_lines(
    table: pa.Table, bad: list[BadRow], sloppy: dict[int, BadRow], delimiter: str, width: int
) -> tuple[pa.Table, list[BadRow]]:
    """Where most of the lines that a row swallowed are rows, its first line alone is bad, and they are read as rows.

    A sloppily quoted row that swallowed none stays a row, unless the file ends within its quote.
    """
    tables, still_bad, removed = [], [], []
    for place, row in [*((None, row) for row in bad), *sloppy.items()]:
        first, _, rest = row.text.partition("\n")
        swallowed, swallowed_bad = _parse(rest, row.line + 1, delimiter, width) if rest.strip() else (None, [])
        if swallowed is not None and len(swallowed) > len(swallowed_bad):
            tables.append(swallowed)
            still_bad += [BadRow(row.line, first.rstrip("\r"), _UNCLOSED), *swallowed_bad]
        elif place is None or not rest.strip():
            still_bad.append(row)
        else:
            continue
        removed.append(place)
    kept = np.ones(len(table), dtype=bool)
    kept[[place for place in removed if place is not None]] = False
    return pa.concat_tables([table.filter(pa.array(kept)), *tables]), still_bad


def _with_padded_rows(
    table: pa.Table, bad: list[BadRow], delimiter: str, named: int, width: int
) -> tuple[pa.Table, list[BadRow]]:
    """Rows that lack only nameless cells, or have only blank ones too many, are whole."""
    padded: list[list[str]] = []
    lines: list[int] = []
    still_bad = []
    for row in bad:
        cells = next(csv.reader(io.StringIO(row.text, newline=""), delimiter=delimiter))
        if row.reason != _UNCLOSED and len(cells) >= named and not any(cell.strip() for cell in cells[named:]):
            padded.append((cells + [""] * width)[:width])
            lines.append(row.line)
        else:
            still_bad.append(row)
    if padded:
        columns = [*zip(*padded, strict=True), lines]
        whole = pa.table(dict(zip(table.column_names, columns, strict=True)), schema=table.schema)
        table = pa.concat_tables([table, whole])
    return table, still_bad


def _named(rows: pa.Table, names: list[str], bad_rows: tuple[BadRow, ...]) -> RawTable:
    """Give the columns their keys; drop blank lines and nameless columns without content."""
    header: dict[str, str] = {}
    keep: dict[str, pa.ChunkedArray] = {}
    twins: set[str] = set()
    for index, name in enumerate(names):
        key = header_key(name)
        column = rows.column(index)
        if not key:
            if not any(cell.strip() for cell in column.unique().to_pylist()):
                continue
            key = name = f"column {index + 1}"
        if key in header:
            twins.add(key)
            key = f"{key} (column {index + 1})"
        header[key] = name.replace("\ufeff", "")
        keep[key] = column
    table = _without_blank_rows(pa.table({**keep, LINE: rows.column(LINE)}))
    return RawTable(table, header, frozenset(twins), bad_rows)


def _without_blank_rows(rows: pa.Table) -> pa.Table:
    filled = None
    for name in rows.column_names:
        if name != LINE:
            has_text = pc.not_equal(pc.utf8_trim_whitespace(rows.column(name)), "")
            filled = has_text if filled is None else pc.or_(filled, has_text)
    return rows if filled is None else rows.filter(filled)


def _read_workbook(content: bytes, required: Sequence[Sequence[str]], sheet: str | None) -> RawTable:
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        names = [sheet] if sheet in book.sheetnames else book.sheetnames
        sheets = [
            [[_cell_text(value) for value in row] for row in book[name].iter_rows(values_only=True)] for name in names
        ]
    except Exception as error:  # openpyxl raises many kinds for one fact
        raise UnreadableFile(f"the workbook is damaged ({error}): download it again") from error
    candidates = []
    for cells in sheets:
        for index, row in enumerate(cells[:HEADER_SEARCH]):
            if not missing_columns(required, row):
                return _sheet_table(row, cells[index + 1 :], index + 2)
            candidates.append(row)
    raise _no_header(required, candidates)


def _sheet_table(header: list[str], cells: list[list[str]], first_row: int) -> RawTable:
    """A sheet's rows under its header; a sheet that does not say its size gives rows of any width."""
    width = max(map(len, [header, *cells]))
    padded = [(row + [""] * width)[:width] for row in cells]
    columns = list(zip(*padded, strict=True)) or [()] * width
    rows = pa.table(
        {f"c{i}": pa.array(column, pa.string()) for i, column in enumerate(columns)}
        | {LINE: pa.array(range(first_row, first_row + len(cells)), pa.int64())}
    )
    return _named(rows, header + [""] * (width - len(header)), ())


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _read_json(text: str, required: Sequence[Sequence[str]]) -> RawTable:
    """A list of objects, or an object that holds one, of several the longest; nested objects become columns `outer.inner`."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"the JSON is broken in line {error.lineno}, column {error.colno}: {error.msg}") from error
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = max(lists, key=len, default=None)
    if not isinstance(document, list) or not all(isinstance(record, dict) for record in document):
        raise UnreadableFile("the JSON is not a list of records")
    records = [dict(_flat(record)) for record in document]
    names = list(dict.fromkeys(name for record in records for name in record))
    if missing_columns(required, names):
        raise _no_header(required, [names])
    rows = pa.table(
        {f"c{i}": pa.array([r.get(name, "") for r in records], pa.string()) for i, name in enumerate(names)}
        | {LINE: pa.array(range(1, len(records) + 1), pa.int64())}
    )
    return _named(rows, names, ())


def _flat(record: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, json.dumps(value, ensure_ascii=False)
        else:
            yield prefix + name, "" if value is None else str(value)
