"""Web pages that hold rows: JSON in the pieces that scripts pass on, and HTML tables with rows that continue each other."""

import itertools
import json
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base import readers
from carbon_assets.base.readers import (
    LINE,
    Continuation,
    HtmlTable,
    RawTable,
    ScriptStream,
    Shape,
    UnreadableFile,
    markup,
)

ID = [["id"]]
STREAM = ScriptStream("self.push", '{"data":[')
STREAMED = Shape(rows="data", html=STREAM)


def read(page: str, shape: Shape, required=ID) -> RawTable:
    return readers.read("made.html", page.encode(), required, shape)


def refusal(page: str, shape: Shape, required=ID) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(page, shape, required)
    return str(refused.value)


# --- JSON in scripts --------------------------------------------------------------------------------------------------


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def streaming(*pieces: str) -> str:
    scripts = "".join(f"<script>self.push([1,{compact(piece)}])</script>" for piece in pieces)
    return f"<!DOCTYPE html><html><head><title>Made</title></head><body><script>self.push([0])</script>{scripts}</body></html>"


RECORDS = [{"id": 'A "quoted" \\ id', "parts": [{"n": 1}]}, {"id": 'call self.push([1,"x"])', "parts": [{"n": 2}]}]
STREAMED_TEXT = f'17:["$","$L1f",null,{compact({"data": RECORDS, "count": 2})}]\n'


@given(st.lists(st.integers(0, len(STREAMED_TEXT)), max_size=5))
def test_the_stream_may_be_split_anywhere(places):
    cuts = [0, *sorted(places), len(STREAMED_TEXT)]
    pieces = [STREAMED_TEXT[start:end] for start, end in itertools.pairwise(cuts)]
    table = read(streaming(*pieces), Shape(rows="data", html=STREAM, total="count", explode="parts"))
    assert [(row["id"], row["parts.n"]) for row in table.rows.to_pylist()] == [
        (record["id"], str(number)) for number, record in enumerate(RECORDS, 1)
    ]
    assert table.stated_rows == "2"


@pytest.mark.parametrize("function", ["other.push", "self.push.more"])
def test_a_page_without_its_stream_is_refused(function):
    assert "no object" in refusal(
        streaming(STREAMED_TEXT), Shape(rows="data", html=ScriptStream(function, '{"data":['))
    )
    assert "no object" in refusal("<html><body>Maintenance</body></html>", STREAMED)
    assert "no object" in refusal(streaming('17:{"rows":[]}'), STREAMED)


@given(st.integers(STREAMED_TEXT.index('{"data"') + len('{"data":['), STREAMED_TEXT.rindex("}")))
def test_a_stream_that_ends_within_its_object_is_refused(end):
    assert "cut short or broken" in refusal(streaming(STREAMED_TEXT[:end]), STREAMED)


def test_a_page_that_ends_within_its_stream_is_refused():
    page = streaming(STREAMED_TEXT)
    for end in range(page.index("17:"), page.index(")</script></body>")):
        assert "cut short" in refusal(page[:end], STREAMED) or "no object" in refusal(page[:end], STREAMED)


def test_of_several_objects_the_one_with_the_columns_is_read():
    other = compact({"data": [{"name": "CORC", "data": [{"id": 1}]}]})
    assert len(read(streaming(f"1:{other}", STREAMED_TEXT), STREAMED).rows) == 2
    assert readers.opened("made.html", streaming(f"1:{other}", STREAMED_TEXT).encode()).headers(STREAMED) == [
        ["name", "data"],
        ["id", "parts"],
    ]


def test_two_objects_with_the_columns_are_refused():
    assert "which counts" in refusal(streaming(STREAMED_TEXT, STREAMED_TEXT), STREAMED)


@pytest.mark.parametrize("name", ["made.html", "made.json", "made.csv"])
@pytest.mark.parametrize("shape", [Shape(), Shape(rows="data")])
def test_a_page_is_refused_where_none_is_expected(name, shape):
    with pytest.raises(UnreadableFile, match="web page titled 'Made'"):
        readers.read(name, streaming(STREAMED_TEXT).encode(), ID, shape)


