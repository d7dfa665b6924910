{#- What became of every methodology text, the heaviest first: the steward's list of work. -#}
with

protocols as (

    select * from {{ ref('stg_protocols') }}

),

projects as (

    select * from {{ ref('projects') }} where not is_placeholder or protocol_raw is not null

),

totals as (

    select
        registry,
        protocol_raw,
        count(*) as projects,
        sum(issued) as issued
    from projects
    group by registry, protocol_raw

)

select
    protocols.registry,
    protocols.protocol_raw,
    protocols.outcome,
    protocols.protocols as protocol,
    protocols.version as protocol_version,
    protocols.method,
    protocols.confidence,
    protocols.remainder,
    protocols.unassigned as protocol_unassigned,
    protocols.candidates,
    coalesce(totals.projects, 0) as projects,
    cast(totals.issued as decimal(38, 6)) as issued
from protocols
left join totals
    on
        protocols.registry is not distinct from totals.registry
        and protocols.protocol_raw is not distinct from totals.protocol_raw
order by issued desc nulls last, projects desc, registry asc, protocol_raw asc nulls last
