-- Macros of the published file about who used credits. Marts themselves belong in dbt_project/.

-- Every retirement of which one of the five texts holds the name, whatever its case and accents.
create macro marts.retirements_naming(name) as table
select * from marts.credits
where
    transaction_type = 'retirement'
    and contains(
        strip_accents(lower(concat_ws(
            ' | ',
            retirement_beneficiary_harmonized,
            retirement_beneficiary,
            retirement_account,
            retirement_note,
            retirement_reason
        ))),
        strip_accents(lower(name))
    );
