"""What was said when: every snapshot ever taken, and the periods of validity of projects and totals."""

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import keys
from carbon_assets.history import periods, schema
from carbon_assets.platform import tables
from carbon_assets.registries.description import Registry
from carbon_assets.registries.keys import normalized_keys
from carbon_assets.snapshots import ledger
from carbon_assets.snapshots import schema as snapshots_schema

SNAPSHOTS = dg.AssetKey(["harmonized", "snapshots"])
PROJECT_HISTORY = dg.AssetKey(["harmonized", "project_history"])
TOTALS_HISTORY = dg.AssetKey(["harmonized", "totals_history"])


def build(registries: dict[str, Registry], settings: Settings) -> list[dg.AssetsDefinition]:
    """The ledger of snapshots and the two histories; the normalized tables leave what they are made of."""
    projects, credits = (normalized_keys(registries, holds) for holds in ("projects", "credits"))
    return [
        tables.table(
            settings, SNAPSHOTS, [*projects, *credits, keys.SHAPES], snapshots_schema.SNAPSHOTS,
            "Every file ever taken, and what became of it.",
            lambda con: ledger.snapshots_table(settings, registries), counted="state",
        ),
        tables.table(
            settings, PROJECT_HISTORY, projects, schema.PROJECT_HISTORY,
            "Projects as their registries published them, one row per period in which nothing changed.",
            lambda con: periods.project_history(con, settings, registries),
        ),
        tables.table(
            settings, TOTALS_HISTORY, credits, schema.TOTALS_HISTORY,
            "Totals per project, type and table, one row per period in which nothing changed.",
            lambda con: periods.totals_history(con, settings, registries),
        ),
    ]  # fmt: skip
