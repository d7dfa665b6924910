"""What a change between two files means, which records belong together, and what is no change."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base import code
from carbon_assets.base.settings import Settings
from carbon_assets.history import changes, dependence, pairing, record_diff, schema
from carbon_assets.history.classes import load_classes
from carbon_assets.history.sides import Version
from carbon_assets.registries import contents, normalize, release_gate
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.registries.table import Table
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot
from tests.kit.building import CONFIGS, csv_of, settings_in
from tests.kit.commands import carbon
from tests.kit.effort import examples

REGISTRIES = load_registries(CONFIGS)
CLASSES = load_classes(CONFIGS)
OLD, NEW = datetime(2024, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


def version(registry: str, table: str, text: str, at: datetime) -> Version:
    snapshot = Snapshot(
        registry=registry, table=table, file=f"{table}.csv", sha256="0" * 64, size=0, observed_at=at,
        source_path="a test", asserted_by="a test", stored_as="",
    )  # fmt: skip
    return Version(snapshot, text.encode)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect(config={"threads": 1}) as con:
        yield con


@pytest.fixture(scope="module")
def compare(con, tmp_path_factory):
    """The changes from some rows to others of a table, as dicts."""
    settings = settings_in(tmp_path_factory.mktemp("changes"))

    def compare(
        what: str, old: list[dict] | str, new: list[dict] | str, registry: Registry | None = None
    ) -> list[dict]:
        name, table = what.split("/")
        texts = [rows if isinstance(rows, str) else csv_of(rows) for rows in (old, new)]
        versions = [version(name, table, text, at) for text, at in zip(texts, (OLD, NEW), strict=True)]
        made = record_diff.compare(con, settings, registry or REGISTRIES[name], table, *versions)
        assert made.schema.names == schema.REGISTRY_CHANGES.names
        return made.to_pylist()

    return compare


def told(rows: list[dict]) -> list[tuple]:
    return [(row["record_key"], row["change"], row["change_class"], row["quantity"]) for row in rows]


PROJECT = {
    "ID": "1", "Name": "Peat", "Proponent": "Acme", "Methodology": "VM0007", "Status": "Registered",
    "Country/Area": "Peru", "Project Registration Date": "2020-03-04", "Crediting Period Start Date": "2019-01-01",
    "Crediting Period End Date": "2048-12-31", "Estimated Annual Emission Reductions": "1,000",
}  # fmt: skip
BLOCK = {
    "ID": "9", "Quantity Issued": "100", "Total Vintage Quantity": "500", "Vintage Start": "2019-01-01",
    "Vintage End": "2019-12-31", "Issuance Date": "2021-03-02", "Retirement/Cancellation Date": "",
    "Retirement Beneficiary": "", "Retirement Reason": "", "Retirement Details": "", "Serial Number": "",
}  # fmt: skip
RETIRED = {"Retirement/Cancellation Date": "2022-02-01", "Retirement Beneficiary": "Acme"}
CREDIT = {
    "GSID": "7", "Quantity": "10", "Vintage": "2019", "Credit Status": "Retired", "Retirement Date": "2022-01-01",
    "Using Entity": "Acme", "Note": "", "Serial Number": "GS1-1-PE-GS7-3-2019-44-1-10",
}  # fmt: skip
PERIOD = {
    "OPR Project ID": "CAR1", "Vintage": "2015", "Issuance Date": "2016-02-01", "ARB Offset Credits Issued": "1,000",
    "CARB Issuance ID": "CAXX1-A", "Retired Voluntarily": "0", "Invalidated": "0", "Buffer Pool Retired": "",
    "Forest Buffer Account Contribution": "150",
}  # fmt: skip


def block(first: int, last: int, **more: str) -> dict:
    serial = f"77-{first}-{last}-VCS-VCU-1-VER-PE-1-9-01012019-31122019-0"
    return BLOCK | {"Serial Number": serial, "Quantity Issued": str(last - first + 1)} | more


# --- what a change means --------------------------------------------------------------------------------------------


EDITS = [
    ("verra/projects", PROJECT, {"Name": "Peatland"}, "project renamed", None),
    ("verra/projects", PROJECT, {"Status": "Withdrawn"}, "status changed", None),
    ("verra/projects", PROJECT, {"Status": "On Hold"}, "status changed", None),
    ("verra/projects", PROJECT, {"Status": "Never heard of"}, "status changed", None),
    ("verra/projects", PROJECT, {"Status": "Under validation"}, "status moved backwards", None),
    ("verra/projects", PROJECT, {"Status": "Under validation", "Name": "X"}, "status moved backwards", None),
    ("verra/projects", PROJECT, {"Project Registration Date": "2020-04-03"}, "vintage or date moved", None),
    ("verra/projects", PROJECT, {"Project Registration Date": ""}, "detail edited", None),
    ("verra/projects", PROJECT, {"Crediting Period End Date": "2059-01-01"}, "detail edited", None),
    ("verra/projects", PROJECT, {"Proponent": "Acme Ltd"}, "detail edited", None),
    ("verra/projects", PROJECT, {"Estimated Annual Emission Reductions": "1,001"}, "detail edited", None),
    ("verra/transactions", block(1, 100), RETIRED, "new retirement", 100),
    ("verra/transactions", block(1, 100, **RETIRED), dict.fromkeys(RETIRED, ""), "retirement withdrawn", 100),
    ("verra/transactions", block(1, 100, **RETIRED), {"Retirement Beneficiary": "Bcme"}, "beneficiary edited", 100),
    ("verra/transactions", block(1, 100, **RETIRED), {"Retirement Details": "for x"}, "beneficiary edited", 100),
    ("verra/transactions", block(1, 100, **RETIRED), {"Retirement/Cancellation Date": "2022-03-01"},
     "vintage or date moved", 100),
    ("verra/transactions", block(1, 100), {"Quantity Issued": "70"}, "quantity restated", 30),
    ("verra/transactions", block(1, 100), {"Total Vintage Quantity": "750"}, "quantity restated", 250),
    ("verra/transactions", block(1, 100), {"Quantity Issued": "70", "Total Vintage Quantity": "750"},
     "quantity restated", 30),
    ("verra/transactions", block(1, 100), {"Quantity Issued": "many"}, "quantity restated", 100),
    ("gold-standard/retirements", CREDIT, {"Credit Status": "Canceled"}, "retroactive cancellation", 10),
    ("gold-standard/retirements", CREDIT | {"Credit Status": "Canceled"}, {"Credit Status": "Retired"},
     "cancellation withdrawn", 10),
    ("gold-standard/retirements", CREDIT, {"Retirement Date": ""}, "retirement withdrawn", 10),
    ("gold-standard/retirements", CREDIT | {"Retirement Date": ""}, {"Retirement Date": "2022-01-01"},
     "new retirement", 10),
    ("gold-standard/retirements", CREDIT, {"Quantity": "0"}, "retirement withdrawn", 10),
    ("gold-standard/retirements", CREDIT, {"Quantity": "12.5"}, "quantity restated", 2.5),
    ("gold-standard/retirements", CREDIT, {"Vintage": "2018"}, "vintage or date moved", 10),
    ("arb/issuances", PERIOD, {"Retired Voluntarily": "40"}, "new retirement", 40),
    ("arb/issuances", PERIOD | {"Retired Voluntarily": "40"}, {"Retired Voluntarily": "90"}, "new retirement", 50),
    ("arb/issuances", PERIOD | {"Retired Voluntarily": "40"}, {"Retired Voluntarily": "0"}, "retirement withdrawn", 40),
    ("arb/issuances", PERIOD | {"Retired Voluntarily": "40"}, {"Retired Voluntarily": ""}, "retirement withdrawn", 40),
    ("arb/issuances", PERIOD | {"Retired Voluntarily": "40"}, {"Retired Voluntarily": "30"}, "quantity restated", 10),
    ("arb/issuances", PERIOD, {"Retired Voluntarily": ""}, "detail edited", 1000),
    ("arb/issuances", PERIOD, {"Invalidated": "300", "Retired Voluntarily": "40"}, "retroactive cancellation", 300),
    ("arb/issuances", PERIOD, {"Invalidated": "300", "Buffer Pool Retired": "5"}, "retroactive cancellation", 305),
    ("arb/issuances", PERIOD | {"Invalidated": "300"}, {"Invalidated": "0"}, "cancellation withdrawn", 300),
    ("arb/issuances", PERIOD, {"ARB Offset Credits Issued": "900"}, "quantity restated", 100),
    ("arb/issuances", PERIOD, {"Forest Buffer Account Contribution": "130"}, "quantity restated", 20),
    ("arb/issuances", PERIOD | {"ARB Offset Credits Issued": "reforest defer"},
     {"ARB Offset Credits Issued": "900"}, "new issuance", 900),
]  # fmt: skip
OWN_KEY = {
    "verra/projects": ("ID", "{}"),
    "verra/transactions": ("Serial Number", "{}-1-100-VCS-VCU-1-VER-PE-1-9-01012019-31122019-0"),
    "gold-standard/retirements": ("Serial Number", "GS1-1-PE-GS7-3-2019-{}-1-10"),
    "arb/issuances": ("CARB Issuance ID", "CA{}-A"),
}
"""What gives a row of the table a key of its own, made of a number."""


@pytest.fixture(scope="module")
def changes_of_edits(compare):
    """What each of `EDITS` makes, in their order: a table's are compared at once, every row under a key of its own."""
    found: dict[int, list[dict]] = {}
    for table, (column, key) in OWN_KEY.items():
        rows = {
            number: row | {column: key.format(number)}
            for number, (of, row, *_) in enumerate(EDITS, 7000)
            if of == table
        }
        made = compare(table, list(rows.values()), [row | EDITS[number - 7000][2] for number, row in rows.items()])
        assert len(made) == len(rows)
        found |= {number: [change for change in made if str(number) in change["record_key"]] for number in rows}
    return [found[number] for number in sorted(found)]


