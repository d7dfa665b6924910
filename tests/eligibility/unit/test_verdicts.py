"""What the rules say of a block of units, clause by clause. All rules here are made up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from carbon_assets.eligibility import schema
from carbon_assets.eligibility.assets import agreement
from carbon_assets.eligibility.blocks import Sources
from carbon_assets.eligibility.rules import RULES, Phase, Rulebook, UnitType
from carbon_assets.eligibility.verdicts import REASONS, verdicts
from carbon_assets.protocols import schema as protocols_schema
from carbon_assets.snapshots import schema as snapshots_schema
from carbon_assets.unified import schema as unified_schema
from tests.kit.engine import connection
from tests.kit.findings_tables import event, write

FIRST = Phase("CORSIA", "first phase", "CORSIA")
PILOT = Phase("CORSIA", "pilot phase", "CORSIA")
CCP = Phase("CCP", None, "CCP")
UNIT_TYPES = (UnitType("AB", "acr", "^AB-"), UnitType("CD", "acr", "^CD-"), UnitType("VCU", "vcs", None))
LABELS = [
    {"label": "CORSIA", "family": "CORSIA", "phase": None},
    {"label": "CORSIA First Phase", "family": "CORSIA", "phase": "first phase"},
    {"label": "CORSIA Pilot Phase", "family": "CORSIA", "phase": "pilot phase"},
    {"label": "CCP", "family": "CCP", "phase": None},
    {"label": "Authorised", "family": "Article 6", "phase": None},
]
TEXTS = {
    "A": (["a"], "assigned"), "A v1": (["a"], "assigned"), "A v1.0": (["a"], "assigned"), "A v10": (["a"], "assigned"), "B": (["b"], "assigned"), "A and B": (["a", "b"], "assigned"), "A and ?": (["a"], "partly assigned"),
    "?": (None, "not understood"), None: (None, "blank"),
}  # fmt: skip
"""Methodology text -> the protocols that it names."""


def rule(name: str = "r", verdict: str = "eligible", **cells: object) -> dict[str, object]:
    """A rule on all units of ACR in the first phase; what a test is about comes in `cells`, days as ISO texts."""
    stated = {
        "rule": name, "scheme": "CORSIA", "phase": "first phase", "program": "acr", "verdict": verdict,
        "valid_from": "2020-01-01", "document": "a document", "document_version": "1", "document_date": "2020-01-01", **cells,
    }  # fmt: skip
    days = {field.name for field in RULES if field.type == pa.date32()}
    return {
        column: date.fromisoformat(stated[column]) if column in days and stated.get(column) else stated.get(column)
        for column in RULES.names
    }


def block(credit_id: str = "i", project_id: str = "ACR1", **cells: object) -> dict[str, object]:
    """An issuance of vintage 2022."""
    return event(credit_id, "issuance", project_id, **{"vintage": 2022, **cells})


def listed(project_id: str = "ACR1", text: str | None = "A", start: str | None = None) -> dict[str, object]:
    """A project by its methodology text and the first day of its crediting period."""
    registry = {"ACR": "american-carbon-registry", "VCS": "verra", "ART": "art-trees"}[project_id[:3]]
    day = date.fromisoformat(start) if start else None
    return {
        "project_id": project_id, "registry": registry, "protocol_raw": text, "crediting_period_start": day}  # fmt: skip


def judged(
    tmp_path: Path, rules: list[dict], blocks: list[dict] | None = None, projects: list[dict] | None = None, *,
    phases: tuple[Phase, ...] = (FIRST,), observed: str | None = "2025-06-01", placeholders: list[dict] | None = None,
) -> list[dict]:  # fmt: skip
    """The rows of the verdicts on `blocks`."""
    texts = [
        {
            "registry": registry,
            "protocol_raw": text,
            "protocols": ids,
            "outcome": outcome,
            "is_compliance": False,
            "version": text.partition(" v")[2] or None if text else None,
        }
        for registry in ("american-carbon-registry", "verra", "art-trees")
        for text, (ids, outcome) in TEXTS.items()
    ]
    taken = [{"observed_at": datetime.fromisoformat(observed).replace(tzinfo=UTC)}] if observed else []
    tables = {
        "credits": (unified_schema.UNIFIED_CREDITS, [block()] if blocks is None else blocks),
        "projects": (unified_schema.UNIFIED_PROJECTS, [listed()] if projects is None else projects),
        "placeholders": (unified_schema.PLACEHOLDERS, placeholders or []),
        "protocols": (protocols_schema.PROTOCOLS, texts),
        "labels": (unified_schema.LABELS_OF_CREDITS, LABELS),
        "snapshots": (snapshots_schema.SNAPSHOTS, taken),
    }
    files = {name: write(tmp_path / f"{name}.parquet", rows, shape) for name, (shape, rows) in tables.items()}
    book = Rulebook(
        phases, UNIT_TYPES, frozenset({"art-trees"}),
        {"american-carbon-registry": "acr", "verra": "vcs", "art-trees": "art"}, tuple(rules),
    )  # fmt: skip
    with connection() as con:
        table = verdicts(con, Sources(**files), book)
    assert table.schema.equals(schema.ELIGIBILITY)
    assert set(table["reason"].to_pylist()) <= set(REASONS)
    return table.to_pylist()


def verdict(tmp_path: Path, *rules: dict, **more: object) -> tuple[str, str, str | None]:
    """The verdict on one block, its reason and its rule."""
    (row,) = judged(tmp_path, list(rules), **more)
    return row["verdict"], row["reason"], row["rule"]


ACCEPTED = ("eligible", "accepted", "r")


def test_a_rule_that_holds_decides_and_brings_its_document(tmp_path):
    (row,) = judged(tmp_path, [rule()])
    assert (row["verdict"], row["reason"], row["rule"]) == ACCEPTED
    assert (row["document"], row["document_version"], row["document_date"]) == ("a document", "1", date(2020, 1, 1))
    assert (row["program"], row["quantity"], row["registry_label"]) == ("acr", Decimal(10), None)


def test_without_a_rule_nothing_is_known(tmp_path):
    assert verdict(tmp_path) == ("unknown", "no_rule", None)
    assert verdict(tmp_path, rule(program="vcs"), rule("p", phase="pilot phase")) == ("unknown", "no_rule", None)


def test_units_of_nobodys_programme_are_not_judged(tmp_path):
    blocks = [block(source="cercarbono/issuances")]
    assert verdict(tmp_path, rule(), blocks=blocks) == ("unknown", "program_not_known", None)


def test_the_programme_is_that_which_published_the_block_not_its_host(tmp_path):
    rows = judged(tmp_path, [rule(program="vcs")], [block(source="verra/transactions")])
    assert [(row["program"], row["verdict"]) for row in rows] == [("vcs", "eligible")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"vintage": 2022}, ACCEPTED),
        ({"vintage": 2021}, ACCEPTED),
        ({"vintage": 2020}, ("not_eligible", "vintage_outside", "r")),
        ({"vintage": 2027}, ("not_eligible", "vintage_outside", "r")),
        ({"vintage": None}, ("unknown", "vintage_not_known", "r")),
        (
            {"vintage": 2020, "vintage_start": "2020-07-01", "vintage_end": "2021-06-30"},
            ("unknown", "vintage_in_part", "r"),
        ),
        ({"vintage": 2026, "vintage_start": "2026-01-01", "vintage_end": "2026-12-31"}, ACCEPTED),
        ({"vintage": 2022, "vintage_start": "2022-01-01"}, ("unknown", "vintage_not_known", "r")),
        ({"vintage": 2020, "vintage_end": "2020-12-31"}, ("not_eligible", "vintage_outside", "r")),
    ],
)
def test_vintages_lie_within_the_rules_days(tmp_path, cells, expected):
    asked = rule(vintage_from="2021-01-01", vintage_to="2026-12-31")
    assert verdict(tmp_path, asked, blocks=[block(**cells)]) == expected


@pytest.mark.parametrize(
    ("project", "start", "expected"),
    [
        # ART publishes the first crediting period, the others the current one: a late start does not prove that it is the first.
        ("ART1", "2016-01-01", ACCEPTED),
        ("ART1", "2015-12-31", ("not_eligible", "crediting_began_before", "r")),
        ("ART1", None, ("unknown", "crediting_start_not_known", "r")),
        ("ACR1", "2019-01-01", ("unknown", "crediting_start_not_known", "r")),
        ("ACR1", "2015-12-31", ("not_eligible", "crediting_began_before", "r")),
        ("ACR1", None, ("unknown", "crediting_start_not_known", "r")),
    ],
)
def test_crediting_starts_with_the_first_period(tmp_path, project, start, expected):
    asked = rule(crediting_from="2016-01-01", program=project[:3].lower())
    assert verdict(tmp_path, asked, blocks=[block("i", project)], projects=[listed(project, start=start)]) == expected


def test_a_vintage_before_the_day_shows_that_crediting_had_begun(tmp_path):
    """Whatever the current period says, also of the project's other blocks."""
    blocks = [block("i"), block("old", vintage=2014)]
    rows = judged(tmp_path, [rule(crediting_from="2016-01-01")], blocks, [listed(start="2019-01-01")])
    assert {row["credit_id"]: row["reason"] for row in rows} == dict.fromkeys(("i", "old"), "crediting_began_before")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["Authorised"], ACCEPTED),
        (["CCP"], ("unknown", "authorisation_not_stated", "r")),
        ([], ("unknown", "authorisation_not_stated", "r")),
        (None, ("unknown", "authorisation_not_stated", "r")),
    ],
)
def test_an_authorisation_that_a_file_does_not_show_may_exist(tmp_path, labels, expected):
    assert verdict(tmp_path, rule(needs_label="Authorised"), blocks=[block(labels=labels)]) == expected


