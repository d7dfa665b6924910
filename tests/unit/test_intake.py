"""Which snapshot of a table is used: the newest that can be read, never a made-up one among real ones."""

from pathlib import Path

import duckdb
import pytest

from carbon_assets import intake, snapshots
from carbon_assets.config import Registry
from carbon_assets.settings import Settings
from tests.unit.building import settings_in

REGISTRY = Registry.model_validate(
    {
        "id": "made-up",
        "name": "Made Up",
        "project_prefix": "MUP",
        "tables": {
            "projects": {
                "files": "projects",
                "holds": "projects",
                "required": {"project_id": {"from": "ID", "prefix": "MUP"}, "name": "Name"},
            }
        },
    }
)
GOOD = "ID,Name\n1,Mill\n"
NEWER = "ID,Name\n1,Mill\n2,Bog\n"
BROKEN = "<html><title>503</title></html>"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def drop(settings: Settings, text: str, folder: str = "drop", *, synthetic: bool = False) -> None:
    path = settings.drop.with_name(folder) / "made-up" / "projects.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    if synthetic:
        Path(path.parent.parent / snapshots.SYNTHETIC_MARK).touch()
    path.write_text(text)
    snapshots.take(settings, path, "made-up", "projects")


def take_in(settings: Settings) -> intake.Intake:
    with duckdb.connect() as con:
        return intake.take_in(con, settings, REGISTRY, "projects")


def test_a_table_that_no_drop_has_brought_is_absent(settings):
    taken = take_in(settings)
    assert (taken.state, taken.snapshot, taken.result, taken.refusal) == ("absent", None, None, None)
    assert len(intake.rows_in_use(REGISTRY, "projects", taken)) == 0


def test_the_newest_snapshot_is_used(settings):
    drop(settings, GOOD)
    drop(settings, NEWER)
    taken = take_in(settings)
    assert (taken.state, taken.refusal, len(taken.result.rows)) == ("fresh", None, 2)


def test_after_a_refusal_the_last_good_snapshot_is_used_and_the_newest_reason_told(settings):
    drop(settings, GOOD)
    drop(settings, "ID\n1\n")
    drop(settings, BROKEN)
    taken = take_in(settings)
    assert taken.state == "refused" and "web page" in taken.refusal
    assert taken.result.rows.column("name").to_pylist() == ["Mill"]


def test_a_refused_file_without_a_good_one_leaves_an_empty_table(settings):
    drop(settings, BROKEN)
    taken = take_in(settings)
    assert taken.state == "refused" and taken.result is None
    assert len(intake.rows_in_use(REGISTRY, "projects", taken)) == 0


def test_a_refused_real_file_does_not_bring_a_made_up_one_back(settings):
    drop(settings, GOOD, folder="samples", synthetic=True)
    assert take_in(settings).state == "fresh"
    drop(settings, BROKEN)
    taken = take_in(settings)
    assert (taken.state, taken.result) == ("refused", None)
