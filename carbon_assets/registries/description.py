"""The models of `configs/` and their one loader.

What a YAML or CSV file may say, and nothing about how it is carried out. Every model refuses keys that it does not
know, and every error names the file.
"""

from __future__ import annotations

import pkgutil
import re
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from carbon_assets.base import column_types
from carbon_assets.base.configs import ConfigError, Model, load_yaml, read_yaml, refuse_moved
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import nearest, why_unknown
from carbon_assets.registries import hooks, schema

CellType = Literal["id", "text", "code", "tonnes", "count", "year", "date", "flag"]
TransactionType = Literal["issuance", "retirement", "cancellation"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


FromSerial = Literal["vintage", "vintage_start", "vintage_end"]


def _to_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


Expression = Annotated[str, AfterValidator(_to_expression)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class Column(Model):
    """Where a canonical column comes from. In YAML a bare string is short for `{from: ...}`.

    `names`: the header's name; several where registries renamed it, the first one present counts.
    `extract`: a regular expression; its first group is the cell. `extract_all`: so are all its matches, joined by ', '.
    `replace`: regular expression -> what stands for its first match, before the prefix is put: '^ACR0*': ACR.
    `prefix`: put before the cell, unless the cell begins with it or with one of `prefixed`.
    `values`: the only cells accepted, and what each means.
    `resolve`: the cell is the registry's own project key (`registry_key` of its projects table).
    `type`: needed only for columns that `schema.py` does not have, which a hook reads.
    `at_least`: the canonical column whose tonnes are part of those here, as a row's are of its vintage's total.
    `transaction_type`: the tonnes of the column are transactions of their own, beside the row's `quantity`.
    """

    names: Names = Field(alias="from")
    extract: Expression | None = None
    extract_all: Expression | None = None
    replace: dict[Expression, str] = Field(default_factory=dict)
    prefix: str | None = None
    prefixed: tuple[str, ...] = ()
    values: dict[str, str] | None = None
    resolve: bool = False
    at_least: str | None = None
    type: CellType | None = None
    transaction_type: TransactionType | None = None


class Label(Model):
    """Labels from one column: the cell split at `split`, or all matches of `extract_all`, or `label` where the cell says
    yes: true, yes, y, 1 or one of `yes`. `without` lists what is no label; `prefix` is put before each."""

    names: Names = Field(alias="from")
    split: str | None = None
    extract_all: Expression | None = None
    label: str | None = None
    yes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    prefix: str = ""


def _short_column(value: object) -> object:
    return {"from": value} if isinstance(value, str | list) else value


Columns = dict[str, Annotated[Column, BeforeValidator(_short_column)]]


class Table(Model):
    """One file of a registry.

    `files`: glob patterns of the file's stem. `holds`: which canonical shape it becomes.
    `required`: canonical column -> column without which the file is refused; `optional`: NULL where absent.
    `constants`: canonical column -> SQL literal value for every row.
    `key`: the canonical columns that identify an event, from which `credit_id` is made.
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
    double the quotes within it.
    `parameters`: read by the registry's hook alone.
    """

    files: Names
    holds: Literal["projects", "credits"]
    sheet: str | None = None
    surplus_cells: str | None = None
    may_be_empty: bool = False
    required: Columns = Field(default_factory=dict)
    optional: Columns = Field(default_factory=dict)
    constants: dict[str, str | bool] = Field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    states: Columns = Field(default_factory=dict)
    key: tuple[str, ...] = ()
    sum_by: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    where: dict[str, Names] = Field(default_factory=dict)
    from_serial: tuple[FromSerial, ...] = ()
    missing: tuple[str, ...] = ()
    never_blank: tuple[str, ...] = ()
    never_published: dict[str, str] = Field(default_factory=dict)
    parameters: dict = Field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Column]:
        """Required and optional columns together, by canonical name."""
        return {**self.required, **self.optional}

    @property
    def sources(self) -> list[Column | Label]:
        """Everything that the table is read from."""
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


class Serial(Model):
    """A form of serial number: an expression that the whole number fits, and what its named groups say.

    `start`, `end`: first and last unit, within `key`, or within `key` here where the form has one for all its numbers.
    A form without them is an identifier; its range, if any, stands in columns of its own.
    `project`: the project's id without the registry's prefix. `vintage`: its year. `vintage_from`, `vintage_to`: its days
    as DDMMYYYY. `revision`: the part by which the numbers of one block's revisions differ. `<group>_again`: must repeat the group, as where both ends of a range are written in full.
    """

    pattern: Expression
    key: str | None = None
    name: str = ""

    @cached_property
    def groups(self) -> dict[str, int]:
        """Number of each named group."""
        return dict(re.compile(self.pattern).groupindex)

    @cached_property
    def group_count(self) -> int:
        """How many groups there are, with those that have no name."""
        return re.compile(self.pattern).groups

    @property
    def form(self) -> str:
        """What the form is called."""
        return self.name or self.pattern

    @property
    def repeated(self) -> list[tuple[str, str]]:
        """Pairs of groups that must be equal."""
        return [(name.removesuffix(_AGAIN), name) for name in self.groups if name.endswith(_AGAIN)]

    @model_validator(mode="after")
    def _groups(self) -> Serial:
        has = set(self.groups) | ({"key"} if self.key else set())
        range_ = {"start", "end", "key"}
        missing = range_ - has if has & range_ else set()
        missing |= {"vintage_from", "vintage_to"} - has if has & {"vintage_from", "vintage_to"} else set()
        missing |= {name for name, _ in self.repeated} - has
        if missing:
            raise ValueError(f"the pattern {self.pattern!r} has no group named {', '.join(sorted(missing))}")
        known = {
            *range_,
            "project",
            "revision",
            "vintage",
            "vintage_from",
            "vintage_to",
            *(name for name, _ in self.repeated),
        }
        if unknown := {name.removesuffix(_AGAIN) for name in self.groups} - known:
            raise ValueError(f"the pattern {self.pattern!r} names {', '.join(sorted(unknown))}, which nothing reads")
        return self


_AGAIN = "_again"


class Writes(Model):
    """How a registry's own files write what can be read in two ways. A file that tells its form by itself is read by that.

    `decimal_mark`: the mark of decimals. `day_first`: whether 03/04/2025 is in April. `whole_credits`: it issues no part of a
    credit, so that 1,790 is no number with decimals.
    """

    decimal_mark: Literal[".", ","] | None = None
    day_first: bool | None = None
    whole_credits: bool = False


def _to_module(name: str) -> str:
    known = [f"{hooks.__name__}.{module.name}" for module in pkgutil.iter_modules(hooks.__path__)]
    try:
        is_there = find_spec(name) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise ValueError(f"there is no module {name!r}; the nearest known is {nearest(name, known)!r}: correct it")
    return name


class Registry(Model):
    """One registry: who it is, what it publishes and how that is read. One file is one registry.

    `project_id_form`: the expression that every project id fits, prefix included. `default_protocol`: the one protocol of all its projects, where the text is
    blank.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    project_prefix: str | None = None
    project_id_form: Expression | None = None
    project_url: str | None = None
    owner: str = "team:data"
    default_protocol: str | None = None
    replaces_host_registry: bool = False
    hooks: Annotated[str, AfterValidator(_to_module)] | None = None
    serials: tuple[Serial, ...] = ()
    writes: Writes = Writes()
    tables: dict[str, Table]

    @property
    def group(self) -> str:
        """The id as Dagster takes it for the name of a group."""
        return self.id.replace("-", "_")


def load_registries(configs: Path) -> dict[str, Registry]:
    """Every registry of `configs/registries/`, by id, in order of id. Raises `ConfigError` with all that is wrong."""
    refuse_moved(configs)
    paths = sorted((configs / "registries").glob("*.yml"))
    return dict(_load(configs, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)))


@lru_cache(maxsize=8)
def _load(configs: Path, files: tuple[tuple[Path, int, int], ...]) -> dict[str, Registry]:
    """Read once while the files stand as they are: a run asks a dozen times."""
    registries, faults = {}, Faults()
    for path, _, _ in files:
        registry = faults.result_of(load_yaml, path, Registry)
        if registry is None:
            continue
        if registry.id != path.stem:
            faults.add(f"{path}: holds the registry {registry.id!r}; the file must have its name")
        registries[registry.id] = registry
    if not files:
        faults.add(f"{configs / 'registries'}: no registry is described here")
    faults.refuse(ConfigError)
    return registries


def registry_ids(configs: Path) -> frozenset[str]:
    """The ids of all registries that have a description, whether or not it can be read."""
    return frozenset(path.stem for path in (configs / "registries").glob("*.yml"))


def place_of(configs: Path, registry: str, *entry: str | int) -> str:
    """`<file>, line <n>` of an entry of a registry's description; the file alone where it cannot be read."""
    path = configs / "registries" / f"{registry}.yml"
    return read_yaml(path).place(entry) if path.exists() else str(path)
