"""A graph of the two made-up registries with one asset per later layer, so that what must be made anew can be seen."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster_duckdb import DuckDBResource

from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import subject as boundaries
from carbon_assets.platform import freshness, sensors
from carbon_assets.platform.site import Site
from carbon_assets.registries import assets, landing
from carbon_assets.registries import subject as registries

JOB = "everything"
LATER = {
    "harmonized/projects": ["normalized/made-up/projects", "normalized/other/projects"],
    "harmonized/credits": ["normalized/made-up/events"],
    "staging/stg_projects": ["harmonized/projects"],
    "staging/stg_credits": ["harmonized/credits"],
    "marts/projects": ["staging/stg_projects"],
    "marts/credits": ["staging/stg_credits"],
    "published/carbon": ["marts/projects", "marts/credits"],
}
"""The assets after the normalized tables -> what each is made of."""

MADE_TOGETHER = {name for name in LATER if not name.startswith("harmonized")}


def key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


def graph(settings: Settings) -> dg.Definitions:
    """Raw and normalized assets of today's configs, later ones that write next to nothing, the job and the sensor."""
    parts = assets.build(site(settings))
    normalized = [asset for asset in parts.assets if all(key.path[0] == "normalized" for key in asset.keys)]
    return dg.Definitions(
        assets=[*parts.sources, *normalized, *(_later(settings, name, deps) for name, deps in LATER.items())],
        jobs=[dg.define_asset_job(JOB, dg.AssetSelection.all())],
        sensors=[sensors.build(site(settings), JOB)],
        executor=dg.in_process_executor,
        resources={"duckdb": DuckDBResource(database=":memory:")},
    )


def site(settings: Settings) -> Site:
    """A site of the subjects that take files."""
    return Site(settings, (registries.SUBJECT, boundaries.SUBJECT))


def _later(settings: Settings, name: str, deps: list[str]) -> dg.AssetsDefinition:
    @dg.asset(key=key(name), deps=[key(dep) for dep in deps], code_version="1")
    def write() -> None:
        place(settings, name).parent.mkdir(parents=True, exist_ok=True)
        place(settings, name).touch()

    return write


def place(settings: Settings, name: str) -> Path:
    """What an asset writes."""
    return settings.published / "current" if name.startswith("published") else settings.table(*name.split("/"))


def report(settings: Settings, instance: dg.DagsterInstance) -> list[str]:
    """Tell the instance the raw versions; the names of those that it did not know."""
    return freshness.report(instance, landing.raw_versions(settings))


def stale(settings: Settings, instance: dg.DagsterInstance) -> set[str]:
    """Names of the assets that must be made anew."""
    keys = freshness.stale(instance, graph(settings).resolve_asset_graph(), settings)
    assert keys == sorted(keys)
    return {key.to_user_string() for key in keys}


def make(settings: Settings, instance: dg.DagsterInstance, names: set[str], tags: dict | None = None) -> bool:
    """Run the job for these assets; whether it succeeded."""
    job = graph(settings).resolve_job_def(JOB)
    keys = [key(name) for name in names]
    return job.execute_in_process(instance=instance, asset_selection=keys, tags=tags, raise_on_error=False).success
