"""`execute`: what operations and facets do, down to OpenRefine's traps; distinct tuples against rows one by one."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_assets.openrefine import execute, grel
from carbon_assets.openrefine.execute import apply
from carbon_assets.openrefine.history import HistoryError
from carbon_assets.openrefine.values import FAILURE, Scope, to_text
from tests.kit.openrefine_histories import (
    addition,
    after,
    applied,
    edit,
    list_facet,
    mass_edit,
    parsed,
    range_facet,
    table,
    text_facet,
    transform,
)

HIT = "'HIT'"


def hit(*facets: dict, cells: list[str | None]) -> list[bool]:
    """Which cells the facets select."""
    return [cell == "HIT" for cell in after(transform(HIT, *facets), *cells)]


# --- mass edits


def test_a_mass_edit_is_exact_about_case_blanks_and_composition():
    cells = ["dup", "Dup", "dup ", "a\u00a0b", "a b", "e\u0301", "é", None]
    got = after(mass_edit({"dup": "1", "a b": "2", "é": "3"}), *cells)
    assert got == ["1", "Dup", "dup ", "a\u00a0b", "2", "e\u0301", "3", None]


def test_a_mass_edit_swaps_and_the_last_edit_of_a_text_wins():
    assert after(mass_edit({"a": "b", "b": "a"}), "a", "b") == ["b", "a"]
    assert after(mass_edit([edit("1", "a"), edit("2", "a")]), "a") == ["2"]


def test_only_an_edit_of_nothing_but_empty_text_means_blank():
    assert after(mass_edit([edit("X", "")]), "a", None, "") == ["a", "X", "X"]
    assert after(mass_edit([edit("X", "a", "")]), "a", None, "") == ["X", None, ""]
    assert after(mass_edit([edit("X", fromBlank=True)]), None) == ["X"]


def test_a_mass_edit_to_nothing_makes_empty_text_and_counts_what_it_leaves():
    got = applied([mass_edit({"a": "", "b": "b"})], v=["a", "b", "b", "c"])
    assert got.table["v"].to_pylist() == ["", "b", "b", "c"]
    assert got.results[0].cells == 3


def test_a_mass_edit_by_another_expression():
    edits = [edit("short", "1"), edit("odd", fromError=True)]
    assert after(mass_edit(edits, expression="value.length()"), "a", "bb", None) == ["short", "bb", "odd"]


def test_edits_are_chained_over_operations():
    got = applied([mass_edit({"a": "b"}), mass_edit({"b": "c"}), transform("value.replace('c','d')")], v=["a", "b"])
    assert got.table["v"].to_pylist() == ["d", "d"]
    assert [result.cells for result in got.results] == [1, 2, 2]


# --- transforms


def test_null_fails_in_starts_with_and_is_false_in_contains():
    assert after(transform("if(value.startsWith('a'),'Y','N')"), "ab", "b", None) == ["Y", "N", None]
    assert after(transform("if(value.contains('a'),'Y','N')"), "ab", "b", None) == ["Y", "N", "N"]


def test_a_failure_keeps_or_blanks():
    assert after(transform("[value]"), "a", None) == ["a", None]
    got = applied([transform("[value]", onError="set-to-blank")], v=["a", None])
    assert got.table["v"].to_pylist() == [None, None]
    assert got.results[0].cells == 1


def test_a_transform_counts_only_what_differs():
    got = applied([transform("if(value == 'a', 'a', value.trim())")], v=["a", " b", None])
    assert (got.table["v"].to_pylist(), got.results[0].cells) == (["a", "b", None], 1)


def test_to_null_and_to_empty_text_differ():
    got = applied([transform("if(value=='a',null,value)"), transform("if(value=='b','',value)")], v=["a", "b"])
    assert got.table["v"].to_pylist() == [None, ""]


@pytest.mark.parametrize("on_error", ["keep-original", "set-to-blank"])
def test_dead_jython_changes_nothing_and_is_reported(on_error):
    dead = transform("jython:if value.startswith('a');\n  return 'b'", onError=on_error)
    got = applied([dead, mass_edit({"a": "c"})], v=["a"])
    assert got.table["v"].to_pylist() == ["c"]
    assert "does not parse" in got.results[0].note
    assert (got.results[0].cells, got.results[1].note) == (0, None)


def test_what_only_its_result_shows_as_unsupported_is_refused():
    with pytest.raises(HistoryError, match="operation 1: an expression makes text of an array"):
        applied([mass_edit({"a": "b"}), transform("[value, [value]].join('')")], v=["a"])
    with pytest.raises(HistoryError, match="operation 0: an expression makes text of an array"):
        applied([mass_edit({"[a]": "b"}, expression="[value]")], v=["a"])


def test_a_comparison_looks_at_spellings_without_its_text():
    got = applied([transform("if(value=='école','x',value)")], v=["e\u0301cole", "ecole"])
    assert got.table["v"].to_pylist() == ["x", "ecole"]


def test_numbers_and_truths_are_written_as_text_and_found_by_it():
    operations = [transform("value.length()"), mass_edit({"2": "two"}), transform("value == 'two'")]
    got = applied(operations, v=["aa", "bbb"])
    assert got.table["v"].to_pylist() == ["true", "false"]


def test_a_needle_does_not_hide_numbers():
    """3 without an a is still changed: to the text 3."""
    got = applied([transform("value.length()"), transform("value.replace('a','b')")], v=["aaa", "b"])
    assert got.results[1].cells == 2


# --- columns


def test_a_column_is_added_at_its_place():
    got = applied([addition("join([coalesce(cells['w'].value,'-'),value],'+')", at=0)], v=["a", None], w=["b", None])
    assert got.table.column_names == ["new", "v", "w"]
    assert got.table["new"].to_pylist() == ["b+a", "-"]
    assert got.results[0].description == (
        "Create new column new based on column v by filling 2 rows with "
        "join([coalesce(cells['w'].value,'-'),value],'+')"
    )


def test_a_column_is_filled_where_facets_select_and_something_comes_out():
    got = applied([addition("if(value=='a',null,value)", text_facet("x", invert=True), at=1)], v=["a", "b", "x"])
    assert got.table["new"].to_pylist() == [None, "b", None]
    assert got.results[0].cells == 1


def test_a_failure_in_a_new_column_keeps_the_base_or_nothing():
    assert applied([addition("[value]")], v=["a"]).table["new"].to_pylist() == ["a"]
    assert applied([addition("[value]", onError="set-to-blank")], v=["a"]).table["new"].to_pylist() == [None]


def test_a_new_column_can_be_used():
    got = applied([addition("value"), mass_edit({"a": "b"}, column="new"), transform("cells.new.value")], v=["a", "c"])
    assert got.table.to_pydict() == {"v": ["b", "c"], "new": ["b", "c"]}


# --- text facets


def test_a_text_facet_folds_case_and_does_not_trim_its_query():
    cells = ["ÉCOLE", "école", "Istanbul İ", " a ", "Σίσυφος"]
    assert hit(text_facet("École"), cells=cells) == [True, True, False, False, False]
    assert hit(text_facet("i̇"), cells=cells) == [False, False, True, False, False]
    assert hit(text_facet(" A "), cells=cells) == [False, False, False, True, False]
    assert hit(text_facet("ΣΊΣΥΦΟΣ"), cells=cells) == [False, False, False, False, True]
    assert not any(hit(text_facet("σίσυφοσ"), cells=cells))
    assert hit(text_facet("é", caseSensitive=True), cells=cells) == [False, True, False, False, False]


def test_an_inverted_text_facet_selects_null_and_an_empty_query_everything():
    assert hit(text_facet("a", invert=True), cells=["a", "b", None]) == [False, True, True]
    assert hit(text_facet("", invert=True), cells=["a", None]) == [True, True]
    assert hit(text_facet("", mode="regex", invert=True), cells=["a", None]) == [True, True]


def test_a_regex_facet_finds_anywhere_with_ascii_case():
    cells = ["xABCx", "é", "É", None]
    assert hit(text_facet("b.?x", mode="regex"), cells=[*cells, "b\nx"]) == [True, False, False, False, False]
    assert hit(text_facet("bc?x", mode="regex"), cells=cells) == [True, False, False, False]
    assert hit(text_facet("É", mode="regex"), cells=cells) == [False, False, True, False]
    assert hit(text_facet("bc", mode="regex", invert=True), cells=cells) == [False, True, True, True]
    assert hit(text_facet("bc", mode="regex", caseSensitive=True), cells=cells) == [False] * 4


def test_facets_are_and_ed_and_may_look_at_other_columns():
    operation = transform(HIT, text_facet("a"), text_facet("retire", column="w"))
    got = applied([operation], v=["a", "a", "b"], w=["Retirement", "issuance", "retirement"])
    assert got.table["v"].to_pylist() == ["HIT", "a", "b"]


# --- list and range facets


def test_choices_of_a_list_facet_are_typed():
    cells = ["123", "true", None]
    assert hit(list_facet("grel:value != null", True), cells=cells) == [True, True, False]
    assert not any(hit(list_facet("grel:value != null", "true", 1), cells=cells))
    assert not any(hit(list_facet("value", 123), cells=cells))
    assert hit(list_facet("value", "123"), cells=cells) == [True, False, False]
    assert hit(list_facet("value.length()", 3.0), cells=cells) == [True, False, False]


def test_blank_and_failure_are_choices_of_their_own():
    cells = ["a", "", None]
    assert hit(list_facet("value", selectBlank=True), cells=cells) == [False, True, True]
    assert hit(list_facet("value", selectBlank=True, invert=True), cells=cells) == [True, False, False]
    assert hit(list_facet("value.length()", selectError=True), cells=cells) == [False, False, True]
    assert hit(list_facet("value", invert=True), cells=cells) == [True, True, True]


def test_of_an_array_one_item_is_enough():
    assert hit(list_facet("[value,'x']", "x"), cells=["a"]) == [True]
    assert hit(list_facet("[value,'x']", "x", invert=True), cells=["a"]) == [False]


def test_a_range_is_half_open_and_counts_utf_16():
    cells = ["a", "😀", "abc", None]
    assert hit(range_facet("value.length()", 1, 2, selectError=False), cells=cells) == [True, False, False, False]
    assert hit(range_facet("value.length()", 2, 3), cells=cells) == [False, True, False, True]
    assert not any(hit(range_facet("value.length()", 0, 0, selectError=False), cells=cells))
    assert hit(range_facet("value.length()", 0, 9, selectNumeric=False), cells=cells) == [False] * 3 + [True]


def test_a_range_of_what_is_no_number():
    cells = ["a", None]
    assert hit(range_facet("value", 0, 1), cells=cells) == [True, True]
    assert hit(range_facet("value", 0, 1, selectNonNumeric=False, selectBlank=False), cells=cells) == [False, False]
    assert hit(range_facet("isNull(value)", 0, 2, selectNonNumeric=False), cells=cells) == [False, False]


def test_facet_count_counts_all_rows_after_the_operations_before():
    count = range_facet('facetCount(value, "value", "v")', 3, 9)
    assert hit(count, cells=["a", "a", "b", "a"]) == [True, True, False, True]
    operations = [mass_edit({"b": "a"}), transform(HIT, text_facet("x", column="w"), count)]
    got = applied(operations, v=["a", "a", "b"], w=["x", "", ""])
    assert got.table["v"].to_pylist() == ["HIT", "a", "a"]


def test_facet_count_of_null_is_the_number_of_blanks():
    assert after(transform('facetCount(value, "value", "v")'), None, "", "a") == ["2", "2", "1"]


# --- tables


def test_no_rows_and_no_operations():
    assert applied([transform(HIT), addition("value")], v=[]).table.to_pydict() == {"v": [], "new": []}
    assert apply(parsed(), table(v=["a"])).table.to_pydict() == {"v": ["a"]}


def test_other_columns_and_types_stay():
    given_table = pa.table({"n": [1, 2], "v": pa.array(["a", "b"], pa.large_string()), "w": pa.array(["x", None])})
    got = apply(parsed(mass_edit({"a": "c"})), given_table).table
    assert got.schema == given_table.schema
    assert got.to_pydict() == {"n": [1, 2], "v": ["c", "b"], "w": ["x", None]}


def test_columns_of_dictionaries_chunks_and_nulls_are_text_too():
    given_table = pa.table({"v": pa.chunked_array([["a"], ["b"]]).dictionary_encode(), "w": pa.nulls(2)})
    got = apply(parsed(mass_edit({"a": "c"}, text_facet("x", column="w", invert=True))), given_table).table
    assert got["v"].to_pylist() == ["c", "b"]


def test_a_touched_column_that_is_no_text_is_refused():
    with pytest.raises(HistoryError, match="int64, not text"):
        apply(parsed(mass_edit({"a": "c"})), pa.table({"v": [1]}))


def test_cells_cannot_grow_without_bound(monkeypatch):
    doubling = [transform("join([value,value],'')")] * 40
    with pytest.raises(HistoryError, match="operation 16: an expression makes a cell of 131,072 letters"):
        applied(doubling, v=["a"])
    monkeypatch.setattr(execute, "MAX_ADDED_CHARACTERS", 100)
    with pytest.raises(HistoryError, match="operation 4: the history adds more than 100 letters"):
        applied(doubling, v=["ab", "cd"])


def test_a_long_cell_is_not_searched_for_a_replacement():
    with pytest.raises(HistoryError, match="operation 0: a cell of 20,000 letters is too long"):
        applied([transform("value.replace(/x/,'y')")], v=["a" * 20_000])


# --- against one row after the other

CELLS = st.sampled_from([None, "", "a", "A", "ab", "b", "aa", "é"])
TEXTS = st.sampled_from(["", "a", "b", "ab", "é"])
EXPRESSIONS = st.sampled_from(
    [
        "value", "'x'", "null", "if(value.contains('a'),'b',value)", "if(value.startsWith('a'),'A','é')",
        "value.replace('a','b')", "value.replace(/.*/,'a')", "coalesce(cells['w'].value,'a')", "value.trim()",
        "if(value=='a',null,value)", "join([value,cells['w'].value],'b')", "value.length()", "facetCount(value,'value','w')",
        "isNull(value)",
    ]
)  # fmt: skip
COLUMNS = st.sampled_from(["v", "w"])
FACETS = st.one_of(
    st.builds(lambda q, c, i, s: text_facet(q, c, invert=i, caseSensitive=s), TEXTS, COLUMNS, st.booleans(), st.booleans()),
    st.builds(lambda q, c, i: text_facet(q, c, invert=i, mode="regex"), TEXTS, COLUMNS, st.booleans()),
    st.builds(
        lambda e, s, c, i, b: list_facet(e, *s, column=c, invert=i, selectBlank=b, selectError=not b),
        EXPRESSIONS, st.lists(st.sampled_from([True, False, "a", 1]), max_size=2), COLUMNS, st.booleans(), st.booleans(),
    ),
    st.builds(lambda e, n, c: range_facet(e, 0, n, column=c), EXPRESSIONS, st.integers(0, 3), COLUMNS),
)  # fmt: skip
ENGINES = st.lists(FACETS, max_size=2)
OPERATIONS = st.lists(
    st.one_of(
        st.builds(lambda e, f, c: transform(e, *f, column=c), EXPRESSIONS, ENGINES, COLUMNS),
        st.builds(
            lambda e, f, c: mass_edit(e, *f, column=c), st.dictionaries(TEXTS, TEXTS, max_size=3), ENGINES, COLUMNS
        ),
    ),
    max_size=5,
)


class Naive:
    """Row after row, as the source of OpenRefine reads; no index, no distinct tuples."""

    def __init__(self, rows: list[dict]) -> None:
        self.rows = rows
        self.counts: list[int] = []

    def value(self, expression: str, row: dict, column: str):
        def count(name: str, value: object) -> int:
            return Counter(to_text(r[name]) for r in self.rows)[to_text(value)]

        scope = Scope(row.__getitem__, count)
        scope.value = row[column]
        return grel.parse(expression).run(scope)

    def selects(self, facet: dict, row: dict) -> bool:
        if facet["type"] == "text":
            cell, query = row[facet["columnName"]], facet["query"]
            if not query:
                return True
            fold = (lambda text: text) if facet["caseSensitive"] else ascii_lower
            if facet["mode"] == "text" and not facet["caseSensitive"]:
                fold = str.lower
            return (cell is not None and fold(query) in fold(to_text(cell))) is not facet["invert"]
        value = self.value(facet["expression"], row, facet["columnName"])
        blank, error = facet.get("selectBlank", True), facet.get("selectError", True)
        if facet["type"] == "range":
            is_number = type(value) is int
            return error if value is FAILURE else blank if value in (None, "") else (
                not is_number or facet["from"] <= value < facet["to"]
            )  # fmt: skip
        chosen = [choice["v"]["v"] for choice in facet["selection"]]
        is_chosen = any(type(value) is type(choice) and value == choice for choice in chosen)
        return (error if value is FAILURE else blank if value in (None, "") else is_chosen) is not facet["invert"]

    def run(self, operation: dict) -> None:
        column, changes = operation["columnName"], []
        for row in self.rows:
            if not all(self.selects(facet, row) for facet in operation["engineConfig"]["facets"]):
                continue
            old = row[column]
            if operation["op"] == "core/mass-edit":
                to = {text: e["to"] for e in operation["edits"] for text in e["from"]}
                if to_text(old) in to:
                    changes.append((row, to[to_text(old)]))
                continue
            new = self.value(operation["expression"], row, column)
            if new is not FAILURE and not (type(new) is type(old) and new == old):
                changes.append((row, new))
        for row, new in changes:
            row[column] = new
        self.counts.append(len(changes))


def ascii_lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8), OPERATIONS)
@settings(max_examples=300, deadline=None)
def test_tuples_fare_as_rows_do(cells, operations):
    naive = Naive([{"v": v, "w": w} for v, w in cells])
    for operation in operations:
        naive.run(operation)
    got = applied(operations, v=[v for v, _ in cells], w=[w for _, w in cells])
    for column in ("v", "w"):
        want = [None if row[column] is None else to_text(row[column]) for row in naive.rows]
        assert got.table[column].to_pylist() == want
    assert [result.cells for result in got.results] == naive.counts