@pytest.mark.parametrize("shape", [STREAMED, Shape(html=HtmlTable())])
@pytest.mark.parametrize(("name", "content"), [("made.json", b'{"data":[{"id":1}]}'), ("made.csv", b"id\n1\n")])
def test_a_file_that_is_no_page_is_refused_where_one_is_expected(name, content, shape):
    with pytest.raises(UnreadableFile, match="no web page"):
        readers.read(name, content, ID, shape)


# --- tables -----------------------------------------------------------------------------------------------------------


CONTINUED = HtmlTable(
    link="project_id",
    continues=(Continuation(1, "Serial No.:", ("Serial", "Remark")), Continuation(1, "Certified:", ("Certified",))),
)
LINK = '<td><a href="project.jsp?project_id={}&amp;x=1">View</a></td>'


def page(*rows: str, header: str = "<th>Day</th><th><span></span>\n Units\t</th><th>Details</th>") -> str:
    body = "".join(f"<tr>{row}</tr>\n" for row in (header, *rows))
    return f'<html><body><p>Ledger</p><table><input id="size" type="hidden" value="5,034">{body}</table></body></html>'


def record(day: str = "1 May 2020", units: str = "5", project: str = "7") -> str:
    return f"<td>{day}</td><td>{units}</td>{LINK.format(project)}"


def cells(table: RawTable) -> list[dict]:
    return table.rows.to_pylist()


def test_a_table_is_read_with_its_links_and_its_total():
    text = page(record(), record("&nbsp;", "2,043 <br>t&amp;s"))
    table = read(text, Shape(html=CONTINUED, total="size", sum="tonnes"), [["units"]])
    assert list(table.header.values()) == ["Day", "Units", "Details", "project_id", "Serial", "Remark", "Certified"]
    assert [(row["day"], row["units"], row["project_id"], row[LINE]) for row in cells(table)] == [
        ("1 May 2020", "5", "7", 2),
        ("", "2,043 t&s", "7", 3),
    ]
    assert (table.stated_rows, table.stated_sum, table.bad_rows) == ("5,034", None, ())


def test_rows_continue_the_record_above_them():
    serial = '<td colspan="2"><p>\n Serial No.:\n A-1-5</p></td><td><p title="for Bo">for Bo</p></td>'
    certified = '<td colspan="3"><p>Certified: Social</p></td>'
    table = read(
        page(record(), serial, certified, record("2 May 2020"), record(), serial), Shape(html=CONTINUED), [["units"]]
    )
    assert [(row["day"], row["serial"], row["remark"], row["certified"], row[LINE]) for row in cells(table)] == [
        ("1 May 2020", "A-1-5", "for Bo", "Social", 2),
        ("2 May 2020", "", "", "", 5),
        ("1 May 2020", "A-1-5", "for Bo", "", 6),
    ]


def test_cells_of_a_continuing_row_that_have_no_name_are_kept():
    serial = "<td>Serial No.: A</td><td>for Bo</td><td>2020</td>"
    (row,) = cells(read(page(record(), serial), Shape(html=CONTINUED), [["units"]]))
    assert row["serial no.: (cell 3)"] == "2020"


@pytest.mark.parametrize(
    ("rows", "line", "why"),
    [
        ([record(), "<td>style=x</td><td>5</td><td>View</td>"], 3, "no links with 'project_id'"),
        ([record(), f"<td>{LINK.format(8)}1</td><td>5</td>{LINK.format(9)}"], 3, "4 cells where the header has 3"),
        ([record(), f'<td><a href="?project_id=8">a</a></td><td>5</td>{LINK.format(9)}'], 3, "2 links"),
        ([record(), f"<td>5</td>{LINK.format(9)}"], 3, "2 cells where the header has 3"),
        (["<td>Serial No.: A-1</td>", record()], 2, "continues no record"),
        ([record("2 May"), "<td>Serial No.: A</td>", "<td>Serial No.: B</td>", record()], 2, "two rows continue it"),
    ],
)
def test_what_is_no_record_is_set_aside_and_the_others_are_read(rows, line, why):
    table = read(page(*rows), Shape(html=CONTINUED), [["units"]])
    assert [row["day"] for row in cells(table)] == ["1 May 2020"]
    ((bad,), text) = table.bad_rows, table.bad_rows[0].text
    assert bad.line == line and why in bad.reason
    assert text.strip(" |")


