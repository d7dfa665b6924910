"""`readers.read`: whatever a registry's export looks like, each cell comes out as written, with the line it stands in."""

import csv
import gzip
import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_assets.base import readers
from carbon_assets.base.errors import in_words
from carbon_assets.base.readers import LINE, RawTable, Shape, UnreadableFile, delimited

REQUIRED = [["ID"], ["Qty"]]
HEADER = "ID,Qty,Note\n"


def read(content: str | bytes, name: str = "made.csv", required=REQUIRED, sheet: str | None = None) -> RawTable:
    return readers.read(name, content.encode() if isinstance(content, str) else content, required, Shape(sheet))


def rows(table: RawTable) -> list[tuple]:
    """Line, then cells."""
    return [(row.pop(LINE), *row.values()) for row in table.rows.to_pylist()]


def bad(table: RawTable) -> list[tuple[int, str]]:
    return [(row.line, row.text) for row in table.bad_rows]


def workbook(sheets: dict[str, list[list]], *, streamed: bool = False) -> bytes:
    book = openpyxl.Workbook(write_only=streamed)
    if not streamed:
        book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# --- encodings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("ID,Qty,Note\n1,5,Forêt – Peñón\n".encode(), id="utf-8"),
        pytest.param("ID,Qty,Note\n1,5,Forêt – Peñón\n".encode("utf-8-sig"), id="utf-8 with a byte-order mark"),
        pytest.param("ID,Qty,Note\n1,5,Forêt – Peñón\n".encode("windows-1252"), id="windows-1252"),
        pytest.param("ID,Qty,Note\n1,5,Forêt – Peñón\n".encode("utf-16"), id="utf-16"),
        pytest.param("\ufeffID,Qty,Note\n1,5,Forêt – Peñón\n".encode("utf-16-be"), id="utf-16, big end first"),
        pytest.param("ID,Qty,Note\n1,5,Forêt – ".encode() + b"Pe\xf1\xf3n\n", id="utf-8 with stray bytes"),
    ],
)
def test_accents_come_out_right_in_every_encoding(encoded):
    table = read(encoded)
    assert rows(table) == [(2, "1", "5", "Forêt – Peñón")]
    assert list(table.header) == ["id", "qty", "note"]


def test_a_byte_that_windows_1252_lacks_is_read_as_latin_1():
    assert rows(read(b"ID,Qty,Note\n1,5,a\x81\xe9b\n")) == [(2, "1", "5", "a\x81éb")]


def test_a_stray_byte_does_not_touch_the_rest_of_a_utf_8_file():
    assert rows(read("ID,Qty,Note\n1,5,中文 ".encode() + b"\x96" + " ü\n".encode())) == [(2, "1", "5", "中文 – ü")]


def test_a_utf_16_file_that_was_cut_short_is_refused():
    with pytest.raises(UnreadableFile):
        read((HEADER + "1,5,a\n").encode("utf-16")[:-1])


# --- lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(newline):
    table = read((HEADER + "1,5,a\n2,6,b\n").replace("\n", newline))
    assert rows(table) == [(2, "1", "5", "a"), (3, "2", "6", "b")]


def test_the_last_line_needs_no_end():
    assert rows(read(HEADER + "1,5,a")) == [(2, "1", "5", "a")]


def test_blank_lines_are_no_rows_but_count_as_lines():
    table = read("\n" + HEADER + "\n1,5,a\n,,\n  , ,\n\n2,6,b\n\n")
    assert rows(table) == [(4, "1", "5", "a"), (8, "2", "6", "b")]
    assert not table.bad_rows


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_rows_after_a_newline_in_a_cell_have_their_physical_line(newline):
    text = HEADER + '1,5,"two\nlines"\n\n2,6,b\n3,7,"x\n\ny"\n4,8,d\n'
    table = read(text.replace("\n", newline))
    assert [row[0] for row in rows(table)] == [2, 5, 6, 9]
    assert rows(table)[0][3] == f"two{newline}lines"


def test_a_cell_of_several_lines_stays_whole_where_rows_end_with_a_quoted_blank_that_the_header_lacks():
    """The rest of the cell begins as a record of quoted cells does, and is none."""
    text = '"ID","Qty","Note"\n"1","5","one\n",""\n"2","6\n","two",""\n"3","7","three",""\n'
    table = read(text)
    assert rows(table) == [(2, "1", "5", "one\n"), (4, "2", "6\n", "two"), (6, "3", "7", "three")]
    assert not table.bad_rows