@pytest.mark.parametrize("place", range(len(EDITS)), ids=lambda place: f"{EDITS[place][0]}-{EDITS[place][2]}")
def test_an_edit_has_the_class_of_its_gravest_field(changes_of_edits, place):
    _, row, edit, meaning, quantity = EDITS[place]
    (change,) = changes_of_edits[place]
    assert (change["change"], change["change_class"], change["quantity"]) == ("changed", meaning, quantity)
    assert change["is_retroactive"] == (meaning in CLASSES.retroactive)
    assert {f["field"]: (f["old"], f["new"]) for f in change["fields"]} == {
        name: (row[name] or None, cell or None) for name, cell in edit.items()
    }


@pytest.mark.parametrize(
    ("table", "row", "appeared", "disappeared", "quantity"),
    [
        ("verra/projects", PROJECT, "new project", "project disappeared", None),
        ("verra/transactions", block(1, 100), "new issuance", "transaction disappeared", 100),
        ("verra/transactions", block(1, 100, **RETIRED), "new retirement", "transaction disappeared", 100),
        ("gold-standard/retirements", CREDIT, "new retirement", "transaction disappeared", 10),
        ("gold-standard/retirements", CREDIT | {"Credit Status": "Canceled"}, "new cancellation",
         "transaction disappeared", 10),
        ("gold-standard/retirements", CREDIT | {"Credit Status": "Lost"}, "unreadable row", "unreadable row", 10),
        ("arb/issuances", PERIOD, "new issuance", "transaction disappeared", 1000),
    ],
)  # fmt: skip
def test_a_record_that_comes_or_goes(compare, table, row, appeared, disappeared, quantity):
    other = {
        name: "555" + cell if name in ("ID", "Serial Number", "CARB Issuance ID") else cell
        for name, cell in row.items()
    }
    for old, new, change, meaning in (
        ([other], [row, other], "appeared", appeared),
        ([row, other], [other], "disappeared", disappeared),
    ):
        (found,) = compare(table, old, new)
        assert (found["change"], found["change_class"], found["quantity"]) == (change, meaning, quantity)
        side = "new" if change == "appeared" else "old"
        assert {f["field"]: f[side] for f in found["fields"]} == {name: cell for name, cell in row.items() if cell}


