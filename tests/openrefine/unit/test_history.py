"""`history`: what is read, and above all what is refused before anything runs, with index and reason."""

from __future__ import annotations

import json

import pytest

from carbon_assets.openrefine import history
from carbon_assets.openrefine.history import HistoryError, check_columns
from tests.kit.openrefine_histories import (
    addition,
    edit,
    list_facet,
    mass_edit,
    parsed,
    range_facet,
    text_facet,
    transform,
)

FINE = transform("value.trim()")
ENGINE = {"facets": [], "mode": "row-based"}


def refusal(*operations: object) -> str:
    with pytest.raises(HistoryError) as error:
        history.parse(json.dumps(operations))
    return str(error.value)


def test_text_bytes_and_files_are_read(tmp_path):
    text = json.dumps([FINE])
    (tmp_path / "operations.json").write_text("\ufeff" + text)
    assert len(history.parse(text).operations) == len(history.parse(text.encode()).operations) == 1
    assert len(history.read(tmp_path / "operations.json").operations) == 1


def test_a_refusal_names_the_index_from_0():
    with pytest.raises(HistoryError) as error:
        parsed(FINE, transform("value.toUppercase()"))
    assert (error.value.index, str(error.value)) == (
        1, "operation 1: the GREL function 'toUppercase' is not supported here",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({"op": "core/column-removal", "columnName": "v"}, "'core/column-removal' is not supported"),
        ({"description": "x", "operation": FINE}, "not an object with an 'op'"),
        ("core/mass-edit", "not an object"),
        ({"op": 1}, "not an object with an 'op'"),
        (FINE | {"engineConfig": ENGINE | {"mode": "record-based"}}, "engine mode 'record-based'"),
        (FINE | {"engineConfig": ENGINE | {"reset": True}}, "engineConfig has 'reset'"),
        (FINE | {"engineConfig": {"mode": "row-based"}}, "engineConfig has no 'facets'"),
        (FINE | {"engineConfig": None}, "engineConfig is not an object"),
        (FINE | {"engineConfig": ENGINE | {"facets": {}}}, "'facets' is not a list"),
        (FINE | {"starred": True}, "it has 'starred'"),
        (FINE | {"repeat": True}, "'repeat' is not supported"),
        (FINE | {"repeat": "false"}, "'repeat' is neither true nor false"),
        (FINE | {"onError": "store-error"}, "onError 'store-error'"),
        (FINE | {"onError": None}, "onError 'None'"),
        (FINE | {"columnName": 1}, "'columnName' is not text"),
        (FINE | {"columnName": "\ud800"}, "half a character"),
        ({key: value for key, value in FINE.items() if key != "columnName"}, "no 'columnName'"),
        (transform("clojure:value"), "Clojure"),
        (transform("x" * 20_000), "20,000 letters is too long"),
        (transform("jython:import os\nreturn os.getcwd()"), "Jython statement Import"),
        (transform("jython:return", onError="set-to-blank"), ""),
        (transform("jython:if", onError="set-to-blank"), ""),
        (addition("jython:if"), "of a column that is added"),
        (addition("value", at=-1), "'columnInsertIndex'"),
        (addition("value", at=True), "'columnInsertIndex'"),
        (addition("value", at=1.0), "'columnInsertIndex'"),
        (mass_edit([edit("a", "b")], expression="jython:if"), "of a mass edit"),
        (mass_edit([edit("a", "b", type="date")]), "an edit has 'type'"),
        (mass_edit([edit(None, "b")]), "'to' is not text"),
        (mass_edit([edit("a", 1)]), "'from' is not text"),
        (mass_edit([{"from": "b", "to": "a"}]), "'from' is not a list"),
        (mass_edit([edit("a", "b", fromBlank=1)]), "'fromBlank' is neither"),
        (mass_edit("b"), "'edits' is not a list"),
    ],
)  # fmt: skip
def test_an_operation_that_is_not_supported_is_refused(operation, reason):
    if not reason:
        parsed(operation)
        return
    assert refusal(FINE, operation).startswith("operation 1: ")
    assert reason in refusal(operation)


