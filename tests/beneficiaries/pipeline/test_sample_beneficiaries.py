"""Who used the credits of the bundled samples: what their README says of names comes out so, and the marts agree."""

import pytest

ENTITIES = {
    "Northwind Paper": {
        "Northwind Paper Co", "Northwind Paper Co.", "NORTHWIND PAPER CO", "NORTHWIND PAPER CO.",
        "Northwind Paper Company",
    },
    "Galdenstone Mining L": {"Galdenstone Mining Ltd", "Galdenstone Mining Limited"},
    "Zephyrine": {"Zephyrine Foods", "Zephyrine Foods Ltd.", "Zephyrine Foods, Inc."},
    "Hollowmoss": {"Hollowmoss Insurance", "Hollowmoss Insurance plc"},
    "Tarnwick": {"Tarnwick Software", "Tarnwick Software Inc.", "TARNWICK SOFTWARE INC"},
}  # fmt: skip
"""How the name of an invented company begins, and how the samples spell it."""


@pytest.mark.parametrize("beginning", ENTITIES)
def test_the_spellings_of_one_company_are_one_entity(beginning, sample_run):
    ((name, spellings, registries),) = sample_run.sql(f"""
        select beneficiary, spellings, len(registries) from marts.beneficiaries where beneficiary ilike '{beginning}%'
    """)
    assert set(spellings) == ENTITIES[beginning]
    assert name in spellings
    assert registries > 1


def test_companies_that_only_share_a_word_stay_apart(sample_run):
    """A parent, its services and a namesake abroad are not said to be one."""
    found = sample_run.sql("""
        select count(*) from marts.beneficiaries where beneficiary ilike '%brackenfold%' or beneficiary ilike '%galdenstone%'
    """)
    assert found == [(4,)]


# Part of a text: the user that it names, or None.
READ = {
    "retired on behalf of brackenfold bank and its wholly owned": "Brackenfold Bank",
    "bright canopy retiring on behalf of maison orfée": "Maison Orfée",
    "retirados a nombre de galletas el búho": "Galletas El Búho S.A. de C.V.",
    "retired on behalf of wrenfield hotels for their carpets": "Wrenfield Hotels",
    "anonymously": None,
    "no owner - contributing": None,
    "boda de inés y tomás": None,
}


@pytest.mark.parametrize("text", READ)
def test_names_are_read_out_of_notes_and_cells(text, sample_run):
    named = sample_run.sql(f"""
        select distinct retirement_beneficiary_harmonized from marts.credits
        where transaction_type = 'retirement' and contains(lower(concat_ws(' ', retirement_beneficiary, retirement_note)), '{text}')
    """)
    assert named == [(READ[text],)]


def test_account_holders_are_named_only_where_they_say_that_it_is_for_themselves(sample_run):
    found = sample_run.sql("""
        select retirement_account, retirement_beneficiary_harmonized from marts.credits
        where retirement_account in ('Red River Forest Office', 'Otter Creek Landfill Authority') and transaction_type = 'retirement'
        order by 1
    """)
    assert found == [("Otter Creek Landfill Authority", None), ("Red River Forest Office",) * 2]


def test_beneficiaries_are_the_sums_of_their_retirements(sample_run):
    by_credit = sample_run.sql("""
        select retirement_beneficiary_harmonized, sum(quantity), count(*), min(transaction_date), max(transaction_date),
            count(distinct project_id), list_sort(list(distinct registry))
        from marts.credits
        where transaction_type = 'retirement' and retirement_beneficiary_harmonized is not null
        group by 1 order by 1
    """)
    mart = sample_run.sql("""
        select beneficiary, retired, retirements, first_retirement_at, last_retirement_at, projects, registries
        from marts.beneficiaries order by 1
    """)
    assert len(mart) > 25
    assert mart == by_credit


def test_every_entity_has_its_spellings_and_a_confidence(sample_run):
    lacking = sample_run.sql("""
        select beneficiary from marts.beneficiaries
        where coalesce(len(spellings), 0) = 0 or coalesce(len(methods), 0) = 0 or confidence is null
    """)
    assert lacking == []


def test_a_single_user_is_the_one_of_those_named(sample_run):
    differing = sample_run.sql("""
        select credit_id from marts.credits
        where retirement_beneficiary_harmonized is not null
            and beneficiaries_named is distinct from [retirement_beneficiary_harmonized]
    """)
    assert differing == []


def test_every_retirement_was_read_once(sample_run):
    """Also those that the ARB table replaces in the marts: the table is made of the credits of all registries."""
    credits, beneficiaries = (
        f"'{sample_run.settings.table('harmonized', name)}'" for name in ("credits", "beneficiaries")
    )
    ((rows, tonnes),) = sample_run.sql(
        f"select count(*), sum(quantity) from {credits} where transaction_type = 'retirement'"
    )
    assert sample_run.sql(f"select sum(transactions), sum(quantity) from {beneficiaries}") == [(rows, tonnes)]


def test_most_retirements_of_a_named_user_are_named(sample_run):
    ((named, all_),) = sample_run.sql("""
        select count(retirement_beneficiary_harmonized), count(*) from marts.credits where transaction_type = 'retirement'
            and retirement_beneficiary not in ('N/A', 'Not public', 'Not Disclosed')
    """)
    assert named / all_ > 0.9


def test_the_heaviest_user_stands_first(sample_run):
    stored = [-tonnes for (tonnes,) in sample_run.sql("select retired from marts.beneficiaries")]
    assert stored == sorted(stored)


@pytest.mark.parametrize("name", ["northwind", "Northwind Paper", "NORTHWIND"])
def test_a_search_finds_all_retirements_of_an_entity(name, sample_run):
    found = sample_run.sql(f"""
        select count(*), sum(quantity) from marts.retirements_naming('{name}')
        where retirement_beneficiary_harmonized ilike 'Northwind Paper%'
    """)
    entity = sample_run.sql(
        "select retirements, retired from marts.beneficiaries where beneficiary ilike 'Northwind Paper%'"
    )
    assert found == entity


def test_a_search_finds_accounts_and_ignores_accents(sample_run):
    """Where the account holder is a broker, its name stands in no other text."""
    ((brokered,),) = sample_run.sql("select count(*) from marts.retirements_naming('harbour lamp')")
    assert brokered > 5
    assert sample_run.sql("select count(*) from marts.retirements_naming('cafe de la brume')") == sample_run.sql(
        "select retirements from marts.beneficiaries where beneficiary = 'Café de la Brume'"
    )


def test_the_report_counts_the_texts_by_how_they_were_named(sample_run):
    (line,) = [line for line in sample_run.report.lines if line.startswith("retirement texts named by: ")]
    said = dict(part.rsplit(" ", 1) for part in line.split(": ")[1].split(", "))
    table = f"'{sample_run.settings.table('harmonized', 'beneficiaries')}'"
    counts = sample_run.sql(f"select coalesce(method, 'nobody'), count(*) from {table} group by 1")
    assert {word: int(n) for word, n in said.items()} == dict(counts)
    assert set(said) >= {"pattern", "fingerprint", "nobody"}
