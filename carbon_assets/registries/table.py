"""What a registry's YAML says of one table: its files, the canonical shape that they become, and the columns that they have, in one
or in several published layouts.

What it says of one column is `column.py`; which layout a file has, `layouts.py`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from carbon_assets.base import column_types
from carbon_assets.base.configs import Model
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.readers import Continuation, HtmlTable, ScriptStream, Shape
from carbon_assets.registries import schema
from carbon_assets.registries.column import Column, Columns, Label, Names, TransactionType

FromSerial = Literal["vintage", "vintage_start", "vintage_end"]


class Continued(Model):
    """A row of a web page's table that goes on with the record above it: the cell in its `column`, from 1, begins with `has`; its cells
    fill `names`."""

    column: int
    has: str
    names: Names


class Html(Model):
    """How a web page holds the rows: in the calls of a function of its scripts, or in a table.

    `script_stream`: the function; `begins`: how the JSON begins that its texts make together. `table`: the number of the table, from
    1; `continues`: rows that go on with a record; `link`: a parameter of a link that every record has.
    """

    script_stream: str | None = None
    begins: str = ""
    table: int | None = None
    continues: tuple[Continued, ...] = ()
    link: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Html:
        if (self.script_stream is None) == (self.table is None):
            raise ValueError("html names a script_stream or a table")
        return self

    @property
    def shape(self) -> ScriptStream | HtmlTable:
        """The same for a reader."""
        if self.script_stream is not None:
            return ScriptStream(self.script_stream, self.begins)
        rows = (Continuation(row.column, row.has, row.names) for row in self.continues)
        return HtmlTable(self.table or 1, tuple(rows), self.link)


class Anchor(Model):
    """How an event of a layout is told to be one of another layout, where they state a part of its key otherwise.

    `to`: the other layout. `by`: the canonical columns in which both agree. `day_within`: how many days apart they may state it.
    """

    to: str
    by: tuple[str, ...] = Field(min_length=1)
    day_within: int = Field(ge=0)


class Published(Model):
    """The form of a table's files.

    `required`: canonical column -> column without which the file is refused; `optional`: NULL where absent.
    `constants`: canonical column -> SQL literal value for every row.
    `sum_by`: rows that agree in these columns are one event, their quantities summed, zero sums left out.
    `lacks`: optional columns, and columns of labels and of `states` by their own name, that its files are known to be without at times:
    the absence of any other is told.
    `where`: column of the file -> expressions, one of which its cells fit in the rows that count tCO2e here. Other rows, such as
    those in kilograms or of another standard, are set aside; a blank cell says nothing against a row.
    `from_serial`: columns whose blank cells the serial number fills, by the group that says it.
    `states`: canonical column of projects -> column in which rows of transactions say it of their project. It counts where no
    projects table lists the project.
    `missing`: further cells that mean blank. `never_blank`: columns that must have a value in every
    row, besides the required ones that `schema.py` does not let be NULL.
    `never_published`: canonical column -> why the registry's file has none of it; nothing is expected of it.
    `surplus_cells`: name of the column to which cells too many belong, where the registry quotes every cell and does not
    double the quotes within it. `sheet` of a workbook; `rows`, `key_as`, `explode` of JSON; `html`, `encoding`, `total`, `sum`: where
    the rows are, and what the file states of them (`base/readers/shape.py`).
    `anchor`: the layout from which its events take their ids, where their keys differ.
    `parameters`: read by the registry's hook alone.
    """

    sheet: str | None = None
    surplus_cells: str | None = None
    rows: str | None = None
    key_as: str | None = None
    explode: str | None = None
    html: Html | None = None
    encoding: str | None = None
    total: str | None = None
    sum: str | None = None
    required: Columns = Field(default_factory=dict)
    optional: Columns = Field(default_factory=dict)
    constants: dict[str, str | bool] = Field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    states: Columns = Field(default_factory=dict)
    sum_by: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    where: dict[str, Names] = Field(default_factory=dict)
    from_serial: tuple[FromSerial, ...] = ()
    missing: tuple[str, ...] = ()
    never_blank: tuple[str, ...] = ()
    never_published: dict[str, str] = Field(default_factory=dict)
    anchor: Anchor | None = None
    parameters: dict = Field(default_factory=dict)


class Layout(Published):
    """One of several forms in which a table was published. It adds to the table's mappings and lists, and says its single values
    anew."""

    name: str


class Table(Published):
    """One file of a registry.

    `files`: glob patterns of the file's stem. `holds`: which canonical shape it becomes.
    `key`: the canonical columns that identify an event, from which `credit_id` is made.
    `layouts`: the forms in which it was published, where there are several; what stands beside them is common to all.
    """

    files: Names
    holds: Literal["projects", "credits"]
    may_be_empty: bool = False
    key: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()

    def by(self, layout: str | None) -> Table:
        """The table as it is in files of one of its layouts; itself where it has none. Raises `KeyError`."""
        return self._by_layout[layout] if self.layouts else self

    @cached_property
    def _by_layout(self) -> dict[str | None, Table]:
        own = {name: getattr(self, name) for name in Table.model_fields if name != "layouts"}
        return {layout.name: Table(**{**own, **_joined(own, layout)}) for layout in self.layouts}

    @property
    def forms(self) -> list[Table]:
        """The table in each of its layouts; itself where it has none."""
        return [*self._by_layout.values()] if self.layouts else [self]

    @property
    def columns(self) -> dict[str, Column]:
        """Required and optional columns together, by canonical name; of all layouts, where there are several."""
        if self.layouts:
            return {name: column for form in self.forms[::-1] for name, column in form.columns.items()}
        return {**self.required, **self.optional}

    @property
    def sources(self) -> list[Column | Label]:
        """Everything that the table is read from; of all layouts, where there are several."""
        if self.layouts:
            return [source for form in self.forms for source in form.sources]
        return [*self.columns.values(), *self.labels, *self.states.values()]

    @property
    def filled(self) -> list[str]:
        """The columns that must have a value in every row."""
        return [name for name in self.required if name in self.never_blank or self._cannot_be_null(name)]

    def _cannot_be_null(self, name: str) -> bool:
        return name in self.canonical.names and not self.canonical.field(name).nullable

    @property
    def resolves_projects(self) -> bool:
        """Whether the registry's normalized projects are needed to read this table."""
        return any(column.resolve for column in self.columns.values())

    @property
    def canonical(self):  # noqa: ANN201 - pyarrow has no type stubs
        """The schema of the shape that the table becomes."""
        return schema.PROJECTS if self.holds == "projects" else schema.CREDITS

    @cached_property
    def shape(self) -> Shape:
        """Where in a file the rows are."""
        own = {name: getattr(self, name) for name in Shape.__dataclass_fields__ if name != "html"}
        return Shape(**own, html=self.html.shape if self.html else None)

    @cached_property
    def header(self) -> list[tuple[str, ...]]:
        """What the reader looks for: the accepted names of each required column."""
        return [column.names for column in self.required.values()]

    def cell_type(self, name: str) -> str:
        """How the cells of a canonical column are read; a hook's own column says so itself."""
        declared = self.columns[name].type if name in self.columns else None
        if name == "project_id" and not self.columns[name].resolve:
            return "id"
        return declared or canonical_cell_type(self.canonical, name)

    @model_validator(mode="after")
    def _consistent(self) -> Table:
        if self.layouts:
            return self._consistent_in_each_layout()
        known = set(self.canonical.names)
        for name, column in self.columns.items():
            if (name in known) == (column.type is not None):
                unknown = f"{why_unknown('canonical column', name, known)}; one that the hook reads says its type"
                raise ValueError(f"column {name!r}: {'schema.py gives its type' if name in known else unknown}")
            if column.at_least and column.at_least not in self.columns:
                raise ValueError(f"column {name!r} is at least {column.at_least!r}, which is no column of the table")
            if column.transaction_type and self.cell_type(name) != "tonnes":
                raise ValueError(
                    f"column {name!r} holds no tonnes, so it can hold no {column.transaction_type} of its own"
                )
        for name in self.constants:
            if reason := why_unknown("canonical column", name, known):
                raise ValueError(f"constant {name!r} is no canonical column: {reason}")
        if reason := _why_no_transaction_type(self):
            raise ValueError(reason)
        if twice := set(self.required) & set(self.optional):
            raise ValueError(f"columns {sorted(twice)} are both required and optional")
        if self.surplus_cells and self.surplus_cells not in [name for source in self.sources for name in source.names]:
            raise ValueError(f"surplus_cells names {self.surplus_cells!r}, which no column of the table is read from")
        self.shape  # noqa: B018 - raises where it cannot be meant
        if "project_id" not in self.required:
            raise ValueError("a table must require project_id")
        if strange := set(self.never_blank) - set(self.required):
            raise ValueError(f"never_blank names {sorted(strange)}, which are no required columns of the table")
        if strange := set(self.never_published) - known:
            raise ValueError(f"never_published names {sorted(strange)}, which are no canonical columns")
        if read := set(self.never_published) & (set(self.columns) | set(self.constants)):
            raise ValueError(f"never_published names {sorted(read)}, which the table says where to find")
        if unexplained := {name for name, why in self.never_published.items() if not why.strip()}:
            raise ValueError(f"never_published must say why {sorted(unexplained)} cannot be found")
        return self

    @model_validator(mode="after")
    def _names_its_columns(self) -> Table:
        if self.layouts:
            return self
        others: list[Column | Label] = [*self.labels, *self.states.values()]
        optional = {*self.optional, *(name for other in others for name in other.names)}
        if unknown := sorted(set(self.lacks) - optional):
            raise ValueError(
                f"lacks names {unknown}, which are neither optional columns nor columns of labels or of `states`"
            )
        if absent := sorted(name for name in self.from_serial if name not in self.columns):
            raise ValueError(f"from_serial names {absent}, which are no columns of the table")
        if self.from_serial and "serial_number" not in self.columns:
            raise ValueError("from_serial needs a column serial_number")
        return self

    @model_validator(mode="after")
    def _states_facts_of_projects(self) -> Table:
        if self.layouts:
            return self
        if self.states and self.holds != "credits":
            raise ValueError("states is for tables of transactions; a projects table names its columns itself")
        for name, column in self.states.items():
            if reason := why_unknown("fact of a project", name, schema.STATED_FACTS):
                raise ValueError(f"states: {reason}")
            if column.resolve or column.prefix or column.type or column.at_least or column.transaction_type:
                raise ValueError(
                    f"states: {name!r} is a text: from, extract, extract_all, replace and values are for it"
                )
        return self

    def _consistent_in_each_layout(self) -> Table:
        names = [layout.name for layout in self.layouts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"layouts {twice} are given twice")
        for layout in self.layouts:
            if layout.anchor and layout.anchor.to not in names:
                raise ValueError(
                    f"layout {layout.name!r}: its anchor names {why_unknown('layout', layout.anchor.to, names)}"
                )
        try:
            self._by_layout  # noqa: B018 - made to be looked at
        except ValidationError as error:
            raise ValueError(
                "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
            ) from error
        return self


