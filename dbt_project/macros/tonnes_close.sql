{# No tonne is lost: each event's quantity is what the model counts of it and what gives way elsewhere. Rows: the events of `published`
   for which that fails, or that no longer exist there. #}
{% test tonnes_close(model, published, replaced) %}
    with parts as (
        select credit_id, quantity from {{ model }}
        union all
        select credit_id, quantity from {{ replaced }}
    ),
    summed as (
        select credit_id, sum(quantity) as quantity from parts group by credit_id
    )
    select coalesce(published.credit_id, summed.credit_id) as credit_id, published.quantity as published, summed.quantity
    from {{ published }} as published
    full join summed on published.credit_id = summed.credit_id
    where published.quantity is distinct from summed.quantity
{% endtest %}
