"""Per registry: raw files as external assets, normalized tables as assets, all found from `configs/registries/`."""

import logging
from collections.abc import Iterator

import dagster as dg
import pyarrow as pa
from dagster_duckdb import DuckDBResource

from carbon_assets.base import store, suites
from carbon_assets.base.settings import Settings
from carbon_assets.platform import gates
from carbon_assets.platform.checks import READABLE, RELEASED
from carbon_assets.platform.graph import Parts
from carbon_assets.platform.site import Site
from carbon_assets.platform.sources import source
from carbon_assets.registries import drift_assets, intake, landing, release_gate, schema, stated
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.registries.intake import Intake
from carbon_assets.registries.keys import COLUMNS_PRESENT, QUARANTINE_EMPTY, normalized_key
from carbon_assets.registries.normalize import Normalized
from carbon_assets.registries.release_gate import Gate
from carbon_assets.registries.table import Table
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import why_rejected

log = logging.getLogger(__name__)


def build(site: Site) -> Parts:
    """The raw tables of all registries as external assets, and the normalized ones. Raises `ConfigError`."""
    settings, registries = site.settings, load_registries(site.settings.configs)
    tables = [(registry, table) for registry in registries.values() for table in registry.tables]
    gate = release_gate.load_gate(settings.configs, {f"{registry.id}/{table}" for registry, table in tables})
    return Parts(
        sources=[_raw(registry, table, settings) for registry, table in tables],
        assets=[
            *(_normalized(site, registry, gate) for registry in registries.values()),
            drift_assets.schema_changes(site, registries),
        ],
    )


def _raw(registry: Registry, table: str, settings: Settings) -> dg.SourceAsset:
    """The registry's file: observing it takes the drop's file into the raw store; its version is its SHA-256."""

    def version() -> str:
        landing.take(settings, registry, table)
        return snapshots.data_version(settings, registry.id, table)

    description = f"{registry.name}: {table} as published, every snapshot of it."
    key = dg.AssetKey(["raw", registry.id, table])
    return source(key, registry.group, description, settings.raw(registry.id, table), version)


def _normalized(site: Site, registry: Registry, gate: Gate) -> dg.AssetsDefinition:
    """All tables of a registry in one step: whether a new file is used depends on its other files."""
    settings = site.settings
    expectations = {
        table: expected_of(settings, normalized_key(registry, table), spec) for table, spec in registry.tables.items()
    }

    versions = {table: site.code_version(normalized_key(registry, table).to_user_string()) for table in registry.tables}

    @dg.multi_asset(
        name=f"normalized__{registry.id.replace('-', '_')}",
        specs=[_spec(site, registry, table) for table in registry.tables],
        check_specs=[
            spec
            for table in registry.tables
            for spec in _check_specs(normalized_key(registry, table), expectations[table])
        ],
    )
    def normalized(duckdb: DuckDBResource) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        with duckdb.get_connection() as con:
            broken = lambda table, rows: _broken(rows, expectations[table])  # noqa: E731
            taken = intake.take_in(con, settings, registry, gate, broken, versions)
        blocked = []
        for table, found in taken.items():
            key, expected = normalized_key(registry, table), expectations[table]
            outcomes = gates.judge(found.result.rows, expected) if found.result else None
            rejected = why_rejected(settings, key.to_user_string(), [(registry.id, table)])
            yield from intake_checks(key, registry.tables[table], found, rejected)
            yield from gates.not_evaluated(key, expected) if outcomes is None else gates.check_results(key, outcomes)
            if failures := gates.blocking_failures(outcomes or ()):
                blocked.append(_why_blocked(found, failures))
        if blocked:
            raise dg.Failure(" ".join(blocked), allow_retries=False)
        for table, found in taken.items():
            key, rows = normalized_key(registry, table), intake.rows_in_use(registry, table, found)
            intake.write(settings, registry, table, rows, versions[table])
            store.write(settings.quarantine(registry.id, table), _quarantine(found), schema.QUARANTINE)
            stated.write(settings, registry, table, found.result.stated if found.result else None)
            intake.record(settings, registry, found)
            _tell(key, registry.tables[table], found)
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(settings, key, found, rows))

    return normalized


