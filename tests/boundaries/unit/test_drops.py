"""Boundaries in drops and in the raw store: which files are taken, whose they are, which are in use, what is told of others."""

import json
import os
import shutil
from pathlib import Path

import pytest
import shapely

from carbon_assets.base import readers
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops, schema
from carbon_assets.boundaries.drops import project_of
from carbon_assets.geo import files as boundary_files
from carbon_assets.geo.files import Limits
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot
from tests.kit.boundary_made import CUT, RULES, geojson, index, kml, shapefile, square
from tests.kit.building import settings_in
from tests.kit.places import REAL_DATA

KNOWN_LAYERS = {"north": [square(0)], "south": [square(4), square(6)]}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def put(settings: Settings, name: str, content: str | bytes) -> Path:
    """Write a file `boundaries/<name>` of the drop."""
    path = settings.drop / "boundaries" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def drop(settings: Settings, name: str, content: str | bytes) -> Snapshot:
    return drops.take(settings, put(settings, name, content), RULES)


def read(settings: Settings, rules=RULES) -> drops.Read:
    made = drops.read(settings, rules)
    assert made.shapes.schema == schema.BOUNDARY_SHAPES
    assert made.faults.schema == schema.BOUNDARY_FAULTS
    return made


def drawn(settings: Settings) -> dict[str, list[tuple[str, float]]]:
    """Of each project: the file and the west edge of each shape."""
    found: dict[str, list[tuple[str, float]]] = {}
    for row in read(settings).shapes.to_pylist():
        west = shapely.bounds(shapely.from_wkb(row["geometry"]))[0]
        found.setdefault(row["project_id"], []).append((row["file"], west))
    return found


def faults(settings: Settings) -> list[tuple[str, int | None, str | None]]:
    return [(row["file"], row["line"], row["project_id"]) for row in told(settings)]


def told(settings: Settings) -> list[dict]:
    """The faults, without the columns that only rows of tables fill."""
    rows = read(settings).faults.to_pylist()
    assert all((row.pop("registry"), row.pop("table")) == ("boundaries", row["file"]) for row in rows)
    unfilled = [row.pop(name) for row in rows for name in ("column", "value", "quantity", "record")]
    assert set(unfilled) <= {None}
    return rows


def stored(settings: Settings, name: str) -> list[Path]:
    """The files of boundaries as kept, without what is said of them."""
    marks = (".json", ".accepted", ".lock")
    return [path for path in settings.raw("boundaries", name).iterdir() if not path.name.endswith(marks)]


# --- what is found in a drop ----------------------------------------------------------------------------------------


def test_files_of_the_known_kinds_folders_and_the_index_are_found_in_order_of_name(settings):
    names = ["VCS1.kml", "VCS2.KMZ", "VCS3.geojson", "VCS4.json", "VCS5.gpkg", "VCS6.Zip", "index.csv"]
    for name in names:
        put(settings, name, "")
    shapefile(settings.drop / "boundaries" / "VCS0", square(0))
    assert [path.name for path in drops.files_in(settings.drop)] == ["VCS0", *names]


def test_hidden_files_links_and_other_names_are_not_found(settings, tmp_path):
    for name in ("VCS1.shp", "VCS1.csv", "readme.txt", "VCS1", ".VCS1.kml", "Index.csv.bak"):
        put(settings, name, "")
    (settings.drop / "boundaries" / ".folder").mkdir()
    (tmp_path / "elsewhere.kml").write_text("")
    (settings.drop / "boundaries" / "VCS2.kml").symlink_to(tmp_path / "elsewhere.kml")
    (settings.drop / "boundaries" / "VCS3").symlink_to(tmp_path)
    (settings.drop / "boundaries" / "index.csv").symlink_to(tmp_path / "elsewhere.kml")
    assert drops.files_in(settings.drop) == []


