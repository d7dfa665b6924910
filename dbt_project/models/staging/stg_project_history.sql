select * from {{ source('harmonized', 'project_history') }}
