"""Tonnes that a file says and its table does not hold, because their rows are set aside: those that are known, and how many rows
have tonnes that are not.

Why a row is set aside belongs in `faults.py`.
"""

from __future__ import annotations

from decimal import Decimal

import duckdb

from carbon_assets.base import readers
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.registries.cells import raw_key
from carbon_assets.registries.description import Registry
from carbon_assets.registries.events import events
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot

UNKNOWN_TYPE = "unknown"
"""Stands for the transaction type where that is what cannot be read."""

MIN_ROWS_OF_A_TOTAL = 3
"""Of fewer rows, two that have the same tonnes are no row and its total."""


def tonnes_set_aside(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: str, snapshot: Snapshot, raw: readers.RawTable
) -> tuple[dict[str, Decimal], int]:
    """tCO2e by transaction type that the table would hold more with the rows in it that are set aside, and how many of these
    have tonnes that cannot be read.

    Made of the relations `raw`, `judged` and `events`. A row that stands in the file twice, its footer and a repeated header
    have no tonnes of their own.
    """
    spec = registry.tables[table]
    no_record = _is_no_record(spec, raw, _sum_of_quantities(con, spec))
    con.execute(f"""
        create or replace temp table rows_set_aside as
        select j.*, is_stranger or {_lacks_tonnes(spec, raw)} as lacks_tonnes, {no_record} as is_no_record
        from judged j join raw r on r.{readers.LINE} = j.line where j.fault is not null
    """)
    con.execute("""
        create or replace temp table records_set_aside as
        select * from rows_set_aside
        where not is_no_record and row_hash not in (select row_hash from judged where fault is null)
        qualify row_number() over (partition by row_hash order by line) = 1
    """)
    ((unread,),) = con.execute("select count(*) from records_set_aside where lacks_tonnes").fetchall()
    con.execute("""
        create or replace temp view counted as
        select * from judged
        where fault is null or line in (select line from records_set_aside where not is_stranger)
    """)
    known = con.execute(f"""
        select coalesce(transaction_type, {literal(UNKNOWN_TYPE)}) as kind, sum(tonnes) from (
            select transaction_type, quantity as tonnes from ({events(registry, table, snapshot, "counted")})
            union all
            select transaction_type, -quantity from events
        )
        group by kind having sum(tonnes) <> 0 order by kind
    """).fetchall()
    return dict(known), unread + len(raw.bad_rows)


def _lacks_tonnes(spec: Table, raw: readers.RawTable) -> str:
    """SQL: a cell of tonnes holds what cannot be read, or nothing where something is required."""
    tests = ["false"]
    for name in _columns_of_tonnes(spec, raw):
        is_wrong = "true" if name in spec.filled else f"not is_missing_value(j.{quote(name + '__cell')})"
        tests.append(f"(j.{quote(name)} is null and {is_wrong})")
    return f"({' or '.join(tests)})"


def _sum_of_quantities(con: duckdb.DuckDBPyConnection, spec: Table) -> Decimal | None:
    """tCO2e of all rows of the file, a total among them; None where they are too few to tell a total."""
    if "quantity" not in spec.columns:
        return None
    query = f"select sum(quantity) from judged having count(*) >= {MIN_ROWS_OF_A_TOTAL}"
    ((total,),) = con.execute(query).fetchall() or [(None,)]
    return total


def _is_no_record(spec: Table, raw: readers.RawTable, total: Decimal | None) -> str:
    """SQL: the row is a header again, or names no project and sums the others up: it says but one word beside its tonnes and no
    day or year, or its quantity is that of all others. `total`: tCO2e of all rows."""
    id_key = raw_key(raw, spec.columns["project_id"].names)
    header = literal(raw.header[id_key] if id_key else "")
    is_header = f"coalesce(lower(trim(j.project_id__cell)) = lower({header}), false)"
    tonnes = {raw_key(raw, spec.columns[name].names) for name in _columns_of_tonnes(spec, raw)}
    filled = [f"coalesce((trim(r.{quote(key)}) <> '')::int, 0)" for key in raw.header if key not in tonnes]
    days = [f"j.{quote(name)} is null" for name in spec.columns if spec.cell_type(name) in ("date", "year")]
    says_a_word = " and ".join([f"{' + '.join(filled)} <= 1", *days])
    is_total = "false" if total is None else f"coalesce(j.quantity = {total} - j.quantity, false)"
    names_no_project = f"(j.project_id is null or j.fault.column = {header})"
    return f"({is_header} or ({names_no_project} and (({says_a_word}) or {is_total})))"


def _columns_of_tonnes(spec: Table, raw: readers.RawTable) -> list[str]:
    return [
        name for name, column in spec.columns.items() if spec.cell_type(name) == "tonnes" and raw_key(raw, column.names)
    ]
