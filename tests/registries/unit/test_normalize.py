"""`normalize`: rows are mapped, typed, judged and identified; what is set aside is said, and nothing is lost."""

import json
import random
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base.readers import UnreadableFile
from carbon_assets.registries import schema
from carbon_assets.registries.description import Registry
from carbon_assets.registries.normalize import Normalized
from tests.kit.building import OBSERVED, csv_of, csv_text, normalized, projects_known_by
from tests.kit.effort import examples

EVENTS = {
    "files": "events",
    "holds": "credits",
    "required": {
        "project_id": "Project",
        "quantity": "Tonnes",
        "transaction_date": "Date",
        "vintage": "Vintage",
    },
    "optional": {
        "issued_on": "Issued",
        "vintage_start": "From",
        "vintage_end": "To",
        "buffer_quantity": "Buffer",
        "retirement_beneficiary": "For",
        "retirement_note": "Note",
        "serial_number": "Serial",
        "is_buffer": "Is buffer",
    },
    "constants": {"transaction_type": "retirement"},
    "key": ["project_id", "vintage", "serial_number"],
}
PROJECTS = {
    "files": "projects",
    "holds": "projects",
    "required": {"project_id": "Project", "name": "Name"},
    "optional": {"proponent": "Owner", "listed_at": "Listed", "country_raw": "Country"},
}
GOOD = {
    "Project": "MUP1",
    "Tonnes": "10",
    "Date": "2024-05-01",
    "Vintage": "2023",
    "Issued": "2024-01-15",
    "From": "2023-01-01",
    "To": "2023-12-31",
    "Buffer": "2",
    "For": "Acme",
    "Note": "thanks",
    "Serial": "S-1 to 10",
}


def made_up(events: dict | None = None, projects: dict | None = None, **changes: object) -> Registry:
    """A registry of two tables, some keys of which are changed."""
    tables = {"events": EVENTS | (events or {}), "projects": PROJECTS | (projects or {})}
    return Registry.model_validate(
        {"id": "made-up", "name": "Made Up", "project_prefix": "MUP", "tables": tables} | changes
    )


def events(*rows: dict[str, str], registry: Registry | None = None) -> Normalized:
    return normalized(registry or made_up(), "events", csv_of(list(rows)))


def projects(*rows: dict[str, str], registry: Registry | None = None) -> Normalized:
    return normalized(registry or made_up(), "projects", csv_of(list(rows)))


def only(table: pa.Table) -> dict:
    """The one row of a table."""
    (row,) = table.to_pylist()
    return row


def faults(result: Normalized) -> list[tuple]:
    return [(row["line"], row["column"], row["value"], row["reason"]) for row in result.quarantine.to_pylist()]


# --- good rows --------------------------------------------------------------------------------------------------


def test_a_row_is_mapped_and_typed():
    result = events(GOOD)
    row = only(result.rows)
    assert result.rows.schema.equals(schema.CREDITS)
    assert row | {"credit_id": ""} == dict.fromkeys(schema.CREDITS.names) | {
        "credit_id": "",
        "project_id": "MUP1",
        "transaction_type": "retirement",
        "quantity": Decimal(10),
        "buffer_quantity": Decimal(2),
        "is_buffer": False,
        "vintage": 2023,
        "vintage_start": date(2023, 1, 1),
        "vintage_end": date(2023, 12, 31),
        "issued_on": date(2024, 1, 15),
        "transaction_date": date(2024, 5, 1),
        "retirement_beneficiary": "Acme",
        "retirement_note": "thanks",
        "serial_number": "S-1 to 10",
        "source": "made-up/events",
        "snapshot_id": result.snapshot_id,
    }
    assert len(row["credit_id"]) == 24
    assert len(result.quarantine) == 0


def test_rows_of_transactions_state_facts_of_their_projects():
    """Each text once with its rows; what is blank, set aside or has no column says nothing."""
    states = {"name": ["Title", "Project name"], "country_raw": "Country", "proponent": "Owner"}
    registry = made_up({"states": states, "sum_by": ["project_id"], "key": ["project_id"]})
    rows = [
        GOOD | {"Project name": " A Wood ", "Country": "NA"},
        GOOD | {"Project name": "A Wood", "Country": "", "Serial": "S-11 to 20"},
        GOOD | {"Project name": "N/A", "Country": "NA", "Serial": "S-21 to 30"},
        GOOD | {"Project name": "Another", "Country": "PE", "Tonnes": "many"},
        GOOD | {"Project name": "A Lake", "Country": "PE", "Project": "MUP2"},
    ]
    result = events(*rows, registry=registry)
    assert result.stated.schema.equals(schema.STATED)
    told = [(row["project_id"], row["fact"], row["value"], row["occurrences"]) for row in result.stated.to_pylist()]
    assert told == [
        ("MUP1", "country_raw", "NA", 2), ("MUP1", "name", "A Wood", 2),
        ("MUP2", "country_raw", "PE", 1), ("MUP2", "name", "A Lake", 1),
    ]  # fmt: skip
    assert {(row["source"], row["snapshot_id"], row["observed_at"]) for row in result.stated.to_pylist()} == {
        ("made-up/events", result.snapshot_id, OBSERVED)
    }
    assert "Owner" in result.absent_columns and "Title" not in result.absent_columns
    assert "Project name" not in result.unmapped_columns
    assert len(events(GOOD).stated) == 0


