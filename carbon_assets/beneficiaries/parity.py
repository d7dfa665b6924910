"""A check of our OpenRefine histories against a real server, where `OPENREFINE_URL` names one."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import tables
from carbon_assets.beneficiaries.keys import BENEFICIARIES
from carbon_assets.openrefine.server import OpenRefineError
from carbon_assets.unified.keys import CREDITS

NAME = "openrefine_agrees"


def build(settings: Settings) -> dg.AssetChecksDefinition:
    """The check: every cell that the curators' histories leave must be the one that the server leaves."""

    @dg.asset_check(
        asset=BENEFICIARIES,
        name=NAME,
        blocking=True,
        description="The curators' histories, applied by the OpenRefine at OPENREFINE_URL, leave the same cells.",
    )
    def agrees(duckdb: DuckDBResource) -> dg.AssetCheckResult:
        operations = tables.load_operations(settings.configs)
        if not settings.openrefine_url or not operations:
            reason = "There are no histories" if not operations else "OPENREFINE_URL is not set"
            return dg.AssetCheckResult(passed=True, description=reason, metadata={"evaluated": False})
        try:
            with duckdb.get_connection() as con:
                rows, found = tables.disagreements(
                    con, settings.table(*CREDITS.path), settings.configs, settings.openrefine_url
                )
        except OpenRefineError as error:
            return dg.AssetCheckResult(passed=False, description=str(error))
        return dg.AssetCheckResult(
            passed=not found,
            description=f"{len(found)} cells differ" if found else f"{rows} rows agree",
            metadata={"examples": dg.MetadataValue.json(found[:20])} if found else {},
        )

    return agrees
