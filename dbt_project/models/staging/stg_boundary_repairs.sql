select * from {{ source('harmonized', 'boundary_repairs') }}
