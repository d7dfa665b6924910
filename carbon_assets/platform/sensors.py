"""Notices by itself what registries drop: takes whole files in, and runs what depends on them.

What becomes of a file belongs in `landing.py`, what must be made anew in `freshness.py`.
"""

import hashlib
import json

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import assets
from carbon_assets.platform import freshness, orphans
from carbon_assets.registries.assets import raw_versions
from carbon_assets.registries.description import Registry
from carbon_assets.registries.keys import READABLE
from carbon_assets.snapshots import landing
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import Rejected, Taken

NAME = "landing"

MOST_AGAIN = 3
"""So often a run that was killed is asked for again; one that failed is not, as it would fail again."""

_UNFINISHED = dg.RunsFilter(
    tags={"dagster/sensor_name": NAME},
    statuses=[
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)


def build(registries: dict[str, Registry], settings: Settings, job: str) -> dg.SensorDefinition:
    """The sensor of the landing folder. All files of one look make one run; while a run goes on, none is asked for.

    The raw store, not the cursor, says what was taken, so that a look that was cut short is made up for by the next one.
    """

    @dg.sensor(
        name=NAME,
        job_name=job,
        minimum_interval_seconds=settings.look_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches {settings.landing}/<registry>/ and runs what depends on a file that has arrived.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = json.loads(context.cursor or "{}")
        whole, seen = landing.look(settings, {name: tuple(mark) for name, mark in cursor.get("seen", {}).items()})
        rejected = []
        for outcome in landing.take(settings, registries, whole):
            context.log.info(_told(outcome))
            if isinstance(outcome, Rejected):
                rejected.append(outcome)
        versions = raw_versions(settings, registries) | assets.raw_versions(settings)
        freshness.report(context.instance, versions)
        orphans.bury(context.instance)
        killed = _was_killed(context.instance)
        wanted = _state(settings, versions)
        is_new = wanted != cursor.get("asked")
        again = 0 if is_new else cursor.get("again", 0) + killed
        keys = []
        has_data = any(version != freshness.ABSENT for version in versions.values())
        is_due = is_new or (killed and again <= MOST_AGAIN)
        if has_data and is_due and not context.instance.get_runs(_UNFINISHED, limit=1):
            keys = freshness.stale(context.instance, context.repository_def.asset_graph, settings)
            cursor |= {"asked": wanted, "again": again}
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{wanted}-{again}", asset_selection=keys)] if keys else [],
            skip_reason=None if keys else _why_not(whole, seen),
            cursor=json.dumps({**cursor, "seen": seen}),
            asset_events=[_check(outcome) for outcome in rejected if outcome.table],
        )

    return sensor


def _was_killed(instance: dg.DagsterInstance) -> bool:
    """Whether the last run that was asked for ended without a step that failed: then what it had to do is undone."""
    last = instance.get_runs(dg.RunsFilter(tags={"dagster/sensor_name": NAME}), limit=1)
    if not last or last[0].status != dg.DagsterRunStatus.FAILURE:
        return False
    return not instance.all_logs(last[0].run_id, of_type=dg.DagsterEventType.STEP_FAILURE)


def _state(settings: Settings, versions: freshness.Versions) -> str:
    """A hash of what is in use of the raw store. Records that come back make another state than at first, by the names of
    their snapshots: Dagster drops a request whose key an earlier run had."""
    told = []
    for key, version in sorted(versions.items()):
        newest = snapshots.current(settings, *key.path[1:])
        told.append((key.to_user_string(), version, newest.name if newest else None))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _told(outcome: Taken | Rejected) -> str:
    match outcome:
        case Rejected():
            return f"moved aside: {outcome.path}: {outcome.reason}"
        case Taken(snapshot, is_news):
            what = "taken" if is_news else "kept, but it holds the same records as the one before"
            return f"{snapshot.registry}/{snapshot.file}: {what}: {snapshot.name}"


def _check(rejected: Rejected) -> dg.AssetCheckEvaluation:
    """A file that was moved aside, shown where the data team looks."""
    registry, table = rejected.table
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(["normalized", registry, table]),
        check_name=READABLE,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        description=rejected.reason,
        metadata={"moved to": dg.MetadataValue.path(str(rejected.path))},
    )


def _why_not(whole: list, seen: landing.Seen) -> str:
    waiting = len(seen) - len(whole)
    return f"{len(whole)} files taken or moved aside, {waiting} still being written; nothing that needs a run"
