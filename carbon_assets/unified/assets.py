"""The tables that unite all registries, as assets."""

from collections.abc import Callable

import duckdb
import pyarrow as pa

from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.platform.tables import table
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.keys import normalized_keys
from carbon_assets.unified import harmonize, schema
from carbon_assets.unified.keys import CREDITS, PROJECTS, REGISTRIES


def build(site: Site) -> Parts:
    """The registries themselves, and the unions of their credits and projects."""
    settings, registries = site.settings, load_registries(site.settings.configs)
    known = harmonize.registries_table(registries)

    def unify(holds: str, *more: object) -> Callable[[duckdb.DuckDBPyConnection], pa.Table]:
        tables = [settings.table(*key.path) for key in normalized_keys(registries, holds)]
        function = harmonize.unify_credits if holds == "credits" else harmonize.unify_projects
        return lambda con: function(con, tables, *more, known, settings.configs)

    return Parts(assets=[
        table(
            site, REGISTRIES, [], schema.REGISTRIES,
            "The registries: names, prefixes of project ids, pages of projects.", lambda con: known,
        ),
        table(
            site, CREDITS, [*normalized_keys(registries, "credits"), REGISTRIES], schema.UNIFIED_CREDITS,
            "Transactions of all registries, labels under one name.", unify("credits"),
        ),
        table(
            site, PROJECTS, [*normalized_keys(registries, "projects"), CREDITS, REGISTRIES],
            schema.UNIFIED_PROJECTS, "Projects of all registries, statuses and countries under one name, curated projects "
            "added.", unify("projects", settings.table(*CREDITS.path)),
        ),
    ])  # fmt: skip
