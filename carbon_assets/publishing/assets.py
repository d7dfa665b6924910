"""The last step: publish, if nothing stands against it."""

from collections.abc import Iterable

import dagster as dg
import duckdb

from carbon_assets.base.settings import Settings
from carbon_assets.platform import dagster_internals
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.publishing import coverage, dbt, models, project, publish
from carbon_assets.publishing import gate as publishing_gate
from carbon_assets.registries import release_gate
from carbon_assets.registries.description import load_registries
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

KEY = dg.AssetKey(["published", "carbon"])


def marts(site: Site) -> Parts:
    """The steps of dbt and the gate of the marts."""
    steps, gate = dbt.build(site.settings)
    versioned = [step.map_asset_specs(lambda spec: _versioned(site, spec)) for step in steps]
    return Parts(assets=versioned, checks=[gate], resources={"dbt": dbt.dbt(site.settings)})


def _versioned(site: Site, spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(code_version=site.code_version(spec.key.to_user_string()))


def published(site: Site, parts: Parts) -> Parts:
    """The published file. All blocking checks of `parts` must have passed when last evaluated, in this run or an earlier one;
    and no table may have lost or gained more than its bounds against what is published.

    Dagster holds back what is downstream of a failed check within one run only; a later run of this asset alone would
    go through.
    """
    settings = site.settings
    marts = list(models.authored(settings.dbt_project, "marts"))
    blocking = [spec.key for part in (*parts.assets, *parts.checks) for spec in part.check_specs if spec.blocking]

    @dg.asset(
        key=KEY,
        deps=[dg.AssetKey(["marts", name]) for name in marts],
        code_version=site.code_version(KEY.to_user_string()),
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=["team:data"],
        description="The marts for readers: published/current/carbon.duckdb, schema marts, and one Parquet file each.",
        check_specs=[
            dg.AssetCheckSpec(
                coverage.COVERED,
                asset=KEY,
                description="Every registry that the last version has rows of has some in this one.",
            )
        ],
    )
    def carbon(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        if failed := _not_passed(context.instance, blocking):
            names = "; ".join(f"{key.asset_key.to_user_string()}: {key.name}" for key in failed[:10])
            raise dg.Failure(
                f"Nothing is published, what was published stays: {len(failed)} blocking checks have not passed: {names}",
                allow_retries=False,
            )
        if moved := _moved_too_far(settings):
            raise dg.Failure(
                f"Nothing is published, what was published stays: {'; '.join(moved)}. If that is right: "
                "`python -m carbon_assets release published --reason ...`",
                allow_retries=False,
            )
        covered = _covered(settings)
        version = publish.publish(settings, marts, context.run_id, project.manifest(settings))
        metadata = {"version": version.name, "dagster/uri": str(version / publish.DATABASE)}
        return dg.MaterializeResult(metadata=metadata, check_results=[covered])

    return Parts(assets=[carbon])


def _moved_too_far(settings: Settings) -> list[str]:
    current = settings.published / "current"
    if not current.exists() or publish.is_released(settings):
        return []
    tables = _tables(settings)
    gate = release_gate.load_gate(settings.configs, {"/".join(names) for names in tables})
    exemptions = publishing_gate.Exemptions(
        _gave_way(settings),
        frozenset(_ids(s for names in tables for s in _released(settings, *names))),
    )
    with duckdb.connect() as con:
        return publishing_gate.reasons_not_to_publish(con, current, settings.data / "marts", gate, exemptions)


def _covered(settings: Settings) -> dg.AssetCheckResult:
    """Whether what is about to be published covers the registries of what is published."""
    current, why = settings.published / "current", None
    if current.exists():
        with duckdb.connect() as con:
            why = coverage.why_fewer(con, current, settings.data / "marts", _gave_way(settings))
    return dg.AssetCheckResult(
        check_name=coverage.COVERED, passed=why is None, severity=dg.AssetCheckSeverity.WARN, description=why
    )


def _tables(settings: Settings) -> list[tuple[str, str]]:
    """Registry and name of every table of registries."""
    return [
        (registry.id, table) for registry in load_registries(settings.configs).values() for table in registry.tables
    ]


def _gave_way(settings: Settings) -> frozenset[str]:
    """Ids of the made-up snapshots that are out."""
    return frozenset(_ids(s for names in _tables(settings) for s in snapshots.gave_way(settings, *names)))


def _released(settings: Settings, registry: str, table: str) -> Iterable[Snapshot]:
    """The snapshot in use, if a person let it through."""
    admitted = snapshots.admitted(settings, registry, table)
    in_use = next((s for s in admitted if snapshots.is_accepted(settings, s)), None)
    return [in_use] if in_use and snapshots.released(settings, in_use) else []


def _ids(of: Iterable[Snapshot]) -> Iterable[str]:
    return (snapshot.snapshot_id for snapshot in of if snapshot.snapshot_id)


def _not_passed(instance: dg.DagsterInstance, keys: list[dg.AssetCheckKey]) -> list[dg.AssetCheckKey]:
    """The checks whose latest evaluation failed, or that were never evaluated."""
    return [
        key
        for key, evaluation in dagster_internals.latest_evaluations(instance, keys).items()
        if not _passed(evaluation)
    ]


def _passed(evaluation: dg.AssetCheckEvaluation | None) -> bool:
    return evaluation is not None and (evaluation.passed or evaluation.severity == dg.AssetCheckSeverity.WARN)
