"""What a reader gives: a table of text with its header and the rows that could not be split, or why there is none.

How one format is read belongs in the module of that format.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from carbon_assets.base.settings import Limits

LINE = "__line"
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
    `__line` is another number in each row. `delimiter`: what separates its cells; None for formats whose cells have types.
    `records`: how many the file holds, which are not its rows where lists in them were exploded; None: as many as it has
    rows and bad rows. `stated_rows`, `stated_sum`: what the file itself states of its records and tonnes, as written.
    `layout`: in which of several forms the table is published there, for who reads it so.
    """

    rows: pa.Table
    header: dict[str, str]
    twins: frozenset[str] = frozenset()
    bad_rows: tuple[BadRow, ...] = field(default=())
    delimiter: str | None = None
    layout: str | None = None
    records: int | None = None
    stated_rows: str | None = None
    stated_sum: str | None = None


_UNSEEN = dict.fromkeys(
    [*map(ord, "\u200b\u2060\ufeff"), *(code for code in (*range(32), *range(127, 160)) if not chr(code).isspace())]
)
"""The zero-width blank, the word joiner, the byte order mark and control characters, which nobody sees in a name."""

_NOT_IN_TEXT = dict.fromkeys(map(ord, "\0\ufeff"))
"""What no column's name keeps: no text in SQL can hold a NUL."""

MAX_LETTERS_OF_A_NAME = 1_000
"""Of a column: what comes after tells no name from another. A quote that is never closed makes one cell of a whole file."""


def header_key(name: str) -> str:
    """A column name without the differences that no registry means: case, repeated blanks, width, marks that nobody sees.

    >>> header_key("Status Effective  (GMT) ")
    'status effective (gmt)'
    """
    seen = unicodedata.normalize("NFKC", name[:MAX_LETTERS_OF_A_NAME]).translate(_UNSEEN)
    return " ".join(seen.split()).casefold()


def missing_columns(required: Iterable[Sequence[str]], header: Iterable[str]) -> list[str]:
    """The first name of each required column of which no accepted name is in `header`."""
    keys = {header_key(name) for name in header}
    return [names[0] for names in required if not keys & _keys(tuple(names))]


@lru_cache
def _keys(names: tuple[str, ...]) -> frozenset[str]:
    """The keys of accepted names. Each of the first rows of a file is held against the same ones, once per delimiter."""
    return frozenset(header_key(name) for name in names)


def no_header(
    required: Sequence[Sequence[str]], candidates: Iterable[Sequence[str]], where: str = ""
) -> UnreadableFile:
    """That none of the candidates is the header: what the nearest one lacks. `where`: what was searched, if it has a name."""
    best = min(candidates, key=lambda row: (len(missing_columns(required, row)), -len(row)), default=())
    missing = ", ".join(repr(name) for name in missing_columns(required, best))
    found = _shown([name for name in best if name.strip()]) or "nothing"
    expected = ", ".join(repr(names[0]) for names in required)
    return UnreadableFile(f"{where}missing column {missing}; expected {expected}; found {found}")


MAX_NAMES_SHOWN = 100
MAX_LETTERS_OF_A_NAME_SHOWN = 100


def _shown(names: Sequence[str]) -> str:
    """Names for a person to read, of which a file can have thousands, and each of a whole page."""
    shown = [
        repr(name) if len(name) <= MAX_LETTERS_OF_A_NAME_SHOWN else f"{name[:MAX_LETTERS_OF_A_NAME_SHOWN]!r}..."
        for name in names[:MAX_NAMES_SHOWN]
    ]
    return ", ".join(shown) + (f" and {len(names) - MAX_NAMES_SHOWN:,} more" if len(names) > MAX_NAMES_SHOWN else "")


def check_columns(count: int) -> None:
    """Raises `UnreadableFile` for more columns than are read."""
    most = Limits.from_environment().max_columns
    if count > most:
        raise UnreadableFile(f"its header has {count:,} columns, and at most {most:,} are read (CARBON_MAX_COLUMNS)")


def named(rows: pa.Table, names: list[str], bad_rows: tuple[BadRow, ...]) -> RawTable:
    """Give the columns their keys; drop blank lines and nameless columns without content, set aside rows with a cell that is too
    long. Raises `UnreadableFile` for too many columns."""
    check_columns(len(names))
    rows, too_long = _without_long_cells(rows, names, Limits.from_environment().max_cell_bytes)
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
        if key in header or _is_ours(key):
            key = f"{key} (column {index + 1})"
        header[key] = name.translate(_NOT_IN_TEXT)
        keep[key] = column
    table = _without_blank_rows(pa.table({**keep, LINE: rows.column(LINE)}))
    return RawTable(table, header, frozenset(twins), tuple(sorted((*bad_rows, *too_long), key=lambda row: row.line)))


def _is_ours(key: str) -> bool:
    """Whether a column's key is one that the code puts beside those of the file."""
    return key.startswith("__") or key == "row_hash"


def _without_long_cells(rows: pa.Table, names: list[str], max_bytes: int) -> tuple[pa.Table, list[BadRow]]:
    """The rows whose cells are not too long, and the others."""
    is_long = None
    for index in range(len(names)):
        lengths = pc.binary_length(rows.column(index))
        if (pc.max(lengths).as_py() or 0) > max_bytes:
            long = pc.greater(lengths, max_bytes)
            is_long = long if is_long is None else pc.or_(is_long, long)
    if is_long is None:
        return rows, []
    bad = [_too_long(row, max_bytes) for row in rows.filter(is_long).to_pylist()]
    return rows.filter(pc.invert(is_long)), bad


_MAX_LETTERS_SHOWN = 200


def _too_long(row: dict, max_bytes: int) -> BadRow:
    text = ",".join(str(cell)[:_MAX_LETTERS_SHOWN] for name, cell in row.items() if name != LINE)
    return BadRow(row[LINE], text, f"a cell holds more than {max_bytes:,} bytes (CARBON_MAX_CELL_KB)")


def _without_blank_rows(rows: pa.Table) -> pa.Table:
    filled = None
    for name in rows.column_names:
        if name != LINE:
            has_text = pc.not_equal(pc.utf8_trim_whitespace(rows.column(name)), "")
            filled = has_text if filled is None else pc.or_(filled, has_text)
    return rows if filled is None else rows.filter(filled)
