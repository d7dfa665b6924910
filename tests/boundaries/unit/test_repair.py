"""`boundary_repair.repair`: whatever is drawn becomes a valid boundary, and its account tells where every hectare went."""

from __future__ import annotations

import math
import random

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon

from carbon_assets.boundaries import repair
from carbon_assets.boundaries.repair import STEPS, Shape
from carbon_assets.geo.areas import geodesic_area_ha
from carbon_assets.geo.crs import WGS84
from carbon_assets.geo.rings import UnusableShape
from tests.kit.boundary_shapes import (
    around,
    box,
    enclosed,
    geodesic,
    hectares,
    is_sound,
    projected,
    repaired,
    ring,
    step,
    told,
    winding,
    with_holes,
)
from tests.kit.effort import examples

SQUARE = box(10, 5)
ALBERS_SAD69 = "ESRI:102033"
UTM_18S = "EPSG:32718"
CELL = 0.01


def same_land(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Nothing lies in only one of them."""
    return shapely.symmetric_difference(one, other).area <= 1e-12 * max(one.area, other.area)


# --- what has no fault ----------------------------------------------------------------------------------------------


def test_a_valid_polygon_stays_as_it_is():
    done = repaired(SQUARE)
    assert same_land(done.geometry, SQUARE)
    assert told(done) == []
    assert {step.delta_ha for step in done.steps} == {0}
    assert (done.crosses_antimeridian, done.encloses_pole) == (False, False)


def test_a_hole_within_its_shell_stays_a_hole():
    done = repaired(with_holes(SQUARE, box(10.02, 5.02, 0.01), box(10.05, 5.05, 0.01)))
    assert told(done) == []
    assert done.steps[0].holes_before == done.steps[-1].holes_after == 2
    assert done.area_ha == pytest.approx(
        hectares(SQUARE) - hectares(box(10.02, 5.02, 0.01)) - hectares(box(10.05, 5.05, 0.01)), rel=1e-9
    )


def test_parts_that_touch_in_a_corner_stay_two():
    assert len(repaired(SQUARE, box(10.1, 5.1)).geometry.geoms) == 2


def test_shells_turn_counter_clockwise_however_they_were_drawn():
    for shell in (ring(SQUARE), ring(SQUARE)[::-1]):
        assert told(repaired(Polygon(shell))) == []


def test_an_unclosed_ring_is_closed():
    assert same_land(repaired(Polygon([(0, 0), (1, 0), (1, 1)])).geometry, Polygon([(0, 0), (1, 0), (1, 1), (0, 0)]))


# --- rings ----------------------------------------------------------------------------------------------------------


def test_both_halves_of_a_bow_tie_count():
    done = repaired(Polygon([(0, 0), (0.2, 0.2), (0.2, 0), (0, 0.2)]))
    halves = MultiPolygon([Polygon([(0, 0), (0.1, 0.1), (0, 0.2)]), Polygon([(0.2, 0), (0.2, 0.2), (0.1, 0.1)])])
    assert same_land(done.geometry, halves)
    # Its turns cancel each other out: as drawn, it encloses nothing.
    validity = step(done, "validity")
    assert validity.area_before_ha == pytest.approx(0, abs=1e-6)
    assert validity.delta_ha == pytest.approx(hectares(halves))
    assert (validity.parts_before, validity.parts_after) == (1, 2)
    assert validity.reason == "Self-intersection[0.1 0.1]"
    assert done.change("validity", "holes", "overlaps") == pytest.approx(1)


def test_a_spike_is_cut_off():
    spike = [(0, 0), (0.1, 0), (0.1, 0.05), (0.3, 0.05), (0.1, 0.05), (0.1, 0.1), (0, 0.1)]
    done = repaired(Polygon(spike))
    assert same_land(done.geometry, box(0, 0))
    assert done.geometry.bounds == (0, 0, 0.1, 0.1)
    assert told(done) == ["validity"]
    assert step(done, "validity").delta_ha == pytest.approx(0, abs=1e-9)


def test_a_ring_that_touches_itself_gets_a_hole():
    touching = [(0, 0), (0.4, 0), (0.4, 0.4), (0, 0.4), (0, 0), (0.1, 0.1), (0.1, 0.2), (0.2, 0.1), (0.1, 0.1), (0, 0)]
    done = repaired(Polygon(touching))
    assert same_land(done.geometry, with_holes(box(0, 0, 0.4), Polygon([(0.1, 0.1), (0.1, 0.2), (0.2, 0.1)])))
    assert step(done, "validity").holes_after == 1


def test_a_ring_that_goes_round_twice_counts_once():
    assert same_land(repaired(Polygon(ring(SQUARE)[:-1] * 2)).geometry, SQUARE)


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(ring(SQUARE), id="the same"),
        pytest.param(ring(SQUARE)[::-1], id="in the other direction"),
        pytest.param(ring(SQUARE)[2:-1] + ring(SQUARE)[:2], id="begun elsewhere"),
        pytest.param([(x, y, 300) for x, y in ring(SQUARE)], id="at another height"),
    ],
)
def test_a_ring_drawn_twice_counts_once(again):
    done = repaired(SQUARE, Polygon(again))
    assert same_land(done.geometry, SQUARE)
    duplicates = step(done, "duplicates")
    assert (duplicates.parts_before, duplicates.parts_after, duplicates.reason) == (2, 1, "1 part already there")
    assert duplicates.delta_ha == pytest.approx(-hectares(SQUARE))
    assert step(done, "overlaps").reason is None


def test_duplicates_within_a_multipolygon_count_once():
    done = repaired(MultiPolygon([SQUARE, box(11, 5), SQUARE]))
    assert step(done, "duplicates").delta_ha == pytest.approx(-hectares(SQUARE))
    assert len(done.geometry.geoms) == 2


def test_a_broken_ring_drawn_twice_counts_once():
    bow_tie = Polygon([(0, 0), (0.2, 0.2), (0.2, 0), (0, 0.2)])
    assert same_land(repaired(bow_tie, bow_tie).geometry, repaired(bow_tie).geometry)


def test_a_ring_without_area_is_left_out():
    done = repaired(SQUARE, Polygon([(0, 0), (1, 0), (2, 0), (0, 0)]))
    assert same_land(done.geometry, SQUARE)
    assert step(done, "non-polygon parts").reason == "1 point, line or empty part left out"


def test_only_a_ring_without_area_leaves_nothing():
    assert repaired(Polygon([(0, 0), (1, 0), (2, 0), (0, 0)])).geometry.is_empty


def test_a_comb_with_ten_thousand_vertices_keeps_its_teeth():
    teeth, wide = 2_500, 0.0002
    line = [(0, -0.1)]
    for tooth in range(teeth):
        west = tooth * 2 * wide
        line += [(west, 0), (west, 0.05), (west + wide, 0.05), (west + wide, 0)]
    comb = Polygon([*line, (teeth * 2 * wide, 0), (teeth * 2 * wide, -0.1)])
    done = repaired(comb)
    assert done.area_ha == pytest.approx(hectares(comb), rel=1e-9)
    assert told(done) == []


def test_a_line_crossed_ten_thousand_times_makes_ten_thousand_parts():
    wide = 0.001
    zigzag = [(i * wide, 0.01 if i % 2 else -0.01) for i in range(10_001)]
    done = repaired(Polygon([(-wide / 2, 0), *zigzag, (10_000.5 * wide, 0)]))
    # Each a triangle of this base and height.
    assert len(done.geometry.geoms) == 10_001
    assert done.geometry.area == pytest.approx(10_001 * wide * 0.01 / 2, rel=1e-9)


def test_a_ring_that_geos_cannot_make_valid_loses_no_land():
    drawn = Polygon([(10 + x * CELL, 45 + y * CELL) for x, y in [(7, 6), (0, 2), (6, 8), (4, 9), (2, 4)]])
    made = shapely.make_valid(drawn, method="structure")
    assert not made.is_valid, "once it is, this tests nothing"
    land = shapely.union_all(enclosed([drawn]))
    assert shapely.symmetric_difference(repaired(drawn).geometry, land).area < 1e-10


@pytest.mark.parametrize("round_trips", [1, 2, 3])
def test_an_edge_drawn_there_and_back_loses_no_land(round_trips):
    """Of the ring A B A B C A, GEOS makes nothing."""
    a, b, c = (-60, -3), (-59.98, -2.99), (-59.99, -2.99)
    drawn = Polygon([*[a, b] * round_trips, a, b, c])
    assert same_land(repaired(drawn).geometry, Polygon([a, b, c]))


def test_only_three_places_of_many_faults_are_named():
    bow_ties = [Polygon([(i, 0), (i + 0.2, 0.2), (i + 0.2, 0), (i, 0.2)]) for i in range(5)]
    reason = step(repaired(*bow_ties), "validity").reason
    assert reason.count("Self-intersection") == 3
    assert reason.endswith("; and 2 more")


# --- holes ----------------------------------------------------------------------------------------------------------


def test_a_hole_equal_to_its_shell_leaves_nothing():
    done = repaired(with_holes(SQUARE, SQUARE))
    assert done.geometry.is_empty
    assert done.area_ha == 0
    assert step(done, "holes").parts_after == 1, "what is left of it is a line"


@pytest.mark.parametrize(
    "hole",
    [
        pytest.param(box(11, 5), id="far away"),
        pytest.param(box(10.1, 5.1, 0.05), id="touching in a point"),
        pytest.param(box(10.1, 5.02, 0.05), id="touching along an edge"),
    ],
)
def test_a_hole_outside_its_shell_is_a_part(hole):
    done = repaired(with_holes(SQUARE, hole))
    assert same_land(done.geometry, shapely.union(SQUARE, hole))
    assert done.area_ha == pytest.approx(hectares(SQUARE) + hectares(hole), rel=1e-9)
    assert step(done, "holes").holes_before == 1
    assert done.steps[0].area_before_ha == pytest.approx(done.area_ha), "what its rings enclose does not change"


def test_one_hole_outside_does_not_undo_the_others():
    within, outside = box(10.02, 5.02, 0.02), box(11, 5)
    done = repaired(with_holes(SQUARE, within, outside))
    assert done.area_ha == pytest.approx(hectares(SQUARE) - hectares(within) + hectares(outside), rel=1e-9)
    assert step(done, "holes").delta_ha == pytest.approx(0, abs=1e-6)
    assert done.steps[-1].holes_after == 1


def test_holes_that_overlap_are_cut_out_once():
    one, other = box(10.02, 5.02, 0.04), box(10.04, 5.04, 0.04)
    done = repaired(with_holes(SQUARE, one, other))
    assert same_land(done.geometry, shapely.difference(SQUARE, shapely.union(one, other)))
    # Until then their common land is taken off twice.
    assert step(done, "holes").delta_ha == pytest.approx(hectares(shapely.intersection(one, other)), rel=1e-6)
    assert (step(done, "holes").holes_before, step(done, "holes").holes_after) == (2, 1)


def test_a_hole_within_a_hole_changes_nothing():
    outer, inner = box(10.02, 5.02, 0.04), box(10.03, 5.03, 0.01)
    done = repaired(with_holes(SQUARE, outer, inner))
    assert same_land(done.geometry, shapely.difference(SQUARE, outer))
    assert step(done, "holes").delta_ha == pytest.approx(hectares(inner), rel=1e-6)


def test_of_a_hole_partly_outside_the_inner_half_counts():
    hole = box(10.05, 5.02, 0.1, 0.05)
    done = repaired(with_holes(SQUARE, hole))
    assert same_land(done.geometry, shapely.difference(SQUARE, hole))
    assert step(done, "holes").delta_ha == pytest.approx(hectares(shapely.difference(hole, SQUARE)), rel=1e-6)


def test_a_hole_of_a_shell_without_land_is_a_part():
    done = repaired(Polygon([(0, 0), (0.2, 0.2), (0, 0)], [ring(box(0.05, 0.05))]))
    assert same_land(done.geometry, box(0.05, 0.05))
    assert told(done) == ["validity", "holes", "non-polygon parts"]


def test_a_bow_tie_as_hole_is_cut_out_whole():
    hole = Polygon([(10.02, 5.02), (10.06, 5.06), (10.06, 5.02), (10.02, 5.06)])
    done = repaired(Polygon(ring(SQUARE), [list(hole.exterior.coords)]))
    assert same_land(done.geometry, shapely.difference(SQUARE, shapely.make_valid(hole)))
    assert step(done, "validity").delta_ha == pytest.approx(-hectares(shapely.make_valid(hole)), rel=1e-6)
    assert step(done, "holes").delta_ha == pytest.approx(0, abs=1e-6)


def test_a_broken_shell_keeps_its_hole():
    hole = box(0.01, 0.09, 0.02)
    done = repaired(Polygon([(0, 0), (0.2, 0.2), (0.2, 0), (0, 0.2)], [ring(hole)]))
    halves = shapely.make_valid(Polygon([(0, 0), (0.2, 0.2), (0.2, 0), (0, 0.2)]))
    assert same_land(done.geometry, shapely.difference(halves, hole))
    assert step(done, "validity").delta_ha == pytest.approx(hectares(halves), rel=1e-6)


def test_an_island_in_a_lake_is_a_part():
    lake = with_holes(SQUARE, box(10.02, 5.02, 0.06))
    done = repaired(lake, box(10.04, 5.04, 0.01))
    assert told(done) == []
    assert len(done.geometry.geoms) == 2


# --- parts ----------------------------------------------------------------------------------------------------------


def test_a_shell_within_a_shell_counts_once():
    done = repaired(MultiPolygon([SQUARE, box(10.02, 5.02, 0.02)]))
    assert same_land(done.geometry, SQUARE)
    assert step(done, "overlaps").delta_ha == pytest.approx(-hectares(box(10.02, 5.02, 0.02)), rel=1e-6)


def test_land_of_two_parts_counts_once():
    done = repaired(SQUARE, box(10.05, 5))
    assert same_land(done.geometry, box(10, 5, 0.15, 0.1))
    assert step(done, "overlaps").delta_ha == pytest.approx(-hectares(box(10.05, 5, 0.05, 0.1)), rel=1e-6)
    assert step(done, "overlaps").reason == "2 parts overlap or share edges; 1 remain"


def test_parts_that_share_an_edge_become_one():
    done = repaired(SQUARE, box(10.1, 5))
    assert same_land(done.geometry, box(10, 5, 0.2, 0.1))
    assert len(done.geometry.geoms) == 1
    assert step(done, "overlaps").delta_ha == pytest.approx(0, abs=1e-6)


SLIVER_SIZE = 0.0002
"""Of a square of some 0.05 ha."""


def test_slivers_are_left_out_and_told():
    sliver = box(11, 5, SLIVER_SIZE)
    for drawn in ([SQUARE, sliver], [MultiPolygon([sliver, SQUARE])]):
        done = repaired(*drawn)
        assert same_land(done.geometry, SQUARE)
        assert step(done, "slivers").delta_ha == pytest.approx(-hectares(sliver), rel=1e-4)
        assert step(done, "slivers").reason == "1 part below 0.1 ha"


def test_the_least_area_is_that_of_no_sliver():
    least = hectares(box(11, 0, 0.001))
    assert len(repaired(box(11, 0, 0.001), least_ha=least * (1 - 1e-9)).geometry.geoms) == 1
    assert repaired(box(11, 0, 0.001), least_ha=least * (1 + 1e-9)).geometry.is_empty
    assert len(repaired(box(11, 0, SLIVER_SIZE), least_ha=0).geometry.geoms) == 1


def test_a_strip_along_a_large_part_is_not_lost():
    strip = box(10.1, 5, SLIVER_SIZE)
    done = repaired(SQUARE, strip)
    assert done.area_ha == pytest.approx(hectares(SQUARE) + hectares(strip), rel=1e-9)
    assert step(done, "slivers").reason is None


def test_many_slivers_that_make_up_land_are_kept():
    field = [box(10 + i * SLIVER_SIZE, 5 + j * SLIVER_SIZE, SLIVER_SIZE) for i in range(10) for j in range(10)]
    done = repaired(*field)
    assert done.area_ha == pytest.approx(hectares(box(10, 5, 10 * SLIVER_SIZE)), rel=1e-3)


def test_only_slivers_leave_nothing():
    done = repaired(box(10, 5, SLIVER_SIZE))
    assert done.geometry.is_empty
    assert done.area_ha == 0


# --- what is no polygon ---------------------------------------------------------------------------------------------


def test_of_no_shape_comes_nothing():
    done = repaired()
    assert done.geometry.is_empty
    assert told(done) == []


@pytest.mark.parametrize("empty", [Polygon(), MultiPolygon(), GeometryCollection(), Point()])
def test_empty_shapes_are_left_out(empty):
    assert repaired(empty).geometry.is_empty
    assert same_land(repaired(SQUARE, empty).geometry, SQUARE)


def test_points_and_lines_are_left_out():
    drawn = [Point(0, 0), MultiPoint([(1, 1), (2, 2)]), LineString([(0, 0), (1, 1)]), LineString([(3, 3), (3, 3)])]
    done = repaired(*drawn)
    assert done.geometry.is_empty
    assert step(done, "non-polygon parts").reason == "5 point, line or empty parts left out"
    assert same_land(repaired(SQUARE, *drawn).geometry, SQUARE)


def test_a_closed_line_is_no_polygon():
    assert repaired(shapely.LinearRing(ring(SQUARE))).geometry.is_empty


def test_collections_within_collections_are_taken_apart():
    nested = GeometryCollection(
        [Point(0, 0), GeometryCollection([MultiPolygon([SQUARE]), GeometryCollection([box(11, 5), LineString()])])]
    )
    done = repaired(nested)
    assert same_land(done.geometry, shapely.union(SQUARE, box(11, 5)))
    assert done.steps[0].parts_before == 4


def test_heights_and_measures_are_dropped():
    drawn = [
        shapely.force_3d(SQUARE, 300),
        shapely.from_wkt("POLYGON M ((20 0 1, 20.1 0 2, 20.1 0.1 3, 20 0 1))"),
        shapely.from_wkt("POLYGON ZM ((30 0 1 9, 30.1 0 2 9, 30.1 0.1 3 9, 30 0 1 9))"),
    ]
    done = repaired(*drawn)
    assert len(done.geometry.geoms) == 3
    assert step(done, "2d").reason == "heights dropped"
    assert done.area_ha == pytest.approx(math.fsum(hectares(shapely.force_2d(shape)) for shape in drawn), rel=1e-9)


# --- coordinate reference systems -----------------------------------------------------------------------------------


def test_shapes_in_several_reference_systems_become_one_boundary():
    west, east = box(-75, -10), box(-74.95, -10)
    done = repaired(Shape(projected(west, UTM_18S), UTM_18S), Shape(east, WGS84))
    assert step(done, "crs").reason == "from EPSG:32718 by Inverse of UTM zone 18S + axis order change (2D) (to 0 m)"
    assert done.area_ha == pytest.approx(hectares(shapely.union(west, east)), rel=1e-6)
    assert len(done.geometry.geoms) == 1


def test_longitude_and_latitude_on_wgs_84_are_not_touched():
    odd = Polygon([(0.1 + 0.2, 1 / 3), (0.7, 0.1), (0.8, 2 / 3)])
    assert set(shapely.get_coordinates(repaired(odd).geometry)[:, 0]) == set(shapely.get_coordinates(odd)[:, 0])


def test_albers_on_an_older_datum_gives_the_same_land():
    shape = box(-71, 3, 0.5).segmentize(0.01)
    done = repaired(Shape(projected(shape, ALBERS_SAD69), ALBERS_SAD69))
    assert done.area_ha == pytest.approx(repaired(shape).area_ha, rel=1e-3)
    assert shapely.hausdorff_distance(done.geometry, shape) < 1e-6
    assert step(done, "crs").reason.startswith("from ESRI:102033 by Inverse of")
    assert abs(step(done, "crs").delta_ha) < 1e-3 * done.area_ha


def test_a_reference_system_that_is_written_out_is_named():
    done = repaired(Shape(projected(box(-75, -10), UTM_18S), pyproj.CRS(UTM_18S).to_wkt()))
    assert step(done, "crs").reason.startswith("from WGS 84 / UTM zone 18S by Inverse of")
    assert done.area_ha == pytest.approx(hectares(box(-75, -10)), rel=1e-6)


OUT_OF_RANGE = {
    "metres taken for degrees": (shapely.box(500000, 100000, 600000, 200000), WGS84),
    "axes swapped": (shapely.box(5, 120, 6, 121), WGS84),
    "beyond the pole": (shapely.box(5, 89.5, 6, 90.5), WGS84),
    "two turns": (shapely.box(719, 5, 720, 6), WGS84),
    "infinite after the transformation": (shapely.box(1e30, 1e30, 2e30, 2e30), UTM_18S),
    "no number": (Polygon([(0, 0), (math.nan, 1), (1, 1)]), WGS84),
}


@pytest.mark.parametrize("holed", [False, True])
@pytest.mark.parametrize(("shape", "crs"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_coordinates_that_are_no_places_are_refused(shape, crs, holed):
    hole = [(10, 10), (20, 10), (20, 20)]
    drawn = Polygon(ring(shape), [hole]) if holed else shape
    with pytest.raises(UnusableShape, match="no places on Earth") as caught:
        repaired(SQUARE, Shape(drawn, crs))
    assert f"in {crs}" in str(caught.value)


def test_the_refusal_names_the_coordinates():
    with pytest.raises(UnusableShape, match="x from 500000 to 600000, y from 100000 to 200000 in EPSG:4326"):
        repaired(shapely.box(500000, 100000, 600000, 200000))


def test_the_edges_of_the_map_are_places():
    done = repaired(box(-180, -90, 1), box(179, 89, 1))
    assert done.geometry.bounds == (-180, -90, 180, 90)


# --- the antimeridian -----------------------------------------------------------------------------------------------

ACROSS = [(178, -17), (182, -17), (182, -14), (178, -14)]
HOLE_ACROSS = [(179.5, -16), (180.5, -16), (180.5, -15), (179.5, -15)]


def wrapped(coordinates: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """With longitudes from -180 to 180: where they cross, they jump."""
    return [((x + 180) % 360 - 180, y) for x, y in coordinates]


def turned(coordinates: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """One turn to the west."""
    return [(x - 360, y) for x, y in coordinates]


def as_drawn(coordinates: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return coordinates


@pytest.mark.parametrize("shell", [as_drawn, wrapped, turned])
@pytest.mark.parametrize("hole", [as_drawn, wrapped, turned, None])
@pytest.mark.parametrize("order", [1, -1])
def test_a_shape_across_the_antimeridian_is_cut_there(shell, hole, order):
    drawn = Polygon(shell(ACROSS)[::order], [hole(HOLE_ACROSS)] if hole else [])
    done = repaired(drawn)
    west, east = shapely.box(178, -17, 180, -14), shapely.box(-180, -17, -178, -14)
    if hole:
        west = shapely.difference(west, shapely.box(179.5, -16, 180, -15))
        east = shapely.difference(east, shapely.box(-180, -16, -179.5, -15))
    assert same_land(done.geometry, MultiPolygon([east, west]))
    assert done.area_ha == pytest.approx(hectares(west) + hectares(east), rel=1e-9)
    assert done.crosses_antimeridian
    assert not done.encloses_pole
    assert step(done, "antimeridian").reason == "1 part cut at 180 degrees"
    if shell is not wrapped and hole in (shell, None):
        assert done.steps[0].area_before_ha == pytest.approx(done.area_ha), "nothing jumps: it is measured beyond 180"


def test_a_hole_on_the_far_side_stays_there():
    far = [(180.5, -16), (181, -16), (181, -15), (180.5, -15)]
    expected = hectares(shapely.box(-4, -17, 0, -14)) - hectares(shapely.box(0.5, -16, 1, -15))
    for shell, hole in ((wrapped, wrapped), (wrapped, as_drawn), (as_drawn, wrapped)):
        done = repaired(Polygon(shell(ACROSS), [hole(far)]))
        assert done.area_ha == pytest.approx(expected, rel=1e-9)
        assert done.steps[-1].holes_after == 1


def test_a_broken_shape_across_the_antimeridian_is_mended_too():
    done = repaired(Polygon(wrapped([(179, 0), (181, 2), (181, 0), (179, 2)])))
    halves = [Polygon([(179, 0), (180, 1), (179, 2)]), Polygon([(-179, 0), (-179, 2), (-180, 1)])]
    assert same_land(done.geometry, MultiPolygon(halves))


def test_longitudes_beyond_180_come_back_by_a_turn():
    for drawn, place in ((box(190, 5), box(-170, 5)), (box(-190, 5), box(170, 5))):
        done = repaired(drawn)
        assert same_land(done.geometry, place)
        assert not done.crosses_antimeridian, "it lies on one side"
        assert step(done, "antimeridian").reason == "1 part beyond 180 degrees, brought back by a turn"


def test_a_shape_that_only_touches_the_antimeridian_does_not_cross_it():
    for drawn in (box(179, 5, 1), box(-180, 5, 1), Polygon([(179, 0), (180, 0), (-180, 1), (179, 1)])):
        done = repaired(drawn)
        assert len(done.geometry.geoms) == 1
        assert not done.crosses_antimeridian


@pytest.mark.parametrize("gap", [0, 0.1])
def test_parts_on_both_sides_cross_it_whoever_cut_them(gap):
    done = repaired(MultiPolygon([box(179 - gap, 5, 1), box(-180 + gap, 5, 1)]))
    assert done.crosses_antimeridian
    assert told(done) == []


def test_parts_on_both_sides_of_greenwich_do_not_cross_the_antimeridian():
    assert not repaired(box(-0.05, 5), box(-100, 5), box(100, 5)).crosses_antimeridian


def test_shapes_repaired_once_still_cross():
    once = repaired(Polygon(ACROSS), shapely.box(177, 3, 185, 4), box(190, -3))
    again = repaired(once.geometry)
    assert again.crosses_antimeridian
    assert again.geometry.wkb == once.geometry.wkb


def test_a_shape_across_drawn_in_two_ways_counts_once():
    done = repaired(Polygon(ACROSS), Polygon(wrapped(ACROSS[2:] + ACROSS[:2])), Polygon(turned(ACROSS[::-1])))
    assert step(done, "duplicates").reason == "4 parts already there"
    assert step(done, "overlaps").reason is None


ANTARCTIC = [(-180, -84), (-90, -70), (0, -70), (90, -70), (180, -84), (180, -90), (-180, -90)]


def test_a_ring_around_a_pole_is_left_as_drawn():
    done = repaired(Polygon(ANTARCTIC))
    assert same_land(done.geometry, Polygon(ANTARCTIC))
    assert done.encloses_pole
    assert not done.crosses_antimeridian
    assert step(done, "antimeridian").reason == "1 part around a pole, left as drawn"


def test_what_is_left_of_a_ring_around_a_pole_has_an_account():
    assert repaired(Polygon([(-120, 80), (0, 85), (120, 80)])).encloses_pole


def test_what_encloses_no_land_across_the_antimeridian_is_left_out():
    assert repaired(Polygon([(179, 0), (-179, 0), (179, 0)])).geometry.is_empty
    assert repaired(Polygon(ACROSS, [ACROSS])).geometry.is_empty


@pytest.mark.parametrize("west", [180.5, 182], ids=["apart", "touching"])
def test_a_hole_outside_its_shell_may_be_beyond_the_antimeridian(west):
    shell = box(west - 3, 0, 2 if west == 180.5 else 3)
    hole = box(west, 0, 1)
    done = repaired(with_holes(shell, hole))
    assert done.area_ha == pytest.approx(
        hectares(box(0, 0, shell.bounds[2] - shell.bounds[0])) + hectares(box(0, 0, 1))
    )
    assert done.crosses_antimeridian


def test_a_point_drawn_as_a_ring_does_no_harm_beside_a_shape_across():
    done = repaired(Polygon([(0, 0)] * 4), Polygon(ACROSS))
    assert done.area_ha == pytest.approx(repaired(Polygon(ACROSS)).area_ha)


def test_vertices_drawn_twice_are_kept_once_wherever_the_ring_begins():
    drawn = [(0, 0), (0, 0), (0.1, 0), (0.1, 0.1), (0.1, 0.1)]
    found = {repaired(Polygon(drawn[i:] + drawn[:i])).geometry.wkb for i in range(5)}
    assert len(found) == 1


# --- the look at what was drawn -------------------------------------------------------------------------------------


def test_drawn_parts_are_in_degrees_where_they_can_be():
    nowhere = shapely.box(500000, 100000, 600000, 200000)
    parts = repair.drawn([Shape(projected(box(-75, -10), UTM_18S), UTM_18S), Shape(nowhere, WGS84)])
    assert shapely.hausdorff_distance(parts[0], box(-75, -10)) < 1e-6
    assert parts[1].equals(nowhere)
    assert len(repair.drawn([])) == 0


# --- any shapes -----------------------------------------------------------------------------------------------------

_place = st.tuples(st.integers(0, 9), st.integers(0, 9))
_ring = st.lists(_place, min_size=3, max_size=9)
_square = st.builds(lambda x, y, w, h: [(x, y), (x + w, y), (x + w, y + h), (x, y + h)],
                    *[st.integers(0, 8)] * 2, *[st.integers(1, 6)] * 2)  # fmt: skip


def scaled(points: list[tuple[int, int]], west: float, south: float) -> list[tuple[float, float]]:
    return [(west + x * CELL, south + y * CELL) for x, y in points]


@st.composite
def polygons(draw, most: int = 4) -> list[Polygon]:
    """Parts with rings that cross themselves, holes anywhere, some drawn twice, in a square of some 10 km."""
    west, south = draw(st.sampled_from([(-60.0, -3.0), (10.0, 45.0), (25.0, 69.0), (-0.05, -0.05)]))
    made = []
    for _ in range(draw(st.integers(1, most))):
        shell, *holes = draw(st.lists(st.one_of(_ring, _square), min_size=1, max_size=4))
        made.append(Polygon(scaled(shell, west, south), [scaled(hole, west, south) for hole in holes]))
    return made + draw(st.lists(st.sampled_from(made), max_size=2))


fuzzy = settings(examples(80, 300), derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@fuzzy
@given(polygons(), st.randoms(use_true_random=False))
def test_any_shapes_become_one_valid_boundary(parts: list[Polygon], chance: random.Random):
    done = repaired(*parts)
    # Of all rings, as a hole outside of its shell is a part.
    frame = shapely.box(*shapely.total_bounds(shapely.get_rings(parts)))
    assert done.area_ha <= hectares(frame) * (1 + 1e-9)
    # The order of shapes and of parts, and what is a part and what a shape, do not matter.
    shuffled = list(parts)
    chance.shuffle(shuffled)
    for shapes in (shuffled, [MultiPolygon(shuffled)], [GeometryCollection(shuffled[:2]), *shuffled[2:]]):
        again = repaired(*shapes)
        assert again.geometry.wkb == done.geometry.wkb
        assert again.steps == done.steps
    # What is repaired needs no repair.
    twice = repaired(done.geometry)
    assert twice.geometry.wkb == done.geometry.wkb
    assert told(twice) == []


def hectares_nearby(land: MultiPolygon) -> float:
    """Area in an equal-area projection of the place, which is not the one that areas are told in."""
    # An edge is straight in the one and bent in the other: with a vertex each ten metres it is the same line.
    # Holes of no extent are left out first: vertices cannot be put on their edges.
    tidy = shapely.get_parts(shapely.set_precision(land, 1e-9))
    dense = shapely.segmentize(projected(tidy, "EPSG:6933"), 10)
    degrees = projected(dense, WGS84, "EPSG:6933")
    return shapely.union_all(shapely.make_valid(projected(degrees, around(land)))).area / 10_000


@fuzzy
@given(polygons())
def test_any_boundary_is_what_the_rings_go_round(parts: list[Polygon]):
    done = repaired(*parts, least_ha=0)
    land = enclosed(parts)
    # 1e-11 square degrees are some 0.1 square metres.
    assert shapely.symmetric_difference(done.geometry, shapely.union_all(land)).area < 1e-11
    if not done.geometry.is_empty:
        assert done.area_ha == pytest.approx(hectares_nearby(done.geometry), rel=1e-4, abs=1e-3)


_wild = st.floats(-0.05, 0.05).map(lambda degrees: round(degrees, 12))


@fuzzy
@given(
    st.lists(
        st.lists(st.lists(st.tuples(_wild, _wild), min_size=3, max_size=12), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([(0.0, 0.0), (179.99, 0.0), (-180.0, 40.0), (7.3, 51.2)]),
)
def test_no_coordinates_are_too_odd(drawn, place):
    west, south = place
    moved = [[[(west + x, south + y) for x, y in line] for line in rings] for rings in drawn]
    done = repaired(*[Polygon(shell, holes) for shell, *holes in moved])
    twice = repaired(done.geometry)
    assert twice.geometry.wkb == done.geometry.wkb


@fuzzy
@given(
    st.floats(-70, 70), st.floats(-179, 178), st.floats(0.005, 0.2),
    st.lists(st.floats(0.5, 1), min_size=5, max_size=40),
)  # fmt: skip
def test_areas_agree_with_the_ellipsoid(lat: float, lon: float, size: float, radii: list[float]):
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    stretch = math.cos(math.radians(lat))
    star = Polygon([
        (lon + size * r * math.cos(a) / stretch, max(-70, min(70, lat + size * r * math.sin(a))))
        for a, r in zip(angles, radii, strict=True)
    ])  # fmt: skip
    assume(star.is_valid and star.bounds[0] > -180 and star.bounds[2] < 180)
    done = repaired(star)
    assert done.area_ha == pytest.approx(geodesic(done.geometry), rel=5e-3)
    assert geodesic_area_ha(done.geometry) == pytest.approx(geodesic(done.geometry), rel=1e-12)


# --- what the tests themselves rely on ------------------------------------------------------------------------------


def test_winding_numbers_count_turns():
    once, twice = np.array(ring(SQUARE)), np.array(ring(SQUARE)[:-1] * 2 + ring(SQUARE)[:1])
    places = np.array([(10.05, 5.05), (20, 5)])
    assert abs(winding(once, places)).tolist() == [1, 0]
    assert abs(winding(twice, places)).tolist() == [2, 0]


def test_an_open_account_is_not_sound():
    done = repaired(SQUARE, box(10.05, 5))
    for left_out in range(len(STEPS)):
        steps = done.steps[:left_out] + done.steps[left_out + 1 :]
        with pytest.raises(AssertionError):
            is_sound(repair.Repaired(done.geometry, steps))


# --- what one project must not do to the others ---------------------------------------------------------------------


def test_rings_that_cross_themselves_without_end_are_refused():
    places = np.random.default_rng(1).uniform(0, 1, (2_000, 2))
    with pytest.raises(UnusableShape, match="cross themselves more than 50,000 times"):
        repaired(Polygon(places))


def test_a_reference_system_that_leads_nowhere_is_refused():
    local = 'LOCAL_CS["arbitrary",LOCAL_DATUM["x",32767],UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    with pytest.raises(UnusableShape, match="cannot be brought to EPSG:4326"):
        repaired(Shape(box(0, 0), local))


def test_all_vertices_of_a_shape_are_moved_by_one_operation():
    """On SAD69 in Colombia the areas of two operations meet at 0 degrees, 23 m apart."""
    line = Polygon(
        [(-74.01, -0.5), (-74.0, -0.5), (-74.0, 0.5), *((-74.01, lat) for lat in np.linspace(0.5, -0.49, 100))]
    )
    done = repaired(Shape(line, "EPSG:4618"))
    moved = np.diff(
        np.sort(shapely.get_coordinates(done.geometry)[:, 1][shapely.get_coordinates(done.geometry)[:, 0] < -74.005])
    )
    assert np.ptp(moved[moved > 1e-9]) < 1e-7
    assert "SAD69 to WGS 84" in step(done, "crs").reason


def test_what_one_step_gives_and_another_takes_does_not_cancel_out():
    bow_tie = Polygon([(0, 0), (0.1, 0.1), (0.1, 0), (0, 0.1)])
    twice = [box(1, 0, size=0.0707), box(1 + 1e-9, 0, size=0.0707)]
    done = repaired(bow_tie, *twice)
    assert done.change("validity", "holes", "overlaps") > 0.5


def test_a_cap_drawn_along_the_edges_of_the_map_stays():
    cap = Polygon([(-180, 80), (180, 80), (180, 90), (-180, 90)])
    done = repaired(cap)
    assert not done.crosses_antimeridian
    assert done.area_ha == pytest.approx(hectares(cap))


def test_a_ring_that_jumps_across_the_map_is_measured_as_it_is_meant():
    done = repaired(Polygon([(179, -17), (-179, -17), (-179, -16), (179, -16)]))
    assert step(done, "antimeridian").delta_ha == pytest.approx(0, abs=1e-6)
    assert done.steps[0].area_before_ha == pytest.approx(done.area_ha)
