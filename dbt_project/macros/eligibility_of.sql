{# The blocks of units that count, as one scheme judges them, with what is left of their project's vintage. One shape for all schemes:
   `judged` is stg_eligibility, `credits` the mart of credits. #}
{% macro eligibility_of(scheme, judged, credits) %}
with

judged as (

    select * from {{ judged }} where scheme = '{{ scheme }}'

),

credits as (

    select * from {{ credits }}

),

vintages as (

    select
        project_id,
        vintage,
        sum(case when transaction_type = 'issuance' then quantity else -quantity end) as outstanding
    from credits
    where vintage is not null
    group by project_id, vintage

)

select
    judged.credit_id,
    judged.phase,
    judged.verdict,
    judged.reason,
    judged.rule,
    judged.document,
    judged.document_version,
    judged.document_date,
    judged.registry_label,
    judged.contradicts_registry,
    credits.project_id,
    credits.registry,
    judged.program,
    judged.unit_type,
    credits.quantity,
    cast(vintages.outstanding as decimal(38, 6)) as vintage_outstanding,
    credits.is_buffer,
    credits.vintage,
    credits.vintage_start,
    credits.vintage_end,
    credits.issued_on,
    credits.serial_number,
    credits.source,
    credits.snapshot_id
from judged
inner join credits on judged.credit_id = credits.credit_id
left join vintages
    on credits.project_id = vintages.project_id
    and credits.vintage = vintages.vintage
order by credits.project_id, credits.vintage_start asc nulls last, judged.credit_id, judged.phase asc nulls first
{% endmacro %}
