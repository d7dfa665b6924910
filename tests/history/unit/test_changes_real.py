"""The changes between real old files are those that a plain comparison by key finds, made here with none of our code."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import duckdb
import openpyxl
import pytest

from carbon_assets.history import record_diff
from carbon_assets.history.classes import load_classes
from carbon_assets.history.sides import Version
from carbon_assets.registries.description import load_registries
from carbon_assets.snapshots.store import Snapshot
from tests.kit.building import CONFIGS, settings_in

pytestmark = pytest.mark.slow

CLASSES = load_classes(CONFIGS)
PAIRS = {
    "arb 2021-2023": ("arb", "issuances", "arb/2021-10-19.xlsx", "arb/2023-02-28.xlsx", "CARB Issuance ID"),
    "arb 2023-2024": ("arb", "issuances", "arb/2023-02-28.xlsx", "arb/2024-12-10.xlsx", "CARB Issuance ID"),
    "arb 2021-2024": ("arb", "issuances", "arb/2021-10-19.xlsx", "arb/2024-12-10.xlsx", "CARB Issuance ID"),
    "verra": ("verra", "projects", "verra/projects_2023-11-03.csv", "verra/projects_2025-01-21.csv", "ID"),
}
MISSING = {"", "n/a", "N/A", "#N/A", "#NA", "<NA>", "NA", "null", "NULL", "nan", "NaN", "None"}
NO_NUMBER = {"-", "–", "—", "reforest defer"}
NUMBERS = re.compile(r"Retired|Issued|Contribution|Emission Reductions|Invalidated|Vintage")
DATES = re.compile(r"Date")


# --- the plain comparison -------------------------------------------------------------------------------------------


@cache
def records(path: Path) -> list[dict[str, object]]:
    """The rows of a file, by the names of its header."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True)["ARB Offset Credit Issuance"]
    header, *rows = sheet.iter_rows(values_only=True)
    named = [(name, place) for place, name in enumerate(header) if name]
    return [{name: row[place] for name, place in named} for row in rows if any(cell is not None for cell in row)]


def text(value: object) -> str | None:
    """A cell as published; None where there is nothing in it."""
    if value is None or value == "":
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@cache
def meant(name: str, value: object) -> object:
    """What a cell says, however it is written; None where it says nothing."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, int | float):
        return Decimal(str(value))
    cell = (value or "").strip()
    if cell in MISSING or (cell in NO_NUMBER and (NUMBERS.search(name) or DATES.search(name))):
        return None
    if DATES.search(name):
        try:
            return date.fromisoformat(cell[:10])
        except ValueError:
            return cell
    try:
        return Decimal(cell.replace(",", ""))
    except InvalidOperation:
        return cell


Change = tuple[str, str, str | None, str | None]


def plain_comparison(old: list[dict], new: list[dict], key: str) -> tuple[Counter, Counter, Counter]:
    """Appeared and disappeared keys, and (key, field, old, new) of what changed. Of several rows with one key those that
    differ least belong together."""
    shared = [name for name in new[0] if name in old[0]]
    before, after = defaultdict(list), defaultdict(list)
    for rows, groups in ((old, before), (new, after)):
        for row in rows:
            groups[text(row[key])].append(row)
    appeared, disappeared, changed = Counter(), Counter(), Counter()
    for name in before.keys() | after.keys():
        ours, theirs = list(before[name]), list(after[name])

        def differing(a: dict, b: dict) -> list[str]:
            return [field for field in shared if meant(field, a[field]) != meant(field, b[field])]

        while ours and theirs:
            a, b = min(((a, b) for a in ours for b in theirs), key=lambda pair: len(differing(*pair)))
            ours.remove(a)
            theirs.remove(b)
            changed.update((name, field, text(a[field]), text(b[field])) for field in differing(a, b))
        appeared[name] += len(theirs)
        disappeared[name] += len(ours)
    return +appeared, +disappeared, changed


# --- ours -----------------------------------------------------------------------------------------------------------


def version(registry: str, table: str, path: Path) -> Version:
    day = date.fromisoformat(path.stem[-10:])
    snapshot = Snapshot(
        registry=registry,
        table=table,
        file=path.name,
        sha256="0" * 64,
        size=0,
        observed_at=datetime(day.year, day.month, day.day, tzinfo=UTC),
        file_date=day,
        source_path="a test",
        asserted_by="a test",
        stored_as="",
    )
    return Version(snapshot, path.read_bytes)


@pytest.fixture(scope="module", params=PAIRS)
def compared(request, real_data, tmp_path_factory):
    """What the plain comparison finds, and what we do."""
    registry, table, old, new, key = PAIRS[request.param]
    paths = [real_data / "history" / name for name in (old, new)]
    with duckdb.connect() as con:
        rows = record_diff.compare(
            con,
            settings_in(tmp_path_factory.mktemp("real")),
            load_registries(CONFIGS)[registry],
            table,
            *(version(registry, table, path) for path in paths),
        ).to_pylist()
    return plain_comparison(*map(records, paths), key), rows, key


def key_of(row: dict, key: str) -> str:
    """The key as published: ours have the registry's prefix."""
    return row["record_key"].removeprefix("VCS") if key == "ID" else row["record_key"]


def test_records_that_appeared_and_disappeared_are_those_of_the_plain_comparison(compared):
    (appeared, disappeared, _), rows, key = compared
    for change, expected in (("appeared", appeared), ("disappeared", disappeared)):
        assert Counter(key_of(row, key) for row in rows if row["change"] == change) == expected
    assert appeared


def test_fields_that_changed_are_those_of_the_plain_comparison_and_no_others(compared):
    (*_, expected), rows, key = compared
    found = Counter(
        (key_of(row, key), field["field"], field["old"], field["new"])
        for row in rows
        if row["change"] == "changed"
        for field in row["fields"]
    )
    assert found - expected == Counter(), "nothing else"
    assert expected - found == Counter(), "every one"
    assert len(expected) > 500


def test_every_change_has_a_class_that_is_known_and_a_project(compared):
    _, rows, _ = compared
    assert {row["change_class"] for row in rows} <= set(CLASSES.gravest_first)
    assert all(row["project_id"] for row in rows)
    assert all(row["is_retroactive"] == (row["change_class"] in CLASSES.retroactive) for row in rows)
