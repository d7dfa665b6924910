"""Files of boundaries in the ledger of snapshots: each a table of its own, and what became of it."""

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops, landing
from carbon_assets.snapshots import ledger, schema
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot
from tests.kit.boundary_made import CUT, RULES, geojson, index, kml, shapefile, square
from tests.kit.building import settings_in
from tests.kit.remembering import REGISTRIES, snapshot


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def drop(settings: Settings, name: str, text: str) -> Snapshot:
    path = settings.drop / "boundaries" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return drops.take(settings, path, RULES)


def use(settings: Settings) -> None:
    """Read the shapes and mark the files that are in use, as the asset does."""
    for used in drops.read(settings, RULES).used:
        snapshots.accept(settings, used)


def told(settings: Settings) -> list[dict]:
    registries = [(registry.id, table) for registry in REGISTRIES.values() for table in registry.tables]
    rows = ledger.snapshots_table(settings, [*registries, *landing.tables(settings)])
    assert rows.schema == schema.SNAPSHOTS
    return rows.to_pylist()


def states(settings: Settings) -> list[tuple[str, str]]:
    return [(row["table"], row["state"]) for row in told(settings)]


def test_files_stand_under_boundaries_by_their_names_in_the_drop(settings):
    drop(settings, "VCS1.kml", kml(a=[square(0), square(2)]))
    drop(settings, "index.csv", index(("VCS2", "sierra")))
    drops.take(settings, shapefile(settings.drop / "boundaries" / "sierra", square(0)), RULES)
    snapshot(settings, 0)
    use(settings)
    rows = told(settings)
    assert [(r["registry"], r["table"], r["file"], r["state"], r["rows"], r["columns"]) for r in rows] == [
        ("boundaries", "VCS1.kml", "VCS1.kml", "in use", 2, None),
        ("boundaries", "index.csv", "index.csv", "in use", 1, ["project_id", "file", "layer", "note"]),
        ("boundaries", "sierra", "sierra.zip", "in use", 1, None),
        ("made-up", "projects", "projects.csv", "waiting", 1, ["ID"]),
    ]
    assert rows[0]["snapshot_id"].startswith("boundaries/VCS1.kml@")


def test_what_nobody_has_read_yet_waits(settings):
    drop(settings, "VCS1.kml", kml(a=[square(0)]))
    assert states(settings) == [("VCS1.kml", "waiting")]


def test_a_newer_file_supersedes_and_one_that_cannot_be_read_is_refused_with_the_reason(settings):
    for text in (geojson(square(0)), geojson(square(2)), geojson(square(2), indent=1), "{"):
        drop(settings, "VCS1.json", text)
        use(settings)
    drop(settings, "VCS2.kml", CUT)
    use(settings)
    assert states(settings) == [
        ("VCS1.json", "superseded"), ("VCS1.json", "in use"), ("VCS1.json", "repeated"), ("VCS1.json", "refused"),
        ("VCS2.kml", "refused"),
    ]  # fmt: skip
    assert [row["reason"] and row["reason"][:15] for row in told(settings)] == [
        None, None, None, "the JSON is bro", "the XML is brok",
    ]  # fmt: skip


def test_made_up_files_are_out_once_there_is_a_real_one(settings):
    settings.drop.mkdir()
    settings.drop.joinpath(snapshots.SYNTHETIC_MARK).touch()
    drop(settings, "VCS1.json", geojson(square(0)))
    use(settings)
    assert states(settings) == [("VCS1.json", "in use")]
    settings.drop.joinpath(snapshots.SYNTHETIC_MARK).unlink()
    drop(settings, "VCS2.json", geojson(square(0)))
    use(settings)
    assert states(settings) == [("VCS1.json", "made up"), ("VCS2.json", "in use")]
