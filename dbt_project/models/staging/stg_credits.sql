select * from {{ source('harmonized', 'credits') }}
