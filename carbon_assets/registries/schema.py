"""Columns of the canonical tables that a registry's files become, of their quarantine, and of what changed in their form."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import COUNT, DATE, FLAG, INSTANT, LABELS, TEXT, TONNES, YEAR, field

PROJECTS = pa.schema(
    [
        field("project_id", TEXT, "Registry prefix and the registry's number, e.g. VCS1340", required=True),
        field("registry_key", TEXT, "The registry's own identifier of the project, where another table refers to it"),
        field("name", TEXT, "Project name as published"),
        field("proponent", TEXT, "Proponent, developer or owner as published"),
        field("protocol_raw", TEXT, "Methodology or protocol text as published"),
        field("project_type_raw", TEXT, "The registry's own project type or sector"),
        field("activity_raw", TEXT, "The registry's own activity, pathway or process below the type"),
        field("status_raw", TEXT, "Status as published"),
        field("country_raw", TEXT, "Country name as published"),
        field("country_code_raw", TEXT, "Country code as published"),
        field("region", TEXT, "State, province or region as published"),
        field("listed_at", DATE, "Day the project was listed"),
        field("registered_at", DATE, "Day the project was registered"),
        field("crediting_period_start", DATE, "First day of the current crediting period"),
        field("crediting_period_end", DATE, "Last day of the current crediting period"),
        field("project_url", TEXT, "The registry's page of the project"),
        field("source", TEXT, "Registry and table that asserted the row", required=True),
        field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)


CREDITS = pa.schema(
    [
        field("credit_id", TEXT, "Stable identifier of the event", required=True),
        field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        field("transaction_type", TEXT, "issuance, retirement or cancellation", required=True),
        field("quantity", TONNES, "tCO2e", required=True),
        field("buffer_quantity", TONNES, "tCO2e of `quantity` that went to a buffer pool, where published"),
        field("is_buffer", FLAG, "The credits are buffer credits", required=True),
        field("vintage", YEAR, "Vintage year"),
        field("vintage_start", DATE, "First day of the vintage period"),
        field("vintage_end", DATE, "Last day of the vintage period"),
        field("issued_on", DATE, "Day the credits were issued, on any kind of row"),
        field("transaction_date", DATE, "Day of the transaction"),
        field("retirement_account", TEXT, "Account that held the credits"),
        field("retirement_beneficiary", TEXT, "Beneficiary as published"),
        field("retirement_reason", TEXT, "Reason as published"),
        field("retirement_note", TEXT, "Note as published"),
        field("cancellation_account", TEXT, "Account that held the credits that were cancelled"),
        field("cancellation_reason", TEXT, "Reason of a cancellation as published"),
        field("cancellation_note", TEXT, "Details of a cancellation as published"),
        field("transaction_url", TEXT, "The registry's page of the transaction"),
        field("serial_number", TEXT, "Serial number as published; several of one issuance are joined by '; '"),
        field("serial_start", COUNT, "First unit of the serial block"),
        field("serial_end", COUNT, "Last unit of the serial block"),
        field("serial_key", TEXT, "What the block's unit numbers are unique within"),
        field("labels", LABELS, "Labels and eligibilities: CORSIA, CCP, Article 6, ..."),
        field("unknown_labels", LABELS, "Cells of label columns that say neither yes nor no, as published"),
        field("source", TEXT, "Registry and table that asserted the row", required=True),
        field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)


STATED_FACTS = ("name", "proponent", "protocol_raw", "project_type_raw", "country_raw")
"""The columns of `PROJECTS` that tables of transactions may say of a project."""


STATED = pa.schema(
    [
        field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        field(
            "fact", TEXT, "Which column of a project the value is of: name, proponent, protocol_raw, ...", required=True
        ),
        field("value", TEXT, "The text as published", required=True),
        field("occurrences", COUNT, "Rows of the file that say so", required=True),
        field("observed_at", INSTANT, "When the file was taken, UTC", required=True),
        field("source", TEXT, "Registry and table that says so", required=True),
        field("snapshot_id", TEXT, "Snapshot that says so", required=True),
    ]
)
"""What the rows of a table of transactions say of their projects."""


QUARANTINE = pa.schema(
    [
        field("registry", TEXT, "Registry id", required=True),
        field("table", TEXT, "Table of the registry", required=True),
        field("file", TEXT, "File name as dropped", required=True),
        field("line", COUNT, "Line on which the row begins (row number of a sheet)", required=True),
        field("column", TEXT, "Column as the file names it"),
        field("value", TEXT, "The cell as published"),
        field("reason", TEXT, "What is wrong and what is accepted", required=True),
        field("quantity", TONNES, "tCO2e of the row, where it can be read"),
        field("record", TEXT, "The whole row as JSON, or its text where it could not be split"),
        field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)


SCHEMA_CHANGES = pa.schema(
    [
        field("registry", TEXT, "Registry that published the file", required=True),
        field("table", TEXT, "Table of the registry", required=True),
        field("from_snapshot", TEXT, "Snapshot that is compared with, the last good one before", required=True),
        field("to_snapshot", TEXT, "Snapshot in which the change is seen", required=True),
        field("observed_at", INSTANT, "When that was taken, UTC", required=True),
        field("column", TEXT, "Column as the file names it; of a renamed one its new name", required=True),
        field("canonical", TEXT, "The column that it is read into; NULL: it is not read"),
        field(
            "change",
            TEXT,
            "layout, added, removed, renamed, retyped, null rate, values, number format or date format",
            required=True,
        ),
        field("old", TEXT, "What it was before"),
        field("new", TEXT, "What it is now"),
        field("blocks", FLAG, "The file is not used for it", required=True),
        field("detail", TEXT, "The change in words", required=True),
    ]
)


TOTALS = pa.schema(
    [
        field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        field("transaction_type", TEXT, "issuance, retirement or cancellation", required=True),
        field("transactions", COUNT, "Transactions of the project", required=True),
        field("quantity", TONNES, "tCO2e of them", required=True),
        field("source", TEXT, "Registry and table that asserted them", required=True),
        field("snapshot_id", TEXT, "Snapshot that first said so", required=True),
        field("is_host_replacement", FLAG, "Stands for the host registry's rows of the project", required=True),
    ]
)
"""Totals per project, type and table: what is kept of the credits of each accepted snapshot."""


TABLES = {
    "harmonized/schema_changes": SCHEMA_CHANGES,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
