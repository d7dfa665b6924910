"""The histories of curators, applied here and by a real OpenRefine: cell by cell the same.

Needs OPENREFINE_URL (`.ci/run` starts a server); skips without.
"""

import csv
import dataclasses
import json
import os
import re
import shutil

import httpx
import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.beneficiaries import curate
from carbon_assets.openrefine import execute, history
from carbon_assets.openrefine.server import OpenRefine, OpenRefineError
from carbon_assets.platform import run
from tests.beneficiaries.pipeline.test_loop import evaluation
from tests.kit.openrefine_histories import addition, mass_edit, text_facet, transform
from tests.kit.runs import Run, copied

URL = os.environ.get("OPENREFINE_URL", "")
pytestmark = pytest.mark.server


@pytest.fixture
def server():
    with OpenRefine(URL) as client:
        yield client


@pytest.fixture
def made(server):
    """Makes projects, and deletes them."""
    projects = []

    def make(table: pa.Table) -> str:
        projects.append(server.create_project("test", table))
        return projects[-1]

    yield make
    for project in projects:
        server.delete(project)


def cells(table: pa.Table) -> dict[str, list[str]]:
    """The cells by column; blank is blank, stored as null or as an empty text."""
    return {name: [cell or "" for cell in table[name].to_pylist()] for name in table.column_names}


def numbers(descriptions: list[str]) -> list[int]:
    """How many cells each entry of a history has changed."""
    return [int(re.search(r"(\d[\d,]*) (?:cells|rows)|$", text)[1].replace(",", "")) for text in descriptions]


def imported(table: pa.Table) -> pa.Table:
    """The table as the server has it after loading: a blank cell is null."""
    return pa.table({name: [cell or None for cell in table[name].to_pylist()] for name in table.column_names})


def agree(server, made, operations: list[dict], table: pa.Table) -> None:
    project = made(table)
    theirs = numbers(server.apply(project, operations))
    ours = execute.apply(history.parse(json.dumps(operations)), imported(table))
    assert cells(ours.table) == cells(server.rows(project))
    assert [result.cells for result in ours.results] == theirs


TABLE = pa.table(
    {
        "id": ["1", "2", "3", "4", "5", "6", "7"],
        "name": ["Acme Inc.", "ACME", None, "007", " 1e3 ", "two\nlines", "Zoë “quoted”, \"too\""],
        "note": ["for Acme", None, "x", "x", "", "\u00a0", "é"],
    }
)  # fmt: skip


def test_a_table_comes_back_as_it_went(server, made):
    assert cells(server.rows(made(TABLE))) == cells(TABLE)


def test_both_make_the_same_of_a_history(server, made):
    rows = {"mode": "row-based"}
    text = {"type": "text", "name": "n", "columnName": "note", "mode": "text", "caseSensitive": False, "invert": False}
    operations = [
        {"op": "core/column-addition", "engineConfig": {"facets": [], **rows}, "baseColumnName": "name",
         "expression": "join ([coalesce(cells['name'].value,'-'),coalesce(cells['note'].value,'-')],'|')",
         "onError": "keep-original", "newColumnName": "merged", "columnInsertIndex": 1},
        {"op": "core/mass-edit", "engineConfig": {"facets": [], **rows}, "columnName": "merged", "expression": "value",
         "edits": [{"from": ["Acme Inc.|for Acme", "ACME|-"], "fromBlank": False, "fromError": False, "to": "Acme"}]},
        {"op": "core/text-transform", "engineConfig": {"facets": [{**text, "query": "X"}], **rows}, "columnName": "name",
         "expression": "grel:if(value.startsWith('00'), 'seven', value)", "onError": "keep-original", "repeat": False,
         "repeatCount": 10},
        {"op": "core/text-transform", "engineConfig": {"facets": [{**text, "query": "x", "invert": True}], **rows},
         "columnName": "name", "expression": "jython: if value.startswith('two'):\n  return 'one'\nelse:\n  return value",
         "onError": "keep-original", "repeat": False, "repeatCount": 10},
    ]  # fmt: skip
    agree(server, made, operations, TABLE)


