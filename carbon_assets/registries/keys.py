"""Keys of the registries' tables. Which there are is said by their descriptions."""

from __future__ import annotations

import dagster as dg

from carbon_assets.registries.description import Registry

QUARANTINE_EMPTY = "no_rows_in_quarantine"
"""The check of a table that every row of its file could be read."""

COLUMNS_PRESENT = "no_column_is_absent"
"""The check of a table that its file has every column that is read, but for those that it is known to lack."""


def normalized_keys(registries: dict[str, Registry], holds: str) -> list[dg.AssetKey]:
    """Keys of all normalized tables of one shape."""
    return [
        dg.AssetKey(["normalized", registry.id, table])
        for registry in registries.values()
        for table, spec in registry.tables.items()
        if spec.holds == holds
    ]


def normalized_key(registry: Registry, table: str) -> dg.AssetKey:
    """The key of one normalized table."""
    return dg.AssetKey(["normalized", registry.id, table])
