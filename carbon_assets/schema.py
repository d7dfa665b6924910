"""The columns of every table that Python makes: name, type, meaning, once.

A schema is a `pyarrow.Schema`: it is what Parquet stores and what DuckDB reads, so nothing is declared in a
second type system. A field's `nullable=False` is enforced when the table is written. Rules about values
belong in `expectations/`, the columns of marts in `dbt_project/`.
"""

from __future__ import annotations

import json

import pyarrow as pa
import pyproj

from carbon_assets.sqltext import quote

TEXT = pa.string()
DATE = pa.date32()
TONNES = pa.decimal128(18, 6)
"""Tonnes of CO2 equivalent, exact to one gram."""
YEAR = pa.int32()
COUNT = pa.int64()
FLAG = pa.bool_()
RATIO = pa.float64()
"""A share or a confidence, from 0 to 1."""
AREA = pa.float64()
"""Hectares."""
DEGREES = pa.float64()
SHAPE = pa.binary()
"""A geometry as WKB."""
LABELS = pa.list_(pa.string())
INSTANT = pa.timestamp("us", tz="UTC")


def _field(name: str, type_: pa.DataType, description: str, *, required: bool = False) -> pa.Field:
    return pa.field(name, type_, nullable=not required, metadata={"description": description})


PROJECTS = pa.schema(
    [
        _field("project_id", TEXT, "Registry prefix and the registry's number, e.g. VCS1340", required=True),
        _field("registry_key", TEXT, "The registry's own identifier of the project, where another table refers to it"),
        _field("name", TEXT, "Project name as published"),
        _field("proponent", TEXT, "Proponent, developer or owner as published"),
        _field("protocol_raw", TEXT, "Methodology or protocol text as published"),
        _field("project_type_raw", TEXT, "The registry's own project type or sector"),
        _field("activity_raw", TEXT, "The registry's own activity, pathway or process below the type"),
        _field("status_raw", TEXT, "Status as published"),
        _field("country_raw", TEXT, "Country name as published"),
        _field("country_code_raw", TEXT, "Country code as published"),
        _field("region", TEXT, "State, province or region as published"),
        _field("listed_at", DATE, "Day the project was listed"),
        _field("registered_at", DATE, "Day the project was registered"),
        _field("crediting_period_start", DATE, "First day of the current crediting period"),
        _field("crediting_period_end", DATE, "Last day of the current crediting period"),
        _field("project_url", TEXT, "The registry's page of the project"),
        _field("source", TEXT, "Registry and table that asserted the row", required=True),
        _field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)

CREDITS = pa.schema(
    [
        _field("credit_id", TEXT, "Stable identifier of the event", required=True),
        _field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        _field("transaction_type", TEXT, "issuance, retirement or cancellation", required=True),
        _field("quantity", TONNES, "tCO2e", required=True),
        _field("buffer_quantity", TONNES, "tCO2e of `quantity` that went to a buffer pool, where published"),
        _field("is_buffer", FLAG, "The credits are buffer credits", required=True),
        _field("vintage", YEAR, "Vintage year"),
        _field("vintage_start", DATE, "First day of the vintage period"),
        _field("vintage_end", DATE, "Last day of the vintage period"),
        _field("issued_on", DATE, "Day the credits were issued, on any kind of row"),
        _field("transaction_date", DATE, "Day of the transaction"),
        _field("retirement_account", TEXT, "Account that held the credits"),
        _field("retirement_beneficiary", TEXT, "Beneficiary as published"),
        _field("retirement_reason", TEXT, "Reason as published"),
        _field("retirement_note", TEXT, "Note as published"),
        _field("cancellation_account", TEXT, "Account that held the credits that were cancelled"),
        _field("cancellation_reason", TEXT, "Reason of a cancellation as published"),
        _field("cancellation_note", TEXT, "Details of a cancellation as published"),
        _field("transaction_url", TEXT, "The registry's page of the transaction"),
        _field("serial_number", TEXT, "Serial number as published; several of one issuance are joined by '; '"),
        _field("serial_start", COUNT, "First unit of the serial block"),
        _field("serial_end", COUNT, "Last unit of the serial block"),
        _field("serial_key", TEXT, "What the block's unit numbers are unique within"),
        _field("labels", LABELS, "Labels and eligibilities: CORSIA, CCP, Article 6, ..."),
        _field("source", TEXT, "Registry and table that asserted the row", required=True),
        _field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)

QUARANTINE = pa.schema(
    [
        _field("registry", TEXT, "Registry id", required=True),
        _field("table", TEXT, "Table of the registry", required=True),
        _field("file", TEXT, "File name as dropped", required=True),
        _field("line", COUNT, "Line on which the row begins (row number of a sheet)", required=True),
        _field("column", TEXT, "Column as the file names it"),
        _field("value", TEXT, "The cell as published"),
        _field("reason", TEXT, "What is wrong and what is accepted", required=True),
        _field("quantity", TONNES, "tCO2e of the row, where it can be read"),
        _field("record", TEXT, "The whole row as JSON, or its text where it could not be split"),
        _field("snapshot_id", TEXT, "Snapshot that the row comes from", required=True),
    ]
)

REGISTRIES = pa.schema(
    [
        _field("registry", TEXT, "Registry id", required=True),
        _field("name", TEXT, "Name of the registry", required=True),
        _field("project_prefix", TEXT, "First letters of its project ids; none where it issues for others' projects"),
        _field("project_url", TEXT, "Page of a project, with {number} for the id without its prefix"),
        _field("replaces_host_registry", FLAG, "Its rows stand for those of the host registry", required=True),
    ]
)

UNIFIED_PROJECTS = pa.schema(
    [
        *PROJECTS,
        _field("registry", TEXT, "Registry that hosts the project", required=True),
        _field("status", TEXT, "listed, registered or completed; NULL where the raw status is unknown"),
        _field("country", TEXT, "Country, short English name; NULL where unknown"),
        _field("country_iso3", TEXT, "ISO 3166-1 alpha-3 code"),
        _field("is_curated", FLAG, "Asserted by configs/curated_projects.csv, not by the registry", required=True),
    ]
)

UNIFIED_CREDITS = pa.schema(
    [
        *CREDITS,
        _field("registry", TEXT, "Registry that hosts the project, by the prefix of its id"),
        _field("is_host_replacement", FLAG, "Stands for the host registry's rows of the project", required=True),
    ]
)

PROTOCOL_CATALOGUE = pa.schema(
    [
        _field("protocol", TEXT, "Id of the protocol", required=True),
        _field("program", TEXT, "Id of the programme that publishes it", required=True),
        _field("program_name", TEXT, "Name of the programme", required=True),
        _field("title", TEXT, "Official title", required=True),
        _field("category", TEXT, "Category of its projects"),
        _field("sub_category", TEXT, "Category within the category"),
        _field("project_type", TEXT, "What projects under it are"),
        _field("is_broad", FLAG, "Projects under it are other things too", required=True),
        _field("is_compliance", FLAG, "The programme issues for compliance", required=True),
        _field("superseded_by", TEXT, "Id of the protocol that replaced it"),
        _field("other_ids", LABELS, "Wrong ids under which another database knows it"),
    ]
)

PROTOCOLS = pa.schema(
    [
        _field("registry", TEXT, "Registry whose projects carry the text"),
        _field("protocol_raw", TEXT, "Methodology or protocol text as published; NULL: projects without one"),
        _field("outcome", TEXT, "assigned, partly assigned, not understood, names none, or blank", required=True),
        _field("protocols", LABELS, "Ids of the protocols that it names, in its order"),
        _field("version", TEXT, "Version that it names; of several protocols, each with its id"),
        _field("method", TEXT, "code, title, alias or registry-default; of several, the least sure"),
        _field("confidence", RATIO, "How sure the least sure of them is, from 0 to 1"),
        _field("remainder", TEXT, "The part of the text that was not understood"),
        _field("unassigned", LABELS, "The text, or the pieces of it, to which no protocol is assigned"),
        _field("candidates", LABELS, "Ids whose titles come nearest to what is unassigned, best first"),
        _field("is_compliance", FLAG, "One of the protocols is of a compliance programme", required=True),
    ]
)

PROJECT_TYPES = pa.schema(
    [
        _field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        _field("project_type", TEXT, "What the project is; Unknown where nothing says it", required=True),
        _field("project_type_source", TEXT, "protocol, registry, override or none", required=True),
        _field("category", TEXT, "Category of the protocol, else of the type; else unknown", required=True),
        _field("unknown_words", LABELS, "Words for its type that configs/registry_types.csv does not explain"),
    ]
)

BENEFICIARIES = pa.schema(
    [
        _field("retirement_account", TEXT, "Account that held the credits, as published"),
        _field("retirement_beneficiary", TEXT, "Beneficiary as published"),
        _field("retirement_note", TEXT, "Note as published"),
        _field("retirement_reason", TEXT, "Reason as published"),
        _field(
            "beneficiary_harmonized",
            TEXT,
            "The one user that the texts name, under one spelling; NULL: none or several",
        ),
        _field("beneficiary_found", TEXT, "The same as these texts spell it"),
        _field("beneficiaries_named", LABELS, "All users that the texts name"),
        _field("basis", TEXT, "beneficiary, note, account or reason: the text that names the user"),
        _field("method", TEXT, "operation, alias, pattern or fingerprint: how the name was found"),
        _field("confidence", RATIO, "How sure the name is, from 0 to 1"),
        _field("project_id", TEXT, "One of the projects whose credits were retired with these texts", required=True),
        _field("quantity", TONNES, "tCO2e of the retirements with these texts", required=True),
        _field("transactions", COUNT, "Retirements with these texts", required=True),
    ]
)

BENEFICIARY_CANDIDATES = pa.schema(
    [
        _field("method", TEXT, "fingerprint, ngram-fingerprint or likeness", required=True),
        _field("score", RATIO, "How alike the names are, from 0 to 1", required=True),
        _field("names", LABELS, "Names that are probably one entity, the heaviest first", required=True),
        _field("suggested", TEXT, "The heaviest of them", required=True),
        _field("quantity", TONNES, "tCO2e retired under them", required=True),
        _field("examples", LABELS, "For each name one text that holds it", required=True),
    ]
)

SNAPSHOTS = pa.schema(
    [
        _field("registry", TEXT, "Registry that published the file", required=True),
        _field("table", TEXT, "Table of the registry", required=True),
        _field("snapshot", TEXT, "Name of the snapshot in the raw store", required=True),
        _field("snapshot_id", TEXT, "What rows say that come from it; NULL: could not be read"),
        _field(
            "state",
            TEXT,
            "in use, superseded, repeated, held back, refused, overtaken, waiting or made up",
            required=True,
        ),
        _field("reason", TEXT, "Why it was refused, or is held back"),
        _field("is_synthetic", FLAG, "Invented, not published by the registry", required=True),
        _field("file", TEXT, "File name as dropped", required=True),
        _field("source_path", TEXT, "Where it was taken from", required=True),
        _field("asserted_by", TEXT, "Who dropped it", required=True),
        _field("observed_at", INSTANT, "When it was taken, UTC", required=True),
        _field("file_date", DATE, "Day that the file's name states"),
        _field("sha256", TEXT, "SHA-256 of its bytes", required=True),
        _field("size_bytes", COUNT, "Its size", required=True),
        _field("rows", COUNT, "Records in it; NULL: could not be read"),
        _field("columns", LABELS, "Its columns, as named"),
        _field("released_by", TEXT, "Who let it through although it was held back"),
        _field("release_reason", TEXT, "Why"),
        _field("released_at", INSTANT, "When, UTC"),
    ]
)

SCHEMA_CHANGES = pa.schema(
    [
        _field("registry", TEXT, "Registry that published the file", required=True),
        _field("table", TEXT, "Table of the registry", required=True),
        _field("from_snapshot", TEXT, "Snapshot that is compared with, the last good one before", required=True),
        _field("to_snapshot", TEXT, "Snapshot in which the change is seen", required=True),
        _field("observed_at", INSTANT, "When that was taken, UTC", required=True),
        _field("column", TEXT, "Column as the file names it; of a renamed one its new name", required=True),
        _field("canonical", TEXT, "The column that it is read into; NULL: it is not read"),
        _field(
            "change",
            TEXT,
            "added, removed, renamed, retyped, null rate, values, number format or date format",
            required=True,
        ),
        _field("old", TEXT, "What it was before"),
        _field("new", TEXT, "What it is now"),
        _field("blocks", FLAG, "The file is not used for it", required=True),
        _field("detail", TEXT, "The change in words", required=True),
    ]
)

FIELD_CHANGES = pa.list_(
    pa.struct([pa.field("field", pa.string()), pa.field("old", pa.string()), pa.field("new", pa.string())])
)

REGISTRY_CHANGES = pa.schema(
    [
        _field("registry", TEXT, "Registry that published the file", required=True),
        _field("table", TEXT, "Table of the registry", required=True),
        _field("from_snapshot", TEXT, "Snapshot that is compared with, the last good one before", required=True),
        _field("to_snapshot", TEXT, "Snapshot in which the change is seen", required=True),
        _field("observed_at", INSTANT, "When that was taken, UTC", required=True),
        _field("record_key", TEXT, "Project id, serial number, or what else identifies the record", required=True),
        _field("project_id", TEXT, "Project of the record; NULL: could not be read"),
        _field("change", TEXT, "appeared, disappeared or changed", required=True),
        _field("change_class", TEXT, "What the change means, its gravest part first", required=True),
        _field("is_retroactive", FLAG, "It rewrites what was published before", required=True),
        _field("quantity", TONNES, "tCO2e affected; NULL: none, or could not be read"),
        _field("fields", FIELD_CHANGES, "Each changed column as the file names it, with old and new text"),
    ]
)

PROJECT_HISTORY = pa.schema(
    [
        _field("valid_from", INSTANT, "When this was first observed, UTC", required=True),
        _field("valid_to", INSTANT, "When something else was observed, UTC; NULL: still valid"),
        *[field for field in PROJECTS if field.name != "snapshot_id"],
        _field("snapshot_id", TEXT, "Snapshot that first said so", required=True),
        _field("registry", TEXT, "Registry that hosts the project"),
        _field("status", TEXT, "listed, registered or completed; NULL where the raw status is unknown"),
        _field("country", TEXT, "Country, short English name; NULL where unknown"),
        _field("country_iso3", TEXT, "ISO 3166-1 alpha-3 code"),
    ]
)

TOTALS_HISTORY = pa.schema(
    [
        _field("valid_from", INSTANT, "When this was first observed, UTC", required=True),
        _field("valid_to", INSTANT, "When something else was observed, UTC; NULL: still valid"),
        _field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        _field("transaction_type", TEXT, "issuance, retirement or cancellation", required=True),
        _field("transactions", COUNT, "Transactions of the project", required=True),
        _field("quantity", TONNES, "tCO2e of them", required=True),
        _field("source", TEXT, "Registry and table that asserted them", required=True),
        _field("snapshot_id", TEXT, "Snapshot that first said so", required=True),
        _field("registry", TEXT, "Registry that hosts the project, by the prefix of its id"),
        _field("is_host_replacement", FLAG, "Stands for the host registry's rows of the project", required=True),
    ]
)

SERIAL_BLOCKS = pa.schema(
    [
        _field("credit_id", TEXT, "Event that the block belongs to", required=True),
        _field("block", COUNT, "Place of the block among those of the event, from 1", required=True),
        _field("publisher", TEXT, "Registry that published the serial number", required=True),
        _field("serial_number", TEXT, "Serial number of the block as published", required=True),
        _field("form", TEXT, "Name of the registry's form that it has; NULL: none"),
        _field("serial_key", TEXT, "What the unit numbers are unique within"),
        _field("serial_start", COUNT, "First unit"),
        _field("serial_end", COUNT, "Last unit"),
        _field("project_id", TEXT, "Project that the serial number names"),
        _field("vintage", YEAR, "Vintage that the serial number names"),
        _field("vintage_start", DATE, "First day of the vintage that the serial number names"),
        _field("vintage_end", DATE, "Last day of the vintage that the serial number names"),
    ]
)

CREDIT_FINDINGS = pa.schema(
    [
        _field("rule", TEXT, "Rule that is broken", required=True),
        _field("registry", TEXT, "Registry that hosts the project"),
        _field("project_id", TEXT, "Project of the row", required=True),
        _field("credit_id", TEXT, "Event that breaks the rule; NULL: the project itself"),
        _field("other_credit_id", TEXT, "Event that it contradicts"),
        _field("serial_number", TEXT, "Serial number of the block"),
        _field("quantity", TONNES, "tCO2e affected; NULL: none, or not known"),
        _field("finding", TEXT, "What is wrong, with the values", required=True),
    ]
)

DOUBLE_COUNTING_FINDINGS = pa.schema(
    [
        _field("status", TEXT, "What does not match, or why it cannot be checked", required=True),
        _field("program", TEXT, "Programme that issues the credits anew", required=True),
        _field("registry", TEXT, "Registry that hosts the project"),
        _field("project_id", TEXT, "The project; NULL: the row sums what cannot be checked"),
        _field("vintage", YEAR, "Vintage year"),
        _field("cancelled", TONNES, "tCO2e cancelled at the host for the programme"),
        _field("issued", TONNES, "tCO2e issued by the programme"),
        _field("quantity", TONNES, "tCO2e that may count twice, or are missing", required=True),
        _field("cancellation_id", TEXT, "Event that cancelled at the host"),
        _field("issuance_id", TEXT, "Event that issued at the programme"),
        _field("finding", TEXT, "What is wrong, with the values", required=True),
    ]
)

BOUNDARY_SHAPES = pa.schema(
    [
        _field(
            "project_id",
            TEXT,
            "Project that the shape is of, by the file's name or boundaries/index.csv",
            required=True,
        ),
        _field("file", TEXT, "File name as dropped", required=True),
        _field("layer", TEXT, "Layer or folder of the file", required=True),
        _field("feature", COUNT, "Place of the shape within its layer, from 1", required=True),
        _field("geometry", SHAPE, "WKB as the file has it, in source_crs; heights kept", required=True),
        _field(
            "source_crs", TEXT, "Coordinate reference system: authority code, or WKT where it has none", required=True
        ),
        _field(
            "crs_source",
            TEXT,
            "file: it says so; format: its format's own; config: declared by stewards",
            required=True,
        ),
        _field("stated_ha", AREA, "Area that the file states of the shape"),
        _field("stated_by", TEXT, "Attribute of the file that states it"),
        _field("notes", LABELS, "What was needed to read it"),
        _field("snapshot_id", TEXT, "Snapshot that the shape comes from", required=True),
    ]
)

BOUNDARY_FAULTS = pa.schema(
    [
        *(field.with_nullable(field.nullable or field.name in ("line", "snapshot_id")) for field in QUARANTINE),
        _field("project_id", TEXT, "Project concerned, as far as known"),
        _field("file_in_use", TEXT, "Older file that stays in use; NULL: none"),
    ]
)
"""The quarantine of boundaries: whole files, which have no line, and rows of boundaries/index.csv."""

BOUNDARIES = pa.schema(
    [
        _field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        _field(
            "geometry",
            SHAPE,
            "Valid MultiPolygon in EPSG:4326, longitude first, shells counter-clockwise",
            required=True,
        ),
        _field("area_ha", AREA, "Area on EPSG:6933 (equal area)", required=True),
        _field("area_geodesic_ha", AREA, "Area on the ellipsoid WGS 84", required=True),
        _field("parts", COUNT, "Polygons", required=True),
        _field("centroid_lon", DEGREES, "Centre of area, longitude", required=True),
        _field("centroid_lat", DEGREES, "Centre of area, latitude", required=True),
        _field(
            "bbox_west", DEGREES, "Westmost longitude; east of bbox_east where 180 degrees is crossed", required=True
        ),
        _field("bbox_south", DEGREES, "Southmost latitude", required=True),
        _field("bbox_east", DEGREES, "Eastmost longitude", required=True),
        _field("bbox_north", DEGREES, "Northmost latitude", required=True),
        _field("country_iso3", TEXT, "Country that holds the largest part, ISO 3166-1 alpha-3; NULL: none near"),
        _field("admin_region", TEXT, "State or province of it that holds the largest part; NULL where not known"),
        _field(
            "source_crs", TEXT, "Coordinate reference system of the file; several are joined by '; '", required=True
        ),
        _field(
            "crs_source",
            TEXT,
            "file: it says so; format: its format's own; config: declared by stewards",
            required=True,
        ),
        _field("file", TEXT, "File name as dropped", required=True),
        _field("snapshot_id", TEXT, "Snapshot that the boundary comes from", required=True),
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
        _field("project_id", TEXT, "Project of the boundary", required=True),
        _field("step_number", COUNT, "Place of the step, from 1", required=True),
        _field("step", TEXT, "What is looked at", required=True),
        _field("reason", TEXT, "What was found; NULL: nothing to do"),
        _field("parts_before", COUNT, "Points, lines and polygons before", required=True),
        _field("parts_after", COUNT, "And after", required=True),
        _field("holes_before", COUNT, "Holes before", required=True),
        _field("holes_after", COUNT, "And after", required=True),
        _field("area_before_ha", AREA, "What the rings enclose before, on EPSG:6933", required=True),
        _field("area_after_ha", AREA, "And after", required=True),
        _field("delta_ha", AREA, "Area gained", required=True),
        _field("snapshot_id", TEXT, "Snapshot that the boundary comes from", required=True),
    ]
)

BOUNDARY_OVERLAPS = pa.schema(
    [
        _field("project_id", TEXT, "One project, the first by id", required=True),
        _field("other_project_id", TEXT, "The other", required=True),
        _field("name", TEXT, "Name of the one"),
        _field("other_name", TEXT, "Name of the other"),
        _field("registry", TEXT, "Registry of the one"),
        _field("other_registry", TEXT, "Registry of the other"),
        _field("overlap_ha", AREA, "Area that both claim, on EPSG:6933", required=True),
        _field("share", RATIO, "Share of the one's area", required=True),
        _field("other_share", RATIO, "Share of the other's area", required=True),
        _field("crediting_period_start", DATE, "First day of the one's crediting period"),
        _field("crediting_period_end", DATE, "Last day of it"),
        _field("other_crediting_period_start", DATE, "First day of the other's crediting period"),
        _field("other_crediting_period_end", DATE, "Last day of it"),
        _field("overlaps_in_time", FLAG, "The crediting periods overlap, too; NULL: one of them is not known"),
        _field("shared_from", DATE, "First day that both claim; NULL: none, or not known"),
        _field("shared_to", DATE, "Last day that both claim; NULL: none, or not known"),
    ]
)

BOUNDARY_FINDINGS = pa.schema(
    [
        _field("rule", TEXT, "Rule that is broken", required=True),
        _field("registry", TEXT, "Registry of the project"),
        _field("project_id", TEXT, "Project concerned, as far as known"),
        _field("area_ha", AREA, "Area of its boundary; NULL: it has none"),
        _field("value", pa.float64(), "What was measured: hectares or a share from 0 to 1, as the rule says"),
        _field("bound", pa.float64(), "What it is held against"),
        _field("finding", TEXT, "What is wrong, with the values", required=True),
        _field("file", TEXT, "File concerned"),
        _field("snapshot_id", TEXT, "Snapshot concerned"),
    ]
)


def description(field: pa.Field) -> str:
    """What a field means."""
    return (field.metadata or {}).get(b"description", b"").decode()


def sql_type(type_: pa.DataType) -> str:
    """DuckDB's name of an Arrow type."""
    if pa.types.is_list(type_):
        return f"{sql_type(type_.value_type)}[]"
    if pa.types.is_struct(type_):
        return f"struct({', '.join(f'{quote(f.name)} {sql_type(f.type)}' for f in type_)})"
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision}, {type_.scale})"
    return {
        TEXT: "varchar", DATE: "date", YEAR: "integer", COUNT: "bigint", FLAG: "boolean", RATIO: "double",
        INSTANT: "timestamp with time zone", SHAPE: "blob",
    }[type_]  # fmt: skip


def projection(schema: pa.Schema, present: set[str]) -> str:
    """A select list that casts to `schema` in its order; columns that are not `present` are NULL."""
    return ",\n".join(
        f"cast({quote(f.name) if f.name in present else 'null'} as {sql_type(f.type)}) as {quote(f.name)}"
        for f in schema
    )
