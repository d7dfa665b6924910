"""The records of one file in the form in which they are compared: keys, fields, and what the classes of changes need of them.

Rows that are written alike in both files are set aside first: most are. How a number or a date is written is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from carbon_assets.base import column_types, readers
from carbon_assets.base.readers import RawTable
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.history.sides import SIDES, TYPED, Field, KeyParts
from carbon_assets.registries import events, serial_forms
from carbon_assets.registries.cells import forms_of, is_declared_missing, raw_key, typed
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot

_TONNES = column_types.sql_type(column_types.TONNES)
_BLANKS = "concat(e' \\t\\r\\n', chr(160))"
_MAX_MARKER_BYTES = 4
"""Of the markers of blank cells that `cells.sql` knows."""


def set_aside_equal_rows(con: duckdb.DuckDBPyConnection, fields: list[Field], raws: list[RawTable]) -> None:
    """Make `changes_unlike_<side>`, the lines of the rows that are not written alike in both files: most are."""
    for place, (side, raw) in enumerate(zip(SIDES, raws, strict=True)):
        con.register(f"changes_text_{side}", raw.rows)
        text = _row_text(trimmed(quote(field.keys[place])) for field in fields)
        content = _row_text(quote(name) for name in sorted(raw.header))
        con.execute(f"""
            create or replace temp table changes_written_{side} as
            with rows as (
                select {readers.LINE} as line, md5_number({text}) as same, md5_number({content}) as content
                from changes_text_{side}
            )
            select line, same, row_number() over (partition by same order by content) as twin from rows
        """)
    for side, other in (SIDES, SIDES[::-1]):
        con.execute(f"""
            create or replace temp table changes_unlike_{side} as
            select line from changes_written_{side} anti join changes_written_{other} using (same, twin)
        """)


def make_side(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    table: str,
    side: str,
    raw: RawTable,
    snapshot: Snapshot,
    fields: list[Field],
    key: KeyParts,
) -> None:
    """Make `changes_<side>`: the key of each row that is not set aside, what the classes need of it, and its fields in the
    form that is compared."""
    spec = registry.tables[table]
    projects = settings.table("normalized", registry.id, "projects")
    knows_projects = not spec.resolves_projects or projects.exists()
    if not knows_projects:
        spec = _unresolved(spec)
    cells_as_published = ", ".join(quote(f"{name}__cell") for name in spec.columns)
    con.execute(f"create or replace temp view raw as select *, null::varchar as row_hash from changes_text_{side}")
    cells = typed(spec, raw, f"read_parquet({literal(str(projects))})", forms_of(con, registry, spec, raw))
    con.execute(f"""
        create or replace temp table typed as
        select * exclude ({cells_as_published}) from ({serial_forms.filled(registry, spec, cells)})
        where line in (select line from changes_unlike_{side})
    """)
    place = SIDES.index(side)
    cells = ", ".join(f"{_compared(spec, field, field.keys[place])} as f{i}" for i, field in enumerate(fields))
    own = {
        "project_id": "t.project_id" if knows_projects else "null::varchar",
        "quantity": "t.quantity" if "quantity" in spec.columns else f"null::{_TONNES}",
        "kind": _kind(spec),
        "status": _status(con, registry, table, snapshot),
        **_serial(spec),
    }
    parts = {name: _key_part(spec, raw, name) for name in dict.fromkeys([*key.serial, *key.stable])}
    made = ", ".join(f"{value} as {name}" for name, value in own.items())
    trimmed_cells = ", ".join(f"{trimmed(quote(name))} as {_trimmed_name(name)}" for name in raw.header)
    has_serial = f"{_part('serial_number')} is not null" if key.serial else "false"
    con.execute(f"""
        create or replace temp table changes_{side} as
        with cells as (
            select *, {trimmed_cells} from raw where {readers.LINE} in (select line from typed)
        ),
        records as (
            select
                t.line, {made}, {cells}, md5({_row_text(f"r.{quote(name)}" for name in sorted(raw.header))}) as content,
                {", ".join(f"{value} as {_part(name)}" for name, value in parts.items())}
            from typed t join cells r on r.{readers.LINE} = t.line
        )
        select
            * exclude ({", ".join(map(_part, parts))}),
            md5({_row_text(f"f{i}" for i in range(len(fields)))}) as compared,
            if({has_serial}, {_joined_key("s", key.serial)}, {_joined_key("k", key.stable)}) as key,
            if({has_serial}, {_shown_key(key.serial)}, {_shown_key(key.stable)}) as record_key
        from records
    """)


def _unresolved(spec: Table) -> Table:
    """The description where no project of the registry is known: the registry's keys stay as they are."""
    required, optional = (
        {name: column.model_copy(update={"resolve": False}) for name, column in columns.items()}
        for columns in (spec.required, spec.optional)
    )
    return spec.model_copy(update={"required": required, "optional": optional})


def _row_text(cells: Iterable[str]) -> str:
    return _joined(f"coalesce({cell}, '')" for cell in cells)