def test_a_project_is_mapped_and_typed():
    result = projects({"Project": "MUP1", "Name": "Peat", "Owner": "", "Listed": "2020-02-03", "Country": "NA"})
    assert result.rows.schema.equals(schema.PROJECTS)
    assert only(result.rows) == dict.fromkeys(schema.PROJECTS.names) | {
        "project_id": "MUP1",
        "name": "Peat",
        "listed_at": date(2020, 2, 3),
        "country_raw": "NA",
        "source": "made-up/projects",
        "snapshot_id": result.snapshot_id,
    }
    assert result.tonnes == {}


@pytest.mark.parametrize("blank", ["", "n/a", "NULL", "None", " "])
def test_null_stays_null(blank):
    optional = ("Date", "Vintage", "Issued", "From", "To", "Buffer", "For", "Note", "Serial")
    result = events(GOOD | dict.fromkeys(optional, blank))
    row = only(result.rows)
    filled = {name for name, value in row.items() if value is not None}
    assert filled == {"credit_id", "project_id", "transaction_type", "quantity", "is_buffer", "source", "snapshot_id"}


def test_a_lone_dash_is_no_value_but_a_text():
    row = only(events(GOOD | {"Date": "-", "Buffer": "–", "Note": "-"}).rows)
    assert (row["transaction_date"], row["buffer_quantity"], row["retirement_note"]) == (None, None, "-")


def test_zero_tonnes_are_an_event():
    assert only(events(GOOD | {"Tonnes": "0"}).rows)["quantity"] == 0


def test_the_vintage_is_the_year_of_the_first_day_where_a_registry_publishes_no_year():
    required = {name: column for name, column in EVENTS["required"].items() if name != "vintage"}
    row = GOOD | {"From": "2019-07-01", "To": "2021-06-30"}
    assert only(events(row, registry=made_up(events={"required": required})).rows)["vintage"] == 2019


def test_a_blank_year_is_not_filled_from_the_period_where_a_registry_publishes_years():
    assert only(events(GOOD | {"Vintage": ""}).rows)["vintage"] is None


def test_tonnes_are_summed_exactly_by_type():
    result = events(*(GOOD | {"Tonnes": "0.1", "Serial": str(number)} for number in range(3)))
    assert result.tonnes == {"retirement": Decimal("0.3")}


def test_further_words_can_mean_missing():
    registry = made_up(events={"missing": ["to be told"]})
    row = only(events(GOOD | {"Date": "To Be Told", "Note": " to be told "}, registry=registry).rows)
    assert (row["transaction_date"], row["retirement_note"]) == (None, None)


def test_columns_that_nobody_reads_and_columns_that_lack_are_told():
    row = {name: cell for name, cell in GOOD.items() if name != "Buffer"}
    result = events(row | {"Colour": "green"})
    assert result.unmapped_columns == ("Colour",)
    assert result.absent_columns == ("buffer_quantity", "is_buffer")
    assert only(result.rows)["buffer_quantity"] is None


def test_a_file_without_rows_is_refused_unless_it_may_be_empty():
    header = csv_text(list(GOOD), [])
    with pytest.raises(UnreadableFile, match="the file has a header but no rows"):
        normalized(made_up(), "events", header)
    result = normalized(made_up(events={"may_be_empty": True}), "events", header)
    assert (len(result.rows), len(result.quarantine), result.rows_in) == (0, 0, 0)


@pytest.mark.parametrize(
    ("cell", "project"),
    [
        ("5962", "MUP5962"),
        ("5962.0", "MUP5962"),
        ("MUP5962", "MUP5962"),
        ("OLD5962", "OLD5962"),
        (" 5962 ", "MUP5962"),
        ("", None),
    ],
)
def test_an_id_gets_its_prefix_once(cell, project):
    column = {"from": "Project", "prefix": "MUP", "prefixed": ["OLD"]}
    registry = made_up(projects={"required": {"project_id": column}}, project_prefix=None)
    result = projects({"Project": cell, "Name": "Peat"}, registry=registry)
    assert [row["project_id"] for row in result.rows.to_pylist()] == ([project] if project else [])


def test_an_expression_takes_its_first_group_from_the_cell():
    registry = made_up(
        events={"required": EVENTS["required"] | {"project_id": {"from": "Serial", "extract": "^C_(.+?)_"}}}
    )
    for cell in ("C_MUP77_1", "\u2009C_MUP77_1"):
        assert only(events(GOOD | {"Serial": cell}, registry=registry).rows)["project_id"] == "MUP77"
    result = events(GOOD | {"Serial": "MUP77"}, registry=registry)
    assert faults(result) == [(2, "Serial", "MUP77", "the text does not have the form ^C_(.+?)_")]


def test_an_expression_can_take_all_its_matches():
    column = {"from": "Note", "extract_all": r"'(.+?)'"}
    registry = made_up(events={"optional": {"retirement_reason": column}})
    assert only(events(GOOD | {"Note": "['a', 'b c']"}, registry=registry).rows)["retirement_reason"] == "a, b c"
    assert only(events(GOOD | {"Note": "[]"}, registry=registry).rows)["retirement_reason"] is None