@pytest.mark.parametrize(
    ("text", "accepts", "excludes"),
    [
        ("A", ("eligible", "accepted", "r"), ("not_eligible", "excluded", "r")),
        ("B", ("unknown", "no_rule", None), ("unknown", "no_rule", None)),
        ("A and B", ("unknown", "several_protocols", "r"), ("not_eligible", "excluded", "r")),
        ("A and ?", ("unknown", "protocol_not_known", "r"), ("not_eligible", "excluded", "r")),
        ("?", ("unknown", "protocol_not_known", "r"), ("unknown", "protocol_not_known", "r")),
        (None, ("unknown", "protocol_not_known", "r"), ("unknown", "protocol_not_known", "r")),
    ],
)
def test_a_protocol_is_accepted_alone_and_excluded_in_any_company(tmp_path, text, accepts, excludes):
    projects = [listed(text=text)]
    assert verdict(tmp_path, rule(protocol="a"), projects=projects) == accepts
    assert verdict(tmp_path, rule(verdict="not_eligible", protocol="a"), projects=projects) == excludes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A v1", ACCEPTED),
        ("A v1.0", ACCEPTED),
        ("A v10", ("unknown", "no_rule", None)),
        ("A", ("unknown", "version_not_known", "r")),
        ("A and B", ("unknown", "several_protocols", "r")),
        ("B", ("unknown", "no_rule", None)),
    ],
)
@pytest.mark.parametrize("versions", ["1.0", "0.9|1"])
def test_a_rule_may_be_on_versions_of_a_protocol(tmp_path, versions, text, expected):
    assert verdict(tmp_path, rule(protocol="a", protocol_versions=versions), projects=[listed(text=text)]) == expected


