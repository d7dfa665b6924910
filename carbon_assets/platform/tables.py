"""A table as an asset: made, held against its suite, then written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import duckdb as duckdb_engine
import pyarrow as pa
from dagster_duckdb import DuckDBResource

from carbon_assets.base import store, suites
from carbon_assets.base.settings import Settings
from carbon_assets.platform import freshness, gates
from carbon_assets.platform.rules import Rules, Watch, results, specs

log = logging.getLogger(__name__)


def table(
    settings: Settings,
    key: dg.AssetKey,
    deps: list[dg.AssetKey],
    shape: pa.Schema,
    description: str,
    make: Callable[[duckdb_engine.DuckDBPyConnection], pa.Table],
    counted: str | None = None,
    rules: Rules | None = None,
    watch: Watch | None = None,
) -> dg.AssetsDefinition:
    """An asset that makes a table, holds it against its suite, and writes it if no critical expectation fails.

    `counted`: the column whose words the metadata count. `rules`: those whose breaches the table lists. `watch`: a further
    check of its rows, which holds nothing back.
    """
    expectations = suites.load_suites(suites.suite_paths(settings, *key.path))

    @dg.asset(
        key=key,
        deps=deps,
        code_version=freshness.code_version(*_told(settings, key)),
        group_name="harmonized",
        kinds={"python", "duckdb", "parquet"},
        owners=["team:data"],
        description=description,
        metadata={"dagster/column_schema": gates.column_schema(shape)},
        check_specs=[*gates.check_specs(key, expectations), *specs(key, rules), *([watch.spec] if watch else [])],
    )
    def materialized(duckdb: DuckDBResource) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        with duckdb.get_connection() as con:
            rows = make(con)
        outcomes = gates.judge(rows, expectations)
        yield from gates.check_results(key, outcomes)
        yield from results(key, rows, rules)
        if watch:
            yield watch.judge(rows)
        if broken := gates.blocking_failures(outcomes):
            failed = "; ".join(f"{o.expectation.name}: {o.expectation.notes}" for o in broken)
            raise dg.Failure(
                f"{key.to_user_string()} is not written, what stood before stays. {failed}", allow_retries=False
            )
        store.write(settings.table(*key.path), rows, shape)
        log.info("%s: %s rows", key.to_user_string(), len(rows))
        counts = gates.word_counts(rows, counted) if counted else {}
        metadata = gates.table_metadata(settings.table(*key.path), rows) | counts
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return materialized


def _told(settings: Settings, key: dg.AssetKey) -> list[Path]:
    """The files that say what a harmonized table is, besides those that are assets themselves."""
    patterns = ("*.yml", "registries/*.yml", "vocab/*.csv", "curated_projects.csv", "conversions.csv")
    found = [path for pattern in patterns for path in settings.configs.glob(pattern)]
    return [*found, *suites.suite_paths(settings, *key.path)]
