select * from {{ source('harmonized', 'project_types') }}
