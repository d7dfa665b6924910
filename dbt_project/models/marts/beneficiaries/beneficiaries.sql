{#- One row per entity that retired credits, or for which they were retired. -#}
with

retirements as (

    select * from {{ ref('credits') }}
    where transaction_type = 'retirement' and retirement_beneficiary_harmonized is not null

),

spellings as (

    select
        beneficiary_harmonized,
        list(distinct beneficiary_found order by beneficiary_found) as spellings,
        list(distinct method order by method) as methods,
        min(confidence) as confidence
    from {{ ref('stg_beneficiaries') }}
    where beneficiary_harmonized is not null
    group by beneficiary_harmonized

),

entities as (

    select
        retirement_beneficiary_harmonized as beneficiary,
        sum(quantity) as retired,
        count(*) as retirements,
        min(transaction_date) as first_retirement_at,
        max(transaction_date) as last_retirement_at,
        count(distinct project_id) as projects,
        list(distinct registry order by registry) as registries
    from retirements
    group by retirement_beneficiary_harmonized

)

select
    entities.beneficiary,
    cast(entities.retired as decimal(38, 6)) as retired,
    entities.retirements,
    entities.first_retirement_at,
    entities.last_retirement_at,
    entities.projects,
    entities.registries,
    spellings.spellings,
    spellings.methods,
    spellings.confidence
from entities
left join spellings on entities.beneficiary = spellings.beneficiary_harmonized
order by entities.retired desc, entities.beneficiary asc
