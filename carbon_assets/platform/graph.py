"""The definitions of one site, put together from what each subject's factory gives. No subject is named here.

How assets are made belongs in the subjects, how a run goes in `run.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from carbon_assets.base.settings import Settings
from carbon_assets.platform import check, check_job, executor, knowledge, sensors
from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import Subject, named

OBSERVE = "observe_raw"
OBSERVE_CONFIGS = "observe_configs"
MATERIALIZE = "materialize_all"


@dataclass(frozen=True)
class Parts:
    """What a factory gives: what comes from outside, what is made, checks that are steps of their own, and resources."""

    sources: list[dg.SourceAsset] = field(default_factory=list)
    assets: list[dg.AssetsDefinition] = field(default_factory=list)
    checks: list[dg.AssetChecksDefinition] = field(default_factory=list)
    resources: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: Parts) -> Parts:
        return Parts(
            [*self.sources, *other.sources],
            [*self.assets, *other.assets],
            [*self.checks, *other.checks],
            {**self.resources, **other.resources},
        )


def build(settings: Settings) -> dg.Definitions:
    """Everything that one data folder and one set of configs give."""
    settings.export()
    return definitions(Site.of(settings))


def definitions(site: Site) -> dg.Definitions:
    """Everything that the subjects of a site give. Raises `CheckError` with all that is wrong with the stewards' files, and
    `SuiteError`."""
    check.refuse_faults(site.settings, site.subjects)
    observed = {subject.name: knowledge.build(site, subject) for subject in site.subjects}
    configs = [asset for assets in observed.values() for asset in assets]
    parts = Parts(sources=configs)
    for subject in site.subjects:
        if subject.assets:
            parts += named(subject.assets)(site)
    for subject in site.subjects:
        if subject.closes:
            parts += named(subject.closes)(site, parts)
    return dg.Definitions(
        assets=[*parts.sources, *parts.assets],
        asset_checks=parts.checks,
        jobs=[
            _job(OBSERVE, parts.sources, "Take what the drop brings, and what stewards have changed."),
            _job(OBSERVE_CONFIGS, configs, "Take note of what stewards have changed."),
            dg.define_asset_job(
                MATERIALIZE, dg.AssetSelection.all(), description="From the newest snapshots to the published file."
            ),
            check_job.build(site),
            *(_map_job(subject, observed[subject.name]) for subject in site.subjects if subject.knowledge),
        ],
        sensors=[sensors.build(site, MATERIALIZE)],
        executor=executor.build(site.settings),
        resources={
            "duckdb": DuckDBResource(database=":memory:", connection_config=site.settings.duckdb),
            **parts.resources,
        },
    )


def map_job(subject: str) -> str:
    """The name of the job that makes anew what depends on what the stewards of a subject know."""
    return f"map_{subject}"


def _job(name: str, assets: list[dg.SourceAsset], description: str) -> Any:
    return dg.define_asset_job(name, dg.AssetSelection.assets(*(a.key for a in assets)), description=description)


def _map_job(subject: Subject, bodies: list[dg.SourceAsset]) -> Any:
    return dg.define_asset_job(
        map_job(subject.name),
        dg.AssetSelection.assets(*(body.key for body in bodies)).downstream(include_self=False),
        description=f"After an edit of configs/: map {subject.name} anew, to the published file.",
    )
