{# Rows that break a rule, with the event that each is about, the heaviest first. #}
with

findings as (

    select * from {{ ref('stg_credit_findings') }}

),

credits as (

    select * from {{ ref('stg_credits') }}

)

select
    findings.rule,
    findings.registry,
    findings.project_id,
    findings.credit_id,
    findings.other_credit_id,
    credits.transaction_type,
    credits.transaction_date,
    credits.vintage,
    findings.serial_number,
    findings.quantity,
    findings.finding,
    credits.source,
    credits.snapshot_id
from findings
left join credits on findings.credit_id = credits.credit_id
order by
    findings.quantity desc nulls last,
    findings.rule asc,
    findings.project_id asc,
    findings.credit_id asc nulls last,
    findings.serial_number asc nulls last,
    findings.other_credit_id asc nulls last,
    findings.finding asc
