{#- Totals of every table as published. Which rows count where two programmes speak of one project: marts.totals_as_of. -#}
select * from {{ ref('stg_totals_history') }}
order by project_id, transaction_type, source, valid_from
