select * from {{ source('harmonized', 'double_counting_findings') }}
