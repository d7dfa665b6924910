{# What boundaries tell that cannot be right, with the projects' names, the largest first. #}
with

findings as (

    select * from {{ ref('stg_boundary_findings') }}

),

projects as (

    select * from {{ ref('projects') }}

)

select
    findings.rule,
    findings.registry,
    findings.project_id,
    projects.name,
    findings.area_ha,
    findings.value,
    findings.bound,
    findings.finding,
    findings.file,
    findings.snapshot_id
from findings
left join projects on findings.project_id = projects.project_id
order by
    findings.area_ha desc nulls last,
    findings.rule asc,
    findings.project_id asc nulls last,
    findings.file asc nulls last,
    findings.finding asc
