"""The macros of `cells.sql`: how the text of one cell becomes tonnes, a date, a year, a count, a flag, or nothing."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_assets.registries.cells import MACROS

SEPARATORS = ["", ",", "'", "’", " ", "\u00a0", "\u2009", "\u202f"]


@pytest.fixture(scope="module")
def read() -> Callable[..., Any]:
    """Call a macro with arguments."""
    con = duckdb.connect()
    con.execute(MACROS)

    def call(macro: str, *arguments: object) -> Any:
        places = ", ".join("?" for _ in arguments)
        return con.execute(f"select {macro}({places})", list(arguments)).fetchone()[0]

    return call


# --- tonnes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "tonnes"),
    [
        ("0", "0"),
        ("7", "7"),
        ("1234.5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("12'345", "12345"),
        ("12’345", "12345"),
        ("12 345", "12345"),
        ("12\u00a0345", "12345"),
        ("12\u2007345", "12345"),
        ("12\u202f345.5", "12345.5"),
        ("1,234,567.123456", "1234567.123456"),
        ("12,34,567", "1234567"),
        ("1,23,456.5", "123456.5"),
        ("-1,234", "-1234"),
        ("1,234-", "-1234"),
        ("5 -", "-5"),
        ("−5", "-5"),
        ("+5", "5"),
        (".5", "0.5"),
        ("0.500", "0.5"),
        ("5.", "5"),
        ("1.5e-05", "0.000015"),
        ("1.234567E+06", "1234567"),
        (" \t5\u00a0\u3000\ufeff\r\n", "5"),
        ("999,999,999,999.999999", "999999999999.999999"),
    ],
)
def test_tonnes_are_read_exactly_and_alike_with_either_mark(read, cell, tonnes):
    assert read("as_tonnes", cell, ".") == Decimal(tonnes)
    assert read("as_tonnes", cell.translate(str.maketrans(".,", ",.")), ",") == Decimal(tonnes)


@pytest.mark.parametrize(
    ("cell", "tonnes"),
    [("0.1000000000000000055", "0.1"), ("2.9999999999999996", "3"), ("1,234.5678919", "1234.567892")],
)
def test_digits_below_one_gram_are_the_noise_of_a_float(read, cell, tonnes):
    assert read("as_tonnes", cell, ".") == Decimal(tonnes)


@pytest.mark.parametrize(
    "cell",
    [
        "abc", "12 tonnes", "1,45", "1,2345", "12,345,67", ",123", "(5)", "3/4", "5%", "--5", "-5-", "1.234.567", "0x10",
        "1 23", "1'234 567", "0,500", "007,500", "1.23E+06", "1e5", "1,23E+06",
        "inf", "٣", "1000000000000", "1e12", "-", "", " ", ".", ",", "n/a",
    ],
)  # fmt: skip
def test_what_is_no_number_has_no_tonnes(read, cell):
    assert read("as_tonnes", cell, ".") is None


@pytest.mark.parametrize("cell", ["1,234", "1.234", "0,500", "0.500", "1.5", "1,5", "1,234,567"])
def test_without_a_decimal_mark_no_number_that_needs_one_is_read(read, cell):
    assert read("as_tonnes", cell, None) is None
    assert read("as_tonnes", "1 234 567", None) == 1234567


@pytest.mark.parametrize(
    "cell", ["1.5", "1234.567", ".5", "5.", "1,234.567", "1,234,567", "12,34,567", "1.23E+06", "-0.1"]
)
def test_some_shapes_have_one_reading_only(read, cell):
    swapped = cell.translate(str.maketrans(".,", ",."))
    assert read("tells_point", cell) and not read("tells_comma", cell) and not read("tells_no_mark", cell)
    assert read("tells_comma", swapped) and not read("tells_point", swapped) and not read("tells_no_mark", swapped)


@pytest.mark.parametrize("cell", ["1.234", "1,234", "0,500", "0.500", "-999.000"])
def test_some_shapes_have_two_readings(read, cell):
    assert read("tells_no_mark", cell) and not read("tells_point", cell) and not read("tells_comma", cell)


@pytest.mark.parametrize("cell", ["", "5", ".", "many", "Lima, 5", "1.2.3", "3/4"])
def test_what_holds_no_mark_or_is_no_number_tells_nothing(read, cell):
    assert not read("tells_point", cell) and not read("tells_comma", cell) and not read("tells_no_mark", cell)


@settings(max_examples=100, deadline=None)
@given(
    places=st.integers(0, 6),
    separator=st.sampled_from(SEPARATORS),
    mark=st.sampled_from(".,"),
    data=st.data(),
)
def test_any_number_reads_back_whatever_groups_its_thousands(read, places, separator, mark, data):
    value = data.draw(st.decimals(min_value=0, max_value=Decimal("999999999999.999999"), places=places))
    other = {".": ",", ",": "."}[mark]
    cell = f"{value:,f}".replace(".", "#").replace(",", separator.replace(",", other)).replace("#", mark)
    assert read("as_tonnes", cell, mark) == value


# --- dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-25",
        "2024-3-25",
        "2024/03/25",
        "2024.03.25",
        "2024-03-25T10:15:00",
        "2024-03-25 10:15",
        "2024-03-25 10:15:00.123456",
        "2024-03-25T10:15:00Z",
        "2024-03-25T10:15:00 UTC",
        "2024-03-25T10:15:00+02:00",
        "2024-03-25T10:15:00-0500",
        "25-Mar-2024",
        "25-MAR-2024",
        "25-March-2024",
        "25 Mar 2024",
        "25 March 2024",
        "March 25, 2024",
        "Mar 25, 2024",
        "March 25 2024",
        "20240325",
        " 2024-03-25\u00a0",
        "25th March 2024",
        "25 Mar. 2024",
        "25. März 2024",
        "25 de marzo de 2024",
        "25 mars 2024",
        "March 25th, 2024 10:00",
    ],
)
@pytest.mark.parametrize("day_first", [True, False, None])
def test_a_day_is_read_in_every_form_that_tells_it(read, cell, day_first):
    assert read("as_date", cell, day_first) == date(2024, 3, 25)


@pytest.mark.parametrize(
    ("cell", "day_first"),
    [
        ("3/25/2024", False), ("03/25/2024 12:00:00 AM", False), ("3/25/2024 11:59 PM", False), ("25/3/2024", True),
        ("25/03/2024 00:00", True), ("25.03.2024", True),
    ],
)  # fmt: skip
def test_a_day_in_numbers_is_read_in_the_files_order_alone(read, cell, day_first):
    assert read("as_date", cell, day_first) == read("as_date", cell, None) == date(2024, 3, 25)
    assert read("as_date", cell, not day_first) is None


@pytest.mark.parametrize(
    ("cell", "month"),
    [("30 Sept 2025", 9), ("Sept 5, 2024", 9), ("5th July 2024", 7), ("9 août 2024", 8), ("6 MAYIS 2025", 5)],
)
def test_the_words_of_months_are_those_of_the_configs(read, cell, month):
    assert read("as_date", cell, None).month == month


@pytest.mark.parametrize(("day_first", "day"), [(True, date(2024, 4, 3)), (False, date(2024, 3, 4)), (None, None)])
@pytest.mark.parametrize("cell", ["03/04/2024", "3-4-2024", "03/04/2024 10:00 AM"])
def test_numbers_alone_are_read_in_the_files_order(read, cell, day_first, day):
    assert read("as_date", cell, day_first) == day


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-03-25T23:30:00-05:00", date(2024, 3, 26)),
        ("2024-03-25T00:30:00+02:00", date(2024, 3, 24)),
        ("2024-12-31 20:00:00-0800", date(2025, 1, 1)),
        ("2024-03-25T23:30:00Z", date(2024, 3, 25)),
        ("2024-03-25T00:30+14:00", date(2024, 3, 24)),
        ("03/25/2024 11:30 PM -05:00", date(2024, 3, 26)),
        ("2024-03-25 12:30 AM +01", date(2024, 3, 24)),
    ],
)
def test_a_time_with_an_offset_gives_the_day_in_utc(read, cell, day):
    assert read("as_date", cell, False) == day


@pytest.mark.parametrize(
    "cell",
    [
        "13/45/2025", "45/13/2025", "2024-13-01", "2024-02-30", "30/02/2024", "20241301", "25/03/24", "24-03-25",
        "25-Mar-24", "March 25, 24", "2024-03-25 or later", "approx. 2024-03-25", "2024-03-25, 2024-04-25", "45292",
        "0025-03-01", "01/03/0025", "2024-03-25T25:00", "2024-03-25T10:61", "2024-03-25T10:00+99:00", "2024-03-25T10:00-15:00",
        "5 Brumaire 2024", "2201-01-01", "2024", "2024-03", "202403", "2024112", "soon", "", "-",
    ],
)  # fmt: skip
@pytest.mark.parametrize("day_first", [True, False, None])
def test_what_tells_no_single_day_is_no_date(read, cell, day_first):
    assert read("as_date", cell, day_first) is None


@settings(max_examples=100, deadline=None)
@given(
    day=st.dates(date(1990, 1, 1), date(2100, 12, 31)),
    form=st.sampled_from(
        [
            "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%dT23:59:59", "%Y-%m-%dT00:00:00Z", "%Y-%m-%d 12:00:00+00:00", "%Y%m%d",
            "%d-%b-%Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y 01:00 PM",
        ]
    ),
    day_first=st.booleans(),
)  # fmt: skip
def test_any_day_reads_back_from_a_form_without_two_meanings(read, day, form, day_first):
    assert read("as_date", day.strftime(form), day_first) == day


@settings(max_examples=100, deadline=None)
@given(day=st.dates(date(1990, 1, 1), date(2100, 12, 31)), day_first=st.booleans())
def test_any_day_reads_back_in_the_order_of_its_file(read, day, day_first):
    cell = f"{day.day}/{day.month}/{day.year}" if day_first else f"{day.month}/{day.day}/{day.year}"
    assert read("as_date", cell, day_first) == day


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("03/04/2024", "which is the day and which the month"),
        ("25/03/2024", "another order"),
        ("25/03/24", "two digits"),
        ("25-Mar-24", "two digits"),
        ("45292", "number of a day"),
        ("2024-03-25T25:00", "no clock"),
        ("2024-03-25T10:00+99:00", "no clock"),
        ("5 Brumaire 2024", "no word that is known"),
        ("soon", ""),
    ],
)
def test_the_form_of_an_unreadable_date_is_named(read, cell, words):
    form = read("form_of_date", cell)
    assert words in form and bool(words) == bool(form)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1.23E+06", "digits are lost"),
        ("0,500", "decimal one or groups thousands"),
        ("1,45", "a decimal comma"),
        ("many", ""),
    ],
)
def test_the_form_of_an_unreadable_number_is_named(read, cell, words):
    form = read("form_of_number", cell)
    assert words in form and bool(words) == bool(form)


def test_what_tells_no_order_has_two_readings_where_day_and_month_differ():
    """`day_and_month_differ` spares the second reading, which takes as long to plan as the first."""
    con = duckdb.connect()
    con.execute(MACROS)
    counts = con.execute("""
        with cells as (
            select concat(a, '/', b, '/', year, clock) as cell
            from range(0, 34) x(a), range(0, 34) y(b), (values (1899), (2024)) z(year),
                (values (''), (' 23:30 -08:00'), (' 25:00'), (' ?')) t(clock)
        )
        select as_date(cell, true) is distinct from as_date(cell, false) as has_two,
            coalesce(day_and_month_differ(cell) and as_date(cell, true) is not null, false) as is_said_to, count(*)
        from cells where day_leads(cell) is null group by all
    """).fetchall()
    assert {(has_two, is_said_to) for has_two, is_said_to, _ in counts} == {(True, True), (False, False)}


# --- years, counts, flags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        ("2024", 2024),
        ("2024.0", 2024),
        ("2024,0", 2024),
        (" 1999 ", 1999),
        ("1900", 1900),
        ("2099", 2099),
        ("2023-2024", 2023),
        ("2015-07-01", 2015),
    ]
    + [(cell, None) for cell in ("1899", "2100", "24", "20240", "2024.5", "2023-24", "FY2024", "0", "")],
)
def test_a_year_lies_between_1900_and_2099(read, cell, year):
    assert read("as_year", cell) == year


@pytest.mark.parametrize(
    ("cell", "count"),
    [("0", 0), ("12", 12), ("12.0", 12), (" 7 ", 7), ("1,000", 1000), ("9223372036854775807", 2**63 - 1)]
    + [(cell, None) for cell in ("-1", "1.5", "1,00", "9223372036854775808", "x", "")],
)
def test_a_count_is_a_whole_number(read, cell, count):
    assert read("as_count", cell, ".") == count


@pytest.mark.parametrize(
    ("cell", "flag"),
    [(cell, True) for cell in ("true", "TRUE", "Yes", "y", "1", " yes ")]
    + [(cell, False) for cell in ("false", "False", "NO", "n", "0")]
    + [(cell, None) for cell in ("maybe", "2", "t", "")],
)
def test_a_flag_says_yes_or_no_or_nothing(read, cell, flag):
    assert read("as_flag", cell) is flag


# --- missing ----------------------------------------------------------------------------------------------------

MARKERS = ["", " ", "\t", "\u00a0", "n/a", "N/A", "#N/A", "<NA>", "NA", "null", "NULL", "nan", "NaN", "None", " NA "]


@pytest.mark.parametrize("cell", MARKERS)
def test_markers_of_a_missing_value_are_no_text(read, cell):
    assert read("is_missing", cell)
    assert read("is_missing_value", cell)
    assert read("as_text", cell) is None


@pytest.mark.parametrize("cell", ["-", "–", "—", " - "])
def test_a_lone_dash_is_a_text_but_no_value(read, cell):
    assert not read("is_missing", cell)
    assert read("as_text", cell) == cell.strip()
    assert read("is_missing_value", cell)


@pytest.mark.parametrize("cell", ["0", "Nan River", "none of these", "NAM", "n/a (see note)", "--", "?"])
def test_other_words_are_not_missing(read, cell):
    assert not read("is_missing", cell)
    assert not read("is_missing_value", cell)
    assert read("as_text", cell) == cell


@pytest.mark.parametrize(
    "edge", [" ", "\t", "\r\n", "\u00a0", "\u2009", "\u200b", "\u3000", "\ufeff", "\x85", "\u2028"]
)
def test_a_text_loses_the_blanks_around_it_and_keeps_those_within(read, edge):
    assert read("as_text", f"{edge}a{edge} b{edge}") == f"a{edge} b"
    assert read("is_missing", edge)


@pytest.mark.parametrize(("cell", "code"), [("NA", "NA"), (" NA ", "NA"), ("nan", "nan"), ("", None), ("  ", None)])
def test_in_a_country_column_na_is_namibia(read, cell, code):
    assert read("as_code", cell) == code
