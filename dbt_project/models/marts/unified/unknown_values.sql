{#- What a registry published and nobody can tell the meaning of: the steward's list of work. -#}
with

published as (

    select project_id, registry, status_raw, status, country_raw, country_code_raw, country_iso3
    from {{ ref('stg_projects') }}

),

stated as (

    select project_id, registry, country_raw, country_iso3 from {{ ref('stg_placeholders') }}

),

projects as (

    select * from published

    union all by name

    select * from stated

),

unknown as (

    select registry, 'status' as field, status_raw as raw from published where status is null

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

),

words as (

    select
        registry,
        field,
        raw,
        'no vocabulary knows the word' as reason,
        cast(null as varchar) as project_id,
        count(*) as occurrences
    from unknown
    where raw is not null
    group by registry, field, raw

),

disputed as (

    select
        registry,
        regexp_replace(fact, '_raw$', '') as field,
        value as raw,
        'transactions of the project differ' as reason,
        project_id,
        occurrences
    from {{ ref('stg_disputed_facts') }}

)

select
    registry,
    field,
    raw,
    reason,
    project_id,
    occurrences
from words

union all

select
    registry,
    field,
    raw,
    reason,
    project_id,
    occurrences
from disputed

order by occurrences desc, registry asc, field asc, raw asc, project_id asc
