select * from {{ source('harmonized', 'protocol_catalogue') }}