def test_only_the_listed_values_are_accepted():
    column = {"from": "Kind", "values": {"Retired": "retirement", "Canceled": "cancellation"}}
    registry = made_up(events={"required": EVENTS["required"] | {"transaction_type": column}, "constants": {}})
    rows = [GOOD | {"Kind": kind, "Serial": kind} for kind in ("Retired", " CANCELED ", "Sold", "")]
    result = events(*rows, registry=registry)
    assert sorted(row["transaction_type"] for row in result.rows.to_pylist()) == ["cancellation", "retirement"]
    assert faults(result) == [
        (4, "Kind", "Sold", "one of Retired, Canceled is expected"),
        (5, "Kind", "", "the cell is blank; a value is required"),
    ]


def test_a_registrys_own_key_is_resolved_through_its_projects():
    registry = made_up(events={"required": EVENTS["required"] | {"project_id": {"from": "Project", "resolve": True}}})
    known = projects_known_by({"prj_a": "MUP7"})
    text = csv_of([GOOD | {"Project": "prj_a"}, GOOD | {"Project": "prj_z", "Serial": "other"}])
    result = normalized(registry, "events", text, projects=known)
    assert only(result.rows)["project_id"] == "MUP7"
    assert faults(result) == [(3, "Project", "prj_z", "no project of this registry has this key")]


# --- faults -----------------------------------------------------------------------------------------------------

FUTURE_VINTAGE = "the vintage lies in the future: the file was observed on 2024-06-01"


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"Tonnes": "-10"}, "Tonnes", "a quantity cannot be negative"),
        ({"Tonnes": "many"}, "Tonnes", "a number is expected, e.g. 1,234.5"),
        ({"Tonnes": ""}, "Tonnes", "the cell is blank; a value is required"),
        ({"Tonnes": "-"}, "Tonnes", "the cell is blank; a value is required"),
        ({"Tonnes": "n/a"}, "Tonnes", "the cell is blank; a value is required"),
        ({"Project": ""}, "Project", "the cell is blank; a value is required"),
        ({"Project": "NULL"}, "Project", "the cell is blank; a value is required"),
        ({"Project": "XYZ1"}, "Project", "an id of the form MUP[A-Z0-9]+ is expected"),
        ({"Project": "1"}, "Project", "an id of the form MUP[A-Z0-9]+ is expected"),
        ({"Project": "MUP"}, "Project", "an id of the form MUP[A-Z0-9]+ is expected"),
        ({"Project": "MUP-1"}, "Project", "an id of the form MUP[A-Z0-9]+ is expected"),
        ({"Date": "13/45/2025"}, "Date", "a date is expected, e.g. 2024-03-25"),
        ({"Vintage": "last year"}, "Vintage", "a year is expected, e.g. 2024"),
        ({"Is buffer": "perhaps"}, "Is buffer", "yes or no is expected"),
        ({"Date": "2024-01-14"}, "Date", "the transaction comes before the issuance of 2024-01-15"),
        ({"Vintage": "2025"}, "Vintage", FUTURE_VINTAGE),
        ({"Vintage": "2025", "Issued": "", "Date": ""}, "Vintage", FUTURE_VINTAGE),
        ({"From": "2025-01-01", "To": "2025-12-31"}, "From", FUTURE_VINTAGE),
        ({"Date": "2024-06-03"}, "Date", "the day was not yet when the file was observed (2024-06-01)"),
        ({"Issued": "2024-06-03", "Date": ""}, "Issued", "the day was not yet when the file was observed (2024-06-01)"),
    ],
)
def test_a_row_that_cannot_be_is_set_aside_alone(changes, column, reason):
    bad = GOOD | {"Is buffer": "no"} | changes
    result = events(GOOD | {"Is buffer": "no"}, bad)
    assert faults(result) == [(3, column, bad[column], reason)]
    assert only(result.rows)["quantity"] == 10
    assert (result.rows_in, result.rows_accepted) == (2, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"Date": "2024-06-02"},  # one day of grace: a registry's day can begin before ours
        {"Date": "2024-01-15"},
        {"Vintage": "2024"},
        {"From": "2024-12-31", "To": "2024-12-31"},
        {"From": "2023-12-31"},
        {"Tonnes": "0"},
    ],
)
def test_a_row_at_the_edge_of_the_rules_is_accepted(changes):
    result = events(GOOD | changes)
    assert faults(result) == []
    assert len(result.rows) == 1


def test_the_same_row_twice_counts_once():
    result = events(GOOD, GOOD | {"Note": "other", "Serial": "T"}, GOOD, GOOD)
    assert len(result.rows) == 2
    assert faults(result) == [
        (4, "Project", "MUP1", "the same row stands in line 2"),
        (5, "Project", "MUP1", "the same row stands in line 2"),
    ]


@pytest.mark.parametrize("blank", ["\u00a0", "\t", "\r\n", "\u200b"])
def test_blanks_at_the_edges_of_cells_make_no_other_row(blank):
    result = events(GOOD, GOOD | {"Note": f"{GOOD.get('Note', '')}{blank}", "Serial": f"{blank}{GOOD['Serial']}"})
    assert (len(result.rows), len(faults(result))) == (1, 1)


def test_rows_that_differ_in_a_column_that_nobody_reads_are_two():
    assert len(events(GOOD | {"Transfer": "1"}, GOOD | {"Transfer": "2"}).rows) == 2


