"""Projects that only transactions mention, with what their rows state of them: name, proponent, protocol, type, country.

A text counts where all rows of the newest files that state it agree; where they differ, none does, and all of them are told. The
registry that hosts a project knows it better than a programme that issued for it anew. What a text means is decided where the
texts of listed projects are: here for countries, in `protocols` for the others.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.registries import schema as registries_schema
from carbon_assets.unified import schema
from carbon_assets.unified.harmonize import find_hosts, harmonized_projects
from carbon_assets.unified.trials import find_trials

FACTS = registries_schema.STATED_FACTS


def placeholders(
    con: duckdb.DuckDBPyConnection,
    credits: Path,
    projects: Path,
    stated: list[Path],
    registries: pa.Table,
    configs: Path,
) -> pa.Table:
    """One row per project of the harmonized `credits` that the harmonized `projects` lack, as `schema.PLACEHOLDERS`.

    `stated`: what tables of transactions say of projects (`registries.stated`).
    """
    _find_statements(con, credits, projects, stated, registries)
    shape = registries_schema.PROJECTS
    con.execute(f"""
        create or replace temp table with_facts as
        with agreed as (
            select
                project_id,
                {", ".join(f"max(value) filter (fact = '{fact}') as {fact}" for fact in FACTS)},
                list_sort(list_distinct(flatten(list(sources)))) as facts_sources
            from statements where texts = 1 group by project_id
        ),
        filled as (select m.project_id, a.* exclude (project_id) from mentioned m left join agreed a using (project_id))
        select {column_types.projection(shape, {"project_id", *FACTS})}, facts_sources from filled
    """)
    harmonized = harmonized_projects(con, "with_facts", registries, configs)
    find_trials(con, "with_facts", configs)
    flagged = f"select *, project_id in (select project_id from trials) as is_test from ({harmonized})"
    columns = ", ".join(schema.PLACEHOLDERS.names)
    rows = con.execute(f"select {columns} from ({flagged}) order by project_id").to_arrow_table()
    return rows.cast(schema.PLACEHOLDERS)


def disputed_facts(
    con: duckdb.DuckDBPyConnection, credits: Path, projects: Path, stated: list[Path], registries: pa.Table
) -> pa.Table:
    """The texts of placeholders that differ, as `schema.DISPUTED_FACTS`."""
    _find_statements(con, credits, projects, stated, registries)
    rows = con.execute("""
        select s.project_id, h.registry, s.fact, s.value, s.occurrences, s.sources
        from statements s left join hosts h using (project_id)
        where s.texts > 1
        order by s.project_id, s.fact, s.value
    """).to_arrow_table()
    return rows.cast(schema.DISPUTED_FACTS)


def _find_statements(
    con: duckdb.DuckDBPyConnection, credits: Path, projects: Path, stated: list[Path], registries: pa.Table
) -> None:
    """Make `mentioned`, the ids of placeholders; `hosts`, their registries; and `statements`: the texts of each of their facts
    that count, with how many differ.

    Files that were taken on one day are of one state of the registry: which of them came a second later says nothing.
    """
    con.execute(
        """
        create or replace temp table mentioned as
        select distinct project_id from read_parquet($credits)
        where project_id not in (select project_id from read_parquet($projects))
        """,
        {"credits": str(credits), "projects": str(projects)},
    )
    find_hosts(con, "mentioned", registries)
    con.register("no_statement", registries_schema.STATED.empty_table())
    files = f"select * from read_parquet({[str(path) for path in stated]})" if stated else "from no_statement"
    con.execute(f"""
        create or replace temp table statements as
        with of_placeholders as (
            select s.*, split_part(s.source, '/', 1) is not distinct from h.registry as is_by_host
            from ({files}) s
            join mentioned using (project_id)
            left join hosts h using (project_id)
        ),
        ranked as (
            select *, rank() over (
                partition by project_id, fact
                order by is_by_host desc, cast(observed_at at time zone 'UTC' as date) desc
            ) as place
            from of_placeholders
        ),
        counted as (
            select
                project_id, fact, value, cast(sum(occurrences) as bigint) as occurrences,
                list_sort(list_distinct(list(source))) as sources
            from ranked where place = 1 group by project_id, fact, value
        )
        select *, count(*) over (partition by project_id, fact) as texts from counted
    """)
