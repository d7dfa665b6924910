{#- What a registry published and no vocabulary knows: the steward's list of work. -#}
with

projects as (

    select * from {{ ref('stg_projects') }}

),

unknown as (

    select registry, 'status' as field, status_raw as raw from projects where status is null

    union all

    select registry, 'country' as field, coalesce(country_raw, country_code_raw) as raw
    from projects
    where country_iso3 is null

    union all

    select projects.registry, 'project_type' as field, unnest(project_types.unknown_words) as raw
    from {{ ref('stg_project_types') }} as project_types
    inner join projects on project_types.project_id = projects.project_id

    union all

    select split_part(source, '/', 1) as registry, 'label' as field, unnest(unknown_labels) as raw
    from {{ ref('stg_credits') }}

)

select
    registry,
    field,
    raw,
    count(*) as occurrences
from unknown
where raw is not null
group by registry, field, raw
order by occurrences desc, registry asc, field asc, raw asc
