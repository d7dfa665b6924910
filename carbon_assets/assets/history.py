"""What was said when: every snapshot ever taken, and the periods of validity of projects and totals."""

import dagster as dg

from carbon_assets import history, ledger, schema
from carbon_assets.assets import boundaries, harmonized
from carbon_assets.assets.registries import normalized_keys
from carbon_assets.config import Registry
from carbon_assets.settings import Settings

SNAPSHOTS = dg.AssetKey(["harmonized", "snapshots"])
PROJECT_HISTORY = dg.AssetKey(["harmonized", "project_history"])
TOTALS_HISTORY = dg.AssetKey(["harmonized", "totals_history"])


def build(registries: dict[str, Registry], settings: Settings) -> list[dg.AssetsDefinition]:
    """The ledger of snapshots and the two histories; the normalized tables leave what they are made of."""
    projects, credits = (normalized_keys(registries, holds) for holds in ("projects", "credits"))
    return [
        harmonized.table(
            settings, SNAPSHOTS, [*projects, *credits, boundaries.SHAPES], schema.SNAPSHOTS,
            "Every file ever taken, and what became of it.",
            lambda con: ledger.snapshots_table(settings, registries), counted="state",
        ),
        harmonized.table(
            settings, PROJECT_HISTORY, projects, schema.PROJECT_HISTORY,
            "Projects as their registries published them, one row per period in which nothing changed.",
            lambda con: history.project_history(con, settings, registries),
        ),
        harmonized.table(
            settings, TOTALS_HISTORY, credits, schema.TOTALS_HISTORY,
            "Totals per project, type and table, one row per period in which nothing changed.",
            lambda con: history.totals_history(con, settings, registries),
        ),
    ]  # fmt: skip
