"""Boundaries in the landing folder: files and folders of a shapefile, which are whole, and what becomes of them."""

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops
from carbon_assets.boundaries import landing as boundaries_landing
from carbon_assets.geo import files as boundary_files
from carbon_assets.platform import sensors
from carbon_assets.platform.checks import READABLE
from carbon_assets.snapshots import landing
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import Rejected, Taken
from tests.kit.boundary_made import CUT, geojson, index, kml, shapefile, square
from tests.kit.building import CONFIGS
from tests.kit.small_graph import graph, key
from tests.kit.two_registries import described_in, land, projects

SHAPES = "normalized/boundaries/shapes"


@pytest.fixture
def settings(tmp_path) -> Settings:
    settings = described_in(tmp_path)
    shutil.copytree(CONFIGS / "boundaries", settings.configs / "boundaries")
    return settings


def land_folder(settings: Settings, name: str, *wests: float, at: int | None = None) -> Path:
    """A folder with a shapefile, all of it changed at that second after the epoch."""
    folder = shapefile(settings.landing / "boundaries" / name, *map(square, wests))
    if at is not None:
        changed(folder, at)
    return folder


def changed(folder: Path, at: int) -> None:
    for path in [*folder.iterdir(), folder]:
        os.utime(path, (at, at))


def whole(settings: Settings, seen: landing.Seen) -> list[str]:
    return [str(path.relative_to(settings.landing)) for path in landing.look(settings, [boundaries_landing], seen)[0]]


def take(settings: Settings, *paths: Path) -> list[Taken | Rejected]:
    return list(landing.take(settings, [boundaries_landing], list(paths)))


def left(settings: Settings) -> list[str]:
    """Everything in the landing folder that is not moved aside."""
    paths = [path for path in settings.landing.rglob("*") if path.is_file() or path.is_symlink()]
    names = [str(path.relative_to(settings.landing)) for path in paths]
    return sorted(name for name in names if not name.startswith(landing.REJECTED))


# --- which are whole ------------------------------------------------------------------------------------------------


def test_a_file_is_whole_when_it_stands_as_the_look_before(settings):
    land(settings, "boundaries/VCS1.kml", CUT, at=10)
    files, seen = landing.look(settings, [boundaries_landing], {})
    assert (files, list(seen)) == ([], ["boundaries/VCS1.kml"])
    assert whole(settings, seen) == ["boundaries/VCS1.kml"]
    land(settings, "boundaries/VCS1.kml", kml(a=[square(0)]), at=11)
    assert whole(settings, seen) == []


def test_a_folder_is_whole_when_all_in_it_stands_as_the_look_before(settings):
    folder = land_folder(settings, "VCS1", 0, at=10)
    files, seen = landing.look(settings, [boundaries_landing], {})
    assert (files, list(seen)) == ([], ["boundaries/VCS1"])
    assert whole(settings, seen) == ["boundaries/VCS1"]
    shapes = folder / "area.shp"
    shapes.write_bytes(shapes.read_bytes() + b"\0")
    changed(folder, 10)
    assert whole(settings, seen) == [], "a file of it is longer"
    shapes.write_bytes(shapes.read_bytes()[:-1])
    changed(folder, 10)
    assert whole(settings, seen) == ["boundaries/VCS1"]
    os.utime(shapes, (11, 11))
    assert whole(settings, seen) == [], "a file of it was rewritten at the same length"
    changed(folder, 10)
    (folder / "area.prj").touch()
    changed(folder, 10)
    os.utime(folder, (12, 12))
    assert whole(settings, seen) == [], "an empty file came"


def test_a_marker_says_at_once_that_a_folder_is_whole(settings):
    land_folder(settings, "VCS1", 0, at=10)
    land_folder(settings, "VCS2", 0, at=12)
    land(settings, "boundaries/VCS1.done", "", at=10)
    land(settings, "boundaries/VCS2.done", "", at=11)
    assert whole(settings, {}) == ["boundaries/VCS1"], "the other marker is older than its folder"


def test_only_boundaries_come_in_folders(settings):
    land_folder(settings, ".VCS1", 0)
    shapefile(settings.landing / "made-up" / "projects", square(0))
    assert landing.look(settings, [boundaries_landing], {}) == ([], {})


