select * from {{ source('harmonized', 'protocols') }}
