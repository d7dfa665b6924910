"""Where in a document the rows of a table are, and what it states of itself, as a description of a registry says it.

How a document is read by it belongs in the module of its format; what its cells mean belongs in no module of this room.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_MEMBER = "*"


@dataclass(frozen=True)
class ScriptStream:
    """A web page whose scripts hold JSON in pieces: the texts in all calls of `function`, joined, hold an object that begins
    with the text `begins`."""

    function: str
    begins: str


@dataclass(frozen=True)
class Continuation:
    """A row of an HTML table that goes on with the record above it: the cell in its `column`, from 1, begins with `has`.

    `names`: the columns that its cells fill, in their order; `has` itself is left out of the cell.
    """

    column: int
    has: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class HtmlTable:
    """The `number`-th table of a web page, from 1.

    `link`: a parameter of a link, such as `project_id` in `project.jsp?project_id=1`. A row without such a link is no record;
    its value fills a column of this name.
    """

    number: int = 1
    continues: tuple[Continuation, ...] = ()
    link: str | None = None


@dataclass(frozen=True)
class Shape:
    """What must be known of a document to find its rows; nothing of it is needed where they are found without.

    `sheet`: of a workbook. `surplus_cells`: the column to which cells too many belong in a row whose cells are all quoted and
    whose inner quotes are not doubled. `rows`: the path to the list of records in JSON, names with dots between them; '' is the
    document itself. `*` stands for every member of an object, and its name fills the column `key_as`. `explode`: a list in each
    record, of which every element makes a row. `html`: how a web page holds rows; without it, it is refused. `encoding`: the
    charset of bytes that are no UTF-8. `total`, `sum`: where the file states its number of records and of tonnes: a path in
    JSON (several that are to be added have ` + ` between them), the name or id of an input beside an HTML table.

    Raises `ValueError` for what cannot be meant.
    """

    sheet: str | None = None
    surplus_cells: str | None = None
    rows: str | None = None
    key_as: str | None = None
    explode: str | None = None
    html: ScriptStream | HtmlTable | None = None
    encoding: str | None = None
    total: str | None = None
    sum: str | None = None

    def __post_init__(self) -> None:
        steps = (self.rows or "").split(".")
        if self.explode and self.rows is None:
            raise ValueError(f"explode: {self.explode} needs rows, the path to the records that have the list")
        if self.key_as and EVERY_MEMBER not in steps:
            raise ValueError(f"key_as: {self.key_as} needs a {EVERY_MEMBER!r} in rows, whose names it is to hold")
        if steps.count(EVERY_MEMBER) > 1:
            raise ValueError(f"rows: {self.rows} has more than one {EVERY_MEMBER!r}, and only one can have a column")
        if self.rows is not None and isinstance(self.html, HtmlTable):
            raise ValueError(f"rows: {self.rows} is a path in JSON, and html names a table of a web page")
        if self.encoding and not _has_a_character_per_byte(self.encoding):
            raise ValueError(
                f"encoding: {self.encoding} is no charset in which each byte is a character, as windows-1252 is"
            )


def _has_a_character_per_byte(encoding: str) -> bool:
    try:
        return len(bytes(range(256)).decode(encoding, "replace")) == 256
    except LookupError:
        return False
