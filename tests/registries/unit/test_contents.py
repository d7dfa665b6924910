"""What is inside a file: the same records are the same snapshot, however they are written down, and others are not."""

import gzip
import random
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon_assets.registries import contents
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots.store import Contents
from tests.kit.building import csv_text, normalized

REGISTRY = Registry.model_validate(
    {
        "id": "made-up",
        "name": "Made Up",
        "tables": {
            "events": {
                "files": "events",
                "holds": "credits",
                "required": {"project_id": "ID", "quantity": "Tonnes", "vintage": "Vintage"},
                "constants": {"transaction_type": "issuance"},
            }
        },
    }
)
HEADER = ["ID", "Tonnes", "Vintage", "Note"]
ROWS = [["P1", "1234567", "2020", "one"], ["P2", "5", "2021", "1000"], ["P2", "5", "2021", "1000"]]


def inside(text: str | bytes, file: str = "events.csv") -> Contents:
    return contents.describer(REGISTRY, "events")(file, text.encode() if isinstance(text, str) else text)


def records(rows: list[list[str]], header: list[str] = HEADER) -> str:
    return inside(csv_text(header, rows)).records


def with_cell(row: int, column: str, cell: str) -> list[list[str]]:
    rows = [list(row) for row in ROWS]
    rows[row][HEADER.index(column)] = cell
    return rows


# --- hostile files ----------------------------------------------------------------------------------------------------

TEXT = csv_text(HEADER, ROWS).encode()
RECORD = '"ID": "P1", "Tonnes": 5, "Vintage": 2020'


@pytest.mark.parametrize(
    ("file", "content", "rows", "why"),
    [
        ("events.csv", TEXT.replace(b"Note", b"No\0te"), 3, None),
        ("events.csv", TEXT.replace(b"Note", b"__line"), 3, None),
        ("events.csv", TEXT.replace(b"Note", b"row_hash"), 3, None),
        ("events.csv", TEXT.replace(b"Note", b"__value"), 3, None),
        ("events.csv", TEXT.replace(b"1000", b"x" * 2**21), 3, None),
        ("events.json", f'[{{{RECORD}, "Note": "\\ud800"}}]'.encode(), 1, None),
        ("events.json", f'[{{{RECORD}, "No\\ud800te": {"1" * 5000}}}]'.encode(), 1, None),
        ("events.json", f'[{{{RECORD}, "Note": NaN}}]'.encode(), 1, None),
        ("events.json", b"[" * 10_000 + b"]" * 10_000, None, "nested hundreds of levels deep"),
        ("events.json", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, None, "nested hundreds of levels deep"),
        ("events.csv.gz", gzip.compress(b"0" * 10**7, mtime=0), None, "more than 1,966,000 bytes when it is unpacked"),
        ("events.csv.gz", gzip.compress(TEXT, mtime=0)[:-4], None, "damaged or cut short"),
        ("events.csv.gz", gzip.compress(TEXT, mtime=0) + b"more", None, "damaged or cut short"),
        ("events.csv", b",".join([TEXT.split(b"\n")[0], *[b"c"] * 5000]), None, "5,004 columns, and at most 5,000"),
        ("events.xlsx", b"PK\3\4" + b"x" * 100, None, "the workbook is damaged"),
    ],
    ids=[
        "a NUL in a name", "our line", "our hash", "our prefix", "a long cell", "half a character", "5,000 digits", "NaN",
        "deep lists", "deep objects", "a bomb", "cut short", "more behind it", "5,004 columns", "no workbook",
    ],
)  # fmt: skip
def test_no_bytes_break_more_than_their_file(file, content, rows, why):
    told = inside(content, file)
    assert (told.rows, told.unreadable is None) == (rows, why is None), told.unreadable
    assert why is None or re.search(why.replace("1,966,000", r"\d[\d,]*"), told.unreadable)


