"""Notices by itself what is dropped: takes whole files in, and runs what depends on them.

What becomes of a file belongs in `snapshots/landing.py`, what must be made anew in `freshness.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from carbon_assets.platform import freshness, orphans, pruning, triggers
from carbon_assets.platform.checks import READABLE
from carbon_assets.platform.site import Site
from carbon_assets.snapshots import landing, store
from carbon_assets.snapshots.landing import Rejected, Taken

NAME = "landing"

MAX_RETRIES_OF_KILLED_RUN = 3
"""A killed run is requested again up to so many times; one that failed is not, as it would fail again."""

_UNFINISHED = dg.RunsFilter(tags={"dagster/sensor_name": NAME}, statuses=orphans.NOT_ENDED)


def build(site: Site, job: str) -> dg.SensorDefinition:
    """The sensor of the landing folder. All files of one look make one run; while a run goes on, none is requested.

    The raw store, not the cursor, says what was taken, so that a look that was cut short is made up for by the next one.
    """
    settings = site.settings

    @dg.sensor(
        name=NAME,
        job_name=job,
        minimum_interval_seconds=settings.look_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches {settings.landing}/<folder>/ and runs what depends on a file that has arrived.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = json.loads(context.cursor or "{}")
        seen_before = {name: tuple(mark) for name, mark in cursor.get("seen", {}).items()}
        whole, seen = landing.look(settings, site.intakes, seen_before)
        rejected = []
        for outcome in landing.take(settings, site.intakes, whole):
            context.log.info(_in_words(outcome))
            if isinstance(outcome, Rejected):
                rejected.append(outcome)
        versions = {key: v for intake in site.intakes for key, v in intake.raw_versions(settings).items()}
        freshness.report(context.instance, versions)
        orphans.bury(context.instance)
        keys, asked, files = _wanted(site, context, versions, cursor)
        run_key = f"{asked.get('asked')}-{asked.get('again')}"
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=run_key, asset_selection=keys, tags=triggers.tags(files))]
            if keys
            else [],
            skip_reason=None if keys else _why_no_run(whole, seen),
            cursor=json.dumps({**asked, "seen": seen}),
            asset_events=[_check(outcome) for outcome in rejected if outcome.asset],
        )

    return sensor


def _wanted(
    site: Site, context: dg.SensorEvaluationContext, versions: Mapping[str, str], cursor: dict
) -> tuple[list[dg.AssetKey], dict, list[str]]:
    """The assets to make anew, if a run is due; the cursor that says what was asked for and how often again; and the files that
    make the run necessary."""
    killed = _was_killed(context.instance)
    state = _state(site, versions)
    is_new = state != cursor.get("asked")
    again = 0 if is_new else cursor.get("again", 0) + killed
    has_data = any(version != store.ABSENT for version in versions.values())
    is_due = is_new or (killed and again <= MAX_RETRIES_OF_KILLED_RUN)
    if not (has_data and is_due) or context.instance.get_runs(_UNFINISHED, limit=1):
        return [], cursor, []
    if context.repository_def is None:
        raise dg.DagsterInvariantViolationError("a sensor is asked by a daemon that knows no repository")
    graph = context.repository_def.asset_graph
    keys = freshness.stale(context.instance, graph, site.settings)
    files = triggers.files(site, context.instance, graph, keys, versions)
    pruning.prune(context.instance, graph, site.settings.keep_runs)
    return keys, cursor | {"asked": state, "again": again}, files


def _was_killed(instance: dg.DagsterInstance) -> bool:
    """Whether the last run that was requested ended without a step that failed: then what it had to do is undone."""
    last = instance.get_runs(dg.RunsFilter(tags={"dagster/sensor_name": NAME}), limit=1)
    if not last or last[0].status != dg.DagsterRunStatus.FAILURE:
        return False
    return not instance.all_logs(last[0].run_id, of_type=dg.DagsterEventType.STEP_FAILURE)


def _state(site: Site, versions: Mapping[str, str]) -> str:
    """A hash of what is in use of the raw store. Records that come back make another state than at first, by the names of
    their snapshots: Dagster drops a request whose key an earlier run had."""
    tables = sorted(names for intake in site.intakes for names in intake.tables(site.settings))
    newest = [store.current(site.settings, *names) for names in tables]
    state = [sorted(versions.items()), [[*names, s and s.name] for names, s in zip(tables, newest, strict=True)]]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:32]


def _in_words(outcome: Taken | Rejected) -> str:
    match outcome:
        case Rejected():
            return f"moved aside: {outcome.path}: {outcome.reason}"
        case Taken(snapshot, is_news):
            what = "taken" if is_news else "kept, but it holds the same records as the one before"
            return f"{snapshot.registry}/{snapshot.file}: {what}: {snapshot.name}"


def _check(rejected: Rejected) -> dg.AssetCheckEvaluation:
    """A file that was moved aside, shown where the data team looks."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey.from_user_string(rejected.asset or ""),
        check_name=READABLE,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        description=rejected.reason,
        metadata={"moved to": dg.MetadataValue.path(str(rejected.path))},
    )


def _why_no_run(whole: list[Path], seen: landing.Seen) -> str:
    waiting = len(seen) - len(whole)
    return f"{len(whole)} files taken or moved aside, {waiting} still being written; nothing that needs a run"
