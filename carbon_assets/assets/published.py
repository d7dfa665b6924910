"""The last step: publish, if nothing stands against it."""

import logging

import dagster as dg

from carbon_assets import publish
from carbon_assets.assets.marts import manifest, mart_names
from carbon_assets.settings import Settings

log = logging.getLogger(__name__)

KEY = dg.AssetKey(["published", "carbon"])


def build(settings: Settings, gated: list[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """All blocking checks of `gated` must have passed when last evaluated, in this run or an earlier one.

    Dagster holds back what is downstream of a failed check within one run only; a later run of this asset alone would
    go through.
    """
    marts = mart_names(settings)
    blocking = [spec.key for part in gated for spec in part.check_specs if spec.blocking]

    @dg.asset(
        key=KEY,
        deps=[dg.AssetKey(["marts", name]) for name in marts],
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=["team:data"],
        description="The marts for readers: published/current/carbon.duckdb, schema marts, and one Parquet file each.",
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        if failed := _not_passed(context.instance, blocking):
            names = "; ".join(f"{key.asset_key.to_user_string()}: {key.name}" for key in failed[:10])
            raise dg.Failure(
                f"Nothing is published, what was published stays: {len(failed)} blocking checks have not passed: {names}",
                allow_retries=False,
            )
        version = publish.publish(settings, marts, context.run_id, manifest(settings))
        log.info("published %s", version)
        return dg.MaterializeResult(metadata={"version": version.name, "dagster/uri": str(version / publish.DATABASE)})

    return published


def _not_passed(instance: dg.DagsterInstance, keys: list[dg.AssetCheckKey]) -> list[dg.AssetCheckKey]:
    """The checks whose latest evaluation failed, or that were never evaluated."""
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return [key for key in keys if not _passed(latest.get(key))]


def _passed(record) -> bool:  # noqa: ANN001 - the record's class is not part of Dagster's API
    evaluation = record and record.event and record.event.dagster_event.asset_check_evaluation_data
    if not evaluation:
        return False
    return evaluation.passed or evaluation.severity == dg.AssetCheckSeverity.WARN
