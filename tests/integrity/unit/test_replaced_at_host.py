"""What of a host registry's rows gives way to those of a programme: what was converted, and nothing else."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon_assets.integrity import replaced_at_host, schema
from tests.kit.effort import examples
from tests.kit.findings_tables import arb, event, replaced

CONVERTED, CONVERSION, NOT_STATED = "converted", "cancelled to be converted", "conversions not stated"


def at_host(credit_id: str, kind: str, quantity: float, vintage: int | None = 2020, **cells: object) -> dict:
    """A row of ACR1 at its own registry, ended or issued on one day if no other is given."""
    return event(credit_id, kind, "ACR1", quantity, vintage=vintage, **({"transaction_date": "2021-02-01"} | cells))


def conversion(credit_id: str, quantity: float, vintage: int | None = 2020, **cells: object) -> dict:
    words = {"cancellation_reason": "Convert to ARB offset credits"}
    return at_host(credit_id, "cancellation", quantity, vintage, **(words | cells))


def by_arb(credit_id: str, quantity: float, vintage: int | None = 2020, **cells: object) -> dict:
    return arb(credit_id, "ACR1", quantity, vintage=vintage, **cells)


CASES = {
    "all of a vintage was converted": (
        [at_host("i", "issuance", 100), conversion("c", 100), by_arb("a", 100)],
        {"i": (CONVERTED, 100), "c": (CONVERSION, 100)},
    ),
    "a part was converted, another retired at the host": (
        [at_host("i", "issuance", 100), conversion("c", 70), at_host("r", "retirement", 30), by_arb("a", 70)],
        {"i": (CONVERTED, 70), "c": (CONVERSION, 70)},
    ),
    "what was cancelled for another reason counts": (
        [at_host("i", "issuance", 100), conversion("c", 70), at_host("x", "cancellation", 30, cancellation_reason="Removal"),
         by_arb("a", 70)],
        {"i": (CONVERTED, 70), "c": (CONVERSION, 70)},
    ),
    "the host says how much, whatever the programme issued": (
        [at_host("i", "issuance", 100), conversion("c", 80), by_arb("a", 60)],
        {"i": (CONVERTED, 80), "c": (CONVERSION, 80)},
    ),
    "vintages that the programme never issued stay, with what was cancelled of them": (
        [at_host("i", "issuance", 100), conversion("c", 100), by_arb("a", 100),
         at_host("j", "issuance", 40, 2022), at_host("r", "retirement", 10, 2022), conversion("d", 30, 2022)],
        {"i": (CONVERTED, 100), "c": (CONVERSION, 100)},
    ),
    "a reporting period that earned nothing is no issuance": (
        [at_host("i", "issuance", 100), at_host("r", "retirement", 100), by_arb("a", 0)], {},
    ),
    "conversions of a host without the issuance do not count either": (
        [conversion("c", 100), by_arb("a", 100)], {"c": (CONVERSION, 100)},
    ),
    "no conversion is stated of the vintage": (
        [at_host("i", "issuance", 100), at_host("r", "retirement", 5), at_host("j", "issuance", 40, 2019), by_arb("a", 95)],
        {"i": (NOT_STATED, 100), "r": (NOT_STATED, 5)},
    ),
    "a conversion for another programme is none for this one": (
        [at_host("i", "issuance", 100), conversion("c", 60), by_arb("a", 60),
         at_host("e", "cancellation", 40, cancellation_reason="Convert to Ecology offset credits")],
        {"i": (CONVERTED, 60), "c": (CONVERSION, 60)},
    ),
    "several conversions of several issuances, the earliest first": (
        [at_host("i1", "issuance", 50), at_host("i2", "issuance", 50, transaction_date="2021-03-01"),
         at_host("i3", "issuance", 50, transaction_date="2021-04-01"), conversion("c1", 60), conversion("c2", 20), by_arb("a", 80)],
        {"i1": (CONVERTED, 50), "i2": (CONVERTED, 30), "c1": (CONVERSION, 60), "c2": (CONVERSION, 20)},
    ),
    "the issuance of the day that the conversion names goes first": (
        [at_host("i1", "issuance", 50), at_host("i2", "issuance", 50, transaction_date="2021-03-01"),
         conversion("c", 50, issued_on="2021-03-01"), by_arb("a", 50)],
        {"i2": (CONVERTED, 50), "c": (CONVERSION, 50)},
    ),
    "vintages that nobody states": (
        [at_host("i", "issuance", 100, None), conversion("c", 70, None), by_arb("a", 70, None), at_host("j", "issuance", 9)],
        {"i": (CONVERTED, 70), "c": (CONVERSION, 70)},
    ),
    "no programme issued anything": ([at_host("i", "issuance", 100), conversion("c", 100)], {}),
}  # fmt: skip


def gives_way(rows: list[dict]) -> dict[str, tuple]:
    return {row["credit_id"]: (row["reason"], row["quantity"]) for row in rows}


@pytest.mark.parametrize("case", CASES)
def test_what_was_converted_gives_way_and_nothing_else(case, tmp_path):
    rows, expected = CASES[case]
    told = replaced(tmp_path, rows)
    assert gives_way(told) == expected
    assert len(told) == len(expected)
    random.Random(3).shuffle(rows)
    assert replaced(tmp_path, rows) == told


def test_every_reason_is_shown_here():
    assert {reason for _, expected in CASES.values() for reason, _ in expected.values()} == set(
        replaced_at_host.REASONS
    )


def test_two_programmes_share_an_issuance(tmp_path):
    """What was converted for each is told apart."""
    ecology = at_host("e", "cancellation", 30, cancellation_reason="Convert to Ecology offset credits")
    issued = {**by_arb("b", 30), "source": "ecy/issuances"}
    rows = replaced(tmp_path, [at_host("i", "issuance", 100), conversion("c", 60), ecology, by_arb("a", 60), issued])
    assert {(row["credit_id"], row["program"]): row["quantity"] for row in rows} == {
        ("i", "arb"): 60, ("i", "ecy"): 30, ("c", "arb"): 60, ("e", "ecy"): 30,
    }  # fmt: skip


def test_a_row_says_what_the_host_published(tmp_path):
    rows = replaced(tmp_path, [at_host("i", "issuance", 100), conversion("c", 70), by_arb("a", 70)])
    assert list(rows[1]) == schema.REPLACED_AT_HOST.names
    assert rows[1] == {
        "credit_id": "i", "program": "arb", "registry": "american-carbon-registry", "project_id": "ACR1", "vintage": 2020,
        "transaction_type": "issuance", "published": 100, "quantity": 70, "reason": CONVERTED,
    }  # fmt: skip


kinds = st.sampled_from(["issuance", "retirement", "conversion", "arb"])


@given(st.lists(st.tuples(kinds, st.sampled_from([2020, 2021]), st.integers(0, 9)), max_size=12))
@hypothesis_settings(
    examples(25, 200), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_sums_close(tmp_path, drawn):
    """Of a vintage with conversions the host's issuances lose what was converted, as far as there is as much, and its retirements
    nothing; and no row loses more than it has."""
    make = {"conversion": conversion, "arb": by_arb}
    rows, tonnes = [], defaultdict(Decimal)
    for n, (kind, vintage, quantity) in enumerate(drawn):
        row = make[kind](f"{n}", quantity, vintage) if kind in make else at_host(f"{n}", kind, quantity, vintage)
        rows.append(row)
        tonnes[kind, vintage] += quantity
    lost = defaultdict(Decimal)
    for row in replaced(tmp_path, rows):
        lost[row["transaction_type"], row["vintage"]] += row["quantity"]
        assert 0 <= row["quantity"] <= row["published"]
    for vintage in (2020, 2021):
        issued, converted = tonnes["issuance", vintage], tonnes["conversion", vintage]
        if not tonnes["arb", vintage]:
            expected = (0, 0, 0)
        elif converted:
            expected = (min(issued, converted), 0, converted)
        else:
            expected = (issued, tonnes["retirement", vintage], 0)
        assert (lost["issuance", vintage], lost["retirement", vintage], lost["cancellation", vintage]) == expected
