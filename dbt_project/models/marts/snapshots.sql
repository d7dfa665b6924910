{#- Every file ever taken from a registry. -#}
select
    registry,
    "table",
    snapshot,
    snapshot_id,
    state,
    reason,
    is_synthetic,
    file,
    source_path,
    asserted_by,
    observed_at,
    file_date,
    sha256,
    size_bytes,
    rows,
    columns,
    released_by,
    release_reason,
    released_at
from {{ ref('stg_snapshots') }}
order by registry, "table", snapshot
