"""A table as an asset: made, held against its suite, then written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dagster as dg
import duckdb as duckdb_engine
import pyarrow as pa
from dagster_duckdb import DuckDBResource

from carbon_assets.base import store, suites
from carbon_assets.platform import gates
from carbon_assets.platform.rules import Rules, Watch, results, specs
from carbon_assets.platform.site import Site


def table(
    site: Site,
    key: dg.AssetKey,
    deps: list[dg.AssetKey],
    shape: pa.Schema,
    description: str,
    make: Callable[[duckdb_engine.DuckDBPyConnection], pa.Table],
    counted: str | None = None,
    rules: Rules | None = None,
    watch: Watch | None = None,
) -> dg.AssetsDefinition:
    """An asset that makes a table, holds it against its suite, and writes it if no critical expectation fails. Raises `SuiteError`.

    `counted`: the column whose words the metadata count. `rules`: those whose breaches the table lists. `watch`: a further
    check of its rows, which holds nothing back.
    """
    settings = site.settings
    expectations = suites.load_suites(suites.suite_paths(settings, *key.path), shape.names)

    @dg.asset(
        key=key,
        deps=deps,
        code_version=site.code_version(key.to_user_string()),
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
        yield from results(key, rows, rules)
        if watch:
            yield watch.judge(rows)
        yield from gates.gated(key, rows, expectations)
        store.write(settings.table(*key.path), rows, shape)
        counts = gates.word_counts(rows, counted) if counted else {}
        metadata = gates.table_metadata(settings.table(*key.path), rows) | counts
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return materialized
