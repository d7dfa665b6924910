"""The ledger of snapshots: what became of every file that was ever taken."""

from datetime import date

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.snapshots import ledger, schema
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Contents, Release, Snapshot
from tests.kit.building import settings_in
from tests.kit.remembering import REGISTRIES, at, snapshot

UNREADABLE = Contents(unreadable="the file is empty")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def accepted(settings: Settings, day: int, **changes: object) -> Snapshot:
    taken = snapshot(settings, day, **changes)
    snapshots.accept(settings, taken)
    return taken


def held(settings: Settings, day: int, reason: str = "half of its rows are gone") -> Snapshot:
    taken = snapshot(settings, day)
    snapshots.hold(settings, taken, reason)
    return taken


def told(settings: Settings) -> list[dict]:
    tables = [(registry.id, table) for registry in REGISTRIES.values() for table in registry.tables]
    rows = ledger.snapshots_table(settings, tables)
    assert rows.schema == schema.SNAPSHOTS
    return rows.to_pylist()


def states(settings: Settings) -> list[str]:
    """Of each snapshot, oldest first."""
    return [row["state"] for row in told(settings)]


def test_without_snapshots_it_is_empty(settings):
    assert told(settings) == []


def test_a_row_says_what_the_manifest_says(settings):
    contents = Contents(rows=7, columns=("ID", "Name"), records="r")
    taken = accepted(settings, 2, contents=contents, file_date=date(2024, 1, 3))
    assert told(settings) == [
        {
            "registry": "made-up", "table": "projects", "snapshot": taken.name, "snapshot_id": "made-up/projects@r",
            "state": "in use", "reason": None, "is_synthetic": False, "file": "projects.csv",
            "source_path": "/drop/made-up/projects.csv", "asserted_by": "a test", "observed_at": at(2),
            "file_date": date(2024, 1, 3), "sha256": taken.sha256, "size_bytes": 9, "rows": 7,
            "columns": ["ID", "Name"], "released_by": None, "release_reason": None, "released_at": None,
        }
    ]  # fmt: skip


def test_what_nobody_judged_waits(settings):
    snapshot(settings, 0)
    snapshot(settings, 1, contents=None)
    assert states(settings) == ["waiting", "waiting"]
    assert [row["rows"] for row in told(settings)] == [1, None]


def test_the_newest_accepted_one_is_in_use(settings):
    for day in range(3):
        accepted(settings, day)
    snapshot(settings, 3)
    assert states(settings) == ["superseded", "superseded", "in use", "waiting"]


def test_the_same_records_are_repeated(settings):
    accepted(settings, 0, records="same")
    snapshot(settings, 1, records="same")
    snapshot(settings, 2, records="other")
    snapshot(settings, 3, records="same")
    assert states(settings) == ["in use", "repeated", "waiting", "waiting"]


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(settings):
    accepted(settings, 0)
    snapshot(settings, 1, contents=UNREADABLE)
    snapshot(settings, 2, contents=UNREADABLE)
    assert states(settings) == ["in use", "refused", "refused"]
    row = told(settings)[1]
    assert (row["reason"], row["snapshot_id"], row["rows"], row["columns"]) == ("the file is empty", None, None, None)


def test_a_file_that_moved_too_far_is_held_back_with_the_reason(settings):
    accepted(settings, 0)
    held(settings, 1)
    assert states(settings) == ["in use", "held back"]
    assert told(settings)[1]["reason"] == "half of its rows are gone"


def test_it_is_held_back_for_ever_unless_somebody_lets_it_through(settings):
    held(settings, 0)
    accepted(settings, 1)
    assert states(settings) == ["held back", "in use"]


def test_who_let_it_through_is_told(settings):
    accepted(settings, 0)
    taken = held(settings, 1)
    snapshots.release(settings, taken, Release(by="ana", reason="they merged two lists", at=at(2)))
    assert states(settings) == ["in use", "waiting"]
    snapshots.accept(settings, taken)
    assert states(settings) == ["superseded", "in use"]
    row = told(settings)[1]
    assert (row["released_by"], row["release_reason"], row["reason"]) == ("ana", "they merged two lists", None)
    assert row["released_at"] == at(2)


def test_what_was_not_used_when_a_newer_one_was_accepted_is_overtaken(settings):
    snapshot(settings, 0)
    accepted(settings, 1)
    assert states(settings) == ["overtaken", "in use"]


def test_invented_files_are_out_once_there_is_a_real_one(settings):
    accepted(settings, 0, is_synthetic=True)
    snapshot(settings, 1, is_synthetic=True)
    assert states(settings) == ["in use", "waiting"]
    accepted(settings, 2)
    assert states(settings) == ["made up", "made up", "in use"]
    assert [row["is_synthetic"] for row in told(settings)] == [True, True, False]


def test_an_invented_file_does_not_supersede_a_real_one(settings):
    accepted(settings, 0)
    accepted(settings, 1, is_synthetic=True)
    assert states(settings) == ["in use", "made up"]


def test_a_real_file_of_another_registry_counts_too(settings):
    accepted(settings, 0, is_synthetic=True)
    snapshot(settings, 1, "other/projects")
    assert states(settings) == ["made up", "waiting"]


def test_tables_do_not_touch_each_other(settings):
    accepted(settings, 0, source="made-up/projects", records="same")
    accepted(settings, 1, source="made-up/more_projects", records="same")
    snapshot(settings, 2, "other/projects")
    found = [(row["registry"], row["table"], row["state"]) for row in told(settings)]
    assert found == [
        ("made-up", "more_projects", "in use"), ("made-up", "projects", "in use"), ("other", "projects", "waiting"),
    ]  # fmt: skip
