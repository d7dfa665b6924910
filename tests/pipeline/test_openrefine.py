"""The histories of curators, applied here and by a real OpenRefine: cell by cell the same.

Needs OPENREFINE_URL (`.ci/run` starts a server); skips without.
"""

import csv
import dataclasses
import json
import os
import re

import pyarrow as pa
import pytest

from carbon_assets import curate, store
from carbon_assets.openrefine import execute, history
from carbon_assets.openrefine.server import OpenRefine, OpenRefineError

URL = os.environ.get("OPENREFINE_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="OPENREFINE_URL is not set")


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


def agree(server, made, operations: list[dict], table: pa.Table) -> None:
    project = made(table)
    theirs = numbers(server.apply(project, operations))
    ours = execute.apply(history.parse(json.dumps(operations)), table)
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
