select * from {{ source('harmonized', 'totals_history') }}
