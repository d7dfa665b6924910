select * from {{ source('harmonized', 'schema_changes') }}