@pytest.mark.parametrize("fuller_first", [True, False])
def test_of_one_project_twice_the_fuller_row_is_kept(fuller_first):
    poor, full = {"Owner": "", "Country": ""}, {"Owner": "Acme", "Country": "Peru"}
    names = "abcdefgh"  # several, since of two rows either may be first by chance
    pairs = [[{"Project": f"MUP{name}", "Name": name} | cells for cells in (poor, full)] for name in names]
    rows = [row for pair in pairs for row in (pair[::-1] if fuller_first else pair)]
    result = projects(*rows, {"Project": "MUP1", "Name": "Wind"} | poor)
    assert [(row["name"], row["proponent"]) for row in result.rows.to_pylist()] == [
        ("Wind", None),
        *((name, "Acme") for name in names),
    ]
    lines = [(2 * place + 3, 2 * place + 2) for place in range(len(names))]
    assert faults(result) == [
        (poor_line, "Project", f"MUP{name}", reason_of_twin(full_line))
        for name, pair in zip(names, lines, strict=True)
        for poor_line, full_line in [pair if fuller_first else pair[::-1]]
    ]


def reason_of_twin(kept: int) -> str:
    return f"the project stands in line {kept} too, with other cells; the fuller row is kept"


def test_a_fuller_row_that_is_faulty_itself_does_not_count():
    good = {"Project": "MUP1", "Name": "Peat", "Owner": "", "Listed": "", "Country": ""}
    faulty = {"Project": "MUP1", "Name": "Peat bog", "Owner": "Acme", "Listed": "soon", "Country": "Peru"}
    result = projects(faulty, good)
    assert only(result.rows)["name"] == "Peat"
    assert faults(result) == [(2, "Listed", "soon", "a date is expected, e.g. 2024-03-25")]


def test_a_quarantined_row_is_told_in_full():
    result = normalized(
        made_up(), "events", csv_of([GOOD, GOOD | {"Date": "soon", "Note": 'a "b"\nc'}]), file="may.csv"
    )
    record = only(result.quarantine)
    cells = json.loads(record.pop("record"))
    assert record == {
        "registry": "made-up",
        "table": "events",
        "file": "may.csv",
        "line": 3,
        "column": "Date",
        "value": "soon",
        "reason": "a date is expected, e.g. 2024-03-25",
        "quantity": Decimal(10),
        "snapshot_id": result.snapshot_id,
    }
    assert cells == {name.lower(): cell for name, cell in GOOD.items()} | {"date": "soon", "note": 'a "b"\nc'}
    assert result.quarantine.schema.equals(schema.QUARANTINE)


def test_a_row_that_could_not_be_split_is_told_as_text():
    text = csv_of([GOOD]) + "MUP2,é\n"
    record = only(normalized(made_up(), "events", text, file="may.csv").quarantine)
    assert (record["file"], record["line"], record["column"], record["value"]) == ("may.csv", 3, None, None)
    assert record["reason"] == "the row has 2 cells where the header has 11"
    assert record["quantity"] is None
    assert json.loads(record["record"]) == "MUP2,é"


def test_of_several_faults_the_first_column_of_the_configuration_is_named():
    names = [f"Part {letter}" for letter in "hgfedcba"]
    own = {name.lower().replace(" ", "_"): {"from": name, "type": "tonnes"} for name in names}
    rows = [GOOD | {name: "-1" if name in names[place:] else "1" for name in names} for place in range(len(names))]
    result = events(*rows, registry=made_up(events={"optional": own}))
    assert [column for _, column, _, _ in faults(result)] == names


# --- sums -------------------------------------------------------------------------------------------------------

SUMMED = {"sum_by": ["project_id", "transaction_date", "vintage"], "key": ["project_id", "transaction_date", "vintage"]}


def test_rows_of_one_event_are_summed():
    parts = [
        GOOD | {"Tonnes": "10.5", "Buffer": "1", "Serial": "b", "Note": "one"},
        GOOD | {"Tonnes": "0.000001", "Buffer": "", "Serial": "a", "Note": "two", "From": "2022-07-01"},
        GOOD | {"Tonnes": "7", "Vintage": "2022", "Serial": "c"},
    ]
    result = events(*parts, registry=made_up(events=SUMMED))
    assert (result.rows_in, result.rows_accepted, len(result.rows)) == (3, 3, 2)
    row = next(row for row in result.rows.to_pylist() if row["vintage"] == 2023)
    assert (row["quantity"], row["buffer_quantity"]) == (Decimal("10.500001"), Decimal(1))
    assert (row["vintage_start"], row["vintage_end"]) == (date(2022, 7, 1), date(2023, 12, 31))
    assert row["retirement_beneficiary"] == "Acme", "what all parts say is kept"
    assert row["retirement_note"] is None, "what they do not agree in is not"
    assert row["serial_number"] == "a; b"


def test_a_sum_of_zero_is_no_event():
    rows = [GOOD | {"Tonnes": "0"}, GOOD | {"Tonnes": "0", "Note": "b"}, GOOD | {"Vintage": "2022"}]
    result = events(*rows, registry=made_up(events=SUMMED))
    assert [row["vintage"] for row in result.rows.to_pylist()] == [2022]
    assert result.rows_accepted == 3


def test_blank_parts_of_the_key_are_one_event():
    rows = [GOOD | {"Vintage": "", "From": "", "To": "", "Note": note} for note in "ab"]
    assert only(events(*rows, registry=made_up(events=SUMMED)).rows)["quantity"] == 20


def test_what_is_set_aside_is_not_summed():
    result = events(GOOD, GOOD | {"Tonnes": "-4"}, registry=made_up(events=SUMMED))
    assert only(result.rows)["quantity"] == 10


