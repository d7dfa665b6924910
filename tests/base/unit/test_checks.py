"""Suites: which files are refused, and that a table is judged by what the suite says, whatever GX makes of the order."""

import json
from pathlib import Path

import pandas as pd
import pytest

from carbon_assets.base import suites
from carbon_assets.base.suites import Expectation, Outcome, SuiteError
from tests.kit.building import settings_in

ENTRY = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "id"},
    "severity": "critical",
    "notes": "An id is what everything hangs on.",
    "meta": {"name": "id_is_there"},
}
FRAME = pd.DataFrame({"id": ["a", "b", "b", None], "tonnes": [1, -2, 3, -4], "kind": ["x", "x", "y", "y"]})


def suite(folder: Path, *entries: dict, name: str = "table.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"name": "table", "expectations": entries}))
    return path


def without(key: str) -> dict:
    return {name: value for name, value in ENTRY.items() if name != key}


def expectation(name: str, type_: str, severity: str = "critical", **kwargs: object) -> Expectation:
    return Expectation(name, f"expect_{type_}", kwargs, severity, "why")


# --- loading ----------------------------------------------------------------------------------------------------


def test_a_suite_is_loaded_in_its_order(tmp_path):
    second = ENTRY | {"severity": "warning", "meta": {"name": "second_1"}, "kwargs": {"column": "kind", "mostly": 0.9}}
    loaded = suites.load_suite(suite(tmp_path, ENTRY, second))
    assert loaded[0] == Expectation("id_is_there", ENTRY["type"], {"column": "id"}, "critical", ENTRY["notes"])
    assert [(e.name, e.is_critical) for e in loaded] == [("id_is_there", True), ("second_1", False)]
    assert loaded[1].kwargs == {"column": "kind", "mostly": 0.9}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param(without("meta"), "expectation 2: needs meta.name in snake_case", id="no meta"),
        pytest.param(ENTRY | {"meta": {}}, "expectation 2: needs meta.name in snake_case", id="no name"),
        pytest.param(ENTRY | {"meta": {"name": "Id is there"}}, "needs meta.name in snake_case", id="no snake"),
        pytest.param(ENTRY | {"colour": 1}, r"unknown keys \['colour'\]", id="an unknown key"),
        pytest.param(without("notes"), "id_is_there: needs severity critical or warning, and notes", id="no notes"),
        pytest.param(ENTRY | {"notes": ""}, "id_is_there: needs severity", id="empty notes"),
        pytest.param(without("severity"), "id_is_there: needs severity", id="no severity"),
        pytest.param(ENTRY | {"severity": "info"}, "id_is_there: needs severity", id="a severity that nobody knows"),
    ],
)
def test_a_suite_that_does_not_say_what_and_why_is_refused(tmp_path, entry, said):
    good = ENTRY | {"meta": {"name": "good"}}
    path = suite(tmp_path, good, entry)
    with pytest.raises(SuiteError, match=said) as caught:
        suites.load_suite(path)
    assert str(caught.value).startswith(str(path))


def test_suites_of_one_table_are_put_together(tmp_path):
    shape = suite(tmp_path, ENTRY, name="shape.json")
    own = suite(tmp_path, ENTRY | {"meta": {"name": "other"}}, name="own.json")
    assert [e.name for e in suites.load_suites([shape, own])] == ["id_is_there", "other"]
    assert suites.load_suites([]) == []


def test_two_expectations_of_one_name_are_refused(tmp_path):
    one, other = suite(tmp_path, ENTRY, name="one.json"), suite(tmp_path, ENTRY, name="other.json")
    with pytest.raises(SuiteError, match=r"one\.json, .*other\.json: two expectations are named id_is_there"):
        suites.load_suites([one, other])
    with pytest.raises(SuiteError, match="two expectations are named id_is_there"):
        suites.load_suites([suite(tmp_path, ENTRY, ENTRY)])


def test_a_table_has_the_suite_of_its_shape_and_its_own(tmp_path):
    folder = tmp_path / "expectations"
    settings = settings_in(tmp_path, expectations=folder)
    key = ("normalized", "made-up", "events")
    assert suites.suite_paths(settings, *key, shape="credits") == []
    (folder / "normalized" / "made-up").mkdir(parents=True)
    shape = suite(folder / "normalized", ENTRY, name="credits.json")
    assert suites.suite_paths(settings, *key, shape="credits") == [shape]
    own = suite(folder / "normalized" / "made-up", ENTRY, name="events.json")
    assert suites.suite_paths(settings, *key, shape="credits") == [shape, own]
    assert suites.suite_paths(settings, *key) == [own]


