"""Columns of the tables that say what was published when, and what changed."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import FLAG, INSTANT, TEXT, TONNES, field
from carbon_assets.registries.schema import PROJECTS, TOTALS

FIELD_CHANGES = pa.list_(
    pa.struct([pa.field("field", pa.string()), pa.field("old", pa.string()), pa.field("new", pa.string())])
)


REGISTRY_CHANGES = pa.schema(
    [
        field("registry", TEXT, "Registry that published the file", required=True),
        field("table", TEXT, "Table of the registry", required=True),
        field("from_snapshot", TEXT, "Snapshot that is compared with, the last good one before", required=True),
        field("to_snapshot", TEXT, "Snapshot in which the change is seen", required=True),
        field("observed_at", INSTANT, "When that was taken, UTC", required=True),
        field("record_key", TEXT, "Project id, serial number, or what else identifies the record", required=True),
        field("project_id", TEXT, "Project of the record; NULL: could not be read"),
        field("change", TEXT, "appeared, disappeared or changed", required=True),
        field("change_class", TEXT, "What the change means, its gravest part first", required=True),
        field("is_retroactive", FLAG, "It rewrites what was published before", required=True),
        field("quantity", TONNES, "tCO2e affected; NULL: none, or could not be read"),
        field("fields", FIELD_CHANGES, "Each changed column as the file names it, with old and new text"),
    ]
)


PROJECT_HISTORY = pa.schema(
    [
        field("valid_from", INSTANT, "When this was first observed, UTC", required=True),
        field("valid_to", INSTANT, "When something else was observed, UTC; NULL: still valid"),
        *[column for column in PROJECTS if column.name != "snapshot_id"],
        field("snapshot_id", TEXT, "Snapshot that first said so", required=True),
        field("registry", TEXT, "Registry that hosts the project"),
        field("status", TEXT, "listed, registered or completed; NULL where the raw status is unknown"),
        field("country", TEXT, "Country, short English name; NULL where unknown"),
        field("country_iso3", TEXT, "ISO 3166-1 alpha-3 code"),
    ]
)


TOTALS_HISTORY = pa.schema(
    [
        field("valid_from", INSTANT, "When this was first observed, UTC", required=True),
        field("valid_to", INSTANT, "When something else was observed, UTC; NULL: still valid"),
        *[column for column in TOTALS if column.name != "is_host_replacement"],
        field("registry", TEXT, "Registry that hosts the project, by the prefix of its id"),
        TOTALS.field("is_host_replacement"),
    ]
)


TABLES = {
    "harmonized/registry_changes": REGISTRY_CHANGES,
    "harmonized/project_history": PROJECT_HISTORY,
    "harmonized/totals_history": TOTALS_HISTORY,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
