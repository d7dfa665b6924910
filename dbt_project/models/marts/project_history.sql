{#- Which projects the registries published when. Projects that stewards assert are not here: no registry said so. -#}
select
    valid_from,
    valid_to,
    project_id,
    registry_key,
    name,
    proponent,
    protocol_raw,
    project_type_raw,
    activity_raw,
    status_raw,
    country_raw,
    country_code_raw,
    region,
    listed_at,
    registered_at,
    crediting_period_start,
    crediting_period_end,
    project_url,
    source,
    snapshot_id,
    registry,
    status,
    country,
    country_iso3
from {{ ref('stg_project_history') }}
order by project_id, source, valid_from
