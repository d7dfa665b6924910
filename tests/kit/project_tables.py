"""The tables of the project as its files declare them: keys, columns, suites. Nothing here is taken from the code that
the tests examine, other than the schemas themselves."""

from __future__ import annotations

import re
from importlib import import_module

import yaml

from carbon_assets.base import column_types
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.registries import schema as registries_schema
from carbon_assets.registries.description import load_registries
from tests.kit.places import HOME

PACKAGE = HOME / "carbon_assets"
MARTS = HOME / "dbt_project" / "models" / "marts"
STAGING = HOME / "dbt_project" / "models" / "staging"
SHAPES = {"normalized/projects": registries_schema.PROJECTS, "normalized/credits": registries_schema.CREDITS}

Columns = dict[str, str]
"""Column name -> SQL type."""


UNREAD = {"harmonized/boundary_repair_findings": boundaries_schema.BOUNDARY_FINDINGS}
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
    return read_by_dbt() | {key: columns_of(shape) for key, shape in UNREAD.items()}


def read_by_dbt() -> dict[str, Columns]:
    """Each is its schema of the same name, with all registries under one roof."""
    sources = yaml.safe_load((STAGING / "_sources.yml").read_text())["sources"]
    names = [table["name"] for source in sources if source["name"] == "harmonized" for table in source["tables"]]
    return {f"harmonized/{name}": columns_of(harmonized_schema(name)) for name in names}


def harmonized_schema(name: str):
    """`UNIFIED_<NAME>` where a normalized shape has the plain name already, else `<NAME>`."""
    schemas = [
        import_module(f"carbon_assets.{path.parent.name}.schema") for path in sorted(PACKAGE.glob("*/schema.py"))
    ]
    found = [getattr(s, n) for n in (f"UNIFIED_{name.upper()}", name.upper()) for s in schemas if hasattr(s, n)]
    return found[0]


def marts() -> dict[str, Columns]:
    """The marts, with the columns that their YAML documents."""
    return {f"marts/{path.stem}": mart_columns(path.stem) for path in sorted(MARTS.glob("*.sql"))}


def mart_columns(name: str) -> Columns:
    (model,) = yaml.safe_load((MARTS / f"{name}.yml").read_text())["models"]
    assert model["name"] == name
    return {column["name"]: column["data_type"] for column in model["columns"]}


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
