"""dbt's models as assets, staging and marts apart, and the suites of the marts as checks.

Two steps, because within one dbt step no check of Dagster's can hold back a model.
"""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from carbon_assets.base import store
from carbon_assets.base import suites as checks
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings
from carbon_assets.platform import gates

log = logging.getLogger(__name__)


class DbtError(PlainError):
    """dbt cannot parse the project; the message holds what it says."""


def manifest(settings: Settings) -> Path:
    """dbt's manifest, parsed anew where a file of the dbt project is younger."""
    target = settings.dbt_project / "target"
    path = target / "manifest.json"
    sources = [p for p in settings.dbt_project.rglob("*") if p.suffix in (".sql", ".yml") and target not in p.parents]
    if not path.exists() or path.stat().st_mtime < max(p.stat().st_mtime for p in sources):
        log.info("dbt: parsing the project")
        command = [sys.executable, "-m", "dbt.cli.main", "parse", *_where(settings), "--target-path", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DbtError(f"dbt cannot parse {settings.dbt_project}:\n{done.stdout}")
    return path


def _where(settings: Settings) -> list[str]:
    project = str(settings.dbt_project)
    return ["--project-dir", project, "--profiles-dir", project, "--log-path", str(settings.dbt_target)]


def dbt(settings: Settings) -> DbtCliResource:
    """dbt of this environment, on our project."""
    project = str(settings.dbt_project)
    return DbtCliResource(
        project_dir=project,
        profiles_dir=project,
        dbt_executable=str(Path(sys.executable).with_name("dbt")),  # of this environment, whatever PATH says
    )


def mart_names(settings: Settings) -> list[str]:
    """Names of the mart models, from the files that define them."""
    return sorted(path.stem for path in (settings.dbt_project / "models" / "marts").glob("*.sql"))


def build(settings: Settings) -> tuple[list[dg.AssetsDefinition], dg.AssetChecksDefinition]:
    """The two dbt steps, and the check step of the marts."""
    parsed = manifest(settings)

    @dbt_assets(manifest=parsed, select="staging", name="staging")
    def staging(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        yield from _build(context, dbt, settings)

    @dbt_assets(manifest=parsed, select="marts", name="marts")
    def marts(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        for event in _build(context, dbt, settings):
            yield _with_counts(event, settings) if isinstance(event, dg.Output) else event

    return [staging, marts], _gate(settings)


def _build(context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: Settings) -> Iterator[Any]:
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    (settings.data / "marts").mkdir(exist_ok=True)
    with store.alone_in(settings.dbt_target):  # one writer at a time, or dbt fails: its build database is one file
        yield from dbt.cli(["build"], context=context, target_path=settings.dbt_target).stream()


def _with_counts(event: dg.Output, settings: Settings) -> dg.Output:
    """Add what the mart's Parquet file says of itself to the metadata of its materialization."""
    name = event.output_name.removeprefix("marts__")
    path = settings.table("marts", name)
    rows = store.read(path)
    log.info("marts/%s: %s rows", name, len(rows))
    return event.with_metadata({**event.metadata, **gates.table_metadata(path, rows)})


def _gate(settings: Settings) -> dg.AssetChecksDefinition:
    suites = {
        dg.AssetKey(["marts", name]): checks.load_suites(checks.suite_paths(settings, "marts", name))
        for name in mart_names(settings)
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