def test_a_drop_may_have_no_folder_of_boundaries(settings):
    assert drops.files_in(settings.drop) == []
    made = read(settings)
    assert (len(made.shapes), len(made.faults), made.used) == (0, 0, ())
    assert drops.version(settings) == ""


# --- taking ---------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_with_the_number_of_its_shapes(settings):
    taken = drop(settings, "VCS1.kml", kml(**KNOWN_LAYERS))
    assert (taken.registry, taken.table, taken.file) == ("boundaries", "VCS1.kml", "VCS1.kml")
    assert taken.contents.rows == 3 and taken.contents.unreadable is None
    assert taken.snapshot_id == f"boundaries/VCS1.kml@{taken.contents.records}"
    assert taken.content(settings).decode() == kml(**KNOWN_LAYERS)


def test_a_file_that_cannot_be_read_is_kept_with_the_reason(settings):
    taken = drop(settings, "VCS1.kml", CUT)
    assert "the XML is broken in line 1" in taken.contents.unreadable
    assert (taken.contents.rows, taken.snapshot_id) == (None, None)
    assert taken.content(settings).decode() == CUT


def test_the_limits_of_the_rules_hold(settings):
    rules = RULES.model_copy(update={"limits": Limits(max_vertices=4)})
    taken = drops.take(settings, put(settings, "VCS1.geojson", geojson(square(0))), rules)
    assert "more vertices than the 4 allowed" in taken.contents.unreadable
    assert len(read(settings).shapes) == 1, "once more are allowed it is used"
    assert len(read(settings, rules).shapes) == 0


def test_a_folder_is_kept_as_a_zip_that_does_not_depend_on_file_times(settings):
    folder = shapefile(settings.drop / "boundaries" / "VCS1", square(0), square(2))
    first = drops.take(settings, folder, RULES)
    assert (first.table, first.file, first.contents.rows) == ("VCS1", "VCS1.zip", 2)
    assert first.content(settings) == boundary_files.pack(folder)
    for path in folder.iterdir():
        os.utime(path, (10, 10))
    (folder / "notes.docx").write_text("nothing of a shapefile")
    assert drops.take(settings, folder, RULES) == first
    assert len(stored(settings, "VCS1")) == 1


def test_a_folder_without_a_shapefile_is_not_taken(settings):
    folder = put(settings, "VCS1/notes.txt", "").parent
    with pytest.raises(readers.UnreadableFile, match=r"exactly one \.shp"):
        drops.take(settings, folder, RULES)
    assert drops.names(settings) == []


def test_the_same_bytes_are_stored_once(settings):
    one, other = geojson(square(0)), geojson(square(2))
    first = drop(settings, "VCS1.geojson", one)
    assert drop(settings, "VCS1.geojson", one) == first
    drop(settings, "VCS1.geojson", other)
    again = drop(settings, "VCS1.geojson", one)
    assert again != first and again.stored_as == first.stored_as
    assert len(stored(settings, "VCS1.geojson")) == 2
    assert len(snapshots.history(settings, "boundaries", "VCS1.geojson")) == 3


def test_the_same_shapes_in_another_order_and_layout_are_the_same(settings):
    first = drop(settings, "VCS1.geojson", geojson(square(0), square(2)))
    version = drops.version(settings)
    again = drop(settings, "VCS1.geojson", geojson(square(2), square(0), indent=2))
    assert again.name != first.name and again.snapshot_id == first.snapshot_id
    assert drops.version(settings) == version != ""


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(geojson(square(0), square(2.0001)), id="another place"),
        pytest.param(geojson(square(0)), id="one less"),
        pytest.param(geojson(square(0), square(2), square(2)), id="one twice"),
        pytest.param(geojson(square(0), square(2), name="other"), id="another layer"),
        pytest.param(CUT, id="unreadable"),
    ],
)
def test_other_shapes_are_another_version(settings, other):
    first = drop(settings, "VCS1.geojson", geojson(square(0), square(2)))
    version = drops.version(settings)
    assert drop(settings, "VCS1.geojson", other).snapshot_id != first.snapshot_id
    assert drops.version(settings) not in (version, "")


