"""The relations that the rules of `findings.py` read, as temporary tables of one connection.

`events` are the credits, `blocks` their serial numbers taken apart, `units` the ranges of units in order, `overlapping` pairs of
blocks that share units, `early_blocks` blocks that ended before their units were issued, `periods` crediting periods. What the
rules forbid does not belong here.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

_TRIM_TONNES = "create or replace temp macro trim_tonnes(t) as regexp_replace(t::varchar, '\\.?0+$', '')"

_EVENTS = """
    create or replace temp table events as
    select
        credit_id, split_part(source, '/', 1) as publisher, registry, project_id, transaction_type, quantity,
        transaction_type = 'issuance' as is_issuance, transaction_date, issued_on,
        case when transaction_type = 'issuance' then coalesce(transaction_date, issued_on) else issued_on end
            as issued_day,
        vintage, vintage_start, vintage_end, coalesce(vintage_start, make_date(vintage, 1, 1)) as vintage_begins
    from read_parquet($credits)
"""

_BLOCKS = "create or replace temp table blocks as from read_parquet($blocks)"

# A block that is longer than the row's quantity is wrong, and told as that. Of its units, those beyond the quantity are not
# taken for another row's: they would make one wrong digit look like credits that are counted twice.
_UNITS = """
    create or replace temp table units as
    with ranges as (
        select
            blocks.publisher, serial_key, is_issuance, credit_id, block, transaction_date, serial_start,
            case
                when credit_id in (select credit_id from blocks where block > 1) then serial_end
                else least(serial_end, serial_start + ceil(quantity)::bigint - 1)
            end as serial_end
        from blocks join events using (credit_id)
        where serial_key is not null and serial_start is not null and serial_end is not null
    ),
    -- Numbers sort faster than texts.
    series as (
        select row_number() over () as series, *
        from (select distinct publisher, serial_key, is_issuance from ranges)
    )
    select ranges.*, series, row_number() over in_order as place, max(serial_end) over before as reached
    from ranges join series using (publisher, serial_key, is_issuance)
    where serial_start <= serial_end
    window
        in_order as (partition by series order by serial_start, serial_end, transaction_date, credit_id, block),
        before as (
            partition by series order by serial_start, serial_end, transaction_date, credit_id, block
            rows between unbounded preceding and 1 preceding
        )
"""

# Of the blocks that start before an overlapping one, the last that reached farther than all before it.
_OVERLAPPING = """
    create or replace temp table overlapping as
    select
        later.is_issuance, later.credit_id, later.serial_start, least(later.serial_end, later.reached) as last_shared,
        other.credit_id as other_credit_id, numbers.serial_number, other_numbers.serial_number as other_serial_number
    from (select * from units where reached >= serial_start) later
    asof join (select * from units where reached is null or serial_end > reached) other
        on other.series = later.series and other.place < later.place
    join blocks numbers on numbers.credit_id = later.credit_id and numbers.block = later.block
    join blocks other_numbers on other_numbers.credit_id = other.credit_id and other_numbers.block = other.block
"""

# Issued blocks that overlap are told, and do not say when their units were issued: the others do not overlap, so that the last to
# start before a block is the only one that can hold it.
_EARLY_BLOCKS = """
    create or replace temp table early_blocks as
    select
        ended.credit_id, ended.block, issued.credit_id as issuance, issued.transaction_date as block_issued_on
    from (select * from units where not is_issuance) ended
    asof join (select * from units where is_issuance and (reached < serial_start) is not false) issued
        on issued.publisher = ended.publisher and issued.serial_key = ended.serial_key
        and issued.serial_start <= ended.serial_start
    where ended.serial_end <= issued.serial_end and ended.transaction_date < issued.transaction_date
"""


def prepare(con: duckdb.DuckDBPyConnection, credits: Path, projects: Path, blocks: Path, history: Path | None) -> None:
    """Make all relations of the harmonized tables; `history` as in `findings.findings`."""
    con.execute(_TRIM_TONNES)
    con.execute(_EVENTS, {"credits": str(credits)})
    con.execute(_BLOCKS, {"blocks": str(blocks)})
    for query in (_UNITS, _OVERLAPPING, _EARLY_BLOCKS):
        con.execute(query)
    _prepare_periods(con, projects, history)


def _prepare_periods(con: duckdb.DuckDBPyConnection, projects: Path, history: Path | None) -> None:
    """The crediting periods of today's projects, and those that were published before."""
    now = "select project_id, crediting_period_start, crediting_period_end, 'infinity'::timestamptz as valid_from"
    before = "union all by name select project_id, crediting_period_start, crediting_period_end, valid_from"
    con.execute(
        f"""
        create or replace temp table periods as
        select
            project_id, crediting_period_start as period_start, crediting_period_end as period_end, valid_from
        from ({now} from read_parquet($projects) {f"{before} from read_parquet($history)" if history else ""})
        where crediting_period_start is not null or crediting_period_end is not null
        """,
        {"projects": str(projects), **({"history": str(history)} if history else {})},
    )
