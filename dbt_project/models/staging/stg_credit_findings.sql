select * from {{ source('harmonized', 'credit_findings') }}