def test_a_rule_on_a_version_is_an_exception_from_one_on_the_protocol(tmp_path):
    rules = (rule(protocol="a"), rule("x", "not_eligible", protocol="a", protocol_versions="1"))
    assert verdict(tmp_path, *rules, projects=[listed(text="A v1")]) == ("not_eligible", "excluded", "x")
    assert verdict(tmp_path, *rules, projects=[listed(text="A v10")]) == ACCEPTED
    assert verdict(tmp_path, *rules) == ("unknown", "version_not_known", "x")


def test_a_project_that_only_credits_mention_has_the_protocol_that_they_state(tmp_path):
    stated = {"project_id": "ACR1", "registry": "american-carbon-registry", "protocol_raw": "A", "is_test": False}
    assert verdict(tmp_path, rule(protocol="a"), projects=[], placeholders=[stated]) == ACCEPTED
    assert verdict(tmp_path, rule(protocol="a"), projects=[]) == ("unknown", "protocol_not_known", "r")


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        ("AB-1-9", ACCEPTED),
        ("CD-1-9", ("unknown", "no_rule", None)),
        ("XY-1-9", ("unknown", "unit_type_not_known", "r")),
        (None, ("unknown", "unit_type_not_known", "r")),
    ],
)
def test_the_kind_of_unit_is_read_in_the_serial_number(tmp_path, serial, expected):
    assert verdict(tmp_path, rule(unit_type="AB"), blocks=[block(serial_number=serial)]) == expected