def test_the_status_that_a_hook_chooses_counts(compare):
    row = {
        "Project ID": "ACR1", "Project Name": "Peat", "Project Developer": "Acme", "Project Methodology/Protocol": "x",
        "Voluntary Status": "Registered", "Compliance Program Status (ARB or Ecology)": "ARB Completed",
        "Project Site Country": "US",
    }  # fmt: skip
    back = {"Compliance Program Status (ARB or Ecology)": "Submitted"}
    (change,) = compare("american-carbon-registry/projects", [row], [row | back])
    assert change["change_class"] == "status moved backwards"
    (change,) = compare("american-carbon-registry/projects", [row], [row | {"Voluntary Status": "Submitted"}])
    assert change["change_class"] == "status changed", "the other status counts, and did not move"


# --- serial blocks that are cut anew --------------------------------------------------------------------------------

CUT = [block(1, 100)], [block(1, 40, **RETIRED), block(41, 100)]


def test_a_block_of_which_a_part_is_retired_is_split_and_not_cancelled(compare):
    found = {(row["change"], row["change_class"], row["quantity"]) for row in compare("verra/transactions", *CUT)}
    assert found == {
        ("disappeared", "block split", 100), ("appeared", "new retirement", 40), ("appeared", "block split", 60)
    }  # fmt: skip


def test_a_block_that_is_not_wholly_covered_has_disappeared(compare):
    rows = compare("verra/transactions", [block(1, 100)], [block(1, 40, **RETIRED), block(42, 100)])
    assert {(r["change"], r["change_class"]) for r in rows if r["change"] == "disappeared"} == {
        ("disappeared", "transaction disappeared")
    }


def test_units_that_were_there_before_cover_nothing(compare):
    whole, part = block(1, 100), block(1, 100) | {"Serial Number": "8" + block(1, 100)["Serial Number"]}
    (change,) = compare("verra/transactions", [whole, part], [part])
    assert change["change_class"] == "transaction disappeared"


