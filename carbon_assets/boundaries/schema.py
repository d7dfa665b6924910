"""Columns of the tables of project boundaries."""

from __future__ import annotations

import json

import pyarrow as pa
import pyproj

from carbon_assets.base.column_types import AREA, COUNT, DATE, DEGREES, FLAG, LABELS, RATIO, SHAPE, TEXT, field
from carbon_assets.registries.schema import QUARANTINE

BOUNDARY_SHAPES = pa.schema(
    [
        field(
            "project_id",
            TEXT,
            "Project that the shape is of, by the file's name or boundaries/index.csv",
            required=True,
        ),
        field("file", TEXT, "File name as dropped", required=True),
        field("layer", TEXT, "Layer or folder of the file", required=True),
        field("feature", COUNT, "Place of the shape within its layer, from 1", required=True),
        field("geometry", SHAPE, "WKB as the file has it, in source_crs; heights kept", required=True),
        field(
            "source_crs", TEXT, "Coordinate reference system: authority code, or WKT where it has none", required=True
        ),
        field(
            "crs_source",
            TEXT,
            "file: it says so; format: its format's own; config: declared by stewards",
            required=True,
        ),
        field("stated_ha", AREA, "Area that the file states of the shape"),
        field("stated_by", TEXT, "Attribute of the file that states it"),
        field("notes", LABELS, "What was needed to read it"),
        field("snapshot_id", TEXT, "Snapshot that the shape comes from", required=True),
    ]
)


BOUNDARY_FAULTS = pa.schema(
    [
        *(field.with_nullable(field.nullable or field.name in ("line", "snapshot_id")) for field in QUARANTINE),
        field("project_id", TEXT, "Project concerned, as far as known"),
        field("file_in_use", TEXT, "Older file that stays in use; NULL: none"),
    ]
)
"""The quarantine of boundaries: whole files, which have no line, and rows of boundaries/index.csv."""


BOUNDARIES = pa.schema(
    [
        field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        field(
            "geometry",
            SHAPE,
            "Valid MultiPolygon in EPSG:4326, longitude first, shells counter-clockwise",
            required=True,
        ),
        field("area_ha", AREA, "Area on EPSG:6933 (equal area)", required=True),
        field("area_geodesic_ha", AREA, "Area on the ellipsoid WGS 84", required=True),
        field("parts", COUNT, "Polygons", required=True),
        field("centroid_lon", DEGREES, "Centre of area, longitude", required=True),
        field("centroid_lat", DEGREES, "Centre of area, latitude", required=True),
        field(
            "bbox_west", DEGREES, "Westmost longitude; east of bbox_east where 180 degrees is crossed", required=True
        ),
        field("bbox_south", DEGREES, "Southmost latitude", required=True),
        field("bbox_east", DEGREES, "Eastmost longitude", required=True),
        field("bbox_north", DEGREES, "Northmost latitude", required=True),
        field("country_iso3", TEXT, "Country that holds the largest part, ISO 3166-1 alpha-3; NULL: none near"),
        field("admin_region", TEXT, "State or province of it that holds the largest part; NULL where not known"),
        field("source_crs", TEXT, "Coordinate reference system of the file; several are joined by '; '", required=True),
        field(
            "crs_source",
            TEXT,
            "file: it says so; format: its format's own; config: declared by stewards",
            required=True,
        ),
        field("file", TEXT, "File name as dropped", required=True),
        field("snapshot_id", TEXT, "Snapshot that the boundary comes from", required=True),
    ],
    metadata={
        # GeoParquet 1.1.0: who reads the file finds shapes, not bytes.
        "geo": json.dumps(
            {
                "version": "1.1.0",
                "primary_column": "geometry",
                "columns": {
                    "geometry": {
                        "encoding": "WKB",
                        "geometry_types": ["MultiPolygon"],
                        "crs": pyproj.CRS.from_epsg(4326).to_json_dict(),
                        "orientation": "counterclockwise",
                        "edges": "planar",
                    }
                },
            }
        )
    },
)


BOUNDARY_REPAIRS = pa.schema(
    [
        field("project_id", TEXT, "Project of the boundary", required=True),
        field("step_number", COUNT, "Place of the step, from 1", required=True),
        field("step", TEXT, "What is looked at", required=True),
        field("reason", TEXT, "What was found; NULL: nothing to do"),
        field("parts_before", COUNT, "Points, lines and polygons before", required=True),
        field("parts_after", COUNT, "And after", required=True),
        field("holes_before", COUNT, "Holes before", required=True),
        field("holes_after", COUNT, "And after", required=True),
        field("area_before_ha", AREA, "What the rings enclose before, on EPSG:6933", required=True),
        field("area_after_ha", AREA, "And after", required=True),
        field("delta_ha", AREA, "Area gained", required=True),
        field("snapshot_id", TEXT, "Snapshot that the boundary comes from", required=True),
    ]
)


BOUNDARY_OVERLAPS = pa.schema(
    [
        field("project_id", TEXT, "One project, the first by id", required=True),
        field("other_project_id", TEXT, "The other", required=True),
        field("name", TEXT, "Name of the one"),
        field("other_name", TEXT, "Name of the other"),
        field("registry", TEXT, "Registry of the one"),
        field("other_registry", TEXT, "Registry of the other"),
        field("overlap_ha", AREA, "Area that both claim, on EPSG:6933", required=True),
        field("share", RATIO, "Share of the one's area", required=True),
        field("other_share", RATIO, "Share of the other's area", required=True),
        field("crediting_period_start", DATE, "First day of the one's crediting period"),
        field("crediting_period_end", DATE, "Last day of it"),
        field("other_crediting_period_start", DATE, "First day of the other's crediting period"),
        field("other_crediting_period_end", DATE, "Last day of it"),
        field("overlaps_in_time", FLAG, "The crediting periods overlap, too; NULL: one of them is not known"),
        field("shared_from", DATE, "First day that both claim; NULL: none, or not known"),
        field("shared_to", DATE, "Last day that both claim; NULL: none, or not known"),
    ]
)


BOUNDARY_FINDINGS = pa.schema(
    [
        field("rule", TEXT, "Rule that is broken", required=True),
        field("registry", TEXT, "Registry of the project"),
        field("project_id", TEXT, "Project concerned, as far as known"),
        field("area_ha", AREA, "Area of its boundary; NULL: it has none"),
        field("value", pa.float64(), "What was measured: hectares or a share from 0 to 1, as the rule says"),
        field("bound", pa.float64(), "What it is held against"),
        field("finding", TEXT, "What is wrong, with the values", required=True),
        field("file", TEXT, "File concerned"),
        field("snapshot_id", TEXT, "Snapshot concerned"),
    ]
)


TABLES = {
    "normalized/boundaries/shapes": BOUNDARY_SHAPES,
    "harmonized/boundaries": BOUNDARIES,
    "harmonized/boundary_repairs": BOUNDARY_REPAIRS,
    "harmonized/boundary_repair_findings": BOUNDARY_FINDINGS,
    "harmonized/boundary_overlaps": BOUNDARY_OVERLAPS,
    "harmonized/boundary_findings": BOUNDARY_FINDINGS,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
