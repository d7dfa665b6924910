"""`boundaries.repaired`: one row per project with its measures, and each thing that a repair can find."""

from __future__ import annotations

import io
import json
import random

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon

from carbon_assets.base import store
from carbon_assets.boundaries import repair, schema, tables
from carbon_assets.boundaries import rules as boundary_rules
from carbon_assets.boundaries.tables import Boundaries
from carbon_assets.geo import places
from carbon_assets.geo.places import Place
from tests.kit.boundary_shapes import box, geodesic, hectares, projected, ring, with_holes
from tests.kit.building import CONFIGS

UTM_18S = "EPSG:32718"
ACROSS = shapely.box(178, -17, 182, -14)
POLAR = Polygon([(-180, -84), (-90, -70), (0, -70), (90, -70), (180, -84), (180, -90), (-180, -90)])
BOW_TIE = Polygon([(0, 0), (0.2, 0.2), (0.2, 0), (0, 0.2)])


class Somewhere:
    """Every place is in Brazil."""

    def located(self, geometries: np.ndarray) -> list[Place]:
        return [Place("BRA", "Acre") for _ in geometries]


def shape(project_id: str, geometry: shapely.Geometry, feature: int = 1, **cells: object) -> dict:
    """A shape of the project's own file, in degrees as its format has them."""
    return {
        "project_id": project_id, "file": f"{project_id}.kml", "layer": "a", "feature": feature,
        "geometry": shapely.to_wkb(geometry), "source_crs": "EPSG:4326", "crs_source": "format", "notes": None,
        "snapshot_id": f"snapshot of {project_id}", **cells,
    }  # fmt: skip


def made(*rows: dict, threads: int = 1, **rules: object) -> Boundaries:
    table = pa.Table.from_pylist(list(rows), schema=schema.BOUNDARY_SHAPES)
    stewards = boundary_rules.load(CONFIGS).rules.model_copy(update=rules)
    done = tables.repaired(table, stewards, Somewhere(), threads)
    for told, expected in (
        (done.rows, schema.BOUNDARIES),
        (done.repairs, schema.BOUNDARY_REPAIRS),
        (done.findings, schema.BOUNDARY_FINDINGS),
    ):
        assert told.schema.equals(expected)
        assert told["project_id"].to_pylist() == sorted(told["project_id"].to_pylist())
        for field in expected:
            # A finding's registry is told later, by what is known of its project.
            assert field.nullable or not told[field.name].null_count, field.name
    return done


def row(*shapes: dict, **rules: object) -> dict:
    """The only boundary."""
    (found,) = made(*shapes, **rules).rows.to_pylist()
    return found


def findings(*shapes: dict, **rules: object) -> dict[str, dict]:
    """What was found of one project, by rule."""
    rows = made(*shapes, **rules).findings.to_pylist()
    assert len({found["rule"] for found in rows}) == len(rows)
    return {found["rule"]: found for found in rows}


# --- rows -----------------------------------------------------------------------------------------------------------


def test_each_project_has_one_boundary_with_its_measures():
    done = made(shape("VCS2", box(11, 5)), shape("VCS1", box(10, 5)), shape("VCS1", box(20, 5), feature=2))
    first, second = done.rows.to_pylist()
    assert (first["project_id"], second["project_id"]) == ("VCS1", "VCS2")
    geometry = shapely.from_wkb(first["geometry"])
    assert geometry.equals(MultiPolygon([box(10, 5), box(20, 5)]))
    assert first["parts"] == 2
    assert first["area_ha"] == pytest.approx(hectares(geometry))
    assert first["area_geodesic_ha"] == pytest.approx(geodesic(geometry))
    assert [first[f"bbox_{side}"] for side in ("west", "south", "east", "north")] == pytest.approx([10, 5, 20.1, 5.1])
    assert (first["centroid_lon"], first["centroid_lat"]) == pytest.approx((15.05, 5.05))
    assert (first["country_iso3"], first["admin_region"]) == ("BRA", "Acre")
    assert (first["file"], first["snapshot_id"], first["source_crs"]) == (
        "VCS1.kml", "snapshot of VCS1", "EPSG:4326",
    )  # fmt: skip
    assert done.findings.num_rows == 0