def test_another_coordinate_reference_system_is_another_version(settings):
    folder = settings.drop / "boundaries" / "VCS1"
    ids = [
        drops.take(settings, shapefile(folder, square(0), crs=crs), RULES).snapshot_id
        for crs in ("EPSG:4326", "EPSG:4674")
    ]
    assert len(set(ids)) == 2


def test_the_version_follows_files_that_come_and_shapes_that_come_back(settings):
    versions = []
    for name, west in (("VCS1", 0), ("VCS2", 0), ("VCS1", 1), ("VCS1", 0)):
        drop(settings, f"{name}.geojson", geojson(square(west)))
        versions.append(drops.version(settings))
    assert len(set(versions)) == 4


def test_the_rows_of_an_index_in_another_order_are_the_same(settings):
    first = drop(settings, "index.csv", index(("VCS1", "a.kml"), ("VCS2", "b.kml")))
    assert first.contents.rows == 2
    assert first.contents.columns == ("project_id", "file", "layer", "note")
    again = drop(settings, "index.csv", index(("VCS2", "b.kml"), ("VCS1", "a.kml")))
    assert again.snapshot_id == first.snapshot_id
    assert drop(settings, "index.csv", index(("VCS2", "b.kml"))).snapshot_id != first.snapshot_id


# --- files that are named by their project --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "project"),
    [
        ("VCS832.kml", "VCS832"), ("vcs832.KML", "VCS832"), ("Vcs832.GeoJSON", "VCS832"), ("VCS832", "VCS832"),
        ("VCS832 .kml", "VCS832"), ("isoza01.json", "ISOZA01"), ("GLD-12_b.zip", "GLD-12_B"), ("vcs832.kml.kml", "VCS832"), ("vcs832.shp.zip", "VCS832"),
        ("mata alta.kml", "mata alta"), ("sierra_morada", "sierra_morada"), ("832.kml", "832"),
    ],
)  # fmt: skip
def test_the_project_that_a_file_is_named_by(name, project):
    assert project_of(name) == project


def test_every_shape_of_every_layer_is_a_row(settings):
    taken = drop(settings, "vcs1.kml", kml(**KNOWN_LAYERS))
    rows = read(settings).shapes.to_pylist()
    assert [
        {**row, "geometry": shapely.from_wkb(row["geometry"])} for row in sorted(rows, key=lambda r: r["layer"])
    ] == [
        {
            "project_id": "VCS1", "file": "vcs1.kml", "layer": layer, "feature": feature, "geometry": shape,
            "source_crs": "EPSG:4326", "crs_source": "format", "stated_ha": None, "stated_by": None, "notes": None,
            "snapshot_id": taken.snapshot_id,
        }
        for layer, shapes in KNOWN_LAYERS.items() for feature, shape in enumerate(shapes, 1)
    ]  # fmt: skip


def test_rows_in_are_rows_out_in_order_of_projects(settings):
    wanted = 0
    for n in (3, 1, 2):
        wanted += drop(settings, f"VCS{n}.kml", kml(a=[square(n)] * n, b=[square(9, n)] * 5)).contents.rows
    shapes = read(settings).shapes
    assert len(shapes) == wanted == 21
    assert shapes["project_id"].to_pylist() == ["VCS1"] * 6 + ["VCS2"] * 7 + ["VCS3"] * 8
    assert [snapshot.table for snapshot in read(settings).used] == ["VCS1.kml", "VCS2.kml", "VCS3.kml"]


def test_what_was_needed_to_read_a_shape_is_kept(settings):
    open_ring = '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}'
    drop(settings, "VCS1.geojson", open_ring)
    assert read(settings).shapes["notes"].to_pylist() == [["1 ring was not closed"]]


# --- the coordinate reference system --------------------------------------------------------------------------------