def expected_of(settings: Settings, key: dg.AssetKey, spec: Table) -> list[suites.Expectation]:
    """What is expected of a normalized table: the suites of its shape and its own, without what asks for columns that the
    registry never publishes. Raises `SuiteError`."""
    loaded = suites.load_suites(suites.suite_paths(settings, *key.path, shape=spec.holds), spec.canonical.names)
    return [e for e in loaded if not (e.type == _IS_GIVEN and set(e.columns) <= set(spec.never_published))]


_IS_GIVEN = "expect_column_values_to_not_be_null"


def _account_of_suites(settings: Settings, key: dg.AssetKey, spec: Table) -> str:
    """Sentences on what is not expected of a table, and why."""
    has_own = bool(suites.suite_paths(settings, *key.path))
    without = "" if has_own else f" It has no suite of its own: that of all {spec.holds} judges it."
    return without + "".join(f" {name} is never published: {why}." for name, why in spec.never_published.items())


def _spec(site: Site, registry: Registry, table: str) -> dg.AssetSpec:
    spec, key = registry.tables[table], normalized_key(registry, table)
    return dg.AssetSpec(
        key,
        deps=[
            *(dg.AssetKey(["raw", registry.id, each]) for each in registry.tables),
            *([normalized_key(registry, "projects")] if spec.resolves_projects else []),
        ],
        code_version=site.code_version(key.to_user_string()),
        group_name=registry.group,
        kinds={"python", "duckdb", "parquet"},
        owners=[registry.owner],
        description=f"{registry.name}: {table} in the canonical shape of {spec.holds}. What could not be read is in "
        f"quarantine/{registry.id}/{table}.parquet, with file, line, column, value and reason."
        + _account_of_suites(site.settings, key, spec),
        metadata={"dagster/column_schema": gates.column_schema(spec.canonical)},
    )


def _check_specs(key: dg.AssetKey, expectations: list[suites.Expectation]) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            READABLE,
            asset=key,
            description="The newest file could be read; if not, the last good one stays in use.",
        ),
        dg.AssetCheckSpec(
            RELEASED,
            asset=key,
            description="The newest file differs from the one in use within the bounds of configs/intake/release_gate.yml, and so "
            "do the registry's other files, or a person let it through; if not, the last good ones stay in use.",
        ),
        dg.AssetCheckSpec(QUARANTINE_EMPTY, asset=key, description="Every row of the file could be read."),
        dg.AssetCheckSpec(
            COLUMNS_PRESENT,
            asset=key,
            description="The file has every column that configs/registries reads, optional ones and labels too, but for those "
            "that `lacks` names.",
        ),
        *gates.check_specs(key, expectations),
    ]


def _broken(rows: pa.Table, expectations: list[suites.Expectation]) -> str | None:
    """The critical expectations that the rows of a new file break."""
    failed = gates.blocking_failures(gates.judge(rows, expectations))
    return "; ".join(f"{o.expectation.name} ({o.expectation.notes.rstrip('.')})" for o in failed) or None


def _tell(key: dg.AssetKey, spec: Table, taken: Intake) -> None:
    name = key.to_user_string()
    if taken.refusal:
        in_use = taken.snapshot.file if taken.snapshot else "none"
        log.error("%s: %s, %s stays in use: %s", name, taken.state, in_use, taken.refusal)
    if taken.result and (absent := taken.result.told_absent):
        log.warning("%s: %s", name, _why_absent(spec, absent))


def _quarantine(taken: Intake) -> pa.Table:
    return taken.result.quarantine if taken.result else schema.QUARANTINE.empty_table()


def intake_checks(
    key: dg.AssetKey, spec: Table, taken: Intake, rejected: str | None = None
) -> list[dg.AssetCheckResult]:
    """What is told of a table's newest file, whatever its rows say: readable, released, whole, with all its columns.

    `rejected`: what was wrong with a newer file, which was moved aside.
    """
    unreadable = taken.refusal if taken.state == "refused" else rejected
    quarantine = _quarantine(taken)
    absent = taken.result.told_absent if taken.result else ()
    return [
        dg.AssetCheckResult(
            asset_key=key,
            check_name=READABLE,
            passed=unreadable is None,
            description=unreadable,
        ),
        dg.AssetCheckResult(
            asset_key=key,
            check_name=RELEASED,
            passed=taken.state != "held back",
            description=taken.refusal if taken.state == "held back" else None,
        ),
        dg.AssetCheckResult(
            asset_key=key,
            check_name=QUARANTINE_EMPTY,
            passed=len(quarantine) == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=_what_is_set_aside(taken.result) if taken.result and len(quarantine) else None,
            metadata={"quarantined": len(quarantine), **({"rows": _preview(quarantine)} if len(quarantine) else {})},
        ),
        dg.AssetCheckResult(
            asset_key=key,
            check_name=COLUMNS_PRESENT,
            passed=not absent,
            severity=dg.AssetCheckSeverity.WARN,
            description=_why_absent(spec, absent) if absent else None,
        ),
    ]


