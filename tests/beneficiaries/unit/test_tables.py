"""The table of beneficiaries: one row per distinct combination of texts, and what curators say on top.

How texts are read is tested in test_beneficiaries.py; the texts here are such that nothing about that is in doubt.
"""

from __future__ import annotations

import json
import random
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries import check, schema, tables
from carbon_assets.beneficiaries.tables import TEXTS, candidates, map_beneficiaries
from carbon_assets.openrefine.server import OpenRefineError
from tests.kit.building import CONFIGS, faults_in
from tests.kit.credit_rows import event, write_credits
from tests.kit.openrefine_histories import addition, edit, mass_edit, text_facet, transform

ALIASES = ["alias,canonical,note", "Turbid Waters,Clear Waters,renamed"]


@pytest.fixture
def configs(tmp_path) -> Path:
    """The shipped knowledge with aliases of our own; a test adds histories."""
    folder = shutil.copytree(CONFIGS / "beneficiaries", tmp_path / "configs" / "beneficiaries")
    (folder / "aliases.csv").write_text("\n".join([*ALIASES, ""]))
    return folder.parent


def write_history(configs: Path, name: str, *operations: dict) -> Path:
    path = configs / "beneficiaries" / "operations" / name
    path.write_text(json.dumps(operations))
    return path


def mapped(configs: Path, *events: dict) -> pa.Table:
    credits = write_credits(configs / "credits.parquet", *events)
    with duckdb.connect(config={"threads": 1}) as con:
        return map_beneficiaries(con, credits, configs)


def names(configs: Path, *events: dict) -> dict[str | None, str | None]:
    """Published beneficiary -> the name that it is given."""
    rows = mapped(configs, *events).to_pylist()
    return {row["retirement_beneficiary"]: row["beneficiary_harmonized"] for row in rows}


# --- by rules -----------------------------------------------------------------------------------------------------


def test_the_table_has_one_row_per_combination_of_texts_missing_ones_too(configs):
    table = mapped(
        configs,
        event("10", beneficiary="Peat Foods"),
        event("2.5", beneficiary="Peat Foods", project="VCS0"),
        event("1", beneficiary="Peat Foods", note="Second lot"),
        event("4"),
        event("0.25"),
        event("1000", beneficiary="Peat Foods", type="issuance"),
        event("1000", beneficiary="Other Foods", type="cancellation"),
    )
    assert table.schema.equals(schema.BENEFICIARIES, check_metadata=True)
    found = {tuple(row[text] for text in TEXTS): row for row in table.to_pylist()}
    assert len(found) == len(table)
    assert {texts: (row["quantity"], row["transactions"], row["project_id"]) for texts, row in found.items()} == {
        (None, "Peat Foods", None, None): (Decimal("12.5"), 2, "VCS0"),
        (None, "Peat Foods", "Second lot", None): (Decimal(1), 1, "VCS1"),
        (None, None, None, None): (Decimal("4.25"), 2, "VCS1"),
    }


def test_a_row_says_who_is_named_by_which_text_and_how(configs):
    (row,) = mapped(configs, event(beneficiary="Turbid Waters Ltd")).to_pylist()
    assert {name: row[name] for name in ("beneficiary_harmonized", "beneficiary_found", "beneficiaries_named")} == {
        "beneficiary_harmonized": "Clear Waters",
        "beneficiary_found": "Turbid Waters Ltd",
        "beneficiaries_named": ["Clear Waters"],
    }
    assert (row["basis"], row["method"]) == ("beneficiary", "alias")
    (row,) = mapped(configs, event(note="Retired on behalf of Peat Foods Ltd")).to_pylist()
    assert (row["beneficiary_harmonized"], row["basis"], row["method"]) == ("Peat Foods Ltd", "note", "pattern")
    assert 0.5 < row["confidence"] <= 1


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({}, "not_stated"),
        ({"beneficiary": "N/A"}, "placeholder"),
        ({"account": "Peat Foods", "note": "12"}, "code_only"),
    ],
)
def test_where_nobody_is_named_nothing_is_said_but_why(configs, texts, why):
    (row,) = mapped(configs, event(**texts)).to_pylist()
    assert row.pop("absence_reason") == why
    said = (*TEXTS, "project_id", "quantity", "transactions")
    assert {name: cell for name, cell in row.items() if name not in said} == dict.fromkeys(
        name for name in row if name not in said
    )