def test_the_declared_system_is_that_of_one_file_only_and_the_default_that_of_others(settings):
    for name in ("VCS1", "VCS2"):
        drops.take(settings, shapefile(settings.drop / "boundaries" / name, square(0)), RULES)
    drops.take(settings, shapefile(settings.drop / "boundaries" / "VCS3", square(0), crs="EPSG:4674"), RULES)
    drop(settings, "VCS4.geojson", geojson(square(0)))
    declared = {"crs": "EPSG:31981", "reason": "the project description"}
    rules = type(RULES).model_validate(
        {
            **RULES.model_dump(),
            "default_crs": "EPSG:4618",
            "declared_crs": {name: declared for name in ("VCS1", "VCS3", "VCS4.geojson")},
        }
    )
    rows = read(settings, rules).shapes.to_pylist()
    assert {row["project_id"]: (row["source_crs"], row["crs_source"]) for row in rows} == {
        "VCS1": ("EPSG:31981", "config"), "VCS2": ("EPSG:4618", "config"), "VCS3": ("EPSG:4674", "file"),
        "VCS4": ("EPSG:4326", "format"),
    }  # fmt: skip


# --- the index ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["mata alta.geojson", "mata alta", " mata alta.geojson "])
def test_the_index_says_whose_a_file_is_with_or_without_its_suffix(settings, named):
    drop(settings, "mata alta.geojson", geojson(square(3)))
    taken = drop(settings, "index.csv", index(("vcs7", named)))
    assert drawn(settings) == {"VCS7": [("mata alta.geojson", 3)]}
    assert told(settings) == []
    assert taken in read(settings).used


@pytest.mark.parametrize("named", ["sierra", "sierra/"])
def test_the_index_says_whose_a_folder_is(settings, named):
    drops.take(settings, shapefile(settings.drop / "boundaries" / "sierra", square(3)), RULES)
    drop(settings, "index.csv", index(("VCS7", named)))
    assert drawn(settings) == {"VCS7": [("sierra", 3)]}
    assert told(settings) == []


def test_the_index_goes_before_the_name_of_a_file(settings):
    drop(settings, "VCS1.geojson", geojson(square(1)))
    drop(settings, "VCS2.geojson", geojson(square(2)))
    drop(settings, "index.csv", index(("VCS9", "VCS1.geojson")))
    assert drawn(settings) == {"VCS2": [("VCS2.geojson", 2)], "VCS9": [("VCS1.geojson", 1)]}


def test_layers_of_one_file_are_of_several_projects(settings):
    drop(settings, "both.kml", kml(**KNOWN_LAYERS))
    drop(settings, "index.csv", index(("VCS2", "both.kml", "south"), ("VCS1", "both.kml", "north")))
    assert drawn(settings) == {"VCS1": [("both.kml", 0)], "VCS2": [("both.kml", 4), ("both.kml", 6)]}
    assert list(drawn(settings)) == ["VCS1", "VCS2"], "in order of projects, whatever the order of the index"
    assert told(settings) == []


def test_several_layers_are_of_one_project(settings):
    drop(settings, "all.kml", kml(a=[square(0)], b=[square(2)], c=[square(4)]))
    drop(settings, "index.csv", index(("VCS1", "all.kml", "a"), ("VCS1", "all.kml", "c")))
    assert drawn(settings) == {"VCS1": [("all.kml", 0), ("all.kml", 4)]}
    assert told(settings) == []


def test_a_whole_file_is_of_several_projects(settings):
    drop(settings, "all.geojson", geojson(square(0)))
    drop(settings, "index.csv", index(("VCS1", "all"), ("VCS2", "all")))
    assert drawn(settings) == {"VCS1": [("all.geojson", 0)], "VCS2": [("all.geojson", 0)]}


