{#- What a programme issued anew (the ARB table) counts there: of the host registry's rows, stg_replaced_at_host says how many
    tonnes give way. -#}
with

asserted as (

    select * from {{ ref('stg_credits') }}

),

replaced as (

    select credit_id, sum(quantity) as quantity
    from {{ ref('stg_replaced_at_host') }}
    group by credit_id

),

{#- Only retirements name somebody. The type is a column here, and so a key of the join: DuckDB plans a left join with a
    condition on its left side alone as a nested loop. -#}
beneficiaries as (

    select *, 'retirement' as transaction_type from {{ ref('stg_beneficiaries') }}

)

select
    asserted.credit_id,
    asserted.project_id,
    asserted.registry,
    asserted.transaction_type,
    cast(asserted.quantity - coalesce(replaced.quantity, 0) as decimal(18, 6)) as quantity,
    {#- Of a row that counts in part nobody says how much of the rest is buffer. -#}
    case when replaced.credit_id is null or asserted.buffer_quantity = 0 then asserted.buffer_quantity end as buffer_quantity,
    asserted.is_buffer,
    asserted.vintage,
    asserted.vintage_start,
    asserted.vintage_end,
    asserted.issued_on,
    asserted.transaction_date,
    asserted.retirement_account,
    asserted.retirement_beneficiary,
    beneficiaries.beneficiary_harmonized as retirement_beneficiary_harmonized,
    beneficiaries.beneficiaries_named,
    beneficiaries.absence_reason,
    asserted.retirement_reason,
    asserted.retirement_note,
    asserted.cancellation_account,
    asserted.cancellation_reason,
    asserted.cancellation_note,
    asserted.transaction_url,
    asserted.serial_number,
    asserted.serial_start,
    asserted.serial_end,
    asserted.serial_key,
    asserted.labels,
    asserted.source,
    asserted.snapshot_id
from asserted
left join replaced on asserted.credit_id = replaced.credit_id
left join beneficiaries
    on asserted.transaction_type = beneficiaries.transaction_type
    and asserted.retirement_account is not distinct from beneficiaries.retirement_account
    and asserted.retirement_beneficiary is not distinct from beneficiaries.retirement_beneficiary
    and asserted.retirement_note is not distinct from beneficiaries.retirement_note
    and asserted.retirement_reason is not distinct from beneficiaries.retirement_reason
where
    replaced.credit_id is null
    or asserted.quantity > replaced.quantity
order by asserted.project_id, asserted.transaction_date, asserted.credit_id
