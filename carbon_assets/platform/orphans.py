"""Runs that Dagster believes to go on, or to begin, although their process is gone: killed, or lost with the machine.

Dagster cannot tell by itself for runs that are processes of this machine, and as long as it does not know, no other run
begins. What is done about the work that they left belongs in `freshness.py`.
"""

from __future__ import annotations

import math
import os

import dagster as dg
import psutil

from carbon_assets.base import clock

PID = "carbon/pid"
"""The tag of a run with the process that will execute it, which is known before the run has said a word."""

MAX_SECONDS_WITHOUT_WORD = 600
"""How long a run may be there of which no process is known. Dagster itself gives one 90 seconds to start, but only while its
daemon lives."""

NOT_ENDED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""The states of a run that goes on, or has yet to begin."""


def tags() -> dict[str, str]:
    """The tags of a run that this process executes."""
    return {PID: str(os.getpid())}


def bury(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Mark the runs as failed whose process is gone; returns them."""
    gone = {
        r.dagster_run.run_id: r
        for r in instance.get_run_records(dg.RunsFilter(statuses=NOT_ENDED))
        if not _may_go_on(instance, r)
    }
    for record in gone.values():
        instance.report_run_failed(record.dagster_run, "The process of this run is gone: it was killed.")
    return [record.dagster_run for record in gone.values()]


def _may_go_on(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    """Whether somebody executes the run, or still may."""
    if pid := _process_of(instance, record.dagster_run):
        return _lives(pid, record.start_time)
    if tagged := record.dagster_run.tags.get(PID):
        return _lives(int(tagged), record.create_timestamp.timestamp())
    # Of a clock that was set back or ahead, too, a run is not waited for without end.
    if abs(clock.of_machine() - record.create_timestamp.timestamp()) < MAX_SECONDS_WITHOUT_WORD:
        return True
    return record.dagster_run.status == dg.DagsterRunStatus.QUEUED and _has_daemon(instance)


def _process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The process that last said that it executes the run; None where none did."""
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    metadata = [event.dagster_event.engine_event_data.metadata for event in events if event.dagster_event]
    pids = [int(str(said["pid"].value)) for said in metadata if "pid" in said]
    return pids[-1] if pids else None


def _lives(pid: int, since: float | None) -> bool:
    """Whether a process is there that had the number at the time `since`, if that is known; another may have it by now."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= (since or math.inf) + 1
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's: it is there
        return True


def _has_daemon(instance: dg.DagsterInstance) -> bool:
    """Whether the daemon that begins what is queued said lately that it lives."""
    beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    return any(abs(clock.of_machine() - beat) < MAX_SECONDS_WITHOUT_WORD for beat in beats)