@pytest.mark.parametrize(
    ("row", "project", "reason"),
    [
        pytest.param(
            ("vcs9", "both.kml", "west"), "VCS9", "no layer 'west' in both.kml; it has north, south", id="layer"
        ),
        pytest.param(
            ("vcs9", "none.kml"), "VCS9", "no file 'none.kml' was ever dropped; there are VCS5.kml, both", id="file"
        ),
        pytest.param(("VCS9", " "), "VCS9", "file must have a value", id="no file"),
        pytest.param(("VCS1", "both", "north", "again"), "VCS1", "the same row stands above", id="twice"),
    ],
)
def test_a_row_of_the_index_that_cannot_be_used_is_told_with_its_line_and_stops_no_other(
    settings, row, project, reason
):
    drop(settings, "both.kml", kml(**KNOWN_LAYERS))
    drop(settings, "VCS5.kml", kml(a=[square(8)]))
    taken = drop(settings, "index.csv", index(("VCS1", "both.kml", "north"), row, ("VCS2", "both.kml", "south")))
    assert drawn(settings) == {
        "VCS1": [("both.kml", 0)], "VCS2": [("both.kml", 4), ("both.kml", 6)], "VCS5": [("VCS5.kml", 8)],
    }  # fmt: skip
    (fault,) = told(settings)
    assert reason in fault.pop("reason")
    assert fault == {
        "file": "index.csv", "line": 3, "project_id": project, "file_in_use": None, "snapshot_id": taken.snapshot_id,
    }  # fmt: skip


def test_a_row_with_too_many_cells_is_told(settings):
    drop(settings, "a.kml", kml(a=[square(0)]))
    drop(settings, "index.csv", "project_id,file\nVCS1,a.kml\nVCS2,a.kml,x,y,z\n")
    assert drawn(settings) == {"VCS1": [("a.kml", 0)]}
    assert faults(settings) == [("index.csv", 3, None)]


def test_faults_stand_in_order_of_file_and_line(settings):
    drop(settings, "VCS5.kml", CUT)
    drop(
        settings,
        "index.csv",
        index(("VCS1", "one.kml"), ("", "one.kml"), ("VCS2", "two.kml"), *[("VCS3", "three.kml")] * 9),
    )
    assert faults(settings) == [
        ("VCS5.kml", None, "VCS5"), ("index.csv", 2, "VCS1"), ("index.csv", 3, None), ("index.csv", 4, "VCS2"),
        *[("index.csv", line, "VCS3") for line in range(5, 14)],
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["name,path\nVCS1,a.kml\n", "", "<html><title>503</title></html>"])
def test_an_index_that_cannot_be_read_leaves_files_to_their_names(settings, content):
    drop(settings, "VCS1.geojson", geojson(square(1)))
    taken = drop(settings, "index.csv", content)
    assert taken.contents.unreadable
    assert drawn(settings) == {"VCS1": [("VCS1.geojson", 1)]}
    (fault,) = told(settings)
    assert fault == {
        "project_id": None, "file": "index.csv", "line": None, "reason": taken.contents.unreadable,
        "file_in_use": None, "snapshot_id": None,
    }  # fmt: skip
    assert [snapshot.table for snapshot in read(settings).used] == ["VCS1.geojson"]


def test_the_last_good_index_stays_in_use(settings):
    drop(settings, "area.geojson", geojson(square(1)))
    good = drop(settings, "index.csv", index(("VCS1", "area")))
    for content in ("name,path\nVCS1,a.kml\n", ""):
        drop(settings, "index.csv", content)
    assert drawn(settings) == {"VCS1": [("area.geojson", 1)]}
    (fault,) = told(settings)
    assert (fault["reason"], fault["file_in_use"]) == ("the file is empty", "index.csv"), "the newest one is told"
    assert good in read(settings).used


def test_an_index_may_have_further_columns_in_any_order_and_none_for_layers(settings):
    drop(settings, "area.geojson", geojson(square(1)))
    drop(settings, "index.csv", index(("2024", "area", "VCS1"), header=("seen", "File", "Project_ID")))
    assert drawn(settings) == {"VCS1": [("area.geojson", 1)]}
    assert told(settings) == []


