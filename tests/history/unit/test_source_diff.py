"""A registry publishes in another layout: nothing that is the same has changed, what it only writes otherwise is one line per column,
and what really differs is told as ever."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from carbon_assets.history import record_diff, schema
from carbon_assets.history.sides import Version
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot
from tests.kit.building import csv_of, settings_in
from tests.kit.engine import connection

OLD_DAY, NEW_DAY = datetime(2024, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
PROJECTS = {
    "files": "projects",
    "holds": "projects",
    "layouts": [
        {
            "name": "old",
            "required": {"project_id": "Project", "name": "Name", "status_raw": "Status"},
            "optional": {"region": "Region"},
        },
        {"name": "new", "required": {"project_id": "id", "name": "title", "status_raw": "state"}},
    ],
}
RETIREMENTS = {
    "files": "retirements",
    "holds": "credits",
    "constants": {"transaction_type": "retirement"},
    "key": ["serial_number"],
    "layouts": [
        {
            "name": "old",
            "required": {
                "project_id": "Project", "quantity": "Tonnes", "transaction_date": "Day", "serial_number": "Serial",
            },
            "optional": {"retirement_reason": "Reason", "vintage_end": "To"},
        },
        {
            "name": "new",
            "required": {"project_id": "id", "quantity": "tonnes", "transaction_date": "day", "serial_number": "serial"},
            "optional": {"retirement_reason": "why"},
        },
    ],
}  # fmt: skip
MADE_UP = Registry(
    id="made-up", name="Made up", tables={"projects": Table(**PROJECTS), "retirements": Table(**RETIREMENTS)}
)


def version(table: str, rows: list[dict], at: datetime) -> Version:
    snapshot = Snapshot(
        registry="made-up", table=table, file=f"{table}.csv", sha256="0" * 64, size=0, observed_at=at,
        source_path="a test", asserted_by="a test", stored_as="",
    )  # fmt: skip
    return Version(snapshot, csv_of(rows).encode)


@pytest.fixture
def compare(tmp_path):
    """The changes from some rows to others, as tuples of record, change, class, tonnes and fields."""

    def compare(table: str, old: list[dict], new: list[dict]) -> list[tuple]:
        with connection() as con:
            versions = version(table, old, OLD_DAY), version(table, new, NEW_DAY)
            rows: pa.Table = record_diff.compare(con, settings_in(tmp_path), MADE_UP, table, *versions)
        assert rows.schema.equals(schema.REGISTRY_CHANGES)
        return [
            (
                row["record_key"], row["change"], row["change_class"], row["is_retroactive"], row["quantity"],
                [(field["field"], field["old"], field["new"]) for field in row["fields"] or []],
            )
            for row in rows.to_pylist()
        ]  # fmt: skip

    return compare


def old(serial: str, **changes: str) -> dict:
    cells = {
        "Project": "MUP1",
        "Tonnes": "100",
        "Day": "2024-01-02",
        "Serial": serial,
        "Reason": "Third party",
        "To": "",
    }
    return cells | changes


def new(serial: str, **changes: str) -> dict:
    return {"id": "MUP1", "tonnes": "100", "day": "2024-01-02", "serial": serial, "why": "Third party"} | changes


def test_the_same_events_are_no_change(compare):
    assert compare("retirements", [old("A"), old("B", To="2023-12-31")], [new("B"), new("A")]) == []


def test_what_is_only_written_otherwise_is_one_line_per_column(compare):
    rows = [
        [old("A"), old("B"), old("C")],
        [new("A", why="Benefit"), new("B", why="Benefit"), new("C", day="2024-01-01")],
    ]
    assert compare("retirements", *rows) == [
        ("1 record", "changed", "source changed", False, None, [("day", "2024-01-02", "2024-01-01")]),
        ("2 records", "changed", "source changed", False, None, [("why", "Third party", "Benefit")]),
    ]


@pytest.mark.parametrize(
    ("changes", "of", "field"),
    [
        ({"tonnes": "90"}, "quantity restated", ("tonnes", "100.000000", "90.000000")),
        ({"day": "2024-01-05"}, "vintage or date moved", ("day", "2024-01-02", "2024-01-05")),
    ],
)
def test_what_really_differs_is_one_retroactive_change(compare, changes, of, field):
    """Beside the reason, which is worded otherwise in all records."""
    made = compare("retirements", [old("A"), old("B")], [new("A", why="x"), new("B", why="x", **changes)])
    assert [row[:4] for row in made] == [
        ("2 records", "changed", "source changed", False), ("B", "changed", of, True)
    ]  # fmt: skip
    assert made[1][5] == [field]


def test_an_event_that_only_one_file_has_came_or_disappeared(compare):
    made = compare("retirements", [old("A"), old("B")], [new("A"), new("C")])
    assert [row[:5] for row in made] == [
        ("B", "disappeared", "transaction disappeared", True, 100),
        ("C", "appeared", "new retirement", False, 100),
    ]


@pytest.mark.parametrize(
    ("was", "now", "of"),
    [
        ("Registered", "registered", "source changed"),
        ("Registered", "a word that nobody knows", "source changed"),
        ("Registered", "Listed", "status moved backwards"),
        ("Listed", "Registered", "status changed"),
    ],
)
def test_another_status_is_one_where_both_words_are_known(compare, was, now, of):
    before = [{"Project": "MUP1", "Name": "Peat", "Status": was, "Region": "North"}]
    (row,) = compare("projects", before, [{"id": "MUP1", "title": "Peat", "state": now}])
    assert row[2] == of
    assert row[5] == [("state", was, now)]


def test_a_project_that_is_gone_is_told(compare):
    before = [{"Project": f"MUP{n}", "Name": "Peat", "Status": "Listed", "Region": ""} for n in (1, 2)]
    made = compare("projects", before, [{"id": "MUP1", "title": "Peat", "state": "Listed"}])
    assert [row[:4] for row in made] == [("MUP2", "disappeared", "project disappeared", True)]
