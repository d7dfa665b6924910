"""Per registry: raw files as external assets, normalized tables as assets, all found from `configs/registries/`."""

import logging
from collections.abc import Iterator

import dagster as dg
import pyarrow as pa
from dagster_duckdb import DuckDBResource

from carbon_assets import checks, normalize, readers, schema, snapshots, store
from carbon_assets.assets import gates
from carbon_assets.config import Registry, Table
from carbon_assets.normalize import Normalized
from carbon_assets.settings import Settings
from carbon_assets.snapshots import Snapshot

log = logging.getLogger(__name__)

READABLE = "file_is_readable"
QUARANTINE_EMPTY = "no_rows_in_quarantine"


def build(
    registries: dict[str, Registry], settings: Settings
) -> tuple[list[dg.SourceAsset], list[dg.AssetsDefinition]]:
    """The raw assets of all registries, and the normalized ones."""
    tables = [(registry, table) for registry in registries.values() for table in registry.tables]
    raw = [_raw(registry, table, settings) for registry, table in tables]
    return raw, [_normalized(registry, table, settings) for registry, table in tables]


def normalized_keys(registries: dict[str, Registry], holds: str) -> list[dg.AssetKey]:
    """Keys of all normalized tables of one shape."""
    return [
        dg.AssetKey(["normalized", registry.id, table])
        for registry in registries.values()
        for table, spec in registry.tables.items()
        if spec.holds == holds
    ]


def _raw(registry: Registry, table: str, settings: Settings) -> dg.SourceAsset:
    """The registry's file: observing it takes the drop's file into the raw store; its version is its SHA-256."""

    @dg.observable_source_asset(
        key=["raw", registry.id, table],
        group_name=registry.group,
        description=f"{registry.name}: {table} as published, every snapshot of it.",
        tags={"dagster/kind/file": ""},
        metadata={"folder": dg.MetadataValue.path(settings.raw(registry.id, table))},
    )
    def observe() -> dg.DataVersion:
        try:
            path = snapshots.find(settings.drop, registry.id, registry.tables[table])
        except snapshots.AmbiguousDrop as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        if path:
            snapshots.take(settings, path, registry.id, table)
        snapshot = snapshots.current(settings, registry.id, table)
        return dg.DataVersion(snapshot.sha256 if snapshot else "absent")

    return observe


def _normalized(registry: Registry, table: str, settings: Settings) -> dg.AssetsDefinition:
    spec = registry.tables[table]
    key = dg.AssetKey(["normalized", registry.id, table])
    expectations = checks.load_suites(checks.suite_paths(settings, *key.path, shape=spec.holds))
    deps = [dg.AssetKey(["raw", registry.id, table])]
    if spec.resolves_projects:
        deps.append(dg.AssetKey(["normalized", registry.id, "projects"]))

    @dg.asset(
        key=key,
        deps=deps,
        group_name=registry.group,
        kinds={"python", "duckdb", "parquet"},
        owners=[registry.owner],
        description=f"{registry.name}: {table} in the canonical shape of {spec.holds}. What could not be read is in "
        f"quarantine/{registry.id}/{table}.parquet, with file, line, column, value and reason.",
        metadata={"dagster/column_schema": gates.column_schema(spec.canonical)},
        check_specs=[
            dg.AssetCheckSpec(READABLE, asset=key, description="The newest file could be read; if not, the last good one stays in use."),
            dg.AssetCheckSpec(QUARANTINE_EMPTY, asset=key, description="Every row of the file could be read."),
            *gates.check_specs(key, expectations),
        ],
    )
    def normalized(duckdb: DuckDBResource) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        path = settings.table(*key.path)
        snapshot = snapshots.current(settings, registry.id, table)
        refusal, result = None, None
        if snapshot:
            try:
                raw = normalize.read_snapshot(registry, table, snapshot, snapshot.content(settings))
                with duckdb.get_connection() as con:
                    projects = settings.table("normalized", registry.id, "projects")
                    result = normalize.normalize(con, registry, table, snapshot, raw, projects)
            except readers.UnreadableFile as error:
                refusal = f"{registry.id}/{snapshot.file}: {error}"
                log.error("%s refused: %s", key.to_user_string(), refusal)
        rows = result.rows if result else _standing(settings, registry, table, spec, keep=refusal is not None)
        outcomes = gates.judge(rows, expectations) if snapshot and (result or len(rows)) else None
        yield from _intake_checks(key, refusal, result)
        yield from gates.not_evaluated(key, expectations) if outcomes is None else gates.check_results(key, outcomes)
        if broken := gates.blocking_failures(outcomes or ()):
            raise dg.Failure(_why_blocked(registry, table, snapshot, result, broken), allow_retries=False)
        if result or refusal is None:
            store.write(path, rows, spec.canonical)
            quarantine = result.quarantine if result else schema.QUARANTINE.empty_table()
            store.write(settings.quarantine(registry.id, table), quarantine, schema.QUARANTINE)
        if result:
            log.info(
                "%s: %s rows in, %s in quarantine, %s rows out",
                key.to_user_string(), result.rows_in, len(result.quarantine), len(rows),
            )  # fmt: skip
        yield dg.MaterializeResult(asset_key=key, metadata=_metadata(settings, key, snapshot, refusal, result, rows))

    return normalized