def test_each_step_of_each_project_is_told_in_order():
    done = made(shape("VCS1", BOW_TIE), shape("VCS2", box(11, 5)))
    for project in ("VCS1", "VCS2"):
        steps = tables.of_project(done.repairs, project)
        assert [step["step"] for step in steps] == list(repair.STEPS)
        assert [step["step_number"] for step in steps] == list(range(1, len(steps) + 1))
        assert {step["snapshot_id"] for step in steps} == {f"snapshot of {project}"}
        for step in steps:
            assert step["delta_ha"] == step["area_after_ha"] - step["area_before_ha"]
        (boundary,) = tables.of_project(done.rows, project)
        assert steps[-1]["area_after_ha"] == boundary["area_ha"]


def test_several_reference_systems_are_all_named():
    west = projected(box(-75, -10), UTM_18S)
    found = row(shape("VCS1", west, source_crs=UTM_18S, crs_source="file"), shape("VCS1", box(-74.9, -10), feature=2))
    assert found["source_crs"] == "EPSG:32718; EPSG:4326"
    assert found["crs_source"] == "format", "the weakest of them"
    assert found["area_ha"] == pytest.approx(hectares(box(-75, -10, 0.2, 0.1)), rel=1e-6)


@pytest.mark.parametrize("drawn", [ACROSS, MultiPolygon([box(-180, -17, 2, 3), box(178, -17, 2, 3)])])
def test_across_the_antimeridian_the_box_begins_in_the_east(drawn):
    found = row(shape("VCS1", drawn))
    assert [found[f"bbox_{side}"] for side in ("west", "south", "east", "north")] == pytest.approx(
        [178, -17, -178, -14]
    )
    assert abs(found["centroid_lon"]) == pytest.approx(180)
    assert found["centroid_lat"] == pytest.approx(-15.5)


def test_islands_on_both_sides_of_the_antimeridian_have_a_small_box():
    found = row(shape("VCS1", MultiPolygon([box(-179.5, -17, 0.1), box(179.3, -17, 0.1)])))
    assert (found["bbox_west"], found["bbox_east"]) == pytest.approx((179.3, -179.4))
    assert found["centroid_lon"] == pytest.approx(179.95)


def test_what_is_left_of_no_project_is_no_row():
    done = made(shape("VCS1", Point(0, 0)))
    assert done.rows.num_rows == 0
    assert done.repairs.num_rows == len(repair.STEPS)


def test_no_shapes_make_no_rows():
    done = made()
    assert (done.rows.num_rows, done.repairs.num_rows, done.findings.num_rows) == (0, 0, 0)


def test_the_country_is_that_of_the_shipped_regions():
    table = pa.Table.from_pylist(
        [shape("VCS1", box(-63, -9)), shape("VCS2", box(-72, 4))], schema=schema.BOUNDARY_SHAPES
    )
    done = tables.repaired(table, boundary_rules.load(CONFIGS).rules, places.load(CONFIGS))
    assert done.rows["country_iso3"].to_pylist() == ["BRA", "COL"]


# --- findings -------------------------------------------------------------------------------------------------------


def test_a_reference_system_that_the_file_does_not_say_is_told():
    found = findings(shape("VCS1", box(10, 5), crs_source="config"), shape("VCS1", box(11, 5), 2, crs_source="file"))
    assert list(found) == ["crs_is_assumed"]
    told = found["crs_is_assumed"]
    assert (
        told["finding"]
        == "VCS1.kml does not say its coordinate reference system; EPSG:4326 is taken, the default of configs/boundaries/rules.yml"
    )
    assert told["area_ha"] == pytest.approx(hectares(box(10, 5)) + hectares(box(11, 5)))
    assert (told["file"], told["snapshot_id"]) == ("VCS1.kml", "snapshot of VCS1")


