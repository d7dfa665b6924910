"""The catalogue of protocols, and what methodology texts and projects are by it, as assets."""

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.platform import knowledge
from carbon_assets.platform.tables import table
from carbon_assets.protocols import schema, tables
from carbon_assets.protocols.keys import CATALOGUE, PROJECT_TYPES, PROTOCOLS
from carbon_assets.registries.description import Registry
from carbon_assets.unified.keys import CREDITS, PROJECTS


def build(registries: dict[str, Registry], settings: Settings) -> list[dg.AssetsDefinition]:
    """The mapping tables of protocols and project types. Raises `ConfigError` where the stewards' files contradict each
    other."""
    tables.check(registries, settings.configs)
    return [
        table(
            settings, CATALOGUE, [knowledge.PROTOCOLS], schema.PROTOCOL_CATALOGUE,
            "The protocols that stewards have catalogued.", lambda con: tables.catalogue_table(settings.configs),
        ),
        table(
            settings, PROTOCOLS, [PROJECTS, knowledge.PROTOCOLS], schema.PROTOCOLS,
            "What each distinct methodology text says: which protocols, in which version, how sure, and what is left.",
            lambda con: tables.map_protocols(con, settings.table(*PROJECTS.path), registries, settings.configs),
            counted="outcome",
        ),
        table(
            settings, PROJECT_TYPES, [PROJECTS, CREDITS, PROTOCOLS, knowledge.PROTOCOLS, knowledge.PROJECT_TYPES],
            schema.PROJECT_TYPES, "What each project is: by its protocols, its registry's words, or a steward.",
            lambda con: tables.map_project_types(
                con, *(settings.table(*key.path) for key in (PROJECTS, CREDITS, PROTOCOLS)), settings.configs
            ),
            counted="project_type_source",
        ),
    ]  # fmt: skip