def test_a_row_that_continues_a_bad_one_is_not_anothers():
    table = read(
        page(record(), "<td>x</td><td>5</td><td>View</td>", "<td>Serial No.: A</td>"),
        Shape(html=CONTINUED),
        [["units"]],
    )
    assert [row["serial"] for row in cells(table)] == [""]
    assert "A" in table.bad_rows[0].text


def test_a_cell_over_several_rows_belongs_to_each_and_one_over_several_columns_to_the_first():
    header = "<td>Project</td><td>Country</td><td>Units</td><td>Note</td>"
    table = read(
        page(
            '<td rowspan="2"><a href="?key=1">One</a></td><td>Japan</td><td rowspan=3>5</td><td>x</td>',
            "<td>Kenya</td><td>y</td>",
            '<td><a href="?key=2">Two</a></td><td>Chile</td><td>z</td>',
            '<td><a href="?key=3">Three</a></td><td colspan="2">Peru</td><td>w</td>',
            header=header,
        ),
        Shape(html=HtmlTable(link="key")),
        [["country"]],
    )
    names = ("key", "project", "country", "units", "note")
    assert [tuple(row[name] for name in names) for row in cells(table)] == [
        ("1", "One", "Japan", "5", "x"),
        ("1", "One", "Kenya", "5", "y"),
        ("2", "Two", "Chile", "5", "z"),
        ("3", "Three", "Peru", "", "w"),
    ]


def test_the_table_is_chosen_by_its_number_and_one_in_a_cell_is_another():
    inner = "<table><tr><td>id</td></tr><tr><td>inner</td></tr></table>"
    text = f"<html><table><tr><td>id<tr><td>outer{inner} end</table><table><tr><th>id</th></tr></table></html>"
    read_of = [[row["id"] for row in cells(read(text, Shape(html=HtmlTable(number))))] for number in (1, 2, 3)]
    assert read_of == [["outer end"], ["inner"], []]
    assert "has 3 tables" in refusal(text, Shape(html=HtmlTable(4)))


def test_titles_may_stand_above_the_header_and_blank_rows_anywhere():
    table = read(
        page("<th>id</th>", "", "<td>&nbsp;</td>", "<td>5</td>", header="<td>Ledger</td>"), Shape(html=HtmlTable())
    )
    assert [(row["id"], row[LINE]) for row in cells(table)] == [("5", 5)]


def test_a_missing_column_is_named():
    assert "missing column 'Serial number'" in refusal(page(record()), Shape(html=CONTINUED), [["Serial number"]])


@pytest.mark.parametrize("end", ["</table></body></html>", "7</td></tr>\n</table></body></html>"])
def test_a_page_that_ends_within_its_table_is_refused(end):
    text = page("<td>7</td>", header="<td>id</td>")
    assert "ends within" in refusal(text.removesuffix(end), Shape(html=HtmlTable()))


def test_scripts_and_styles_are_no_text():
    text = page("<td><style>b{}</style><script>var id = 1</script>7</td>", header="<td>id</td>")
    assert [row["id"] for row in cells(read(text, Shape(html=HtmlTable())))] == ["7"]


@pytest.mark.parametrize(
    "rows",
    [
        ["<td colspan=1000>" * 20_000],
        ["<td rowspan=65534>" * 2_000, *["<td>"] * 20_000],
        ["<td rowspan=0 colspan=1000>" * 5, *["<td>"] * 20_000],
    ],
)
def test_cells_that_span_without_end_are_refused_before_they_fill_the_memory(rows):
    began = time.process_time()
    assert "span more" in refusal(page(*rows, header="<td>id</td>"), Shape(html=HtmlTable()))
    assert time.process_time() - began < 5


