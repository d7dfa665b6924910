"""The tables that unite all registries."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import duckdb as duckdb_engine
import pyarrow as pa
from dagster_duckdb import DuckDBResource

from carbon_assets import beneficiary_tables, checks, freshness, harmonize, mappings, schema, store
from carbon_assets.assets import gates, knowledge
from carbon_assets.assets.registries import normalized_keys
from carbon_assets.assets.rules import Rules, Watch, results, specs
from carbon_assets.config import Registry
from carbon_assets.settings import Settings

log = logging.getLogger(__name__)

REGISTRIES = dg.AssetKey(["harmonized", "registries"])
CREDITS = dg.AssetKey(["harmonized", "credits"])
PROJECTS = dg.AssetKey(["harmonized", "projects"])
CATALOGUE = dg.AssetKey(["harmonized", "protocol_catalogue"])
PROTOCOLS = dg.AssetKey(["harmonized", "protocols"])
PROJECT_TYPES = dg.AssetKey(["harmonized", "project_types"])
BENEFICIARIES = dg.AssetKey(["harmonized", "beneficiaries"])
CANDIDATES = dg.AssetKey(["harmonized", "beneficiary_candidates"])


def build(registries: dict[str, Registry], settings: Settings) -> list[dg.AssetsDefinition]:
    """The unions of all registries, and the mapping tables of protocols, project types and beneficiaries.

    Raises `ConfigError` where the stewards' files contradict each other.
    """
    mappings.check(registries, settings.configs)
    beneficiary_tables.check(settings.configs)
    known = harmonize.registries_table(registries)

    def unify(holds: str, *more: object) -> Callable[[duckdb_engine.DuckDBPyConnection], pa.Table]:
        tables = [settings.table(*key.path) for key in normalized_keys(registries, holds)]
        function = harmonize.unify_credits if holds == "credits" else harmonize.unify_projects
        return lambda con: function(con, tables, *more, known, settings.configs)

    return [
        table(
            settings, REGISTRIES, [], schema.REGISTRIES,
            "The registries: names, prefixes of project ids, pages of projects.", lambda con: known,
        ),
        table(
            settings, CREDITS, [*normalized_keys(registries, "credits"), REGISTRIES], schema.UNIFIED_CREDITS,
            "Transactions of all registries, labels under one name.", unify("credits"),
        ),
        table(
            settings, PROJECTS, [*normalized_keys(registries, "projects"), CREDITS, REGISTRIES],
            schema.UNIFIED_PROJECTS, "Projects of all registries, statuses and countries under one name, curated projects "
            "added.", unify("projects", settings.table(*CREDITS.path)),
        ),
        table(
            settings, CATALOGUE, [knowledge.PROTOCOLS], schema.PROTOCOL_CATALOGUE,
            "The protocols that stewards have catalogued.", lambda con: mappings.catalogue_table(settings.configs),
        ),
        table(
            settings, PROTOCOLS, [PROJECTS, knowledge.PROTOCOLS], schema.PROTOCOLS,
            "What each distinct methodology text says: which protocols, in which version, how sure, and what is left.",
            lambda con: mappings.map_protocols(con, settings.table(*PROJECTS.path), registries, settings.configs),
            counted="outcome",
        ),
        table(
            settings, PROJECT_TYPES, [PROJECTS, CREDITS, PROTOCOLS, knowledge.PROTOCOLS, knowledge.PROJECT_TYPES],
            schema.PROJECT_TYPES, "What each project is: by its protocols, its registry's words, or a steward.",
            lambda con: mappings.map_project_types(
                con, *(settings.table(*key.path) for key in (PROJECTS, CREDITS, PROTOCOLS)), settings.configs
            ),
            counted="project_type_source",
        ),
        table(
            settings, BENEFICIARIES, [CREDITS, knowledge.BENEFICIARIES], schema.BENEFICIARIES,
            "Who each distinct combination of retirement texts names: by the curators' histories, then by the rules.",
            lambda con: beneficiary_tables.map_beneficiaries(con, settings.table(*CREDITS.path), settings.configs),
            counted="method",
        ),
        table(
            settings, CANDIDATES, [BENEFICIARIES], schema.BENEFICIARY_CANDIDATES,
            "Names that are probably one entity and not joined yet.",
            lambda con: beneficiary_tables.candidates(store.read(settings.table(*BENEFICIARIES.path))),
        ),
    ]  # fmt: skip


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
    expectations = checks.load_suites(checks.suite_paths(settings, *key.path))

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
    return [*found, *checks.suite_paths(settings, *key.path)]
