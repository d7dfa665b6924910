{#- The curators' list of work: names that are probably one entity, the heaviest first. -#}
select
    suggested,
    names,
    method,
    score,
    cast(quantity as decimal(38, 6)) as retired,
    examples
from {{ ref('stg_beneficiary_candidates') }}
order by retired desc, names asc