def test_the_heaviest_spelling_stands_for_all_and_lighter_ones_are_told_apart_by_method(configs):
    table = mapped(
        configs,
        event("5", beneficiary="PEAT FOODS INC."),
        event("6", beneficiary="Peat Foods"),
        event("5", beneficiary="Peat Foods", note="Second lot"),
        event("9", beneficiary="Peat Foods, Inc."),
    )
    assert {row["beneficiary_found"]: row["beneficiary_harmonized"] for row in table.to_pylist()} == dict.fromkeys(
        ["PEAT FOODS INC.", "Peat Foods", "Peat Foods, Inc."], "Peat Foods"
    )
    assert {row["beneficiary_found"]: row["method"] for row in table.to_pylist()} == {
        "PEAT FOODS INC.": "fingerprint", "Peat Foods": "pattern", "Peat Foods, Inc.": "fingerprint",
    }  # fmt: skip


def test_an_alias_decides_against_the_heavier_spelling(configs):
    given = names(configs, event("900", beneficiary="Turbid Waters"), event("1", beneficiary="CLEAR WATERS"))
    assert given == {"Turbid Waters": "Clear Waters", "CLEAR WATERS": "Clear Waters"}


def test_several_users_have_no_single_name_and_are_all_listed_under_their_one_spelling(configs):
    table = mapped(
        configs, event("1", beneficiary="Turbid Waters Ltd; PEAT FOODS LTD"), event("2", beneficiary="Peat Foods Ltd")
    )
    (row,) = [row for row in table.to_pylist() if ";" in row["retirement_beneficiary"]]
    assert (row["beneficiary_harmonized"], row["beneficiary_found"]) == (None, None)
    assert row["beneficiaries_named"] == ["Clear Waters", "Peat Foods Ltd"]
    assert row["basis"] == "beneficiary"


def test_the_order_of_credits_changes_nothing(configs):
    spellings = ["Peat Foods", "PEAT FOODS", "Peat Foods Inc", "Turbid Waters", "N/A", None]
    events = [event("2", beneficiary=name, note=note) for name in spellings for note in (None, "Lot 7")]
    made = mapped(configs, *events)
    random.Random(7).shuffle(events)
    assert mapped(configs, *events).equals(made)


def test_no_retirements_make_an_empty_table(configs):
    table = mapped(configs, event(type="issuance"))
    assert table.schema.equals(schema.BENEFICIARIES, check_metadata=True)
    assert len(table) == 0
    assert len(candidates(table)) == 0


# --- histories of curators ----------------------------------------------------------------------------------------


def test_a_name_that_a_history_sets_counts_more_than_the_rules(configs):
    write_history(configs, "a.json", mass_edit({"Peat Foods": "Peat & Sons"}, column="beneficiary"))
    table = mapped(configs, event("7", beneficiary="Peat Foods"), event("1", beneficiary="Wind Mills"))
    edited, left = sorted(table.to_pylist(), key=lambda row: row["retirement_beneficiary"])
    assert edited["beneficiary_harmonized"] == "Peat & Sons"
    assert edited["beneficiaries_named"] == ["Peat & Sons"]
    assert edited["beneficiary_found"] == "Peat Foods", "the texts still spell it as they do"
    assert (edited["method"], edited["confidence"]) == ("operation", 1)
    assert edited["retirement_beneficiary"] == "Peat Foods", "what was published stays as it is"
    assert edited["quantity"] == 7
    assert (left["beneficiary_harmonized"], left["method"]) == ("Wind Mills", "pattern")


def test_a_history_names_whom_the_rules_do_not_find(configs):
    facet = text_facet("the twins", column="retirement_note")
    operation = mass_edit([edit("Peat Foods", fromBlank=True)], facet, column="beneficiary")
    write_history(configs, "a.json", operation)
    table = mapped(configs, event(note="12 for the twins"), event(note="12"))
    assert {row["retirement_note"]: row["beneficiary_harmonized"] for row in table.to_pylist()} == {
        "12 for the twins": "Peat Foods", "12": None,
    }  # fmt: skip


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_history_that_blanks_a_name_removes_it(configs, blank):
    write_history(configs, "a.json", mass_edit({"Peat Foods": blank}, column="beneficiary"))
    (row,) = mapped(configs, event(beneficiary="Peat Foods")).to_pylist()
    given = ("beneficiary_harmonized", "beneficiary_found", "beneficiaries_named", "basis", "method", "confidence")
    assert [row[name] for name in given] == [None] * len(given)


def test_a_text_that_a_history_edits_is_read_anew(configs):
    write_history(
        configs,
        "a.json",
        transform("value.replace('PF 2024', 'Retired on behalf of Peat Foods Ltd')", column="retirement_note"),
        mass_edit({"Wind Mills": "N/A"}, column="retirement_beneficiary"),
    )
    table = mapped(configs, event(note="PF 2024"), event(beneficiary="Wind Mills"), event(beneficiary="Sea Salts"))
    made = {row["retirement_note"] or row["retirement_beneficiary"]: row for row in table.to_pylist()}
    assert {text: (row["beneficiary_harmonized"], row["method"]) for text, row in made.items()} == {
        "PF 2024": ("Peat Foods Ltd", "operation"),
        "Wind Mills": (None, None),
        "Sea Salts": ("Sea Salts", "pattern"),
    }
    assert made["PF 2024"]["basis"] == "note"


