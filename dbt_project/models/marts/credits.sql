{#- A registry's own rows of a project give way to those of a programme that issued its credits anew (the ARB table):
    there they were cancelled, here they were issued, and they count once. -#}
with

asserted as (

    select * from {{ ref('stg_credits') }}

),

replaced_projects as (

    select distinct project_id from asserted where is_host_replacement

)

select
    credit_id,
    project_id,
    registry,
    transaction_type,
    quantity,
    buffer_quantity,
    is_buffer,
    vintage,
    vintage_start,
    vintage_end,
    issued_on,
    transaction_date,
    retirement_account,
    retirement_beneficiary,
    cast(null as varchar) as retirement_beneficiary_harmonized,
    retirement_reason,
    retirement_note,
    cancellation_account,
    cancellation_reason,
    cancellation_note,
    transaction_url,
    serial_number,
    serial_start,
    serial_end,
    serial_key,
    labels,
    source,
    snapshot_id
from asserted
where
    is_host_replacement
    or project_id not in (select project_id from replaced_projects)
order by project_id, transaction_date, credit_id
