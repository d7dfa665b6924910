"""Records of JSON in a `Shape`: where they lie, which of their lists make rows, what the document states of itself."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base import readers
from carbon_assets.base.readers import LINE, RawTable, Shape, UnreadableFile, records

ID = [["id"]]


def read(document: object, shape: Shape, required=ID) -> RawTable:
    text = document if isinstance(document, str) else json.dumps(document)
    return readers.read("made.json", text.encode(), required, shape)


def rows(table: RawTable) -> list[tuple]:
    """Line, then cells."""
    return [(row.pop(LINE), *row.values()) for row in table.rows.to_pylist()]


def refusal(document: object, shape: Shape, required=ID) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(document, shape, required)
    return str(refused.value)


# --- where the records lie --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([{"id": 1}, {"id": 2}], ""),
        ({"entities": [{"id": 1}, {"id": 2}], "page": 1}, "entities"),
        ({"datasets": {"retired": {"rows": [{"id": 1}, {"id": 2}], "count": 2}}}, "datasets.retired.rows"),
        ({"status": 1, "data": [{"id": 1}, {"id": 2}]}, "data"),
        ({"status": True, "code": 200, "error": None, "data": [{"id": 1}, {"id": 2}]}, "data"),
        ({"status": "success", "errors": [], "data": [{"id": 1}, {"id": 2}]}, "data"),
    ],
)
def test_records_lie_at_a_path(document, path):
    assert rows(read(document, Shape(rows=path))) == [(1, "1"), (2, "2")]


def test_a_path_chooses_between_lists_that_both_have_the_columns():
    document = {"projects": [{"id": 1}], "holdings": [{"id": 2}]}
    assert rows(read(document, Shape(rows="holdings"))) == [(1, "2")]


def test_every_member_of_an_object_has_its_records_and_its_name_is_a_column():
    document = {"35": {"status": 200, "data": [{"id": 1}, {"id": 2}]}, "22": {"data": []}, "7": {"data": [{"id": 3}]}}
    table = read(document, Shape(rows="*.data", key_as="initiative"))
    assert table.rows.to_pylist() == [
        {"initiative": "35", "id": "1", LINE: 1},
        {"initiative": "35", "id": "2", LINE: 2},
        {"initiative": "7", "id": "3", LINE: 3},
    ]


def test_an_object_in_every_member_is_a_record():
    document = {"P1": {"detail": {"id": 1, "status": 404}}, "P2": {"detail": {"id": 2}}}
    table = read(document, Shape(rows="*.detail", key_as="key"))
    assert [(row["key"], row["id"]) for row in table.rows.to_pylist()] == [("P1", "1"), ("P2", "2")]


def test_a_key_that_the_records_have_a_column_for_is_refused():
    assert "'id'" in refusal({"a": [{"id": 1}]}, Shape(rows="*", key_as="id"))


@pytest.mark.parametrize(
    ("document", "path", "there"),
    [
        ({"entities": [{"id": 1}]}, "data.rows", "at its top is an object with 'entities'"),
        ({"data": {"issued": {"rows": []}}}, "data.retired.rows", "in data is an object with 'issued'"),
        ({"data": [{"id": 1}]}, "data.rows", "in data is a list of 1"),
        ({"data": {"rows": None}}, "data.rows", "in data.rows is null"),
        ({"data": {"rows": {"id": 1}}}, "data.rows", "in data.rows is an object with 'id'"),
        ({"data": "none"}, "data", "in data is the value 'none'"),
        ({}, "*.data", "at its top is an object with no members"),
        ([], "*.data", "at its top is a list of 0"),
        ({"1": {"data": []}, "2": {}}, "*.data", "in 2 is an object with no members"),
        ({"id": 1}, "", "at its top is an object with 'id'"),
    ],
)
def test_a_path_that_is_not_there_is_named_with_what_is_there(document, path, there):
    why = refusal(document, Shape(rows=path))
    assert path in why and why.endswith(there)


def test_of_many_members_a_few_are_named():
    assert len(refusal({f"member {n}": 1 for n in range(10_000)}, Shape(rows="data"))) < 1_000


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 403, "message": "No permission"},
        {"status": "403", "message": "No permission", "data": [{"id": 1}]},
        {"status": "ERROR_401", "msg": "No permission"},
        {"status": False, "error": "No permission"},
        {"statusCode": 500, "data": [{"id": 1}], "detail": "No permission"},
        {"data": [{"id": 1}], "errors": [{"message": "No permission"}]},
    ],
)
@pytest.mark.parametrize("shape", [Shape(rows="data"), Shape()])
def test_an_error_in_a_sound_reply_is_refused_in_its_words(answer, shape):
    assert "No permission" in refusal(answer, shape)


def test_an_error_of_one_member_is_refused_with_its_name():
    document = {"35": {"status": 200, "data": [{"id": 1}]}, "22": {"status": 403, "message": "Not yours"}}
    why = refusal(document, Shape(rows="*.data"))
    assert "22" in why and "403" in why and "Not yours" in why


def test_what_is_no_object_is_a_bad_row():
    table = read([{"id": 1}, "total", None, {"id": 2}], Shape(rows=""))
    assert rows(table) == [(1, "1"), (4, "2")]
    assert [(bad.line, bad.text) for bad in table.bad_rows] == [(2, "total"), (3, "")]
    assert "no object" in refusal([1, 2], Shape(rows=""))


def test_a_list_at_its_path_can_be_empty():
    table = read({"entities": [], "total": 0}, Shape(rows="entities", total="total"), [["id", "number"], ["quantity"]])
    assert (len(table.rows), list(table.header), table.stated_rows) == (0, ["id", "quantity"], "0")


def test_an_empty_list_that_may_be_any_is_refused():
    assert "missing column 'id'" in refusal([], Shape())


# --- lists that make rows ---------------------------------------------------------------------------------------------


def test_each_element_of_a_list_is_a_row_with_the_columns_of_its_record():
    document = [
        {"id": 1, "day": "2026-01-01", "parts": [{"serial": "A", "of": {"year": 2020}}, {"serial": "B"}]},
        {"id": 2, "day": "2026-02-01", "parts": [{"serial": "C"}]},
    ]
    table = read(document, Shape(rows="", explode="parts"), [["parts.serial"]])
    assert table.rows.to_pylist() == [
        {"id": "1", "day": "2026-01-01", "parts.serial": "A", "parts.of.year": "2020", LINE: 1},
        {"id": "1", "day": "2026-01-01", "parts.serial": "B", "parts.of.year": "", LINE: 2},
        {"id": "2", "day": "2026-02-01", "parts.serial": "C", "parts.of.year": "", LINE: 3},
    ]
    assert table.records == 2


def test_a_record_with_an_empty_list_makes_no_row_and_one_without_its_list_is_set_aside():
    document = [
        {"id": 1, "parts": [{"serial": "A"}]},
        {"id": 2, "parts": []},
        {"id": 3},
        {"id": 4, "parts": None},
        {"id": 5, "parts": ""},
        {"id": 6, "parts": [{"serial": "B"}]},
    ]
    table = read(document, Shape(rows="", explode="parts"))
    assert [(row["id"], row[LINE]) for row in table.rows.to_pylist()] == [("1", 1), ("6", 5)]
    assert [bad.line for bad in table.bad_rows] == [2, 3, 4]
    for number, bad in zip((3, 4, 5), table.bad_rows, strict=True):
        assert bad.reason.startswith(f"record {number}: its list 'parts' is absent")
        assert json.loads(bad.text)["id"] == number
    assert table.records == 6


@pytest.mark.parametrize("record", [{"id": 1}, {"id": 1, "parts": {}}, {"id": 1, "parts": "A-1"}])
def test_a_list_that_no_record_has_is_refused(record):
    why = refusal({"data": [record, record]}, Shape(rows="data", explode="parts"))
    assert "data" in why and "'parts' is absent" in why


def test_records_whose_lists_are_all_empty_are_a_table_without_rows():
    table = read([{"id": 1, "parts": []}], Shape(rows="", explode="parts"), [["id"], ["parts.serial"]])
    assert (len(table.rows), table.bad_rows) == (0, ())


def test_elements_may_be_texts_and_the_list_within_an_object():
    document = [{"id": 1, "held": {"in": "X", "serials": ["A", "B"]}}]
    table = read(document, Shape(rows="", explode="held.serials"))
    assert [(row["held.in"], row["held.serials"]) for row in table.rows.to_pylist()] == [("X", "A"), ("X", "B")]


lists = st.lists(st.one_of(st.none(), st.lists(st.dictionaries(st.sampled_from("ab"), st.integers()), max_size=4)))


@given(lists)
def test_no_element_is_lost_or_made_up(parts):
    document = [{"id": number, "parts": part} for number, part in enumerate(parts)] + [{"id": "last", "parts": [{}]}]
    table = read(document, Shape(rows="", explode="parts"))
    expected = [str(record["id"]) for record in document for _ in record["parts"] or []]
    assert table.rows.column("id").to_pylist() == expected
    assert len(table.bad_rows) == parts.count(None)
    lines = sorted([*table.rows.column(LINE).to_pylist(), *(bad.line for bad in table.bad_rows)])
    assert lines == list(range(1, len(lines) + 1))


def test_records_with_thousands_of_names_are_refused_before_every_row_has_a_cell_for_each():
    document = [{"id": number, f"name {number}": 1} for number in range(20_000)]
    began = time.process_time()
    assert "CARBON_MAX_COLUMNS" in refusal(document, Shape(rows=""))
    assert time.process_time() - began < 5


# --- what the document states -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "stated"),
    [
        ("total", "19,521"),
        ("page.count", "1"),
        ("page.count + page.remaining", "18"),
        ("page.count + total", "1 + 19,521"),
        ("page.count + page.more", None),
        ("page.more", None),
        ("total.more", None),
        ("page.empty", None),
    ],
)
def test_a_stated_total_is_given_as_it_is_written(total, stated):
    document = {"rows": [{"id": 1}], "total": "19,521", "page": {"count": 1, "remaining": 17, "empty": None}}
    table = read(document, Shape(rows="rows", total=total, sum="page.remaining"))
    assert (table.stated_rows, table.stated_sum) == (stated, "17")


def test_a_document_without_a_shape_states_nothing():
    table = read([{"id": 1}], Shape())
    assert (table.stated_rows, table.stated_sum) == (None, None)


# --- one file, several shapes -----------------------------------------------------------------------------------------


def test_a_file_is_parsed_once_however_many_shapes_are_tried(monkeypatch):
    calls = []
    parsed = records.parsed
    monkeypatch.setattr(records, "parsed", lambda text: calls.append(text) or parsed(text))
    file = readers.opened("made.json", b'{"entities": [{"id": 1}]}')
    for rows_at in ("data", "data.rows", "*.data"):
        with pytest.raises(UnreadableFile):
            file.table(ID, Shape(rows=rows_at))
    assert file.headers() == file.headers(Shape(rows="entities")) == [["id"]]
    assert len(file.table(ID, Shape(rows="entities")).rows) == len(file.table(ID).rows) == 1
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["made.csv", "made.txt"])
def test_a_path_of_json_fits_no_other_format(name):
    with pytest.raises(UnreadableFile, match=r"no JSON.*entities"):
        readers.read(name, b"id\n1\n", ID, Shape(rows="entities"))


@pytest.mark.parametrize(
    "shape",
    [
        {"explode": "parts"},
        {"key_as": "initiative", "rows": "data"},
        {"rows": "*.data.*"},
        {"rows": "data", "html": readers.HtmlTable()},
        {"encoding": "utf-16"},
        {"encoding": "windows-1252x"},
    ],
)
def test_a_shape_that_cannot_be_meant_is_refused(shape):
    with pytest.raises(ValueError, match=next(iter(shape))):
        Shape(**shape)


# --- charset ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoded", "encoding"),
    [
        ("Łódź – Peñón".encode(), "windows-1250"),
        ("Łódź".encode("windows-1250"), "windows-1250"),
        ("Forêt – Peñón".encode("windows-1252"), "windows-1252"),
        ("Ísafjörður".encode("iso-8859-1"), None),
    ],
)
def test_bytes_that_are_no_utf_8_are_in_the_declared_charset(encoded, encoding):
    table = readers.read("made.csv", b"id,place\n1," + encoded + b"\n", ID, Shape(encoding=encoding))
    try:
        expected = encoded.decode()
    except UnicodeDecodeError:
        expected = encoded.decode(encoding or "windows-1252")
    assert table.rows.column("place").to_pylist() == [expected]
