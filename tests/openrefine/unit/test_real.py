"""The peer's history of 1,480 operations and 75 traps, against what OpenRefine 3.8.7 made of them."""

from __future__ import annotations

import json

import pytest

from carbon_assets.openrefine import history, tables
from carbon_assets.openrefine.execute import apply

REFUSED = {
    "missing column text": "needs the column 'nope'",
    "missing column list": "needs the column 'nope'",
    "missing column range": "needs the column 'nope'",
    "startsWith else const store-error": "onError 'store-error'",
    "jython bad method": "the only supported Jython conditions",
}
"""Traps that OpenRefine walks into silently, and the text of an error, which differs between its versions."""


@pytest.fixture(scope="module")
def data(real_data):
    folder = real_data / "openrefine"
    if not folder.is_dir():
        pytest.skip("no OpenRefine results beside this checkout")
    return folder


def test_the_peers_history_is_applied_as_openrefine_does(data):
    applied = apply(history.read(data / "operations.json"), tables.read(data / "x1_input.csv"))
    assert _texts(applied.table) == _texts(tables.read(data / "x1_cells_387.csv"))
    assert [result.description for result in applied.results] == json.loads((data / "x1_history_387.json").read_text())
    assert [result.index for result in applied.results if result.note] == [661]


def test_the_traps(data):
    table = tables.read(data / "traps_input.csv")
    refused = {}
    for name, trap in json.loads((data / "traps.json").read_text()).items():
        try:
            applied = apply(history.parse(json.dumps([trap["op"]])), table)
        except history.HistoryError as error:
            refused[name] = str(error)
            continue
        want = [None if cell is None else str(cell) for cell in trap["ref387"]]
        assert (name, applied.table["v"].to_pylist()) == (name, want)
        assert applied.results[0].description == trap["desc"]
    assert refused.keys() == REFUSED.keys()
    assert all(reason in refused[name] for name, reason in REFUSED.items())


def _texts(table) -> dict[str, list[str]]:
    """The oracle writes null and empty text alike."""
    return {name: [cell or "" for cell in table[name].to_pylist()] for name in table.column_names}
