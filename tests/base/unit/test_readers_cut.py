"""`readers.cut`: a file without some of its columns is the same file to whoever does not read them."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base import readers
from carbon_assets.base.readers import LINE, HtmlTable, RawTable, Shape, UnreadableFile, header_key

ENTITIES = Shape(rows="entities")


def cut_json(document: object, drop: list[str], shape: Shape = ENTITIES) -> object:
    return json.loads(readers.cut("made.json", json.dumps(document).encode(), drop, shape))


def test_members_of_records_are_cut_and_the_envelope_stays():
    document = {"email": "of the envelope", "entities": [{"id": 1, "email": "a@b.c"}, {"id": 2.50}], "total": 2}
    assert cut_json(document, ["Email"]) == {
        "email": "of the envelope",
        "entities": [{"id": 1}, {"id": 2.5}],
        "total": 2,
    }


def test_nested_names_are_cut_within_objects_and_lists():
    record = {
        "id": 1,
        "owner": {"name": "x", "email": "y"},
        "files": [{"by": "z", "of": [{"by": "z"}]}, "text"],
        "by": 1,
    }
    assert cut_json({"entities": [record]}, ["owner.email", "files.by", "files.of.by"]) == {
        "entities": [{"id": 1, "owner": {"name": "x"}, "files": [{"of": [{}]}, "text"], "by": 1}]
    }
    assert cut_json({"entities": [record]}, ["owner", "files"]) == {"entities": [{"id": 1, "by": 1}]}


def test_without_a_path_every_list_of_records_is_cut():
    document = {"a": [{"id": 1, "email": "x"}], "b": {"c": [{"email": "y"}]}, "email": 1}
    assert cut_json(document, ["email"], Shape()) == {"a": [{"id": 1}], "b": {"c": [{}]}, "email": 1}


def test_every_member_of_an_object_is_cut():
    document = {"1": {"data": [{"id": 1, "email": "x"}]}, "2": {"data": []}}
    assert cut_json(document, ["email"], Shape(rows="*.data")) == {"1": {"data": [{"id": 1}]}, "2": {"data": []}}


@pytest.mark.parametrize("name", ["made.json", "made.csv", "made.csv.gz"])
def test_a_file_that_has_none_of_the_columns_stays_as_it_is(name):
    content = b'{"entities": [{"id": 1.10}]}' if "json" in name else b"id, note\r\n1,2\r\n"
    content = gzip.compress(content) if name.endswith(".gz") else content
    assert readers.cut(name, content, ["email"], ENTITIES if "json" in name else Shape()) == content


def test_titles_and_delimiters_of_a_text_stay():
    text = "Ledger of 2026\n\nid;email;note\n1;a@b.c;Forêt\n2;;5\n"
    cut = readers.cut("made.csv", text.encode("windows-1252"), ["E-mail", "email"])
    assert cut.decode() == 'Ledger of 2026\n\n"id";"note"\n"1";"Forêt"\n"2";"5"\n'


def test_all_columns_of_one_name_are_cut():
    assert readers.cut("made.csv", b"id,email,E,EMAIL \n1,a,b,c\n", ["email"]) == b'"id","E"\n"1","b"\n'


@pytest.mark.parametrize("row", ["2,x", '2,"x, y', '2,"x", "y", z, 5'])
def test_a_row_whose_columns_cannot_be_told_cannot_be_cut(row):
    with pytest.raises(UnreadableFile, match="email cannot be cut out of line 3"):
        readers.cut("made.csv", f"id,email,note\n1,a,5\n{row}\n".encode(), ["email"])


@pytest.mark.parametrize(
    ("name", "shape", "what"), [("made.xlsx", Shape(), "workbook"), ("a.html", Shape(html=HtmlTable()), "web page")]
)
def test_a_workbook_and_a_page_cannot_be_cut(name, shape, what):
    with pytest.raises(UnreadableFile, match=f"email cannot be cut out of a {what}"):
        readers.cut(name, b"<html></html>", ["email"], shape)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"entities": 5}', b"[" * 100_000, b'{"a":' * 900 + b"[]" + b"}" * 900]
)
def test_what_cannot_be_read_cannot_be_cut(content):
    with pytest.raises(UnreadableFile):
        readers.cut("made.json", content, ["email"], ENTITIES)


@pytest.mark.parametrize("name", ["made.json.gz", "made.csv.gz"])
def test_the_same_file_is_cut_into_the_same_bytes(name):
    text = b'{"entities": [{"id": "\xc3\xa9 \\ud800", "email": 1}]}' if "json" in name else b"id,email\n1,2\n"
    shape = ENTITIES if "json" in name else Shape()
    first = readers.cut(name, gzip.compress(text, mtime=1), ["email"], shape)
    assert readers.cut(name, gzip.compress(text, mtime=2), ["email"], shape) == first
    assert readers.cut(name, first, ["email"], shape) == first
    assert b"email" not in gzip.decompress(first)


def without(table: RawTable, drop: list[str]) -> list[dict]:
    """Filled rows without columns, and without their lines."""
    gone = {LINE, *(header_key(name) for name in drop)}
    rows = [{key: cell for key, cell in row.items() if key not in gone} for row in table.rows.to_pylist()]
    return [row for row in rows if any(cell.strip() for cell in row.values())]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=2),
    max_leaves=5,
)
json_records = st.lists(st.dictionaries(st.sampled_from(["a", "b", "email"]), values), min_size=1, max_size=5)


@given(json_records)
def test_json_that_was_cut_reads_as_itself_without_the_columns(records):
    content = json.dumps(
        {"entities": [{"id": 1, "email": "x"}, *({"id": "2", **record} for record in records)]}
    ).encode()
    whole = readers.read("made.json", content, [["id"]], ENTITIES)
    cut = readers.read("made.json", readers.cut("made.json", content, ["email"], ENTITIES), [["id"]], ENTITIES)
    inner = [key for key in whole.header if key == "email" or key.startswith("email.")]
    assert without(cut, []) == without(whole, inner)
    assert set(cut.header) == set(whole.header) - set(inner)


cells = st.text(st.sampled_from(list("ab\",;\t|\n\r' é\0\ufeff")), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), max_size=5), st.sampled_from(",;\t|"), st.integers(0, 2))
def test_text_that_was_cut_reads_as_itself_without_the_columns(rows, delimiter, place):
    names = ["id", "note", "email"]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
    content = file.getvalue().encode()
    drop, kept = names[place], names[place - 1]
    whole = readers.read("made.csv", content, [[name] for name in names])
    if whole.bad_rows:
        return
    cut = readers.read("made.csv", readers.cut("made.csv", content, [drop]), [[kept]])
    assert without(cut, []) == without(whole, [drop])
    assert list(cut.header) == [key for key in whole.header if key != drop]
