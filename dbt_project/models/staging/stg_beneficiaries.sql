select * from {{ source('harmonized', 'beneficiaries') }}