def test_a_newline_in_a_bad_row_counts_as_a_line():
    table = read(HEADER + '1,5,"a\nb",too many\n2,6,c\n')
    assert bad(table) == [(2, '1,5,"a\nb",too many')]
    assert rows(table) == [(4, "2", "6", "c")]


def test_a_newline_in_a_name_of_the_header_is_a_blank():
    table = read('ID,"Qty\nissued",Note\n1,5,a\n', required=[["ID"], ["qty issued"]])
    assert rows(table) == [(3, "1", "5", "a")]
    assert list(table.header) == ["id", "qty issued", "note"]


def test_titles_may_stand_before_the_header():
    table = read("Made-up registry; report of today\nAs of:,2024-05-01\n\n" + HEADER + "1,5,a\n")
    assert rows(table) == [(5, "1", "5", "a")]


def test_a_header_that_stands_too_far_down_is_not_searched():
    assert readers.HEADER_SEARCH > 1
    assert rows(read("x\n" * (readers.HEADER_SEARCH - 1) + HEADER + "1,5,a\n"))
    with pytest.raises(UnreadableFile, match="missing column 'ID', 'Qty'"):
        read("x\n" * readers.HEADER_SEARCH + HEADER + "1,5,a\n")


# --- delimiters and trailing delimiters -------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    table = read((HEADER + '1,5,"a,b"\n').replace(",", delimiter))
    assert rows(table) == [(2, "1", "5", f"a{delimiter}b")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_commas_inside_cells_do_not_split_where_another_delimiter_does(delimiter):
    assert rows(read(f"ID{delimiter}Qty\n1{delimiter}1,234\n")) == [(2, "1", "1,234")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ID,Qty,\n1,5,\n2,6,\n", id="header and rows"),
        pytest.param("ID,Qty\n1,5,\n2,6,\n", id="only rows"),
        pytest.param("ID,Qty,\n1,5\n2,6\n", id="only header"),
        pytest.param("ID,Qty\n1,5\n2,6,\n", id="only some rows"),
        pytest.param("ID,Qty,,,\n1,5,\n2,6,,,\n", id="many"),
    ],
)
def test_trailing_commas_make_no_column(text):
    table = read(text)
    assert rows(table) == [(2, "1", "5"), (3, "2", "6")]
    assert list(table.header) == ["id", "qty"]
    assert not table.bad_rows


def test_a_nameless_column_with_content_is_kept_under_its_place():
    table = read("ID,,Qty\n1,x,5\n")
    assert rows(table) == [(2, "1", "x", "5")]
    assert table.header == {"id": "ID", "column 2": "column 2", "qty": "Qty"}


# --- headers ----------------------------------------------------------------------------------------------------


def test_names_are_compared_without_case_blanks_and_width():
    table = read("\ufeff id , ＱＴＹ\u00a0\n1,5\n")
    assert rows(table) == [(2, "1", "5")]


@pytest.mark.parametrize("unseen", ["\u200b", "\u2060", "\ufeff"])
def test_marks_that_nobody_sees_are_no_part_of_a_name(unseen):
    assert rows(read(f"ID{unseen},{unseen}Qty\n1,5\n")) == [(2, "1", "5")]


def test_any_of_a_columns_accepted_names_will_do():
    assert rows(read("ID,Amount\n1,5\n", required=[["ID"], ["Qty", "Amount"]])) == [(2, "1", "5")]


def test_a_missing_column_is_named_with_all_that_was_expected_and_found():
    with pytest.raises(UnreadableFile) as caught:
        read("ID,Name,Status\n1,a,b\n")
    assert str(caught.value) == "missing column 'Qty'; expected 'ID', 'Qty'; found 'ID', 'Name', 'Status'"


def test_two_columns_of_one_name_are_told_apart_and_told():
    table = read("ID,Qty,qty \n1,5,6\n")
    assert table.twins == {"qty"}
    assert rows(table) == [(2, "1", "5", "6")]


def test_a_header_alone_gives_a_table_without_rows():
    for text in (HEADER, HEADER.strip()):
        table = read(text)
        assert table.rows.num_rows == 0
        assert list(table.header.values()) == ["ID", "Qty", "Note"]


# --- rows that do not fit ---------------------------------------------------------------------------------------


