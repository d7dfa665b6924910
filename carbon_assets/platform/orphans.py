"""Runs that Dagster believes to go on although their process is gone: killed, or lost with the machine.

Dagster cannot tell by itself for runs that are processes of this machine, and as long as it does not know, no other run
begins. What is done about the work that they left belongs in `freshness.py`.
"""

from __future__ import annotations

import dagster as dg
import psutil

_BEGUN = dg.RunsFilter(
    statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
)


def bury(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Mark the runs as failed whose process is gone; returns them."""
    gone = [record for record in instance.get_run_records(_BEGUN) if not _lives(instance, record)]
    for record in gone:
        instance.report_run_failed(record.dagster_run, "The process of this run is gone: it was killed.")
    return [record.dagster_run for record in gone]


def _lives(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    """Whether the process that last said that it executes the run is there; another may have its number by now."""
    events = instance.all_logs(record.dagster_run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    metadata = [event.dagster_event.engine_event_data.metadata for event in events if event.dagster_event]
    pids = [int(str(said["pid"].value)) for said in metadata if "pid" in said]
    if not pids:
        return True
    try:
        process = psutil.Process(pids[-1])
        began = process.create_time()
        return process.status() != psutil.STATUS_ZOMBIE and began <= (record.start_time or began) + 1
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's: it is there
        return True
