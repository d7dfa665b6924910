with

published as (

    select * from {{ ref('stg_projects') }}

),

credits as (

    select * from {{ ref('credits') }}

),

registries as (

    select * from {{ ref('stg_registries') }}

),

{#- Of a placeholder whose protocol no transaction states, no default of its registry is its own. The flag is a column here,
    and so a key of the join: DuckDB plans a left join with a condition on its left side alone as a nested loop. -#}
protocols as (

    select *, true as has_protocol from {{ ref('stg_protocols') }}

),

project_types as (

    select * from {{ ref('stg_project_types') }}

),

boundaries as (

    select * from {{ ref('stg_boundaries') }}

),

{#- Every project id that credits mention and no project table lists. -#}
mentioned as (

    select
        credits.project_id,
        credits.registry,
        min(credits.source) as source,
        min(credits.snapshot_id) as snapshot_id
    from credits
    where credits.project_id not in (select published.project_id from published)
    group by credits.project_id, credits.registry

),

stated as (

    select * from {{ ref('stg_placeholders') }}

),

projects as (

    select *, false as is_placeholder, true as has_protocol from published

    union all by name

    select
        mentioned.project_id,
        mentioned.registry,
        stated.name,
        stated.proponent,
        stated.protocol_raw,
        stated.project_type_raw,
        stated.country_raw,
        stated.country,
        stated.country_iso3,
        stated.facts_sources,
        coalesce(stated.is_test, false) as is_test,
        replace(
            registries.project_url,
            '{number}',
            substr(mentioned.project_id, length(registries.project_prefix) + 1)
        ) as project_url,
        mentioned.source,
        mentioned.snapshot_id,
        true as is_placeholder,
        stated.protocol_raw is not null as has_protocol
    from mentioned
    left join stated on mentioned.project_id = stated.project_id
    left join registries on mentioned.registry = registries.registry

),

totals as (

    select
        project_id,
        coalesce(sum(quantity) filter (where transaction_type = 'issuance'), 0) as issued,
        coalesce(sum(quantity) filter (where transaction_type = 'retirement'), 0) as retired,
        coalesce(sum(quantity) filter (where transaction_type = 'cancellation'), 0) as cancelled,
        min(transaction_date) filter (where transaction_type = 'issuance') as first_issuance_at,
        min(transaction_date) filter (where transaction_type = 'retirement') as first_retirement_at
    from credits
    group by project_id

),

{#- Where no transaction table of a registry is known, nothing is known of the totals of its projects: NULL, not 0.
    What another programme issued for some of them (the ARB table) says nothing of the others. -#}
known_registries as (

    select distinct registry, 0 as nothing from {{ ref('stg_credits') }} where not is_host_replacement

),

replaced_projects as (

    select distinct project_id from {{ ref('stg_credits') }} where is_host_replacement

)

select
    projects.project_id,
    projects.name,
    projects.registry,
    projects.proponent,
    protocols.protocols as protocol,
    protocols.version as protocol_version,
    projects.protocol_raw,
    protocols.unassigned as protocol_unassigned,
    coalesce(project_types.category, 'unknown') as category,
    coalesce(project_types.project_type, 'Unknown') as project_type,
    coalesce(project_types.project_type_source, 'none') as project_type_source,
    projects.project_type_raw,
    projects.activity_raw,
    projects.status,
    projects.status_raw,
    projects.country,
    projects.country_raw,
    projects.country_iso3,
    projects.region,
    projects.listed_at,
    projects.registered_at,
    projects.crediting_period_start,
    projects.crediting_period_end,
    coalesce(protocols.is_compliance, false)
    or projects.project_id in (select replaced_projects.project_id from replaced_projects) as is_compliance,
    cast(coalesce(totals.issued, known_registries.nothing) as decimal(38, 6)) as issued,
    cast(coalesce(totals.retired, known_registries.nothing) as decimal(38, 6)) as retired,
    cast(coalesce(totals.cancelled, known_registries.nothing) as decimal(38, 6)) as cancelled,
    cast(
        coalesce(totals.issued - totals.retired - totals.cancelled, known_registries.nothing) as decimal(38, 6)
    ) as outstanding,
    totals.first_issuance_at,
    totals.first_retirement_at,
    projects.project_url,
    projects.is_placeholder,
    coalesce(projects.is_test, false) as is_test,
    projects.facts_sources,
    boundaries.project_id is not null as has_boundary,
    boundaries.area_ha,
    projects.source,
    projects.snapshot_id
from projects
left join totals on projects.project_id = totals.project_id
left join boundaries on projects.project_id = boundaries.project_id
left join known_registries on projects.registry = known_registries.registry
left join project_types on projects.project_id = project_types.project_id
left join protocols
    on projects.has_protocol = protocols.has_protocol
    and projects.registry is not distinct from protocols.registry
    and projects.protocol_raw is not distinct from protocols.protocol_raw
order by projects.project_id
