select * from {{ source('harmonized', 'serial_blocks') }}