def test_both_make_the_same_of_a_long_real_history(server, made, real_data):
    folder = real_data / "openrefine"
    with (folder / "x1_input.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    columns = zip(*rows, strict=True)
    table = pa.table({name: [cell or None for cell in column] for name, column in zip(header, columns, strict=True)})
    agree(server, made, json.loads((folder / "operations.json").read_text()), table)


def test_an_operation_unknown_to_the_server_does_not_pass_silently(server, made):
    with pytest.raises(OpenRefineError, match="1 operations were sent, 0 are in the history"):
        server.apply(made(TABLE), [{"op": "core/no-such-operation"}])


def test_the_curator_finds_the_beneficiaries_in_a_project(server, sample_run):
    settings = dataclasses.replace(sample_run.settings, openrefine_url=URL)
    project = curate.curate(settings).rsplit("=", 1)[1]
    try:
        table = server.rows(project)
    finally:
        server.delete(project)
    known = store.read(settings.table("harmonized", "beneficiaries"))
    assert cells(table)["beneficiary"] == [name or "" for name in known["beneficiary_harmonized"].to_pylist()]
    assert cells(table)["retirement_note"] == [note or "" for note in known["retirement_note"].to_pylist()]


# --- the check of a run ---------------------------------------------------------------------------------------------


@pytest.fixture
def taught(sample_run, tmp_path):
    """The settings of a finished run with two histories of a curator, and the server's address."""
    configs = shutil.copytree(sample_run.settings.configs, tmp_path / "configs")
    merged = addition(
        "join ([coalesce(cells['retirement_beneficiary'].value,''),coalesce(cells['retirement_note'].value,'')],';%')",
        base="retirement_beneficiary",
        column="merged_beneficiary",
    )
    histories = {
        "10": [
            mass_edit({"Northwind Paper Co": "Northwind", "Maison Orfée": " Orfée "}, column="beneficiary"),
            transform("value.trim()", column="beneficiary"),
            merged,
        ],
        "20": [
            mass_edit({"Café de la Brume;%Café de la Brume – émissions 2025": "Brume"}, column="merged_beneficiary"),
            transform("null", text_facet("wrenfield", column="retirement_note"), column="beneficiary"),
        ],
    }
    for name, operations in histories.items():
        (configs / "beneficiaries" / "operations" / f"{name}.json").write_text(json.dumps(operations))
    return copied(sample_run, tmp_path, configs=configs, openrefine_url=URL).settings


def projects() -> set[str]:
    """The projects that the server has."""
    answer = httpx.get(f"{URL.rstrip('/')}/command/core/get-all-project-metadata", timeout=30)
    return set(answer.raise_for_status().json()["projects"])


@pytest.fixture
def made_on_the_server(monkeypatch) -> list[str]:
    """The projects that this process makes; other tests use the same server meanwhile."""
    made, create = [], OpenRefine.create_project

    def noted(server: OpenRefine, name: str, table: pa.Table) -> str:
        made.append(create(server, name, table))
        return made[-1]

    monkeypatch.setattr(OpenRefine, "create_project", noted)
    return made


def test_a_run_with_histories_is_published_when_the_server_agrees(taught, made_on_the_server):
    report = run.map_anew(taught, "beneficiaries")
    assert report.ok, report.lines
    assert evaluation(Run(report, taught)).description == f"{rows_of(taught)} rows agree"
    named = dict(Run(report, taught).sql("select beneficiary, methods from marts.beneficiaries"))
    assert [named.get(name) for name in ("Northwind", "Orfée", "Brume")] == [["operation"]] * 3
    assert len(made_on_the_server) == 1
    assert not projects().intersection(made_on_the_server), "the project that was made to compare is gone"


def rows_of(settings) -> int:
    return store.row_count(settings.table("harmonized", "beneficiaries"))


def test_a_run_is_blocked_when_the_server_makes_something_else_of_it(taught, monkeypatch):
    """As it would if a history were applied otherwise here."""
    applied = execute.apply

    def otherwise(operations, table):
        result = applied(operations, table)
        cells = [cell and cell.replace("Northwind", "Southwind") for cell in result.table["beneficiary"].to_pylist()]
        changed = result.table.set_column(0, result.table.schema.field(0), pa.array(cells, pa.string()))
        return dataclasses.replace(result, table=changed)

    before = Run(None, taught).database.parent.resolve().name
    monkeypatch.setattr(execute, "apply", otherwise)
    report = run.map_anew(taught, "beneficiaries")
    assert not report.ok
    assert "BLOCKED  harmonized/beneficiaries: openrefine_agrees" in report.lines
    examples = evaluation(Run(report, taught)).metadata["examples"].value
    assert {(cell["column"], cell["here"], cell["there"]) for cell in examples} == {
        ("beneficiary", "Southwind", "Northwind")
    }
    assert Run(None, taught).database.parent.resolve().name == before