def _standing(settings: Settings, registry: Registry, table: str, spec: Table, *, keep: bool) -> pa.Table:
    """What is used when there is no new table: the last good one after a refusal, else an empty one."""
    path = settings.table("normalized", registry.id, table)
    if keep and path.exists():
        return store.read(path)
    empty = spec.canonical.empty_table()
    if keep:
        store.write(path, empty, spec.canonical)
        store.write(settings.quarantine(registry.id, table), schema.QUARANTINE.empty_table(), schema.QUARANTINE)
    return empty


def _intake_checks(key: dg.AssetKey, refusal: str | None, result: Normalized | None) -> list[dg.AssetCheckResult]:
    quarantined = len(result.quarantine) if result else 0
    return [
        dg.AssetCheckResult(asset_key=key, check_name=READABLE, passed=refusal is None, description=refusal),
        dg.AssetCheckResult(
            asset_key=key,
            check_name=QUARANTINE_EMPTY,
            passed=quarantined == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"quarantined": quarantined, **({"rows": _preview(result.quarantine)} if quarantined else {})},
        ),
    ]


def _preview(quarantine: pa.Table) -> dg.MarkdownMetadataValue:
    """The first rows of a quarantine as a Markdown table."""
    names = ["line", "column", "value", "reason"]
    rows = [
        " | ".join(str(row[name]).replace("|", "/").replace("\n", " ")[:120] for name in names)
        for row in quarantine.slice(0, 20).select(names).to_pylist()
    ]
    return dg.MetadataValue.md("\n".join([" | ".join(names), " | ".join("---" for _ in names), *rows]))


def _why_blocked(
    registry: Registry, table: str, snapshot: Snapshot | None, result: Normalized | None, broken: list[checks.Outcome]
) -> str:
    file = f"{registry.id}/{snapshot.file}" if snapshot else f"{registry.id}/{table}"
    failed = "; ".join(
        f"{outcome.expectation.name} ({outcome.expectation.notes.rstrip('.')}; found {outcome.observed or outcome.examples})"
        for outcome in broken
    )
    lines = [f"{file} is held back, what stood before stays. Failed: {failed}"]
    if result and len(result.quarantine):
        row = result.quarantine.slice(0, 1).to_pylist()[0]
        lines.append(
            f"{len(result.quarantine)} of {result.rows_in} rows could not be read, the first in line {row['line']}, "
            f"column {row['column']!r}: {row['value']!r}: {row['reason']}"
        )
    return ". ".join(lines)


def _metadata(
    settings: Settings,
    key: dg.AssetKey,
    snapshot: Snapshot | None,
    refusal: str | None,
    result: Normalized | None,
    rows: pa.Table,
) -> dict[str, dg.MetadataValue | int | float | str]:
    metadata: dict = {
        "dagster/row_count": len(rows),
        "dagster/uri": str(settings.table(*key.path)),
        "state": "refused" if refusal else "fresh" if result else "absent",
    }
    if snapshot:
        metadata |= {"file": snapshot.file, "sha256": snapshot.sha256, "observed_at": snapshot.observed_at.isoformat()}
    if refusal:
        metadata["refused because"] = refusal
    if result:
        metadata |= {
            "rows_in": result.rows_in,
            "rows_accepted": result.rows_accepted,
            "rows_quarantined": len(result.quarantine),
            "snapshot_id": result.snapshot_id,
            "columns of the file not read": dg.MetadataValue.json(list(result.unmapped_columns)),
            "optional columns absent": dg.MetadataValue.json(list(result.absent_columns)),
            **{f"tonnes_{kind}": float(tonnes) for kind, tonnes in sorted(result.tonnes.items())},
            "tonnes_quarantined": float(sum(q for q in result.quarantine.column("quantity").to_pylist() if q)),
        }
    return metadata
