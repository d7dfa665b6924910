"""The rules of time and serial numbers: each finds the one thing that breaks it, and nothing in what is right."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon_assets.integrity import findings
from carbon_assets.integrity import schema as integrity_schema
from carbon_assets.integrity.rules import load_rules
from carbon_assets.unified import schema as unified_schema
from tests.kit.effort import examples
from tests.kit.findings_tables import arb, connection, dated, event, found, project, registries, write
from tests.kit.places import CONFIGS

KEY = "ACR-US-1-2020-5"
GS = "GS1-1-KE-GS7-16-2020-3"
VERRA = "VCS-VCU-1-VER-BR-14-1-01012020-31122020-0"


def acr(first: int, last: int, key: str = KEY) -> str:
    return f"{key}-{first} to {last}"


RIGHT = [
    event("i", "issuance", quantity=100, vintage=2020, vintage_start="2020-01-01", vintage_end="2020-12-31",
          transaction_date="2021-03-01"),
    event("r1", "retirement", quantity=10, vintage=2020, issued_on="2021-03-01", transaction_date="2021-04-01",
          serial_number=acr(1, 10)),
    event("r2", "retirement", quantity=20, vintage=2020, issued_on="2021-03-01", transaction_date="2021-03-01",
          serial_number=acr(11, 30)),
    event("c", "cancellation", quantity=5, vintage=2020, transaction_date="2022-03-01", serial_number=acr(31, 35)),
    # Two blocks of one issuance, one of them retired in parts.
    event("gi", "issuance", "GLD7", 60, vintage=2020, transaction_date="2021-05-05",
          serial_number=f"{GS}-1-50; {GS}-61-70"),
    event("g1", "retirement", "GLD7", 40, vintage=2020, issued_on="2021-05-05", transaction_date="2021-06-01",
          serial_number=f"{GS}-11-50"),
    event("g2", "cancellation", "GLD7", 10, vintage=2020, serial_number=f"{GS}-61-70"),
    # No issuance that is known holds its block.
    event("g3", "retirement", "GLD7", 5, transaction_date="2021-01-01", serial_number=f"{GS}-56-60"),
    # Issued on the first day of a vintage that begins on the last of the crediting period.
    event("edge", "issuance", "ACR1", 1, vintage=2030, vintage_start="2030-12-31", transaction_date="2030-12-31"),
    # Verra counts its units over all projects.
    event("vi", "issuance", "VCS1", 100, vintage=2020, vintage_start="2020-01-01", vintage_end="2020-12-31",
          transaction_date="2021-02-02", issued_on="2021-02-02"),
    event("v1", "retirement", "VCS1", 10, vintage=2020, vintage_start="2020-01-01", vintage_end="2020-12-31",
          issued_on="2021-02-02", transaction_date="2021-02-03", serial_number=f"7-1001-1010-{VERRA}"),
    # A year that was read off a period; a block whose units count from 0.
    event("b", "retirement", "CCB9", 10, vintage=2020, transaction_date="2022-01-01",
          serial_number="CDC_9_1_1_321_14_1_2020", serial_key="CDC_9_1_1_321_14_1_2020", serial_start=0, serial_end=9),
    event("bi", "issuance", "CCB9", 500, vintage=2020, vintage_start="2020-12-16", vintage_end="2021-12-21",
          transaction_date="2022-01-01", serial_number="CDC_9_1_1_321_14_CO_1_2_2021"),
    arb("a", "ACR1", 5, vintage=2020, transaction_date="2022-02-01", serial_number="CAOD0001-A"),
    arb("a1", "ACR1", 5, "retirement", vintage=2020, transaction_date="2022-11-01", serial_number="CAOD0001-A"),
]  # fmt: skip
PROJECTS = [
    project("ACR1", "2011-01-01", "2030-12-31"),
    project("VCS1", "2021-01-01", None),
    project("GLD7", None, None),
]


def changed(credit_id: str, **cells: object) -> list[dict]:
    """What is right, with one row changed."""
    (row,) = [row for row in RIGHT if row["credit_id"] == credit_id]
    return [dated(row | cells) if other is row else other for other in RIGHT]


def more(credit_id: str, kind: str, project_id: str, quantity: float, **cells: object) -> list[dict]:
    """What is right, and one row more."""
    return [*RIGHT, event(credit_id, kind, project_id, quantity, **cells)]


def told(rows: list[dict]) -> list[tuple]:
    return [(row["rule"], row["credit_id"], row["other_credit_id"], row["quantity"]) for row in rows]


def test_nothing_is_found_where_nothing_is_wrong(tmp_path):
    assert found(tmp_path, RIGHT, PROJECTS) == []


DEFECTS = {
    "retirement moved before its issuance": (
        changed("r1", transaction_date="2021-02-28"), ("ended_before_its_issuance", "r1", None, 10)
    ),
    "retirement moved before the issuance of its block": (
        changed("g1", issued_on=None, transaction_date="2021-05-04"),
        ("ended_before_its_block_was_issued", "g1", "gi", 40),
    ),
    "the row gives a wrong day of issuance": (
        changed("g1", issued_on="2021-01-01", transaction_date="2021-05-04"),
        ("ended_before_its_block_was_issued", "g1", "gi", 40),
    ),
    "cancellation before the first issuance of project and vintage": (
        changed("c", transaction_date="2021-02-28"), ("ended_before_the_first_issuance", "c", "i", 5)
    ),
    "issuance before its vintage": (
        changed("i", vintage_start="2021-04-01", vintage_end="2021-12-31"), ("issued_before_its_vintage", "i", None, 100)
    ),
    "issuance before its vintage year": (
        changed("a", vintage=2023), ("issued_before_its_vintage", "a", None, 5)
    ),
    "end shifted by one": (
        changed("v1", serial_number=f"7-1001-1011-{VERRA}"), ("quantity_differs_from_its_serial", "v1", None, 1)
    ),
    "end shifted into the next block": (
        changed("r1", serial_number=acr(1, 11)), ("quantity_differs_from_its_serial", "r1", None, 1)
    ),
    "one of several blocks shifted": (
        changed("gi", serial_number=f"{GS}-1-50; {GS}-61-72"), ("quantity_differs_from_its_serial", "gi", None, 2)
    ),
    "a serial number with a slip": (
        changed("c", serial_number="ACR-US-1-2020-31 to 35"), ("serial_not_well_formed", "c", None, 5)
    ),
    "one of several serial numbers with a slip": (
        changed("gi", serial_number=f"{GS}-1-50; {GS}-61"), ("serial_not_well_formed", "gi", None, 60)
    ),
    "an identifier with a slip": (
        changed("a", serial_number="CAOD0001"), ("serial_not_well_formed", "a", None, 5)
    ),
    "a block retired again": (
        more("again", "retirement", "ACR1", 10, vintage=2020, transaction_date="2023-01-01", serial_number=acr(1, 10)),
        ("units_ended_twice", "again", "r1", 10),
    ),
    "a retired block cancelled too": (
        more("again", "cancellation", "ACR1", 4, vintage=2020, transaction_date="2023-01-01", serial_number=acr(28, 31)),
        # It takes the end of one block and the beginning of the next.
        [("units_ended_twice", "again", "r2", 3), ("units_ended_twice", "c", "again", 1)],
    ),
    "a block issued again": (
        more("again", "issuance", "GLD7", 40, vintage=2020, transaction_date="2023-01-01", serial_number=f"{GS}-11-50"),
        ("units_issued_twice", "again", "gi", 40),
    ),
    "a block issued in two revisions": (
        [*RIGHT, *(
            event(id_, "issuance", "CCB9", quantity, vintage=year, transaction_date="2024-03-07",
                  serial_number=f"CDC_9_1_1_321_14_{revision}_XX_CO_1_4_{year}")
            for id_, revision, quantity, year in
            (("six", "R6", 200, 2022), ("seven", "R7", 150, 2022), ("other", "R7", 50, 2023))
        )],
        ("block_issued_in_two_revisions", "seven", "six", 150),
    ),
    "units of another project retired": (
        more("again", "retirement", "VCS2", 1, vintage=2020, transaction_date="2023-01-01",
             serial_number="8-1005-1005-VCU-1-APX-BR-14-2-01012020-31122020-0"),
        ("units_ended_twice", "again", "v1", 1),
    ),
    "another project than its serial number": (
        changed("c", serial_number=acr(31, 35, "ACR-US-2-2020-5")), ("serial_of_another_project", "c", None, 5)
    ),
    "another vintage than its serial number": (
        changed("c", serial_number=acr(31, 35, "ACR-US-1-2021-5")), ("serial_of_another_vintage", "c", None, 5)
    ),
    "other days than its serial number": (
        changed("v1", vintage_end="2020-12-30"), ("serial_of_another_vintage", "v1", None, 10)
    ),
    "a vintage after the crediting period": (
        more("late", "issuance", "ACR1", 7, vintage=2031, transaction_date="2032-01-01"),
        ("vintage_after_all_crediting_periods", "late", None, 7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_found_and_nothing_else(defect, tmp_path):
    rows, expected = DEFECTS[defect]
    assert told(found(tmp_path, rows, PROJECTS)) == (expected if isinstance(expected, list) else [expected])


def test_every_rule_of_transactions_is_broken_here():
    broken = {
        rule
        for _, expected in DEFECTS.values()
        for rule, *_ in (expected if isinstance(expected, list) else [expected])
    }
    assert broken == {rule.name for rule in findings.RULES if not rule.name.startswith("crediting_period")}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(seed, tmp_path):
    rows = [row for rows, _ in DEFECTS.values() for row in rows]
    rows = [row for place, row in enumerate(rows) if row not in rows[:place]]
    rows = [{**row, "credit_id": f"{place:03}"} for place, row in enumerate(rows)]
    first = found(tmp_path, rows, PROJECTS)
    assert len({row["rule"] for row in first}) > 8
    random.Random(seed).shuffle(rows)
    assert found(tmp_path, rows, PROJECTS) == first


def test_an_issuance_tells_what_its_retirements_need_not_repeat(tmp_path):
    rows = [
        event("i", "issuance", vintage=2022, transaction_date="2021-03-01"),
        event("r", "retirement", vintage=2022, issued_on="2021-03-01", transaction_date="2023-03-01"),
        event("alone", "retirement", "ACR2", vintage=2022, issued_on="2021-03-01", transaction_date="2023-03-01"),
    ]
    rules = told(found(tmp_path, rows, [project("ACR1", "2001-01-01", "2010-12-31")]))
    assert [(rule, credit_id) for rule, credit_id, *_ in rules] == [
        ("issued_before_its_vintage", "i"),
        ("issued_before_its_vintage", "alone"),
        ("vintage_after_all_crediting_periods", "i"),
    ]


def test_what_is_missing_breaks_no_rule(tmp_path):
    rows = [
        event("i", "issuance"),
        event("r", "retirement", serial_number=None),
        event("r2", "retirement", vintage=2020, issued_on="2021-03-01"),
        event("r3", "retirement", transaction_date="2021-03-01"),
        event("b", "issuance", "CCB9", 10, serial_number="CDC_9_1_1_321_14_1"),
    ]
    assert found(tmp_path, rows, [project("ACR1", None, None)]) == []


def test_a_registry_without_grammar_has_no_ill_formed_serials(tmp_path):
    row = event("r", "retirement", serial_number="whatever") | {"source": "somebody-else/retirements"}
    assert found(tmp_path, [row]) == []


def test_a_finding_says_whose_it_is_and_what_is_wrong(tmp_path):
    (row,) = found(tmp_path, DEFECTS["end shifted into the next block"][0], PROJECTS)
    assert (row["registry"], row["project_id"]) == ("american-carbon-registry", "ACR1")
    assert row["serial_number"] == acr(1, 11)
    assert row["finding"] == "11 units in 1 serial numbers, quantity 10"


def test_quantities_are_exact(tmp_path):
    rows = [event("r", "retirement", quantity="10.5", serial_number=acr(1, 10))]
    ((rule, _, _, quantity),) = told(found(tmp_path, rows))
    assert (rule, quantity) == ("quantity_differs_from_its_serial", Decimal("0.5"))


def test_the_heaviest_of_a_rule_comes_first(tmp_path):
    rows = [
        event(f"r{size}", "retirement", quantity=size, issued_on="2021-01-02", transaction_date="2021-01-01")
        for size in (3, 70, 20)
    ]
    assert [row["quantity"] for row in found(tmp_path, rows)] == [70, 20, 3]


# --- crediting periods ----------------------------------------------------------------------------------------------

PERIODS = {
    "one after the other": ([("2010-01-01", "2019-12-31"), ("2020-01-01", "2029-12-31")], []),
    "one begins on the day on which the other ends": ([("2010-01-01", "2020-01-01"), ("2020-01-01", "2029-12-31")], []),
    "extended": ([("2010-01-01", "2019-12-31"), ("2010-01-01", "2024-12-31")], []),
    "an end that is not known": ([("2010-01-01", None), ("2020-01-01", "2029-12-31")], []),
    "shortened, then renewed": (
        [("2010-01-01", "2029-12-31"), ("2010-01-01", "2019-12-31"), ("2020-01-01", "2029-12-31")], []
    ),
    "restated": ([("2010-01-01", "2019-12-31"), ("2010-06-01", "2020-05-31")], []),
    "restated to begin earlier": ([("2010-06-01", "2020-05-31"), ("2010-01-01", "2019-12-31")], []),
    "restated, then renewed": (
        [("2010-01-01", "2029-12-31"), ("2011-01-01", "2020-12-31"), ("2021-01-01", "2030-12-31")], []
    ),
    "overlapping by a month": ([("2010-01-01", "2019-12-31"), ("2019-12-01", "2029-12-31")], ["crediting_periods_overlap"]),
    "overlapping by half": ([("2018-01-01", "2027-12-31"), ("2023-01-01", "2032-12-31")], ["crediting_periods_overlap"]),
    "an earlier one published later": (
        [("2019-12-01", "2029-12-31"), ("2010-01-01", "2019-12-31")], ["crediting_periods_overlap"]
    ),
    "the third overlaps": (
        [("2000-01-01", "2009-12-31"), ("2010-01-01", "2019-12-31"), ("2018-01-01", "2027-12-31")],
        ["crediting_periods_overlap"],
    ),
    "ending before it begins": ([("2020-01-01", "2019-12-31")], ["crediting_period_ends_before_it_begins"]),
}  # fmt: skip


@pytest.mark.parametrize("case", PERIODS)
@pytest.mark.parametrize("now", [True, False], ids=["last is current", "all are past"])
def test_crediting_periods_of_one_project(case, now, tmp_path):
    periods, rules = PERIODS[case]
    past = [
        project("ACR1", *period, valid_from=datetime(2010 + place, 6, 1, tzinfo=UTC))
        for place, period in enumerate(periods)
    ]
    current = [project("ACR1", *periods[-1], registry="american-carbon-registry")] if now else []
    rows = found(tmp_path, [], current, past)
    assert [row["rule"] for row in rows] == rules
    assert all(row["project_id"] == "ACR1" and row["credit_id"] is None for row in rows)


def test_periods_of_two_projects_may_overlap(tmp_path):
    assert (
        found(tmp_path, [], [project("ACR1", "2010-01-01", "2019-12-31"), project("ACR2", "2015-01-01", "2024-12-31")])
        == []
    )


def test_a_vintage_within_an_earlier_or_later_period_breaks_no_rule(tmp_path):
    past = [project("ACR1", "2010-01-01", "2019-12-31")]
    now = [project("ACR1", "2020-01-01", "2029-12-31")]
    rows = [
        event(str(year), "issuance", vintage=year, transaction_date="2040-01-01") for year in (2005, 2015, 2025, 2030)
    ]
    assert [row["credit_id"] for row in found(tmp_path, rows, now, past)] == ["2030"]
    assert [row["credit_id"] for row in found(tmp_path, rows, [], past)] == ["2025", "2030"]


# --- overlaps, against comparing each with each ---------------------------------------------------------------------

_block = st.tuples(
    st.sampled_from(["issuance", "retirement", "cancellation"]),
    st.sampled_from([KEY, "ACR-US-1-2020-6"]),
    st.integers(1, 60),
    st.integers(0, 25),
)


@given(st.lists(_block, max_size=25), st.randoms())
@hypothesis_settings(
    examples(30, 300), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_overlaps_are_those_that_comparing_each_with_each_finds(tmp_path, blocks, shuffler):
    rows = [
        event(f"{place:03}", kind, quantity=length + 1, vintage=2020, serial_number=acr(start, start + length, key))
        for place, (kind, key, start, length) in enumerate(blocks)
    ]
    shuffler.shuffle(rows)
    overlapping, twice = naive(blocks)
    told_rows = found(tmp_path, rows)
    assert {row["rule"] for row in told_rows} <= {"units_issued_twice", "units_ended_twice"}
    assert {id_ for row in told_rows for id_ in (row["credit_id"], row["other_credit_id"])} == overlapping
    assert sum(row["quantity"] for row in told_rows) == twice


def naive(blocks: list[tuple]) -> tuple[set[str], int]:
    """The events that share a unit with another of their kind, and how many units are there too often."""
    units = [
        (f"{place:03}", {(kind == "issuance", key, unit) for unit in range(start, start + length + 1)})
        for place, (kind, key, start, length) in enumerate(blocks)
    ]
    sharing = {id_ for (a, of_a), (b, of_b) in itertools.combinations(units, 2) if of_a & of_b for id_ in (a, b)}
    return sharing, sum(len(of) for _, of in units) - len(set().union(*(of for _, of in units)))


def test_the_other_event_that_is_named_does_overlap(tmp_path):
    spans = {"a": (1, 100), "b": (2, 3), "c": (50, 60), "d": (55, 120), "e": (110, 111)}
    rows = [event(id_, "retirement", quantity=e - s + 1, serial_number=acr(s, e)) for id_, (s, e) in spans.items()]
    named = {(row["credit_id"], row["other_credit_id"]) for row in found(tmp_path, rows)}
    assert named == {("b", "a"), ("c", "a"), ("d", "a"), ("e", "d")}


def test_the_table_has_its_schema(tmp_path):
    credits = write(tmp_path / "credits.parquet", [], unified_schema.UNIFIED_CREDITS)
    projects = write(tmp_path / "projects.parquet", [], unified_schema.UNIFIED_PROJECTS)
    blocks = write(tmp_path / "blocks.parquet", [], integrity_schema.SERIAL_BLOCKS)
    with connection() as con:
        assert (
            findings.findings(con, credits, projects, blocks, registries(), None, load_rules(CONFIGS))
            == integrity_schema.CREDIT_FINDINGS.empty_table()
        )