def test_what_was_not_foreseen_is_a_reason_too(monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(contents.normalize, "record_hash", broken)
    assert inside(TEXT).unreadable == "it holds something that was not foreseen (ZeroDivisionError: by nought)"
    assert "Traceback" in caplog.text


def test_a_packed_file_of_several_members_is_whole():
    """As logs and some exports are: one after the other."""
    halves = [TEXT[:20], TEXT[20:]]
    assert inside(b"".join(map(gzip.compress, halves)), "events.csv.gz") == inside(TEXT)


def test_a_row_with_a_cell_that_is_too_long_is_set_aside_alone():
    result = normalized(REGISTRY, "events", TEXT.replace(b"one", b"x" * 2**21))
    assert len(result.rows) == 2 - 1 and len(result.quarantine) == 2
    assert any("a cell holds more than 1,048,576 bytes" in reason for reason in result.quarantine["reason"].to_pylist())


def test_a_name_of_a_column_that_is_read_may_hold_a_nul():
    """As the names of a file in UTF-16 do whose mark is lost."""
    text = TEXT.replace(b"Tonnes", b"\0T\0onnes").replace(b"1234567", b"many")
    assert "Tonnes" in normalized(REGISTRY, "events", text).quarantine["column"].to_pylist()


# --- rows and columns -----------------------------------------------------------------------------------------------


def test_rows_and_columns_are_told_as_published():
    text = "Made by us\nID,Tonnes ,Vintage\nP1,5,2020\nP1,5,2020,of,many\n"
    assert inside(text) == Contents(rows=2, columns=("ID", "Tonnes ", "Vintage"), records=inside(text).records)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<html><title>503</title></html>", "web page titled '503'"),
        ("", "the file is empty"),
        ("ID,Tonnes,Vintage\n", "a header but no rows"),
        ("ID,Tonnes\nP1,5\n", "missing column 'Vintage'"),
        ("ID,Tonnes,Tonnes,Vintage\nP1,5,6,2020\n", "several columns are named 'Tonnes'"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, reason):
    told = inside(content)
    assert reason in told.unreadable
    assert (told.rows, told.columns, told.records) == (None, (), None)


def test_a_damaged_archive_says_why():
    assert "damaged" in inside(b"\x1f\x8b no archive", "events.csv.gz").unreadable


def test_rows_say_the_snapshot_that_the_manifest_names():
    """Or nobody finds the file that a row comes from."""
    text = csv_text(HEADER, ROWS)
    assert normalized(REGISTRY, "events", text).snapshot_id == f"made-up/events@{inside(text).records}"


# --- the same records -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Tonnes", "1,234,567"),
        ("Tonnes", "1 234 567"),
        ("Tonnes", "1234567.000"),
        ("Tonnes", " 1'234'567.0 "),
        ("Vintage", "2020.0"),
        ("Note", " one"),
    ],
)
def test_another_way_of_writing_is_the_same(column, cell):
    assert records(with_cell(0, column, cell)) == records(ROWS)


@pytest.mark.parametrize("cell", ["1,000", "1000.0", "1,000.00"])
def test_a_number_in_a_column_that_nobody_reads_is_the_same(cell):
    assert records(with_cell(1, "Note", cell)) == records(ROWS)


def test_byte_order_marks_line_ends_quotes_and_the_order_of_columns_do_not_count():
    text = csv_text(HEADER, ROWS)
    back = csv_text(HEADER[::-1], [row[::-1] for row in ROWS])
    quoted = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in [HEADER, *ROWS])
    assert len({inside(content).records for content in (text, "\ufeff" + text, quoted, back)}) == 1


def _amount(number: int, style: int) -> str:
    """Ways of writing that have one reading each."""
    in_groups = f"{number:,}".replace(",", " ")
    return [str(number), in_groups, f"{number}.0", f"{number:,}.00", f" {in_groups} "][style]


CELLS = st.tuples(
    st.sampled_from(["P1", "P2", "P03"]),
    st.integers(0, 10**9),
    st.integers(1990, 2030),
    st.sampled_from(["", "a", "007"]),
)
STYLES = st.integers(0, 4)


@given(st.lists(CELLS, min_size=1, max_size=6), st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_neither_order_nor_formats_count_and_every_cell_does(rows, data):
    def written(rows: list[tuple]) -> list[list[str]]:
        styles = data.draw(st.lists(st.tuples(STYLES, STYLES), min_size=len(rows), max_size=len(rows)))
        return [
            [key, _amount(tonnes, style), f"{year}.0" if other else str(year), note]
            for (key, tonnes, year, note), (style, other) in zip(rows, styles, strict=True)
        ]

    before = records(written(rows))
    assert records(written(data.draw(st.permutations(rows)))) == before
    place, changed = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 3))
    other = list(rows[place])
    other[changed] = [other[0] + "x", other[1] + 1, other[2] + 1, other[3] + "7"][changed]
    assert records(written([*rows[:place], tuple(other), *rows[place + 1 :]])) != before


# --- other records --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.1", "1.10"), ("007", "7"), ("1,00", "100"), ("1,0000", "10000"), ("a", "A"), ("", "0"), ("x", "")],
)
def test_what_may_be_no_number_counts_as_written(one, other):
    assert records(with_cell(1, "Note", one)) != records(with_cell(1, "Note", other))


def test_how_often_a_record_occurs_counts():
    assert records(ROWS[:2]) != records(ROWS)


def test_cells_do_not_run_into_each_other():
    assert records([["P1", "5", "2020", "x"]], ["ID", "Tonnes", "Vintage", "A"]) != records(
        [["P1", "5", "2020", "", "x"]], ["ID", "Tonnes", "Vintage", "A", "B"]
    )
    assert records([["P1", "52", "2020", ""]]) != records([["P1", "5", "22020", ""]])


def test_a_column_under_another_name_is_another_snapshot():
    """Or nobody would hear that it was renamed."""
    assert records(ROWS, ["ID", "Tonnes", "Vintage", "Notes"]) != records(ROWS)


def test_a_row_that_cannot_be_split_counts():
    text = csv_text(HEADER, ROWS)
    texts = [text, text + "P3,5,2020,x,y\n", text + "P4,5,2020,x,y\n"]
    assert len({inside(text).records for text in texts}) == 3


def test_the_order_of_rows_that_cannot_be_split_does_not_count():
    shuffled = ["P3,5,2020,x,y\n", "P4,5,2020,x,y\n", "P5,5,2020,x\n"]
    one = csv_text(HEADER, ROWS) + "".join(shuffled)
    random.Random(1).shuffle(shuffled)
    assert inside(csv_text(HEADER, ROWS) + "".join(shuffled)).records == inside(one).records
