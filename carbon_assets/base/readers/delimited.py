"""Delimited text as a table of text: its delimiter, its header row, its rows with the line on which each begins.

What a row says whose quotes break the rules belongs in `quoting.py`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from carbon_assets.base.readers import quoting
from carbon_assets.base.readers.quoting import Form
from carbon_assets.base.readers.tables import (
    HEADER_SEARCH,
    LINE,
    BadRow,
    RawTable,
    check_columns,
    header_key,
    missing_columns,
    named,
    no_header,
)

csv.field_size_limit(2**31 - 1)  # the module's own limit, 128 kB, is below what registries write into descriptions

DELIMITERS = ",\t;|"
_QUOTE_WITHIN_TEXT = r'(?<![{0}"])(?<!^)"(?![{0}"\r]|$)|(?:^|(?<={0}))""(?![{0}"\r]|$)'
"""A quote, or two of them that are a whole cell, with text after it: by the rules a cell ends there."""
_LONE_RETURN = re.compile("\r(?!\n)")


def read_delimited(text: str, required: Sequence[Sequence[str]], surplus_cells: str | None) -> RawTable:
    """The rows below the first record that has the required columns. Raises `UnreadableFile`."""
    header = header_where(text, lambda names: not missing_columns(required, names))
    if header is None:
        raise no_header(required, leading_rows(text))
    return split(text, header, surplus_cells)


def leading_rows(text: str) -> list[list[str]]:
    """The first records, as each delimiter splits them."""
    return [header.names for header in _leading_records(text)]


@dataclass(frozen=True)
class Header:
    """A record of names, of the lines from `first_line`, counted from 0, up to and without `end_line`."""

    delimiter: str
    names: list[str]
    first_line: int
    end_line: int


def header_where(text: str, is_header: Callable[[list[str]], bool]) -> Header | None:
    """The first of the leading records that is a header."""
    return next((header for header in _leading_records(text) if is_header(header.names)), None)


def _leading_records(text: str) -> Iterator[Header]:
    """The first records, as each delimiter splits them."""
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        first_line = 0
        for names in islice(reader, HEADER_SEARCH):
            yield Header(delimiter, names, first_line, reader.line_num)
            first_line = reader.line_num


def titles(text: str, header: Header) -> str:
    """What stands above the header."""
    return "".join(islice(io.StringIO(text, newline=""), header.first_line))


def split(text: str, header: Header, surplus_cells: str | None) -> RawTable:
    """The rows below a header. Raises `UnreadableFile`."""
    delimiter, names, header_lines = header.delimiter, header.names, header.end_line
    check_columns(len(names))  # before rows are split by them
    body = "".join(islice(io.StringIO(text, newline=""), header_lines, None)).replace("\x00", "")
    keys = [header_key(name) for name in names]
    surplus = header_key(surplus_cells or "")
    form = Form(
        delimiter,
        width=len(names),
        named=max(index for index, key in enumerate(keys, 1) if key),
        surplus=keys.index(surplus) if surplus and surplus in keys else None,
    )
    if _most_rows_end_with_a_delimiter(body, form):
        form = replace(form, width=form.width + 1)
    rows, bad = _parse(
        body, header_lines + 1, form, _Effort(MAX_TIMES_SPLIT * len(body) + MIN_SPLITS * LETTERS_OF_A_SPLIT)
    )
    names = names + [""] * (form.width - len(names))
    raw = named(rows.sort_by(LINE), names, tuple(sorted(bad, key=lambda row: row.line)))
    return replace(raw, delimiter=delimiter)


def _most_rows_end_with_a_delimiter(body: str, form: Form) -> bool:
    """Whether more rows than not have one cell too many, a blank one: APX exports end every line with a comma, some of their
    headers lack theirs."""
    ends = body.count(f"{form.delimiter}\n") + body.count(f"{form.delimiter}\r\n")
    if form.width > form.named or 2 * ends <= body.count("\n"):
        return False
    fitting, rejected = _records(body, form)
    wider = replace(form, width=form.width + 1)
    too_wide = sum(
        row.actual_columns == wider.width and len(quoting.strict(row.text, form) or []) == wider.width
        for row in rejected
        if row.text.rstrip("\r\n").endswith(form.delimiter)
    )
    return too_wide > len(fitting)


MAX_TIMES_SPLIT, MIN_SPLITS = 10, 100
"""How often the letters of a file are split again at most, and how many texts of a file may be. Each record that may have swallowed
others is split again without its first line, and each in it again: 1,080 lines that end in three quotes took ten CPU seconds."""
LETTERS_OF_A_SPLIT = 100_000
"""To split a text takes as long as for so many letters, however short it is: 7 ms."""


@dataclass
class _Effort:
    """How many letters may be split again."""

    letters: int

    def covers(self, text: str) -> bool:
        """Whether a text may be, which is taken off."""
        self.letters -= max(len(text), LETTERS_OF_A_SPLIT)
        return self.letters >= 0


@dataclass(frozen=True)
class _Odd:
    """A record that does not fit, or whose quotes break the rules. `place`: its row in the table, if it is one there."""

    row: BadRow
    place: int | None = None

    @property
    def next_line(self) -> int:
        return self.row.line + 1 + self.row.text.count("\n")


def _parse(body: str, first_line: int, form: Form, effort: _Effort) -> tuple[pa.Table, list[BadRow]]:
    """Split `body` into the columns of `form` and give every row its line; rows that do not fit come back as text."""
    table, rejected = _records(body, form)
    height = np.ones(len(table), dtype=np.int64)  # every row takes one line, and one more for each newline in its cells
    for column in table.columns if len(table) else ():  # of thousands of columns none is asked where there is no row
        height += pc.count_substring(column, "\n").to_numpy()
    lines = body.split("\n")
    counted = int(height.sum()) + sum(1 + row.text.count("\n") for row in rejected)
    if counted != len(lines) - (lines[-1] == "") and _LONE_RETURN.search(body):  # lines end in more than one way
        return _parse(_LONE_RETURN.sub("\n", body), first_line, form, effort)
    table, odd = _with_lines(table, height, rejected, first_line)
    odd += _sloppily_quoted(table, height, lines, first_line, form, before=[record.row.line for record in odd])
    return _mended(table, sorted(odd, key=lambda record: record.row.line), form, effort)


def _records(body: str, form: Form) -> tuple[pa.Table, list[pa.csv.InvalidRow]]:
    """The records of the form's width, and all others."""
    columns = [f"c{i}" for i in range(form.width)]
    data = body.removeprefix("\ufeff").encode()
    rejected: list[pa.csv.InvalidRow] = []

    def reject(row: pa.csv.InvalidRow) -> str:
        rejected.append(row)
        return "skip"

    if not data:
        return pa.table({name: pa.array([], pa.string()) for name in columns}), []
    table = pa.csv.read_csv(
        pa.BufferReader(data),
        read_options=pa.csv.ReadOptions(use_threads=False, column_names=columns, block_size=len(data) + 1),
        parse_options=pa.csv.ParseOptions(
            delimiter=form.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=reject
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )
    return table, rejected


def _with_lines(
    table: pa.Table, height: np.ndarray, rejected: list[pa.csv.InvalidRow], first_line: int
) -> tuple[pa.Table, list[_Odd]]:
    """Add the line on which each row begins, and say it of the rejected rows too."""
    records = len(table) + len(rejected)
    numbers = [row.number - 1 for row in rejected]  # counted from 1, good rows included
    kept = np.ones(records, dtype=bool)
    kept[numbers] = False
    lines = np.empty(records, dtype=np.int64)
    lines[kept] = height
    lines[numbers] = [1 + row.text.count("\n") for row in rejected]
    starts = first_line + np.cumsum(lines) - lines
    odd = [
        _Odd(
            BadRow(
                int(starts[number]),
                row.text,
                f"the row has {row.actual_columns} cells where the header has {row.expected_columns}",
            )
        )
        for number, row in zip(numbers, rejected, strict=True)
        if row.text.strip()
    ]
    return table.append_column(LINE, pa.array(starts[kept], pa.int64())), odd


def _sloppily_quoted(
    table: pa.Table, height: np.ndarray, lines: list[str], first_line: int, form: Form, before: list[int]
) -> list[_Odd]:
    """Rows that break the rules of quoting, though they have the right number of cells.

    Such a row may have lost quotes or swallowed the rows after it. A quote of it is left in a cell, unless text follows the quote
    that closes a cell, the cell spans lines, the file ends within it, or its rest stands in one of the lines `before` which a row
    ends, and which is none.
    """
    suspect = height > 1
    for name in table.column_names if len(table) else ():
        if name != LINE:
            suspect |= pc.match_substring(table.column(name), '"').to_numpy()
    suspect[-1:] = True
    starts = table.column(LINE).to_numpy() - first_line
    suspect |= np.isin(starts + height + first_line, before)
    broken = re.compile(_QUOTE_WITHIN_TEXT.format(re.escape(form.delimiter)))
    breaks = np.array([0, *('"' in line and broken.search(line) is not None for line in lines)]).cumsum()
    suspect |= breaks[starts + height] > breaks[starts]
    odd = []
    for place in np.flatnonzero(suspect):
        text = "\n".join(lines[starts[place] : starts[place] + height[place]])
        if quoting.strict(text, form) is None:
            odd.append(_Odd(BadRow(int(starts[place]) + first_line, text, quoting.UNDOUBLED), int(place)))
    return odd


def _mended(table: pa.Table, odd: list[_Odd], form: Form, effort: _Effort) -> tuple[pa.Table, list[BadRow]]:
    """The table with the odd records that say their cells in one way, and the others as bad rows."""
    kept = np.ones(len(table), dtype=bool)
    kept[[record.place for record in odd if record.place is not None]] = False
    tables = [table.filter(pa.array(kept))]
    bad: list[BadRow] = []
    alone: list[_Odd] = []
    for record in odd:
        first, rest, is_certain = _cut(record.row.text, form)
        line = record.row.line + 1 + first.count("\n")
        swallowed: pa.Table | None = None
        swallowed_bad: list[BadRow] = []
        if not is_certain and _may_fit(rest, form):
            is_certain = not effort.covers(rest)  # then its lines are looked at one by one, once
            swallowed, swallowed_bad = (None, []) if is_certain else _parse(rest, line, form, effort)
        if (is_certain and rest) or (swallowed is not None and len(swallowed) > len(swallowed_bad)):
            tables += [swallowed] if swallowed else []
            bad += swallowed_bad
            record = _Odd(BadRow(record.row.line, first.rstrip("\r"), quoting.UNCLOSED))
        alone += [record, *(_records_within(rest, line, form) if is_certain else ())]
    rows, still_bad = _read_one_by_one(alone, form)
    return pa.concat_tables([*tables, _table_of(rows, table.schema)]), bad + still_bad


def _may_fit(text: str, form: Form) -> bool:
    """Whether any record in a text can have as many cells as the header has names. To split it by thousands of columns takes long."""
    return bool(text) and text.count(form.delimiter) >= form.named - 1


def _records_within(text: str, line: int, form: Form) -> Iterator[_Odd]:
    """The records in a text that another one swallowed, in a file that quotes its cells. To split it as a file again would go one
    level deeper with each record that does not close, and look at each line as often as there are such before it."""
    lines = text.split("\n") if text else []
    start = 0
    while start < len(lines):
        end = _end_of_record(lines, start, form)
        record = "\n".join(lines[start:end])
        if record.strip():
            cells = len(quoting.strict(record, form) or [])
            reason = f"the row has {cells} cells where the header has {form.width}"
            yield _Odd(BadRow(line + start, record.rstrip("\r"), reason))
        start = end


def _end_of_record(lines: list[str], start: int, form: Form) -> int:
    """Before which line the record ends that begins in a line: where it fits by the rules, else where the next one begins."""
    for end in range(start + 1, min(len(lines), start + MAX_LINES_OF_A_MENDED_ROW) + 1):
        cells = quoting.strict("\n".join(lines[start:end]), form)
        if cells is not None:
            if end == start + 1 or form.fitted(cells) is not None:
                return end
            break
    if not quoting.quotes_first_cells(lines[start], form):
        return start + 1
    begins = (n for n in range(start + 1, len(lines)) if quoting.quotes_first_cells(lines[n], form))
    return next(begins, len(lines))


def _cut(text: str, form: Form) -> tuple[str, str, bool]:
    """A record and what it may have swallowed, and whether it surely has: a line that begins as a record of quoted cells does.
    In a file that does not quote all cells any line may be a record. One that fits by the rules has swallowed nothing."""
    if form.fitted(quoting.strict(text, form)) is not None:
        return text, "", False
    if not quoting.quotes_first_cells(text, form):
        first, _, rest = text.partition("\n")
        return first, rest if rest.strip() else "", False
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if n and quoting.quotes_first_cells(line, form)), len(lines))
    return "\n".join(lines[:start]), "\n".join(lines[start:]), True