# --- files that cannot be read --------------------------------------------------------------------------------------


def test_the_last_good_file_stays_in_use_while_newer_ones_cannot_be_read(settings):
    drop(settings, "VCS1.kml", kml(a=[square(0)]))
    good = drop(settings, "VCS1.kml", kml(a=[square(1)]))
    drop(settings, "VCS1.kml", CUT)
    newest = drop(settings, "VCS1.kml", "<html><title>503</title></html>")
    assert drawn(settings) == {"VCS1": [("VCS1.kml", 1)]}
    (fault,) = told(settings)
    assert "found a web page titled '503'" in fault["reason"] and fault["reason"] == newest.contents.unreadable
    assert fault["file_in_use"] == f"VCS1.kml of {good.observed_at:%Y-%m-%d %H:%M} UTC"
    assert (fault["file"], fault["project_id"]) == ("VCS1.kml", "VCS1")
    assert read(settings).used == (good,)
    drop(settings, "VCS1.kml", kml(a=[square(2)]))
    assert (drawn(settings), told(settings)) == ({"VCS1": [("VCS1.kml", 2)]}, [])


def test_a_file_that_never_could_be_read_gives_no_shapes(settings):
    drop(settings, "VCS1.kml", CUT)
    drop(settings, "VCS2.geojson", geojson(square(2)))
    assert drawn(settings) == {"VCS2": [("VCS2.geojson", 2)]}
    assert [(f["file"], f["project_id"], f["file_in_use"]) for f in told(settings)] == [("VCS1.kml", "VCS1", None)]
    assert [snapshot.table for snapshot in read(settings).used] == ["VCS2.geojson"]


def test_a_file_that_cannot_be_read_is_told_of_every_project_that_it_is_of(settings):
    drop(settings, "both.kml", CUT)
    drop(settings, "index.csv", index(("VCS1", "both.kml", "north"), ("VCS2", "both.kml", "south")))
    assert faults(settings) == [("both.kml", None, "VCS1"), ("both.kml", None, "VCS2")]


# --- several files of one project -----------------------------------------------------------------------------------


def test_of_two_files_of_a_project_the_later_observed_is_used_and_the_other_told(settings):
    older = drop(settings, "VCS1.kml", kml(a=[square(0), square(2)]))
    drop(settings, "VCS1.geojson", geojson(square(4)))
    assert drawn(settings) == {"VCS1": [("VCS1.geojson", 4)]}
    (fault,) = told(settings)
    assert fault.pop("reason").startswith("VCS1.geojson is a boundary of VCS1, too, and was observed later: it is used")
    assert fault == {
        "project_id": "VCS1", "file": "VCS1.kml", "line": None, "file_in_use": "VCS1.geojson",
        "snapshot_id": older.snapshot_id,
    }  # fmt: skip
    drop(settings, "VCS1.kml", kml(a=[square(6)]))
    assert drawn(settings) == {"VCS1": [("VCS1.kml", 6)]}, "a file that changes is observed anew"
    assert [fault["file"] for fault in told(settings)] == ["VCS1.geojson"]


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a"), ("b", "a", "c")])
def test_of_many_files_of_a_project_each_other_says_which_is_used(settings, names):
    for west, name in enumerate(names):
        drop(settings, f"{name}.geojson", geojson(square(west)))
    drop(settings, "index.csv", index(*[("VCS1", name) for name in "abc"]))
    newest = f"{names[-1]}.geojson"
    assert drawn(settings) == {"VCS1": [(newest, 2)]}
    others = sorted(f"{name}.geojson" for name in names[:-1])
    assert [(fault["file"], fault["file_in_use"]) for fault in told(settings)] == [(name, newest) for name in others]