# --- labels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "cell", "labels"),
    [
        ({"split": ";"}, "CORSIA; CCP ;;CORSIA", ["CCP", "CORSIA"]),
        ({"split": ";"}, "", []),
        ({"split": ";"}, "n/a", []),
        ({"split": ","}, "one; two, three", ["one; two", "three"]),
        ({"label": "CCP"}, "Yes", ["CCP"]),
        ({"label": "CCP"}, "No", []),
        ({"label": "CCP"}, "", []),
        ({"label": "CCP"}, "perhaps", []),
        ({"extract_all": "'name': '(.+?)'"}, "[{'name': 'b'}, {'name': 'a'}]", ["a", "b"]),
        ({"extract_all": "'name': '(.+?)'"}, "[]", []),
        ({"split": ";", "without": ["Not Applicable", "-"], "prefix": "A6: "}, "IMP;Not Applicable; -", ["A6: IMP"]),
    ],
)
def test_labels_are_read_from_a_column(label, cell, labels):
    registry = made_up(events={"labels": [{"from": "Tags"} | label]})
    assert only(events(GOOD | {"Tags": cell}, registry=registry).rows)["labels"] == labels


def test_labels_of_several_columns_are_one_list():
    registry = made_up(events={"labels": [{"from": "Tags", "split": ";"}, {"from": ["Old", "New"], "label": "CCP"}]})
    assert only(events(GOOD | {"Tags": "b;CCP", "New": "yes"}, registry=registry).rows)["labels"] == ["CCP", "b"]


@pytest.mark.parametrize("table", [{}, SUMMED], ids=["as they are", "summed"])
def test_labels_are_null_where_the_file_has_none_of_their_columns(table):
    registry = made_up(events=table | {"labels": [{"from": "Tags", "split": ";"}]})
    assert only(events(GOOD, registry=registry).rows)["labels"] is None


@pytest.mark.parametrize(
    ("label", "cell", "labels", "unknown"),
    [
        ({"label": "CCP"}, "perhaps", [], ["perhaps"]),
        ({"label": "CCP"}, " Eligible ", [], ["Eligible"]),
        ({"label": "CCP", "yes": ["Eligible"]}, "eligible", ["CCP"], None),
        ({"label": "CCP", "yes": ["Eligible"]}, "Yes", ["CCP"], None),
        ({"label": "CCP", "without": ["Pending"]}, "Pending", [], None),
        ({"label": "CCP"}, "N/A", [], None),
        ({"label": "CCP"}, "-", [], None),
        ({"label": "CCP"}, "no", [], None),
        ({"extract_all": "'name': '(.+?)'"}, "[]", [], None),
        ({"extract_all": "'name': '(.+?)'"}, "b, a", [], ["b, a"]),
        ({"split": ";"}, "whatever; else", ["else", "whatever"], None),
    ],
)
def test_a_cell_of_a_label_that_says_nothing_known_is_kept_as_published(label, cell, labels, unknown):
    registry = made_up(events={"labels": [{"from": "Tags"} | label]})
    row = only(events(GOOD | {"Tags": cell}, registry=registry).rows)
    assert (row["labels"], row["unknown_labels"]) == (labels, unknown)


def test_unknown_cells_of_labels_survive_a_sum():
    registry = made_up(events=SUMMED | {"labels": [{"from": "Tags", "label": "CCP"}]})
    row = only(events(GOOD | {"Tags": "perhaps"}, GOOD | {"Tags": "who knows"}, GOOD, registry=registry).rows)
    assert (row["quantity"], sorted(row["unknown_labels"])) == (30, ["perhaps", "who knows"])


def test_the_absence_of_a_column_of_labels_is_told_like_that_of_any_other():
    registry = made_up(events={"labels": [{"from": ["Tags", "Marks"], "split": ";"}]})
    assert "Tags" in events(GOOD, registry=registry).absent_columns
    assert "Tags" not in events(GOOD | {"Marks": ""}, registry=registry).absent_columns


def labelled_sums(*rows: dict[str, str]) -> dict[tuple, tuple]:
    """Labels of each summed event -> its tonnes and its id."""
    registry = made_up(events=SUMMED | {"labels": [{"from": "Tags", "split": ";"}]})
    made = events(*(GOOD | row for row in rows), registry=registry).rows.to_pylist()
    return {tuple(row["labels"]): (row["quantity"], row["credit_id"]) for row in made}


def test_rows_that_differ_in_labels_are_not_one_event():
    sums = labelled_sums(
        {"Tags": "b;a", "Tonnes": "1"}, {"Tags": "a; b", "Tonnes": "2"}, {"Tags": "a", "Tonnes": "4"}, {"Tonnes": "8"}
    )
    assert {labels: tonnes for labels, (tonnes, _) in sums.items()} == {("a", "b"): 3, ("a",): 4, (): 8}
    assert len({id_ for _, id_ in sums.values()}) == 3


def test_a_sum_whose_rows_have_the_same_labels_keeps_its_id_whatever_they_are():
    ids_ = {labelled_sums({"Tags": tags, "Tonnes": "1"}, {"Tags": tags, "Tonnes": "2"})[labels][1]
            for tags, labels in (("", ()), ("a", ("a",)), ("z;a", ("a", "z")))}  # fmt: skip
    assert len(ids_) == 1


