"""Rows of an Excel workbook as a table of text: which sheets hold them, all of their rows, none twice."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import openpyxl
import pyarrow as pa
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from carbon_assets.base.errors import in_words
from carbon_assets.base.readers.limits import check_archive
from carbon_assets.base.readers.tables import (
    HEADER_SEARCH,
    LINE,
    BadRow,
    RawTable,
    UnreadableFile,
    header_key,
    missing_columns,
    named,
    no_header,
)
from carbon_assets.base.settings import Limits

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\s(?:[^>]*?\s)?r="(\d+)"')


@dataclass(frozen=True)
class _Sheet:
    """Rows of text below a header; `uncounted`: row of the sheet -> its first cell whose formula has no stored value."""

    title: str
    header: list[str]
    cells: list[list[str]]
    first_row: int
    uncounted: dict[int, str]


class Workbook:
    """A workbook whose sheets are parsed once. Any exception may come out of a damaged one."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._cells: dict[str, list[list[str]]] = {}

    @cached_property
    def has_formulas(self) -> bool:
        """Whether any sheet holds a formula. Raises `ValueError` for rows that do not follow each other."""
        return _checked(self.content)

    @cached_property
    def book(self) -> openpyxl.Workbook:
        """The workbook, with values in the place of formulas."""
        check_archive(self.content, Limits.from_environment())
        return openpyxl.load_workbook(io.BytesIO(self.content), read_only=True, data_only=True)

    def cells(self, worksheet: ReadOnlyWorksheet) -> list[list[str]]:
        """All rows of a sheet."""
        if worksheet.title not in self._cells:
            self._cells[worksheet.title] = list(_rows(worksheet))
        return self._cells[worksheet.title]


def read_workbook(workbook: Workbook, required: Sequence[Sequence[str]], sheet: str | None) -> RawTable:
    """The rows of the sheet that is asked for; without one, of all sheets that have the required columns.

    Rows of a further sheet are counted on from the last line of the one before. Raises `UnreadableFile`, also where several
    sheets fit that are not one table.
    """
    try:
        fitting, candidates = _fitting(workbook, required, sheet)
    except UnreadableFile:
        raise
    except Exception as error:  # openpyxl raises many kinds for one fact
        raise _damaged(error) from error
    if not fitting:
        raise no_header(required, candidates)
    if len(fitting) > 1:
        _refuse_if_not_one_table(fitting, sheet)
    return _table(fitting)


def leading_rows(workbook: Workbook) -> list[list[str]]:
    """The first rows of every sheet. Raises `UnreadableFile`."""
    try:
        return [row for sheet in workbook.book.worksheets for row in workbook.cells(sheet)[:HEADER_SEARCH]]
    except UnreadableFile:
        raise
    except Exception as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> UnreadableFile:
    return UnreadableFile(f"the workbook is damaged ({in_words(error)}): download it again")


def _fitting(
    workbook: Workbook, required: Sequence[Sequence[str]], sheet: str | None
) -> tuple[list[_Sheet], list[list[str]]]:
    """The sheets with a header, and all rows that might have been one."""
    has_formulas, book = workbook.has_formulas, workbook.book
    is_asked = sheet in [worksheet.title for worksheet in book.worksheets]
    fitting: list[_Sheet] = []
    candidates: list[list[str]] = []
    for worksheet in book.worksheets:
        if is_asked and worksheet.title != sheet:
            continue
        cells = workbook.cells(worksheet)
        for index, row in enumerate(cells[:HEADER_SEARCH]):
            if not missing_columns(required, row):
                is_never_counted = bool(book.calculation.fullCalcOnLoad)
                uncounted = (
                    _formulas_without_value(workbook.content, worksheet.title, cells, is_never_counted)
                    if has_formulas
                    else {}
                )
                fitting.append(_Sheet(worksheet.title, row, cells[index + 1 :], index + 2, uncounted))
                break
            candidates.append(row)
    return fitting, candidates


