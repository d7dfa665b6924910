"""Rules about time and serial numbers: what registries publish held against itself.

Each rule is a query over harmonized credits, their serial blocks and projects, and finds the rows that break it. A rule
that a registry's own ways can break does not belong here, and neither do rules about single cells: those are in
`expectations/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.base.sqltext import literal
from carbon_assets.integrity import relations, schema
from carbon_assets.integrity.rules import IntegrityRules
from carbon_assets.registries import serial_forms
from carbon_assets.registries.description import Registry


@dataclass(frozen=True)
class Rule:
    """A rule: what it forbids, and the query for the rows that break it, with columns of `schema.CREDIT_FINDINGS`."""

    name: str
    meaning: str
    rows: str


RULES = (
    Rule(
        "ended_before_its_issuance",
        "No credits are retired or cancelled before the day on which the row itself says that they were issued.",
        """
        select credit_id, quantity, concat(transaction_type, ' of ', transaction_date, ', issued on ', issued_on) as finding
        from events where not is_issuance and transaction_date < issued_on
        """,
    ),
    Rule(
        "ended_before_its_block_was_issued",
        "No credits are retired or cancelled before the issuance that holds their serial block.",
        """
        select
            credit_id, issuance as other_credit_id, serial_number, events.quantity,
            concat(
                transaction_type, ' of ', transaction_date, ', its block issued on ', block_issued_on
            ) as finding
        from early_blocks join events using (credit_id) join blocks using (credit_id, block)
        -- Unless the row itself has told it.
        where (transaction_date >= issued_on) is not false
        """,
    ),
    Rule(
        "ended_before_the_first_issuance",
        "No credits are retired or cancelled before the first issuance of their project and vintage.",
        """
        with issuances as (
            select
                publisher, project_id, vintage,
                min(transaction_date) as issued_first,
                arg_min(credit_id, (transaction_date, credit_id)) as credit_id
            from events where is_issuance and transaction_date is not null
            group by publisher, project_id, vintage
        )
        select
            ended.credit_id, issuances.credit_id as other_credit_id, ended.quantity,
            concat(
                ended.transaction_type, ' of ', ended.transaction_date, ', vintage ', ended.vintage,
                ' of the project first issued on ', issued_first
            ) as finding
        from events ended join issuances using (publisher, project_id, vintage)
        where
            not ended.is_issuance
            and ended.transaction_date < issued_first
            -- Unless the row itself, or its block, has told it.
            and (ended.transaction_date >= ended.issued_on) is not false
            and ended.credit_id not in (select credit_id from early_blocks)
        """,
    ),
    Rule(
        "issued_before_its_vintage",
        "No credits are issued before the first day of their vintage.",
        """
        select
            event.credit_id, event.quantity,
            concat('issued on ', event.issued_day, ', the vintage begins on ', event.vintage_begins) as finding
        from events event
        where
            event.issued_day < event.vintage_begins
            -- What an issuance tells, its retirements need not repeat.
            and (event.is_issuance or not exists (
                select 1 from events issuance
                where
                    issuance.is_issuance
                    and issuance.publisher = event.publisher
                    and issuance.project_id = event.project_id
                    and issuance.issued_day = event.issued_day
                    and issuance.vintage_begins = event.vintage_begins
            ))
        """,
    ),
    Rule(
        "serial_not_well_formed",
        "A serial number has one of the forms of its registry, and its days and ranges are possible.",
        """
        select
            credit_id, serial_number, events.quantity,
            concat(serial_number, ' has none of the forms of ', blocks.publisher) as finding
        from blocks join events using (credit_id)
        where form is null and blocks.publisher in (select publisher from grammars)
        """,
    ),
    Rule(
        "quantity_differs_from_its_serial",
        "The units of a row's serial numbers, both ends counted, are its quantity.",
        """
        with counted as (
            select
                credit_id, count(*) as numbers, sum(serial_end - serial_start + 1) as units,
                any_value(serial_number) as serial_number
            from blocks group by credit_id
            having bool_and(serial_start is not null and serial_end is not null)
        )
        select
            credit_id, case when numbers = 1 then serial_number end as serial_number, abs(units - quantity) as quantity,
            concat(units, ' units in ', numbers, ' serial numbers, quantity ', trim_tonnes(quantity)) as finding
        from counted join events using (credit_id)
        where units <> quantity
        """,
    ),
    Rule(
        "units_issued_twice",
        "The serial blocks that are issued do not overlap.",
        """
        select
            credit_id, other_credit_id, serial_number, last_shared - serial_start + 1 as quantity,
            concat('units ', serial_start, ' to ', last_shared, ' are issued in ', other_serial_number, ' too') as finding
        from overlapping where is_issuance
        """,
    ),
    Rule(
        "block_issued_in_two_revisions",
        "A block of which a registry publishes several revisions is issued in one of them.",
        """
        with issued as (
            select distinct revised.*, quantity from revised join events using (credit_id) where is_issuance
        ),
        pairs as (
            select *, lag({'id': credit_id, 'number': serial_number, 'quantity': quantity}) over (
                partition by publisher, unrevised order by serial_number, credit_id
            ) as earlier
            from issued
        )
        select
            credit_id, earlier.id as other_credit_id, serial_number, least(quantity, earlier.quantity) as quantity,
            concat('the block is issued as ', earlier.number, ' too') as finding
        from pairs where serial_number <> earlier.number
        """,
    ),
    Rule(
        "units_ended_twice",
        "The serial blocks that are retired or cancelled do not overlap.",
        """
        select
            credit_id, other_credit_id, serial_number, last_shared - serial_start + 1 as quantity,
            concat('units ', serial_start, ' to ', last_shared, ' are retired or cancelled in ', other_serial_number, ' too') as finding
        from overlapping where not is_issuance
        """,
    ),
    Rule(
        "serial_of_another_project",
        "A serial number names the project of its row.",
        """
        select
            credit_id, serial_number, events.quantity,
            concat('the serial number names ', blocks.project_id, ', the row ', events.project_id) as finding
        from blocks join events using (credit_id)
        where blocks.project_id <> events.project_id
        """,
    ),
    Rule(
        "serial_of_another_vintage",
        "A serial number names the vintage of its row.",
        """
        select
            credit_id, serial_number, events.quantity,
            case
                when blocks.vintage is null then concat(
                    'the serial number names the vintage ', blocks.vintage_start, ' to ', blocks.vintage_end, ', the row ',
                    coalesce(events.vintage_start::varchar, '?'), ' to ', coalesce(events.vintage_end::varchar, '?')
                )
                else concat('the serial number names the vintage ', blocks.vintage, ', the row ', events.vintage)
            end as finding
        from blocks join events using (credit_id)
        where
            blocks.vintage_start <> events.vintage_start
            or blocks.vintage_end <> events.vintage_end
            or (
                blocks.vintage <> events.vintage
                -- A year that was read off a period of several years may be another of them in the serial number.
                and not coalesce(
                    events.vintage = year(events.vintage_start)
                    and blocks.vintage between year(events.vintage_start) and year(events.vintage_end),
                    false
                )
            )
        """,
    ),
    Rule(
        "crediting_periods_overlap",
        "A crediting period does not begin before the one that was published before it has ended. Where its start moves by "
        "less than configs/integrity/rules.yml says, the registry has restated the period, which is a change of its record.",
        """
        with published as (
            select
                project_id, {'start': period_start, 'end': period_end} as period,
                lag(period) over (partition by project_id order by valid_from, period_start, period_end) as before
            from periods where period_start is not null and period_end is not null
        ),
        ordered as (
            select project_id, least(period, before) as earlier, greatest(period, before) as later
            from published where before is not null
        )
        select
            project_id,
            concat(
                'the period from ', later."start", ' to ', later."end", ' begins before that from ', earlier."start", ' to ',
                earlier."end", ' has ended'
            ) as finding
        from ordered
        where
            later."start" < earlier."end"
            and later."start" - earlier."start" > restated_share() * (earlier."end" - earlier."start")
        """,
    ),
    Rule(
        "crediting_period_ends_before_it_begins",
        "A crediting period does not end before it begins.",
        """
        select distinct project_id, concat('from ', period_start, ' to ', period_end) as finding
        from periods where period_end < period_start
        """,
    ),
    Rule(
        "vintage_after_all_crediting_periods",
        "No vintage begins after the last known crediting period of its project. Registries publish only the current "
        "period, so that one before it breaks no rule.",
        """
        with known as (
            select project_id, max(period_end) as period_end
            from periods group by project_id having bool_and(period_end is not null)
        )
        select
            event.credit_id, event.quantity,
            concat('the vintage begins on ', event.vintage_begins, ', the crediting period ended on ', period_end) as finding
        from events event join known using (project_id)
        where
            event.vintage_begins > period_end
            -- What an issuance tells, its retirements need not repeat.
            and (event.is_issuance or not exists (
                select 1 from events issuance
                where
                    issuance.is_issuance
                    and issuance.publisher = event.publisher
                    and issuance.project_id = event.project_id
                    and issuance.vintage_begins = event.vintage_begins
            ))
        """,
    ),
)


def findings(
    con: duckdb.DuckDBPyConnection,
    credits: Path,
    projects: Path,
    blocks: Path,
    registries: dict[str, Registry],
    history: Path | None,
    rules: IntegrityRules,
) -> pa.Table:
    """Every row that breaks a rule, once for each rule, as `schema.CREDIT_FINDINGS`, the heaviest of a rule first.

    `credits`, `projects`, `blocks`: the harmonized tables. `history`: what was published of projects before, with
    `project_id`, `crediting_period_start`, `crediting_period_end` and `valid_from`.
    """
    share = rules.max_restated_share_of_crediting_period
    con.execute(f"create or replace temp macro restated_share() as {share!r}")
    relations.prepare(con, credits, projects, blocks, history)
    publishers = [f"({literal(registry.id)})" for registry in registries.values() if registry.serials] or ["(null)"]
    con.execute(f"create or replace temp table grammars as select * from (values {', '.join(publishers)}) t(publisher)")
    con.execute(f"create or replace temp table revised as {_revised(registries)}")
    parts = "\nunion all by name\n".join(f"select {literal(rule.name)} as rule, * from ({rule.rows})" for rule in RULES)
    rows = con.execute(f"""
        with broken as (
            (select null as credit_id, null as other_credit_id, null as project_id, null as serial_number limit 0)
            union all by name
            {parts}
        ),
        complete as (
            select
                broken.* exclude (project_id),
                coalesce(broken.project_id, events.project_id) as project_id,
                coalesce(events.registry, projects.registry) as registry
            from broken
            left join events using (credit_id)
            left join (select project_id, registry from read_parquet($projects)) projects
                on projects.project_id = broken.project_id
        )
        -- A number that a row holds twice is told once.
        select distinct {column_types.projection(schema.CREDIT_FINDINGS, set(schema.CREDIT_FINDINGS.names))}
        from complete
        order by rule, quantity desc nulls last, project_id, credit_id, serial_number, other_credit_id, finding
    """, {"projects": str(projects)}).to_arrow_table()  # fmt: skip
    return rows.cast(schema.CREDIT_FINDINGS)


def _revised(registries: dict[str, Registry]) -> str:
    """SQL: the serial numbers of forms that name a revision, and what is left of each without it."""
    cases = [
        f"when publisher = {literal(registry.id)} and {serial_forms.fits(form, 'serial_number')} "
        f"then replace(serial_number, {serial_forms.group(form, 'revision', 'serial_number')}, '')"
        for registry in registries.values()
        for form in registry.serials
        if "revision" in form.groups
    ]
    unrevised = f"case {' '.join(cases)} end" if cases else "null::varchar"
    return (
        f"select * from (select credit_id, publisher, serial_number, {unrevised} as unrevised from blocks) "
        "where unrevised is not null"
    )