def test_a_link_in_a_folder_that_leads_nowhere_does_not_hide_the_folder(settings):
    folder = land_folder(settings, "VCS1", 0)
    (folder / "area.cpg").unlink(missing_ok=True)
    (folder / "area.cpg").symlink_to(folder / "nothing")
    _, seen = landing.look(settings, [boundaries_landing], {})
    assert whole(settings, seen) == ["boundaries/VCS1"]
    (rejected,) = take(settings, folder)
    assert rejected.reason == "area.cpg is a symbolic link: put the file itself there"


# --- taking ---------------------------------------------------------------------------------------------------------


def test_a_file_moves_into_the_store(settings):
    content = kml(a=[square(0), square(2)])
    path = land(settings, "boundaries/VCS1.kml", content)
    land(settings, "boundaries/VCS1.kml.done", "")
    land(settings, "boundaries/.done", "")
    (taken,) = take(settings, path)
    snapshot = snapshots.current(settings, "boundaries", "VCS1.kml")
    assert taken == Taken(snapshot, is_news=True, asset=SHAPES)
    assert snapshot.content(settings).decode() == content
    assert (snapshot.source_path, snapshot.contents.rows, snapshot.is_synthetic) == (str(path), 2, False)
    assert left(settings) == []


def test_a_folder_moves_into_the_store_as_a_zip(settings):
    folder = land_folder(settings, "sierra", 0, 2)
    land(settings, "boundaries/sierra.done", "")
    packed = boundary_files.pack(folder)
    (taken,) = take(settings, folder)
    assert (taken.snapshot.table, taken.snapshot.file, taken.snapshot.contents.rows) == ("sierra", "sierra.zip", 2)
    assert taken.snapshot.content(settings) == packed and taken.is_news
    assert not folder.exists() and left(settings) == []


def test_the_index_moves_into_the_store(settings):
    (taken,) = take(settings, land(settings, "boundaries/index.csv", index(("VCS1", "a.kml"), ("VCS2", "b.kml"))))
    assert (taken.snapshot.table, taken.snapshot.contents.rows, taken.is_news) == ("index.csv", 2, True)
    assert drops.names(settings) == ["index.csv"]
    assert left(settings) == []


def test_the_same_shapes_are_kept_and_are_no_news(settings):
    contents = [
        geojson(square(0), square(2)),
        geojson(square(0), square(2)),
        geojson(square(2), square(0), indent=1),
        geojson(square(4)),
        geojson(square(0), square(2)),
    ]
    news = [take(settings, land(settings, "boundaries/VCS1.json", text))[0].is_news for text in contents]
    assert news == [True, False, False, True, True]
    assert len(snapshots.history(settings, "boundaries", "VCS1.json")) == 4, "the same bytes once, other bytes each"
    assert left(settings) == []


def test_the_same_folder_is_no_news(settings):
    assert [take(settings, land_folder(settings, "VCS1", 0, at=at))[0].is_news for at in (10, 20)] == [True, False]
    assert left(settings) == []


# --- moving aside ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("VCS1.kml", CUT, "the XML is broken in line 1"),
        ("VCS1.kml", "<html><title>503</title></html>", "found a web page titled '503'"),
        ("VCS1.zip", "", "the file is empty"),
        ("index.csv", "name,path\na,b\n", "missing column 'project_id'"),
        ("VCS1.shp", "", "expected index.csv, a folder with a shapefile, or .kml .kmz .geojson .json .gpkg .zip"),
        ("VCS1", "", "expected index.csv, a folder with a shapefile, or .kml"),
        ("list.csv", "", "expected index.csv, a folder with a shapefile, or .kml"),
    ],
)
def test_a_file_that_cannot_be_used_is_moved_aside_with_the_reason(settings, name, content, reason):
    path = land(settings, f"boundaries/{name}", content)
    land(settings, f"boundaries/{name}.done", "")
    good = land(settings, "boundaries/VCS2.kml", kml(a=[square(0)]))
    rejected, taken = sorted(take(settings, path, good), key=lambda outcome: isinstance(outcome, Taken))
    assert reason in rejected.reason and rejected.asset == SHAPES
    assert rejected.path.parent == settings.landing / ".rejected" / "boundaries"
    assert rejected.path.name.endswith(f"Z-{name}") and rejected.path.read_text() == content
    assert rejected.path.with_name(f"{rejected.path.name}.reason.txt").read_text() == f"{rejected.reason}\n"
    assert left(settings) == []
    assert drops.names(settings) == ["VCS2.kml"] and taken.snapshot.table == "VCS2.kml", "the other is taken"


