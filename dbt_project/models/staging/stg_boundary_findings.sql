select * from {{ source('harmonized', 'boundary_findings') }}