def test_the_columns_that_a_suite_reads_are_told_once():
    expectations = [
        expectation("a", "column_values_to_not_be_null", column="id"),
        expectation("b", "column_pair_values_a_to_be_greater_than_b", column_A="start", column_B="id"),
        expectation("c", "compound_columns_to_be_unique", column_list=["kind", "start"]),
        expectation("d", "table_row_count_to_be_between", min_value=1),
    ]
    assert suites.columns_read(expectations) == ["id", "start", "kind"]


# --- judging ----------------------------------------------------------------------------------------------------

ROWS = expectation("rows", "table_row_count_to_be_between", min_value=1, max_value=3)
FILLED = expectation("filled", "column_values_to_not_be_null", column="id")
UNIQUE = expectation("unique", "column_values_to_be_unique", column="id", severity="warning")
POSITIVE = expectation("positive", "column_values_to_be_between", column="tonnes", min_value=0)
KNOWN = expectation("known", "column_values_to_be_in_set", column="kind", value_set=["x", "y"])
ABSENT = expectation("absent", "column_values_to_not_be_null", column="colour")
TWICE = expectation("twice", "column_values_to_not_be_null", column="kind")
MIXED = [POSITIVE, ROWS, ABSENT, UNIQUE, KNOWN, FILLED, TWICE]


def judge(*expectations: Expectation, frame: pd.DataFrame = FRAME) -> dict[str, Outcome]:
    outcomes = suites.judge(frame, list(expectations))
    assert [outcome.expectation for outcome in outcomes] == list(expectations), "one outcome each, in their order"
    return {outcome.expectation.name: outcome for outcome in outcomes}


@pytest.mark.parametrize("expectations", [MIXED, MIXED[::-1]], ids=["one order", "the other"])
def test_each_outcome_is_that_of_its_expectation(expectations):
    outcomes = judge(*expectations)
    assert {name: outcome.passed for name, outcome in outcomes.items()} == {
        "rows": False,
        "filled": False,
        "unique": False,
        "positive": False,
        "known": True,
        "absent": False,
        "twice": True,
    }


def test_an_outcome_says_how_many_values_broke_it_and_some_of_them():
    outcomes = judge(*MIXED)
    assert (outcomes["positive"].unexpected_count, outcomes["positive"].examples) == (2, ("-2", "-4"))
    assert (outcomes["unique"].unexpected_count, outcomes["unique"].examples) == (2, ("b", "b"))
    assert outcomes["filled"].unexpected_count == 1
    assert (outcomes["known"].unexpected_count, outcomes["known"].examples) == (0, ())
    assert outcomes["rows"].observed == "4"
    assert outcomes["rows"].unexpected_count is None


def test_examples_are_few_though_many_values_are_wrong():
    frame = pd.DataFrame({"tonnes": range(-50, 0)})
    outcome = judge(POSITIVE, frame=frame)["positive"]
    assert outcome.unexpected_count == 50
    assert outcome.examples == ("-50", "-49", "-48", "-47", "-46")


def test_a_missing_column_fails_by_name():
    assert "colour" in judge(ABSENT)["absent"].observed


def test_a_frame_that_keeps_all_expectations_passes():
    frame = pd.DataFrame({"id": ["a", "b"], "tonnes": [0, 1], "kind": ["x", "y"]})
    outcomes = judge(*(e for e in MIXED if e is not ABSENT), frame=frame)
    assert all(outcome.passed for outcome in outcomes.values())


def test_an_empty_table_breaks_what_asks_for_rows_and_nothing_else():
    outcomes = judge(ROWS, FILLED, UNIQUE, POSITIVE, frame=FRAME.iloc[:0])
    assert {name: outcome.passed for name, outcome in outcomes.items()} == {
        "rows": False,
        "filled": True,
        "unique": True,
        "positive": True,
    }


def test_without_expectations_there_are_no_outcomes():
    assert suites.judge(FRAME, []) == []


@pytest.mark.parametrize("mostly", [0.7, 0.8])
def test_a_share_of_wrong_values_can_be_allowed(mostly):
    allowed = expectation("allowed", "column_values_to_not_be_null", column="id", mostly=mostly)
    assert judge(allowed)["allowed"].passed is (mostly <= 0.75)


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param(expectation("odd", "column_values_to_be_nice", column="id"), id="a type that GX does not know"),
        pytest.param(
            expectation("odd", "column_values_to_not_be_null", column="id", colour="green"),
            id="an argument that GX does not know",
        ),
        pytest.param(expectation("odd", "column_values_to_not_be_null"), id="an argument that lacks"),
        pytest.param(
            expectation("odd", "table_row_count_to_be_between", min_value="many"), id="an argument of another type"
        ),
    ],
)
def test_what_gx_does_not_know_is_an_error_and_not_left_out(unknown):
    with pytest.raises(SuiteError, match="odd"):
        suites.judge(FRAME, [FILLED, unknown])
