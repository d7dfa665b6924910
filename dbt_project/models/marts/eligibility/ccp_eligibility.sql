{# Which blocks of units the Core Carbon Principles accept, and why not. #}
{{ eligibility_of('CCP', ref('stg_eligibility'), ref('credits')) }}
