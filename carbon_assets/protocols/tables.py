"""The mapping tables: one row per distinct methodology text, one per project with its type, and the catalogue itself.

How a text is read belongs in `protocols.py`, how a type is decided in `project_types.py`; here their answers become tables.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.errors import Faults
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.protocols import schema
from carbon_assets.protocols.catalogue import Catalogue, load_catalogue
from carbon_assets.protocols.project_types import ProjectTypes
from carbon_assets.protocols.reader import ProtocolReader
from carbon_assets.registries.description import Registry, place_of


def reader(catalogue: Catalogue, registries: dict[str, Registry], configs: Path) -> ProtocolReader:
    """The reader of methodology texts. Raises `ConfigError` where a registry's default is no protocol."""
    defaults = {r.id: r.default_protocol for r in registries.values() if r.default_protocol}
    faults = Faults()
    for registry, protocol in defaults.items():
        if reason := why_unknown("default_protocol", protocol, catalogue.protocols, "configs/protocols"):
            faults.add(f"{place_of(configs, registry, 'default_protocol')}: {reason}")
    says_nothing = faults.result_of(Vocabulary, configs / "protocols" / "no_protocol")
    faults.refuse(ConfigError)
    return ProtocolReader(catalogue, says_nothing, defaults)


def catalogue_table(configs: Path) -> pa.Table:
    """The catalogue, as `schema.PROTOCOL_CATALOGUE`, in order of id."""
    catalogue = load_catalogue(configs)
    rows = [
        {
            "protocol": p.id,
            "program": p.program,
            "program_name": catalogue.programs[p.program].name,
            "title": p.title,
            "category": catalogue.category(p.id),
            "sub_category": p.sub_category,
            "project_type": p.project_type and catalogue.project_types[p.project_type].display_name,
            "is_broad": p.broad,
            "is_compliance": catalogue.programs[p.program].is_compliance,
            "superseded_by": p.superseded_by,
            "other_ids": list(p.other_ids) or None,
        }
        for p in sorted(catalogue.protocols.values(), key=lambda p: p.id)
    ]
    return pa.Table.from_pylist(rows, schema=schema.PROTOCOL_CATALOGUE)


def map_protocols(
    con: duckdb.DuckDBPyConnection, projects: Path, placeholders: Path, registries: dict[str, Registry], configs: Path
) -> pa.Table:
    """What each distinct (registry, methodology text) of the harmonized projects says, as `schema.PROTOCOLS`.

    Of `placeholders`, which only transactions mention, those count whose text they state: that nothing is stated of one does
    not mean that its registry knows none, and no default is its own.
    """
    catalogue = load_catalogue(configs)
    texts = con.execute(
        """
        select registry, protocol_raw from read_parquet($projects)
        union
        select registry, protocol_raw from read_parquet($placeholders) where protocol_raw is not null
        order by all
        """,
        {"projects": str(projects), "placeholders": str(placeholders)},
    ).fetchall()
    read = reader(catalogue, registries, configs).read
    compliance = {p.id for p in catalogue.protocols.values() if catalogue.programs[p.program].is_compliance}
    rows = []
    for registry, text in texts:
        reading = read(text, registry)
        unassigned = list(reading.unassigned) if reading.ids or reading.outcome == "blank" else [text.strip()]
        rows.append(
            {
                "registry": registry,
                "protocol_raw": text,
                "outcome": reading.outcome,
                "protocols": list(reading.ids) or None,
                "version": reading.version,
                "method": reading.method,
                "confidence": reading.confidence,
                "remainder": reading.remainder,
                "unassigned": unassigned or None,
                "candidates": list(reading.candidates) or None,
                "is_compliance": not compliance.isdisjoint(reading.ids),
            }
        )
    return pa.Table.from_pylist(rows, schema=schema.PROTOCOLS)


def map_project_types(
    con: duckdb.DuckDBPyConnection, projects: Path, placeholders: Path, protocols: Path, configs: Path
) -> pa.Table:
    """The type and category of each harmonized project, and of each that only transactions mention, as
    `schema.PROJECT_TYPES`, in order of `project_id`.

    Decided once per distinct combination of protocols and registry words; a steward's type stands between what is certain
    and what is only likely.
    """
    catalogue = load_catalogue(configs)
    types = ProjectTypes(catalogue, configs)
    rows = con.execute(
        """
        with every_project as (
            select project_id, registry, protocol_raw, project_type_raw, activity_raw, true as has_protocol
            from read_parquet($projects)
            union all
            select project_id, registry, protocol_raw, project_type_raw, null, protocol_raw is not null
            from read_parquet($placeholders)
        ),
        -- A key of the join, so that nothing is joined to a placeholder without a text: not the default of its registry.
        texts as (select registry, protocol_raw, protocols, true as has_protocol from read_parquet($protocols))
        select p.registry, m.protocols, p.project_type_raw, p.activity_raw, list(p.project_id order by p.project_id)
        from every_project p
        left join texts m
            on m.has_protocol = p.has_protocol
            and m.registry is not distinct from p.registry
            and m.protocol_raw is not distinct from p.protocol_raw
        group by 1, 2, 3, 4
        """,
        {"projects": str(projects), "placeholders": str(placeholders), "protocols": str(protocols)},
    ).fetchall()
    out = []
    for registry, ids, type_raw, activity_raw, project_ids in rows:
        decision = types.decide(registry, ids or (), type_raw, activity_raw)
        for project_id in project_ids:
            override = types.overrides.get(project_id)
            chosen = decision.certain or (override and (override, "override")) or decision.likely
            out.append(_typed(catalogue, types, project_id, ids or (), chosen, decision.unknown_words))
    return pa.Table.from_pylist(sorted(out, key=lambda row: row["project_id"]), schema=schema.PROJECT_TYPES)


def _typed(
    catalogue: Catalogue,
    types: ProjectTypes,
    project_id: str,
    ids: list[str] | tuple[str, ...],
    chosen: tuple[str, str] | None,
    unknown_words: tuple[str, ...],
) -> dict:
    type_, source = chosen or (None, "none")
    return {
        "project_id": project_id,
        "project_type": catalogue.project_types[type_].display_name if type_ else "Unknown",
        "project_type_source": source,
        "category": types.category(ids, type_, source) or "unknown",
        "unknown_words": list(unknown_words) or None,
    }