def test_rows_with_too_few_or_too_many_cells_are_set_aside_and_the_others_kept():
    table = read(HEADER + "1,5,a\n2,6\n3,7,c,more\n4,8,d\n")
    assert rows(table) == [(2, "1", "5", "a"), (5, "4", "8", "d")]
    assert bad(table) == [(3, "2,6"), (4, "3,7,c,more")]
    assert [row.reason for row in table.bad_rows] == [
        "the row has 2 cells where the header has 3",
        "the row has 4 cells where the header has 3",
    ]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param("3,7,c\n4,8,d\n", id="plain rows after it"),
        pytest.param('3,7,"c"\n4,8,"d"\n', id="rows with quoted cells after it"),
    ],
)
@pytest.mark.parametrize("broken", ['2,6,"b', '2,"6,b', '"2,6,b'])
def test_a_quote_that_never_closes_costs_one_row(broken, later):
    table = read(HEADER + "1,5,a\n" + broken + "\n" + later)
    assert rows(table) == [(2, "1", "5", "a"), (4, "3", "7", "c"), (5, "4", "8", "d")]
    assert bad(table) == [(3, broken)]


def test_a_quote_that_never_closes_in_the_first_row_costs_one_row():
    table = read(HEADER + '1,5,"a\n2,6,b\n3,7,c\n')
    assert rows(table) == [(3, "2", "6", "b"), (4, "3", "7", "c")]
    assert bad(table) == [(2, '1,5,"a')]


@pytest.mark.parametrize("ending", ["", "\n"])
@pytest.mark.parametrize("broken", ['2,6,"b', '2,"6,b'])
def test_a_file_that_ends_within_a_quote_loses_its_last_row_only(broken, ending):
    table = read(HEADER + "1,5,a\n" + broken + ending)
    assert rows(table) == [(2, "1", "5", "a")]
    assert [row.line for row in table.bad_rows] == [3]


@pytest.mark.parametrize("before", ["", "0,0,0\n"])
def test_a_quote_that_never_closes_costs_one_row_of_a_large_file_too(before):
    many = "".join(f"{number},7,{'c' * 30}\n" for number in range(5000))
    table = read(HEADER + before + '1,5,"a\n' + many)
    assert len(table.rows) == 5000 + bool(before)
    assert [row.text for row in table.bad_rows] == ['1,5,"a']


def test_a_very_long_cell_is_a_cell():
    long = "x" * 200_000
    assert rows(read(HEADER + f'1,5,"{long}"\n2,6,b\n')) == [(2, "1", "5", long), (3, "2", "6", "b")]


def test_quotes_inside_a_cell_stay():
    table = read(HEADER + '1,5,say "yes" to it\n2,6,"he said ""no"""\n3,7,12" pipe\n')
    assert [row[3] for row in rows(table)] == ['say "yes" to it', 'he said "no"', '12" pipe']
    assert not table.bad_rows


# --- quotes that are not doubled --------------------------------------------------------------------------------

ALL_QUOTED = '"ID","Qty","Account","Note",\n'


def undoubled(*cells: str) -> str:
    """A row as APX writes it: every cell quoted, the quotes within none doubled, a comma at the end."""
    return "".join(f'"{cell}",' for cell in cells) + "\n"


NOTES = [
    'a play called "Aurora" in May',
    '"Acme Foundation"',
    '"On behalf of Alto, from Bosque"',
    'Crediti a nome di "Ditta Spa", anno 2024',
    'On behalf of "We Are Neutral, Inc."',
    'for "Alto","Bosque" and "Clara"',
    'a 12" pipe, 30 m long',
    'two lines\nof "Alto, Inc."',
    'of "Alto"\nand "Bosque, Inc."\nin May',
    "plain",
]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("place", [2, 3])
@pytest.mark.parametrize("note", NOTES)
def test_quotes_within_a_cell_that_are_not_doubled_stay(note, place, order):
    """Whatever row comes first, and in whichever column the quotes stand."""
    cells = ["1", "5", "Acme", "a note"]
    cells[place] = note
    records = [tuple(cells), ("2", "6", "Beta, Inc.", "for Beta, in May"), ("3", "7", "Clara", "")][::order]
    table = read(ALL_QUOTED + "".join(undoubled(*record) for record in records))
    assert [row[1:] for row in rows(table)] == records
    assert not table.bad_rows


