"""One raw file becomes one canonical table and its quarantine.

The steps, the same for every registry: cells are mapped and typed, rows that cannot be read or contradict themselves
are set aside with the reason, the registry's hook (if it has one) turns file rows into projects or credits, events of
one key are summed where the registry says so, identifiers are made. What differs between registries is data in
`configs/registries/`, or a hook in `carbon_assets/registries/`; neither has a name in here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types, readers
from carbon_assets.base.sqltext import quote
from carbon_assets.registries import schema, serial_forms, stated, stated_totals
from carbon_assets.registries.cells import forms_of, prepare, raw_key, typed
from carbon_assets.registries.column import Column, Label
from carbon_assets.registries.description import Registry
from carbon_assets.registries.events import events, identified
from carbon_assets.registries.faults import full_reason, judged
from carbon_assets.registries.forms import Forms
from carbon_assets.registries.layouts import layout_of
from carbon_assets.registries.set_aside import tonnes_set_aside
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot


@dataclass(frozen=True)
class Normalized:
    """A canonical table, its quarantine, and the account of both.

    Every row of the file is either in `rows_accepted` or in `quarantine`. `rows` can hold more or fewer rows than were
    accepted, where a hook or a sum says so. `told_absent`: the absent columns that the table's files are not known to lack.
    `tonnes_set_aside`: by how much, by transaction type, the table would hold
    more with the quarantined rows in it, as far as that is known; `rows_set_aside_without_tonnes`: how many of them have
    tonnes that are not. `stated`: what the accepted rows say of their projects, as `schema.STATED`. `stated_rows`: how
    many rows the file itself says that there are; `incomplete`: why it holds but a part of them.
    """

    rows: pa.Table
    quarantine: pa.Table
    rows_in: int
    rows_accepted: int
    unmapped_columns: tuple[str, ...]
    absent_columns: tuple[str, ...]
    told_absent: tuple[str, ...]
    snapshot_id: str
    tonnes_set_aside: dict[str, Decimal]
    rows_set_aside_without_tonnes: int
    stated: pa.Table
    stated_rows: int | None
    incomplete: str | None

    @property
    def tonnes(self) -> dict[str, Decimal]:
        """tCO2e by transaction type; empty for projects."""
        if "quantity" not in self.rows.column_names:
            return {}
        sums = self.rows.group_by("transaction_type").aggregate([("quantity", "sum")]).to_pylist()
        return {row["transaction_type"]: row["quantity_sum"] for row in sums}


def read_file(registry: Registry, table: str, file: str, content: bytes) -> readers.RawTable:
    """The text table of a file, which says by which layout of its table it is read. Raises `readers.UnreadableFile`."""
    spec = registry.tables[table]
    opened = readers.opened(file, content)
    layout = layout_of(spec, opened)
    spec = spec.by(layout)
    raw = opened.table(spec.header, spec.shape)
    if twins := raw.twins & {readers.header_key(name) for name in _names_used(spec)}:
        names = ", ".join(repr(raw.header[key]) for key in sorted(twins))
        raise readers.UnreadableFile(f"several columns are named {names}: which one counts cannot be told")
    if not len(raw.rows) and not raw.bad_rows and not spec.may_be_empty:
        raise readers.UnreadableFile("the file has a header but no rows")
    return replace(raw, layout=layout)


def normalize(
    con: duckdb.DuckDBPyConnection,
    registry: Registry,
    table: str,
    snapshot: Snapshot,
    raw: readers.RawTable,
    projects: pa.Table | None = None,
) -> Normalized:
    """The canonical form of `raw`. Raises `readers.UnreadableFile` where its columns prove two forms of numbers or days.

    `projects`: the registry's normalized projects, needed where columns resolve the registry's project keys.
    """
    registry = registry.as_read(table, raw.layout)
    spec = registry.tables[table]
    stated_rows = stated_totals.rows_of(raw)
    prepare(con)
    con.execute("set TimeZone = 'UTC'")
    con.register("raw_text", raw.rows)
    if spec.resolves_projects:
        con.register("own_projects", projects)
    con.execute(f"create or replace temp table raw as select *, {_row_hash(raw)} as row_hash from raw_text")
    form = forms_of(con, registry, spec, raw)
    # The manifest's own, as a hash by today's description can be another: rows must say which file they come from.
    snapshot_id = snapshot.snapshot_id or f"{registry.id}/{table}@{_record_hash(con, spec, raw, form)}"
    cells = typed(spec, raw, "own_projects", form)
    con.execute(f"create or replace temp table typed as {serial_forms.filled(registry, spec, cells)}")
    con.execute(f"create or replace temp table judged as {judged(registry, spec, raw, snapshot)}")
    con.execute(
        "create or replace temp view accepted as select * exclude (fault, is_stranger) from judged where fault is null"
    )
    con.execute(f"create or replace temp table events as {events(registry, table, snapshot, 'accepted')}")
    rows = con.execute(identified(con, registry, table, spec, snapshot_id)).to_arrow_table()
    ((accepted,),) = con.execute("select count(*) from accepted").fetchall()
    quarantine = _unsplit(raw, registry, table, snapshot, snapshot_id)
    if accepted < len(raw.rows):
        quarantine = pa.concat_tables([_quarantined(con, registry, table, spec, snapshot, snapshot_id), quarantine])
    rows_in = len(raw.rows) + len(raw.bad_rows)
    if rows_in != accepted + len(quarantine):
        raise AssertionError(f"{rows_in} rows read, but {accepted} accepted and {len(quarantine)} quarantined")
    used, absent = {readers.header_key(name) for name in _names_used(spec)}, _absent_columns(spec, raw)
    is_of_tonnes = spec.holds == "credits" and len(quarantine) > 0
    tonnes, rows_without_tonnes = tonnes_set_aside(con, registry, table, snapshot, raw) if is_of_tonnes else ({}, 0)
    return Normalized(
        rows=rows.cast(spec.canonical),
        quarantine=quarantine.sort_by([("line", "ascending"), ("reason", "ascending")]),
        rows_in=rows_in,
        rows_accepted=accepted,
        unmapped_columns=tuple(name for key, name in raw.header.items() if key not in used),
        absent_columns=absent,
        told_absent=tuple(name for name in absent if name not in spec.lacks),
        snapshot_id=snapshot_id,
        tonnes_set_aside=tonnes,
        rows_set_aside_without_tonnes=rows_without_tonnes,
        stated=stated.facts(con, registry, table, snapshot, raw, snapshot_id),
        stated_rows=stated_rows,
        incomplete=stated_totals.why_incomplete(raw, stated_rows),
    )


def _absent_columns(spec: Table, raw: readers.RawTable) -> tuple[str, ...]:
    """What the description reads and the file does not have: canonical columns, and columns of labels and of facts of projects by
    their own name."""
    names = [*((name, column.names) for name, column in spec.columns.items())]
    others: list[Column | Label] = [*spec.labels, *spec.states.values()]
    names += [(source.names[0], source.names) for source in others]
    return tuple(name for name, published in names if raw_key(raw, published) is None)


def _names_used(spec: Table) -> list[str]:
    return [*(name for column in spec.sources for name in column.names), *spec.where]


def _row_hash(raw: readers.RawTable) -> str:
    """SQL for a hash of a row's cells that does not depend on the order of columns or rows, or on outer blanks."""
    cells = ", ".join(f"trimmed({quote(key)})" for key in sorted(raw.header))
    return f"sha256(concat_ws(chr(31), {cells}))"