@pytest.mark.parametrize("holed", [False, True])
def test_coordinates_that_are_no_places_are_found_and_stop_no_other(holed):
    metres = shapely.box(500000, 100000, 600000, 200000)
    drawn = with_holes(metres, shapely.box(10, 10, 20, 20)) if holed else metres
    done = made(shape("VCS1", drawn), shape("VCS2", box(10, 5)))
    assert done.rows["project_id"].to_pylist() == ["VCS2"]
    (found,) = done.findings.to_pylist()
    assert (found["rule"], found["project_id"], found["area_ha"]) == ("shape_not_usable", "VCS1", None)
    assert found["finding"].startswith("VCS1.kml: the coordinates are no places on Earth: x from 500000 to 600000")


@pytest.mark.parametrize(
    ("drawn", "why"),
    [
        (Point(0, 0), "at the step non-polygon parts: 1 point, line or empty part left out"),
        (Polygon([(0, 0), (1, 0), (2, 0)]), "at the step non-polygon parts: 1 point, line or empty part left out"),
        (box(10, 5, 0.0001), "at the step slivers: 1 part below 0.1 ha"),
        (MultiPolygon(), "there is no shape"),
    ],
)
def test_where_nothing_is_left_the_step_is_named(drawn, why):
    found = findings(shape("VCS1", drawn))
    assert list(found) == ["shape_not_usable"]
    assert found["shape_not_usable"]["finding"] == f"no polygon is left of VCS1.kml, {why}"
    assert found["shape_not_usable"]["area_ha"] is None


def test_a_repair_that_moves_much_area_is_found():
    found = findings(shape("VCS1", BOW_TIE))
    assert list(found) == ["repair_changed_the_area"]
    told = found["repair_changed_the_area"]
    assert told["value"] == pytest.approx(1)
    assert told["bound"] == 0.01
    half = hectares(BOW_TIE.buffer(0)) * 2
    assert told["finding"].startswith("making it valid moved the area from 0.0 to")
    assert told["area_ha"] == pytest.approx(half, rel=0.5)


def test_a_repair_that_moves_as_much_as_it_may_is_not_found():
    overlapping = [shape("VCS1", box(10, 5)), shape("VCS1", box(10.05, 5), 2)]
    assert list(findings(*overlapping)) == ["repair_changed_the_area"]
    value = findings(*overlapping)["repair_changed_the_area"]["value"]
    assert value == pytest.approx(0.25, rel=1e-3)
    assert findings(*overlapping, max_repair_change=value) == {}
    assert list(findings(*overlapping, max_repair_change=value * 0.999)) == ["repair_changed_the_area"]


def test_areas_that_disagree_are_found():
    # Edges along a parallel, 60 degrees long: geodesics go far off them.
    found = findings(shape("VCS1", shapely.box(0, 60, 60, 70)))
    assert list(found) == ["areas_disagree"]
    assert found["areas_disagree"]["value"] > found["areas_disagree"]["bound"] == 0.005
    assert "ha in equal-area projection" in found["areas_disagree"]["finding"]
    assert findings(shape("VCS1", shapely.box(0, 60, 60, 70)), max_geodesic_difference=1) == {}


def test_a_boundary_across_the_antimeridian_is_found():
    assert list(findings(shape("VCS1", ACROSS))) == ["crosses_the_antimeridian"]
    assert findings(shape("VCS1", box(190, 5))) == {}


def test_a_boundary_around_a_pole_is_found():
    found = findings(shape("VCS1", POLAR), max_geodesic_difference=9)
    assert list(found) == ["encloses_a_pole"]


def test_a_faultless_boundary_has_no_finding():
    assert findings(shape("VCS1", box(10, 5), crs_source="file"), shape("VCS1", box(11, 5), 2)) == {}


# --- the same whatever the order ------------------------------------------------------------------------------------


