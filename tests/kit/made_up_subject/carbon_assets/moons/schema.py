"""Columns of the table of moons."""

import pyarrow as pa

from carbon_assets.base.column_types import COUNT, TEXT, field

MOONS = pa.schema(
    [
        field("moon", TEXT, "Name of the moon", required=True),
        field("planet", TEXT, "Planet that it goes round"),
        field("radius_km", COUNT, "Radius in km"),
        field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)

TABLES = {"harmonized/moons": MOONS}
"""The columns of each table that is an asset of this subject, by its key as text."""
