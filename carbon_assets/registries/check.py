"""What is wrong with the descriptions of registries and the bounds for their files: all of it, each with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carbon_assets.base import column_types
from carbon_assets.base.configs import read_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.platform.subject import Columns
from carbon_assets.registries import drift, form_votes, release_gate, schema
from carbon_assets.registries.description import load_registries


def faults(settings: Settings) -> tuple[str, ...]:
    """All that contradicts itself."""
    configs = settings.configs
    met = Faults()
    met.result_of(load_registries, configs)
    met.result_of(release_gate.load_gate, configs, _table_names(configs))
    met.result_of(drift.load_limits, configs)
    met.result_of(form_votes.load_knowledge, configs)
    return met.messages


def _table_names(configs: Path) -> set[str]:
    """`<registry>/<table>` of all that is described, also where a description says something that cannot be."""
    names = set()
    for path in (configs / "registries").glob("*.yml"):
        data: Any = Faults().result_of(lambda path: read_yaml(path).data, path)
        tables = data.get("tables") if isinstance(data, dict) else None
        names |= {f"{path.stem}/{table}" for table in tables or ()}
    return names


def tables(settings: Settings) -> dict[str, Columns]:
    """The columns of the normalized tables, and of the two shapes that all of them share suites of, by key as text. Raises
    `ConfigError`."""
    shapes = {"normalized/projects": schema.PROJECTS, "normalized/credits": schema.CREDITS}
    of_registries = {
        f"normalized/{registry.id}/{table}": spec.canonical
        for registry in load_registries(settings.configs).values()
        for table, spec in registry.tables.items()
    }
    return {key: column_types.sql_types(columns) for key, columns in {**shapes, **of_registries}.items()}
