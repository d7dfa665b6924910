"""The tables that unite all registries, as assets."""

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.platform.tables import table
from carbon_assets.registries import stated
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.keys import normalized_keys
from carbon_assets.unified import harmonize, labels, placeholders, schema
from carbon_assets.unified.keys import CREDITS, DISPUTED_FACTS, LABELS, PLACEHOLDERS, PROJECTS, REGISTRIES


def build(site: Site) -> Parts:
    """The registries themselves, the unions of their credits and projects, and the projects that only credits mention."""
    settings, registries = site.settings, load_registries(site.settings.configs)
    known = harmonize.registries_table(registries)

    def normalized(holds: str) -> list[Path]:
        return [settings.table(*key.path) for key in normalized_keys(registries, holds)]

    def unify_credits(con: duckdb.DuckDBPyConnection) -> pa.Table:
        return harmonize.unify_credits(con, normalized("credits"), known, settings.configs)

    def unify_projects(con: duckdb.DuckDBPyConnection) -> pa.Table:
        credits = settings.table(*CREDITS.path)
        return harmonize.unify_projects(con, normalized("projects"), credits, known, settings.configs)

    def statements() -> tuple[Path, Path, list[Path], pa.Table]:
        tables = (settings.table(*key.path) for key in (CREDITS, PROJECTS))
        return (*tables, stated.paths(settings, registries), known)

    read_for_placeholders = [*normalized_keys(registries, "credits"), CREDITS, PROJECTS, REGISTRIES]
    return Parts(assets=[
        table(
            site, REGISTRIES, [], schema.REGISTRIES,
            "The registries: names, prefixes of project ids, pages of projects.", lambda con: known,
        ),
        table(
            site, CREDITS, [*normalized_keys(registries, "credits"), REGISTRIES], schema.UNIFIED_CREDITS,
            "Transactions of all registries, labels under one name.", unify_credits,
        ),
        table(
            site, PROJECTS, [*normalized_keys(registries, "projects"), CREDITS, REGISTRIES],
            schema.UNIFIED_PROJECTS, "Projects of all registries, statuses and countries under one name, curated projects "
            "added.", unify_projects,
        ),
        table(
            site, LABELS, [CREDITS], schema.LABELS_OF_CREDITS,
            "Labels of credits, and the families that they are of.",
            lambda con: labels.labels_table(con, settings.table(*CREDITS.path), settings.configs),
        ),
        table(
            site, PLACEHOLDERS, read_for_placeholders, schema.PLACEHOLDERS,
            "Projects that only transactions mention, with what these state of them.",
            lambda con: placeholders.placeholders(con, *statements(), settings.configs),
        ),
        table(
            site, DISPUTED_FACTS, read_for_placeholders, schema.DISPUTED_FACTS,
            "What transactions state differently of a project that no registry lists.",
            lambda con: placeholders.disputed_facts(con, *statements()),
        ),
    ])  # fmt: skip
