"""What of a host registry's rows gives way to those of a programme that issued the credits anew, so that they count once.

Per project and vintage that the programme issued: as much of the host's issuances as it says it converted, and those conversions; where
it states none, all of its rows. Everything else stays. Whether both sides match belongs in `double_counting.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types
from carbon_assets.integrity import schema
from carbon_assets.integrity.conversions import prepare

CONVERTED = "converted"
CONVERSION = "cancelled to be converted"
NOT_STATED = "conversions not stated"
REASONS = {
    CONVERTED: "Issued by the host, and by the programme once converted.",
    CONVERSION: "Cancelled by the host to be converted: the programme's issuance takes its place.",
    NOT_STATED: "Of a vintage that the programme issued, and of which the host states no conversion.",
}
"""Reason -> what it means."""


def replaced(con: duckdb.DuckDBPyConnection, credits: Path, conversions: list[dict[str, str]]) -> pa.Table:
    """The rows of host registries that give way, wholly or in part, as `schema.REPLACED_AT_HOST`, by project.

    `credits`: harmonized. `conversions`: as `conversions.load` has them.
    """
    prepare(con, credits, conversions)
    rows = con.execute(_REPLACED).to_arrow_table()
    return rows.cast(schema.REPLACED_AT_HOST)


# The issuances of a project's vintage are laid end to end, and beside them the tonnes converted for each programme: where two
# stretches lie side by side, that much of the issuance was converted for that programme. First come the issuances of the days
# on which the converted credits were issued, then the earliest.
_REPLACED = f"""
    with hosted as (
        select *, coalesce(transaction_date, issued_on) as day from events where not is_host_replacement
    ),
    vintages as (
        select distinct program, project_id, vintage from issued
    ),
    conversions as (
        select c.* from cancelled c join vintages v
            on v.program = c.program and v.project_id = c.project_id and v.vintage is not distinct from c.vintage
    ),
    converted as (
        select program, project_id, vintage, quantity, sum(quantity) over (partition by project_id, vintage order by program) as reach
        from (select program, project_id, vintage, sum(quantity) as quantity from conversions group by all)
    ),
    days as (
        select distinct project_id, vintage, issued_on, 1 as is_named from conversions
    ),
    issuances as (
        select
            h.credit_id, h.project_id, h.vintage, h.quantity,
            sum(h.quantity) over (
                partition by h.project_id, h.vintage order by days.is_named nulls last, h.day nulls last, h.credit_id
                rows unbounded preceding
            ) as reach
        from (select * from hosted where transaction_type = 'issuance') h
        left join days
            on days.project_id = h.project_id and days.vintage is not distinct from h.vintage and days.issued_on = h.day
    ),
    unstated as (
        select v.project_id, v.vintage, string_agg(v.program, ', ' order by v.program) as program
        from vintages v left join converted c on c.project_id = v.project_id and c.vintage is not distinct from v.vintage
        where c.program is null
        group by all
    ),
    given_way as (
        select
            i.credit_id, c.program, '{CONVERTED}' as reason,
            least(i.reach, c.reach) - greatest(i.reach - i.quantity, c.reach - c.quantity) as quantity
        from issuances i join converted c on c.project_id = i.project_id and c.vintage is not distinct from i.vintage
        where least(i.reach, c.reach) > greatest(i.reach - i.quantity, c.reach - c.quantity)
        union all by name
        select credit_id, program, '{CONVERSION}' as reason, quantity from conversions
        union all by name
        select h.credit_id, u.program, '{NOT_STATED}' as reason, h.quantity
        from hosted h join unstated u on u.project_id = h.project_id and u.vintage is not distinct from h.vintage
    ),
    described as (
        select
            g.credit_id, g.program, h.registry, h.project_id, h.vintage, h.transaction_type, h.quantity as published, g.quantity,
            g.reason
        from given_way g join hosted h using (credit_id)
    )
    select {column_types.projection(schema.REPLACED_AT_HOST, set(schema.REPLACED_AT_HOST.names))}
    from described order by project_id, vintage, transaction_type, credit_id, program
"""
