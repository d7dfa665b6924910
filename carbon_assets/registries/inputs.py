"""What each table of the registries is made by: its registry's description, the gates and drift bounds, vocabularies, suites."""

from __future__ import annotations

from carbon_assets.base import suites
from carbon_assets.base.settings import Settings
from carbon_assets.platform.subject import Inputs, below
from carbon_assets.registries.description import load_registries

BOUNDS = ("intake/*",)
"""Files of `configs/` that say how much a new file may differ."""


def inputs(settings: Settings) -> dict[str, Inputs]:
    """By key of the normalized tables, and of the table of changes of form."""
    bounds = below(settings.configs, *BOUNDS)
    made = {
        f"normalized/{registry.id}/{table}": Inputs(
            (
                *below(settings.configs, f"registries/{registry.id}.yml"),
                *bounds,
                *suites.suite_paths(settings, "normalized", spec.holds),
            )
        )
        for registry in load_registries(settings.configs).values()
        for table, spec in registry.tables.items()
    }
    return made | {"harmonized/schema_changes": Inputs((*below(settings.configs, "registries/*.yml"), *bounds))}
