"""Types of the columns that Python makes, and a field with its meaning.

A schema is a `pyarrow.Schema`: it is what Parquet stores and what DuckDB reads, so nothing is declared in a second type
system. A field's `nullable=False` is enforced when the table is written. The columns of each table belong in its subject's
`schema.py`, rules about values in `expectations/`, the columns that only a mart has in `dbt_project/`.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from carbon_assets.base.sqltext import quote

TEXT = pa.string()
DATE = pa.date32()
TONNES = pa.decimal128(18, 6)
"""Tonnes of CO2 equivalent, exact to one gram."""
YEAR = pa.int32()
COUNT = pa.int64()
FLAG = pa.bool_()
RATIO = pa.float64()
"""A share or a confidence, from 0 to 1."""
AREA = pa.float64()
"""Hectares."""
DEGREES = pa.float64()
SHAPE = pa.binary()
"""A geometry as WKB."""
LABELS = pa.list_(pa.string())
INSTANT = pa.timestamp("us", tz="UTC")


def field(name: str, type_: pa.DataType, description: str, *, required: bool = False) -> pa.Field:
    """A column with its meaning; `required`: it has a value in every row."""
    return pa.field(name, type_, nullable=not required, metadata={"description": description})


def description(field: pa.Field) -> str:
    """What a field means."""
    return (field.metadata or {}).get(b"description", b"").decode()


def sql_type(type_: pa.DataType) -> str:
    """DuckDB's name of an Arrow type."""
    if pa.types.is_list(type_):
        return f"{sql_type(type_.value_type)}[]"
    if pa.types.is_struct(type_):
        return f"struct({', '.join(f'{quote(f.name)} {sql_type(f.type)}' for f in type_)})"
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision}, {type_.scale})"
    return {
        TEXT: "varchar", DATE: "date", YEAR: "integer", COUNT: "bigint", FLAG: "boolean", RATIO: "double",
        INSTANT: "timestamp with time zone", SHAPE: "blob",
    }[type_]  # fmt: skip


def sql_types(columns: pa.Schema) -> dict[str, str]:
    """DuckDB's name of the type of each column."""
    return {field.name: sql_type(field.type) for field in columns}


def projection(schema: pa.Schema, present: set[str]) -> str:
    """A select list that casts to `schema` in its order; columns that are not `present` are NULL."""
    return ",\n".join(
        f"cast({quote(f.name) if f.name in present else 'null'} as {sql_type(f.type)}) as {quote(f.name)}"
        for f in schema
    )


def is_day(text: str) -> bool:
    """Whether a text is a day as YYYY-MM-DD."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