def test_the_index_withdraws_a_file_by_giving_it_no_project(settings):
    drop(settings, "VCS1.kml", kml(a=[square(0)]))
    drop(settings, "VCS2.kml", CUT)
    drop(settings, "index.csv", index(("", "VCS1.kml"), ("", "VCS2.kml")))
    assert (drawn(settings), faults(settings)) == ({}, [])


@pytest.mark.parametrize("row", [("VCS1", "other.kml", "nowhere"), ("VCS1", "cut.kml", "")])
def test_what_the_index_cannot_give_is_taken_from_the_file_of_that_name(settings, row):
    drop(settings, "VCS1.kml", kml(a=[square(0)]))
    drop(settings, "other.kml", kml(a=[square(1)]))
    drop(settings, "cut.kml", CUT)
    drop(settings, "index.csv", index(row))
    assert drawn(settings)["VCS1"] == [("VCS1.kml", 0)]


def test_an_older_file_with_several_layers_is_told_once(settings):
    drop(settings, "z.kml", kml(**KNOWN_LAYERS))
    drop(settings, "y.kml", kml(a=[square(8)]))
    drop(settings, "index.csv", index(("VCS1", "z.kml", "north"), ("VCS1", "z.kml", "south"), ("VCS1", "y.kml", "")))
    assert drawn(settings) == {"VCS1": [("y.kml", 8)]}
    assert faults(settings) == [("z.kml", None, "VCS1")]


def test_the_index_says_which_of_several_files_counts(settings):
    drop(settings, "VCS1.geojson", geojson(square(0)))
    drop(settings, "VCS1.kml", kml(a=[square(1)]))
    drop(settings, "index.csv", index(("VCS1", "VCS1.geojson", "")))
    assert drawn(settings) == {"VCS1": [("VCS1.geojson", 0)]}
    assert faults(settings) == []
    assert [snapshot.table for snapshot in read(settings).used] == ["index.csv", "VCS1.geojson"]