def test_a_name_in_an_edited_text_joins_the_spelling_that_is_there(configs):
    write_history(
        configs,
        "a.json",
        transform("value.replace('PF', 'Retired on behalf of PEAT FOODS INC')", column="retirement_note"),
    )
    table = mapped(configs, event("9", beneficiary="Peat Foods"), event("1", note="PF"))
    assert set(table["beneficiary_harmonized"].to_pylist()) == {"Peat Foods"}


def test_a_history_sees_the_suggestions_and_the_tonnes(configs):
    operation = transform(
        "cells['suggested'].value", text_facet("7.000000", column="quantity", mode="regex"), column="beneficiary"
    )
    write_history(configs, "a.json", operation)
    events = [event("50", beneficiary="Peat Foods"), event("7", beneficiary="Peat Foodds")]
    assert names(configs, *events) == dict.fromkeys(["Peat Foods", "Peat Foodds"], "Peat Foods")


MERGE = addition(
    "join([coalesce(cells['retirement_beneficiary'].value,''),coalesce(cells['retirement_note'].value,'')],';%')",
    base="retirement_beneficiary",
    column="merged_beneficiary",
)
"""How OffsetsDB's histories begin: the texts, joined by ';%'."""


def test_a_merged_beneficiary_counts_once_its_parts_are_merged(configs):
    write_history(
        configs,
        "offsetsdb.json",
        MERGE,
        mass_edit({"Peat Foods;%Lot 7": "Peat", "Wind Mills;%": ""}, column="merged_beneficiary"),
    )
    table = mapped(
        configs,
        event(beneficiary="Peat Foods", note="Lot 7"),
        event(beneficiary="Peat Foods", note="Lot 8"),
        event(beneficiary="Wind Mills"),
    ).to_pylist()
    given = {(row["retirement_beneficiary"], row["retirement_note"]): row for row in table}
    assert {key: (row["beneficiary_harmonized"], row["method"]) for key, row in given.items()} == {
        ("Peat Foods", "Lot 7"): ("Peat", "operation"),
        ("Peat Foods", "Lot 8"): ("Peat Foods", "pattern"),  # still joined by ';%': no name
        ("Wind Mills", None): ("Wind Mills", "pattern"),  # blank: no name either
    }


def test_what_a_curator_says_of_the_name_counts_more_than_what_was_merged(configs):
    write_history(
        configs,
        "a.json",
        MERGE,
        mass_edit({"Peat Foods;%": "Peat"}, column="merged_beneficiary"),
        mass_edit({"Peat Foods": "Peat & Sons"}, column="beneficiary"),
    )
    assert names(configs, event(beneficiary="Peat Foods")) == {"Peat Foods": "Peat & Sons"}


def test_histories_are_applied_in_order_of_file_name(configs):
    """Each to what the one before it left."""
    write_history(configs, "20.json", mass_edit({"Peat": "Peat the Second"}, column="beneficiary"))
    write_history(configs, "10.json", mass_edit({"Peat Foods": "Peat"}, column="beneficiary"))
    assert names(configs, event(beneficiary="Peat Foods")) == {"Peat Foods": "Peat the Second"}
    (configs / "beneficiaries" / "operations" / "20.json").rename(configs / "beneficiaries" / "operations" / "05.json")
    assert names(configs, event(beneficiary="Peat Foods")) == {"Peat Foods": "Peat"}


