"""`boundary_overlaps`: land that two projects claim is found exactly where there is some, and held against their periods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from carbon_assets.boundaries import overlaps as boundary_overlaps
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.unified import schema as unified_schema
from tests.kit.boundary_shapes import box, hectares, with_holes
from tests.kit.findings_tables import connection, day, project, write

PERIODS = {"VCS1": ("2010-01-01", "2019-12-31"), "VCS2": ("2015-01-01", "2024-12-31")}


def boundary(project_id: str, geometry: shapely.Geometry) -> dict:
    whole = shapely.multipolygons(shapely.get_parts([geometry]))
    return {"project_id": project_id, "geometry": shapely.to_wkb(whole), "area_ha": hectares(whole)}


def overlaps(folder: Path, boundaries: list[dict], projects: list[dict] = (), tolerance: float = 1) -> list[dict]:
    told = [{"registry": "verra", "name": f"Forest {row['project_id']}", **row} for row in projects]
    known = write(folder / "projects.parquet", told, unified_schema.UNIFIED_PROJECTS)
    loose = pa.schema([pa.field(field.name, field.type) for field in boundaries_schema.BOUNDARIES])
    with connection() as con:
        found = boundary_overlaps.overlaps(con, pa.Table.from_pylist(boundaries, schema=loose), known, tolerance)
    assert found.schema.equals(boundaries_schema.BOUNDARY_OVERLAPS)
    for field in boundaries_schema.BOUNDARY_OVERLAPS:
        assert field.nullable or not found[field.name].null_count, field.name
    rows = found.to_pylist()
    for row in rows:
        assert row["project_id"] < row["other_project_id"]
        assert 0 < row["share"] <= 1 and 0 < row["other_share"] <= 1
    return rows


def pairs(rows: list[dict]) -> list[tuple[str, str]]:
    return [(row["project_id"], row["other_project_id"]) for row in rows]


def two(folder: Path, *projects: dict) -> dict:
    """The overlap of VCS1 and VCS2, of which these are known."""
    (row,) = overlaps(folder, [boundary("VCS1", box(10, 5)), boundary("VCS2", box(10.05, 5))], list(projects))
    return row


# --- land -----------------------------------------------------------------------------------------------------------


def test_shared_land_is_measured_and_held_against_both(tmp_path):
    (row,) = overlaps(tmp_path, [boundary("VCS1", box(10, 5)), boundary("VCS2", box(10.075, 5, 0.05, 0.1))])
    assert row["overlap_ha"] == pytest.approx(hectares(box(10.075, 5, 0.025, 0.1)))
    assert (row["share"], row["other_share"]) == pytest.approx((0.25, 0.5))


def test_neighbours_that_touch_share_no_land(tmp_path):
    beside = [boundary("VCS1", box(10, 5)), boundary("VCS2", box(10.1, 5)), boundary("VCS3", box(10.2, 5.1))]
    assert overlaps(tmp_path, beside, tolerance=0) == []


def test_a_project_in_a_hole_of_another_shares_no_land(tmp_path):
    assert overlaps(
        tmp_path,
        [boundary("VCS1", with_holes(box(10, 5), box(10.02, 5.02, 0.02))), boundary("VCS2", box(10.02, 5.02, 0.02))],
        tolerance=0,
    ) == []  # fmt: skip


def test_more_than_the_tolerance_is_an_overlap(tmp_path):
    drawn = [boundary("VCS1", box(10, 5)), boundary("VCS2", box(10.0999, 5))]
    (row,) = overlaps(tmp_path, drawn, tolerance=0)
    shared = row["overlap_ha"]
    assert shared == pytest.approx(hectares(box(10.0999, 5, 0.0001, 0.1)), rel=1e-6)
    assert len(overlaps(tmp_path, drawn, tolerance=shared * (1 - 1e-9))) == 1
    assert overlaps(tmp_path, drawn, tolerance=shared) == []
    assert overlaps(tmp_path, drawn, tolerance=shared * 2) == []


def test_all_parts_count_together(tmp_path):
    parts = MultiPolygon([box(10, 5), box(11, 5)])
    (row,) = overlaps(tmp_path, [boundary("VCS1", parts), boundary("VCS2", box(9.9, 4.9, 2, 0.15))])
    assert row["overlap_ha"] == pytest.approx(hectares(box(10, 5, 0.1, 0.05)) * 2, rel=1e-6)
    assert row["share"] == pytest.approx(0.5, rel=1e-3)


def test_a_boundary_claimed_twice_is_shared_whole(tmp_path):
    odd = Polygon([(10, 5), (10.1, 5.03), (10.07, 5.1)])
    (row,) = overlaps(tmp_path, [boundary("VCS1", odd), boundary("VCS2", odd)])
    assert (row["share"], row["other_share"]) == (1, 1)


def test_no_share_is_above_one_whatever_rounding_does(tmp_path):
    # Within the other, with vertices where the two edges meet: the cut shape has more vertices than the boundary.
    inner = boundary("VCS1", box(10, 5))
    less = {**inner, "area_ha": inner["area_ha"] * (1 - 1e-9)}
    (row,) = overlaps(tmp_path, [less, boundary("VCS2", box(9, 4, 3))])
    assert row["share"] == 1
    assert row["overlap_ha"] == less["area_ha"]
    assert row["other_share"] == pytest.approx(row["overlap_ha"] / hectares(box(9, 4, 3)))


def test_the_lesser_id_comes_first_whatever_the_order(tmp_path):
    west, east = boundary("VCS2", box(10, 5)), boundary("VCS10", box(10.05, 5, 0.2))
    periods = [project("VCS2", *PERIODS["VCS1"]), project("VCS10", *PERIODS["VCS2"])]
    found = overlaps(tmp_path, [west, east], periods)
    assert pairs(found) == [("VCS10", "VCS2")]
    assert found[0]["other_share"] == pytest.approx(0.5, rel=1e-3)
    assert found[0]["other_crediting_period_end"] == day("2019-12-31")
    assert overlaps(tmp_path, [east, west], periods) == found


def test_the_largest_comes_first(tmp_path):
    drawn = [boundary(f"VCS{i}", box(10 + i, 5)) for i in range(4)]
    drawn += [boundary("VCS6", box(11.05, 5)), boundary("VCS5", box(10.01, 5)), boundary("VCS7", box(13.05, 5))]
    found = overlaps(tmp_path, drawn)
    assert pairs(found)[0] == ("VCS0", "VCS5")
    assert sorted(pairs(found)[1:]) == [("VCS1", "VCS6"), ("VCS3", "VCS7")]
    assert [row["overlap_ha"] for row in found] == sorted((row["overlap_ha"] for row in found), reverse=True)


@pytest.mark.parametrize("drawn", [[], [boundary("VCS1", box(10, 5))]], ids=["none", "one"])
def test_fewer_than_two_boundaries_make_no_pair(drawn, tmp_path):
    assert overlaps(tmp_path, drawn) == []


_rectangle = st.builds(
    lambda west, south, wide, high: shapely.box(west / 10, south / 10, (west + wide) / 10, (south + high) / 10),
    *[st.integers(0, 15)] * 2, *[st.integers(1, 6)] * 2,
)  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_rectangle, max_size=12), st.integers(1, 5))
def test_the_pairs_are_those_that_brute_force_finds(rectangles, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundary_overlaps, "MAX_PAIRS_CUT_AT_ONCE", at_once)
        found = boundary_overlaps.shared_areas(np.array(rectangles, dtype=object))
    expected = {}
    for i, one in enumerate(rectangles):
        for j, other in enumerate(rectangles[i + 1 :], i + 1):
            west, south = np.maximum(one.bounds[:2], other.bounds[:2])
            east, north = np.minimum(one.bounds[2:], other.bounds[2:])
            if east > west and north > south:
                expected[i, j] = hectares(shapely.box(west, south, east, north))
    assert {(int(i), int(j)): area for i, j, area in found} == pytest.approx(expected)
    assert len(found) == len(expected)


# --- projects and their periods -------------------------------------------------------------------------------------


def test_both_projects_are_named_with_their_registries_and_periods(tmp_path):
    row = two(
        tmp_path,
        project("VCS1", *PERIODS["VCS1"]),
        project("VCS2", *PERIODS["VCS2"], name="Other forest", registry="somebody-else"),
    )
    assert (row["name"], row["other_name"]) == ("Forest VCS1", "Other forest")
    assert (row["registry"], row["other_registry"]) == ("verra", "somebody-else")
    periods = ("crediting_period_start", "crediting_period_end")
    assert tuple(row[name] for name in periods) == tuple(map(day, PERIODS["VCS1"]))
    assert tuple(row[f"other_{name}"] for name in periods) == tuple(map(day, PERIODS["VCS2"]))


A, B, C, D = "2010-01-01", "2014-12-31", "2015-01-01", "2019-12-31"


@pytest.mark.parametrize(
    ("one", "other", "overlapping", "shared"),
    [
        pytest.param((A, C), (B, D), True, (B, C), id="partly"),
        pytest.param((A, D), (B, C), True, (B, C), id="within"),
        pytest.param((A, C), (C, D), True, (C, C), id="one day"),
        pytest.param((A, B), (C, D), False, (None, None), id="one after the other"),
        pytest.param((A, None), (B, D), None, (None, None), id="no end"),
        pytest.param((None, C), (B, D), None, (None, None), id="no start"),
        pytest.param((None, None), (B, D), None, (None, None), id="nothing known of one"),
        pytest.param((None, None), (None, None), None, (None, None), id="nothing known"),
        pytest.param((None, B), (C, None), False, (None, None), id="ended before the other began"),
        pytest.param((None, C), (C, None), None, (None, None), id="met on one day, perhaps"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_whether_they_claim_it_at_one_time(one, other, overlapping, shared, turned, tmp_path):
    first, second = (other, one) if turned else (one, other)
    row = two(tmp_path, project("VCS1", *first), project("VCS2", *second))
    assert row["overlaps_in_time"] is overlapping
    assert (row["shared_from"], row["shared_to"]) == tuple(map(day, shared))


@pytest.mark.parametrize("known", [[], ["VCS1"], ["VCS2"]])
def test_of_a_project_that_nobody_knows_only_its_land_is_told(known, tmp_path):
    row = two(tmp_path, *[project(name, *PERIODS[name]) for name in known])
    assert row["overlap_ha"] > 0
    assert row["overlaps_in_time"] is None
    for name, of in (("VCS1", ""), ("VCS2", "other_")):
        told = [row[f"{of}{cell}"] for cell in ("name", "registry", "crediting_period_start", "crediting_period_end")]
        assert (None in told) == (name not in known)
        assert any(told) == (name in known)
