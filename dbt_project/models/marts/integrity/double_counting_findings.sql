{# Conversions that do not match, and what cannot be checked, the heaviest first. #}
select * from {{ ref('stg_double_counting_findings') }}
order by
    quantity desc,
    status asc,
    program asc,
    registry asc nulls last,
    project_id asc nulls last,
    vintage asc nulls last,
    issuance_id asc nulls last,
    cancellation_id asc nulls last
