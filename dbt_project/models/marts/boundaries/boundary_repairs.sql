{# Every step of every repair; those of one boundary add up from the raw to the final area. #}
select * from {{ ref('stg_boundary_repairs') }}
order by project_id, step_number