def test_the_ids_of_sums_that_differ_in_labels_do_not_hang_on_their_tonnes():
    before = labelled_sums({"Tags": "a", "Tonnes": "1"}, {"Tonnes": "8"})
    after = labelled_sums({"Tonnes": "8"}, {"Tags": "a", "Tonnes": "1"}, {"Tags": "a", "Tonnes": "70"})
    assert [before[labels][1] for labels in ((), ("a",))] == [after[labels][1] for labels in ((), ("a",))]


# --- serial numbers ---------------------------------------------------------------------------------------------

SERIALS = [
    {"pattern": r"(?P<key>S-.+)-(?P<start>\d+)-(?P<end>\d+)"},
    {"pattern": r"\d+-(?P<start>\d+)-(?P<end>\d+)-U", "key": "UNITS"},
    {"pattern": r"(?P<key>S-.+)-(?P<end>\d+)-(?P<start>\d+)"},
]


@pytest.mark.parametrize(
    ("serial", "parts"),
    [
        ("S-PE-2020-11-20", ("S-PE-2020", 11, 20)),
        ("9-00011-00020-U", ("UNITS", 11, 20)),
        ("S-PE-2020-11-20-x", (None, None, None)),
        ("before S-PE-2020-11-20", (None, None, None)),
        ("S-PE-11-99999999999999999999", ("S-PE", 11, None)),
        ("", (None, None, None)),
    ],
)
def test_a_serial_number_is_taken_apart_by_the_first_pattern_that_fits(serial, parts):
    row = only(events(GOOD | {"Serial": serial}, registry=made_up(serials=SERIALS)).rows)
    assert (row["serial_key"], row["serial_start"], row["serial_end"]) == parts


def test_parts_of_a_serial_number_that_have_columns_of_their_own_are_kept():
    optional = EVENTS["optional"] | {"serial_start": "First", "serial_key": "Block"}
    registry = made_up(events={"optional": optional}, serials=SERIALS)
    row = only(events(GOOD | {"Serial": "S-PE-2020-11-20", "First": "7", "Block": "B"}, registry=registry).rows)
    assert (row["serial_key"], row["serial_start"], row["serial_end"]) == ("B", 7, 20)


def test_several_serial_numbers_of_one_sum_are_no_single_block():
    rows = [GOOD | {"Serial": "S-PE-2020-1-10"}, GOOD | {"Serial": "S-PE-2020-31-40"}]
    row = only(events(*rows, registry=made_up(events=SUMMED, serials=SERIALS)).rows)
    assert row["serial_number"] == "S-PE-2020-1-10; S-PE-2020-31-40"
    assert (row["serial_key"], row["serial_start"], row["serial_end"]) == (None, None, None)


# --- identifiers ------------------------------------------------------------------------------------------------


def ids(result: Normalized) -> dict[tuple, str]:
    return {
        (row["project_id"], row["vintage"], row["serial_number"], row["quantity"]): row["credit_id"]
        for row in result.rows.to_pylist()
    }


def test_an_event_keeps_its_id_when_the_file_grows_and_is_renamed():
    old = [GOOD | {"Serial": f"S-{number}", "Tonnes": str(number)} for number in range(1, 4)]
    new = [GOOD | {"Serial": f"R-{number}", "Project": "MUP0"} for number in range(4)]
    before = ids(events(*old))
    after = ids(normalized(made_up(), "events", csv_of([*new, *reversed(old)]), file="newer.csv"))
    assert len(after) == 7
    assert before.items() <= after.items()
    assert len(set(after.values())) == 7


def test_an_event_keeps_its_id_when_what_is_not_its_key_is_corrected():
    before = only(events(GOOD).rows)
    after = only(events(GOOD | {"Tonnes": "11", "For": "Acme Ltd"}).rows)
    assert before["credit_id"] == after["credit_id"]


@pytest.mark.parametrize("changes", [{"Project": "MUP2"}, {"Vintage": "2022"}, {"Serial": "other"}, {"Serial": ""}])
def test_another_key_is_another_id(changes):
    assert only(events(GOOD).rows)["credit_id"] != only(events(GOOD | changes).rows)["credit_id"]


def test_another_kind_or_source_is_another_id():
    sold = made_up(events={"constants": {"transaction_type": "cancellation"}})
    elsewhere = made_up(id="elsewhere")
    found = {only(events(GOOD, registry=registry).rows)["credit_id"] for registry in (made_up(), sold, elsewhere)}
    assert len(found) == 3


def test_events_of_one_key_have_ids_of_their_own():
    result = events(GOOD, GOOD | {"Tonnes": "11"}, GOOD | {"Tonnes": "12"})
    assert len(set(ids(result).values())) == 3


def test_a_snapshot_is_known_by_its_records():
    same = [{name: f" {cell} " for name, cell in reversed(GOOD.items())}, GOOD | {"Serial": "T"}]
    first = events(GOOD, GOOD | {"Serial": "T"}).snapshot_id
    assert first.startswith("made-up/events@")
    assert events(*same).snapshot_id == first
    assert events(GOOD).snapshot_id != first
    assert events(GOOD, GOOD | {"Serial": "U"}).snapshot_id != first


# --- any file ---------------------------------------------------------------------------------------------------

