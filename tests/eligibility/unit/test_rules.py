"""The rules of eligibility as files: what cannot be meant is refused with file, line and the nearest known word."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.eligibility import check
from carbon_assets.eligibility.rules import RULES, Rulebook, load_rulebook
from carbon_assets.registries.description import registry_ids
from tests.kit.building import CONFIGS, csv_of, faults_in

REGISTRIES = registry_ids(CONFIGS)


@pytest.fixture
def configs(tmp_path) -> Path:
    """The shipped configs without their rules of eligibility, to be given made-up ones."""
    names = ("labels", "protocols", "vocab", "registries")
    for name in names:
        shutil.copytree(CONFIGS / name, tmp_path / "configs" / name)
    (tmp_path / "configs" / "labels" / "rules.csv").unlink()
    return tmp_path / "configs"


def rule(name: str = "r", verdict: str = "eligible", **cells: str) -> dict[str, str]:
    stated = {
        "rule": name, "scheme": "CORSIA", "phase": "first phase", "program": "car", "verdict": verdict, "valid_from": "2024-01-01",
        "document": "a document", "document_version": "1", "document_date": "2024-01-01", **cells,
    }  # fmt: skip
    return {column: stated.get(column, "") for column in RULES.names}


def loaded(configs: Path, *rules: dict[str, str], file: str = "rules.csv") -> Rulebook:
    path = configs / "labels" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(csv_of(list(rules)), encoding="utf-8")
    return load_rulebook(configs, REGISTRIES)


def refused(configs: Path, *rules: dict[str, str]) -> str:
    """Why the rules are refused: the one fault, without the path of its file."""
    with pytest.raises(ConfigError) as refusal:
        loaded(configs, *rules)
    (fault,) = refusal.value.args
    return str(fault).replace(f"{configs / 'labels'}/", "")


def test_the_shipped_rules_can_be_meant_and_name_what_they_were_read_in():
    book = load_rulebook(CONFIGS, REGISTRIES)
    assert book.rules
    assert all(rule["document"] and rule["document_version"] and rule["document_date"] for rule in book.rules)
    assert {phase.scheme for phase in book.phases} == {"CORSIA", "CCP"}
    assert book.programs["verra"] == "vcs" and book.programs["arb"] == "arb"
    for kind in book.unit_types:
        assert kind.serial_pattern is None or re.compile(kind.serial_pattern)


@pytest.mark.parametrize(
    ("cells", "said", "near"),
    [
        ({"scheme": "CORSJA"}, "scheme 'CORSJA'", "CORSIA"),
        ({"phase": "frist phase"}, "phase 'frist phase'", "first phase"),
        ({"phase": ""}, "phase ''", ""),
        ({"program": "carr"}, "program 'carr'", "car"),
        ({"verdict": "eligibel"}, "verdict 'eligibel'", "eligible"),
        ({"protocol": "vm-0047"}, "protocol 'vm-0047'", "vm0047"),
        ({"unit_type": "RCO"}, "unit_type 'RCO'", "ROC"),
        ({"unit_type": "VCU"}, "unit_type 'VCU'", "CRT"),  # of another programme
        ({"needs_label": "Article 6 NDCs"}, "needs_label 'Article 6 NDCs'", "Article 6 NDC"),
    ],
)
def test_a_word_that_no_file_defines_is_refused(configs, cells, said, near):
    fault = refused(configs, rule("first"), rule("second", **cells))
    assert fault.startswith(f"rules.csv, line 3: {said} is not known; the nearest known is '{near}")


def test_a_scheme_without_phases_has_none(configs):
    fault = refused(configs, rule(scheme="CCP", phase="first phase"))
    assert fault.startswith("rules.csv, line 2: phase 'first phase' is not known")


@pytest.mark.parametrize("column", [name for name in RULES.names if name.endswith(("_from", "_to", "_date"))])
@pytest.mark.parametrize("day", ["2024-02-30", "01.02.2024", "2024", "20240101", "2024-1-1"])
def test_a_day_that_is_none_is_refused(configs, column, day):
    fault = refused(configs, rule(**{column: day}))
    assert fault == f"rules.csv, line 2: {column} is a day as YYYY-MM-DD or blank, not {day!r}"


@pytest.mark.parametrize("column", ["rule", "valid_from", "document", "document_version", "document_date"])
def test_a_rule_without_name_day_or_document_is_refused(configs, column):
    assert refused(configs, rule(**{column: ""})) == f"rules.csv, line 2: {column} is blank: it needs one"


def test_versions_without_a_protocol_are_refused(configs):
    assert refused(configs, rule(protocol_versions="1.0")) == (
        "rules.csv, line 2: protocol_versions '1.0' are of no protocol: name it"
    )


@pytest.mark.parametrize(("first", "last"), [("vintage_from", "vintage_to"), ("valid_from", "valid_to")])
def test_a_period_that_ends_before_it_begins_is_refused(configs, first, last):
    fault = refused(configs, rule(**{first: "2024-01-02", last: "2024-01-01"}))
    assert fault == f"rules.csv, line 2: {first} 2024-01-02 is after {last} 2024-01-01: correct one of them"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"vintage_to": "2021-12-31"}, {"vintage_from": "2021-12-31"}),
        ({"protocol": "car-ozone"}, {"protocol": "car-ozone"}),
        ({"protocol": "car-ozone"}, {"unit_type": "ROC"}),  # neither is the exception from the other
        ({"valid_to": "2025-01-01"}, {"valid_from": "2025-01-01"}),
        (
            {"protocol": "car-ozone", "protocol_versions": "1|2"},
            {"protocol": "car-ozone", "protocol_versions": "2.0|3"},
        ),
        ({"crediting_from": "2016-01-01"}, {"needs_label": "CORSIA"}),
    ],
)
def test_two_rules_that_decide_one_block_differently_are_refused(configs, one, other):
    fault = refused(configs, rule("yes", **one), rule("no", "not_eligible", **other))
    assert fault.startswith("rules.csv, line 3: rule 'no' says not_eligible of units of which 'yes' (")
    assert "rules.csv, line 2) says eligible: narrow one of them" in fault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"protocol": "car-ozone"}),
        ({"unit_type": "ROC"}, {"unit_type": "ROC", "protocol": "car-ozone"}),
        ({"vintage_to": "2020-12-31"}, {"vintage_from": "2021-01-01"}),
        ({"valid_to": "2024-12-31"}, {"valid_from": "2025-01-01"}),
        ({"phase": "pilot phase"}, {}),
        ({"protocol": "car-ozone"}, {"protocol": "car-ozone", "protocol_versions": "1.0"}),
        ({"protocol": "car-ozone", "protocol_versions": "1"}, {"protocol": "car-ozone", "protocol_versions": "1.1|10"}),
        ({"program": "acr"}, {}),
        ({"protocol": "car-ozone"}, {"protocol": "car-ozone-mx"}),
    ],
)
def test_exceptions_and_rules_that_never_meet_are_taken(configs, one, other):
    book = loaded(configs, rule("yes", **one), rule("no", "not_eligible", **other))
    assert [one["rule"] for one in book.rules] == ["yes", "no"]


def test_rules_that_agree_may_overlap(configs):
    assert len(loaded(configs, rule("one"), rule("two")).rules) == 2


def test_a_registry_brings_rules_in_a_file_of_its_own(configs):
    loaded(configs, rule("one"))
    assert len(loaded(configs, rule("two", protocol="car-ozone"), file="rules/more.csv").rules) == 2


@pytest.mark.parametrize(
    ("file", "old", "new", "said", "near"),
    [
        ("phases.csv", ",CORSIA,", ",CORSJA,", "label_family 'CORSJA'", "CORSIA"),
        ("unit_types.csv", "VCU,vcs", "VCU,vsc", "program 'vsc'", "vcs"),
        ("first_crediting_periods.csv", "art-trees,", "art-tree,", "registry 'art-tree'", "art-trees"),
        ("rules.csv", ",acr,eligible", ",acrr,eligible", "program 'acrr'", "acr"),
    ],
)
def test_check_tells_what_is_wrong_with_each_file(tmp_path, file, old, new, said, near):
    configs = Path(shutil.copytree(CONFIGS, tmp_path / "configs"))
    path = configs / "labels" / file
    text = path.read_text(encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    (fault,) = faults_in(configs, check)
    assert fault.startswith(f"{path}, line {line}: {said} is not known; the nearest known is {near!r}")


def test_check_tells_a_pattern_that_is_none(tmp_path):
    configs = Path(shutil.copytree(CONFIGS, tmp_path / "configs"))
    path = configs / "labels" / "unit_types.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("^CAR-ROC-", "^CAR-(ROC-"), encoding="utf-8")
    (fault,) = faults_in(configs, check)
    assert fault.startswith(f"{path}, line 4: serial_pattern '^CAR-(ROC-' is no regular expression: ")
