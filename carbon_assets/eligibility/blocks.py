"""The blocks of units that are judged, and what public files say of each.

A block is an issuance of `harmonized/credits`, whatever it stands for at its registry: an issuance event, or a row of a vintage
period where nothing finer is published (Verra's exports until 2026). What rules say of blocks belongs in `verdicts.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base.sqltext import literal
from carbon_assets.eligibility.rules import LAST_ZEROS, Rulebook, UnitType


@dataclass(frozen=True)
class Sources:
    """The harmonized tables that blocks are read from, as Parquet files."""

    credits: Path
    projects: Path
    placeholders: Path
    protocols: Path
    labels: Path
    snapshots: Path


def prepare(con: duckdb.DuckDBPyConnection, sources: Sources, book: Rulebook) -> None:
    """Make the temporary table `blocks`: one row per issuance, with

    * `program`, `unit_type`; `vintage_from` and `vintage_to`, the first and the last day on which its reductions can have occurred;
    * `protocols`, the ids, `protocol_version`, that of the only one, and `all_protocols_known`, whether its project has no other;
    * `first_credited_on`, a day on which its project was credited, the earliest that is known, and `is_first_crediting`, whether none
      can be earlier;
    * `labels` as read, and `labels_by_family`: family -> those of it, each with its phase.
    """
    publishers = {
        "publisher": pa.array(book.programs, pa.string()),
        "program": pa.array(book.programs.values(), pa.string()),
    }
    con.register("programs_of_publishers", pa.table(publishers))
    con.execute(
        f"""
        create or replace temp table blocks as
        with issued as (
            select *, split_part(source, '/', 1) as publisher
            from read_parquet($credits) where transaction_type = 'issuance'
        ),
        earliest as (
            select project_id, min(coalesce(vintage_start, make_date(vintage, 1, 1))) as vintage_from
            from issued group by project_id
        ),
        hosted as (
            select
                project_id, crediting_period_start, protocol.protocols,
                regexp_replace(protocol.version, {literal(LAST_ZEROS)}, '') as protocol_version,
                coalesce(protocol.outcome = 'assigned', false) as all_protocols_known,
                project.registry in ({_list(book.first_periods)}) as states_first
            from (
                select project_id, registry, protocol_raw, crediting_period_start from read_parquet($projects)
                union all
                select project_id, registry, protocol_raw, null
                from read_parquet($placeholders) placeholder
                anti join read_parquet($projects) listed on listed.project_id = placeholder.project_id
            ) project
            left join read_parquet($protocols) protocol
                on protocol.registry is not distinct from project.registry
                and protocol.protocol_raw is not distinct from project.protocol_raw
        ),
        of_family as (
            select credit_id, family, list(struct_pack(label := label, phase := phase) order by label) as labels
            from (select credit_id, unnest(list_distinct(labels)) as label from issued)
            join read_parquet($labels) known using (label)
            group by all
        ),
        labelled as (
            select credit_id, map_from_entries(list(row(family, labels))) as labels_by_family from of_family group by credit_id
        )
        select
            issued.credit_id, issued.quantity, issued.labels, publishing.program, {_unit_type(book.unit_types)} as unit_type,
            coalesce(issued.vintage_start, make_date(issued.vintage, 1, 1)) as vintage_from,
            case
                when issued.vintage_start is null and issued.vintage_end is null then make_date(issued.vintage, 12, 31)
                else issued.vintage_end
            end as vintage_to,
            hosted.protocols, hosted.protocol_version, coalesce(hosted.all_protocols_known, false) as all_protocols_known,
            case
                when hosted.states_first and hosted.crediting_period_start is not null then hosted.crediting_period_start
                else least(hosted.crediting_period_start, earliest.vintage_from)
            end as first_credited_on,
            coalesce(hosted.states_first and hosted.crediting_period_start is not null, false) as is_first_crediting,
            labelled.labels_by_family
        from issued
        left join programs_of_publishers publishing on publishing.publisher = issued.publisher
        left join hosted on hosted.project_id = issued.project_id
        left join earliest on earliest.project_id = issued.project_id
        left join labelled on labelled.credit_id = issued.credit_id
        """,
        {name: str(getattr(sources, name)) for name in ("credits", "projects", "placeholders", "protocols", "labels")},
    )


def _unit_type(unit_types: tuple[UnitType, ...]) -> str:
    """SQL: the one kind of unit that a block's programme and serial number fit; NULL where none does, or several do."""
    fitting = [
        f"case when publishing.program = {literal(kind.program)}"
        + (f" and regexp_matches(issued.serial_number, {literal(kind.serial_pattern)})" if kind.serial_pattern else "")
        + f" then {literal(kind.name)} end"
        for kind in unit_types
    ]
    fits = f"list_filter(cast([{', '.join(fitting)}] as varchar[]), lambda kind: kind is not null)"
    return f"case when len({fits}) = 1 then ({fits})[1] end"


def _list(words: frozenset[str]) -> str:
    return ", ".join(map(literal, ["", *sorted(words)]))
