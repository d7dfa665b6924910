{# No block of units is left out: every issuance that counts stands in the model, with the tonnes that count, once for each phase that
   the model knows. Rows: the issuances for which that fails. #}
{% test every_issuance_is_judged(model, credits) %}
    with phases as (
        select count(*) as phases from (select distinct phase from {{ model }})
    ),
    judged as (
        select credit_id, count(*) as phases, min(quantity) as least, max(quantity) as most from {{ model }} group by credit_id
    )
    select issued.credit_id
    from (select * from {{ credits }} where transaction_type = 'issuance') as issued
    left join judged on issued.credit_id = judged.credit_id
    where
        judged.phases is distinct from (select phases from phases)
        or judged.least is distinct from issued.quantity
        or judged.most is distinct from issued.quantity
{% endtest %}
