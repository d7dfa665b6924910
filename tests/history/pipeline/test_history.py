"""Real older files: every ARB workbook of the history and older project and transaction exports are read whole."""

import dataclasses
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.registries import intake
from carbon_assets.snapshots import store as snapshots
from tests.kit.places import REAL_DATA
from tests.kit.runs import GATE, REGISTRIES

HISTORY = REAL_DATA / "history"
WORKBOOKS = sorted(HISTORY.glob("arb/*.xlsx"))


def take_in(path: Path, registry: str, table: str, data: Path) -> intake.Intake:
    settings = dataclasses.replace(Settings.from_environment(), data=data)
    snapshots.take(settings, path, registry, table)
    with duckdb.connect() as con:
        return intake.take_in(con, settings, REGISTRIES[registry], GATE)[table]


def workbook_totals(path: Path) -> dict[str, Decimal]:
    """Tonnes by transaction type, summed cell by cell with none of our code."""
    sheet = openpyxl.load_workbook(path, read_only=True)["ARB Offset Credit Issuance"]
    header, *rows = sheet.iter_rows(values_only=True)
    kinds = {}
    for index, name in enumerate(header):
        if name == "ARB Offset Credits Issued":
            kinds[index] = "issuance"
        elif name and re.match(r"Retired (\d|Vol|for Comp)", name):
            kinds[index] = "retirement"
        elif name and re.match(r"Buffer Pool Retired|Retired for Int|Invalidated", name):
            kinds[index] = "cancellation"
    totals: dict[str, Decimal] = {}
    for row in rows:
        for index, kind in kinds.items():
            if isinstance(row[index], int | float):
                totals[kind] = totals.get(kind, Decimal(0)) + Decimal(str(row[index]))
    return {kind: tonnes for kind, tonnes in totals.items() if tonnes}


@pytest.mark.skipif(not WORKBOOKS, reason="no real registry data beside this checkout")
@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: path.stem)
def test_arb_workbook_is_read_to_the_last_tonne(path, tmp_path):
    taken = take_in(path, "arb", "issuances", tmp_path)
    assert taken.refusal is None
    assert {kind: tonnes for kind, tonnes in taken.result.tonnes.items() if tonnes} == workbook_totals(path)
    assert {row["reason"].split(" in line")[0] for row in taken.result.quarantine.to_pylist()} <= {
        "the same row stands"
    }


@pytest.mark.skipif(not HISTORY.is_dir(), reason="no real registry data beside this checkout")
@pytest.mark.parametrize(
    ("file", "registry", "table", "rows"),
    [
        ("verra/projects_2023-11-03.csv", "verra", "projects", 3867),
        ("verra/projects_2025-01-21.csv", "verra", "projects", 4502),
        ("verra-vcus/singapore_2024-12-11.csv", "verra", "transactions", 92),
        ("gold-standard/projects_2025-04-09.csv", "gold-standard", "projects", 1961),
    ],
)
def test_older_exports_are_read_without_a_row_in_quarantine(file, registry, table, rows, tmp_path):
    taken = take_in(HISTORY / file, registry, table, tmp_path)
    assert taken.refusal is None
    assert (taken.result.rows_in, len(taken.result.quarantine)) == (rows, 0), taken.result.quarantine.to_pylist()[:3]