@pytest.mark.parametrize(
    ("facet", "reason"),
    [
        ({"type": "scatterplot"}, "a facet of the type 'scatterplot'"),
        ({}, "a facet of the type 'None'"),
        ("text", "a facet of the type 'None'"),
        (text_facet("a", mode="fuzzy"), "the mode 'fuzzy'"),
        (text_facet(None), "'query' is not text"),
        (text_facet("a", trim=True), "a text facet has 'trim'"),
        (text_facet("(", mode="regex"), "a ( that nothing closes"),
        (text_facet("a", invert=0), "'invert' is neither"),
        (list_facet("value", None), "a choice of a list facet"),
        (list_facet("value", [1]), "a choice of a list facet"),
        (list_facet("value", selection=["a"]), "a choice is not an object"),
        (list_facet("value", selectNumeric=True), "a list facet has 'selectNumeric'"),
        (list_facet("jython:if"), "would select every row"),
        (list_facet("value.nope()"), "'nope' is not supported"),
        (range_facet("value.length()", 0, "9"), "'to' is not a number"),
        (range_facet("value.length()", 0, True), "'to' is not a number"),
        ({"type": "range", "columnName": "v", "expression": "value", "from": 0}, "no 'to'"),
    ],
)
def test_a_facet_that_is_not_supported_is_refused(facet, reason):
    assert reason in refusal(transform("'x'", facet))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"{}", "not a list"),
        (b"null", "not a list"),
        (b"\xff\xfe[\x00", "not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'[{"op": "a", "op": "b"}]', "same key twice"),
        (b'[{"op": NaN}]', "NaN is no number"),
        (b'[{"op": -Infinity}]', "-Infinity is no number"),
        (b"[" + b"9" * 10_000 + b"]", "not JSON"),
        (b"[" + b"0," * 20_000 + b"0]", "20,001 operations"),
        (b" " * (history.LARGEST_FILE + 1), "larger than 16 MiB"),
    ],
)
def test_a_file_that_is_no_history_is_refused(content, reason):
    with pytest.raises(HistoryError, match=reason):
        history.parse(content)


def test_a_number_beyond_all_numbers_is_no_end_of_a_range():
    text = json.dumps([transform("'x'", range_facet("value.length()", 0, 7))]).replace(" 7}", " 1e999}")
    with pytest.raises(HistoryError, match="'to' is not a number"):
        history.parse(text)


# --- columns


@pytest.mark.parametrize(
    "operation",
    [
        transform("value", column="nope"),
        mass_edit({"a": "b"}, column="nope"),
        addition("value", base="nope"),
        transform("cells['nope'].value"),
        transform("facetCount(value,'value','nope')"),
        transform("value", text_facet("a", "nope")),
        transform("value", text_facet("", "nope")),
        transform("value", list_facet("value", column="nope")),
        transform("value", list_facet("value", column="")),
        transform("value", range_facet("value", 0, 1, column="nope")),
        transform("value", list_facet("cells['nope'].value", "a")),
        transform("value", list_facet("facetCount(value,'value','nope')", 1)),
    ],
)
def test_a_column_that_the_table_does_not_have_is_refused(operation):
    with pytest.raises(HistoryError, match=r"^operation 1: .*which the table does not have here"):
        check_columns(parsed(FINE, operation), ["v"])


def test_columns_come_in_the_order_of_the_operations():
    added = addition("value", column="new", at=0)
    assert check_columns(parsed(added, transform("value", column="new")), ["v"]) == ["new", "v"]
    with pytest.raises(HistoryError, match="operation 0: it needs the column 'new'"):
        check_columns(parsed(transform("value", column="new"), added), ["v"])


def test_a_column_cannot_be_added_twice_nor_beyond_the_end():
    with pytest.raises(HistoryError, match="operation 1: there is a column 'new' already"):
        check_columns(parsed(addition("value"), addition("value")), ["v"])
    with pytest.raises(HistoryError, match="operation 0: columnInsertIndex 2 is beyond 1 columns"):
        check_columns(parsed(addition("value", at=2)), ["v"])
    with pytest.raises(HistoryError, match="several columns of one name"):
        check_columns(parsed(), ["v", "v"])
