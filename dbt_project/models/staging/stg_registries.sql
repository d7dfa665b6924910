select * from {{ source('harmonized', 'registries') }}
