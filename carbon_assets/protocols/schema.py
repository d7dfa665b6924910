"""Columns of the tables of protocols and project types."""

from __future__ import annotations

import pyarrow as pa

from carbon_assets.base.column_types import FLAG, LABELS, RATIO, TEXT, field

PROTOCOL_CATALOGUE = pa.schema(
    [
        field("protocol", TEXT, "Id of the protocol", required=True),
        field("program", TEXT, "Id of the programme that publishes it", required=True),
        field("program_name", TEXT, "Name of the programme", required=True),
        field("title", TEXT, "Official title", required=True),
        field("category", TEXT, "Category of its projects"),
        field("sub_category", TEXT, "Category within the category"),
        field("project_type", TEXT, "What projects under it are"),
        field("is_broad", FLAG, "Projects under it are other things too", required=True),
        field("is_compliance", FLAG, "The programme issues for compliance", required=True),
        field("superseded_by", TEXT, "Id of the protocol that replaced it"),
        field("other_ids", LABELS, "Wrong ids under which another database knows it"),
    ]
)


PROTOCOLS = pa.schema(
    [
        field("registry", TEXT, "Registry whose projects carry the text"),
        field("protocol_raw", TEXT, "Methodology or protocol text as published; NULL: projects without one"),
        field("outcome", TEXT, "assigned, partly assigned, not understood, names none, or blank", required=True),
        field("protocols", LABELS, "Ids of the protocols that it names, in its order"),
        field("version", TEXT, "Version that it names; of several protocols, each with its id"),
        field("method", TEXT, "code, title, alias or registry-default; of several, the least sure"),
        field("confidence", RATIO, "How sure the least sure of them is, from 0 to 1"),
        field("remainder", TEXT, "The part of the text that was not understood"),
        field("unassigned", LABELS, "The text, or the pieces of it, to which no protocol is assigned"),
        field("candidates", LABELS, "Ids whose titles come nearest to what is unassigned, best first"),
        field("is_compliance", FLAG, "One of the protocols is of a compliance programme", required=True),
    ]
)


PROJECT_TYPES = pa.schema(
    [
        field("project_id", TEXT, "Registry prefix and the registry's number", required=True),
        field("project_type", TEXT, "What the project is; Unknown where nothing says it", required=True),
        field("project_type_source", TEXT, "protocol, registry, override or none", required=True),
        field("category", TEXT, "Category of the protocol, else of the type; else unknown", required=True),
        field("unknown_words", LABELS, "Words for its type that configs/protocols/registry_types does not explain"),
    ]
)


TABLES = {
    "harmonized/protocol_catalogue": PROTOCOL_CATALOGUE,
    "harmonized/protocols": PROTOCOLS,
    "harmonized/project_types": PROJECT_TYPES,
}
"""The columns of each table that is an asset of this subject, by its key as text."""