def bytes_of(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def test_the_order_of_shapes_and_the_threads_change_no_byte():
    drawn = [
        [BOW_TIE, box(10, 5), box(10.05, 5)], [ACROSS, Point(0, 0), ACROSS], [POLAR, box(10, 5)],
        [with_holes(box(30, 5), box(30.05, 5)), shapely.force_3d(box(30.05, 5), 9)], [shapely.box(5e5, 0, 6e5, 1)],
        [box(20 + i / 10, 5 + i / 20) for i in range(30)], [Polygon(ring(box(10, 5))[::-1]), box(10, 5)],
    ]  # fmt: skip
    rows = [
        shape(f"VCS{i}", part, j, notes=["a note"] if j % 2 else None)
        for i, parts in enumerate(drawn)
        for j, part in enumerate(parts)
    ]
    first = made(*rows)
    assert set(first.findings["rule"].to_pylist()) >= {"shape_not_usable", "crosses_the_antimeridian"}
    for threads in (1, 2, 5):
        random.Random(threads).shuffle(rows)
        again = made(*rows, threads=threads)
        for name in ("rows", "repairs", "findings"):
            assert bytes_of(getattr(again, name)) == bytes_of(getattr(first, name)), name


# --- what is written ------------------------------------------------------------------------------------------------


def test_the_written_file_is_geoparquet(tmp_path):
    done = made(shape("VCS1", box(10, 5)), shape("VCS2", ACROSS))
    path = tmp_path / "boundaries.parquet"
    store.write(path, done.rows, schema.BOUNDARIES)
    frame = gpd.read_parquet(path)
    assert frame.crs.to_authority() == ("EPSG", "4326")
    assert frame.geometry.name == "geometry"
    assert list(frame["project_id"]) == ["VCS1", "VCS2"]
    assert set(frame.geom_type) == {"MultiPolygon"}
    assert frame.geometry[0].equals(box(10, 5))
    column = json.loads(pq.read_schema(path).metadata[b"geo"])["columns"]["geometry"]
    assert (column["encoding"], column["orientation"]) == ("WKB", "counterclockwise")
    assert all(part.exterior.is_ccw for shape in frame.geometry for part in shape.geoms)


# --- which changed most ---------------------------------------------------------------------------------------------


def test_those_without_a_boundary_lead_then_those_that_changed_most_then_the_largest():
    done = made(
        shape("VCS1", box(10, 5)),
        shape("VCS2", box(10, 5, 0.2)),
        shape("VCS3", BOW_TIE),
        *[shape("VCS4", part, i) for i, part in enumerate([box(10, 5, 0.3), box(10.1, 5, 0.1), box(10.1, 5.1, 0.05)])],
        shape("VCS5", box(10, 5, 0.0001)),
        shape("VCS6", box(10, 5)),
        shape("VCS7", MultiPolygon([box(10, 5, 1), box(12, 5, 0.0002)])),
    )
    assert tables.most_changed(done) == ["VCS5", "VCS3", "VCS4", "VCS7", "VCS2", "VCS1", "VCS6"]


def test_slivers_that_held_much_of_the_area_are_found():
    plots = [box(i, 0, size=0.0001) for i in range(20)]
    found = findings(shape("VCS1", MultiPolygon([*plots, box(50, 0, size=0.001)])))
    told = found["slivers_held_much_of_the_area"]
    assert told["value"] == pytest.approx(20 / 120, rel=0.01)
    assert told["finding"].startswith("20 parts below 0.1 ha were left out")


def test_what_was_needed_to_read_a_file_is_found():
    found = findings(shape("VCS1", box(0, 0), notes=["1 ring was not closed"]))
    assert found["file_not_read_as_it_stands"]["finding"] == "VCS1.kml: 1 ring was not closed"


def test_what_cannot_be_brought_to_the_map_stops_no_other():
    local = 'LOCAL_CS["arbitrary",LOCAL_DATUM["x",32767],UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    done = made(shape("VCS1", box(0, 0), source_crs=local, crs_source="file"), shape("VCS2", box(0, 0)))
    assert done.rows["project_id"].to_pylist() == ["VCS2"]
    assert [row["rule"] for row in done.findings.to_pylist()] == ["shape_not_usable"]
