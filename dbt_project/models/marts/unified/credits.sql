{#- A registry's own rows of a project give way to those of a programme that issued its credits anew (the ARB table):
    there they were cancelled, here they were issued, and they count once. -#}
with

asserted as (

    select * from {{ ref('stg_credits') }}

),

replaced_projects as (

    select distinct project_id from asserted where is_host_replacement

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
    asserted.quantity,
    asserted.buffer_quantity,
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
left join beneficiaries
    on asserted.transaction_type = beneficiaries.transaction_type
    and asserted.retirement_account is not distinct from beneficiaries.retirement_account
    and asserted.retirement_beneficiary is not distinct from beneficiaries.retirement_beneficiary
    and asserted.retirement_note is not distinct from beneficiaries.retirement_note
    and asserted.retirement_reason is not distinct from beneficiaries.retirement_reason
where
    asserted.is_host_replacement
    or asserted.project_id not in (select replaced_projects.project_id from replaced_projects)
order by asserted.project_id, asserted.transaction_date, asserted.credit_id
