"""The lists of assets, checks, jobs and resources of one data folder and one set of configs. No logic belongs here."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import assets as beneficiaries
from carbon_assets.beneficiaries import parity
from carbon_assets.boundaries import assets as boundaries
from carbon_assets.history import assets as history
from carbon_assets.history import changes_assets
from carbon_assets.integrity import assets as integrity
from carbon_assets.platform import knowledge, sensors
from carbon_assets.protocols import assets as protocols
from carbon_assets.publishing import assets as published
from carbon_assets.publishing import dbt
from carbon_assets.registries import assets as registries
from carbon_assets.registries import drift_assets
from carbon_assets.registries.description import load_registries
from carbon_assets.unified import assets as unified

OBSERVE = "observe_raw"
OBSERVE_CONFIGS = "observe_configs"
MATERIALIZE = "materialize_all"
MAP = {"protocols": "map_protocols", "beneficiaries": "map_beneficiaries", "boundaries": "map_boundaries"}
"""What stewards know -> the job that maps it anew."""

_KNOWN = {
    "protocols": (knowledge.PROTOCOLS, knowledge.PROJECT_TYPES),
    "beneficiaries": (knowledge.BENEFICIARIES,),
    "boundaries": (knowledge.BOUNDARIES,),
}


def build(settings: Settings) -> dg.Definitions:
    """Everything that one data folder and one set of configs give."""
    settings.export()
    known = load_registries(settings.configs)
    raw, normalized = registries.build(known, settings)
    configs = knowledge.build(settings)
    files, shapes = boundaries.build(settings)
    sources = [*raw, *files, *configs]
    tables = [
        *normalized,
        *unified.build(known, settings),
        *protocols.build(known, settings),
        *beneficiaries.build(settings),
        *history.build(known, settings),
        *drift_assets.build(known, settings),
        *changes_assets.build(known, settings),
        *integrity.build(known, settings, history.PROJECT_HISTORY),
        *shapes,
    ]
    models, gate = dbt.build(settings)
    checks = [gate, parity.build(settings)]
    return dg.Definitions(
        assets=[*sources, *tables, *models, published.build(known, settings, [*tables, *models, *checks])],
        asset_checks=checks,
        jobs=[
            dg.define_asset_job(
                OBSERVE,
                dg.AssetSelection.assets(*(asset.key for asset in sources)),
                description="Take what the drop brings, and what stewards have changed.",
            ),
            dg.define_asset_job(
                OBSERVE_CONFIGS,
                dg.AssetSelection.assets(*(asset.key for asset in configs)),
                description="Take note of what stewards have changed.",
            ),
            dg.define_asset_job(
                MATERIALIZE, dg.AssetSelection.all(), description="From the newest snapshots to the published file."
            ),
            *(
                dg.define_asset_job(
                    MAP[what],
                    dg.AssetSelection.assets(*known).downstream(include_self=False),
                    description=f"After an edit of configs/: map {what} anew, to the published file.",
                )
                for what, known in _KNOWN.items()
            ),
        ],
        sensors=[sensors.build(known, settings, MATERIALIZE)],
        executor=dg.in_process_executor,
        resources={
            "duckdb": DuckDBResource(database=":memory:", connection_config=settings.duckdb),
            "dbt": dbt.dbt(settings),
        },
    )