def test_a_folder_without_a_shapefile_is_moved_aside_as_it_is(settings):
    folder = land(settings, "boundaries/VCS1/readme.txt", "later").parent
    land(settings, "boundaries/VCS1/part/area.shp", "")
    (rejected,) = take(settings, folder)
    assert rejected.reason == "the folder must hold exactly one .shp file; found none"
    assert (rejected.asset, rejected.path.is_dir()) == (SHAPES, True)
    assert (rejected.path / "readme.txt").read_text() == "later" and (rejected.path / "part" / "area.shp").exists()
    assert rejected.path.with_name(f"{rejected.path.name}.reason.txt").read_text() == f"{rejected.reason}\n"
    assert not folder.exists() and drops.names(settings) == []
    assert landing.look(settings, [boundaries_landing], {}) == ([], {})


def test_a_folder_with_a_broken_shapefile_is_moved_aside(settings):
    folder = land_folder(settings, "VCS1", 0)
    (folder / "area.shp").write_bytes((folder / "area.shp").read_bytes()[:60])
    (rejected,) = take(settings, folder)
    assert rejected.asset == SHAPES and (rejected.path / "area.shp").stat().st_size == 60
    assert not folder.exists() and drops.names(settings) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_is_moved_aside_and_what_it_leads_to_stays(settings, tmp_path, kind):
    target = shapefile(tmp_path / "elsewhere", square(0))
    target = target / "area.shp" if kind == "file" else target
    link = settings.landing / "boundaries" / "VCS1.zip"
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    (rejected,) = take(settings, link)
    assert "is a link, which is not followed" in rejected.reason and rejected.path.is_symlink()
    assert (tmp_path / "elsewhere" / "area.shp").exists()
    assert left(settings) == [] and drops.names(settings) == []


def test_a_folder_that_vanishes_meanwhile_is_nothing(settings):
    gone, good = land_folder(settings, "VCS1", 0), land_folder(settings, "VCS2", 0)
    shutil.rmtree(gone)
    (taken,) = take(settings, gone, good)
    assert taken.snapshot.table == "VCS2"
    assert left(settings) == []


# --- the sensor -----------------------------------------------------------------------------------------------------


def look(settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    defs = graph(settings)
    context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=defs.get_repository_def())
    return defs.resolve_sensor_def(sensors.NAME)(context)


@pytest.mark.parametrize("name", ["VCS1.kml", "VCS1.txt"])
def test_a_boundary_that_is_moved_aside_fails_the_check_of_the_shapes(settings, name):
    land(settings, f"boundaries/{name}", CUT)
    land(settings, "made-up/projects.csv", projects("Mill"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = look(settings, instance, look(settings, instance).cursor)
    (check,) = result.asset_events
    assert (check.asset_key, check.check_name) == (key("normalized/boundaries/shapes"), READABLE)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.metadata["moved to"].value.startswith(str(settings.landing / ".rejected" / "boundaries"))
    (request,) = result.run_requests
    assert key("normalized/made-up/projects") in request.asset_selection, "the others are taken"


def test_a_boundary_that_was_taken_asks_for_a_run_and_the_same_shapes_for_none(settings):
    with dg.DagsterInstance.ephemeral() as instance:
        keys, cursor = [], None
        for text in (geojson(square(0)), geojson(square(0), indent=1), geojson(square(2)), geojson(square(0))):
            land(settings, "boundaries/VCS1.geojson", text)
            for _ in range(2):
                result = look(settings, instance, cursor)
                cursor = result.cursor
            keys.append([request.run_key for request in result.run_requests])
    assert [len(each) for each in keys] == [1, 0, 1, 1]
    assert len({each[0] for each in keys if each}) == 3