def test_all_units_of_a_programme_may_be_of_one_kind(tmp_path):
    asked = rule(program="vcs", unit_type="VCU")
    assert verdict(tmp_path, asked, blocks=[block("i", "VCS1")], projects=[listed("VCS1")]) == ACCEPTED


def test_a_condition_that_no_file_states_leaves_open_what_else_is_accepted(tmp_path):
    asked = rule(condition="at most 10 MW", vintage_from="2021-01-01")
    assert verdict(tmp_path, asked) == ("unknown", "condition_not_published", "r")
    assert verdict(tmp_path, asked, blocks=[block(vintage=2019)]) == ("not_eligible", "vintage_outside", "r")


@pytest.mark.parametrize(
    ("valid", "observed", "holds"),
    [
        ({"valid_from": "2025-06-02"}, "2025-06-01", False),
        ({"valid_from": "2025-06-01"}, "2025-06-01", True),
        ({"valid_to": "2025-06-01"}, "2025-06-01", True),
        ({"valid_to": "2025-05-31"}, "2025-06-01", False),
    ],
)
def test_a_decision_holds_on_the_day_of_the_newest_snapshot(tmp_path, valid, observed, holds):
    expected = ACCEPTED if holds else ("unknown", "no_rule", None)
    assert verdict(tmp_path, rule(**valid), observed=observed) == expected


# --- several rules --------------------------------------------------------------------------------------------------


def test_an_exception_decides_before_what_it_excepts_from(tmp_path):
    excluded = rule("x", "not_eligible", protocol="a")
    assert verdict(tmp_path, rule(), excluded) == ("not_eligible", "excluded", "x")
    assert verdict(tmp_path, rule(), excluded, projects=[listed(text="B")]) == ACCEPTED
    assert verdict(tmp_path, rule(), excluded, projects=[listed(text="?")]) == ("unknown", "protocol_not_known", "x")
    let_in = rule("in", protocol="a")
    assert verdict(tmp_path, rule("out", "not_eligible"), let_in) == ("eligible", "accepted", "in")


def test_an_exclusion_of_other_vintages_leaves_the_block_to_the_wider_rule(tmp_path):
    excluded = rule("x", "not_eligible", protocol="a", vintage_to="2020-12-31")
    assert verdict(tmp_path, rule(), excluded) == ACCEPTED
    assert verdict(tmp_path, rule(), excluded, blocks=[block(vintage=2020)]) == ("not_eligible", "excluded", "x")


