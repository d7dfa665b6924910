"""What was said when: every snapshot ever taken, and the periods of validity of projects and totals."""

import dagster as dg

from carbon_assets.history import changes_assets, periods, schema
from carbon_assets.platform import tables
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.keys import normalized_keys
from carbon_assets.snapshots import ledger
from carbon_assets.snapshots import schema as snapshots_schema

SNAPSHOTS = dg.AssetKey(["harmonized", "snapshots"])
PROJECT_HISTORY = dg.AssetKey(["harmonized", "project_history"])
TOTALS_HISTORY = dg.AssetKey(["harmonized", "totals_history"])


def build(site: Site) -> Parts:
    """The ledger of snapshots and the two histories; the normalized tables leave what they are made of."""
    settings, registries = site.settings, load_registries(site.settings.configs)
    projects, credits = (normalized_keys(registries, holds) for holds in ("projects", "credits"))
    settled = [dg.AssetKey.from_user_string(key) for intake in site.intakes for key in intake.settled_by(settings)]
    made = [
        tables.table(
            site, SNAPSHOTS, settled, snapshots_schema.SNAPSHOTS,
            "Every file ever taken, and what became of it.",
            lambda con: ledger.snapshots_table(settings, _tables(site)), counted="state",
        ),
        tables.table(
            site, PROJECT_HISTORY, projects, schema.PROJECT_HISTORY,
            "Projects as their registries published them, one row per period in which nothing changed.",
            lambda con: periods.project_history(con, settings, registries),
        ),
        tables.table(
            site, TOTALS_HISTORY, credits, schema.TOTALS_HISTORY,
            "Totals per project, type and table, one row per period in which nothing changed.",
            lambda con: periods.totals_history(con, settings, registries),
        ),
        changes_assets.registry_changes(site, registries),
    ]  # fmt: skip
    return Parts(assets=made)


def _tables(site: Site) -> list[tuple[str, str]]:
    """All tables of the raw store, of whichever subject."""
    return [names for intake in site.intakes for names in intake.tables(site.settings)]