@pytest.mark.parametrize(
    ("attributes", "stated"),
    [
        ({"Area_ha": 12.5}, ("Area_ha", 12.5)),
        ({"name": "a", "AREA_HA ": "1,234.5"}, ("AREA_HA ", 1234.5)),
        ({"acres": "1,000,000"}, ("acres", pytest.approx(404685.64224))),
        ({"hectares": "unknown", "ha": "3"}, ("ha", 3.0)),
        ({"area_ha": "1,150"}, (None, None)),
        ({"area_ha": "1.150,5"}, (None, None)),
        ({"area_ha": 0}, (None, None)),
        ({"area_ha": -3}, (None, None)),
        ({"Area": 12.5, "Shape_Area": 99}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_area_that_a_file_states_of_a_shape_is_read_where_its_unit_is_known(settings, attributes, stated):
    geometry = shapely.geometry.mapping(square(0))
    drop(settings, "VCS1.geojson", json.dumps({"type": "Feature", "properties": attributes, "geometry": geometry}))
    (row,) = read(settings).shapes.to_pylist()
    assert (row["stated_by"], row["stated_ha"]) == stated


def test_the_same_shapes_under_new_bytes_are_not_observed_later(settings):
    drop(settings, "VCS1.geojson", geojson(square(0)))
    drop(settings, "VCS1.kml", kml(a=[square(1)]))
    drop(settings, "VCS1.geojson", geojson(square(0), indent=1))
    assert drawn(settings) == {"VCS1": [("VCS1.kml", 1)]}


def test_a_project_moves_from_one_format_to_another(settings):
    before = put(settings, "VCS1.kml", kml(a=[square(0)]))
    drops.take(settings, before, RULES)
    before.unlink()
    drop(settings, "VCS1.geojson", geojson(square(1)))
    assert drawn(settings) == {"VCS1": [("VCS1.geojson", 1)]}
    drop(settings, "VCS1.geojson", CUT)
    assert drawn(settings) == {"VCS1": [("VCS1.geojson", 1)]}, "its own last good file, not one of another format"


@pytest.mark.parametrize(("old", "new"), [("kml", "geojson"), ("geojson", "kml")])
def test_a_file_that_the_index_names_without_suffix_moves_to_another_format(settings, old, new):
    made = {"kml": lambda west: kml(a=[square(west)]), "geojson": lambda west: geojson(square(west))}
    drop(settings, f"area.{old}", made[old](0))
    drop(settings, "index.csv", index(("VCS1", "area")))
    drop(settings, f"area.{new}", made[new](1))
    assert drawn(settings) == {"VCS1": [(f"area.{new}", 1)]}
    assert [(f["file"], f["file_in_use"]) for f in told(settings)] == [(f"area.{old}", f"area.{new}")]


def test_a_file_that_the_index_names_with_and_without_suffix_is_given_once(settings):
    drop(settings, "area.geojson", geojson(square(0)))
    drop(settings, "area.kml", kml(a=[square(1)]))
    drop(settings, "index.csv", index(("VCS1", "area.kml"), ("VCS1", "area")))
    assert drawn(settings) == {"VCS1": [("area.kml", 1)]}


def test_a_file_in_another_format_that_cannot_be_read_puts_none_out_of_use(settings):
    drop(settings, "VCS1.kml", kml(a=[square(0)]))
    drop(settings, "VCS1.geojson", "{")
    assert drawn(settings) == {"VCS1": [("VCS1.kml", 0)]}
    assert faults(settings) == [("VCS1.geojson", None, "VCS1")]


# --- made-up files --------------------------------------------------------------------------------------------------


def test_made_up_files_give_way_to_real_ones(settings):
    settings.drop.mkdir()
    settings.drop.joinpath(snapshots.SYNTHETIC_MARK).touch()
    assert drop(settings, "VCS1.geojson", geojson(square(0))).is_synthetic
    drop(settings, "VCS3.kml", CUT)
    drop(settings, "index.csv", index(("VCS9", "VCS1.geojson"), ("VCS9", "none")))
    assert list(drawn(settings)) == ["VCS9"]
    settings.drop.joinpath(snapshots.SYNTHETIC_MARK).unlink()
    drop(settings, "VCS2.geojson", geojson(square(2)))
    assert drawn(settings) == {"VCS2": [("VCS2.geojson", 2)]}
    assert told(settings) == []
    assert [snapshot.table for snapshot in read(settings).used] == ["VCS2.geojson"]


# --- real files -----------------------------------------------------------------------------------------------------

REAL = REAL_DATA / "boundaries"
OWNERS = {
    "VCS832": "Cikel_VCS832_RC_complex_gcs.kml", "VCS1115": "jari", "VCS1112": "russas.kml", "VCS963": "purus.kml",
    "VCS1566": "colombia_vcs1566/",
}  # fmt: skip
"""Whose some of the real files are, as far as these tests are concerned."""


@pytest.mark.skipif(not REAL.is_dir(), reason="no real boundaries beside this checkout")
def test_real_files_are_taken_and_given_to_their_projects_without_loss(settings):
    shutil.copytree(REAL, settings.drop / "boundaries")
    put(settings, "index.csv", index(*OWNERS.items()))
    taken = {path.name: drops.take(settings, path, RULES) for path in drops.files_in(settings.drop)}
    assert set(taken) == {path.name for path in REAL.iterdir()} | {"index.csv"}
    made = read(settings)
    assert made.faults.to_pylist() == [], "of the two of one project the index names one"
    stated = {(row["file"], row["stated_by"]) for row in made.shapes.to_pylist() if row["stated_ha"]}
    assert stated >= {("purus.kml", "Hectares"), ("manoa.kml", "area_ha")}
    files = made.shapes["file"].to_pylist()
    used = [taken[name] for name in taken if name not in ("index.csv", "VCS1566.geojson")]
    assert {file: files.count(file) for file in files} == {each.table: each.contents.rows for each in used}
    assert set(OWNERS) < set(made.shapes["project_id"].to_pylist())
