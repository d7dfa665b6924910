{#- What changed in the registries' records between two snapshots: the newest first, what rewrites the past before all else. -#}
select
    registry,
    "table",
    from_snapshot,
    to_snapshot,
    observed_at,
    record_key,
    {# Records can share a key, and be alike in all else. #}
    row_number() over (
        partition by registry, "table", to_snapshot, record_key
        order by change, quantity, cast(fields as varchar)
    ) as twin,
    project_id,
    change,
    change_class,
    is_retroactive,
    quantity,
    fields
from {{ ref('stg_registry_changes') }}
order by
    observed_at desc,
    is_retroactive desc,
    registry asc,
    "table" asc,
    quantity desc nulls last,
    record_key asc,
    change asc,
    cast(fields as varchar) asc
