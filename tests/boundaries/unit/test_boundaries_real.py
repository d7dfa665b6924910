"""Real boundary files, repaired: what is wrong with each is known, and the area is held against other ways to measure it."""

from __future__ import annotations

from functools import cache

import pytest
import shapely

from carbon_assets.boundaries import repair
from carbon_assets.boundaries.repair import Repaired, Shape
from carbon_assets.geo import areas as boundary_areas
from carbon_assets.geo import files
from tests.kit.boundary_shapes import geodesic, hectares, is_sound, repaired, step, told
from tests.kit.places import REAL_DATA

FOLDER = REAL_DATA / "boundaries"
FILES = [
    "adpml.kml", "Cikel_VCS832_RC_complex_gcs.kml", "colombia_vcs1566", "jari.kml", "manoa.kml", "purus.kml", "rmdlt.kml",
    "russas.kml", "VCS1566.geojson",
]  # fmt: skip
LEAST_HA = 0.1

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no real boundaries beside this checkout")


@cache
def shapes(name: str) -> tuple[Shape, ...]:
    path = FOLDER / name
    file, content = (f"{name}.zip", files.pack(path)) if path.is_dir() else (name, path.read_bytes())
    return tuple(Shape(shape.geometry, shape.crs) for shape in files.read(file, content))


@cache
def done(name: str) -> Repaired:
    return repair.repair(shapes(name), LEAST_HA)


def parts(name: str) -> list[shapely.Polygon]:
    """As drawn, flat."""
    return list(shapely.get_parts(shapely.force_2d([shape.geometry for shape in shapes(name)])))


@pytest.mark.parametrize("name", FILES)
def test_every_file_becomes_a_sound_boundary(name):
    is_sound(done(name), LEAST_HA)
    assert done(name).area_ha == pytest.approx(geodesic(done(name).geometry), rel=5e-3)
    assert boundary_areas.geodesic_area_ha(done(name).geometry) == pytest.approx(geodesic(done(name).geometry))
    assert not done(name).crosses_antimeridian


@pytest.mark.parametrize("name", FILES)
def test_what_is_repaired_needs_no_repair(name):
    again = repaired(done(name).geometry)
    assert again.geometry.wkb == done(name).geometry.wkb
    assert told(again) == []


@pytest.mark.parametrize("name", FILES)
def test_the_order_of_shapes_and_parts_does_not_matter(name):
    crs = shapes(name)[0].crs
    backwards = [Shape(part, crs) for shape in shapes(name)[::-1] for part in shapely.get_parts(shape.geometry)[::-1]]
    again = repair.repair(backwards, LEAST_HA)
    assert again.geometry.wkb == done(name).geometry.wkb
    assert again.steps == done(name).steps


def test_of_fifteen_rings_the_three_that_are_invalid_are_named():
    assert len(parts("adpml.kml")) == 15
    reason = step(done("adpml.kml"), "validity").reason
    assert reason.count("Ring Self-intersection") == 3
    assert sorted(reason.split("; ")) == sorted(
        shapely.is_valid_reason(part) for part in parts("adpml.kml") if not part.is_valid
    )


def test_a_hole_outside_its_shell_becomes_a_part():
    jari = done("jari.kml")
    assert len(parts("jari.kml")) == 1
    assert "Hole lies outside shell" in step(jari, "validity").reason
    assert step(jari, "holes").parts_after > 1
    assert len(jari.geometry.geoms) == 2
    assert sum(len(part.interiors) for part in jari.geometry.geoms) == 0
    assert jari.area_ha == pytest.approx(77_708, abs=1)


def test_all_holes_of_one_boundary_count_and_only_slivers_go():
    manoa = done("manoa.kml")
    assert (manoa.steps[0].parts_before, manoa.steps[0].holes_before) == (98, 45)
    # Each of the parts as drawn, mended: those below the least area go, all others stay.
    mended = [shapely.make_valid(part, method="structure") for part in parts("manoa.kml")]
    areas = [hectares(piece) for part in mended for piece in shapely.get_parts(part)]
    slivers = [area for area in areas if area < LEAST_HA]
    slivered = step(manoa, "slivers")
    assert slivered.parts_before - slivered.parts_after == len(slivers) == 71
    assert slivered.delta_ha == pytest.approx(-sum(slivers))
    assert sorted(hectares(part) for part in manoa.geometry.geoms) == pytest.approx(
        sorted(area for area in areas if area >= LEAST_HA)
    )


def test_land_drawn_twice_counts_once():
    rmdlt = done("rmdlt.kml")
    raw, union = parts("rmdlt.kml"), shapely.union_all(parts("rmdlt.kml"))
    assert sum(map(hectares, raw)) - rmdlt.area_ha == pytest.approx(15.5, abs=0.05)
    assert rmdlt.area_ha == pytest.approx(hectares(union), rel=1e-9)
    assert step(rmdlt, "overlaps").delta_ha == pytest.approx(rmdlt.area_ha - sum(map(hectares, raw)), rel=1e-6)
    assert step(rmdlt, "slivers").reason is None


def test_one_project_as_geojson_and_as_shapefile_has_one_area():
    geojson, shapefile = done("VCS1566.geojson"), done("colombia_vcs1566")
    assert step(shapefile, "crs").reason.startswith("from ESRI:102033 by Inverse of South_America_Albers")
    assert geojson.area_ha == pytest.approx(shapefile.area_ha, rel=1e-3)
    assert shapely.symmetric_difference(geojson.geometry, shapefile.geometry).area < 1e-3 * geojson.geometry.area
