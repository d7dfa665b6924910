select * from {{ source('harmonized', 'registry_changes') }}
