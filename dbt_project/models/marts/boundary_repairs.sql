{# Every step of every repair; those of one boundary add up from the raw to the final area. #}
select
    project_id,
    step_number,
    step,
    reason,
    parts_before,
    parts_after,
    holes_before,
    holes_after,
    area_before_ha,
    area_after_ha,
    delta_ha,
    snapshot_id
from {{ ref('stg_boundary_repairs') }}
order by project_id, step_number
