select * from {{ source('harmonized', 'snapshots') }}