def _what_is_set_aside(result: Normalized) -> str:
    """Rows in quarantine, their tonnes by transaction type, and how many rows have tonnes that are not known."""
    tonnes = ", ".join(f"{tonnes:,.0f} t of {kind}" for kind, tonnes in result.tonnes_set_aside.items())
    unknown = result.rows_set_aside_without_tonnes
    unread = f"{unknown:,} with tonnes that cannot be read" if unknown else ""
    return "; ".join(filter(None, [f"{len(result.quarantine):,} rows are set aside", tonnes, unread]))


def _why_absent(spec: Table, absent: tuple[str, ...]) -> str:
    """Which columns a file does not have, and which of them hold tonnes."""
    kinds = {name: column.transaction_type for name, column in spec.columns.items() if column.transaction_type}
    lost = [f"{name} ({kinds[name]} tonnes)" if name in kinds else name for name in absent]
    return f"nothing is read into {', '.join(lost)}: the file has no such column"


def _preview(quarantine: pa.Table) -> dg.MarkdownMetadataValue:
    """The first rows of a quarantine as a Markdown table."""
    names = ["line", "column", "value", "reason"]
    rows = [
        " | ".join(str(row[name]).replace("|", "/").replace("\n", " ")[:120] for name in names)
        for row in quarantine.slice(0, 20).select(names).to_pylist()
    ]
    return dg.MetadataValue.md("\n".join([" | ".join(names), " | ".join("---" for _ in names), *rows]))


def _why_blocked(taken: Intake, broken: list[suites.Outcome]) -> str:
    failed = "; ".join(
        f"{outcome.expectation.name} ({outcome.expectation.notes.rstrip('.')}; found {outcome.observed or outcome.examples})"
        for outcome in broken
    )
    file = f"{taken.snapshot.registry}/{taken.snapshot.file}" if taken.snapshot else "the table"
    reason = f"{file} is held back, what stood before stays. Failed: {failed}"
    if taken.result and len(taken.result.quarantine):
        row = taken.result.quarantine.slice(0, 1).to_pylist()[0]
        reason += (
            f". {len(taken.result.quarantine)} of {taken.result.rows_in} rows could not be read, the first in line "
            f"{row['line']}, column {row['column']!r}: {row['value']!r}: {row['reason']}"
        )
    return reason


def _metadata(settings: Settings, key: dg.AssetKey, taken: Intake, rows: pa.Table) -> dict:
    """What the UI shows of a materialization: what came in, what came of it, in rows and tonnes."""
    metadata: dict = {**gates.table_metadata(settings.table(*key.path), rows), "state": taken.state}
    if taken.snapshot:
        metadata |= {
            "file": taken.snapshot.file,
            "sha256": taken.snapshot.sha256,
            "observed_at": taken.snapshot.observed_at.isoformat(),
        }
    if taken.refusal:
        metadata["refused because"] = taken.refusal
    if taken.result:
        metadata |= {
            "rows_in": taken.result.rows_in,
            "rows_accepted": taken.result.rows_accepted,
            "rows_quarantined": len(taken.result.quarantine),
            "snapshot_id": taken.result.snapshot_id,
            "columns of the file not read": dg.MetadataValue.json(list(taken.result.unmapped_columns)),
            "optional columns absent": dg.MetadataValue.json(list(taken.result.absent_columns)),
            **{f"tonnes_set_aside_{kind}": float(tonnes) for kind, tonnes in taken.result.tonnes_set_aside.items()},
            "rows_set_aside_without_tonnes": taken.result.rows_set_aside_without_tonnes,
        }
    return metadata
