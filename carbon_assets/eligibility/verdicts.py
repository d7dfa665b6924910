"""What the rules in force say of each block of units, phase by phase: a verdict, a reason and the rule.

Each clause of a rule holds for a block, does not hold, or cannot be told from what is published. The narrowest rules that a block is
in the scope of decide it: first those that name protocol, versions and kind of unit. Of these, one that holds in all clauses decides;
else one of which a clause cannot be told leaves the verdict unknown; else the block is outside of all that is accepted.
"""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from carbon_assets.base.column_types import projection
from carbon_assets.base.sqltext import literal
from carbon_assets.eligibility import blocks, schema
from carbon_assets.eligibility.rules import ELIGIBLE, NOT_ELIGIBLE, Phase, Rulebook

UNKNOWN = "unknown"

REASONS = {
    "accepted": "All clauses of a rule that accepts such units hold.",
    "excluded": "All clauses of a rule that excludes such units hold.",
    "vintage_outside": "No rule accepts units of such a vintage.",
    "crediting_began_before": "The project was credited before the day from which on a rule accepts units.",
    "program_not_known": "No programme is known of the registry that issued the units.",
    "no_rule": "No rule that was read says anything of such units.",
    "protocol_not_known": "A rule asks for the protocol, and the project's text is blank or was not understood as a whole.",
    "several_protocols": "A rule accepts one protocol, and the project uses others, too.",
    "version_not_known": "A rule is on versions of the protocol, and the project does not state its own.",
    "unit_type_not_known": "A rule asks for the kind of unit, which is not published.",
    "vintage_not_known": "A rule asks for the vintage, which is not published.",
    "vintage_in_part": "Only a part of the block's vintage period lies within what a rule says.",
    "crediting_start_not_known": "A rule asks for the start of the first crediting period, which is not published.",
    "authorisation_not_stated": "A rule asks for an authorisation, of which the public file shows none.",
    "condition_not_published": "A rule asks for something that public files never say.",
}
"""Reason -> what it means."""

# Clauses of a rule for a block: true, false, or NULL where it cannot be told.
_PROTOCOL = f"""
    case
        when rule.protocol is null then true
        when not coalesce(list_contains(block.protocols, rule.protocol), false) then if(block.all_protocols_known, false, null)
        when rule.versions is not null and (block.protocol_version is null or len(block.protocols) > 1) then null
        when rule.versions is not null and not list_contains(rule.versions, block.protocol_version) then false
        when rule.verdict = '{NOT_ELIGIBLE}' or (block.all_protocols_known and len(block.protocols) = 1) then true
    end"""
_UNIT_TYPE = "case when rule.unit_type is null then true else rule.unit_type = block.unit_type end"
_VINTAGE = """
    case
        when rule.vintage_from is null and rule.vintage_to is null then true
        when block.vintage_to < rule.vintage_from or block.vintage_from > rule.vintage_to then false
        when (rule.vintage_from is null or block.vintage_from >= rule.vintage_from)
            and (rule.vintage_to is null or block.vintage_to <= rule.vintage_to) then true
    end"""
_CREDITING = """
    case
        when rule.crediting_from is null then true
        when block.first_credited_on < rule.crediting_from then false
        when block.is_first_crediting then true
    end"""
# A public file that shows no authorisation does not say that there is none.
_LABEL = (
    "case when rule.needs_label is null or coalesce(list_contains(block.labels, rule.needs_label), false) then true end"
)
_CONDITION = "case when rule.condition is null then true end"

_WHY_UNKNOWN = """
    case
        when protocol_holds is null and list_contains(protocols, protocol) then
            case
                when not all_protocols_known then 'protocol_not_known'
                when len(protocols) > 1 then 'several_protocols'
                else 'version_not_known'
            end
        when protocol_holds is null then 'protocol_not_known'
        when unit_type_holds is null then 'unit_type_not_known'
        when vintage_holds is null and (vintage_of_block_from is null or vintage_of_block_to is null) then 'vintage_not_known'
        when vintage_holds is null then 'vintage_in_part'
        when crediting_holds is null then 'crediting_start_not_known'
        when label_holds is null then 'authorisation_not_stated'
        else 'condition_not_published'
    end"""

_CLAUSES = f"""
    select
        block.credit_id, block.scheme, block.phase, rule.rule, rule.verdict, rule.protocol, block.protocols, block.all_protocols_known,
        block.vintage_from as vintage_of_block_from, block.vintage_to as vintage_of_block_to,
        (rule.protocol is not null)::integer + (rule.versions is not null)::integer + (rule.unit_type is not null)::integer as narrowness,
        {_PROTOCOL} as protocol_holds, {_UNIT_TYPE} as unit_type_holds, {_VINTAGE} as vintage_holds,
        {_CREDITING} as crediting_holds, {_LABEL} as label_holds, {_CONDITION} as condition_holds
    from blocks_by_phase block
    join rules_in_force rule
        on rule.program = block.program and rule.scheme = block.scheme and rule.phase is not distinct from block.phase
"""