REFUSED = {
    "no JSON": ("{", "not JSON"),
    "another operation": (json.dumps([{"op": "core/row-removal"}]), "operation 0: "),
    "Python": (json.dumps([transform("jython:import os\nreturn os.getcwd()", column="beneficiary")]), "operation 0: "),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_history_that_is_not_supported_is_refused_before_any_run_with_its_file(configs, case):
    content, reason = REFUSED[case]
    assert faults_in(configs, check) == []
    path = write_history(configs, "z.json")
    path.write_text(content)
    (fault,) = faults_in(configs, check)
    assert fault.startswith(f"{path}: ") and reason in fault


def test_a_history_of_a_column_that_the_table_lacks_is_refused_with_its_file(configs):
    write_history(configs, "a.json", mass_edit({"x": "y"}, column="beneficiary"))
    path = write_history(configs, "b.json", *[mass_edit({"x": "y"}, column=name) for name in ("suggested", "vintage")])
    with pytest.raises(ConfigError) as refusal:
        mapped(configs, event(beneficiary="Peat Foods"))
    assert str(refusal.value).startswith(f"{path}: operation 1: ") and "'vintage'" in str(refusal.value)


def test_what_is_known_is_checked_before_any_run(configs):
    (configs / "beneficiaries" / "aliases.csv").write_text("\n".join([*ALIASES, "turbid waters,Other,", ""]))
    (fault,) = faults_in(configs, check)
    assert fault.endswith("aliases.csv, line 3: 'turbid waters' stands in line 2 already: leave one of them")


def test_files_that_are_no_history_are_left_alone(configs):
    (configs / "beneficiaries" / "operations" / "notes.txt").write_text("{")
    assert tables.load_operations(configs) == []


def test_a_curator_finds_what_is_known_so_far_as_text(configs):
    write_history(configs, "a.json", mass_edit({"Peat Foods": "Peat"}, column="beneficiary"))
    credits = write_credits(
        configs / "credits.parquet",
        event("50", beneficiary="Peat Foods"),
        event("7.5", beneficiary="Peat Foodds", note="Lot 7"),
        event("1"),
    )
    with duckdb.connect() as con:
        table = tables.curation_table(con, credits, configs)
    assert {field.type for field in table.schema} == {pa.string()}
    rows = {row["retirement_beneficiary"]: row for row in table.to_pylist()}
    assert rows["Peat Foodds"] == {
        "beneficiary": "Peat Foodds", "suggested": "Peat Foods", "retirement_account": None,
        "retirement_beneficiary": "Peat Foodds", "retirement_note": "Lot 7", "retirement_reason": None,
        "project_id": "VCS1", "transaction_type": "retirement", "quantity": "7.500000", "transactions": "1",
    }  # fmt: skip
    assert rows["Peat Foods"]["beneficiary"] == "Peat", "the histories there are apply here too"
    assert (rows[None]["beneficiary"], rows[None]["suggested"]) == (None, None)


# --- against a server ---------------------------------------------------------------------------------------------


class Server:
    """Stands for OpenRefine: it leaves what `answer` makes of the table, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def __call__(self, url: str) -> Server:
        self.asked.append(url)
        return self

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.asked.append("close")

    def create_project(self, name: str, table: pa.Table) -> str:
        self.table = table
        return "17"

    def apply(self, project: str, operations: list[dict]) -> None:
        self.asked.append((project, len(operations)))

    def rows(self, project: str) -> pa.Table:
        return self.answer(self.table)

    def delete(self, project: str) -> None:
        self.asked.append(f"delete {project}")


@pytest.fixture
def ask(configs, monkeypatch):
    """What `disagreements` says, two histories given, of what a server makes of the table."""
    write_history(configs, "a.json", mass_edit({"Peat Foods": "Peat"}, column="beneficiary"))
    write_history(configs, "b.json", *[mass_edit({"Peat": name}, column="beneficiary") for name in ("Loam", "Clay")])
    credits = write_credits(configs / "credits.parquet", event(beneficiary="Peat Foods"), event())

    def ask(answer) -> tuple[tuple[int, list[dict]], list]:
        server = Server(answer)
        monkeypatch.setattr(tables, "OpenRefine", server)
        try:
            with duckdb.connect() as con:
                return tables.disagreements(con, credits, configs, "http://refine.test"), server.asked
        finally:
            assert server.asked[-2:] == ["delete 17", "close"]

    return ask


def named(table: pa.Table, *cells: str | None) -> pa.Table:
    return table.set_column(0, "beneficiary", pa.array(cells, pa.string()))


@pytest.mark.parametrize("blank", [None, ""])
def test_both_agree_where_every_cell_is_the_same_and_blank_is_blank(ask, blank):
    found, asked = ask(lambda table: named(table, blank, "Loam"))
    assert found == (2, [])
    assert asked[:3] == ["http://refine.test", ("17", 1), ("17", 2)], "each history by itself, in order"


def test_every_cell_that_differs_is_told(ask):
    (rows, cells), _ = ask(lambda table: named(table, "Sand", "loam"))
    assert rows == 2
    assert cells == [
        {"row": "0", "column": "beneficiary", "here": "", "there": "Sand"},
        {"row": "1", "column": "beneficiary", "here": "Loam", "there": "loam"},
    ]


def test_other_columns_are_told(ask):
    (_, (told,)), _ = ask(lambda table: table.rename_columns(["name", *table.column_names[1:]]))
    assert "'beneficiary'" in told["columns here"] and "'name'" in told["columns there"]


def test_a_server_that_fails_leaves_no_project(ask):
    def fail(table: pa.Table) -> pa.Table:
        raise OpenRefineError("broken")

    with pytest.raises(OpenRefineError, match="broken"):
        ask(fail)