def test_a_retired_block_that_comes_back_unretired_is_withdrawn(compare):
    rows = compare("verra/transactions", [block(1, 100, **RETIRED)], [block(1, 40), block(41, 100)])
    assert {(r["change"], r["change_class"]) for r in rows} == {
        ("disappeared", "retirement withdrawn"), ("appeared", "block split")
    }  # fmt: skip


def test_a_retired_block_that_is_cut_anew_is_no_new_retirement(compare):
    rows = compare(
        "verra/transactions", [block(1, 100, **RETIRED)], [block(1, 40, **RETIRED), block(41, 100, **RETIRED)]
    )
    assert {row["change_class"] for row in rows} == {"block split"}


# --- what is no change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        {"Estimated Annual Emission Reductions": "1000"},
        {"Estimated Annual Emission Reductions": "1000.0"},
        {"Name": "  Peat "},
        {"Project Registration Date": "04/03/2020", "Crediting Period End Date": "31/12/2048"},
        {"Project Registration Date": "4 March 2020"},
        {"Proponent": "Acme\u00a0"},
    ],
)
def test_another_way_of_writing_is_no_change(compare, same):
    assert compare("verra/projects", [PROJECT], [PROJECT | same]) == []


@pytest.mark.parametrize(("old", "new"), [("", "n/a"), ("N/A", ""), (" ", "null")])
def test_blank_is_blank_however_it_is_marked(compare, old, new):
    names = ("Proponent", "Crediting Period End Date", "Estimated Annual Emission Reductions")
    before, now = (PROJECT | dict.fromkeys(names, cell) for cell in (old, new))
    assert compare("verra/projects", [before], [now]) == []


def test_the_dash_is_blank_for_a_number_and_a_text_elsewhere(compare):
    assert compare("arb/issuances", [PERIOD], [PERIOD | {"Buffer Pool Retired": "–"}]) == []
    (change,) = compare("verra/projects", [PROJECT | {"Proponent": ""}], [PROJECT | {"Proponent": "-"}])
    assert change["change_class"] == "detail edited"


def test_a_period_is_no_year(compare):
    (change,) = compare("arb/issuances", [PERIOD], [PERIOD | {"Vintage": "2015-2016"}])
    assert change["change_class"] == "vintage or date moved"
    assert compare("arb/issuances", [PERIOD], [PERIOD | {"Vintage": "2015.0"}]) == []


def test_a_column_of_only_one_file_is_no_change_of_its_records(compare):
    assert compare("verra/projects", [PROJECT], [PROJECT | {"New": "x"}]) == []
    assert compare("verra/projects", [PROJECT | {"Gone": "x"}], [PROJECT]) == []


def test_order_of_columns_is_no_change(compare):
    assert compare("verra/projects", [PROJECT], [dict(reversed(PROJECT.items()))]) == []


def test_a_renamed_column_is_one_field_named_as_in_the_newer_file(compare):
    def renamed(row: dict) -> dict:
        return {"Invalidated or Canceled" if name == "Invalidated" else name: cell for name, cell in row.items()}

    assert compare("arb/issuances", [PERIOD], [renamed(PERIOD)]) == []
    (change,) = compare("arb/issuances", [PERIOD], [renamed(PERIOD | {"Invalidated": "7"})])
    assert change["fields"] == [{"field": "Invalidated or Canceled", "old": "0", "new": "7"}]


def test_a_key_column_that_only_one_file_has_identifies_nothing(compare):
    without = {name: cell for name, cell in block(1, 100).items() if name != "Serial Number"}
    assert compare("verra/transactions", [without], [block(1, 100)]) == []
    assert compare("verra/transactions", [block(1, 100)], [without]) == []


# --- which record is which ------------------------------------------------------------------------------------------


def test_rows_of_one_key_cancel_out_and_the_rest_is_paired_by_likeness(compare):
    a, b, c = (
        PERIOD | {"Vintage": v, "Retired Voluntarily": r} for v, r in (("2015", "1"), ("2016", "2"), ("2017", "3"))
    )
    rows = compare("arb/issuances", [a, b, c], [c | {"Retired Voluntarily": "9"}, a])
    assert [(row["change"], row["change_class"]) for row in rows] == [
        ("changed", "new retirement"), ("disappeared", "transaction disappeared")
    ]  # fmt: skip
    assert rows[0]["fields"] == [{"field": "Retired Voluntarily", "old": "3", "new": "9"}]


def test_each_row_is_paired_with_the_one_that_it_differs_least_from(compare):
    years = [str(2010 + place) for place in range(8)]
    rows = [
        PERIOD | {"Vintage": year, "Issuance Date": f"{year}-02-01", "Forest Buffer Account Contribution": year}
        for year in years
    ]
    edited = [row | {"Retired Voluntarily": str(90 - place)} for place, row in enumerate(rows)]
    found = compare("arb/issuances", rows, edited[::-1])
    assert [[field["field"] for field in row["fields"]] for row in found] == [["Retired Voluntarily"]] * len(years)


