"""How a file writes its numbers and days is told by all of its cells, never by one for itself."""

from decimal import Decimal

import pytest

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.registries import contents
from carbon_assets.registries.description import Registry, Writes
from tests.kit.building import csv_of, normalized

REGISTRY = Registry.model_validate(
    {
        "id": "made-up",
        "name": "Made Up",
        "serials": [
            {"pattern": r"(?P<key>S)-(?P<start>\d+)-(?P<end>\d+)"},
            {"pattern": r"(?P<key>P)-(?P<start>\d+)-(?P<end>\d+)-(?P<vintage_from>\d{8})-(?P<vintage_to>\d{8})"},
        ],
        "tables": {
            "events": {
                "files": "events",
                "holds": "credits",
                "required": {"project_id": "ID", "quantity": "Tonnes"},
                "optional": {
                    "buffer_quantity": "Buffer", "serial_number": "Serial", "issued_on": "Issued",
                    "transaction_date": "Retired", "vintage_start": "From", "vintage_end": "To", "vintage": "Year",
                },
                "constants": {"transaction_type": "retirement"},
            },
            "blocks": {
                "files": "blocks",
                "holds": "credits",
                "required": {"project_id": "ID", "quantity": "Tonnes", "serial_start": "First", "serial_end": "Last"},
                "constants": {"transaction_type": "retirement"},
            },
        },
    }
)  # fmt: skip


def rows_of(column: str, *cells: str, **others: str) -> list[dict[str, str]]:
    return [{"ID": f"P{place}", "Tonnes": "5", **others, column: cell} for place, cell in enumerate(cells)]


def read(rows: list[dict[str, str]], table: str = "events"):
    return normalized(REGISTRY, table, csv_of(rows))


def tonnes(*cells: str, **others: str) -> list[str | None]:
    """What the cells are read as, in their order; None: set aside."""
    found = {row["project_id"]: row["quantity"] for row in read(rows_of("Tonnes", *cells, **others)).rows.to_pylist()}
    return [str(found[f"P{place}"].normalize()) if f"P{place}" in found else None for place in range(len(cells))]


def days(*cells: str, column: str = "Retired", **others: str) -> list[str | None]:
    name = {"Retired": "transaction_date", "From": "vintage_start"}[column]
    found = {row["project_id"]: row[name] for row in read(rows_of(column, *cells, **others)).rows.to_pylist()}
    return [str(found[f"P{place}"]) if f"P{place}" in found else None for place in range(len(cells))]


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "1,234,567"], ["1234", "1234567"]),
        (["1.234", "1.234.567"], [None, None]),  # one telling cell proves no decimal comma
        (["1.234", "1.234.567", "7.654.321"], ["1234", "1234567", "7654321"]),
        (["1,234", "12.5"], ["1234", "12.5"]),
        (["1.234", "12,5", "0,25"], ["1234", "12.5", "0.25"]),
        (["0,896", "36,0", "4,25"], ["0.896", "36", "4.25"]),
        (["0.896", "4.25"], ["0.896", "4.25"]),
        (["12,34,567", "34,567"], ["1234567", "34567"]),
        (["1 234", "1'234", "7"], ["1234", "1234", "7"]),
        (["1 234,5", "0,5", "1,234"], ["1234.5", "0.5", "1.234"]),
    ],
)
def test_cells_that_have_one_reading_tell_it_for_all(cells, values):
    assert [value and Decimal(value) for value in tonnes(*cells)] == [value and Decimal(value) for value in values]


@pytest.mark.parametrize("cells", [["0,500"], ["0.500"], ["1,234"], ["16.573", "8.000", "573"], ["1,45", "7"]])
def test_what_the_file_does_not_tell_is_set_aside(cells):
    result = read(rows_of("Tonnes", *cells))
    marked = [cell for cell in cells if not cell.isdigit()]
    assert sorted(row["value"] for row in result.quarantine.to_pylist()) == sorted(marked)
    assert all("a number is expected" in row["reason"] for row in result.quarantine.to_pylist())
    assert len(result.rows) == len(cells) - len(marked)


def test_another_column_tells():
    assert [str(Decimal(t)) for t in tonnes("1,234", Buffer="0.5")] == ["1234"]
    assert [str(Decimal(t)) for t in tonnes("1,234", "7", Buffer="0,5")] == ["1.234", "7"]


@pytest.mark.parametrize(("cell", "last"), [("8.000", 8999), ("8,000", 8999), ("8.000", 1007), ("8,000", 1007)])
def test_the_sizes_of_serial_blocks_tell(cell, last):
    size = last - 1000 + 1
    assert [Decimal(t) for t in tonnes(cell, Serial=f"S-1000-{last}")] == [size]
    result = read([{"ID": "P1", "Tonnes": cell, "First": "1000", "Last": str(last)}], "blocks")
    assert result.tonnes == {"retirement": size}


def test_a_total_is_no_less_than_its_part():
    rows = [{"ID": f"P{place}", "Tonnes": "41,000", "Buffer": "425"} for place in range(2)]
    assert read(rows).tonnes == {"retirement": 82000}
    assert len(read(rows[:1]).quarantine) == 1, "one row may be a slip of the pen"


