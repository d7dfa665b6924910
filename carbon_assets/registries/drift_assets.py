"""What registries changed in the form of their files, as a table, and as a warning for the newest of them."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from carbon_assets.base.settings import Settings
from carbon_assets.platform import tables
from carbon_assets.platform.rules import MAX_ROWS_SHOWN, Watch, preview
from carbon_assets.platform.site import Site
from carbon_assets.registries import drift, schema
from carbon_assets.registries.description import Registry
from carbon_assets.registries.keys import normalized_keys
from carbon_assets.snapshots import store as snapshots

SCHEMA_CHANGES = dg.AssetKey(["harmonized", "schema_changes"])
AS_BEFORE = "newest_files_have_the_form_of_before"


def schema_changes(site: Site, registries: dict[str, Registry]) -> dg.AssetsDefinition:
    """The table of all changes of form. Raises `ConfigError` where `configs/intake/drift.yml` cannot be used."""
    settings = site.settings
    drift.load_limits(settings.configs)
    return tables.table(
        site,
        SCHEMA_CHANGES,
        [*normalized_keys(registries, "projects"), *normalized_keys(registries, "credits")],
        schema.SCHEMA_CHANGES,
        "What changed in the form of each file: columns, kinds of cells, blanks, values, ways of writing.",
        lambda con: drift.schema_changes(settings, registries),
        counted="change",
        watch=Watch(
            dg.AssetCheckSpec(
                AS_BEFORE,
                asset=SCHEMA_CHANGES,
                description="The newest file of each table has the columns, kinds of cells, blanks, values and ways of "
                "writing of the last good one before it. What blocks its table fails that table's own checks.",
            ),
            lambda rows: judged(rows, _newest(settings, registries)),
        ),
    )


def judged(rows: pa.Table, newest: set[str]) -> dg.AssetCheckResult:
    """What the `newest` snapshots changed in form."""
    changed = rows.filter(pc.is_in(rows["to_snapshot"], pa.array(sorted(newest), pa.string())))
    shown = changed.slice(0, MAX_ROWS_SHOWN).select(["registry", "table", "change", "detail"])
    return dg.AssetCheckResult(
        asset_key=SCHEMA_CHANGES,
        check_name=AS_BEFORE,
        passed=len(changed) == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(changed):,} changes" if len(changed) else None,
        metadata={"changes": len(changed), **({"first": preview(shown)} if len(changed) else {})},
    )


def _newest(settings: Settings, registries: dict[str, Registry]) -> set[str]:
    """The newest snapshot of each table, be it used or not."""
    current = (snapshots.current(settings, r.id, table) for r in registries.values() for table in r.tables)
    return {snapshot.name for snapshot in current if snapshot}