def _read_one_by_one(odd: list[_Odd], form: Form) -> tuple[dict[int, list[str]], list[BadRow]]:
    """The cells of odd records that can be read, by line, and the others as bad rows.

    A record may go on in the next ones, where a quote within a cell was taken for its end before a line end.
    """
    rows: dict[int, list[str]] = {}
    bad: list[BadRow] = []
    place = 0
    while place < len(odd):
        record = odd[place]
        cells, used = _joined(odd, place, form)
        if used == 1 and quoting.strict(record.row.text, form) is None and _goes_on(odd, place, form):
            cells = None  # what follows may be the rest of its last cell
        elif cells is None:
            cells = quoting.all_quoted(record.row.text, form)
        if cells is None:
            bad.append(_as_bad(record.row, form))
        else:
            rows[record.row.line] = cells
        place += used
    return rows, bad


MAX_LINES_OF_A_MENDED_ROW = 20
"""A row whose inner quotes are not doubled is looked for in so many lines: notes of registries have fewer."""


def _joined(odd: list[_Odd], place: int, form: Form) -> tuple[list[str] | None, int]:
    """The cells of a record, alone or with those that follow it line by line, and of how many records they are."""
    record = odd[place]
    by_rule = quoting.strict(record.row.text, form)
    if by_rule is not None:
        return form.fitted(by_rule), 1
    text = record.row.text
    for used in range(1, MAX_LINES_OF_A_MENDED_ROW + 1):
        if cells := quoting.paired(text, form):
            return cells, used
        if not _goes_on(odd, place + used - 1, form) or not quoting.quotes_first_cells(text, form):
            break
        text = f"{text}\n{odd[place + used].row.text}"
    return None, 1


def _goes_on(odd: list[_Odd], place: int, form: Form) -> bool:
    """Whether the next line is the rest of a record rather than one that begins with quoted cells."""
    if place + 1 >= len(odd) or odd[place + 1].row.line != odd[place].next_line:
        return False
    return not quoting.quotes_first_cells(odd[place + 1].row.text, form)


def _as_bad(row: BadRow, form: Form) -> BadRow:
    """A row that cannot be read, with the reason that its quotes give, if they do."""
    if quoting.strict(row.text, form) is not None:
        return row
    return BadRow(row.line, row.text, quoting.UNCLOSED if quoting.never_closes(row.text, form) else quoting.UNDOUBLED)


def _table_of(rows: dict[int, list[str]], schema: pa.Schema) -> pa.Table:
    if not rows:
        return schema.empty_table()
    columns = [*zip(*rows.values(), strict=True), list(rows)]
    return pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema)