# `rank`: among rules of one narrowness, one that decides comes before one that cannot be told, and that before one that merely
# does not accept. A rule that does not apply says nothing, and is no row.
_DECISIONS = f"""
    with clauses as ({_CLAUSES}),
    parts as (
        select
            *, protocol_holds and unit_type_holds as in_scope,
            vintage_holds and crediting_holds and label_holds and condition_holds as rest_holds
        from clauses
    ),
    ranked as (
        select
            *,
            case
                when in_scope = false then null
                when rest_holds = false and verdict = '{NOT_ELIGIBLE}' then null
                when in_scope and rest_holds then 1
                when in_scope and rest_holds = false then 3
                else 2
            end as rank
        from parts
    )
    select
        credit_id, scheme, phase,
        arg_min(
            struct_pack(
                rule := rule,
                verdict := case rank when 1 then verdict when 2 then '{UNKNOWN}' else '{NOT_ELIGIBLE}' end,
                reason := case
                    when rank = 1 and verdict = '{ELIGIBLE}' then 'accepted'
                    when rank = 1 then 'excluded'
                    when rank = 2 then {_WHY_UNKNOWN}
                    when vintage_holds = false then 'vintage_outside'
                    else 'crediting_began_before'
                end
            ),
            (-narrowness, rank, rule)
        ) as decision
    from ranked where rank is not null
    group by credit_id, scheme, phase
"""

_LABELS = """list_filter(
    coalesce(block.labels_by_family[block.label_family], []), lambda one: one.phase is null or one.phase is not distinct from block.phase
)"""
"""The block's labels that say it of this phase, or of none in particular."""
_NAMES_PHASE = f"len(list_filter({_LABELS}, lambda one: one.phase is not distinct from block.phase)) > 0"

_VERDICTS = f"""
    with judged as (
        select
            block.credit_id, block.scheme, block.phase, block.program, block.unit_type, block.quantity,
            coalesce(decided.decision.verdict, '{UNKNOWN}') as verdict,
            coalesce(decided.decision.reason, if(block.program is null, 'program_not_known', 'no_rule')) as reason,
            decided.decision.rule as rule,
            nullif(array_to_string(list_transform({_LABELS}, lambda one: one.label), ', '), '') as registry_label,
            {_NAMES_PHASE} as is_labelled
        from blocks_by_phase block
        left join decisions decided
            on decided.credit_id = block.credit_id and decided.scheme = block.scheme and decided.phase is not distinct from block.phase
    ),
    complete as (
        select
            judged.*, rule.document, rule.document_version, rule.document_date,
            is_labelled and judged.verdict = '{NOT_ELIGIBLE}' as contradicts_registry
        from judged left join rules_in_force rule on rule.rule = judged.rule
    )
    select {projection(schema.ELIGIBILITY, set(schema.ELIGIBILITY.names))}
    from complete order by scheme, phase nulls first, credit_id
"""


def verdicts(con: duckdb.DuckDBPyConnection, sources: blocks.Sources, book: Rulebook) -> pa.Table:
    """One row per issuance and phase, as `schema.ELIGIBILITY`, by the rules that hold on the day of the newest snapshot."""
    blocks.prepare(con, sources, book)
    con.register("rules_in_force", book.in_force(_newest_day(con, sources)))
    con.execute(
        f"""
        create or replace temp table blocks_by_phase as
        select * exclude (of_phase), of_phase.scheme as scheme, of_phase.phase as phase, of_phase.label_family as label_family
        from (select *, unnest({_phases(book.phases)}) as of_phase from blocks)
        """
    )
    con.execute(f"create or replace temp table decisions as {_DECISIONS}")
    return con.execute(_VERDICTS).to_arrow_table().cast(schema.ELIGIBILITY)


def _newest_day(con: duckdb.DuckDBPyConnection, sources: blocks.Sources) -> date | None:
    con.execute("set TimeZone = 'UTC'")
    newest = "select max(observed_at)::date from read_parquet($snapshots)"
    [(day,)] = con.execute(newest, {"snapshots": str(sources.snapshots)}).fetchall()
    return day


def _phases(phases: tuple[Phase, ...]) -> str:
    """SQL: the phases as a list of structs."""
    rows = (
        f"{{'scheme': {literal(phase.scheme)}, 'phase': {literal(phase.phase) if phase.phase else 'null'}, "
        f"'label_family': {literal(phase.label_family)}}}"
        for phase in phases
    )
    kind = "struct(scheme varchar, phase varchar, label_family varchar)[]"
    return f"cast([{', '.join(rows)}] as {kind})"