def test_a_record_that_a_quote_swallowed_is_a_row():
    table = read(ALL_QUOTED + undoubled("1", "5", "Acme", '12"') + undoubled("2", "6", "Beta", 'of "Clara, Inc."'))
    assert [row[1:] for row in rows(table)] == [("1", "5", "Acme", '12"'), ("2", "6", "Beta", 'of "Clara, Inc."')]


def test_a_row_that_may_go_on_in_a_line_that_is_no_row_is_set_aside():
    table = read(ALL_QUOTED + '"1","5","Ac"me","a "note" of",\nand more",\n' + undoubled("2", "6", "Beta", ""))
    assert [row[0] for row in rows(table)] == [4]
    assert [line for line, _ in bad(table)] == [2, 3]


def test_any_number_of_rows_may_have_undoubled_quotes():
    records = [(str(number), "5", "Acme", note) for number, note in enumerate(NOTES)]
    table = read(ALL_QUOTED + "".join(undoubled(*record) for record in records))
    assert [row[1:] for row in rows(table)] == records
    lines = [line for line, *_ in rows(table)]
    assert lines == [2 + sum(1 + record[3].count("\n") for record in records[:place]) for place in range(len(records))]


def test_one_row_of_a_file_that_quotes_only_where_it_must():
    table = read('ID,Qty,Note\n1,5,"of "Alto, Inc.", in May"\n2,6,"say ""yes"", or no"\n3,7,"a" \n')
    assert [row[3] for row in rows(table)] == ['of "Alto, Inc.", in May', 'say "yes", or no', "a"]


@pytest.mark.parametrize(
    ("row", "surplus_cells"),
    [
        pytest.param('"1","5","Acme","x","y",', None, id="the surplus may belong to any column"),
        pytest.param('"1","5","Ac"me","x","y",', "Note", id="a column before it is broken, too"),
        pytest.param('1,"5" t, net",Acme,"a "note"', None, id="quotes that come in no pairs"),
        pytest.param('"1","5","Acme","x",y,', "Note", id="not every cell is quoted"),
    ],
)
def test_a_row_that_can_be_read_in_several_ways_is_set_aside(row, surplus_cells):
    table = readers.read(
        "a.csv",
        f"{ALL_QUOTED}{row}\n{undoubled('2', '6', '', '')}".encode(),
        REQUIRED,
        Shape(surplus_cells=surplus_cells),
    )
    assert bad(table) == [(2, row)]
    assert [found[0] for found in rows(table)] == [3]


def test_cells_too_many_belong_to_the_column_that_the_registry_is_known_for():
    content = ALL_QUOTED + '"1","5","Acme","x","y",\n'
    table = readers.read("a.csv", content.encode(), REQUIRED, Shape(surplus_cells="note"))
    assert rows(table) == [(2, "1", "5", "Acme", 'x","y')]


WORDS = st.sampled_from(["a", "Alto", " ", ", ", ",", "12", '"X"', '"Y, Inc."', '"l\nm"'])
QUOTED = st.lists(WORDS, max_size=6).map("".join).filter(lambda cell: '""' not in cell and '","' not in cell)


@settings(max_examples=100, deadline=None)
@given(records=st.lists(st.tuples(QUOTED, QUOTED), min_size=1, max_size=5), trailing=st.sampled_from(["", ","]))
def test_a_row_with_undoubled_quotes_is_read_as_it_was_written_or_set_aside(records, trailing):
    written = {(str(number), "5", *cells) for number, cells in enumerate(records)}
    lines = [",".join(f'"{cell}"' for cell in record) + trailing for record in sorted(written)]
    table = read('"ID","Qty","Account","Note"' + trailing + "\n" + "\n".join(lines) + "\n")
    with_an_id = {row[1:5] for row in rows(table) if row[1].isdecimal() and row[2] == "5"}
    assert with_an_id <= written


def test_lines_that_end_in_several_ways_keep_their_rows():
    table = read('ID,Qty,Note\n1,5,a\r2,6,"b "x" c"\r\n3,7,"d"\n')
    assert rows(table) == [(2, "1", "5", "a"), (3, "2", "6", 'b "x" c'), (4, "3", "7", "d")]


# --- files that are no tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b" \n\r\n\t ", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(content):
    name = "made.csv.gz" if content.startswith(b"\x1f\x8b") else "made.csv"
    with pytest.raises(UnreadableFile, match="the file is empty"):
        read(content, name)


