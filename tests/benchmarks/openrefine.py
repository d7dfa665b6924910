"""How long 1,480 operations take on 100,000 rows on one core: `.venv/bin/python -m tests.benchmarks.openrefine`.

Once with some 9,000 distinct rows, as real registries repeat themselves, once with all rows distinct. The history is the
peer's, where it lies beside this checkout, else a made-up one of like shape; the rows are always made up, of what the
history looks for among other text. Reading files is not counted. With `OPENREFINE_URL` set, 10,000 rows are also changed
by that server, by the clock and without loading and reading back, and every cell is compared.
"""

import json
import os
import random
import sys
import time

import pyarrow as pa

from carbon_assets.openrefine import history
from carbon_assets.openrefine.execute import apply
from carbon_assets.openrefine.server import OpenRefine
from tests.kit.places import REAL_DATA

ROWS = 100_000
SERVER_ROWS = 10_000
DISTINCT = 9_000
OPERATIONS = 1_480
REAL = REAL_DATA / "openrefine"
MERGED = "merged_beneficiary"
SOURCES = ("retirement_account", "retirement_beneficiary", "retirement_note", "retirement_reason")
WORDS = [
    "the",
    "of",
    "for",
    "on",
    "behalf",
    "and",
    "carbon",
    "neutral",
    "emissions",
    "energy",
    "group",
    "holding",
    "client",
    "retired",
    "event",
    "climate",
    "bank",
]


def made_up_history() -> list[dict]:
    """Operations in the proportions of the peer's: 8 of 10 are mass edits, most have facets."""
    choice = random.Random(1_480)

    def facets(company: str) -> list[dict]:
        text = {"type": "text", "mode": "text", "caseSensitive": False, "invert": False}
        length = {"type": "range", "columnName": MERGED, "expression": "value.length()", "from": 0, "to": 2700}
        present = {"type": "list", "columnName": MERGED, "expression": "grel:value != null", "invert": False}
        every = [
            text | {"columnName": MERGED, "query": company[:6]},
            text | {"columnName": "transaction_type", "query": "retire"},
            text | {"columnName": MERGED, "mode": "regex", "query": r";%;%[a-zA-Z,\.]+;%", "invert": True},
            length | {"selectBlank": True, "selectError": False},
            present | {"selection": [{"v": {"v": True, "l": "true"}}]},
        ]
        return every[: choice.randint(0, len(every))]

    cells = ",".join(f"coalesce(cells['{source}'].value,';%')" for source in SOURCES)
    operations = [
        {
            "op": "core/column-addition", "baseColumnName": SOURCES[0], "newColumnName": MERGED, "columnInsertIndex": 3,
            "expression": f"join([{cells}],';%')", "onError": "keep-original",
            "engineConfig": {"facets": [], "mode": "row-based"},
        }
    ]  # fmt: skip
    for number in range(1, OPERATIONS):
        company = f"Company {number} Ltd"
        operation = {"columnName": MERGED, "engineConfig": {"facets": facets(company), "mode": "row-based"}}
        if number % 5:
            edit = {"from": [f";%;%{company};%;%;%;%", f"{company};%;%;%;%;%;%"], "to": company}
            operation |= {"op": "core/mass-edit", "expression": "value", "edits": [edit]}
        else:
            test = choice.choice(["contains", "startsWith"])
            operation |= {"op": "core/text-transform", "onError": "keep-original", "repeat": False}
            operation["expression"] = f"grel:if(value.{test}('{company}'),'{company}',value)"
        operations.append(operation)
    return operations


def cells_of(text: str) -> list[str | None] | None:
    """The four source cells that the history merges to `text`, if there are such: null is written as `;%` and so is what
    stands between."""
    cells = []
    for place in range(4):
        if place:
            if not text.startswith(";%"):
                return None
            text = text[2:]
        cell = "" if text.startswith(";%") else text.partition(";%")[0]
        text = text[len(cell) or 2 :]
        cells.append(cell or None)
    return None if text else cells


def rows(distinct: int, operations: list[dict]) -> pa.Table:
    """`ROWS` rows of which `distinct` differ, the same ones in every run. One in four holds what a mass edit looks for."""
    choice = random.Random(distinct)
    texts = [text for operation in operations for edit in operation.get("edits", ()) for text in edit["from"]]
    known = [cells for text in texts if (cells := cells_of(text))]
    tuples = []
    for number in range(distinct):
        cells = [None] * 4
        cells[number % 4] = f"{' '.join(choice.choices(WORDS, k=14))} {number}"
        tuples.append([f"VCS{number}", *(cells if number % 4 else choice.choice(known)), "retirement"])
    tuples += choice.choices(tuples, k=ROWS - distinct)
    names = ["project_id", *SOURCES, "transaction_type"]
    return pa.table({name: pa.array(column) for name, column in zip(names, zip(*tuples, strict=True), strict=True)})


def with_server(url: str, read: history.History, operations: list[dict], table: pa.Table) -> None:
    """The same rows here and by the server."""
    start = time.perf_counter()
    ours = apply(read, table).table
    here = time.perf_counter() - start
    with OpenRefine(url) as server:
        project = server.create_project("benchmark", table)
        try:
            start = time.perf_counter()
            server.apply(project, operations)
            there = time.perf_counter() - start
            theirs = server.rows(project)
        finally:
            server.delete(project)
    differ = sum(
        (a or "") != (b or "")
        for name in ours.column_names
        for a, b in zip(ours[name].to_pylist(), theirs[name].to_pylist(), strict=True)
    )
    sys.stdout.write(
        f"{len(table):,} rows: {here:.2f} s here, {there:.1f} s by the server, {there / here:.0f} times; "
        f"{differ:,} cells differ\n"
    )


def main() -> None:
    path = REAL / "operations.json"
    operations = json.loads(path.read_text()) if path.exists() else made_up_history()
    start = time.process_time()
    read = history.parse(json.dumps(operations))
    sys.stdout.write(
        f"{'the real' if path.exists() else 'a made-up'} history of {len(operations):,} operations: "
        f"read and checked in {time.process_time() - start:.2f} s\n"
    )
    for distinct in (DISTINCT, ROWS):
        table = rows(distinct, operations)
        start = time.process_time()
        applied = apply(read, table)
        seconds = time.process_time() - start
        cells = sum(result.cells for result in applied.results)
        sys.stdout.write(f"{ROWS:,} rows, {distinct:,} of them distinct: {seconds:.2f} s, {cells:,} cells changed\n")
    if url := os.environ.get("OPENREFINE_URL"):
        with_server(url, read, operations, rows(DISTINCT, operations).slice(0, SERVER_ROWS))


if __name__ == "__main__":
    main()
