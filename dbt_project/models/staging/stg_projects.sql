select * from {{ source('harmonized', 'projects') }}