# Fewer columns and more rows: most of the time goes into planning the query, not into running it.
LEAN = {"optional": {"issued_on": "Issued", "buffer_quantity": "Buffer", "serial_number": "Serial"}}
HEADER = ["Project", "Tonnes", "Date", "Vintage", "Issued", "Buffer", "Serial", "Row"]
ODD = [
    "",
    " ",
    "-",
    "n/a",
    "x",
    "-5",
    "0",
    "1,45",
    "1e400",
    "2024",
    "2999-01-01",
    "31/12/2023",
    "MUP",
    "MUP2",
    '"',
    "',",
    "a\nb",
]


@st.composite
def files(draw: st.DrawFn) -> list[list[str]]:
    """Good rows in which any cell may have been replaced; some stand there twice."""
    rows = []
    for number in range(draw(st.integers(1, 15))):
        cells = [GOOD.get(name, str(number)) for name in HEADER]
        for column in draw(st.lists(st.integers(0, len(HEADER) - 2), max_size=4, unique=True)):
            cells[column] = draw(st.sampled_from(ODD))
        rows += [cells] * draw(st.sampled_from([1, 1, 2]))
    return rows


def assert_conserved(rows: list[list[str]], result: Normalized) -> None:
    assert result.rows_in == len(rows)
    assert result.rows_in == result.rows_accepted + len(result.quarantine)
    assert all(row["reason"] for row in result.quarantine.to_pylist())


@examples(20, 100)
@given(rows=files())
def test_every_row_is_accepted_or_in_quarantine(rows):
    result = normalized(made_up(events=LEAN), "events", csv_text(HEADER, rows))
    assert_conserved(rows, result)
    assert len(result.rows) == result.rows_accepted
    left = sorted(row[-1] for row in rows)
    for row in result.quarantine.to_pylist():
        left.remove(json.loads(row["record"])["row"])  # what is set aside is a row of the file
    assert len(left) == len(result.rows)


@examples(8, 60)
@given(rows=files())
def test_sums_conserve_tonnes(rows):
    plain, summed = (
        normalized(made_up(events=LEAN | table), "events", csv_text(HEADER, rows)) for table in ({}, SUMMED)
    )
    assert_conserved(rows, summed)
    assert sum(summed.tonnes.values()) == sum(plain.tonnes.values())


def assert_order_does_not_matter(
    registry: Registry, table: str, header: list[str], rows: list[list[str]], seed: int
) -> None:
    shuffled = rows[:]
    random.Random(seed).shuffle(shuffled)
    one, other = (normalized(registry, table, csv_text(header, each)) for each in (rows, shuffled))
    assert one.rows.equals(other.rows), "credit_id and snapshot_id are columns of it"
    assert one.snapshot_id == other.snapshot_id

    def records(result: Normalized) -> list[str]:
        return sorted(row["record"] for row in result.quarantine.to_pylist())

    assert records(one) == records(other)


@pytest.mark.parametrize("table", [SUMMED, {"key": ["project_id"]}], ids=["summed", "twins of one key"])
@examples(8, 60)
@given(rows=files(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(table, rows, seed):
    assert_order_does_not_matter(made_up(events=LEAN | table, serials=SERIALS), "events", HEADER, rows, seed)


@examples(8, 60)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["MUP1", "MUP2", "MUP3", "X"]),
            st.sampled_from(["Peat", "Wind", ""]),
            st.sampled_from(["", "Acme"]),
            st.sampled_from(["", "2020-01-01", "soon"]),
        ).map(list),
        min_size=1,
        max_size=15,
    ),
    seed=st.integers(0, 99),
)
def test_the_order_of_projects_does_not_matter(rows, seed):
    assert_order_does_not_matter(made_up(), "projects", ["Project", "Name", "Owner", "Listed"], rows, seed)


def test_the_day_a_file_was_observed_decides_what_was_not_yet():
    text = csv_of([GOOD | {"Date": "2024-06-03"}])
    assert len(normalized(made_up(), "events", text, observed_at=OBSERVED.replace(day=2)).rows) == 1
    assert len(normalized(made_up(), "events", text, observed_at=OBSERVED.replace(day=1)).rows) == 0


# --- what one column tells of its cells -------------------------------------------------------------------------


def dates(*cells: str) -> list[str]:
    made = events(*(GOOD | {"Date": cell, "Issued": "", "Row": str(number)} for number, cell in enumerate(cells)))
    return sorted(str(row["transaction_date"]) for row in made.rows.to_pylist())


def test_a_telling_date_tells_the_order_of_its_column():
    """A spreadsheet saved the file in its own order: no cell of the column may be read in the other."""
    assert dates("25/03/2024", "03/04/2024") == ["2024-03-25", "2024-04-03"]


def test_a_single_odd_cell_turns_nothing_around():
    assert dates("25/03/2024", "03/26/2024", "03/27/2024", "03/04/2024") == ["2024-03-04", "2024-03-26", "2024-03-27"]


def test_a_buffer_correction_below_zero_is_kept():
    made = events(GOOD | {"Buffer": "-1"})
    assert [row["buffer_quantity"] for row in made.rows.to_pylist()] == [-1]


def set_aside(*rows: dict[str, str], registry: Registry | None = None) -> tuple[dict[str, int], int]:
    """Tonnes that are set aside, and rows whose tonnes are not known."""
    made = events(*rows, registry=registry)
    return made.tonnes_set_aside, made.rows_set_aside_without_tonnes


WRONG = GOOD | {"Tonnes": "5", "Date": "never", "Serial": "other"}


