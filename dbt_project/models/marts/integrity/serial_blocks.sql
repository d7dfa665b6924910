{# Who had which units: serial numbers taken apart, with the event that each block belongs to. #}
with

blocks as (

    select * from {{ ref('stg_serial_blocks') }}

),

credits as (

    select * from {{ ref('stg_credits') }}

)

select
    blocks.credit_id,
    blocks.block,
    blocks.serial_number,
    blocks.form,
    blocks.serial_key,
    blocks.serial_start,
    blocks.serial_end,
    blocks.serial_end - blocks.serial_start + 1 as units,
    blocks.project_id as serial_project_id,
    blocks.vintage as serial_vintage,
    credits.project_id,
    credits.transaction_type,
    credits.transaction_date,
    credits.source,
    credits.snapshot_id
from blocks
inner join credits on blocks.credit_id = credits.credit_id
order by blocks.serial_key, blocks.serial_start, blocks.credit_id, blocks.block