def test_one_cell_of_the_other_form_is_a_bad_cell():
    assert tonnes("1,45", "12.5", "0.25") == [None, "12.5", "0.25"]
    assert tonnes("1.45", "12,5", "0,25") == [None, "12.5", "0.25"]


def test_a_leading_zero_is_no_group():
    assert tonnes("0,500", "1,234,567", "12.5") == [None, "1234567", "12.5"]


@pytest.mark.parametrize("column", ["Tonnes", "Buffer"])
def test_a_file_that_proves_two_forms_is_refused(column):
    rows = [*rows_of("Tonnes", "12.5", "0.25"), *rows_of(column, "12,5", "0,25")]
    with pytest.raises(UnreadableFile, match=r"two forms, a decimal point .* and a decimal comma"):
        read(rows)
    assert "two forms" in contents.describer(REGISTRY, "events")("events.csv", csv_of(rows).encode()).unreadable


def test_cells_of_the_other_form_are_bad_cells_up_to_a_tenth_and_beyond_it_the_file_is_refused():
    others = ["12,5", "0,25"]
    assert tonnes(*["12.5"] * 18, *others) == ["12.5"] * 18 + [None, None]
    with pytest.raises(UnreadableFile, match="two forms"):
        tonnes(*["12.5"] * 17, *others)


# --- what the registry's own files are known to write -----------------------------------------------------------------


def writing(whole_credits: bool) -> Registry:
    """The registry with words on its own files."""
    writes = Writes(decimal_mark=".", day_first=False, whole_credits=whole_credits)
    return REGISTRY.model_copy(update={"writes": writes})


def quantities(registry: Registry, *cells: str, delimiter: str = ",") -> list[Decimal]:
    lines = [["ID", "Tonnes"], *([f"P{place}", f'"{cell}"'] for place, cell in enumerate(cells))]
    content = "\n".join(delimiter.join(line) for line in lines)
    return sorted(row["quantity"] for row in normalized(registry, "events", content).rows.to_pylist())


@pytest.mark.parametrize(
    ("cells", "delimiter", "tonnes"),
    [
        (["515.000"], ",", []),
        (["1,790", "2,636"], ",", [1790, 2636]),
        (["1.790", "2.636"], ";", [1790, 2636]),
        (["1.790", "2.636"], ",", [1790, 2636]),
        (["1,790", "2,000"], ";", [1790, 2000]),
        (["1.790"], ";", [1790]),
        (["1,000"], ",", [1000]),  # as the registry writes
        (["1,000"], ";", []),
        (["0,500"], ",", []),
        (["16.573", "1,234,567", "7,654,321"], ",", [1234567, 7654321]),
        (["950.5", "7"], ",", [7, Decimal("950.5")]),
    ],
)
def test_credits_that_are_whole_have_no_decimals(cells, delimiter, tonnes):
    assert quantities(writing(whole_credits=True), *cells, delimiter=delimiter) == tonnes


@pytest.mark.parametrize(
    ("cells", "delimiter", "tonnes"),
    [
        (["1.273", "0.500"], ",", [Decimal("0.5"), Decimal("1.273")]),
        (["1.273"], ";", []),
        (["1,273"], ",", []),
        (["0,500"], ",", []),
    ],
)
def test_parts_of_credits_are_written_as_the_registry_does_in_its_own_files(cells, delimiter, tonnes):
    assert quantities(writing(whole_credits=False), *cells, delimiter=delimiter) == tonnes


@pytest.mark.parametrize(("whole_credits", "tonnes"), [(False, [Decimal("1.273")]), (True, [])])
def test_a_number_of_json_has_its_mark(whole_credits, tonnes):
    content = '[{"ID": "P1", "Tonnes": 1.273}]'
    made = normalized(writing(whole_credits), "events", content, file="events.json")
    assert [row["quantity"] for row in made.rows.to_pylist()] == tonnes


def test_the_registrys_order_of_days_counts_in_files_that_are_as_it_writes_them_and_tell_nothing():
    def day(delimiter: str, *others: str) -> list[str]:
        cells = [[cell, "P", "5"] for cell in ("03/04/2024", *others)]
        content = "\n".join(delimiter.join(line) for line in [["Retired", "ID", "Tonnes"], *cells])
        rows = normalized(writing(whole_credits=True), "events", content).rows.to_pylist()
        return sorted(str(row["transaction_date"]) for row in rows)

    assert day(",") == ["2024-03-04"]
    assert day(";") == []
    assert day(",", "25/03/2024") == ["2024-03-25", "2024-04-03"]


def test_trailing_minus_is_negative_and_then_judged():
    result = read(rows_of("Tonnes", "5-", "7"))
    assert [row["reason"] for row in result.quarantine.to_pylist()] == ["a quantity cannot be negative"]


def test_digits_lost_in_an_exponent_are_set_aside():
    result = read(rows_of("Tonnes", "1.23E+06", "1.234567E+06"))
    assert result.tonnes == {"retirement": 1234567}
    assert ["digits are lost" in row["reason"] for row in result.quarantine.to_pylist()] == [True]


