"""Columns of the tables that say who used credits."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import COUNT, LABELS, RATIO, TEXT, TONNES, field

BENEFICIARIES = pa.schema(
    [
        field("retirement_account", TEXT, "Account that held the credits, as published"),
        field("retirement_beneficiary", TEXT, "Beneficiary as published"),
        field("retirement_note", TEXT, "Note as published"),
        field("retirement_reason", TEXT, "Reason as published"),
        field(
            "beneficiary_harmonized",
            TEXT,
            "The one user that the texts name, under one spelling; NULL: none or several",
        ),
        field("beneficiary_found", TEXT, "The same as these texts spell it"),
        field("beneficiaries_named", LABELS, "All users that the texts name"),
        field(
            "absence_reason",
            TEXT,
            "Why a retirement has no one user: not_stated, placeholder, code_only, not_public, several, crowd or not_understood",
        ),
        field("basis", TEXT, "beneficiary, note, account or reason: the text that names the user"),
        field("method", TEXT, "operation, alias, pattern or fingerprint: how the name was found"),
        field("confidence", RATIO, "How sure the name is, from 0 to 1"),
        field("project_id", TEXT, "One of the projects whose credits were retired with these texts", required=True),
        field("quantity", TONNES, "tCO2e of the retirements with these texts", required=True),
        field("transactions", COUNT, "Retirements with these texts", required=True),
    ]
)


BENEFICIARY_CANDIDATES = pa.schema(
    [
        field("method", TEXT, "fingerprint, ngram-fingerprint or likeness", required=True),
        field("score", RATIO, "How alike the names are, from 0 to 1", required=True),
        field("names", LABELS, "Names that are probably one entity, the heaviest first", required=True),
        field("suggested", TEXT, "The heaviest of them", required=True),
        field("quantity", TONNES, "tCO2e retired under them", required=True),
        field("examples", LABELS, "For each name one text that holds it", required=True),
    ]
)


TABLES = {
    "harmonized/beneficiaries": BENEFICIARIES,
    "harmonized/beneficiary_candidates": BENEFICIARY_CANDIDATES,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