@pytest.mark.parametrize("span", ["100%", "-1", "0", "", "9" * 10_000])
def test_a_span_that_is_none_is_one_column(span):
    text = page(f'<td colspan="{span}">7</td><td>8</td>', header="<td>id</td><td>more</td>")
    assert [(row["id"], row["more"]) for row in cells(read(text, Shape(html=HtmlTable())))] == [("7", "8")]


pieces = st.sampled_from(
    [
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "<td rowspan=3>",
        "<td colspan=2>",
        "<th>",
        "id",
        "Serial No.: ",
        "é",
        '<a href="?project_id=1">',
        '<a href="//[x?project_id=2">',
        "<script>",
        "</script>",
        "<!--",
        "<![x",
        "<!doctype",
        "&",
        "self.push([1,",
        '"{\\"data\\":[',
        '{\\"id\\":1}',
        ']}"])',
        "\x00",
        "<style>",
    ]
)


@given(st.lists(pieces, max_size=40))
def test_whatever_a_page_holds_it_is_a_table_or_refused(parts):
    for shape in (Shape(html=CONTINUED), Shape(html=HtmlTable()), STREAMED):
        file = readers.opened("made.html", ("<html>" + "".join(parts)).encode())
        for reading in (
            lambda file=file, shape=shape: file.table(ID, shape),
            lambda file=file, shape=shape: file.headers(shape),
        ):
            try:
                reading()
            except UnreadableFile as refused:
                assert str(refused)


class Reference(HTMLParser):
    """The tags and texts of a page, as the parser of the standard library finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(("start", tag, {name: value or "" for name, value in reversed(attrs)}))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.found.append((self.cdata_elem or "text", data))


def tags_and_texts(text: str) -> list[tuple]:
    found = []
    for token in markup.tokens(text):
        match token:
            case markup.Start():
                found.append(("start", token.name, token.attributes()))
            case markup.End():
                found.append(("end", token.name))
            case markup.Raw():
                found.append((token.name, token.text))
            case markup.Text():
                found.append(("text", token.text))
    return found


def joined(found: list[tuple]) -> list[tuple]:
    """With one text where several follow each other."""
    whole: list[tuple] = []
    for kind, *what in found:
        if kind == "text" and whole and whole[-1][0] == "text":
            whole[-1] = ("text", whole[-1][1] + what[0])
        else:
            whole.append((kind, *what))
    return whole


sound_pieces = st.sampled_from(
    [
        "<table>",
        "</table>",
        "<TR >",
        "</tr>",
        "<td rowspan=3>",
        "<td colspan='2' x>",
        '<th a="b>c" b=&amp; A=3>',
        "te xt",
        "&eacute;",
        "&nbsp;",
        "&amp;lt;",
        "<br/>",
        "<br />",
        '<a href="p.jsp?a=1&amp;b=2">',
        "</a>",
        " < 3 ",
        "1<2",
        "\n",
        "<script>a<b</td>'\"</script>",
        "<STYLE>x</style>",
        "<!-- <td> -->",
        "<!DOCTYPE x>",
        "<p title='it\"s'>",
        "a & b",
    ]
)


@given(st.lists(sound_pieces, max_size=8).map("".join))
def test_tags_and_texts_are_those_of_the_standard_library(text):
    assert joined(tags_and_texts(text)) == joined(Reference(text).found)


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<a ",
        "<a b='",
        "<a b=\"x' ",
        "<![CDATA[",
        "<?",
        "</a ",
        "<script>",
        "</script",
        "<table>",
        "&#9",
        "<td>id<table>",
    ],
)
def test_what_does_not_close_costs_as_much_as_its_length(piece):
    """`html.parser` takes minutes for some of them."""
    began = time.process_time()
    for shape in (Shape(html=HtmlTable()), STREAMED):
        refusal("<html>" + piece * 50_000, shape)
    assert time.process_time() - began < 10


def test_a_character_with_thousands_of_digits_stays_as_it_is_written():
    text = page(f"<td>&#{'9' * 5_000};</td>", header="<td>id</td>")
    assert cells(read(text, Shape(html=HtmlTable())))[0]["id"].startswith("&#99")