@pytest.mark.parametrize("name", ["made.csv", "made.json"])
def test_a_web_page_is_named_by_its_title(name):
    with pytest.raises(UnreadableFile, match="web page titled 'Please sign in'"):
        read("\n<!DOCTYPE html><html><head><title>Please sign in</title></head></html>", name)


def test_a_web_page_without_a_title_is_refused_too():
    with pytest.raises(UnreadableFile, match="the file is a web page, not a table"):
        read("<html><body>ID,Qty\n1,2\n</body></html>")


def test_gzip_is_unpacked():
    assert rows(read(gzip.compress((HEADER + "1,5,a\n").encode()), "made.CSV.GZ")) == [(2, "1", "5", "a")]


@pytest.mark.parametrize("keep", [5, 15, -1, -9])
def test_a_gzip_file_that_was_cut_short_is_refused(keep):
    whole = gzip.compress((HEADER + "1,5,a\n" * 100).encode())
    with pytest.raises(UnreadableFile, match="gzip file is damaged or cut short"):
        read(whole[:keep], "made.csv.gz")


def test_text_that_is_called_gzip_is_refused():
    with pytest.raises(UnreadableFile, match="gzip file is damaged"):
        read(HEADER, "made.csv.gz")


# --- workbooks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [False, True], ids=["with dimensions", "without dimensions"])
def test_a_workbook_with_titles_above_its_header(streamed):
    lines = [["Made-up report"], [], ["ID", "Qty", "Note"], [1, 5, "a"], [], ["2", None, "b"]]
    table = read(workbook({"Data": lines}, streamed=streamed), "made.xlsx")
    assert rows(table) == [(4, "1", "5", "a"), (6, "2", "", "b")]
    assert list(table.header.values()) == ["ID", "Qty", "Note"]


def test_numbers_and_dates_of_a_workbook_become_plain_text():
    cells = [
        7,
        7.0,
        1234567.25,
        0.1,
        datetime(2024, 3, 25, 0, 0),
        datetime(2024, 3, 25, 10, 30),
        date(2024, 3, 25),
        True,
    ]
    names = ["ID", "Qty", "c", "d", "e", "f", "g", "h"]
    table = read(workbook({"Data": [names, cells]}), "made.xlsx")
    assert rows(table)[0][1:] == (
        "7", "7", "1234567.25", "0.1", "2024-03-25 00:00:00", "2024-03-25 10:30:00", "2024-03-25 00:00:00", "True",
    )  # fmt: skip


def test_the_sheet_that_is_asked_for_is_read_though_another_fits():
    book = workbook({"Old": [["ID", "Qty"], [1, 5]], "New": [["ID", "Qty"], [2, 6]]})
    assert rows(read(book, "made.xlsx", sheet="New")) == [(2, "2", "6")]
    assert rows(read(book, "made.xlsx", sheet="Old")) == [(2, "1", "5")]


@pytest.mark.parametrize("sheet", [None, "Renamed since"])
def test_without_the_sheet_that_is_asked_for_the_one_that_fits_is_read(sheet):
    book = workbook({"Notes": [["about this file"]], "Data": [["ID", "Qty"], [1, 5]]})
    assert rows(read(book, "made.xlsx", sheet=sheet)) == [(2, "1", "5")]


def test_rows_of_all_sheets_with_the_same_header_are_read():
    lines = [["Report"], ["ID", "Qty"], [2, 6], [], [3, 7]]
    book = workbook({"2023": [["ID", "Qty"], [1, 5]], "Notes": [["about"]], "2024": lines})
    assert rows(read(book, "made.xlsx")) == [(2, "1", "5"), (5, "2", "6"), (7, "3", "7")]


@pytest.mark.parametrize(
    ("second", "sheet", "why"),
    [
        pytest.param([["ID", "Qty"], [1, 5]], None, "'Data' and 'More' hold the same rows", id="the same row"),
        pytest.param(
            [["Qty", "ID"], [6, 2]], None, "'Data' and 'More' have .* not the same header", id="another header"
        ),
        pytest.param(
            [["ID", "Qty"], [2, 6]], "Gone", "no sheet 'Gone', and the sheets 'Data' and 'More'", id="renamed"
        ),
    ],
)
def test_sheets_that_may_be_two_tables_are_refused_by_name(second, sheet, why):
    book = workbook({"Data": [["ID", "Qty"], [1, 5]], "More": second})
    with pytest.raises(UnreadableFile, match=why):
        read(book, "made.xlsx", sheet=sheet)


