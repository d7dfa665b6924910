"""Conversions: what a host registry cancels for a programme and what that issues, matched one to one or in sums."""

from __future__ import annotations

import random
import shutil
from collections import Counter

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.integrity import conversions, double_counting, schema
from tests.kit.effort import examples
from tests.kit.findings_tables import arb, conversions_found, event, registries
from tests.kit.places import CONFIGS

CONVERSION = "Convert to ARB offset credits"


def cancelled(credit_id: str, quantity: float = 10, project: str = "ACR1", **cells: object) -> dict:
    """A cancellation for ARB, if no other reason is given."""
    given_cells = {"vintage": 2020, "transaction_date": "2021-06-20", "cancellation_reason": CONVERSION} | cells
    return event(credit_id, "cancellation", project, quantity, **given_cells)


def issued(credit_id: str, quantity: float = 10, project: str = "ACR1", **cells: object) -> dict:
    """An issuance by ARB."""
    return arb(credit_id, project, quantity, **({"vintage": 2020, "transaction_date": "2021-06-10"} | cells))


HORIZON = [
    cancelled("first", 1, "ACR9", transaction_date="2015-01-01"),
    issued("i-first", 1, "ACR9", transaction_date="2015-01-01"),
    cancelled("last", 1, "ACR9", vintage=2024, transaction_date="2025-01-01"),
    issued("i-last", 1, "ACR9", vintage=2024, transaction_date="2025-01-01"),
]
"""A host and a programme that publish from 2015 to 2025."""


def told(folder, *rows: dict) -> list[tuple]:
    return [
        (row["status"], row["cancellation_id"], row["issuance_id"], row["quantity"])
        for row in conversions_found(folder, [*HORIZON, *rows])
    ]


