"""Rows whose quotes break the rules: what their cells are, where the row says that in one way only.

Some registries quote every cell and do not double the quotes within it. Each row is judged by itself, so that neither the
order of rows nor a bad row changes what another one says. Which rows are looked at belongs in `delimited.py`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

UNCLOSED = "a quote opens in this line and does not close in it"
UNDOUBLED = "quotes within its cells are not doubled, so that where a cell ends can be read in more than one way"


@dataclass(frozen=True)
class Form:
    """How the rows of a file are split: `width` cells, of which those after the first `named` have no name.

    `surplus`: place of the column to which cells too many belong, where that is known of the registry.
    """

    delimiter: str
    width: int
    named: int
    surplus: int | None = None

    def fitted(self, cells: list[str] | None) -> list[str] | None:
        """Cells that fill the width; None for a row that has other than nameless blank cells too few or too many."""
        if cells is None or len(cells) == self.width:
            return cells
        if len(cells) < self.named or any(cell.strip() for cell in cells[self.named :]):
            return None
        return (cells + [""] * self.width)[: self.width]


def strict(text: str, form: Form) -> list[str] | None:
    """The cells of one record by the rules (RFC 4180); None where its quotes break them."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True), [])
    except csv.Error:
        return None


def never_closes(text: str, form: Form) -> bool:
    """Whether the text ends within a quote, by the rules."""
    try:
        next(csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True), None)
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def quotes_first_cells(text: str, form: Form) -> bool:
    """Whether the first two cells of a record are quoted, so that one that follows it will begin with a quote, too."""
    return text[:1] == '"' and f'"{form.delimiter}"' in text


def paired(text: str, form: Form) -> list[str] | None:
    """The cells of a record whose inner quotes come in pairs: a quote before a delimiter ends its cell unless it closes an
    inner pair. None where that does not give the width.

    >>> paired('"1","of "Alto, Inc.", 2024"', Form(",", 2, 2))
    ['1', 'of "Alto, Inc.", 2024']
    """
    text = text.rstrip("\r\n")
    cells: list[str] = []
    start, quoted = 0, False
    while start <= len(text):
        quoted = text[start : start + 1] == '"'
        end = _end_of_quoted(text, start, form.delimiter) if quoted else text.find(form.delimiter, start)
        end = len(text) if end == -1 and not quoted else end
        if end is None:
            return None
        cell = text[start:end]
        if not quoted and ('"' in cell or "\n" in cell):
            return None
        cells.append(_content(cell.rstrip(" \t" if form.delimiter != "\t" else " ")) if quoted else cell)
        start = end + 1
    return (
        form.fitted(cells) if quoted or len(cells) >= form.width else None
    )  # a last delimiter makes no cell with a name


def _end_of_quoted(text: str, start: int, delimiter: str) -> int | None:
    """Where the delimiter after a quoted cell stands, or the end of the text; None where the cell does not close."""
    is_within_pair = False
    place = text.find('"', start + 1)
    while place != -1:
        end = place + 1
        while text[end : end + 1] in (" ", "\t") and text[end] != delimiter:
            end += 1
        if not is_within_pair and (end == len(text) or text[end] == delimiter):
            return end
        is_within_pair = not is_within_pair
        place = text.find('"', place + 1)
    return None


def all_quoted(text: str, form: Form) -> list[str] | None:
    """The cells of a record that begins and ends with a quote and has as many `","` as it must; surplus ones belong to
    `form.surplus`. None for any other."""
    text = text.rstrip("\r\n")
    core = text.rstrip(form.delimiter)
    blanks = [""] * (len(text) - len(core))
    if len(core) < 2 or core[0] != '"' or core[-1] != '"':
        return None
    border = f'"{form.delimiter}"'
    pieces = core[1:-1].split(border)
    surplus = len(pieces) + len(blanks) - form.width
    if surplus > 0 and form.surplus is not None:
        first, last = form.surplus, form.surplus + surplus + 1
        if any(piece.count('"') % 2 for piece in (*pieces[:first], *pieces[last:])):
            return None
        pieces[first:last] = [border.join(pieces[first:last])]
    return form.fitted([_content(f'"{piece}"') for piece in pieces] + blanks)


def _content(quoted: str) -> str:
    """What a quoted cell holds: quotes are undoubled only where all of them are doubled."""
    inside = quoted[1:-1]
    undoubled = inside.replace('""', "")
    return inside.replace('""', '"') if '"' not in undoubled else inside
