{# A GEOMETRY column can be read by clients of this DuckDB only; WKB by all. #}
select
    * exclude (geometry),
    st_aswkb(geometry) as geometry_wkb
from {{ source('harmonized', 'boundaries') }}
