{#- Labels of credits and their families, so that several labels of one family do not double a sum. -#}
select * from {{ ref('stg_labels') }}
order by family asc, label asc
