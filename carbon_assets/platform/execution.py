"""Jobs of Dagster executed in this process, and the stamp that they leave. What is asked before belongs in `run.py`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import dagster as dg

from carbon_assets.platform import (
    dagster_internals,
    freshness,
    gates,
    graph,
    orphans,
    progress,
    pruning,
    triggers,
    versions,
)
from carbon_assets.platform import stamp as stamps
from carbon_assets.platform.checks import Check
from carbon_assets.platform.report import Report, Work, report
from carbon_assets.platform.run import prepare
from carbon_assets.platform.site import Site
from carbon_assets.platform.stamp import Stamp
from carbon_assets.snapshots.landing import DropOutcome

log = logging.getLogger(__name__)

PUBLISHED = dg.AssetKey(["published", "carbon"])

# Dagster's own console would print every event, and a stack trace for a failure that has a plain reason.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def make_stale(site: Site, sources: Mapping[str, str], drop: DropOutcome) -> Report:
    """Make anew what does not follow from `sources` and today's code, and report. Leaves a stamp if nothing is stale then."""
    stamps.forget(site.settings)
    with _opened(site) as (instance, defs):
        freshness.report(instance, sources)
        assets = dagster_internals.asset_graph(defs)
        keys = freshness.stale(instance, assets, site.settings)
        log.info("%s of %s assets must be made anew", len(keys), len(list(assets.materializable_asset_keys)))
        files = triggers.files(site, instance, assets, keys, sources)
        if files:
            log.info("because of %s", triggers.in_words(files))
        work = _execute(defs, graph.MATERIALIZE, instance, keys, files) if keys else Work()
        checks = gates.states(instance, assets)
        pruning.prune(instance, assets, site.settings.keep_runs)
        stamp = None if work.failures else stamp_of(site, sources, assets, checks)
    if stamp:
        stamps.write(site.settings, stamp)
    return report(site, checks, drop, work)


def map_anew(site: Site, subject: str) -> Report:
    """Make anew what depends on what the stewards of a subject know, and report."""
    with _opened(site) as (instance, defs):
        freshness.report(instance, versions.knowledge_versions(site.settings.configs, site.subjects))
        work = _execute(defs, graph.map_job(subject), instance)
        checks = gates.states(instance, dagster_internals.asset_graph(defs))
    return report(site, checks, DropOutcome(), work)


@contextmanager
def _opened(site: Site) -> Iterator[tuple[dg.DagsterInstance, dg.Definitions]]:
    prepare(site.settings)
    site.settings.export()
    defs = graph.definitions(site)
    with dagster_internals.opened(site.settings.dagster_home) as instance:
        orphans.bury(instance)
        yield instance, defs


def _execute(
    defs: dg.Definitions,
    job: str,
    instance: dg.DagsterInstance,
    keys: list[dg.AssetKey] | None = None,
    files: Sequence[str] = (),
) -> Work:
    """Execute a job here, for these assets if not for all of its own. `files`: those that make it necessary."""
    definition = defs.resolve_job_def(job)
    tags = triggers.tags(files) | orphans.tags()
    begun = dagster_internals.begin(definition, instance, keys, _QUIET, tags)
    events = list(progress.told(begun.events, log, begun.steps))
    failures = tuple(_failures(events))
    if not failures and all(event.event_type != dg.DagsterEventType.RUN_SUCCESS for event in events):
        failures = (f"the run {begun.run_id} ended before all of its steps were done: {events[-1].message}",)
    published = any(event.is_step_materialization and event.asset_key == PUBLISHED for event in events)
    steps = sum(event.event_type == dg.DagsterEventType.STEP_START for event in events)
    return Work(steps, published and not failures, failures, tuple(files))


def stamp_of(
    site: Site, sources: Mapping[str, str], assets: dagster_internals.AssetGraph, checks: tuple[Check, ...] = ()
) -> Stamp:
    """What a site is made of when nothing of it is stale."""
    parents = dagster_internals.dependencies(assets)
    return Stamp(
        sources=sources,
        code=site.code_versions,
        made_of={key.to_user_string(): _texts(parents[key]) for key in parents},
        made_with={key.to_user_string(): _texts(dagster_internals.made_together(assets, [key])) for key in parents},
        checks=checks,
    )


def _texts(keys: Iterable[dg.AssetKey]) -> list[str]:
    return sorted(key.to_user_string() for key in keys)


def _failures(events: Iterable[dg.DagsterEvent]) -> Iterator[str]:
    """What stopped each step that failed, in one line."""
    for event in events:
        if event.is_step_failure:
            data = event.step_failure_data
            failure = data.user_failure_data
            error = data.error.cause or data.error if data.error else None
            yield f"{event.step_key}: {failure.description if failure else error and error.message.strip()}"