@pytest.mark.parametrize(
    ("rows", "tonnes", "unknown"),
    [
        ([GOOD, WRONG], {"retirement": 5}, 0),
        ([GOOD, GOOD], {}, 0),
        ([GOOD, WRONG, WRONG], {"retirement": 5}, 0),
        ([GOOD, WRONG | {"Tonnes": "many"}], {}, 1),
        ([GOOD, WRONG, WRONG | {"Tonnes": ""}], {"retirement": 5}, 1),
        ([GOOD, {"Project": "Total", "Tonnes": "10"}], {}, 0),
        ([GOOD, {"Vintage": "Total", "Tonnes": "12"}], {}, 0),
        ([GOOD, {"For": "Total", "Tonnes": "12"}], {}, 0),
        ([GOOD, WRONG, {"For": "Total of all", "Note": "retired", "Tonnes": "15"}], {"retirement": 5}, 0),
        ([GOOD, {name: name for name in GOOD}], {}, 0),
        ([GOOD, GOOD | {"Project": "", "Tonnes": "3"}], {"retirement": 3}, 0),
        ([GOOD, GOOD | {"Project": "", "Tonnes": "10"}], {"retirement": 10}, 0),
    ],
    ids=["known", "a twin", "a wrong twin", "no number", "a blank", "a footer", "a footer elsewhere", "a footer in a text",
         "a footer of two words", "a header again", "no project", "no project, the tonnes of the other"],
)  # fmt: skip
def test_tonnes_set_aside_are_neither_more_nor_less_than_what_is_known(rows, tonnes, unknown):
    assert set_aside(*rows) == (tonnes, unknown)


def test_tonnes_of_a_transaction_type_that_cannot_be_read_are_told():
    kinds = {"from": "Kind", "values": {"Retired": "retirement"}}
    registry = made_up(events={"required": EVENTS["required"] | {"transaction_type": kinds}, "constants": {}})
    assert set_aside(GOOD | {"Kind": "Retired"}, GOOD | {"Kind": "Lost"}, registry=registry) == ({"unknown": 10}, 0)


def test_rows_that_could_not_be_split_have_tonnes_that_are_not_known():
    made = normalized(made_up(), "events", csv_of([GOOD]) + 'MUP1,10,"2024-05-01",2023,,,,,,,,,too many\n')
    assert (len(made.quarantine), made.tonnes_set_aside, made.rows_set_aside_without_tonnes) == (1, {}, 1)


def test_tonnes_in_are_tonnes_out_and_tonnes_set_aside():
    """Law 1."""
    rows = [
        GOOD | {"Tonnes": str(n), "Serial": f"S{n}", "Date": "never" if n % 3 == 0 else "2024-05-01"} for n in range(9)
    ]
    made = events(*rows, *rows[2:5])
    assert sum(made.tonnes.values()) + sum(made.tonnes_set_aside.values()) == sum(range(9))


# --- rows of something else ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "is_read"),
    [("0", True), ("No", True), ("\u00a0no\t", True), ("", True), ("1", False), ("00", False), ("no way", False)],
)
def test_rows_that_count_something_else_than_tonnes_are_set_aside(cell, is_read):
    made = events(GOOD | {"In kg": cell}, registry=made_up(events={"where": {"In kg": ["0", "no"]}}))
    assert len(made.rows) == is_read
    if not is_read:
        assert faults(made) == [(2, "In kg", cell, "no row of tCO2e: rows with 0 or no in this column are read")]
        assert only(made.quarantine)["quantity"] is None
        assert (made.tonnes_set_aside, made.rows_set_aside_without_tonnes) == ({}, 1)


def test_a_file_without_the_column_that_tells_them_has_but_tonnes():
    assert len(events(GOOD, registry=made_up(events={"where": {"In kg": ["0"]}})).rows) == 1


# --- what the serial number says ------------------------------------------------------------------------------------

FROM_SERIAL = {
    "events": {"from_serial": ["vintage_start", "vintage_end"]},
    "serials": [{"pattern": r"S-(?P<vintage_from>\d{8})-(?P<vintage_to>\d{8})"}],
}


@pytest.mark.parametrize(
    ("cell", "serial", "day"),
    [
        ("", "S-01012023-30062023", date(2023, 6, 30)),
        ("N/A", "S-01012023-30062023", date(2023, 6, 30)),
        ("2023-12-31", "S-01012023-30062023", date(2023, 12, 31)),
        ("", "S-01012023-31062023", None),
        ("", "another", None),
    ],
)
def test_the_serial_number_fills_a_blank_cell(cell, serial, day):
    row = only(events(GOOD | {"To": cell, "Serial": serial}, registry=made_up(**FROM_SERIAL)).rows)
    assert row["vintage_end"] == day


def test_the_serial_number_does_not_stand_for_a_cell_that_cannot_be_read():
    made = events(GOOD | {"To": "never", "Serial": "S-01012023-30062023"}, registry=made_up(**FROM_SERIAL))
    assert [row["column"] for row in made.quarantine.to_pylist()] == ["To"]


# --- ids ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["MUP0885", "mup885", " MUP000885 ", "MUP885"])
def test_zeros_that_pad_an_id_mean_nothing(cell):
    unpadded = {"project_id": {"from": "Project", "replace": {"(?i)^(MUP)0*": r"\1"}}}
    registry = made_up(events={"required": EVENTS["required"] | unpadded})
    assert only(events(GOOD | {"Project": cell}, registry=registry).rows)["project_id"] == "MUP885"