def edited(book: bytes, member: str, edit: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its files edited."""
    whole = zipfile.ZipFile(io.BytesIO(book))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as changed:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith(member):
                assert edit(content) != content
                content = edit(content)
            changed.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("stated", [b"A1:B2", b"A1", b"A1:A4", b"B2:B3"])
def test_a_sheet_that_understates_its_size_keeps_all_rows_and_columns(stated):
    book = workbook({"Data": [["ID", "Qty", "Note"], [1, 5, "a"], [2, 6, "b"], [3, 7, "c"]]})
    book = edited(book, "sheet1.xml", lambda xml: re.sub(rb'(<dimension ref=")[^"]*', rb"\g<1>" + stated, xml))
    assert rows(read(book, "made.xlsx")) == [(2, "1", "5", "a"), (3, "2", "6", "b"), (4, "3", "7", "c")]


@pytest.mark.parametrize("number", [b"2", b"1"])
def test_rows_of_a_sheet_that_are_numbered_twice_or_backwards_are_refused(number):
    book = workbook({"Data": [["ID", "Qty"], [1, 5], [2, 6]]})
    book = edited(book, "sheet1.xml", lambda xml: xml.replace(b'<row r="3"', b'<row r="%s"' % number))
    with pytest.raises(UnreadableFile, match=r"the rows of xl/worksheets/sheet1\.xml are not in order"):
        read(book, "made.xlsx")


@pytest.mark.parametrize("value", [b"<v></v>", b"<v />", b"", b"<v>0</v>"])
def test_a_formula_without_its_value_sets_its_row_aside(value):
    """openpyxl writes no value, others write 0 and have Excel count when it opens the workbook."""
    book = workbook({"Data": [["ID", "Qty"], [1, "=2+3"], [2, 6]]})
    book = edited(book, "sheet1.xml", lambda xml: re.sub(rb"</f><v\s*(/>|></v>)", b"</f>  " + value, xml))
    table = read(book, "made.xlsx")
    assert rows(table) == [(3, "2", "6")]
    assert [(row.line, row.text) for row in table.bad_rows] == [(2, "1\t" + ("0" if b"0" in value else ""))]
    assert "cell B2 of the sheet 'Data' holds a formula without its value" in table.bad_rows[0].reason


def test_a_formula_with_its_value_is_its_value():
    book = workbook({"Data": [["ID", "Qty"], [1, "=2+3"]]})
    book = edited(book, "sheet1.xml", lambda xml: re.sub(rb"</f><v\s*(/>|></v>)", b"</f><v>5</v>", xml))
    assert rows(read(book, "made.xlsx")) == [(2, "1", "5")]


def test_the_asked_sheet_without_the_columns_is_refused():
    book = workbook({"Asked": [["ID", "Name"]], "Data": [["ID", "Qty"], [1, 5]]})
    with pytest.raises(UnreadableFile, match="missing column 'Qty'; expected 'ID', 'Qty'; found 'ID', 'Name'"):
        read(book, "made.xlsx", sheet="Asked")


def test_a_workbook_with_a_header_alone_has_no_rows():
    table = read(workbook({"Data": [["ID", "Qty"]]}), "made.xlsx")
    assert table.rows.num_rows == 0


@pytest.mark.parametrize("content", [workbook({"Data": [["ID", "Qty"], [1, 5]]})[:1000], b"ID,Qty\n1,5\n"])
def test_a_damaged_workbook_is_refused(content):
    with pytest.raises(UnreadableFile, match="the workbook is damaged"):
        read(content, "made.xlsx")


def test_a_workbook_with_a_damaged_sheet_is_refused():
    whole = zipfile.ZipFile(io.BytesIO(workbook({"Data": [["ID", "Qty"], [1, 5]]})))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as damaged:
        for name in whole.namelist():
            content = whole.read(name)
            damaged.writestr(name, content[:-40] if name.endswith("sheet1.xml") else content)
    with pytest.raises(UnreadableFile):
        read(file.getvalue(), "made.xlsx")


# --- JSON -------------------------------------------------------------------------------------------------------

RECORDS = [{"ID": "é1", "Qty": 5}, {"ID": "2", "Qty": None, "Note": "b"}]


@pytest.mark.parametrize("name", ["made.json", "made.geojson"])
@pytest.mark.parametrize("document", [RECORDS, {"count": 2, "items": RECORDS}])
def test_json_is_a_list_of_records_or_holds_one(document, name):
    table = read(json.dumps(document), name)
    assert rows(table) == [(1, "é1", "5", ""), (2, "2", "", "b")]


def test_nested_objects_become_dotted_columns_and_lists_stay_json():
    record = {"ID": 1, "Qty": {"credits": 1.5, "unit": {"name": "t"}}, "tags": ["a", "é"], "open": True, "big": 10**20}
    table = read(json.dumps([record]), "made.json", required=[["ID"], ["Qty.credits"]])
    assert table.rows.drop([LINE]).to_pylist() == [
        {
            "id": "1", "qty.credits": "1.5", "qty.unit.name": "t", "tags": '["a", "é"]', "open": "True",
            "big": "100000000000000000000",
        }
    ]  # fmt: skip


def test_a_missing_column_of_json_is_named():
    with pytest.raises(UnreadableFile, match="missing column 'Qty'; expected 'ID', 'Qty'; found 'ID', 'Name'"):
        read('[{"ID": 1, "Name": "a"}]', "made.json")


def test_broken_json_is_refused_with_the_place():
    with pytest.raises(UnreadableFile, match=r"the JSON is broken in line 3, column 8"):
        read('[\n {"ID": 1,\n  "Qty"; 5}\n]', "made.json")


def test_records_may_lie_deep_within_objects():
    document = {"datasets": {"retired": {"rows": RECORDS, "totalCount": 2}, "states": [{"code": "CA"}]}, "pages": [1]}
    assert rows(read(json.dumps(document), "made.json")) == [(1, "é1", "5", ""), (2, "2", "", "b")]


def test_records_without_a_column_are_named_by_their_path():
    document = {"datasets": {"retired": {"rows": [{"ID": 1, "Name": "a"}]}}, "states": [{"code": "CA"}] * 9}
    with pytest.raises(UnreadableFile, match=r"in datasets\.retired\.rows: missing column 'Qty'.* found 'ID', 'Name'"):
        read(json.dumps(document), "made.json")


def test_two_lists_of_records_that_both_fit_are_refused_by_their_paths():
    with pytest.raises(UnreadableFile, match=r"columns in issued.rows and retired: which counts cannot be told"):
        read(json.dumps({"issued": {"rows": RECORDS}, "retired": RECORDS}), "made.json")


@pytest.mark.parametrize("text", ['"ID"', "[1, 2]", '{"ID": 1}', '[{"ID": 1, "Qty": 2}, "x"]'])
def test_json_that_holds_no_records_is_refused(text):
    with pytest.raises(UnreadableFile, match="the JSON is not a list of records"):
        read(text, "made.json")


# --- any table --------------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.sampled_from([",", '"', '""', "\n", "\r\n", ";", "\t", " ", "-", "é", "中", "0", "a"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\ufeff"), min_size=1, max_size=4),
)
# A cell of nothing but blanks counts as empty, so a row of them counts as no row. A byte-order mark is no text.
CELLS = st.lists(PIECES, max_size=5).map("".join).filter(lambda cell: not cell or cell.strip())


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(1, 4))
    row = st.lists(CELLS, min_size=width, max_size=width).filter(any)
    return [f"c{number}" for number in range(width)], draw(st.lists(row, max_size=6))


@settings(max_examples=100, deadline=None)
@given(
    table=tables(),
    terminator=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_reads_back_cell_for_cell_with_its_lines(table, terminator, encoding):
    header, cells = table
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=terminator)
    writer.writerow(header)
    expected = []
    for row in cells:
        expected.append((file.getvalue().count("\n") + 1, *row))
        writer.writerow(row)
    read_back = read(file.getvalue().encode(encoding), required=[[name] for name in header])
    assert rows(read_back) == expected
    assert not read_back.bad_rows


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.csv.gz", "a.json", "a.xlsx"]))
def test_whatever_the_bytes_they_are_a_table_or_refused(content, name):
    for text in (content, HEADER.encode() + content):
        try:
            table = read(text, name)
        except UnreadableFile as refusal:
            assert str(refusal)
        else:
            assert list(table.header)[:2] == ["id", "qty"]


# --- what is slow, deep or long -------------------------------------------------------------------------------------

MAX_CPU_SECONDS = 3
"""Of each of these files, which take a tenth of it. Before, they took 40 seconds and more, or more levels than Python has."""


@pytest.fixture
def cpu_seconds():
    began = time.process_time()
    return lambda: time.process_time() - began


@pytest.mark.parametrize("row", ['"1","a,2', '"1","a"b,2,"c'], ids=["opens", "breaks the rules"])
def test_every_row_may_open_a_quote_that_does_not_close(row, cpu_seconds):
    """Each such row swallows all that follow."""
    table = read('"ID","Qty","Note"\n' + f"{row}\n" * 2_000 + '"7","8","9"\n')
    assert rows(table) == [(2_002, "7", "8", "9")]
    assert bad(table) == [(line, row) for line in range(2, 2_002)]
    assert cpu_seconds() < MAX_CPU_SECONDS


def test_a_swallowed_record_is_read_as_by_itself():
    """With line breaks, blank lines, and rows that are too long or not quoted."""
    swallowed = ['"2","b\nb","c"', "", '"3","c","d","e"', "4,d,e", '"5","e","f",""']
    table = read("\n".join(['"ID","Qty","Note"', '"1","a,x', *swallowed]))
    assert rows(table) == [(3, "2", "b\nb", "c"), (7, "4", "d", "e"), (8, "5", "e", "f")]
    assert bad(table) == [(2, '"1","a,x'), (6, '"3","c","d","e"')]
    assert [row.reason for row in table.bad_rows][1] == "the row has 4 cells where the header has 3"


def test_rows_that_are_shorter_than_a_wide_header_cost_little(cpu_seconds):
    header = "ID,Qty," + ",".join(f"more {number}" for number in range(4_000))
    assert len(read(f"{header}\n" + '1,"a\nb"\n' * 200).bad_rows) == 200
    assert cpu_seconds() < MAX_CPU_SECONDS


def test_a_header_that_is_too_wide_is_refused_before_rows_are_split_by_it(monkeypatch):
    monkeypatch.setattr(readers.delimited, "_parse", None)
    with pytest.raises(UnreadableFile, match=r"its header has 5,002 columns, and at most 5,000 are read"):
        read("ID,Qty" + ",more" * 5_000 + "\n1,2\n")


def test_a_cell_of_a_page_is_no_name(cpu_seconds):
    """A quote that never closes makes one cell of a whole file, by each delimiter. The refusal can be read all the same."""
    with pytest.raises(UnreadableFile, match="missing column 'ID', 'Qty'") as caught:
        read('"' + "a long text " * 500_000 + "\n" + ",".join(f"c{number}" for number in range(3_000)))
    assert len(str(caught.value)) < 2_000
    assert cpu_seconds() < MAX_CPU_SECONDS


def test_names_in_a_refusal_are_as_many_as_a_person_reads():
    with pytest.raises(UnreadableFile, match=r"found 'c0', 'c1', .*'c99' and 200 more"):
        read(",".join(f"c{number}" for number in range(300)))


def test_a_damaged_gzip_file_is_told_in_words_for_people():
    packed = bytearray(gzip.compress(HEADER.encode(), mtime=0))
    packed[12] ^= 0xFF
    with pytest.raises(UnreadableFile, match=r"damaged or cut short \((?!Error)\w"):
        read(bytes(packed), "made.csv.gz")


def test_a_reason_names_no_class_of_a_library():
    """openpyxl says of a damaged style: expected <class 'int'>."""
    assert in_words(TypeError("expected <class 'int'>, not <class 'a.library.Cell'>")) == "expected int, not Cell"


@pytest.mark.parametrize("lines", [100, 1_000])
@pytest.mark.parametrize("end", ['"""', '"', ',"""', '" "'])
def test_what_reading_takes_grows_with_the_file(lines, end, monkeypatch):
    """Each line may seem to have swallowed the next ones; it is not split again for each of them."""
    split, records = [], delimited._records
    monkeypatch.setattr(delimited, "_records", lambda body, form: split.append(len(body)) or records(body, form))
    text = "name,note,tonnes\n" + f'Peat,"of the fen",12{end}\n' * lines
    try:
        table = readers.read("a.csv", text.encode(), [["name"], ["tonnes"]])
    except readers.UnreadableFile:
        table = None
    assert len(split) <= 3 + delimited.MIN_SPLITS + delimited.MAX_TIMES_SPLIT * len(text) / delimited.LETTERS_OF_A_SPLIT
    if table:
        assert len(table.rows) + len(table.bad_rows) > 0