def test_a_narrower_acceptance_that_does_not_hold_is_not_made_up_for_by_the_wider_one(tmp_path):
    later = rule("late", protocol="a", vintage_from="2024-01-01")
    assert verdict(tmp_path, rule(), later) == ("not_eligible", "vintage_outside", "late")


def test_of_two_windows_the_one_that_holds_decides(tmp_path):
    early = rule("early", vintage_to="2020-12-31")
    late = rule("late", vintage_from="2021-01-01", needs_label="Authorised")
    assert verdict(tmp_path, early, late, blocks=[block(vintage=2019)]) == ("eligible", "accepted", "early")
    assert verdict(tmp_path, early, late) == ("unknown", "authorisation_not_stated", "late")
    straddling = [block(vintage=2020, vintage_start="2020-07-01", vintage_end="2021-06-30")]
    assert verdict(tmp_path, early, late, blocks=straddling)[:2] == ("unknown", "vintage_in_part")


# --- rows, and what registries say ----------------------------------------------------------------------------------


def test_every_issuance_has_one_row_in_each_phase_and_nothing_else_has(tmp_path):
    blocks = [block("i"), block("j", "VCS1"), event("r", "retirement"), event("c", "cancellation")]
    rows = judged(tmp_path, [rule(), rule("again")], blocks, phases=(PILOT, FIRST, CCP))
    phases = [("CCP", None), ("CORSIA", "first phase"), ("CORSIA", "pilot phase")]
    assert [(row["scheme"], row["phase"], row["credit_id"]) for row in rows] == [
        (*phase, i) for phase in phases for i in "ij"
    ]


def test_a_scheme_without_phases_is_judged_by_its_own_rules(tmp_path):
    accepted = rule("ccp", scheme="CCP", phase=None, protocol="a")
    rows = judged(tmp_path, [accepted, rule("x", "not_eligible")], [block(labels=["CCP"])], phases=(CCP, FIRST))
    assert [(row["scheme"], row["verdict"], row["registry_label"]) for row in rows] == [
        ("CCP", "eligible", "CCP"), ("CORSIA", "not_eligible", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "shown", "contradicts"),
    [
        (["CORSIA First Phase", "CCP"], "CORSIA First Phase", True),
        (["CORSIA Pilot Phase"], None, False),
        (["CORSIA"], "CORSIA", False),  # of no phase in particular
        (["CORSIA First Phase", "CORSIA"], "CORSIA, CORSIA First Phase", True),
        ([], None, False),
        (None, None, False),
    ],
)
def test_what_the_registry_labels_is_shown_beside_the_verdict(tmp_path, labels, shown, contradicts):
    blocks = [block(labels=labels)]
    (row,) = judged(tmp_path, [rule(verdict="not_eligible")], blocks)
    assert (row["registry_label"], row["contradicts_registry"]) == (shown, contradicts)
    for undecided in ([rule()], []):
        (row,) = judged(tmp_path, undecided, blocks)
        assert (row["registry_label"], row["contradicts_registry"]) == (shown, False)


def test_contradictions_are_counted_and_warn(tmp_path):
    blocks = [block("i", quantity=7, labels=["CORSIA First Phase"]), block("j", quantity=5)]
    rows = pa.Table.from_pylist(judged(tmp_path, [rule(verdict="not_eligible")], blocks), schema=schema.ELIGIBILITY)
    result = agreement(rows)
    assert (result.passed, result.severity.value, result.description) == (False, "WARN", "1 rows, 7 t")
    assert "i | first phase | 7.000000 | CORSIA First Phase | excluded | r" in result.metadata["heaviest"].md_str
    assert agreement(rows.slice(0, 0)).passed


def test_without_issuances_there_is_no_row_and_without_a_day_no_rule(tmp_path):
    assert judged(tmp_path, [rule()], []) == []
    assert verdict(tmp_path, rule(), observed=None) == ("unknown", "no_rule", None)
