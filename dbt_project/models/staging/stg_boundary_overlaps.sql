select * from {{ source('harmonized', 'boundary_overlaps') }}
