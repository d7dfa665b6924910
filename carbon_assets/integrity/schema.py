"""Columns of the tables that say what contradicts itself: serial blocks, findings, double counting, and what gives way."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import COUNT, DATE, TEXT, TONNES, YEAR, field

SERIAL_BLOCKS = pa.schema(
    [
        field("credit_id", TEXT, "Event that the block belongs to", required=True),
        field("block", COUNT, "Place of the block among those of the event, from 1", required=True),
        field("publisher", TEXT, "Registry that published the serial number", required=True),
        field("serial_number", TEXT, "Serial number of the block as published", required=True),
        field("form", TEXT, "Name of the registry's form that it has; NULL: none"),
        field("serial_key", TEXT, "What the unit numbers are unique within"),
        field("serial_start", COUNT, "First unit"),
        field("serial_end", COUNT, "Last unit"),
        field("project_id", TEXT, "Project that the serial number names"),
        field("vintage", YEAR, "Vintage that the serial number names"),
        field("vintage_start", DATE, "First day of the vintage that the serial number names"),
        field("vintage_end", DATE, "Last day of the vintage that the serial number names"),
    ]
)


CREDIT_FINDINGS = pa.schema(
    [
        field("rule", TEXT, "Rule that is broken", required=True),
        field("registry", TEXT, "Registry that hosts the project"),
        field("project_id", TEXT, "Project of the row", required=True),
        field("credit_id", TEXT, "Event that breaks the rule; NULL: the project itself"),
        field("other_credit_id", TEXT, "Event that it contradicts"),
        field("serial_number", TEXT, "Serial number of the block"),
        field("quantity", TONNES, "tCO2e affected; NULL: none, or not known"),
        field("finding", TEXT, "What is wrong, with the values", required=True),
    ]
)


DOUBLE_COUNTING_FINDINGS = pa.schema(
    [
        field("status", TEXT, "What does not match, or why it cannot be checked", required=True),
        field("program", TEXT, "Programme that issues the credits anew", required=True),
        field("registry", TEXT, "Registry that hosts the project"),
        field("project_id", TEXT, "The project; NULL: the row sums what cannot be checked"),
        field("vintage", YEAR, "Vintage year"),
        field("cancelled", TONNES, "tCO2e cancelled at the host for the programme"),
        field("issued", TONNES, "tCO2e issued by the programme"),
        field("quantity", TONNES, "tCO2e that may count twice, or are missing", required=True),
        field("cancellation_id", TEXT, "Event that cancelled at the host"),
        field("issuance_id", TEXT, "Event that issued at the programme"),
        field("finding", TEXT, "What is wrong, with the values", required=True),
    ]
)


REPLACED_AT_HOST = pa.schema(
    [
        field("credit_id", TEXT, "Event of the host registry that gives way, wholly or in part", required=True),
        field("program", TEXT, "Programme whose rows stand in its place; several are joined by ', '", required=True),
        field("registry", TEXT, "Registry that hosts the project"),
        field("project_id", TEXT, "The project", required=True),
        field("vintage", YEAR, "Vintage year"),
        field("transaction_type", TEXT, "issuance, retirement or cancellation", required=True),
        field("published", TONNES, "tCO2e of the event as the host publishes it", required=True),
        field("quantity", TONNES, "tCO2e of it that give way to the programme's rows", required=True),
        field("reason", TEXT, "Why they give way", required=True),
    ]
)


TABLES = {
    "harmonized/serial_blocks": SERIAL_BLOCKS,
    "harmonized/credit_findings": CREDIT_FINDINGS,
    "harmonized/double_counting_findings": DOUBLE_COUNTING_FINDINGS,
    "harmonized/replaced_at_host": REPLACED_AT_HOST,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
