{#- Every file ever taken from a registry. -#}
select * from {{ ref('stg_snapshots') }}
order by registry, "table", snapshot
