"""How Dagster executes the runs that its daemon or UI starts: in one process, alone on the data folder.

Runs of the command line hold the data folder themselves (`run.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from carbon_assets.base.settings import Settings
from carbon_assets.platform.alone import alone


def build(settings: Settings) -> dg.ExecutorDefinition:
    """Dagster's executor in one process, which holds the data folder as long as its run goes on."""
    inner: Any = dg.in_process_executor  # its annotations allow a definition without a schema and a function

    @dg.executor(name="one_run_at_a_time", config_schema=inner.config_schema)
    def one_run_at_a_time(context: dg.InitExecutorContext) -> dg.Executor:
        return Alone(inner.executor_creation_fn(context), settings)

    return one_run_at_a_time


class Alone(dg.Executor):
    """Executes as `inner` does, while nobody else runs on the data folder."""

    def __init__(self, inner: dg.Executor, settings: Settings) -> None:
        self._inner, self._settings = inner, settings

    @property
    def retries(self):  # noqa: ANN201 - Dagster has no public name for the type
        """How steps are tried again."""
        return self._inner.retries

    def execute(self, plan_context, execution_plan) -> Iterator[dg.DagsterEvent]:  # noqa: ANN001 - nor for these
        """The events of a run. Raises `alone.Busy`."""
        with alone(self._settings, f"run {plan_context.run_id[:8]} of Dagster"):
            yield from self._inner.execute(plan_context, execution_plan)