def record_hash(con: duckdb.DuckDBPyConnection, registry: Registry, table: str, raw: readers.RawTable) -> str:
    """A hash of a file's records and column names that does not depend on their order or on how numbers are written: the
    same records are the same snapshot. Raises `readers.UnreadableFile` where the file proves two forms."""
    spec = registry.tables[table].by(raw.layout)
    prepare(con)
    con.register("raw_text", raw.rows)
    con.register("raw", raw.rows)
    return _record_hash(con, spec, raw, forms_of(con, registry, spec, raw))


def _record_hash(con: duckdb.DuckDBPyConnection, spec: Table, raw: readers.RawTable, form: Forms) -> str:
    marks = {"tonnes": form.mark, "count": form.mark, "year": "'.'"}
    kinds = {raw_key(raw, column.names): spec.cell_type(name) for name, column in spec.columns.items()}
    cells = ", ".join(
        f"coalesce(as_tonnes({quote(key)}, {marks[kinds[key]]})::varchar, trim({quote(key)}))"
        if kinds.get(key) in marks
        else f"as_compared({quote(key)})"
        for key in sorted(raw.header)
    )
    rest = "\n".join([*sorted(row.text for row in raw.bad_rows), chr(31).join(sorted(raw.header))])
    query = f"""
        select left(sha256(coalesce(string_agg(record, '' order by record), '') || $rest), 16)
        from (select sha256(concat_ws(chr(31), {cells})) as record from raw_text)
    """
    ((records,),) = con.execute(query, {"rest": rest}).fetchall()
    return records


def _quarantined(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: str, spec: Table, snapshot: Snapshot, snapshot_id: str
) -> pa.Table:
    quantity = "case when not is_stranger then j.quantity end" if "quantity" in spec.columns else "null"
    return (
        con.execute(
            f"""
        with records as (select {readers.LINE} as line, r as record from raw_text r)
        select $registry as registry, $table as "table", $file as file, j.line, j.fault.column as "column",
            j.fault.value as value, {full_reason("j.fault")} as reason, cast({quantity} as {column_types.sql_type(column_types.TONNES)}) as quantity,
            json_merge_patch(to_json(records.record), '{{"{readers.LINE}": null}}')::varchar as record, $snapshot_id as snapshot_id
        from judged j join records using (line) where j.fault is not null
        """,
            {"registry": registry.id, "table": table, "file": snapshot.file, "snapshot_id": snapshot_id},
        )
        .to_arrow_table()
        .cast(schema.QUARANTINE)
    )


def _unsplit(raw: readers.RawTable, registry: Registry, table: str, snapshot: Snapshot, snapshot_id: str) -> pa.Table:
    """Quarantine rows of the lines that the reader could not split."""
    rows = [
        {
            "registry": registry.id, "table": table, "file": snapshot.file, "line": row.line, "column": None,
            "value": None, "reason": row.reason, "quantity": None, "record": json.dumps(row.text, ensure_ascii=False),
            "snapshot_id": snapshot_id,
        }
        for row in raw.bad_rows
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema.QUARANTINE)