def _joined(texts: Iterable[str]) -> str:
    return f"concat_ws(chr(31), {', '.join(texts)})"


def _joined_key(kind: str, names: tuple[str, ...]) -> str:
    return _joined([literal(kind), *(f"coalesce({_part(name)}, '')" for name in names)])


def _shown_key(names: tuple[str, ...]) -> str:
    """SQL of a key as people read it; NULL: it is blank."""
    return f"nullif(concat_ws(' / ', {', '.join(map(_part, names)) or 'null'}), '')"


def _part(name: str) -> str:
    return quote("key__" + name)


def trimmed(cell: str) -> str:
    """SQL of a cell without outer blanks. Only where there can be other blanks than spaces are they looked for, which costs
    more than all else."""
    odd = " or ".join(f"contains({cell}, {blank})" for blank in ("e'\\t'", "e'\\r'", "e'\\n'", "chr(160)"))
    return f"case when {odd} then trim({cell}, {_BLANKS}) else trim({cell}) end"


def _trimmed_name(key: str) -> str:
    """The name of a column's trimmed cells: no column of a file has one that begins with a blank. Trimmed once and then
    named, since the engine plans an expression anew wherever it stands."""
    return quote(" " + key)


def blank(spec: Table, cell: str, trimmed_cell: str, is_typed: bool) -> str:
    """SQL of whether a cell is blank or holds a marker that says so."""
    marker = f"is_missing_value({cell})" if is_typed else f"is_missing({cell})"
    is_blank = f"case when strlen({trimmed_cell}) <= {_MAX_MARKER_BYTES} then {marker} else false end"
    return f"({is_blank} or {is_declared_missing(cell, spec.missing)})" if spec.missing else f"({is_blank})"


def _as_text(trimmed_cell: str) -> str:
    return f"nullif(as_compared({trimmed_cell}), '')"


def _compared(spec: Table, field: Field, key: str) -> str:
    """SQL of a cell in the form in which equal cells are equal texts; NULL: blank.

    A date counts by its day. A year counts as such only where nothing else is in the cell: 2019-2020 is no 2019.
    """
    cell, trimmed_cell, name = f"r.{quote(key)}", f"r.{_trimmed_name(key)}", field.typed_as(spec)
    form = _as_text(trimmed_cell)
    if name:
        value = f"t.{quote(name)}::varchar"
        if spec.cell_type(name) == "year":
            value = f"case when regexp_full_match({form}, '\\d{{4}}') then {value} end"
        form = f"coalesce({value}, {form})"
    return f"case when not {blank(spec, cell, trimmed_cell, name is not None)} then {form} end"


def _key_part(spec: Table, raw: RawTable, name: str) -> str:
    key = raw_key(raw, spec.columns[name].names)
    cell, trimmed_cell = (f"r.{quote(key)}", f"r.{_trimmed_name(key)}") if key else ("null::varchar", "null::varchar")
    kind = spec.cell_type(name)
    value = f"t.{quote(name)}::varchar"
    if kind == "tonnes":
        value = f"rtrim(rtrim({value}, '0'), '.')"
    if kind not in TYPED:
        value = _as_text(trimmed(value))
    return f"case when not {blank(spec, cell, trimmed_cell, kind in TYPED)} then coalesce({value}, {_as_text(trimmed_cell)}) end"


def _kind(spec: Table) -> str:
    """SQL of what a row of credits is. Where neither the table nor a column says it, a dated row is a retirement."""
    if spec.holds == "projects":
        return "null::varchar"
    if "transaction_type" in spec.columns:
        return "t.transaction_type"
    if "transaction_type" in spec.constants:
        return literal(spec.constants["transaction_type"])
    if "transaction_date" in spec.columns:
        return "if(t.transaction_date is null, 'issuance', 'retirement')"
    return "'issuance'"


def _status(con: duckdb.DuckDBPyConnection, registry: Registry, table: str, snapshot: Snapshot) -> str:
    """SQL of a project's status as published; the registry's hook may choose among several columns."""
    if registry.tables[table].holds != "projects":
        return "null::varchar"
    chosen = events.events(registry, table, snapshot, "typed")
    columns = {row[0] for row in con.execute(f"describe {chosen}").fetchall()}
    if not {"line", "status_raw"} <= columns:
        return "t.status_raw" if "status_raw" in registry.tables[table].columns else "null::varchar"
    con.execute(f"create or replace temp table changes_status as select line, status_raw from ({chosen})")
    return "(select any_value(s.status_raw) from changes_status s where s.line = t.line)"


_SERIAL = {"serial_number": "varchar", "serial_key": "varchar", "serial_start": "bigint", "serial_end": "bigint"}


def _serial(spec: Table) -> dict[str, str]:
    """SQL of what a row says of its serial block."""
    return {
        name: f"t.{name}" if spec.holds == "credits" and name in spec.columns else f"null::{type_}"
        for name, type_ in _SERIAL.items()
    }
