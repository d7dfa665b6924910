"""Columns of the tables that unite all registries."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import FLAG, TEXT, field
from carbon_assets.registries.schema import CREDITS, PROJECTS

REGISTRIES = pa.schema(
    [
        field("registry", TEXT, "Registry id", required=True),
        field("name", TEXT, "Name of the registry", required=True),
        field("project_prefix", TEXT, "First letters of its project ids; none where it issues for others' projects"),
        field("project_url", TEXT, "Page of a project, with {number} for the id without its prefix"),
        field("replaces_host_registry", FLAG, "Its rows stand for those of the host registry", required=True),
    ]
)


UNIFIED_PROJECTS = pa.schema(
    [
        *PROJECTS,
        field("registry", TEXT, "Registry that hosts the project", required=True),
        field("status", TEXT, "listed, registered or completed; NULL where the raw status is unknown"),
        field("country", TEXT, "Country, short English name; NULL where unknown"),
        field("country_iso3", TEXT, "ISO 3166-1 alpha-3 code"),
        field(
            "is_curated", FLAG, "Asserted by configs/unified/curated_projects.csv, not by the registry", required=True
        ),
    ]
)


UNIFIED_CREDITS = pa.schema(
    [
        *CREDITS,
        field("registry", TEXT, "Registry that hosts the project, by the prefix of its id"),
        field("is_host_replacement", FLAG, "Stands for the host registry's rows of the project", required=True),
    ]
)


TABLES = {
    "harmonized/registries": REGISTRIES,
    "harmonized/projects": UNIFIED_PROJECTS,
    "harmonized/credits": UNIFIED_CREDITS,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
