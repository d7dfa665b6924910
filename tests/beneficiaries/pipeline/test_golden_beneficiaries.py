"""The reference's beneficiaries on the same real files: whom its history names, ours names too, or it is said why not.

`openrefine/x1_cells_387.csv` is what the reference's published history makes of its own table of `registries`; a text in
which parts are still joined by ';%' was not merged and is no name.
"""

import duckdb
import pytest

from carbon_assets.beneficiaries.reader import BeneficiaryReader

pytestmark = pytest.mark.slow  # a whole run of real files

# Name there -> (ours, part of the note that says why).
DIFFER = {
    ("Lenovo", None): "On behalf of Lenovo Clients",
    ("Patch clients", None): "On behalf of Patch's customers",
    ("Maple Leaf Foods", "Canada Packers"): "Carbon Neutrality for Canada Packers",
}
OTHER_NAMES = {"Petromil": "Petróleos del Milenio"}
"""The same entity under a name with other words."""


@pytest.fixture(scope="module")
def reader(real_run) -> BeneficiaryReader:
    return BeneficiaryReader(real_run.settings.configs)


@pytest.fixture(scope="module")
def pairs(real_data, real_run) -> list[tuple[int, str, str | None, str | None]]:
    """For each row that the reference names: row, its name, ours, the note. Texts that the reference drops are ours (D8)."""
    with duckdb.connect(str(real_run.database), read_only=True) as con:
        return con.execute(
            """
            with theirs as (
                select row_number() over () as row, * replace (
                    quantity::decimal(18, 6) as quantity, left(transaction_date, 10)::date as transaction_date
                )
                from read_csv($cells, header = true, all_varchar = true, nullstr = '')
            )
            select distinct row, merged_beneficiary, retirement_beneficiary_harmonized, o.retirement_note
            from theirs t join marts.credits o
                on (o.project_id, o.transaction_type, o.quantity) = (t.project_id, t.transaction_type, t.quantity)
                and o.transaction_date is not distinct from t.transaction_date
                and o.retirement_account is not distinct from t.retirement_account
                and o.retirement_beneficiary is not distinct from coalesce(t.retirement_beneficiary, o.retirement_beneficiary)
                and o.retirement_note is not distinct from coalesce(t.retirement_note, o.retirement_note)
            where not contains(merged_beneficiary, ';%')
            order by all
            """,
            {"cells": str(real_data / "openrefine" / "x1_cells_387.csv")},
        ).fetchall()


def are_one(reader: BeneficiaryReader, theirs: str, ours: str) -> bool:
    """Whether two names are of one entity: a company's full name holds the short one, and blanks do not count."""
    short, full = (reader.key(name).replace(" ", "") for name in (OTHER_NAMES.get(theirs, theirs), ours))
    return short in full


def test_whom_the_reference_names_we_name_too_or_say_why_not(pairs, reader):
    differing = [(name, ours, note) for _, name, ours, note in pairs if not (ours and are_one(reader, name, ours))]
    assert {(name, ours) for name, ours, _ in differing} == set(DIFFER)
    assert [(name, note) for name, ours, note in differing if DIFFER[name, ours] not in (note or "")] == []


def test_all_names_of_the_reference_were_compared(pairs):
    assert len(pairs) == len({row for row, *_ in pairs}) == 76


def test_two_entities_of_the_reference_are_not_one_of_ours(pairs):
    ours = {(name, ours) for _, name, ours, _ in pairs if ours}
    assert len({name for name, _ in ours}) == len({ours for _, ours in ours}) - 1, "Canada Packers is one more"


def test_we_name_most_real_retirements_and_several_times_as_many_as_the_reference(real_run, pairs):
    ((named, all_),) = real_run.sql("""
        select count(retirement_beneficiary_harmonized), count(*) from marts.credits where transaction_type = 'retirement'
    """)
    assert named > 5 * len(pairs)
    assert named > all_ / 2
