{# Where projects lie, with the names that people look for. #}
with

boundaries as (

    select * from {{ ref('stg_boundaries') }}

),

projects as (

    select * from {{ ref('projects') }}

)

select
    boundaries.project_id,
    projects.name,
    projects.registry,
    boundaries.area_ha,
    boundaries.area_geodesic_ha,
    boundaries.parts,
    boundaries.centroid_lon,
    boundaries.centroid_lat,
    boundaries.bbox_west,
    boundaries.bbox_south,
    boundaries.bbox_east,
    boundaries.bbox_north,
    boundaries.country_iso3,
    boundaries.admin_region,
    boundaries.source_crs,
    boundaries.crs_source,
    boundaries.file,
    boundaries.snapshot_id,
    boundaries.geometry_wkb
from boundaries
left join projects on boundaries.project_id = projects.project_id
order by boundaries.project_id
