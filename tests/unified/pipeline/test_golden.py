"""The reference's own results on the same real files: everything of it is in ours, and every difference has its number.

`offsetsdb-golden` is what carbonplan/offsets-db-data makes of `registries`. Each difference in a field of its schema is
listed by the deviation (D1 to D15 of the design) that explains it; any other fails. Blanks at the edges of texts, which the
reference keeps, are none. Where the reference knows no protocol,
type or category, ours may; where it knows one, ours is the same or listed. The harmonized beneficiary is not compared: its
rules are our own.
"""

import duckdb
import pytest

from carbon_assets.base.sqltext import literal
from carbon_assets.registries.cells import EDGE_BLANKS
from carbon_assets.registries.description import load_registries
from tests.kit.building import CONFIGS

pytestmark = pytest.mark.slow  # a whole run of real files

REGISTRIES = load_registries(CONFIGS)

# How a golden credit may differ from ours: deviation, condition on the golden row g and our row o of the same event.
CREDIT_DEVIATIONS = {
    "D1 Gold Standard cancellations are no retirements": """
        g.project_id like 'GLD%' and g.transaction_type = 'retirement' and o.transaction_type = 'cancellation'
        and {same_but_type}""",
    "D2 vintage is the year of the first date": """
        left(g.project_id, 3) in ('VCS', 'CCB') and o.vintage = year(o.vintage_start) and g.vintage = year(o.vintage_end)
        and {same_but_vintage}""",
    "D3 issuances of Verra are dated by their earliest issuance date": """
        g.project_id like 'VCS%' and g.transaction_type = 'issuance' and o.transaction_date < g.transaction_date
        and {same_but_date}""",
    "D4 Isometric issuances have no vintage unless the file says": """
        g.project_id like 'ISO%' and g.transaction_type = 'issuance' and g.vintage = 0 and o.vintage is null
        and {same_but_vintage}""",
    "D7 4th ARB compliance period": """
        o.source = 'arb/issuances' and g.transaction_date = '2022-11-01' and o.transaction_date = '2024-11-01'
        and {same_but_date}""",
    "D8 dropped texts are kept": """
        o.transaction_type <> 'issuance' and {same_but_texts}
        and coalesce(g.retirement_beneficiary, o.retirement_beneficiary, '') = coalesce(o.retirement_beneficiary, '')
        and coalesce(g.retirement_note, o.retirement_note, '') = coalesce(o.retirement_note, '')
        and coalesce(g.retirement_reason, o.retirement_reason, '') = coalesce(o.retirement_reason, '')
        and (left(g.project_id, 3) in ('ACR', 'ART') or g.project_id like 'ISO%' and g.retirement_reason is null)""",
}
# Our credits that the golden has no counterpart for.
ADDED_CREDITS = {
    "D6 ARB 5th period, invalidated, buffer and reversal tonnes": """
        o.source = 'arb/issuances'
        and (o.transaction_type = 'cancellation' and o.retirement_reason is not null
            or list_contains(o.labels, 'California 5th compliance period') and o.transaction_date is null)""",
}
FIELDS = [
    "project_id", "transaction_type", "quantity", "vintage", "transaction_date", "retirement_account",
    "retirement_beneficiary", "retirement_reason", "retirement_note", "transaction_url",
]  # fmt: skip
SUMMED = [
    f"{registry.id}/{name}" for registry in REGISTRIES.values() for name, t in registry.tables.items() if t.sum_by
]
TEXTS = {"retirement_beneficiary", "retirement_reason", "retirement_note"}


def _same(*but: str) -> str:
    return " and ".join(f"g.{f} is not distinct from o.{f}" for f in FIELDS if f not in but)


def _trimmed(*fields: str) -> str:
    """The reference keeps the blanks at the edges of cells."""
    return ", ".join(f"trim({field}, {literal(EDGE_BLANKS)}) as {field}" for field in fields)


@pytest.fixture(scope="module")
def con(real_data, real_run):
    golden = real_data / "offsetsdb-golden"
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"attach '{real_run.database}' as ours (read_only)")
    con.execute(f"""
        create table golden_credits as
        select row_number() over () as row, * replace (
            quantity::decimal(18, 6) as quantity, vintage::integer as vintage, transaction_date::date as transaction_date,
            {_trimmed("retirement_account", *sorted(TEXTS))}
        ) from '{golden}/credits.parquet'
    """)
    # The reference sums rows of an issuance whatever their labels; here those that differ in them are events of their own.
    event = "source, project_id, transaction_type, transaction_date, vintage"
    con.execute(f"""
        create table our_credits as
        with parts as (
            select
                *, source in ({", ".join(map(literal, SUMMED))}) as is_part,
                row_number() over (partition by {event} order by credit_id) as part,
                sum(quantity) over (partition by {event}) as whole
            from ours.marts.credits
        )
        select * exclude (is_part, part, whole) replace (if(is_part, whole, quantity)::decimal(18, 6) as quantity)
        from parts where not is_part or part = 1
    """)
    con.execute(f"""
        create view golden_projects as select * replace ({_trimmed("name", "proponent")}) from '{golden}/projects.parquet'
    """)
    con.execute("create view our_projects as from ours.marts.projects")
    return con


