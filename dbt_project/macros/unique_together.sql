{# A key of several columns: no two rows agree in all of them. #}
{% test unique_together(model, combination_of_columns) %}
    select "{{ combination_of_columns | join('", "') }}"
    from {{ model }}
    group by all
    having count(*) > 1
{% endtest %}