MATCHES = {
    "one to one": [cancelled("c"), issued("i")],
    "two alike, both cancelled and both issued": [
        cancelled("c1"), cancelled("c2"), issued("i1"), issued("i2", transaction_date="2022-01-01"),
    ],
    "several blocks make one issuance": [cancelled("c1", 6), cancelled("c2", 3), cancelled("c3", 1), issued("i")],
    "one block makes several issuances": [cancelled("c"), issued("i1", 6), issued("i2", 4)],
    "two issuances of several blocks each": [
        cancelled("c1", 6), cancelled("c2", 4), cancelled("c3", 5), cancelled("c4", 2), issued("i1", 10), issued("i2", 7),
    ],
    "several to several": [cancelled("c1", 6), cancelled("c2", 5), issued("i1", 8), issued("i2", 3)],
    "sums of several years are kept apart": [
        cancelled("c1", 6), cancelled("c2", 4), issued("i1", 10),
        cancelled("c3", 7, vintage=2021), issued("i2", 3, vintage=2021), issued("i3", 4, vintage=2021),
    ],
    "more blocks than combinations are tried of": [*(cancelled(f"c{n}", n) for n in range(1, 14)), issued("i", 91)],
    "without vintage": [cancelled("c", vintage=None), issued("i", vintage=None)],
    "the note says it": [cancelled("c", cancellation_reason="Other", cancellation_note="convert to arb offset credits"),
                         issued("i")],
    "another registry, in its own words": [cancelled("c", 5, "CAR7", cancellation_reason="ARB"), issued("i", 5, "CAR7")],
    "a period that earned nothing": [issued("i", 0)],
    "a cancellation of nothing": [cancelled("c", 0)],
    "no conversion": [cancelled("c", cancellation_reason="Removal of credits from the registry")],
    "the programme's own cancellations and retirements": [
        arb("x", kind="cancellation", vintage=2020, cancellation_reason=CONVERSION), arb("y", kind="retirement"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", MATCHES)
def test_what_matches_is_not_told(case, tmp_path):
    assert told(tmp_path, *MATCHES[case]) == []


FAULTS = {
    "issued, not cancelled": ([issued("i")], [("issued, not cancelled", None, "i", 10)]),
    "issued on an unknown day": ([issued("i", transaction_date=None)], [("issued, not cancelled", None, "i", 10)]),
    "cancelled for another reason": (
        [cancelled("c", cancellation_reason="Retired"), issued("i")], [("issued, not cancelled", None, "i", 10)]
    ),
    "cancelled, not issued": ([cancelled("c")], [("cancelled, not issued", "c", None, 10)]),
    "another vintage": (
        [cancelled("c"), issued("i", vintage=2019)],
        [("cancelled, not issued", "c", None, 10), ("issued, not cancelled", None, "i", 10)],
    ),
    "another project": (
        [cancelled("c"), issued("i", project="ACR2")],
        [("cancelled, not issued", "c", None, 10), ("issued, not cancelled", None, "i", 10)],
    ),
    "issued again": (
        [cancelled("c"), issued("i"), issued("again", transaction_date="2022-01-01")],
        [("issued more than once", "c", "again", 10)],
    ),
    "a sum of blocks issued again": (
        [cancelled("c1", 6), cancelled("c2", 4), issued("i"), issued("again", transaction_date="2022-01-01")],
        [("issued more than once", "c1", "again", 10)],
    ),
    "one reporting period issued twice, cancelled never": (
        [issued("i", vintage_start="2020-01-01", vintage_end="2020-12-31"),
         issued("j", vintage_start="2020-01-01", vintage_end="2020-12-31")],
        [("issued more than once", None, "j", 10), ("issued, not cancelled", None, "i", 10)],
    ),
    "another quantity": ([cancelled("c", 10), issued("i", 12)], [("quantity differs", "c", "i", 2)]),
    "one of several blocks missing": (
        [cancelled("c1", 6), issued("i1", 6), issued("i2", 3)], [("issued, not cancelled", None, "i2", 3)]
    ),
    "a new issuance may still be cancelled": (
        [issued("i", transaction_date="2024-12-20")], [("not due yet", None, "i", 10)]
    ),
    "a new cancellation may still be issued": (
        [cancelled("c", transaction_date="2025-01-02")], [("not due yet", "c", None, 10)]
    ),
    "before the host publishes cancellations": (
        [issued("i", transaction_date="2014-12-31"), issued("j", 5, transaction_date="2013-01-01")],
        [("cancellations not known", None, None, 15)],
    ),
    "what differs is not looked for before the host publishes cancellations": (
        [cancelled("c", 10), issued("i", 8, transaction_date="2014-12-31")],
        [("cancelled, not issued", "c", None, 10), ("cancellations not known", None, None, 8)],
    ),
    "two issuances of several blocks each, and a block more": (
        [cancelled("c1", 6), cancelled("c2", 4), cancelled("c3", 5), cancelled("c4", 2), cancelled("c5", 100),
         issued("i1", 10), issued("i2", 7)],
        [("cancelled, not issued", "c5", None, 100)],
    ),
    "a host without cancellations": (
        [issued("i", project="VCS1"), issued("j", 5, project="VCS2")], [("cancellations not known", None, None, 15)]
    ),
    "a programme without table": (
        [cancelled("c", cancellation_reason="Convert to Ecology offset credits"),
         cancelled("d", 7, cancellation_reason="Convert to Ecology offset credits")],
        [("programme not known", None, None, 17)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_what_does_not_match_is_told_and_nothing_else(case, tmp_path):
    rows, expected = FAULTS[case]
    assert told(tmp_path, *rows) == expected


@pytest.mark.parametrize("case", [*FAULTS, *MATCHES])
def test_the_order_of_rows_does_not_matter(case, tmp_path):
    rows = [*HORIZON, *(FAULTS[case][0] if case in FAULTS else MATCHES[case])]
    first = conversions_found(tmp_path, rows)
    random.Random(7).shuffle(rows)
    assert conversions_found(tmp_path, rows) == first


@pytest.mark.parametrize(
    ("days", "status"),
    [
        # The newest snapshot of either side, whichever, says what day it is; not the newest cancellation that the host publishes.
        ({"observed_on": "2025-06-17"}, "not due yet"),
        ({"observed_on": "2025-06-18"}, "issued, not cancelled"),
        ({"american_carbon_registry_transactions": "2025-06-18"}, "issued, not cancelled"),
        ({"arb_issuances": "2025-06-18"}, "issued, not cancelled"),
    ],
)
def test_an_issuance_that_nobody_cancels_is_due_after_180_days(tmp_path, days, status):
    rows = conversions_found(tmp_path, [*HORIZON, issued("i", 1_000_000, transaction_date="2024-12-20")], **days)
    assert [(row["status"], row["quantity"]) for row in rows] == [(status, 1_000_000)]


def test_the_newest_snapshot_of_other_registries_makes_nothing_due(tmp_path):
    other = event("o", "issuance", "VCS1", vintage=2020)
    events = [*HORIZON, other, issued("i", transaction_date="2024-12-20")]
    (row,) = conversions_found(tmp_path, events, verra_transactions="2026-01-01")
    assert row["status"] == "not due yet"


def test_a_cancellation_newer_than_all_issuances_is_due_too(tmp_path):
    events = [*HORIZON, cancelled("c", transaction_date="2025-01-02")]
    assert [row["status"] for row in conversions_found(tmp_path, events, "2025-06-30")] == ["not due yet"]
    assert [row["status"] for row in conversions_found(tmp_path, events, "2025-07-01")] == ["cancelled, not issued"]


def test_a_registry_may_have_days_of_its_own(tmp_path):
    """One row of a registry and programme states them for all."""
    configs = shutil.copytree(CONFIGS, tmp_path / "configs")
    listed = configs / "integrity" / "conversions.csv"
    listed.write_text(
        listed.read_text().replace("climate-action-reserve,ARB,arb,,", "climate-action-reserve,ARB,arb,10,")
    )
    by_car = [cancelled("last-car", 1, "CAR9", cancellation_reason="ARB"), issued("i-car", 1, "CAR9")]
    days = {"transaction_date": "2024-12-20"}
    events = [*HORIZON, *by_car, issued("i", **days), issued("j", 5, "CAR7", **days)]
    rows = conversions_found(tmp_path, events, configs=configs)
    assert {row["issuance_id"]: row["status"] for row in rows} == {"i": "not due yet", "j": "issued, not cancelled"}


def test_every_status_is_told_here():
    statuses = {status for _, expected in FAULTS.values() for status, *_ in expected}
    others = {double_counting.PENDING, double_counting.HOST_UNKNOWN, double_counting.PROGRAM_UNKNOWN}
    assert statuses == {*double_counting.FAULTS, *others}


def test_a_programme_that_the_drop_lacks_makes_one_row(tmp_path):
    rows = conversions_found(tmp_path, [cancelled("c"), cancelled("d", 3)])
    assert [(row["status"], row["program"], row["registry"], row["quantity"]) for row in rows] == [
        ("programme not known", "arb", "american-carbon-registry", 13)
    ]


def test_the_heaviest_comes_first_and_says_what_is_wrong(tmp_path):
    rows = conversions_found(tmp_path, [*HORIZON, issued("i", 5), cancelled("c", 8, "ACR3"), cancelled("d", 2, "ACR3")])
    assert [row["quantity"] for row in rows] == [8, 5, 2]
    assert rows[0]["finding"] == (
        "cancelled on 2021-06-20; the programme has issued nothing to this project until 2025-01-01"
    )
    assert (rows[1]["issued"], rows[1]["cancelled"], rows[1]["registry"]) == (5, None, "american-carbon-registry")


@given(
    st.lists(st.tuples(st.sampled_from(["c", "i"]), st.sampled_from(["ACR1", "ACR2"]), st.integers(1, 6)), max_size=14)
)
@hypothesis_settings(
    examples(25, 200), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_tonnes_balance(tmp_path, drawn):
    """Whatever is matched with whatever: what is told makes up the difference of each project, and nothing is matched
    where a side is empty."""
    rows = [
        (cancelled if side == "c" else issued)(f"{side}{n}", quantity, project)
        for n, (side, project, quantity) in enumerate(drawn)
    ]
    difference, told_difference = Counter(), Counter()
    for side, project, quantity in drawn:
        difference[project] += quantity if side == "i" else -quantity
    for row in conversions_found(tmp_path, [*HORIZON, *rows]):
        told_difference[row["project_id"]] += (row["issued"] or 0) - (row["cancelled"] or 0)
    assert {p: d for p, d in difference.items() if d} == {p: d for p, d in told_difference.items() if d}


# --- the stewards' file ---------------------------------------------------------------------------------------------


@pytest.fixture
def configs(tmp_path):
    def write(*rows: str):
        (tmp_path / "protocols").mkdir()
        (tmp_path / "integrity").mkdir()
        (tmp_path / "protocols" / "programs.csv").write_text(
            "program,name,registry,is_compliance,markers,note\narb,ARB,,yes,ARB,\n"
        )
        header = (
            "registry,text,program,due_after_days,note" if rows[0].count(",") == 4 else "registry,text,program,note"
        )
        (tmp_path / "integrity" / "conversions.csv").write_text("\n".join([header, *rows]) + "\n")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (["nobody,ARB,arb,"], "line 2"),
        (["verra,ARB,xyz,"], "line 2"),
        (["verra,,arb,"], "line 2"),
        (["verra,ARB,arb,", "verra,arb,arb,again"], "line 3.*line 2"),
        (["verra,ARB,arb,soon,"], "line 2: due_after_days is a number of days or blank, not 'soon'"),
        (["verra,ARB,arb,-1,"], "line 2: due_after_days"),
        (["verra,ARB,arb,90,", "verra,For ARB,arb,180,"], "line 3: due_after_days is 180 here, 90 in .*line 2"),
    ],
)
def test_a_row_that_means_nothing_is_refused(rows, complaint, configs):
    with pytest.raises(ConfigError, match=complaint):
        conversions.load(configs(*rows), registries())


def test_two_registries_may_use_the_same_words(configs):
    assert len(conversions.load(configs("verra,ARB,arb,", "cercarbono,ARB,arb,"), registries())) == 2


def test_the_table_has_its_schema(tmp_path):
    assert conversions_found(tmp_path, []) == []
    (row,) = conversions_found(tmp_path, [cancelled("c")])
    assert list(row) == schema.DOUBLE_COUNTING_FINDINGS.names
