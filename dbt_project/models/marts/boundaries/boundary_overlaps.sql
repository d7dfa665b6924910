{# Land that two projects claim, the largest first. #}
select
    project_id,
    other_project_id,
    name,
    other_name,
    registry,
    other_registry,
    overlap_ha,
    share,
    other_share,
    overlaps_in_time,
    shared_from,
    shared_to,
    crediting_period_start,
    crediting_period_end,
    other_crediting_period_start,
    other_crediting_period_end
from {{ ref('stg_boundary_overlaps') }}
order by overlap_ha desc, project_id asc, other_project_id asc
