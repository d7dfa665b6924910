"""The catalogue of protocols, and what methodology texts and projects are by it, as assets."""

from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.platform.tables import table
from carbon_assets.protocols import schema, tables
from carbon_assets.protocols.keys import CATALOGUE, KNOWN, KNOWN_TYPES, PROJECT_TYPES, PROTOCOLS
from carbon_assets.registries.description import load_registries
from carbon_assets.unified.keys import PLACEHOLDERS, PROJECTS


def build(site: Site) -> Parts:
    """The mapping tables of protocols and project types."""
    settings, registries = site.settings, load_registries(site.settings.configs)
    return Parts(assets=[
        table(
            site, CATALOGUE, [KNOWN], schema.PROTOCOL_CATALOGUE,
            "The protocols that stewards have catalogued.", lambda con: tables.catalogue_table(settings.configs),
        ),
        table(
            site, PROTOCOLS, [PROJECTS, PLACEHOLDERS, KNOWN], schema.PROTOCOLS,
            "What each distinct methodology text says: which protocols, in which version, how sure, and what is left.",
            lambda con: tables.map_protocols(
                con, settings.table(*PROJECTS.path), settings.table(*PLACEHOLDERS.path), registries, settings.configs
            ),
            counted="outcome",
        ),
        table(
            site, PROJECT_TYPES, [PROJECTS, PLACEHOLDERS, PROTOCOLS, KNOWN, KNOWN_TYPES],
            schema.PROJECT_TYPES, "What each project is: by its protocols, its registry's words, or a steward.",
            lambda con: tables.map_project_types(
                con, settings.table(*PROJECTS.path), settings.table(*PLACEHOLDERS.path), settings.table(*PROTOCOLS.path),
                settings.configs,
            ),
            counted="project_type_source",
        ),
    ])  # fmt: skip