def _joined(common: dict[str, Any], layout: Layout) -> dict[str, Any]:
    """What a layout says beside what is common to all."""
    joined: dict[str, Any] = {}
    for name in layout.model_fields_set - {"name"}:
        before, own = common[name], getattr(layout, name)
        if isinstance(own, dict):
            joined[name] = {**before, **own}
        elif isinstance(own, tuple):
            joined[name] = (*before, *own)
        else:
            joined[name] = own
    return joined


def _why_no_transaction_type(table: Table) -> str | None:
    """Why a transaction type that the table states for its rows or cells is none."""
    column = table.columns.get("transaction_type")
    stated = [*(column.values or {}).values()] if column else []
    stated += [str(table.constants["transaction_type"])] if "transaction_type" in table.constants else []
    reasons = (why_unknown("transaction_type", word, get_args(TransactionType)) for word in stated)
    return next(filter(None, reasons), None)


_CELL_TYPES = {(type_, is_code): name for type_, name in [
    (column_types.TONNES, "tonnes"), (column_types.COUNT, "count"), (column_types.YEAR, "year"),
    (column_types.DATE, "date"), (column_types.FLAG, "flag"), (column_types.TEXT, "text"),
] for is_code in (False, True)} | {(column_types.TEXT, True): "code"}  # fmt: skip


def canonical_cell_type(canonical, name: str) -> str:  # noqa: ANN001 - pyarrow has no type stubs
    """How the cells of a column of a canonical shape are read."""
    return _CELL_TYPES[canonical.field(name).type, name.startswith("country")]