def _checked(content: bytes) -> bool:
    """Whether any sheet holds a formula. Raises `ValueError` for rows that do not follow each other: they would be lost."""
    check_archive(content, Limits.from_environment())
    has_formulas = False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                xml = archive.read(name)
                has_formulas = has_formulas or _FORMULA.search(xml) is not None
                numbers = [int(number) for number in _ROW_NUMBER.findall(xml)]
                if any(later <= earlier for earlier, later in pairwise(numbers)):
                    raise ValueError(f"the rows of {name} are not in order")
    return has_formulas


def _rows(worksheet: ReadOnlyWorksheet) -> Iterator[list[str]]:
    """All rows of a sheet, whatever size it says it has."""
    worksheet.reset_dimensions()
    return ([_text(value) for value in row] for row in worksheet.iter_rows(values_only=True))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _formulas_without_value(
    content: bytes, title: str, cells: list[list[str]], is_never_counted: bool
) -> dict[int, str]:
    """Row of a sheet -> its first cell that holds a formula and no value of it.

    Programs that write formulas and cannot count leave the value out, or write 0 and have Excel count when it opens the
    workbook: `is_never_counted`.
    """
    formulas = openpyxl.load_workbook(io.BytesIO(content), read_only=True)[title]
    formulas.reset_dimensions()
    empty = {"", "0"} if is_never_counted else {""}
    uncounted: dict[int, str] = {}
    for number, row in enumerate(formulas.iter_rows(), 1):
        for place, cell in enumerate(row):
            if cell.data_type == "f" and cells[number - 1][place] in empty:
                uncounted.setdefault(number, cell.coordinate)
    return uncounted


def _refuse_if_not_one_table(sheets: list[_Sheet], asked: str | None) -> None:
    """Raises `UnreadableFile` for sheets of which nobody can say whether one goes on where the other ends."""
    titles = " and ".join(repr(sheet.title) for sheet in sheets)
    remedy = "leave one of them in the workbook"
    if asked is not None:
        raise UnreadableFile(f"there is no sheet {asked!r}, and the sheets {titles} all have the columns: {remedy}")
    if len({tuple(_without_last_blanks([header_key(name) for name in sheet.header])) for sheet in sheets}) > 1:
        raise UnreadableFile(f"the sheets {titles} have the required columns, but not the same header: {remedy}")
    seen: dict[tuple[str, ...], str] = {}
    for sheet in sheets:
        own = {tuple(_without_last_blanks(row)) for row in sheet.cells} - {()}
        if shared := own & seen.keys():
            other = seen[min(shared)]
            raise UnreadableFile(f"the sheets {other!r} and {sheet.title!r} hold the same rows: {remedy}")
        seen |= dict.fromkeys(own, sheet.title)


def _without_last_blanks(cells: list[str]) -> list[str]:
    filled = [place for place, cell in enumerate(cells) if cell.strip()]
    return cells[: filled[-1] + 1] if filled else []


def _table(sheets: list[_Sheet]) -> RawTable:
    """The rows of sheets with one header, each as wide as the widest."""
    header = sheets[0].header
    width = max(len(row) for sheet in sheets for row in [sheet.header, *sheet.cells])
    lines: list[int] = []
    rows: list[list[str]] = []
    bad: list[BadRow] = []
    offset = 0
    for sheet in sheets:
        for number, row in enumerate(sheet.cells, sheet.first_row):
            if number in sheet.uncounted:
                bad.append(BadRow(offset + number, "\t".join(row), _why_uncounted(sheet, number)))
            else:
                rows.append(row + [""] * (width - len(row)))
                lines.append(offset + number)
        offset += sheet.first_row - 1 + len(sheet.cells)
    columns = list(zip(*rows, strict=True)) or [()] * width
    table = pa.table({f"c{i}": pa.array(column, pa.string()) for i, column in enumerate(columns)})
    table = table.append_column(LINE, pa.array(lines, pa.int64()))
    return named(table, header + [""] * (width - len(header)), tuple(bad))


def _why_uncounted(sheet: _Sheet, row: int) -> str:
    return (
        f"cell {sheet.uncounted[row]} of the sheet {sheet.title!r} holds a formula without its value: open the workbook in a "
        "spreadsheet program, save it, and drop it again"
    )
