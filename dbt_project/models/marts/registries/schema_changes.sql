{#- What changed in the form of the registries' files: the newest first, what blocks before what warns. -#}
select * from {{ ref('stg_schema_changes') }}
order by observed_at desc, blocks desc, registry asc, "table" asc, "column" asc, change asc