def test_rows_of_one_project_belong_together_before_those_that_are_alike(compare):
    old = [PERIOD | {"OPR Project ID": f"CAR{n}", "Vintage": f"201{n}"} for n in range(1, 7)]
    new = [row | {"Vintage": f"201{7 - n}", "Retired Voluntarily": "5"} for n, row in enumerate(old, 1)]
    assert all(
        "OPR Project ID" not in {field["field"] for field in row["fields"]}
        for row in compare("arb/issuances", old, new)
    )


def test_twins_are_counted(compare):
    assert compare("arb/issuances", [PERIOD, PERIOD], [PERIOD, PERIOD]) == []
    (change,) = compare("arb/issuances", [PERIOD, PERIOD], [PERIOD])
    assert change["change"] == "disappeared"


def test_a_row_without_a_serial_number_is_known_by_the_stable_key(compare):
    blank = PERIOD | {"CARB Issuance ID": "", "Reporting Period Start Date": "2015-01-01"}
    other = blank | {"OPR Project ID": "CAR2"}
    (change,) = compare("arb/issuances", [blank, other], [other, blank | {"Retired Voluntarily": "5"}])
    assert (change["record_key"], change["project_id"]) == ("CAR1 / 2015-01-01", "CAR1")
    assert change["change_class"] == "new retirement"


def test_a_row_without_any_key_is_counted(compare):
    (change,) = compare("verra/projects", [PROJECT], [PROJECT, PROJECT | {"ID": ""}])
    assert (change["record_key"], change["project_id"]) == ("no key", None)
    assert change["change_class"] == "unreadable row"


def test_a_line_that_cannot_be_split_is_counted(compare):
    whole = csv_of([PROJECT])
    (change,) = compare("verra/projects", whole, whole + "2,Fen\n")
    assert (change["change"], change["change_class"], change["project_id"]) == ("appeared", "unreadable row", None)
    assert change["fields"] == [{"field": "row", "old": None, "new": "2,Fen"}]
    assert compare("verra/projects", whole + "2,Fen\n", whole + "2,Fen\n") == []


def test_rows_that_normalizing_sets_aside_are_records_too(compare):
    (change,) = compare("gold-standard/retirements", [CREDIT], [CREDIT | {"Quantity": "-5"}])
    assert change["change_class"] == "quantity restated"


def test_large_groups_are_paired_in_their_order(compare, monkeypatch):
    rows = [PERIOD | {"Vintage": str(2000 + i)} for i in range(20)]
    monkeypatch.setattr(pairing, "MAX_PAIRS_COMPARED", 3)
    found = compare("arb/issuances", rows, [row | {"Retired Voluntarily": "1"} for row in rows])
    assert len(found) == 20
    assert {row["change"] for row in found} == {"changed"}


# --- any rows -------------------------------------------------------------------------------------------------------

CELLS = st.sampled_from(["", "0", "1", "2", "1,000", "1000", "n/a", "x", "2019-01-01"])
NAMES = ("CARB Issuance ID", "OPR Project ID", "Vintage", "Issuance Date", "ARB Offset Credits Issued",
         "Retired Voluntarily", "Comment")  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "CARB Issuance ID": st.sampled_from(["", "A", "B", "C"]),
            "OPR Project ID": st.sampled_from(["CAR1", "CAR2", ""]),
        }
        | dict.fromkeys(NAMES[2:], CELLS)
    )
    .map(lambda row: {name: row[name] for name in NAMES})
    .filter(lambda row: any(row.values())),
    min_size=1,
    max_size=12,
)
few = examples(3, 30)


@few
@given(rows=ROWS, seed=st.integers(0, 99))
def test_the_same_rows_in_any_order_are_no_change(compare, rows, seed):
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert compare("arb/issuances", rows, shuffled) == []


