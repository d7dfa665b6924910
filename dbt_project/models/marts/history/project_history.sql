{#- Which projects the registries published when. Projects that stewards assert are not here: no registry said so. -#}
select * from {{ ref('stg_project_history') }}
order by project_id, source, valid_from