def test_the_same_digits_with_another_mark_are_another_file():
    one, other = rows_of("Tonnes", "1,234", "12.5", "0.25"), rows_of("Tonnes", "1,234", "12,5", "0,25")
    assert read(one).snapshot_id != read(other).snapshot_id


# --- days -----------------------------------------------------------------------------------------------------------


def test_one_day_that_has_one_reading_tells_the_order_for_all():
    assert days("03/04/2024", "25/03/2024") == ["2024-04-03", "2024-03-25"]
    assert days("03/04/2024", "03/25/2024") == ["2024-03-04", "2024-03-25"]


@pytest.mark.parametrize("edge", ["\u00a0", "\u3000", "\ufeff", " \u200b"])
def test_a_day_with_blanks_around_it_tells_the_order_too(edge):
    assert days("03/04/2024", f"{edge}25/03/2024{edge}") == ["2024-04-03", "2024-03-25"]


def test_another_column_tells_the_order_whether_it_is_read_or_not():
    for column in ("To", "Colour of the day"):
        assert days("03/04/2024", **{column: "31/12/2023"}) == ["2024-04-03"]
        assert days("03/04/2024", **{column: "12/31/2023"}) == ["2024-03-04"]


def test_the_periods_of_serial_numbers_tell_the_order():
    assert days("06/01/2021", column="From", Serial="P-1-5-06012021-31122021") == ["2021-01-06"]
    assert days("06/01/2021", column="From", Serial="P-1-5-01062021-31122021") == ["2021-06-01"]


def test_an_order_that_puts_days_where_they_cannot_be_is_not_the_files():
    assert days("05/01/2024", "06/01/2024", Issued="04/02/2024") == ["2024-05-01", "2024-06-01"]


def test_days_that_have_two_readings_are_set_aside_where_nothing_tells():
    result = read(rows_of("Retired", "03/04/2024", "05/05/2024", "2024-06-01"))
    assert sorted(str(row["transaction_date"]) for row in result.rows.to_pylist()) == ["2024-05-05", "2024-06-01"]
    (row,) = result.quarantine.to_pylist()
    assert "which is the day and which the month, the file does not tell" in row["reason"]


def test_a_file_that_proves_two_orders_is_refused():
    with pytest.raises(UnreadableFile, match=r"the day before the month .* and the month before the day"):
        days("25/03/2024", "26/03/2024", "03/25/2024", "03/26/2024", "03/04/2024")


SERIAL = "P-1-5-06012021-31122021"
"""Its period begins on 6 January 2021, day number 44202."""


@pytest.mark.parametrize(
    ("cell", "day"),
    [("06/01/21", "2021-01-06"), ("01/06/21", "2021-01-06"), ("6-Jan-21", "2021-01-06"), ("44202", "2021-01-06"), ("44202.0", "2021-01-06")],
)  # fmt: skip
def test_a_form_that_the_whole_column_has_is_read_where_a_serial_number_proves_it(cell, day):
    assert days(cell, column="From", Serial=SERIAL) == [day]
    assert days(cell, column="From") == [None]
    assert days(cell, "2021-01-06", column="From", Serial=SERIAL) == [None, "2021-01-06"]


@pytest.mark.parametrize(("cell", "day"), [("6-Jan-21", "2021-01-06"), ("44202", "2021-01-06"), ("06/01/21", None)])
def test_the_years_of_vintages_prove_the_century_and_no_order_of_days(cell, day):
    assert days(cell, cell, column="From", Year="2021") == [day, day]
    assert days(cell, cell, column="From", Year="2020") == [None, None]
    assert days(cell, column="From", Year="2021") == [None], "one row may be a coincidence"


def test_a_form_that_one_column_proves_is_that_of_other_columns_which_have_it_throughout():
    assert days("44205", "44206", From="44202", Serial=SERIAL) == ["2021-01-09", "2021-01-10"]
    assert days("09/01/21", "25/01/21", From="06/01/21", Serial=SERIAL) == ["2021-01-09", "2021-01-25"]
    assert days("44205", "2021-01-10", From="44202", Serial=SERIAL) == [None, "2021-01-10"]


@pytest.mark.parametrize("cell", ["44202", "6-Jan-21"])
def test_a_day_that_contradicts_its_serial_number_proves_no_form(cell):
    rows = [
        {"ID": f"P{place}", "Tonnes": "5", "From": day, "Serial": serial}
        for place, (day, serial) in enumerate([(cell, SERIAL), (cell, "P-6-9-07012021-31122021")])
    ]
    assert len(read(rows).quarantine) == 2


@pytest.mark.parametrize("cell", ["25/03/24", "25-Mar-24", "45292", "2024-03-25T25:00", "2024-03-25T10:00+99:00"])
def test_a_form_that_tells_no_day_is_named(cell):
    (row,) = read(rows_of("Retired", cell)).quarantine.to_pylist()
    assert row["reason"].startswith("a date is expected, e.g. 2024-03-25: ")