@few
@given(old=ROWS, new=ROWS, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing_of_what_is_told(compare, old, new, seed):
    shuffle = random.Random(seed).sample
    expected = compare("arb/issuances", old, new)
    assert compare("arb/issuances", shuffle(old, len(old)), shuffle(new, len(new))) == expected


@few
@given(old=ROWS, new=ROWS)
def test_there_and_back_is_the_same_turned_around(compare, old, new):
    def sides(rows: list[dict], old: str, new: str) -> list:
        turn = {"appeared": "disappeared", "disappeared": "appeared", "changed": "changed"}
        return sorted(
            (
                turn[row["change"]] if old == "new" else row["change"],
                sorted((f["field"], f[old] or "", f[new] or "") for f in row["fields"]),
            )
            for row in rows
        )

    there, back = compare("arb/issuances", old, new), compare("arb/issuances", new, old)
    assert len(there) == len(back)
    assert [kind for kind, _ in sides(there, "old", "new")] == [kind for kind, _ in sides(back, "new", "old")]


@few
@given(data=st.data())
def test_random_edits_are_found_and_nothing_else(compare, data):
    """Every record has a key of its own here, so that an edit cannot be told as another."""
    size = data.draw(st.integers(1, 12))
    rows = [PERIOD | {"CARB Issuance ID": f"ID{place}", "Comment": f"c{place}"} for place in range(size)]
    gone = data.draw(st.sets(st.integers(0, size - 1), max_size=3))
    edits = data.draw(
        st.dictionaries(
            st.tuples(
                st.integers(0, size - 1),
                st.sampled_from(["Vintage", "Comment", "Retired Voluntarily", "OPR Project ID"]),
            ),
            st.sampled_from(["edited", "2011", "77", "1,234"]),
        )
    )
    added = data.draw(st.integers(0, 3))
    new = [
        row | {name: text for (at, name), text in edits.items() if at == place}
        for place, row in enumerate(rows)
        if place not in gone
    ] + [PERIOD | {"CARB Issuance ID": f"NEW{place}"} for place in range(added)]
    if not new:
        return
    found = compare("arb/issuances", rows, data.draw(st.permutations(new)))
    of = {change: {r["record_key"] for r in found if r["change"] == change} for change in ("appeared", "disappeared")}
    assert of == {"appeared": {f"NEW{n}" for n in range(added)}, "disappeared": {f"ID{n}" for n in gone}}
    assert {
        (r["record_key"], f["field"], f["old"], f["new"])
        for r in found
        if r["change"] == "changed"
        for f in r["fields"]
    } == {(f"ID{at}", name, rows[at][name], text) for (at, name), text in edits.items() if at not in gone}


# --- all snapshots of a store ---------------------------------------------------------------------------------------


def store_in(folder: Path) -> tuple[Settings, Callable[..., Snapshot]]:
    """Settings of a data folder, and a way to drop the next file of Verra's projects in it."""
    settings = settings_in(folder)

    def drop(*rows: dict, accepted: bool = True) -> Snapshot:
        path = settings.drop / "verra" / "projects.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_of(list(rows)))
        describe = contents.describer(REGISTRIES["verra"], "projects")
        snapshot = snapshots.take(settings, path, "verra", "projects", describe)
        if accepted:
            snapshots.accept(settings, snapshot)
        return snapshot

    return settings, drop


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


SECOND = PROJECT | {"ID": "2"}


def test_each_snapshot_is_compared_with_the_last_good_one(con, store):
    settings, drop = store
    first = drop(PROJECT)
    held = drop(SECOND, accepted=False)
    third = drop(PROJECT, SECOND)
    rows = changes.registry_changes(con, settings, REGISTRIES)
    assert rows.schema.equals(schema.REGISTRY_CHANGES)
    assert [(r["from_snapshot"], r["to_snapshot"], r["change"], r["project_id"]) for r in rows.to_pylist()] == [
        (first.name, held.name, "disappeared", "VCS1"), (first.name, held.name, "appeared", "VCS2"),
        (first.name, third.name, "appeared", "VCS2"),
    ]  # fmt: skip
    assert [new.name for _, new in changes.newest_pairs(settings, REGISTRIES)] == [third.name]


def test_a_comparison_is_made_once_and_anew_when_the_description_changed(con, store, monkeypatch):
    settings, drop = store
    drop(PROJECT)
    drop(PROJECT | {"Name": "Fen"})
    made = []
    between = changes.between
    monkeypatch.setattr(changes, "between", lambda *given: made.append(given) or between(*given))
    first = changes.registry_changes(con, settings, REGISTRIES)
    assert changes.registry_changes(con, settings, REGISTRIES).equals(first)
    assert len(made) == 1
    table = REGISTRIES["verra"].tables["projects"]
    columns = {name: column for name, column in table.required.items() if name != "name"}
    changed = REGISTRIES["verra"].model_copy(
        update={"tables": {"projects": Table.model_validate({**table.model_dump(), "required": columns})}}
    )
    (row,) = changes.registry_changes(con, settings, {"verra": changed}).to_pylist()
    assert len(made) == 2
    assert row["change_class"] == "detail edited"


def test_a_comparison_is_made_anew_when_any_code_changed_that_it_stands_on(con, store, monkeypatch):
    """Whichever module that is: nobody keeps a list of them."""
    settings, drop = store
    drop(PROJECT)
    drop(PROJECT | {"Name": "Fen"})
    first = changes.registry_changes(con, settings, REGISTRIES)
    made, between, version_of = [], changes.between, code.version_of
    monkeypatch.setattr(changes, "between", lambda *given: made.append(given) or between(*given))
    assert changes.registry_changes(con, settings, REGISTRIES).equals(first) and not made
    for package in ("history", "registries/hooks"):
        changed = lambda name, package=package: version_of(name) + ("+" if name == package else "")  # noqa: E731
        monkeypatch.setattr(code, "version_of", changed)
        dependence._version_of_code.cache_clear()
        changes.registry_changes(con, settings, REGISTRIES)
    dependence._version_of_code.cache_clear()
    assert len(made) == 2


# --- which pairs are read again after an edit ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_pairs(con, tmp_path_factory) -> tuple[Path, list[str]]:
    """A folder in which three pairs of Verra's projects were compared: one of a status, one of a name, one of both; and the names
    of the newer files."""
    folder = tmp_path_factory.mktemp("three-pairs")
    settings, drop = store_in(folder)
    drop(PROJECT)
    names = [
        drop(PROJECT | change).name
        for change in (
            {"Status": "Under validation"},
            {"Status": "Under validation", "Name": "Fen"},
            {"Status": "Registered", "Name": "Bog"},
        )
    ]
    changes.registry_changes(con, settings, REGISTRIES)
    return folder, names


@pytest.fixture
def edited(con, three_pairs, tmp_path, monkeypatch):
    """Gives, for an edit of a file of `configs/`, which of the three pairs are read again because of it, and the rows."""
    folder, names = three_pairs
    shutil.copytree(folder / "data", tmp_path / "data")
    configs = Path(shutil.copytree(CONFIGS, tmp_path / "configs"))
    settings = dataclasses.replace(settings_in(tmp_path), configs=configs)
    between, made = changes.between, []
    monkeypatch.setattr(changes, "between", lambda *given: made.append(given[-1].name) or between(*given))
    changes.registry_changes(con, settings, load_registries(configs))
    assert made == []

    def after(file: str, old: str, new: str) -> tuple[list[int], list[dict]]:
        made.clear()
        path = configs / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        registries = load_registries(configs)
        rows = changes.registry_changes(con, settings, registries)
        pairs = snapshots.compared(settings, "verra", "projects")
        anew = [between(con, settings, registries["verra"], "projects", *pair) for pair in pairs]
        assert rows.equals(pa.concat_tables(anew)), "what was not read again is as if it had been"
        return [names.index(name) for name in made], rows.to_pylist()

    return after


def test_a_name_of_a_column_that_no_file_has_reads_nothing_again(edited):
    read, rows = edited("registries/verra.yml", "      name: Name", "      name: [Name, Title of the project]")
    assert read == []
    assert len(rows) == 3


def test_a_name_of_a_column_that_the_files_have_reads_them_again(edited):
    read, rows = edited("registries/verra.yml", "      name: Name", "      name: [Proponent, Name]")
    assert read == [0, 1, 2]
    assert "project renamed" not in {row["change_class"] for row in rows}


@pytest.mark.parametrize(
    ("old", "new", "is_read"),
    [
        ("name: Verra\n", "name: Verra Registry\n", False),
        ("  projects:\n", "  projects:\n    missing: [Fen]\n", True),
        pytest.param("  projects:\n", "  projects:\n    lacks: [region]\n", False, marks=pytest.mark.slow),
        pytest.param("      name: Name", "      name: {from: Name, extract: '^(.)'}", True, marks=pytest.mark.slow),
    ],
)
def test_other_edits_of_a_description_read_again_what_they_can_change(edited, old, new, is_read):
    assert bool(edited("registries/verra.yml", old, new)[0]) == is_read


def test_a_word_reads_the_pairs_again_in_which_a_record_moved_from_or_to_it(edited):
    words = "vocab/status/common.csv"
    assert edited(words, "Under validation,listed", "Under validation,completed")[0] == [0, 2]
    assert edited(words, "Under validation,", "Never seen,listed,\nUnder validation,")[0] == []


def test_what_rewrites_the_past_is_said_anew_without_a_look_into_a_file(edited):
    read, rows = edited("history/change_classes.csv", "status moved backwards,yes", "status moved backwards,no")
    assert read == []
    assert next((row["change_class"], row["is_retroactive"]) for row in rows) == ("status moved backwards", False)


def test_another_order_of_classes_reads_the_pairs_again_in_which_it_decided(edited):
    in_order = ["project renamed,no,\n", "beneficiary edited,no,\n", "status changed,no,\n"]
    read, rows = edited("history/change_classes.csv", "".join(in_order), "".join(in_order[::-1]))
    assert read == [2]
    assert rows[-1]["change_class"] == "status changed"


def test_no_snapshots_no_changes(con, tmp_path):
    assert len(changes.registry_changes(con, settings_in(tmp_path), REGISTRIES)) == 0


# --- the check ------------------------------------------------------------------------------------------------------


def test_the_check_warns_of_the_newest_snapshots_alone(con, store):
    from carbon_assets.history.changes_assets import judged

    settings, drop = store
    drop(PROJECT)
    drop(PROJECT | {"Status": "Under validation"})
    rows = changes.registry_changes(con, settings, REGISTRIES)
    newest = {new.name for _, new in changes.newest_pairs(settings, REGISTRIES)}
    result = judged(rows, newest, CLASSES)
    assert not result.passed
    assert result.metadata["records"].value == 1
    assert "Status: Registered -> Under validation" in result.metadata["heaviest"].value
    drop(PROJECT | {"Status": "Under validation", "Name": "Fen"})
    rows = changes.registry_changes(con, settings, REGISTRIES)
    assert judged(rows, {new.name for _, new in changes.newest_pairs(settings, REGISTRIES)}, CLASSES).passed


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(store, monkeypatch, capsys):
    settings, _ = store
    monkeypatch.setenv("CARBON_DATA_DIR", str(settings.data))

    def command(*words: object) -> tuple[int, str, str]:
        return carbon("compare", *words), *capsys.readouterr()

    return command


def test_two_snapshots_are_compared_by_name(store, command, tmp_path):
    _, drop = store
    first, second = drop(PROJECT), drop(PROJECT | {"Name": "Fen", "Status": "Under validation"}, SECOND)
    out = tmp_path / "changes.csv"
    code, told, _ = command(first.name, second.name[:-3], "--csv", out)
    assert code == 0
    assert "verra/projects" in told
    assert "status moved backwards" in told
    assert "Name: Peat -> Fen" in told
    lines = out.read_text().splitlines()
    assert lines[0].endswith("field,old,new")
    assert sum("VCS1,changed" in line or ",changed," in line for line in lines) == 2
    assert command(first.name, first.name)[1].endswith("no record differs\n")


def test_the_command_counts_as_the_gate_does_and_in_its_words(store, command):
    """A file that lost most of its transactions: what holds it back is a line of the command, too."""
    settings, _ = store
    folder = settings.drop / "verra"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [block(first, first + 99, **RETIRED) for first in range(1, 6_001, 100)]
    taken = []
    for kept in (rows, rows[:12]):
        (folder / "vcus.csv").write_text(csv_of(kept))
        taken.append(snapshots.take(settings, folder / "vcus.csv", "verra", "transactions"))
    before, now = (
        normalize.normalize(
            con,
            REGISTRIES["verra"],
            "transactions",
            snapshot,
            normalize.read_file(REGISTRIES["verra"], "transactions", snapshot.file, snapshot.content(settings)),
        ).rows
        for con in [duckdb.connect()]
        for snapshot in taken
    )
    tables = {f"{registry.id}/{table}" for registry in REGISTRIES.values() for table in registry.tables}
    bounds = release_gate.load_gate(CONFIGS, tables).bounds("verra/transactions")
    with duckdb.connect() as con:
        held = release_gate.reasons_to_hold(con, before, now, "credits", bounds)
    (reason,) = (reason for reason in held if "disappeared" in reason)
    _, told, _ = command(*(snapshot.name for snapshot in taken))
    assert reason.partition(":")[0] in told.splitlines()
    assert "transaction disappeared" in told
    assert "cancellation" not in told


def test_two_files_are_compared(command, tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(csv_of([PROJECT]))
    new.write_text(csv_of([PROJECT, SECOND]))
    code, told, _ = command(old, new, "--registry", "verra", "--table", "projects")
    assert (code, "new project" in told) == (0, True)
    assert "say with --registry" in command(old, new)[2]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["a", "b"], "should name one snapshot"),
        (["a", "b", "--registry", "verra"], "go together"),
        (["a", "b", "--registry", "nobody", "--table", "projects"], "is no registry; known are"),
        (["a", "b", "--registry", "verra", "--table", "things"], "has no table 'things'; it has projects"),
        (["a", "b", "--registry", "verra", "--table", "projects"], "No such file"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(command, words, why):
    code, _, error = command(*words)
    assert code == 2
    assert error.startswith("FAILED   ")
    assert why in error


def test_snapshots_of_two_tables_are_refused(store, command):
    settings, drop = store
    first = drop(PROJECT)
    path = settings.drop / "arb" / "x.csv"
    path.parent.mkdir(parents=True)
    path.write_text(csv_of([PERIOD]))
    other = snapshots.take(settings, path, "arb", "issuances")
    assert "a snapshot of verra/projects" in command(first.name, other.name)[2]
