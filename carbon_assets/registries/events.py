"""Accepted rows become projects, or events with identifiers: the registry's hook, sums, serial blocks, `credit_id`."""

from __future__ import annotations

import importlib

import duckdb

from carbon_assets.base import column_types
from carbon_assets.base.sqltext import literal
from carbon_assets.registries import serial_forms
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot


def events(registry: Registry, table: str, snapshot: Snapshot, rows: str) -> str:
    """What the registry's hook makes of the relation `rows`; the rows themselves where it has none for this table."""
    spec = registry.tables[table]
    made_by = hook(registry, table)
    made = made_by(rows, spec, snapshot.observed_at.date()) if made_by else f"select * from {rows}"
    return _summed(made, spec) if spec.sum_by else made


def hook(registry: Registry, table: str):  # noqa: ANN201
    """The function that makes rows of a table of what its file holds; None where nothing but the description is needed."""
    if registry.hooks is None:
        return None
    return getattr(importlib.import_module(registry.hooks), table, None)


def _summed(rows: str, spec: Table) -> str:
    """One event for each value of `sum_by` and each set of labels: rows that differ in labels are not one event. What the
    summed rows agree in is kept; serials are joined."""
    merged = {
        "quantity": "sum(quantity)",
        "buffer_quantity": "sum(buffer_quantity)",
        "vintage_start": "min(vintage_start)",
        "vintage_end": "max(vintage_end)",
        "issued_on": "min(issued_on)",
        "is_buffer": "bool_and(is_buffer)",
        "serial_number": "string_agg(serial_number, '; ' order by serial_number)",
        "unknown_labels": "flatten(list(unknown_labels) filter (unknown_labels is not null))",
    }
    given = [*spec.columns, *spec.constants, "unknown_labels"]
    columns = [name for name in given if name in spec.canonical.names]
    selected = [
        f"{merged.get(name) or f'case when count(distinct {name}) = 1 then min({name}) end'} as {name}"
        for name in dict.fromkeys(columns)
        if name not in spec.sum_by
    ]
    keys = ", ".join(spec.sum_by)
    labelled = f"select * replace (list_sort(list_distinct(labels)) as labels) from ({rows})"
    return (
        f"select {keys}, labels, {', '.join(selected)} from ({labelled}) "
        f"group by {keys}, labels having sum(quantity) > 0"
    )


def identified(con: duckdb.DuckDBPyConnection, registry: Registry, table: str, spec: Table, snapshot_id: str) -> str:
    """`events` in the canonical shape, with identifiers, in a fixed order."""
    present = {row[0] for row in con.execute("describe events").fetchall()} - {"source", "snapshot_id"}
    own_keys = [name for name in spec.key if name not in spec.canonical.names]
    complete = f"select {', '.join([column_types.projection(spec.canonical, present), *own_keys])} from events"
    filled = {"source": literal(f"{registry.id}/{table}"), "snapshot_id": literal(snapshot_id)}
    if spec.holds == "projects":
        return f"select * replace ({_aliased(filled)}) from ({complete}) order by project_id"
    filled |= {
        "is_buffer": "coalesce(is_buffer, false)",
        # D2: where a registry publishes a period and no year, the vintage is the year of its first day.
        "vintage": "vintage" if "vintage" in spec.columns else "coalesce(vintage, year(vintage_start))",
        "labels": "list_sort(list_distinct(labels))",
        **serial_parts(registry),
    }
    rows = f"select * replace ({_aliased(filled)}) from ({complete})"
    canonical = ", ".join(spec.canonical.names)
    return (
        f"select {canonical} from (select * replace ({_credit_id(spec)} as credit_id) from ({rows})) order by credit_id"
    )


def _aliased(values: dict[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in values.items())


def _credit_id(spec: Table) -> str:
    """Made of the event's key alone, so that it stays when the file grows; twins of one key are numbered."""
    key = "concat_ws(chr(31), " + ", ".join(
        f"coalesce({name}::varchar, '')" for name in ("source", "transaction_type", *spec.key)
    ) + ")"  # fmt: skip
    # Earlier events first, so that a later twin takes a later number; twins of a sum differ in their labels alone.
    told_apart_by = ["labels"] if spec.sum_by else []
    names = ["transaction_date", *told_apart_by, *(name for name in spec.canonical.names if name != "credit_id")]
    content = ", ".join(dict.fromkeys(names))
    number = f"row_number() over (partition by {key} order by {content})"
    return f"left(sha256({key} || chr(31) || {number}), 24)"


def serial_parts(registry: Registry) -> dict[str, str]:
    """SQL for start, end and key of a serial number, by the first of the registry's forms that fits."""
    forms = [serial for serial in registry.serials if "start" in serial.groups]
    parts = {}
    for name, type_ in (("start", "bigint"), ("end", "bigint"), ("key", "varchar")):
        column = f"serial_{name}"
        found = [
            f"when {serial_forms.fits(form, 'serial_number')} and not contains(serial_number, {literal(serial_forms.SEPARATOR)}) "
            f"then {serial_forms.part(form, name, 'serial_number')}"
            for form in forms
        ]
        parsed = f"try_cast(case {' '.join(found)} end as {type_})" if found else "null"
        parts[column] = f"coalesce({column}, {parsed})"
    return parts
