"""Columns of the table that says what is eligible."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import DATE, FLAG, TEXT, TONNES, field

ELIGIBILITY = pa.schema(
    [
        field("credit_id", TEXT, "Issuance that the block of units is", required=True),
        field("scheme", TEXT, "CORSIA or CCP", required=True),
        field("phase", TEXT, "Phase of the scheme; NULL: the scheme has none"),
        field("program", TEXT, "Programme that issued the units; NULL: no programme is known of their registry"),
        field("unit_type", TEXT, "Kind of unit (configs/labels/unit_types.csv); NULL: the public file does not say"),
        field("quantity", TONNES, "tCO2e of the block as published", required=True),
        field(
            "verdict",
            TEXT,
            "eligible, not_eligible, or unknown: the rules or the public file do not say",
            required=True,
        ),
        field("reason", TEXT, "One word for why the verdict is what it is", required=True),
        field(
            "rule", TEXT, "Rule of configs/labels/rules.csv that decides, or that cannot be decided; NULL: none applies"
        ),
        field("document", TEXT, "Document that the rule was read in"),
        field("document_version", TEXT, "Version or form of the document"),
        field("document_date", DATE, "Day of the document"),
        field(
            "registry_label",
            TEXT,
            "Labels by which the registry itself says that the units are eligible; several are joined by ', '. NULL: none",
        ),
        field(
            "contradicts_registry",
            FLAG,
            "The registry labels the units for this phase, and the rules exclude them",
            required=True,
        ),
    ]
)


TABLES = {"harmonized/eligibility": ELIGIBILITY}
"""The columns of each table that is an asset of this subject, by its key as text."""