@pytest.fixture(scope="module")
def explained(con):
    """Pair golden and our credits one to one: equal ones first, then by each deviation; what is left is unexplained."""
    conditions = {"equal": _same()} | {
        name: condition.format(
            same_but_type=_same("transaction_type"),
            same_but_vintage=_same("vintage"),
            same_but_date=_same("transaction_date"),
            same_but_texts=_same(*TEXTS),
        )
        for name, condition in CREDIT_DEVIATIONS.items()
    }
    counts = {}
    for name, condition in conditions.items():
        con.execute(f"""
            create or replace table pairs as
            with candidates as (
                select g.row, o.credit_id,
                    row_number() over (partition by g.row order by o.credit_id) as a,
                    row_number() over (partition by o.credit_id order by g.row) as b
                from golden_credits g join our_credits o on {condition}
            )
            select row, credit_id from candidates where a = b
        """)
        counts[name] = con.execute(
            "select count(distinct row), count(distinct credit_id), count(*) from pairs"
        ).fetchone()
        assert len(set(counts[name])) == 1, f"{name}: the pairing is not one to one"
        con.execute("delete from golden_credits where row in (select row from pairs)")
        con.execute("delete from our_credits where credit_id in (select credit_id from pairs)")
    for name, condition in ADDED_CREDITS.items():
        counts[name] = con.execute(f"select count(*) from our_credits o where {condition}").fetchone()
        con.execute(
            f"delete from our_credits where credit_id in (select credit_id from our_credits o where {condition})"
        )
    return {name: count[0] for name, count in counts.items()}


def test_every_golden_credit_is_ours_but_for_the_deviations(con, explained):
    assert con.execute("from golden_credits").df().to_dict("records") == []


def test_we_have_no_credit_that_nothing_explains(con, explained):
    assert con.execute("from our_credits").df().to_dict("records") == []


def test_each_deviation_occurs_as_often_as_the_raw_files_say(explained):
    """A deviation that grows would hide a new difference.

    Counted in the raw files: 6 `Canceled` rows; 18 Cercarbono periods over several years; 17 Verra periods seen only in
    rows retired later; 100 Isometric issuances; 10 cells of the 4th period; the retirements of ACR (100), ART (8) and
    Isometric (100, less one that states no purpose); 17 + 3 ARB cells.
    """
    assert explained == {
        "equal": 1110,
        "D1 Gold Standard cancellations are no retirements": 6,
        "D2 vintage is the year of the first date": 18,
        "D3 issuances of Verra are dated by their earliest issuance date": 17,
        "D4 Isometric issuances have no vintage unless the file says": 100,
        "D7 4th ARB compliance period": 10,
        "D8 dropped texts are kept": 207,
        "D6 ARB 5th period, invalidated, buffer and reversal tonnes": 20,
    }


IS_TOLD_THERE = "(o.is_placeholder and o.facts_sources is not null) is not true"
"""What transactions state of a project that no file lists, the reference does not look at."""


def test_the_reference_knows_nothing_of_what_only_transactions_state(con):
    counts = con.execute(f"""
        select count(*), count(o.name),
            count(g.name), count(g.proponent), count(g.country), count(g.protocol), count(g.protocol_unassigned)
        from golden_projects g join our_projects o using (project_id) where not ({IS_TOLD_THERE})
    """).fetchone()
    assert counts == (379, 379, 0, 0, 0, 0, 0)


def _differences(con, field: str, ours: str, golden: str = "", where: str = "true") -> list[dict]:
    rows = con.execute(f"""
        select o.project_id, {golden or "g." + field} as golden, {ours} as ours, o.registry
        from golden_projects g join our_projects o using (project_id)
        where {golden or "g." + field} is distinct from {ours} and {where}
    """).fetchall()
    return [dict(zip(("project_id", "golden", "ours", "registry"), row, strict=True)) for row in rows]


def test_every_golden_project_is_ours_but_for_the_curated_ones_that_nothing_mentions(con):
    """D15: the reference appends four projects by hand whatever the input; no credit of these files names them."""
    missing = con.execute(
        "select project_id from golden_projects except select project_id from our_projects"
    ).fetchall()
    assert sorted(missing) == [("CCB106",), ("CCB107",), ("VCSOPR10",), ("VCSOPR2",)]


