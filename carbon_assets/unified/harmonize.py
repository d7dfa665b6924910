"""All registries' tables become one table of projects and one of credits, with one meaning per word.

Unions, vocabularies, countries, and the projects that stewards assert. Which row counts where two tables speak of one
project, totals and placeholders do not belong here: those are marts.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.base.known_words import why_unknown
from carbon_assets.base.lists import Row, load_list
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.registries import schema as registries_schema
from carbon_assets.registries.cells import MACROS
from carbon_assets.registries.description import Registry
from carbon_assets.unified import labels, schema, statuses, trials
from carbon_assets.unified.countries import load_countries

CURATED = (
    "project_id", "name", "proponent", "protocol_raw", "status_raw", "country_raw", "listed_at", "project_url",
    "note",
)  # fmt: skip

NO_REGION = "not stated"
"""What a word of `configs/vocab/no_region/` means."""

CURATED_SOURCE = "configs/curated_projects"
"""What the published tables name as the source of curated projects; readers rely on it, wherever the list stands."""


def load_curated(configs: Path) -> list[Row]:
    """The rows of the list of curated projects. Raises `ConfigError`."""
    return load_list(configs / "unified" / "curated_projects", CURATED, key=("project_id",))


def load_no_regions(configs: Path) -> Vocabulary:
    """Regions that name none. Raises `ConfigError`."""
    return Vocabulary(configs / "vocab" / "no_region", lambda word: why_unknown("canonical word", word, (NO_REGION,)))


def registries_table(registries: dict[str, Registry]) -> pa.Table:
    """One row per registry, as `schema.REGISTRIES`."""
    rows = [
        {
            "registry": registry.id,
            "name": registry.name,
            "project_prefix": registry.project_prefix,
            "project_url": registry.project_url,
            "replaces_host_registry": registry.replaces_host_registry,
        }
        for registry in registries.values()
    ]
    return pa.Table.from_pylist(rows, schema=schema.REGISTRIES)


def unify_credits(con: duckdb.DuckDBPyConnection, tables: list[Path], registries: pa.Table, configs: Path) -> pa.Table:
    """The union of all normalized credits, as `schema.UNIFIED_CREDITS`, in order of `credit_id`."""
    _union(con, tables, registries, registries_schema.CREDITS)
    find_hosts(con, "asserted", registries)
    words = labels.load_words(configs)
    distinct = con.execute("select distinct unnest(labels) from asserted").fetchall()
    meanings = {raw: words.get(raw, raw) for (raw,) in distinct}
    con.register("label_meanings", _pairs(meanings))
    rows = con.execute(f"""
        with meanings as (select map(list(key), list(value)) as meaning from label_meanings),
        unified as (
            select
                a.* exclude (labels),
                list_sort(list_distinct(list_transform(a.labels, lambda label: m.meaning[label]))) as labels,
                host.registry as registry,
                source.replaces_host_registry as is_host_replacement
            from asserted a
            cross join meanings m
            left join hosts host on host.project_id = a.project_id
            join registries source on source.registry = split_part(a.source, '/', 1)
        )
        select {column_types.projection(schema.UNIFIED_CREDITS, set(schema.UNIFIED_CREDITS.names))}
        from unified order by credit_id
    """).to_arrow_table()
    _conserve(con, rows)
    return rows.cast(schema.UNIFIED_CREDITS)


def unify_projects(
    con: duckdb.DuckDBPyConnection, tables: list[Path], credits: Path, registries: pa.Table, configs: Path
) -> pa.Table:
    """The union of all normalized projects, as `schema.UNIFIED_PROJECTS`, in order of `project_id`.

    Curated projects fill the blank cells of a project that a registry publishes, and stand for one that only `credits`
    mention.
    """
    _union(con, tables, registries, registries_schema.PROJECTS)
    con.register("curated_text", _curated(configs))
    con.execute(MACROS)
    given = [name for name in CURATED if name in registries_schema.PROJECTS.names]
    filled = ", ".join(f"coalesce(p.{name}, c.{name}) as {name}" for name in given)
    con.execute(
        f"""
        create or replace temp table stated as
        with curated as (
            select * replace (as_date(listed_at, false) as listed_at)
            from (select columns(c -> c <> 'note'), from curated_text)
        ),
        asked as (
            select * from curated
            where project_id in (select project_id from read_parquet($credits))
                or project_id in (select project_id from asserted)
        )
        select
            {filled},
            p.* exclude ({", ".join(given)}),
            p.project_id is null as is_curated
        from asserted p full join asked c using (project_id)
    """,
        {"credits": str(credits)},
    )
    harmonized = harmonized_projects(con, "stated", registries, configs)
    trials.find_trials(con, "stated", configs)
    rows = con.execute(f"""
        with harmonized as ({harmonized}),
        unified as (
            select
                p.* exclude (project_url, source, snapshot_id),
                p.project_id in (select project_id from trials) as is_test,
                coalesce(
                    p.project_url,
                    replace(host.project_url, '{{number}}', substr(p.project_id, length(host.project_prefix) + 1))
                ) as project_url,
                coalesce(p.source, '{CURATED_SOURCE}') as source,
                coalesce(p.snapshot_id, '{CURATED_SOURCE}') as snapshot_id
            from harmonized p
            left join hosts host on host.project_id = p.project_id
        )
        select {column_types.projection(schema.UNIFIED_PROJECTS, set(schema.UNIFIED_PROJECTS.names))}
        from unified order by project_id
    """).to_arrow_table()
    ((stated,),) = con.execute("select count(*) from stated").fetchall()
    if len(rows) != stated:
        raise AssertionError(f"{stated} projects went in, {len(rows)} came out")
    return rows.cast(schema.UNIFIED_PROJECTS)


def harmonized_projects(con: duckdb.DuckDBPyConnection, relation: str, registries: pa.Table, configs: Path) -> str:
    """A query for the projects of `relation` with the registry that hosts them, their status and their country. A region that
    only says that none is stated is none."""
    find_hosts(con, relation, registries)
    con.register("statuses", _meanings(con, relation, "status_raw", statuses.load_words(configs)))
    con.register("countries", _countries(con, relation, configs))
    con.register("no_regions", _meanings(con, relation, "region", load_no_regions(configs)))
    return f"""
        select
            p.* replace (case when p.region not in (select key from no_regions) then p.region end as region),
            host.registry as registry,
            s.value as status,
            country.country as country,
            country.iso3 as country_iso3
        from {relation} p
        left join hosts host on host.project_id = p.project_id
        left join statuses s on s.key = p.status_raw
        left join countries country
            on country.code is not distinct from p.country_code_raw and country.name is not distinct from p.country_raw
    """


def _union(con: duckdb.DuckDBPyConnection, tables: list[Path], registries: pa.Table, shape: pa.Schema) -> None:
    con.register("registries", registries)
    files = [str(path) for path in tables]
    con.execute(
        f"create or replace temp table asserted as select {', '.join(shape.names)} from read_parquet($files)",
        {"files": files},
    )


def find_hosts(con: duckdb.DuckDBPyConnection, relation: str, registries: pa.Table) -> None:
    """Make `hosts`: the registry that each project id of `relation` belongs to by its prefix; of two prefixes that fit,
    the longer one is meant."""
    con.register("registries", registries)
    con.execute(f"""
        create or replace temp table hosts as
        with ids as (select distinct project_id from {relation}),
        -- V, VC, VCS, ... of VCS1340: equal texts are joined by hash, where starts_with would try each registry.
        beginnings as (
            select project_id, unnest(list_transform(range(1, length(project_id) + 1), n -> left(project_id, n))) as text
            from ids
        )
        select b.project_id, unnest(max_by(r, length(r.project_prefix)))
        from beginnings b join registries r on r.project_prefix = b.text
        group by b.project_id
    """)


def _conserve(con: duckdb.DuckDBPyConnection, rows: pa.Table) -> None:
    (before,) = con.execute("select count(*), coalesce(sum(quantity), 0) from asserted").fetchall()
    con.register("unified_rows", rows)
    (after,) = con.execute("select count(*), coalesce(sum(quantity), 0) from unified_rows").fetchall()
    if before != after:
        raise AssertionError(
            f"the union had {before[0]} rows and {before[1]} t, its result has {after[0]} and {after[1]} t"
        )


def _pairs(meanings: dict[str, str]) -> pa.Table:
    return pa.table({"key": pa.array(meanings, pa.string()), "value": pa.array(meanings.values(), pa.string())})


def _meanings(con: duckdb.DuckDBPyConnection, relation: str, column: str, vocabulary: Vocabulary) -> pa.Table:
    """Raw word -> meaning, for each distinct word that the vocabulary knows."""
    distinct = con.execute(f"select distinct {column} from {relation} where {column} is not null").fetchall()
    words = [word for (word,) in distinct]
    return _pairs({word: vocabulary[word] for word in words if word in vocabulary})


def _countries(con: duckdb.DuckDBPyConnection, relation: str, configs: Path) -> pa.Table:
    pairs = con.execute(f"""
        select distinct country_code_raw, country_raw from {relation}
        where coalesce(country_code_raw, country_raw) is not null
    """).fetchall()
    fields = [(name, pa.string()) for name in ("code", "name", "country", "iso3")]
    return pa.Table.from_pylist(load_countries(configs).resolve_all(pairs), schema=pa.schema(fields))


def _curated(configs: Path) -> pa.Table:
    return pa.Table.from_pylist(
        [{name: row[name] or None for name in CURATED} for row in load_curated(configs)],
        schema=pa.schema([(name, pa.string()) for name in CURATED]),
    )
