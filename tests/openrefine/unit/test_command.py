"""`python -m carbon_assets.openrefine`: files in, files out; refusals in one line; hostile histories end soon."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.openrefine import tables
from carbon_assets.openrefine.history import HistoryError
from tests.kit.commands import carbon, openrefine
from tests.kit.openrefine_histories import addition, list_facet, mass_edit, text_facet, transform
from tests.kit.places import HOME


@pytest.fixture
def files(tmp_path) -> Path:
    (tmp_path / "operations.json").write_text(json.dumps([mass_edit({" a ": "b\nc"}), transform("jython:if")]))
    (tmp_path / "input.csv").write_bytes('\ufeffv,w\r\n a ,007\r\n"x\r\ny",\r\n"",""\r\n'.encode())
    return tmp_path


def test_apply_writes_table_and_report(files, capsys):
    names = ["operations.json", "input.csv", "output.csv"]
    assert openrefine("apply", *(files / name for name in names), "--report", files / "report.json") == 0
    assert (files / "output.csv").read_bytes() == b'v,w\n"b\nc",007\n"x\r\ny",\n,\n'
    report = json.loads((files / "report.json").read_text())
    assert report[0] == {
        "index": 0, "op": "core/mass-edit", "description": "Mass edit 1 cells in column v", "column": "v", "cells": 1,
        "note": None,
    }  # fmt: skip
    assert "does not parse" in report[1]["note"]
    assert capsys.readouterr().out == (
        "2 operations changed 1 cells of 3 rows; 1 cannot be parsed by OpenRefine and changed nothing\n"
    )
    assert sorted(path.name for path in files.iterdir()) == sorted([*names, "report.json"])


def test_check_says_what_would_be(files, capsys):
    assert openrefine("check", files / "operations.json") == 0
    assert openrefine("check", files / "operations.json", files / "input.csv") == 0
    assert capsys.readouterr().out == (
        "2 operations can be applied; these do nothing, as OpenRefine cannot parse them: 1\n" * 2
    )


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        (transform("value", text_facet("a", "nope")), "operation 0: a facet of it needs the column 'nope'"),
        (
            transform("jython:import os\nreturn os.getcwd()"),
            "operation 0: the Jython statement Import is not supported",
        ),
    ],
)
def test_a_refusal_is_one_line_and_writes_nothing(files, capsys, operation, line):
    (files / "operations.json").write_text(json.dumps([operation]))
    paths = [str(files / name) for name in ("operations.json", "input.csv")]
    assert openrefine("apply", *paths, files / "output.csv") == openrefine("check", *paths) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), err.count(line)) == ("", 2, 2)
    assert not (files / "output.csv").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no header"),
        (b"\xef\xbb\xbf", "no header"),
        (b"v,v\n1,2\n", "several columns of one name"),
        (b"v,w\n1\n", "is not CSV"),
        (b"v\n\xff\n", "not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(content, reason):
    with pytest.raises(HistoryError, match=reason):
        tables.parse(content, "input.csv")


def test_a_missing_file_is_refused_in_one_line(files, capsys):
    assert openrefine("apply", files / "none.json", files / "input.csv", files / "output.csv") == 2
    assert "none.json" in capsys.readouterr().err


def test_the_blank_cell_of_an_only_column_is_a_row():
    table = tables.parse(b'v\n\n"a ""b"""\n""\n', "input.csv")
    assert table["v"].to_pylist() == [None, 'a "b"', None]
    assert tables.written(table) == 'v\n""\n"a ""b"""\n""\n'


CELLS = st.one_of(st.none(), st.text("a ,\"'\r\n\té\u2028", min_size=1, max_size=5))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_is_written_is_read_again_by_us_and_others(rows):
    table = pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(["a,b", 'c"'])})
    text = tables.written(table)
    assert tables.parse(text.encode(), "x").equals(table)
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [[v or "", w or ""] for v, w in rows]


# --- hostile

BOMB = "value.replace(" * 40 + "value" + ",'a','aaaaaaaaaa')" * 40
HOSTILE = {
    "jython import": json.dumps([transform("jython:import os\nos.abort()")]),
    "jython attribute": json.dumps([transform("jython:return ().__class__.__bases__[0].__subclasses__()")]),
    "jython nesting": json.dumps([transform("jython:return " + "(" * 900 + ")" * 900)]),
    "jython minus": json.dumps([transform("jython:return " + "-" * 1_900 + "1")]),
    "clojure": json.dumps([transform("clojure:(System/exit 0)")]),
    "grel nesting": json.dumps([transform("(" * 4_999 + ")" * 4_999)]),
    "json nesting": "[" * 10_000 + "]" * 10_000,
    "json bomb": "[" + "{}," * 5_000_000 + "{}]",
    "nan": '[{"op": NaN}]',
    "wrong types": json.dumps([{"op": ["core/mass-edit"]}, 7, None]),
    "50 MB": " " * 50_000_000 + "[]",
    "replacement nested": json.dumps([transform("value.replace(/(a+)+$/,'')")]),
    "replacement repeated": json.dumps([transform("value.replace(/(.*a){25}/,'')")]),
    "growth": json.dumps([transform(BOMB)]),
    "growth over operations": json.dumps([transform("join([value,value],'')")] * 100),
}
TAME = {
    "facet nested": json.dumps([transform("'x'", text_facet("(a+)+$", mode="regex", invert=True))] * 50),
    "facet repeated": json.dumps([transform("'x'", text_facet("(.*a){25}", mode="regex", invert=True))] * 50),
    "many": json.dumps([transform("value.trim()", list_facet("value != null", True))] * 15_000),
    "wide": json.dumps([addition("value", column=str(i), at=0) for i in range(500)]),
}


@pytest.mark.parametrize("name", [*HOSTILE, *TAME])
def test_a_hostile_history_is_refused_or_ends_soon(name, tmp_path):
    (tmp_path / "operations.json").write_text(HOSTILE.get(name) or TAME[name])
    (tmp_path / "input.csv").write_text("v\n" + ("a" * 4_000 + "!\n") * 50)
    command = [sys.executable, "-m", "carbon_assets.openrefine", "apply", "operations.json", "input.csv", "output.csv"]
    got = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(HOME)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert got.returncode == (2 if name in HOSTILE else 0), got.stderr
    assert got.stderr.count("\n") == (1 if name in HOSTILE else 0)
    assert (tmp_path / "output.csv").exists() == (name in TAME)


def test_the_main_command_line_has_the_same(files, capsys):
    assert (
        carbon("openrefine", "check", files / "operations.json") == openrefine("check", files / "operations.json") == 0
    )
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
