select * from {{ ref('stg_moons') }}
order by moon
