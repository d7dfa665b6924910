"""Columns of the table of all files ever taken."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import COUNT, DATE, FLAG, INSTANT, LABELS, TEXT, field

SNAPSHOTS = pa.schema(
    [
        field("registry", TEXT, "Registry that published the file", required=True),
        field("table", TEXT, "Table of the registry", required=True),
        field("snapshot", TEXT, "Name of the snapshot in the raw store", required=True),
        field("snapshot_id", TEXT, "What rows say that come from it; NULL: could not be read"),
        field(
            "state",
            TEXT,
            "in use, superseded, repeated, held back, refused, overtaken, waiting or made up",
            required=True,
        ),
        field("reason", TEXT, "Why it was refused, or is held back"),
        field("is_synthetic", FLAG, "Invented, not published by the registry", required=True),
        field("file", TEXT, "File name as dropped", required=True),
        field("source_path", TEXT, "Where it was taken from", required=True),
        field("asserted_by", TEXT, "Who dropped it", required=True),
        field("observed_at", INSTANT, "When it was taken, UTC", required=True),
        field("file_date", DATE, "Day that the file's name states"),
        field("sha256", TEXT, "SHA-256 of its bytes", required=True),
        field("size_bytes", COUNT, "Its size", required=True),
        field("rows", COUNT, "Records in it; NULL: could not be read"),
        field("columns", LABELS, "Its columns, as named"),
        field("released_by", TEXT, "Who let it through although it was held back"),
        field("release_reason", TEXT, "Why"),
        field("released_at", INSTANT, "When, UTC"),
    ]
)


TABLES = {
    "harmonized/snapshots": SNAPSHOTS,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
