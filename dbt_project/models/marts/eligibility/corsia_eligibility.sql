{# Which blocks of units CORSIA accepts in which phase, and why not. #}
{{ eligibility_of('CORSIA', ref('stg_eligibility'), ref('credits')) }}
