"""Dagster's storage does not grow for ever: the oldest runs go, but for those that say what is stale and what blocks.

Published versions are pruned in `publishing/publish.py`; ticks of the sensor by Dagster itself (`retention` in `dagster.yaml`).
"""

from __future__ import annotations

import dagster as dg

from carbon_assets.platform import dagster_internals

MAX_RUNS_AT_ONCE = 200
"""A data folder of many years is pruned over several runs: each run deleted takes milliseconds."""

_ENDED = dg.RunsFilter(
    statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
)


def prune(instance: dg.DagsterInstance, graph: dagster_internals.AssetGraph, keep: int) -> list[str]:
    """Delete the runs that ended before the newest `keep`, the oldest first; returns their ids.

    The run that last made, observed or checked something stays, however old: it is what staleness and the gates are told by.
    """
    ended = [run.run_id for run in instance.get_runs(_ENDED)]  # the newest first
    if len(ended) <= keep:
        return []
    needed = dagster_internals.runs_that_count(instance, graph)
    gone = [run_id for run_id in ended[keep:][::-1] if run_id not in needed][:MAX_RUNS_AT_ONCE]
    for run_id in gone:
        dagster_internals.delete_run(instance, run_id)
    return gone
