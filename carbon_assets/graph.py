"""The lists of assets, checks, jobs and resources of one data folder and one set of configs. No logic belongs here."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from carbon_assets import sensors
from carbon_assets.assets import (
    boundaries,
    changes,
    drift,
    findings,
    harmonized,
    history,
    knowledge,
    marts,
    parity,
    published,
    registries,
)
from carbon_assets.config import load_registries
from carbon_assets.settings import Settings

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
        *harmonized.build(known, settings),
        *history.build(known, settings),
        *drift.build(known, settings),
        *changes.build(known, settings),
        *findings.build(known, settings, history.PROJECT_HISTORY),
        *shapes,
    ]
    models, gate = marts.build(settings)
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
            "dbt": marts.dbt(settings),
        },
    )
