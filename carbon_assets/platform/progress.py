"""A run of Dagster as lines of progress: each step with its number, and the rows of the tables that it makes.

How lines look belongs in `base/progress.py`, what a run came to in `report.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator

import dagster as dg

from carbon_assets.base.progress import Steps

ROWS = "dagster/row_count"
SET_ASIDE = "rows_quarantined"
"""Metadata of a materialization: the rows of the table, and those that could not be read."""

_Event = dg.DagsterEventType


def told(events: Iterable[dg.DagsterEvent], log: logging.Logger, steps: Collection[str]) -> Iterator[dg.DagsterEvent]:
    """The events of a run, each of its `steps`, by their keys, told while it goes on; those that never began at the end."""
    lines = Steps(log, len(steps))
    left = set(steps)
    checks = tables = 0
    for event in events:
        if event.event_type == _Event.STEP_START:
            lines.begin(_name(event.step_key))
            left.discard(event.step_key or "")
            checks = tables = 0
        elif event.event_type == _Event.ASSET_MATERIALIZATION and event.step_key:
            if rows := _rows(event):
                lines.came_to(rows)
                tables += 1
        elif event.event_type == _Event.ASSET_CHECK_EVALUATION and event.step_key:
            checks += 1
        elif event.event_type == _Event.STEP_SUCCESS:
            if checks and not tables:
                lines.came_to(f"{checks:,} checks")
            lines.end()
        elif event.event_type == _Event.STEP_FAILURE:
            lines.came_to("FAILED")
            lines.end()
        yield event
    if left:
        names = ", ".join(sorted(map(_name, left)))
        log.info("%s of %s steps left out, since what they need was not made: %s", len(left), len(steps), names)


def _name(step_key: str | None) -> str:
    return (step_key or "").replace("__", "/")


def _rows(event: dg.DagsterEvent) -> str | None:
    """The rows of a table by its name, without it where the step makes just this table; None for what has no rows."""
    data = event.step_materialization_data.materialization
    numbers = {name: data.metadata[name].value for name in (ROWS, SET_ASIDE) if name in data.metadata}
    if ROWS not in numbers:
        return None
    name = "" if event.step_key == "__".join(data.asset_key.path) else f"{data.asset_key.path[-1]} "
    aside = f" ({numbers[SET_ASIDE]:,} set aside)" if numbers.get(SET_ASIDE) else ""
    return f"{name}{numbers[ROWS]:,} rows{aside}"
