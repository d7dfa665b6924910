"""One run from a drop to the published file, and the table that says what came of it.

This is what `make run` does: take every file of the drop, make anew what does not follow from it yet, print; `make map` only
maps anew. The UI and the sensor do the same through Dagster.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

from carbon_assets.base import store
from carbon_assets.base.configs import ConfigError
from carbon_assets.base.settings import Settings, SettingsError
from carbon_assets.base.suites import SuiteError
from carbon_assets.boundaries import assets as boundaries
from carbon_assets.boundaries import drops as boundary_drops
from carbon_assets.platform import freshness, gates, graph, knowledge, orphans
from carbon_assets.publishing import dbt
from carbon_assets.registries import assets as registries
from carbon_assets.registries import drops
from carbon_assets.registries import keys as registries_keys
from carbon_assets.registries.description import load_registries

log = logging.getLogger(__name__)

# One run at a time: dbt's build database has one writer.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 90
  poll_interval_seconds: 15
"""


def prepare(settings: Settings) -> None:
    """Make Dagster's home, once, before any process opens it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML)


@dataclass(frozen=True)
class Report:
    """What a run came to: lines for a person, and whether every blocking check passed and every file was read."""

    lines: tuple[str, ...]
    ok: bool


def run(settings: Settings) -> Report:
    """Take the drop, make anew what does not follow from it yet, and report."""
    if not settings.drop.is_dir():
        return Report((f"FAILED   there is no folder {settings.drop} to take files from",), ok=False)
    log.info("taking the files of %s", settings.drop)
    known = load_registries(settings.configs)
    problems = registries.take_drop(settings, known)
    untaken = boundaries.take_drop(settings)
    with _opened(settings) as (instance, defs):
        raw = registries.raw_versions(settings, known) | boundaries.raw_versions(settings)
        freshness.report(instance, raw | knowledge.versions(settings.configs))
        assets = defs.resolve_asset_graph()
        keys = freshness.stale(instance, assets, settings)
        log.info("%s of %s assets must be made anew", len(keys), len(list(assets.materializable_asset_keys)))
        made = _execute(defs, graph.MATERIALIZE, instance, keys) if keys else None
        return _report(settings, instance, assets, made, problems, untaken)


def map_anew(settings: Settings, what: str = "protocols") -> Report:
    """Map protocols (with project types) or beneficiaries anew, after a steward's edit, with all that depends on them, and
    report."""
    if not settings.table("harmonized", "projects").exists():
        return Report((f"FAILED   there are no projects in {settings.data} to map yet: `make run` first",), ok=False)
    with _opened(settings) as (instance, defs):
        freshness.report(instance, knowledge.versions(settings.configs))
        made = _execute(defs, graph.MAP[what], instance)
        return _report(settings, instance, defs.resolve_asset_graph(), made)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[dg.DagsterInstance, dg.Definitions]]:
    prepare(settings)
    defs = graph.build(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        orphans.bury(instance)
        yield instance, defs


def _execute(
    defs: dg.Definitions, job: str, instance: dg.DagsterInstance, keys: list[dg.AssetKey] | None = None
) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(
        instance=instance, raise_on_error=False, run_config=_QUIET, asset_selection=keys
    )


def _report(
    settings: Settings,
    instance: dg.DagsterInstance,
    assets: BaseAssetGraph,
    made: dg.ExecuteInProcessResult | None,
    problems: Sequence[str] = (),
    untaken: Sequence[str] = (),
) -> Report:
    """What stands now, be it made by this run or an earlier one. `made`: the run, if there was anything to do. `problems`: what
    is wrong with the drop; `untaken`: what of its boundaries could not be taken."""
    checks = [check for check in gates.latest(instance, assets.asset_check_keys).values() if check]
    errors = [c for c in checks if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR]
    published = made is None or (made.success and bool(made.asset_materializations_for_node("published__carbon")))
    taken = set(boundary_drops.found(settings.drop))
    left = [path for path in drops.unclaimed(settings.drop, load_registries(settings.configs)) if path not in taken]
    failures = [*problems, *(_failures(made.all_events) if made else [])]
    blocking = {key for key in assets.asset_check_keys if assets.get(key).blocking}
    lines = [
        *_overview(settings),
        "",
        *(f"not taken: {path} {_why_not_taken(path)}" for path in left),
        *(f"not taken: {why}" for why in untaken),
        *_checks(checks),
        *(_told(c, is_blocking=c.asset_check_key in blocking) for c in errors),
        *(f"FAILED   {message}" for message in failures),
        "",
        "nothing has changed: 0 steps" if made is None else f"{_steps(made)} steps",
        *_where_to_look(settings, published=published),
    ]
    return Report(tuple(lines), ok=published and not failures and not errors)


def _why_not_taken(path: Path) -> str:
    is_boundary = path.parent.name == boundary_drops.FOLDER
    return f"is no boundary: {boundary_drops.EXPECTED}" if is_boundary else "is no table of a known registry"


def _told(check: dg.AssetCheckEvaluation, *, is_blocking: bool) -> str:
    """A failed check in one line: what stops everything by its name, what holds back one file by its reason."""
    if is_blocking:
        return f"BLOCKED  {check.asset_key.to_user_string()}: {check.check_name}"
    word = "HELD BACK" if check.check_name == registries_keys.RELEASED else "REFUSED "
    return f"{word} {check.asset_key.to_user_string()}: {check.description}"


def _steps(made: dg.ExecuteInProcessResult) -> int:
    return sum(event.event_type == dg.DagsterEventType.STEP_START for event in made.all_events)


# Dagster's own console would print every event, and a stack trace for a failure that has a plain reason.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _failures(events: Iterable[dg.DagsterEvent]) -> list[str]:
    messages = []
    for event in events:
        if event.is_step_failure:
            data = event.step_failure_data
            failure = data.user_failure_data
            error = data.error.cause or data.error if data.error else None
            messages.append(f"{event.step_key}: {failure.description if failure else error and error.message.strip()}")
    return messages


def _checks(checks: list[dg.AssetCheckEvaluation]) -> list[str]:
    passed = sum(c.passed for c in checks)
    warnings = [c for c in checks if not c.passed and c.severity == dg.AssetCheckSeverity.WARN]
    failed = len(checks) - passed - len(warnings)
    return [
        f"checks: {passed} passed, {len(warnings)} warned, {failed} failed",
        *(f"warning  {c.asset_key.to_user_string()}: {c.check_name}" for c in warnings),
    ]


def _overview(settings: Settings) -> list[str]:
    """Rows and tonnes by registry, of what is normalized, by mart, and what became of protocols and types."""
    header = ("registry", "projects", "credits", "quarantined", "issued t", "retired t", "cancelled t")
    normalized = (settings.data / "normalized").glob("*")
    folders = sorted(path for path in normalized if path.is_dir() and path.name != boundary_drops.FOLDER)
    registries = [_registry_line(settings, folder) for folder in folders]
    marts = [(path.stem, f"{store.row_count(path):,}") for path in sorted((settings.data / "marts").glob("*.parquet"))]
    return [
        *_columns([header, *registries]),
        "",
        *_columns([("mart", "rows"), *marts]),
        "",
        *_counted(settings, "methodology texts", "protocols", "outcome"),
        *_counted(settings, "project types by", "project_types", "project_type_source"),
        *_counted(settings, "retirement texts named by", "beneficiaries", "method"),
    ]


def _counted(settings: Settings, what: str, table: str, column: str) -> list[str]:
    """One line with the number of rows of a harmonized table by the words of a column."""
    path = settings.table("harmonized", table)
    if not path.exists():
        return []
    query = f"select {column}, count(*) from read_parquet($path) group by 1 order by 2 desc, 1"
    counts = duckdb.execute(query, {"path": str(path)}).fetchall()
    words = (f"{word or 'nobody'} {n:,}" for word, n in counts)
    return [f"{what}: {', '.join(words)}"]


def _registry_line(settings: Settings, folder: Path) -> tuple[str, ...]:
    projects = sum(store.row_count(path) for path in folder.glob("projects.parquet"))
    quarantined = sum(store.row_count(path) for path in settings.quarantine(folder.name, "x").parent.glob("*.parquet"))
    credits = [str(path) for path in folder.glob("*.parquet") if path.name != "projects.parquet"]
    rows: dict[str, tuple[int, Decimal]] = {}
    if credits:
        query = "select transaction_type, count(*), sum(quantity) from read_parquet($files) group by 1"
        rows = {kind: (n, t) for kind, n, t in duckdb.execute(query, {"files": credits}).fetchall()}
    tonnes = (rows.get(kind, (0, Decimal(0)))[1] for kind in ("issuance", "retirement", "cancellation"))
    counts = (projects, sum(n for n, _ in rows.values()), quarantined)
    return (folder.name, *(f"{n:,}" for n in counts), *(f"{t:,.0f}" for t in tonnes))


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _where_to_look(settings: Settings, *, published: bool) -> list[str]:
    current = settings.published / "current"
    state = "published" if published else "not published anew; readers keep"
    version = current.resolve().name if current.exists() else "nothing yet"
    return [
        f"{state}: {version}",
        f"query:      {current / 'carbon.duckdb'} (schema marts)",
        f"quarantine: {settings.data / 'quarantine'}",
    ]


def main(work: Callable[[Settings], Report] = run) -> int:
    """Do `work` with the settings of the environment; 0 only if every blocking check passed and no file was refused."""
    progress = logging.StreamHandler(sys.stderr)
    progress.setFormatter(logging.Formatter("%(asctime)s  %(message)s", datefmt="%H:%M:%S"))
    package = logging.getLogger("carbon_assets")
    package.addHandler(progress)
    package.setLevel(logging.INFO)
    try:
        report = work(Settings.from_environment())
    except (ConfigError, SuiteError, SettingsError, dbt.DbtError) as error:
        sys.stderr.write(f"FAILED   {error}\n")
        return 1
    sys.stdout.write("\n" + "\n".join(report.lines) + "\n")
    return 0 if report.ok else 1
