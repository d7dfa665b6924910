"""What registries changed in the form of their files, as a table."""

import dagster as dg

from carbon_assets import drift, schema
from carbon_assets.assets import harmonized
from carbon_assets.assets.registries import normalized_keys
from carbon_assets.config import Registry
from carbon_assets.settings import Settings

SCHEMA_CHANGES = dg.AssetKey(["harmonized", "schema_changes"])


def build(registries: dict[str, Registry], settings: Settings) -> list[dg.AssetsDefinition]:
    """The table of all changes of form. Raises `ConfigError` where `configs/drift.yml` cannot be used."""
    drift.load_limits(settings.configs)
    return [
        harmonized.table(
            settings,
            SCHEMA_CHANGES,
            [*normalized_keys(registries, "projects"), *normalized_keys(registries, "credits")],
            schema.SCHEMA_CHANGES,
            "What changed in the form of each file: columns, kinds of cells, blanks, values, ways of writing.",
            lambda con: drift.schema_changes(settings, registries),
            counted="change",
        )
    ]
