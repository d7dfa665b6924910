"""dbt's models as assets, made by one step, and the suites of the marts as checks.

One step, because each call of dbt takes 3 CPU seconds before it does anything. Staging views have no checks that could hold
back a mart; what marts are made of is checked where it is made.
"""

import io
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets
from packaging.version import Version

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.platform import gates
from carbon_assets.publishing import models, project

log = logging.getLogger(__name__)

BUILD = ["build", "--exclude-resource-type", "unit_test"]
"""dbt's unit tests are about the SQL, whatever the data: `make test` runs them."""

MAX_LAST_LINES = 20
"""Of what dbt printed before it failed without a word of its own."""

_MART = "marts__"
"""How the names of the step's outputs that are marts begin."""


class InstalledDbt(DbtCliResource):
    """dbt of this environment."""

    @property
    def _cli_version(self) -> Version:
        """The version of the installed package. The base class starts dbt to ask for it: 2 CPU seconds in each run."""
        return Version(metadata.version("dbt-core"))


def dbt(settings: Settings) -> DbtCliResource:
    """dbt of this environment, on the project of the data folder."""
    where = str(project.folder(settings))
    return InstalledDbt(
        project_dir=where,
        profiles_dir=where,
        dbt_executable=str(Path(sys.executable).with_name("dbt")),  # of this environment, whatever PATH says
    )


def build(settings: Settings) -> tuple[list[dg.AssetsDefinition], dg.AssetChecksDefinition]:
    """The dbt step, and the check step of the marts."""

    @dbt_assets(manifest=project.manifest(settings), name="marts")
    def models_of_dbt(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        for event in _build(context, dbt, settings):
            is_mart = isinstance(event, dg.Output) and event.output_name.startswith(_MART)
            yield _with_counts(event, settings) if is_mart else event

    return [models_of_dbt], _gate(settings)


def _build(context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: Settings) -> Iterator[Any]:
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    (settings.data / "marts").mkdir(exist_ok=True)
    with store.alone_in(settings.dbt_target):  # one writer at a time, or dbt fails: its build database is one file
        yield from _quietly(dbt.cli(BUILD, context=context, target_path=settings.dbt_target).stream())


def _quietly(events: Iterable[Any]) -> Iterator[Any]:
    """The events of a dbt that goes on, without what dagster-dbt prints for each of them: it stands in dbt's own log. If dbt
    fails, its last words are told where the error holds none of them, as those of an interpreter that broke."""
    chatter = io.StringIO()
    ahead = iter(events)
    while True:
        try:
            with redirect_stdout(chatter):
                event = next(ahead)
        except StopIteration:
            return
        except Exception as error:
            last = chatter.getvalue().strip().splitlines()[-MAX_LAST_LINES:]
            if not any(line.strip() in str(error) for line in last if line.strip()):
                log.error("dbt: %s", "\n".join(last))
            raise
        yield event


def _with_counts(event: dg.Output, settings: Settings) -> dg.Output:
    """Add what the mart's Parquet file says of itself to the metadata of its materialization."""
    name = event.output_name.removeprefix(_MART)
    path = settings.table("marts", name)
    rows = store.read(path)
    return event.with_metadata({**event.metadata, **gates.table_metadata(path, rows)})


def _gate(settings: Settings) -> dg.AssetChecksDefinition:
    columns = project.columns_of_tables()
    suites = {
        dg.AssetKey(["marts", name]): models.suite(settings, mart, columns)
        for name, mart in models.marts(settings.dbt_project).items()
    }

    @dg.multi_asset_check(
        name="marts_gate",
        specs=[spec for key, expectations in suites.items() for spec in gates.check_specs(key, expectations)],
        can_subset=True,
    )
    def gate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        made = {check.asset_key for check in context.selected_asset_check_keys}
        for key, expectations in ((key, suites[key]) for key in suites if key in made):
            yield from gates.check_results(key, gates.judge(store.read(settings.table(*key.path)), expectations))

    return gate
