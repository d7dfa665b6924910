with

catalogue as (

    select * from {{ ref('stg_protocol_catalogue') }}

),

projects as (

    select
        unnest(protocol) as protocol,
        issued,
        retired
    from {{ ref('projects') }}

),

totals as (

    select
        protocol,
        count(*) as projects,
        sum(issued) as issued,
        sum(retired) as retired
    from projects
    group by protocol

)

select
    catalogue.protocol,
    catalogue.program,
    catalogue.program_name,
    catalogue.title,
    catalogue.category,
    catalogue.sub_category,
    catalogue.project_type,
    catalogue.is_broad,
    catalogue.is_compliance,
    catalogue.superseded_by,
    catalogue.other_ids,
    coalesce(totals.projects, 0) as projects,
    cast(if(totals.projects is null, 0, totals.issued) as decimal(38, 6)) as issued,
    cast(if(totals.projects is null, 0, totals.retired) as decimal(38, 6)) as retired
from catalogue
left join totals on catalogue.protocol = totals.protocol
order by catalogue.protocol
