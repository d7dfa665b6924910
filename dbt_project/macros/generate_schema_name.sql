{# A model's schema is exactly what dbt_project.yml says, so that schema = layer = key prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
