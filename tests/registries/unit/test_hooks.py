"""The three hooks, through `normalize` and the real `configs/registries/`: what YAML cannot say about a registry."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from carbon_assets.registries.description import load_registries
from carbon_assets.registries.normalize import Normalized
from tests.kit.building import CONFIGS, csv_of, normalized

REGISTRIES = load_registries(CONFIGS)


def of(result: Normalized, **wanted: object) -> list[dict]:
    """The rows in which every column has the wanted value."""
    rows = result.rows.to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def one(result: Normalized, **wanted: object) -> dict:
    (row,) = of(result, **wanted)
    return row


# --- Verra: issuances are inferred from blocks ------------------------------------------------------------------

BLOCK = {
    "ID": "9001",
    "Quantity Issued": "40",
    "Total Vintage Quantity": "100",
    "Vintage Start": "2019-07-01",
    "Vintage End": "2020-06-30",
    "Issuance Date": "2021-03-02",
    "Retirement/Cancellation Date": "",
    "Retirement Beneficiary": "",
    "Retirement Reason": "",
    "Retirement Details": "",
    "Serial Number": "77-101-140-VCS-VCU-1-VER-XX-1-9001-01072019-30062020-0",
    "Additional Certifications": "",
}
RETIRED = BLOCK | {
    "Retirement/Cancellation Date": "2022-02-01",
    "Retirement Beneficiary": "Acme",
    "Retirement Reason": "Environmental Benefit",
    "Retirement Details": "for 2021",
}


def verra(*rows: dict[str, str]) -> Normalized:
    return normalized(REGISTRIES["verra"], "transactions", csv_of(list(rows)))


def test_a_block_that_is_not_retired_is_an_issuance_alone():
    row = one(verra(BLOCK))
    assert (row["project_id"], row["transaction_type"], row["quantity"]) == ("VCS9001", "issuance", Decimal(100))
    assert row["transaction_date"] == row["issued_on"] == date(2021, 3, 2)
    assert row["retirement_beneficiary"] is None


def test_a_retired_block_is_a_retirement_too():
    row = one(verra(RETIRED), transaction_type="retirement")
    assert (row["quantity"], row["transaction_date"], row["issued_on"]) == (40, date(2022, 2, 1), date(2021, 3, 2))
    assert (row["retirement_beneficiary"], row["retirement_reason"]) == ("Acme", "Environmental Benefit")
    assert row["retirement_note"] == "for 2021"
    assert (row["serial_key"], row["serial_start"], row["serial_end"]) == ("VCU", 101, 140)


def test_the_vintage_is_the_year_in_which_its_period_begins():
    for row in verra(RETIRED).rows.to_pylist():
        assert row["vintage"] == 2019
        assert (row["vintage_start"], row["vintage_end"]) == (date(2019, 7, 1), date(2020, 6, 30))


def test_a_period_is_issued_once_with_the_largest_total_and_the_earliest_day():
    blocks = [
        BLOCK | {"Total Vintage Quantity": "1,000", "Issuance Date": "2021-09-09", "Serial Number": "a"},
        BLOCK | {"Total Vintage Quantity": "2,500.5", "Issuance Date": "2022-01-01", "Serial Number": "b"},
        RETIRED | {"Total Vintage Quantity": "700", "Issuance Date": "2021-03-02", "Serial Number": "c"},
    ]
    result = verra(*blocks)
    issuance = one(result, transaction_type="issuance")
    assert issuance["quantity"] == Decimal("2500.5")
    assert issuance["transaction_date"] == date(2021, 3, 2)
    assert len(of(result, transaction_type="retirement")) == 1


def test_two_periods_that_begin_in_one_year_are_two_issuances():
    first = BLOCK | {"Vintage Start": "2019-01-01", "Vintage End": "2019-06-30", "Total Vintage Quantity": "60"}
    second = BLOCK | {"Vintage Start": "2019-07-01", "Vintage End": "2019-12-31", "Total Vintage Quantity": "60"}
    issuances = of(verra(first, second), transaction_type="issuance")
    assert [(row["vintage"], row["quantity"]) for row in issuances] == [(2019, 60), (2019, 60)]
    assert len({row["credit_id"] for row in issuances}) == 2


def test_periods_of_two_projects_are_two_issuances():
    assert len(of(verra(BLOCK, BLOCK | {"ID": "9002"}), transaction_type="issuance")) == 2


@pytest.mark.parametrize("cell", ["", "N/A"])
def test_a_row_that_does_not_say_its_period_does_not_issue_it_again(cell):
    """The serial number says it; where that is blank too, the row is set aside."""
    serial = "19385-941467007-941467046-VCS-VCU-1507-VER-ET-14-9001-01072019-30062020-1"
    told = verra(BLOCK, RETIRED | {"Vintage End": cell, "Serial Number": serial})
    assert one(told, transaction_type="issuance")["quantity"] == 100
    assert one(told, transaction_type="retirement")["vintage_end"] == date(2020, 6, 30)
    untold = verra(BLOCK, RETIRED | {"Vintage End": cell, "Serial Number": ""})
    assert one(untold, transaction_type="issuance")["quantity"] == 100
    assert (len(untold.quarantine), untold.tonnes_set_aside) == (1, {"retirement": 40})


def test_a_period_with_a_total_of_zero_was_not_issued():
    assert of(verra(BLOCK | {"Total Vintage Quantity": "0"}), transaction_type="issuance") == []


def test_a_row_that_is_set_aside_does_not_count_for_its_period():
    result = verra(BLOCK, BLOCK | {"Total Vintage Quantity": "900", "Quantity Issued": "-1"})
    assert one(result, transaction_type="issuance")["quantity"] == 100
    assert len(result.quarantine) == 1


def test_days_are_read_day_first_unless_they_tell_otherwise():
    result = verra(BLOCK | {"Issuance Date": "02/03/2021", "Vintage Start": "01/07/2019", "Vintage End": "30/06/2020"})
    row = one(result)
    assert (row["issued_on"], row["vintage_start"]) == (date(2021, 3, 2), date(2019, 7, 1))


def test_an_issuance_has_the_labels_that_all_its_blocks_have():
    """With those that only some have, all of its tonnes would count as labelled."""
    blocks = [
        RETIRED | {"Additional Certifications": "B; A"},
        BLOCK | {"Additional Certifications": "C;A", "Serial Number": "x"},
    ]
    result = verra(*blocks)
    assert one(result, transaction_type="issuance")["labels"] == ["A"]
    assert one(result, transaction_type="retirement")["labels"] == ["A", "B"]


def test_labels_are_null_where_the_file_does_not_have_them():
    unlabelled = {name: cell for name, cell in RETIRED.items() if name != "Additional Certifications"}
    assert [row["labels"] for row in verra(unlabelled).rows.to_pylist()] == [None, None]


# --- American Carbon Registry: a status in two columns ----------------------------------------------------------

ACR_PROJECT = {
    "Project ID": "ACR9001",
    "Project Name": "Peat",
    "Project Developer": "Acme",
    "Project Methodology/Protocol": "Peat v1",
    "Voluntary Status": "Registered",
    "Compliance Program Status (ARB or Ecology)": "",
    "Project Site Country": "US",
}


@pytest.mark.parametrize(
    ("voluntary", "compliance", "status"),
    [
        ("Registered", "", "Registered"),
        ("Registered", "Not ARB or Ecology Eligible", "Registered"),
        ("", "Not ARB or Ecology Eligible", None),
        ("Registered", "ARB Completed", "ARB Completed"),
        ("", "Submitted", "Submitted"),
        ("", "", None),
    ],
)
def test_the_compliance_status_counts_unless_the_project_is_in_no_programme(voluntary, compliance, status):
    row = ACR_PROJECT | {"Voluntary Status": voluntary, "Compliance Program Status (ARB or Ecology)": compliance}
    result = normalized(REGISTRIES["american-carbon-registry"], "projects", csv_of([row]))
    assert one(result)["status_raw"] == status
    assert one(result)["name"] == "Peat"


# --- ARB: one row per reporting period, one column per way its credits ended ------------------------------------

PERIOD = {
    "OPR Project ID": "CAR9001",
    "Vintage": "2015",
    "Issuance Date": "2016-02-01",
    "ARB Offset Credits Issued": "1000",
    "Forest Buffer Account Contribution": "",
    "Reporting Period Start Date": "1/1/2015",
    "Reporting Period End Date": "12/31/2015",
    "ARB Issuance ID": "CAXX9001-A",
}
ENDINGS = {
    "Retired Voluntarily": ("retirement", None, ["voluntary"], None),
    "Retired 1st Compliance Period (CA)": ("retirement", date(2016, 3, 21), ["California 1st compliance period"], None),
    "Retired 2nd Compliance Period (CA)": ("retirement", date(2018, 11, 1), ["California 2nd compliance period"], None),
    "Retired 3rd Compliance Period (CA)": ("retirement", date(2021, 11, 1), ["California 3rd compliance period"], None),
    "Retired 4th Compliance Period (CA)": ("retirement", date(2024, 11, 1), ["California 4th compliance period"], None),
    "Retired 5th Compliance Period (CA)": ("retirement", None, ["California 5th compliance period"], None),
    "Retired for Compliance in Quebec": ("retirement", None, ["Quebec compliance"], None),
    "Invalidated or Canceled": ("cancellation", None, [], "Invalidated or canceled"),
    "Buffer Pool Retired": ("cancellation", None, [], "Buffer pool retired"),
    "Retired for Intentional Reversal": ("cancellation", None, [], "Retired for intentional reversal"),
}
FIFTH = "Retired 5th Compliance Period (CA)"


def arb(*rows: dict[str, str], observed: datetime = datetime(2025, 1, 15, tzinfo=UTC)) -> Normalized:
    return normalized(REGISTRIES["arb"], "issuances", csv_of(list(rows)), observed_at=observed)


def vintages(result: Normalized) -> list[int | None]:
    issuances = of(result, transaction_type="issuance")
    return [row["vintage"] for row in sorted(issuances, key=lambda row: (row["project_id"], row["serial_number"]))]


def test_a_reporting_period_is_an_issuance():
    row = one(arb(PERIOD | {"Forest Buffer Account Contribution": "150"}))
    assert (row["project_id"], row["transaction_type"], row["quantity"]) == ("CAR9001", "issuance", Decimal(1000))
    assert row["buffer_quantity"] == 150
    assert row["transaction_date"] == row["issued_on"] == date(2016, 2, 1)
    assert (row["vintage"], row["serial_number"]) == (2015, "CAXX9001-A")


@pytest.mark.parametrize("column", ENDINGS)
def test_every_ending_is_an_event_of_its_own(column):
    kind, day, labels, reason = ENDINGS[column]
    result = arb(PERIOD | dict.fromkeys(ENDINGS, "") | {column: "1,234.5"})
    assert len(result.rows) == 2
    row = one(result, transaction_type=kind)
    assert row["quantity"] == Decimal("1234.5")
    assert (row["transaction_date"], row["labels"]) == (day, labels)
    assert row["retirement_reason"] == row["cancellation_reason"] == reason
    assert (row["project_id"], row["vintage"], row["issued_on"]) == ("CAR9001", 2015, date(2016, 2, 1))
    assert row["buffer_quantity"] is None


def test_all_endings_of_a_period_keep_all_their_tonnes():
    cells = {column: str(10**place) for place, column in enumerate(ENDINGS)}
    result = arb(PERIOD | cells)
    assert result.tonnes == {"issuance": 1000, "retirement": 1_111_111, "cancellation": 1_110_000_000}
    assert len({row["credit_id"] for row in result.rows.to_pylist()}) == 11


def test_the_hook_knows_every_ending_of_the_configuration():
    table = REGISTRIES["arb"].tables["issuances"]
    columns = {table.columns[ending["column"]].names[0] for ending in table.parameters["endings"]}
    assert columns == set(ENDINGS)
    marked = {column.names[0]: column.transaction_type for column in table.columns.values() if column.transaction_type}
    assert marked == {column: kind for column, (kind, *_) in ENDINGS.items()}


@pytest.mark.parametrize("cell", ["", "0", "-", "reforest defer"])
def test_an_ending_without_tonnes_is_no_event(cell):
    result = arb(PERIOD | dict.fromkeys(ENDINGS, cell))
    assert [row["transaction_type"] for row in result.rows.to_pylist()] == ["issuance"]
    assert len(result.quarantine) == 0


@pytest.mark.parametrize(
    ("observed", "day"),
    [
        (datetime(2027, 10, 31, 23, tzinfo=UTC), None),
        (datetime(2027, 11, 1, 1, tzinfo=UTC), date(2027, 11, 1)),
        (datetime(2028, 5, 1, tzinfo=UTC), date(2027, 11, 1)),
    ],
)
def test_a_compliance_period_is_dated_once_its_deadline_has_come(observed, day):
    result = arb(PERIOD | {FIFTH: "5"}, observed=observed)
    assert one(result, transaction_type="retirement")["transaction_date"] == day


def test_an_event_keeps_its_id_when_its_date_becomes_known():
    before, after = (
        one(arb(PERIOD | {FIFTH: "5"}, observed=datetime(year, 12, 1, tzinfo=UTC)), transaction_type="retirement")
        for year in (2026, 2027)
    )
    assert before["transaction_date"] != after["transaction_date"]
    assert before["credit_id"] == after["credit_id"]


@pytest.mark.parametrize("cell", ["", "reforest defer", "REFOREST DEFER"])
def test_a_period_without_credits_is_an_issuance_of_zero(cell):
    row = one(arb(PERIOD | {"ARB Offset Credits Issued": cell}))
    assert (row["transaction_type"], row["quantity"]) == ("issuance", 0)


@pytest.mark.parametrize(
    ("cell", "project"),
    [
        ("559", "VCS559"),
        ("559.0", "VCS559"),
        ("OPR2", "VCSOPR2"),
        ("VCS559", "VCS559"),
        ("CAR1041", "CAR1041"),
        ("ACR123", "ACR123"),
    ],
)
def test_an_id_without_a_registry_is_one_of_verras(cell, project):
    result = arb(PERIOD | {"OPR Project ID": cell, FIFTH: "5"})
    assert {row["project_id"] for row in result.rows.to_pylist()} == {project}


def periods(*years: str, project: str = "CAR9001") -> list[dict[str, str]]:
    """Reporting periods one after another, with these vintages."""
    return [
        PERIOD
        | {
            "OPR Project ID": project,
            "Vintage": vintage,
            "Issuance Date": "2024-01-01",
            "Reporting Period Start Date": f"1/1/{2010 + place}",
            "Reporting Period End Date": f"12/31/{2010 + place}",
            "ARB Issuance ID": f"{project}-{place:02}",
        }
        for place, vintage in enumerate(years)
    ]


@pytest.mark.parametrize(
    ("published", "filled"),
    [
        (["2010", "", "2012"], [2010, 2011, 2012]),
        (["2010", "", "", "2013"], [2010, 2011, 2012, 2013]),
        (["2010", "", "2010"], [2010, 2010, 2010]),
        (["2010", "", "", "2020", "", "2022"], [2010, 2013, 2016, 2020, 2021, 2022]),
    ],
)
def test_a_blank_vintage_is_read_off_its_neighbours(published, filled):
    rows = periods(*published)
    assert vintages(arb(*rows)) == filled
    assert vintages(arb(*reversed(rows))) == filled, "the order of the periods counts, not that of the rows"


def undated(*years: str, project: str) -> list[dict[str, str]]:
    """Reporting periods without days, so that nothing but a neighbour can tell a blank vintage."""
    blank = {"Reporting Period Start Date": "", "Reporting Period End Date": ""}
    return [row | blank for row in periods(*years, project=project)]


@pytest.mark.parametrize("make", [periods, undated])
def test_a_blank_vintage_alone_stays_null(make):
    assert vintages(arb(*make("", project="CAR9001"))) == [None]


@pytest.mark.parametrize(("published", "filled"), [(["", "2012"], [None, 2012]), (["2010", ""], [2010, None])])
def test_a_blank_vintage_without_a_neighbour_on_both_sides_stays_null(published, filled):
    assert vintages(arb(*periods(*published))) == filled


def test_a_blank_vintage_is_never_filled_from_another_project():
    rows = [
        *periods("2010", "2011", "2012", project="CAR1"),
        *periods("", "", "2014", project="CAR2"),
        *periods("2009", "", "", project="CAR3"),
        *periods("2016", "2017", "2018", project="CAR4"),
    ]
    assert vintages(arb(*rows)) == [2010, 2011, 2012, None, None, 2014, 2009, None, None, 2016, 2017, 2018]


def test_endings_have_the_filled_vintage_too():
    first, blank, last = periods("2010", "", "2012")
    result = arb(first, blank | {"Retired Voluntarily": "5"}, last)
    assert one(result, transaction_type="retirement")["vintage"] == 2011
