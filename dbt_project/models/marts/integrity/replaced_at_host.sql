{# Rows of host registries that give way to a programme's, the heaviest first. #}
select * from {{ ref('stg_replaced_at_host') }}
order by quantity desc, project_id asc, vintage asc nulls last, credit_id asc, program asc
