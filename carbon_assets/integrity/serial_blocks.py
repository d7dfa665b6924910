"""Serial numbers taken apart: which of its registry's forms a number has, and what it says of units, project, vintage.

The forms themselves are data, in `configs/registries/*.yml`. What is wrong with a serial number is found in `findings.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.base.sqltext import literal, quote
from carbon_assets.integrity import schema
from carbon_assets.registries.description import Registry, Serial
from carbon_assets.registries.serial_forms import SEPARATOR

_VALUES = {
    "serial_key": ("key", "{}", "varchar"),
    "serial_start": ("start", "try_cast({} as bigint)", "bigint"),
    "serial_end": ("end", "try_cast({} as bigint)", "bigint"),
    "project_id": ("project", "{}", "varchar"),
    "vintage": ("vintage", "try_cast({} as integer)", "integer"),
    "vintage_start": ("vintage_from", "cast(try_strptime({}, '%d%m%Y') as date)", "date"),
    "vintage_end": ("vintage_to", "cast(try_strptime({}, '%d%m%Y') as date)", "date"),
}
"""Column of a block -> the group that says it, SQL that reads the group, type."""


def blocks(con: duckdb.DuckDBPyConnection, credits: Path, registries: dict[str, Registry]) -> pa.Table:
    """One row per block of the serial numbers of `credits` (harmonized), as `schema.SERIAL_BLOCKS`.

    A number has a form only if all that the form names can be read in it: no day is 31 February, no block ends before it
    starts. A form without a range takes that of the row's own columns, if it is the row's only number.
    """
    con.execute(
        f"""
        create or replace temp table serial_texts as
        with split as (
            select
                credit_id, project_id, split_part(source, '/', 1) as publisher, serial_key, serial_start, serial_end,
                string_split(serial_number, {literal(SEPARATOR)}) as numbers
            from read_parquet($credits)
            where serial_number is not null
        )
        select
            * exclude (numbers), len(numbers) = 1 as is_only,
            unnest(numbers) as serial_number, unnest(range(1, len(numbers) + 1)) as block
        from split
        """,
        {"credits": str(credits)},
    )
    known = [registry for registry in registries.values() if registry.serials]
    others = ", ".join(["''", *(literal(registry.id) for registry in known)])
    unread = f"select *, {_nothing()} as said from serial_texts where publisher not in ({others})"
    rows = con.execute(f"""
        with parsed as ({" union all ".join([*map(_parsed, known), unread])}),
        complete as (
            select
                credit_id, block, serial_number, publisher,
                said.form, said.project_id, said.vintage, said.vintage_start, said.vintage_end,
                coalesce(said.serial_key, case when is_only then serial_key end) as serial_key,
                coalesce(said.serial_start, case when is_only then serial_start end) as serial_start,
                coalesce(said.serial_end, case when is_only then serial_end end) as serial_end
            from parsed
        )
        select {column_types.projection(schema.SERIAL_BLOCKS, set(schema.SERIAL_BLOCKS.names))}
        from complete order by credit_id, block
    """).to_arrow_table()
    return rows.cast(schema.SERIAL_BLOCKS)


def _parsed(registry: Registry) -> str:
    """SQL: the serial texts of a registry with what the first form that fits says of each."""
    groups = ", ".join(f"{_groups(serial)} as g{place}" for place, serial in enumerate(registry.serials))
    said = ", ".join(_parsed_by_form(registry, serial, f"g{place}") for place, serial in enumerate(registry.serials))
    grouped = f"select *, {groups} from serial_texts where publisher = {literal(registry.id)}"
    return f"select * exclude ({_places(registry)}), coalesce({said}) as said from ({grouped})"


def _places(registry: Registry) -> str:
    return ", ".join(f"g{place}" for place in range(len(registry.serials)))


def _groups(serial: Serial) -> str:
    """SQL: all groups at once, and the whole number where it fits."""
    named = {number: name for name, number in serial.groups.items()}
    names = ["whole", *(named.get(number + 1, f"group_{number}") for number in range(serial.group_count))]
    listed = ", ".join(map(literal, names))
    return f"regexp_extract(serial_number, {literal(f'^({serial.pattern})$')}, [{listed}])"


def _parsed_by_form(registry: Registry, serial: Serial, groups: str) -> str:
    """SQL: what the form says, as a struct; NULL where the number does not have the form."""
    values, readable = {}, [f"{groups}.whole <> ''"]
    for column, (group, read, type_) in _VALUES.items():
        values[column] = f"cast(null as {type_})"
        if group in serial.groups:
            text = f"nullif({groups}.{quote(group)}, '')"
            values[column] = read.format(text)
            readable.append(f"({text} is null or {values[column]} is not null)")
    readable += [f"{groups}.{quote(name)} = {groups}.{quote(again)}" for name, again in serial.repeated]
    readable += [
        f"{values[first]} <= {values[last]}"
        for first, last in (("serial_start", "serial_end"), ("vintage_start", "vintage_end"))
        if _VALUES[first][0] in serial.groups
    ]
    if serial.key:
        values["serial_key"] = literal(serial.key)
    values["project_id"] = f"{literal(registry.project_prefix or '')} || {values['project_id']}"
    return f"case when {' and '.join(readable)} then {_struct({'form': literal(serial.form), **values})} end"


def _struct(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{literal(name)}: {value}" for name, value in values.items()) + "}"


def _nothing() -> str:
    columns = ", ".join(
        f"{name} {type_}" for name, type_ in {"form": "varchar", **{name: v[2] for name, v in _VALUES.items()}}.items()
    )
    return f"cast(null as struct({columns}))"
