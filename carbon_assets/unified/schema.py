"""Columns of the tables that unite all registries."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import COUNT, FLAG, LABELS, TEXT, field
from carbon_assets.registries.schema import CREDITS, PROJECTS, STATED_FACTS

REGISTRIES = pa.schema(
    [
        field("registry", TEXT, "Registry id", required=True),
        field("name", TEXT, "Name of the registry", required=True),
        field("project_prefix", TEXT, "First letters of its project ids; none where it issues for others' projects"),
        field("project_url", TEXT, "Page of a project, with {number} for the id without its prefix"),
        field("replaces_host_registry", FLAG, "Its rows stand for those of the host registry", required=True),
    ]
)


_IS_TEST = field(
    "is_test",
    FLAG,
    "The registry made the project to try its own system, no project of the world (configs/unified/test_projects)",
    required=True,
)

UNIFIED_PROJECTS = pa.schema(
    [
        *PROJECTS,
        field("registry", TEXT, "Registry that hosts the project", required=True),
        field("status", TEXT, "listed, registered or completed; NULL where the raw status is unknown"),
        field("country", TEXT, "Country, short English name; NULL where unknown"),
        field("country_iso3", TEXT, "ISO 3166-1 alpha-3 code"),
        _IS_TEST,
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


PLACEHOLDERS = pa.schema(
    [
        field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        field("registry", TEXT, "Registry that hosts the project, by the prefix of its id"),
        *[PROJECTS.field(name) for name in STATED_FACTS],
        field("country", TEXT, "Country, short English name; NULL where unknown"),
        field("country_iso3", TEXT, "ISO 3166-1 alpha-3 code"),
        _IS_TEST,
        field(
            "facts_sources",
            LABELS,
            "Of a project that no registry lists: the tables of transactions that state its name, proponent, protocol, type and "
            "country; NULL: none does, or the project is listed",
        ),
    ]
)


DISPUTED_FACTS = pa.schema(
    [
        field("project_id", TEXT, "Project that only transactions mention", required=True),
        field("registry", TEXT, "Registry that hosts the project, by the prefix of its id"),
        field("fact", TEXT, "The column of a project that rows fill differently", required=True),
        field("value", TEXT, "One of the texts, as published", required=True),
        field("occurrences", COUNT, "Rows that say so", required=True),
        field("sources", LABELS, "Tables that say so", required=True),
    ]
)


LABELS_OF_CREDITS = pa.schema(
    [
        field("label", TEXT, "Label, as in labels of credits", required=True),
        field(
            "family",
            TEXT,
            "What the label is of: a credit with several labels of a family counts once for it",
            required=True,
        ),
        field("phase", TEXT, "Phase of the family that it is of; NULL: of none in particular"),
        field("spellings", LABELS, "Words of registries for it (configs/vocab/label); NULL: it is not listed"),
    ]
)


TABLES = {
    "harmonized/registries": REGISTRIES,
    "harmonized/projects": UNIFIED_PROJECTS,
    "harmonized/credits": UNIFIED_CREDITS,
    "harmonized/labels": LABELS_OF_CREDITS,
    "harmonized/placeholders": PLACEHOLDERS,
    "harmonized/disputed_facts": DISPUTED_FACTS,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
