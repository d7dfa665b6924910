"""What registries changed in their records, as a table, and as a warning where they rewrote the past."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from carbon_assets.history import changes, schema
from carbon_assets.history.classes import ChangeClasses, load_classes
from carbon_assets.platform import tables
from carbon_assets.platform.rules import MAX_ROWS_SHOWN, Watch, preview
from carbon_assets.platform.site import Site
from carbon_assets.registries.description import Registry
from carbon_assets.registries.keys import normalized_keys

REGISTRY_CHANGES = dg.AssetKey(["harmonized", "registry_changes"])
RETROACTIVE = "no_retroactive_changes"


def registry_changes(site: Site, registries: dict[str, Registry]) -> dg.AssetsDefinition:
    """The table of all changes of records. Raises `ConfigError` where `configs/history/` cannot be used."""
    settings = site.settings
    meaning_of = load_classes(settings.configs)
    return tables.table(
        site,
        REGISTRY_CHANGES,
        [*normalized_keys(registries, "projects"), *normalized_keys(registries, "credits")],
        schema.REGISTRY_CHANGES,
        "What changed in each record between two snapshots of its table, with old and new values, and what it means.",
        lambda con: changes.registry_changes(con, settings, registries),
        counted="change_class",
        watch=Watch(
            dg.AssetCheckSpec(
                RETROACTIVE,
                asset=REGISTRY_CHANGES,
                description="The newest snapshot of no table rewrites what was published before: nothing is cancelled "
                "years later, withdrawn, restated or dated anew.",
            ),
            lambda rows: judged(rows, {new.name for _, new in changes.newest_pairs(settings, registries)}, meaning_of),
        ),
    )


def judged(rows: pa.Table, newest: set[str], meaning_of: ChangeClasses) -> dg.AssetCheckResult:
    """How many records, of how many tonnes, the `newest` snapshots rewrite, and the heaviest of them."""
    is_newest = pc.is_in(rows["to_snapshot"], pa.array(sorted(newest), pa.string()))
    rewritten = rows.filter(pc.and_(is_newest, rows["is_retroactive"]))
    tonnes = float(pc.sum(rewritten["quantity"]).as_py() or 0)
    metadata: dict = {"records": len(rewritten), "tonnes": tonnes}
    if len(rewritten):
        counts = changes.counts(rewritten, meaning_of)
        metadata |= {
            "by class": dg.MetadataValue.json({f"{c['change_class']} ({c['change']})": c["records"] for c in counts})
        }
        metadata |= {"heaviest": preview(_in_words(rewritten))}
    return dg.AssetCheckResult(
        asset_key=REGISTRY_CHANGES,
        check_name=RETROACTIVE,
        passed=len(rewritten) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(rewritten):,} records, {tonnes:,.0f} t" if len(rewritten) else None,
        metadata=metadata,
    )


def _in_words(rows: pa.Table) -> pa.Table:
    shown = ("registry", "table", "change_class", "record_key", "project_id", "quantity")
    heaviest = changes.heaviest(rows, MAX_ROWS_SHOWN)
    return pa.Table.from_pylist(
        [{name: row[name] for name in shown} | {"what": changes.in_words(row)} for row in heaviest]
    )
