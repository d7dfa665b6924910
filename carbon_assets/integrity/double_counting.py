"""Credits that a programme issues anew: were they cancelled where they stood before, and issued once?

Conversions (`conversions.py`) and issuances are matched; what has no match is a finding. What else can be wrong with a single row
belongs in `findings.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.integrity import schema
from carbon_assets.integrity.conversions import days_due, prepare
from carbon_assets.integrity.rules import DoubleCounting

NOT_CANCELLED = "issued, not cancelled"
NOT_ISSUED = "cancelled, not issued"
ISSUED_AGAIN = "issued more than once"
QUANTITY_DIFFERS = "quantity differs"
FAULTS = {
    NOT_CANCELLED: "What a programme issues is cancelled in the host registry.",
    NOT_ISSUED: "What a host registry cancels for a programme is issued by it.",
    ISSUED_AGAIN: "A programme issues a conversion once.",
    QUANTITY_DIFFERS: "A programme issues as much of a project's vintage as the host registry cancels for it.",
}
"""Status of a fault -> the rule that it breaks."""

PENDING = "not due yet"
HOST_UNKNOWN = "cancellations not known"
PROGRAM_UNKNOWN = "programme not known"


_USABLE = "('in use', 'superseded', 'repeated')"
"""States of the snapshots that may be used."""


def findings(
    con: duckdb.DuckDBPyConnection,
    credits: Path,
    snapshots: Path,
    conversions: list[dict[str, str]],
    limits: DoubleCounting,
) -> pa.Table:
    """What does not match, or cannot be checked, as `schema.DOUBLE_COUNTING_FINDINGS`, heaviest first.

    `credits`: harmonized, with the host registries' rows beside those of the programmes that replace them. `snapshots`: harmonized;
    they say until when both sides are known.
    """
    prepare(con, credits, conversions)
    _prepare_dues(con, snapshots, conversions, limits.due_after_days)
    con.execute("create or replace temp macro tonnes(t) as regexp_replace(t::decimal(38, 6)::varchar, '\\.?0+$', '')")
    con.execute("create or replace temp table pairs (cancellation_id varchar, issuance_id varchar)")
    _match_equal(con)
    _match_sums(con, "issued", "cancelled", limits.max_blocks_combined)
    _match_sums(con, "cancelled", "issued", limits.max_blocks_combined)
    _match_totals(con)
    rows = con.execute(_FINDINGS).to_arrow_table()
    return rows.select(schema.DOUBLE_COUNTING_FINDINGS.names).cast(schema.DOUBLE_COUNTING_FINDINGS)


def _prepare_dues(
    con: duckdb.DuckDBPyConnection, snapshots: Path, conversions: list[dict[str, str]], due_after_days: int
) -> None:
    """`dues`: per host and programme `days_due`, after which the other side is due, and `observed_on`, the day of the newest
    snapshot of either side."""
    stated = days_due(conversions)
    columns = {
        "registry": pa.array([registry for registry, _ in stated], pa.string()),
        "program": pa.array([program for _, program in stated], pa.string()),
        "days_due": pa.array(stated.values(), pa.int32()),
    }
    con.register("stated_dues", pa.table(columns))
    con.execute("set TimeZone = 'UTC'")
    con.execute(
        f"""
        create or replace temp table dues as
        with observed as (
            select s.registry as publisher, max(s.observed_at)::date as day
            from (select *, registry || '/' || "table" as source from read_parquet($snapshots)) s
            join (select distinct source from events) using (source)
            where s.state in {_USABLE} group by s.registry
        ),
        pairs_of_sides as (
            select distinct registry, program from issued union select distinct registry, program from cancelled
        )
        select
            sides.registry, sides.program, coalesce(stated_dues.days_due, {due_after_days}::integer) as days_due,
            greatest(host.day, programme.day) as observed_on
        from pairs_of_sides sides
        left join stated_dues on stated_dues.registry = sides.registry and stated_dues.program = sides.program
        left join observed host on host.publisher = sides.registry
        left join observed programme on programme.publisher = sides.program
        """,
        {"snapshots": str(snapshots)},
    )


_LEFT = {
    "issued": "(select * from issued where credit_id not in (select issuance_id from pairs))",
    "cancelled": "(select * from cancelled where credit_id not in (select cancellation_id from pairs))",
}
_SAME = "{0}.program = {1}.program and {0}.project_id = {1}.project_id and {0}.vintage is not distinct from {1}.vintage"


def _match_equal(con: duckdb.DuckDBPyConnection) -> None:
    """One to one: the same project, vintage and quantity, the earliest first."""
    place = "row_number() over (partition by program, project_id, vintage, quantity order by day, credit_id) as place"
    con.execute(f"""
        insert into pairs
        select c.credit_id, i.credit_id
        from (select *, {place} from cancelled) c join (select *, {place} from issued) i
            on {_SAME.format("c", "i")} and c.quantity = i.quantity and c.place = i.place
    """)


def _match_sums(con: duckdb.DuckDBPyConnection, one: str, many: str, max_blocks: int) -> None:
    """One to several, at most `max_blocks`, of the same project and vintage that make its quantity together, the fewest
    first."""
    pair = "part.credit_id, whole" if many == "cancelled" else "whole, part.credit_id"
    con.execute(f"""
        insert into pairs
        with groups as (
            select program, project_id, vintage, list({{credit_id: credit_id, quantity: quantity}} order by day, credit_id) as parts
            from {_LEFT[many]} group by all having count(*) between 2 and {max_blocks}
        ),
        choices as (
            select program, project_id, vintage, parts, unnest(range(1, (1 << len(parts))::bigint)) as choice from groups
        ),
        sums as (
            select
                program, project_id, vintage, choice,
                list_filter(parts, lambda part, place: (choice >> (place - 1)) & 1 = 1) as chosen
            from choices where bit_count(choice) > 1
        ),
        fitting as (
            select
                w.credit_id as whole, w.day, w.program, w.project_id, w.vintage, sums.choice, sums.chosen
            from {_LEFT[one]} w join sums
                on {_SAME.format("w", "sums")}
                and w.quantity = list_sum(list_transform(sums.chosen, lambda part: part.quantity))
            qualify row_number() over (partition by w.credit_id order by bit_count(sums.choice), sums.choice) = 1
        ),
        -- Nothing serves two: of those that need the same part, the earliest has it.
        taken as (
            select * from fitting later where not exists (
                select 1 from fitting earlier
                where
                    {_SAME.format("earlier", "later")}
                    and (earlier.day, earlier.whole) < (later.day, later.whole)
                    and earlier.choice & later.choice <> 0
            )
        )
        select {pair} from (select whole, unnest(chosen) as part from taken)
    """)


def _match_totals(con: duckdb.DuckDBPyConnection) -> None:
    """Several to several: all that is left of a project and vintage, where both sides have as much."""
    con.execute(f"""
        insert into pairs
        with c as (
            select program, project_id, vintage, sum(quantity) as quantity, list(credit_id) as ids
            from {_LEFT["cancelled"]} group by all
        ),
        i as (
            select program, project_id, vintage, sum(quantity) as quantity, list(credit_id) as ids
            from {_LEFT["issued"]} group by all
        )
        select unnest(c_ids), issuance_id
        from (
            select c.ids as c_ids, unnest(i.ids) as issuance_id
            from c join i on {_SAME.format("c", "i")} and c.quantity = i.quantity
        )
    """)


_OPEN = f"""
    with hosts as (
        select publisher as registry, min(transaction_date) as known_from, max(transaction_date) as known_to
        from events where transaction_type = 'cancellation' and not is_host_replacement group by publisher
    ),
    programs as (
        select program, max(day) as known_to from issued group by program
    ),
    open_issued as (
        select
            i.*, hosts.known_from, hosts.known_to, hosts.registry is not null as host_is_known,
            (dues.observed_on < i.day + dues.days_due) is true as is_pending
        from {_LEFT["issued"]} i left join hosts using (registry) left join dues using (registry, program)
    ),
    open_cancelled as (
        select
            c.*, programs.program is not null as program_is_known, programs.known_to,
            -- A programme issues before the host cancels, and so not later than the newest that is known of it.
            (c.day > programs.known_to and dues.observed_on < c.day + dues.days_due) is true as is_pending
        from {_LEFT["cancelled"]} c left join programs using (program) left join dues using (registry, program)
    ),
    again as (
        select i.credit_id, any_value(pairs.cancellation_id order by pairs.cancellation_id) as cancellation_id,
            min(first.credit_id) as first_id
        from open_issued i
        join issued first
            on {_SAME.format("first", "i")} and first.quantity = i.quantity
        left join pairs on pairs.issuance_id = first.credit_id
        where
            pairs.issuance_id is not null
            -- One reporting period gives one issuance, whatever is known of the host.
            or (
                first.vintage_start = i.vintage_start and first.vintage_end = i.vintage_end
                and (coalesce(first.day, 'infinity'), first.credit_id) < (coalesce(i.day, 'infinity'), i.credit_id)
            )
        group by i.credit_id
    ),
    single as (
        select * from open_issued where credit_id not in (select credit_id from again)
    ),
    -- Both sides have something left of one project and vintage: the heaviest are held against each other.
    differing as (
        select c.credit_id as cancellation_id, i.credit_id as issuance_id, c.quantity as cancelled, i.quantity as issued
        from (
            select *, row_number() over (partition by program, project_id, vintage order by quantity desc, credit_id) as place
            from open_cancelled
        ) c
        join (
            select *, row_number() over (partition by program, project_id, vintage order by quantity desc, credit_id) as place
            from single where host_is_known and (day < known_from) is not true
        ) i on {_SAME.format("c", "i")} and c.place = i.place
    ),