def test_projects_that_only_we_have_are_placeholders_of_cancelled_credits(con):
    """D9: the reference makes no placeholder for an id that has only cancellations."""
    added = con.execute("""
        select project_id, is_placeholder, issued + retired as moved, cancelled
        from our_projects where project_id not in (select project_id from golden_projects)
    """).fetchall()
    assert len(added) == 29
    assert all(is_placeholder and moved == 0 and cancelled > 0 for _, is_placeholder, moved, cancelled in added)


@pytest.mark.parametrize(
    ("field", "ours", "golden"),
    [
        ("registry", "o.registry", ""),
        ("name", "o.name", ""),
        ("project_url", "o.project_url", ""),
        ("listed_at", "o.listed_at", "g.listed_at::date"),
        ("issued", "o.issued", "g.issued::decimal(38, 6)"),
    ],
)
def test_project_fields_without_deviation_are_equal(con, field, ours, golden):
    assert _differences(con, field, ours, golden, IS_TOLD_THERE if field == "name" else "true") == []


def test_proponents_differ_only_where_the_reference_drops_them(con):
    """D8: ACR's Project Developer."""
    differences = _differences(con, "proponent", "o.proponent", where=IS_TOLD_THERE)
    assert len(differences) == 50
    assert all(d["registry"] == "american-carbon-registry" and d["golden"] is None for d in differences)


def test_statuses_differ_only_where_the_reference_knows_none(con):
    """D5."""
    differences = _differences(con, "status", "o.status")
    assert len(differences) == 105
    assert {d["golden"] for d in differences} <= {"unknown", "active"}
    assert {d["ours"] for d in differences} <= {"listed", "registered", "completed"}


def test_countries_differ_only_where_the_reference_finds_none(con):
    """D11: two by their ISO code; two name no single country and stay NULL."""
    differences = _differences(con, "country", "o.country", where=IS_TOLD_THERE)
    assert sorted((d["golden"], str(d["ours"])) for d in differences) == [
        ("not found", "India"), ("not found", "None"), ("not found", "None"), ("not found", "United States"),
    ]  # fmt: skip


def test_compliance_differs_only_for_arb_and_ecology(con):
    """D10: in the ARB table, or under a Washington Ecology protocol. Of the placeholders, whose protocols the reference does not
    know, those under a protocol of either."""
    differences = _differences(con, "is_compliance", "o.is_compliance")
    listed = _differences(con, "is_compliance", "o.is_compliance", where=IS_TOLD_THERE)
    in_arb = {
        p
        for (p,) in con.execute(
            "select distinct project_id from ours.marts.credits where source like 'arb/%'"
        ).fetchall()
    }
    ecology = {
        p
        for (p,) in con.execute(
            "select project_id from our_projects where protocol_raw ~ '.*(ECY|WA ECO) Compliance.*'"
        ).fetchall()
    }
    under_arb = {
        p
        for (p,) in con.execute(
            "select project_id from our_projects where is_placeholder and protocol_raw ~ '.*ARB Compliance.*'"
        ).fetchall()
    }
    assert (len(listed), len(differences)) == (6, 111)
    assert all(d["ours"] and d["project_id"] in in_arb | ecology for d in listed)
    assert all(d["ours"] and d["project_id"] in in_arb | ecology | under_arb for d in differences)


def test_retired_tonnes_differ_only_by_gold_standard_cancellations_and_arb_5th_period(con):
    """D1 and D6."""
    differences = {
        d["project_id"]: d["ours"] - d["golden"]
        for d in _differences(con, "retired", "o.retired", "g.retired::decimal(38, 6)")
    }
    by_rule = con.execute("""
        select project_id, sum(if(source = 'arb/issuances', quantity, -quantity))
        from ours.marts.credits
        where source = 'gold-standard/retirements' and transaction_type = 'cancellation'
            or list_contains(labels, 'California 5th compliance period')
        group by project_id
    """).fetchall()
    assert differences == dict(by_rule)


def test_first_dates_differ_only_by_earlier_issuances_and_the_4th_arb_deadline(con):
    """D3 and D7."""
    issuance = _differences(con, "first_issuance_at", "o.first_issuance_at", "g.first_issuance_at::date")
    retirement = _differences(con, "first_retirement_at", "o.first_retirement_at", "g.first_retirement_at::date")
    assert len(issuance) == 13
    assert all(d["registry"] == "verra" and d["ours"] < d["golden"] for d in issuance)
    assert [(str(d["golden"])[:10], str(d["ours"])[:10]) for d in retirement] == [("2022-11-01", "2024-11-01")] * 2


