select * from {{ source('harmonized', 'beneficiary_candidates') }}
