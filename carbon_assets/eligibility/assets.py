"""What is eligible as an asset, and the check that shows where a registry's labels contradict the rules."""

from __future__ import annotations

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from carbon_assets.eligibility import schema, verdicts
from carbon_assets.eligibility.blocks import Sources
from carbon_assets.eligibility.rules import load_rulebook
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.rules import MAX_ROWS_SHOWN, Watch, preview
from carbon_assets.platform.site import Site
from carbon_assets.platform.tables import table
from carbon_assets.registries.description import registry_ids
from carbon_assets.unified.keys import CREDITS, LABELS, PLACEHOLDERS, PROJECTS

PROTOCOLS = dg.AssetKey(["harmonized", "protocols"])
SNAPSHOTS = dg.AssetKey(["harmonized", "snapshots"])
"""A neighbour's tables."""

ELIGIBILITY = dg.AssetKey(["harmonized", "eligibility"])
AGREES = "labels_of_registries_agree_with_the_rules"


def build(site: Site) -> Parts:
    """What the rules say of each issuance. Raises `ConfigError` where `configs/labels/` cannot be understood."""
    settings = site.settings
    book = load_rulebook(settings.configs, registry_ids(settings.configs))
    inputs = (CREDITS, PROJECTS, PLACEHOLDERS, PROTOCOLS, LABELS, SNAPSHOTS)
    sources = Sources(*(settings.table(*key.path) for key in inputs))
    made = table(
        site, ELIGIBILITY, list(inputs), schema.ELIGIBILITY,
        "Which issuances a scheme accepts in a phase, and why not: one row per issuance and phase.",
        lambda con: verdicts.verdicts(con, sources, book), counted="verdict",
        watch=Watch(
            dg.AssetCheckSpec(
                AGREES, asset=ELIGIBILITY,
                description="Nothing that a registry labels as eligible for a phase is excluded by a rule that was read.",
            ),
            agreement,
        ),
    )  # fmt: skip
    return Parts(assets=[made])


def agreement(rows: pa.Table) -> dg.AssetCheckResult:
    """How many blocks, and tonnes of them, a registry labels and the rules exclude; the heaviest are shown."""
    against = rows.filter(rows["contradicts_registry"])
    tonnes = float(pc.sum(against["quantity"]).as_py() or 0)
    shown = against.sort_by([("quantity", "descending"), ("credit_id", "ascending")]).slice(0, MAX_ROWS_SHOWN)
    columns = ["credit_id", "phase", "quantity", "registry_label", "reason", "rule"]
    return dg.AssetCheckResult(
        asset_key=ELIGIBILITY,
        check_name=AGREES,
        passed=len(against) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(against):,} rows, {tonnes:,.0f} t" if len(against) else None,
        metadata={
            "rows": len(against),
            "tonnes": tonnes,
            **({"heaviest": preview(shown.select(columns))} if len(against) else {}),
        },
    )