# Projects whose protocols are not the reference's, and why.
PROTOCOLS_DIFFER = {
    "VCS5878": ("VMR0012", ["vmr0012"]),  # the reference does not know it
    "VCS5955": ("VMR0016", ["vmr0016"]),  # the reference does not know it
    "ISOF5X7": ("ocean-alkalinity-enhancement", ["iso-ocean"]),  # the reference does not know it
    # The reference takes every project of ART for one under TREES.
    "ART126": ("FCPF - Carbon Fund Methodological Framework", ["fcpf-carbon-fund"]),
    "ART130": ("FCPF - Carbon Fund Methodological Framework", ["fcpf-carbon-fund"]),
}
# Projects under several protocols: ours is the category of the protocol that the type comes from, golden that of the first.
CATEGORIES_DIFFER = {
    "VCS5871": ("fuel-switching", "ghg-management", "Manure Biodigester"),
    "VCS5880": ("fuel-switching", "energy-efficiency", "Electric Vehicle"),
    "VCS5881": ("fuel-switching", "energy-efficiency", "Electric Vehicle"),
    "VCS5920": ("renewable-energy", "energy-efficiency", "Electric Vehicle"),
}


def test_protocols_are_those_of_the_reference_but_where_it_is_wrong(con):
    """As sets: the reference's order is not the text's."""
    rows = con.execute(f"""
        select project_id, o.protocol_raw, o.protocol
        from golden_projects g join our_projects o using (project_id)
        where list_sort(g.protocol) is distinct from list_sort(o.protocol) and {IS_TOLD_THERE}
    """).fetchall()
    assert {id_: (text, ours) for id_, text, ours in rows} == PROTOCOLS_DIFFER


def test_what_is_left_unassigned_is_what_the_reference_leaves_but_for_protocols_that_it_does_not_know(con):
    """Of texts that it partly knows the reference leaves nothing, and neither do we on these files."""
    differences = _differences(con, "protocol_unassigned", "o.protocol_unassigned", where=IS_TOLD_THERE)
    unknown_there = {id_: [text] for id_, (text, _) in PROTOCOLS_DIFFER.items() if not id_.startswith("ART")}
    assert {d["project_id"]: d["golden"] for d in differences} == unknown_there
    assert [d for d in differences if d["ours"] is not None] == []


def test_types_are_those_of_the_reference_where_it_knows_one(con):
    differences = _differences(con, "project_type", "o.project_type")
    assert {d["golden"] for d in differences} == {"Unknown"}
    compared = con.execute("""
        select count(*) from golden_projects g join our_projects o using (project_id)
        where g.project_type = o.project_type and g.project_type <> 'Unknown'
    """).fetchone()
    assert compared[0] > 150


def test_categories_are_those_of_the_reference_where_it_knows_one_but_of_several_protocols(con):
    rows = con.execute("""
        select project_id, g.category, o.category, o.project_type
        from golden_projects g join our_projects o using (project_id)
        where g.category <> o.category and g.category <> 'unknown'
    """).fetchall()
    assert {id_: tuple(row) for id_, *row in rows} == CATEGORIES_DIFFER
    several = con.execute("select project_id from our_projects where len(protocol) > 1").fetchall()
    assert set(CATEGORIES_DIFFER) <= {id_ for (id_,) in several}


def share(con, condition: str) -> float:
    """Of the projects that registries list, how many."""
    return con.execute(f"select avg(({condition})::integer) from our_projects where not is_placeholder").fetchone()[0]


def test_few_real_projects_are_without_type_or_category(con):
    assert share(con, "true") == 1
    assert share(con, "project_type = 'Unknown'") <= 0.15
    assert share(con, "category = 'unknown'") <= 0.05


@pytest.mark.parametrize("registry", ["gold-standard", "cercarbono", "isometric"])
def test_every_real_project_of_these_registries_is_typed(con, registry):
    typed = con.execute(
        "select project_type <> 'Unknown', count(*) from our_projects where registry = ? and not is_placeholder group by 1",
        [registry],
    ).fetchall()
    assert typed == [(True, 50)]


def test_the_entries_by_which_cercarbono_tries_its_register_out_are_typed_as_such_and_of_no_category(con):
    """They are the only typed projects without a category: no project stands behind them."""
    without = con.execute("""
        select distinct registry, project_type, project_type_source from our_projects
        where category = 'unknown' and not is_placeholder
    """).fetchall()
    assert without == [("cercarbono", "Registry Test Entry", "override")]


def test_no_word_for_a_type_is_unexplained_on_real_files(con):
    assert con.execute("select raw from ours.marts.unknown_values where field = 'project_type'").fetchall() == []
