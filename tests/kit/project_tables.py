"""The tables of the project as its files declare them: keys, columns, suites.

The columns of a mart are those that `publishing/models.py` completes: `test_dbt.py` holds them against what dbt builds.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from carbon_assets.base import column_types
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.platform import schemas
from carbon_assets.publishing import models
from carbon_assets.registries import schema as registries_schema
from carbon_assets.registries.description import load_registries
from tests.kit.places import HOME

DBT_PROJECT = HOME / "dbt_project"
SHAPES = {"normalized/projects": registries_schema.PROJECTS, "normalized/credits": registries_schema.CREDITS}

Columns = dict[str, str]
"""Column name -> SQL type."""


UNREAD = {"harmonized/boundary_repair_findings"}
"""Harmonized tables that dbt does not read, since another one takes them up."""


def of_registries() -> dict[str, Columns]:
    """One table per registry and file."""
    return {
        f"normalized/{registry.id}/{table}": columns_of(spec.canonical)
        for registry in load_registries(HOME / "configs").values()
        for table, spec in registry.tables.items()
    }


def normalized() -> dict[str, Columns]:
    """The tables of the registries, and the shapes of all boundaries."""
    return {**of_registries(), "normalized/boundaries/shapes": columns_of(boundaries_schema.BOUNDARY_SHAPES)}


def harmonized() -> dict[str, Columns]:
    """The tables that dbt reads, and what they are made of."""
    return {key: columns_of(table.columns) for key, table in schemas.tables().items() if key.startswith("harmonized/")}


def read_by_dbt() -> dict[str, Columns]:
    """The tables that dbt reads."""
    return {key: columns for key, columns in harmonized().items() if key not in UNREAD}


def marts() -> dict[str, Columns]:
    """The marts, with the columns that their YAML documents."""
    return {f"marts/{name}": mart_columns(name) for name in mart_names()}


def mart_names() -> list[str]:
    return sorted(path.stem for path in DBT_PROJECT.glob("models/marts/*/*.sql"))


def mart_sql(name: str) -> Path:
    """The file of a mart's SQL."""
    (path,) = DBT_PROJECT.glob(f"models/marts/*/{name}.sql")
    return path


def mart_columns(name: str) -> Columns:
    completed = _marts()[name].columns({key: table.columns for key, table in schemas.tables().items()})
    return {column["name"]: column["data_type"] for column in completed}


@cache
def _marts() -> dict[str, models.Mart]:
    return models.marts(DBT_PROJECT)


def columns_of(shape) -> Columns:
    return {field.name: column_types.sql_type(field.type) for field in shape}


def all_tables() -> dict[str, Columns]:
    """Every table that a suite must guard, by its key."""
    return normalized() | harmonized() | marts()


def shape_of(key: str) -> str | None:
    """Which shape's suite a normalized table is held against besides its own."""
    if key not in of_registries() or not (match := re.fullmatch(r"normalized/([^/]+)/([^/]+)", key)):
        return None
    return load_registries(HOME / "configs")[match[1]].tables[match[2]].holds
