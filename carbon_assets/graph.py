"""The lists of assets, checks, jobs and resources of one data folder and one set of configs. No logic belongs here."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from carbon_assets.assets import harmonized, marts, published, registries
from carbon_assets.config import load_registries
from carbon_assets.settings import Settings

OBSERVE = "observe_raw"
MATERIALIZE = "materialize_all"


def build(settings: Settings) -> dg.Definitions:
    """Everything that one data folder and one set of configs give."""
    settings.export()
    known = load_registries(settings.configs)
    raw, normalized = registries.build(known, settings)
    tables = [*normalized, *harmonized.build(known, settings)]
    models, gate = marts.build(settings)
    return dg.Definitions(
        assets=[*raw, *tables, *models, published.build(settings, [*tables, *models, gate])],
        asset_checks=[gate],
        jobs=[
            dg.define_asset_job(
                OBSERVE,
                dg.AssetSelection.assets(*(asset.key for asset in raw)),
                description="Take what the drop brings.",
            ),
            dg.define_asset_job(
                MATERIALIZE, dg.AssetSelection.all(), description="From the newest snapshots to the published file."
            ),
        ],
        executor=dg.in_process_executor,
        resources={
            "duckdb": DuckDBResource(database=":memory:", connection_config=settings.duckdb),
            "dbt": marts.dbt(settings),
        },
    )