"""
"""SQL of what is left of both sides once all that matches is paired, and which of it is held against each other."""


_FINDINGS = f"""
    {_OPEN}
    unmatched as (
        select
            '{QUANTITY_DIFFERS}' as status, i.program, i.registry, i.project_id, i.vintage, d.cancelled, d.issued,
            abs(d.cancelled - d.issued) as quantity, d.cancellation_id, d.issuance_id,
            'the host cancelled ' || tonnes(d.cancelled) || ' t, the programme issued ' || tonnes(d.issued) || ' t' as finding
        from differing d join issued i on i.credit_id = d.issuance_id
        union all by name
        select
            '{ISSUED_AGAIN}' as status, i.program, i.registry, i.project_id, i.vintage, i.quantity as issued, i.quantity,
            again.cancellation_id, i.credit_id as issuance_id,
            'as much of the same project and vintage was issued in ' || again.first_id as finding
        from again join issued i using (credit_id)
        union all by name
        select
            case when is_pending then '{PENDING}' else '{NOT_CANCELLED}' end as status,
            program, registry, project_id, vintage, quantity as issued, quantity, credit_id as issuance_id,
            'issued on ' || coalesce(day::varchar, 'an unknown day')
            || '; the host has cancelled nothing for it, its newest cancellation is of '
            || coalesce(known_to::varchar, 'an unknown day') as finding
        from single
        where
            host_is_known and (day < known_from) is not true
            and credit_id not in (select issuance_id from differing)
        union all by name
        select
            case when is_pending then '{PENDING}' else '{NOT_ISSUED}' end as status,
            program, registry, project_id, vintage, quantity as cancelled, quantity, credit_id as cancellation_id,
            'cancelled on ' || coalesce(day::varchar, 'an unknown day') || '; the programme has issued '
            || case
                when project_id in (select project_id from issued) then 'no such quantity of this vintage'
                else 'nothing to this project'
            end || ' until ' || coalesce(known_to::varchar, 'an unknown day') as finding
        from open_cancelled
        where program_is_known and credit_id not in (select cancellation_id from differing)
        union all by name
        select
            '{HOST_UNKNOWN}' as status, program, registry, sum(quantity) as issued, sum(quantity) as quantity,
            count(*) || ' issuances'
            || coalesce(
                ' before ' || any_value(known_from) || ', the first cancellation that the host publishes',
                '; the host publishes no cancellations'
            ) as finding
        from single where not host_is_known or (day < known_from) is true group by program, registry
        union all by name
        select
            '{PROGRAM_UNKNOWN}' as status, program, registry, sum(quantity) as cancelled, sum(quantity) as quantity,
            count(*) || ' cancellations for a programme whose issuances are not known' as finding
        from open_cancelled where not program_is_known group by program, registry
    )
    select {column_types.projection(schema.DOUBLE_COUNTING_FINDINGS, set(schema.DOUBLE_COUNTING_FINDINGS.names))}
    from unmatched
    order by quantity desc, status, program, registry, project_id, vintage, issuance_id, cancellation_id
"""
"""SQL of the findings: what is left of cancellations and issuances."""
