"""What boundaries say of their projects that cannot be right: each rule is found where it is broken, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import shapely

from carbon_assets.base import store
from carbon_assets.boundaries import findings as boundary_findings
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.boundaries.rules import Knowledge
from carbon_assets.geo import places
from carbon_assets.protocols import schema as protocols_schema
from carbon_assets.unified import schema as unified_schema
from tests.kit.boundary_made import RULES, square
from tests.kit.building import CONFIGS
from tests.kit.findings_tables import event, write

COUNTRIES = {
    "AAA": square(10, 40, 10),
    "BBB": square(20, 40, 10),
    "POL": square(100, 60, 10),
    "EDG": square(170, 60, 10),
    "DIA": square(0, 0, 50),
}
"""Made-up countries by their codes: two beside each other, two that lie beyond the map when turned, the second at 180 degrees,
and one that is its own mirror image."""

IN_A = square(12, 42)

SHAPES = {
    "boundaries": boundaries_schema.BOUNDARIES, "repair_findings": boundaries_schema.BOUNDARY_FINDINGS, "faults": boundaries_schema.BOUNDARY_FAULTS,
    "shapes": boundaries_schema.BOUNDARY_SHAPES, "projects": unified_schema.UNIFIED_PROJECTS, "credits": unified_schema.UNIFIED_CREDITS,
    "protocols": protocols_schema.PROTOCOLS,
}  # fmt: skip


class Squares:
    """Places that know nothing but `COUNTRIES`."""

    def shares_inside(self, geometries: np.ndarray, countries: list[str | None]) -> np.ndarray:
        return np.array([self._share(*pair) for pair in zip(geometries, countries, strict=True)])

    @staticmethod
    def _share(geometry: shapely.Geometry, country: str | None) -> float:
        if country not in COUNTRIES or not geometry.area:
            return float("nan")
        return geometry.intersection(COUNTRIES[country]).area / geometry.area


def boundary(project_id: str, geometry: shapely.Geometry = IN_A, area_ha: float = 100.0, **cells: object) -> dict:
    return {
        "project_id": project_id, "geometry": shapely.to_wkb(shapely.multipolygons([geometry])), "area_ha": area_ha,
        "area_geodesic_ha": area_ha, "parts": 1, "centroid_lon": 0.0, "centroid_lat": 0.0, "bbox_west": 0.0,
        "bbox_south": 0.0, "bbox_east": 0.0, "bbox_north": 0.0, "country_iso3": "AAA", "source_crs": "EPSG:4326",
        "crs_source": "format", "file": f"{project_id}.kml", "snapshot_id": f"snapshot of {project_id}", **cells,
    }  # fmt: skip


def shape(project_id: str, geometry: shapely.Geometry, **cells: object) -> dict:
    return {
        "project_id": project_id, "file": f"{project_id}.kml", "layer": "a", "feature": 1,
        "geometry": shapely.to_wkb(geometry), "source_crs": "EPSG:4326", "crs_source": "format",
        "snapshot_id": f"snapshot of {project_id}", **cells,
    }  # fmt: skip


def fault(file: str, reason: str, project_id: str | None = None, **cells: object) -> dict:
    named = {"registry": "boundaries", "table": file, "file": file}
    return {**named, "reason": reason, "project_id": project_id, **cells}


def project(project_id: str, country: str | None = "AAA", registry: str = "verra", **cells: object) -> dict:
    named = country and f"The land of {country}"
    return {"project_id": project_id, "registry": registry, "country_iso3": country, "country": named, **cells}


def found(
    folder: Path,
    *,
    stated: dict[str, float] | None = None,
    least: dict[str, float] | None = None,
    known: object = None,
    **tables: list[dict],
) -> list[dict]:
    """What the rules find in these tables; those that are not named are empty."""
    files = {}
    for name, rows in SHAPES.items():
        file = folder / f"{name}.parquet"
        if name == "boundaries":
            store.write(file, pa.Table.from_pylist(tables.get(name, []), schema=rows), rows)
        else:
            write(file, tables.get(name, []), rows)
        files[name] = file
    knowledge = Knowledge(
        RULES,
        {name: (area, "the project page") for name, area in (stated or {}).items()},
        {name: (area, "its section 3") for name, area in (least or {}).items()},
    )
    with duckdb.connect(config={"threads": 1}) as con:
        rows = boundary_findings.findings(con, files, knowledge, known or Squares())
    assert rows.schema == boundaries_schema.BOUNDARY_FINDINGS
    return rows.to_pylist()


def told(folder: Path, **options) -> list[tuple[str, str | None]]:
    return [(row["rule"], row["project_id"]) for row in found(folder, **options)]


def only(rows: list[dict]) -> dict:
    (row,) = rows
    assert row["rule"] in boundary_findings.RULES
    return row


def test_nothing_is_found_where_there_is_nothing(tmp_path):
    assert found(tmp_path) == []


def test_nothing_is_found_where_nothing_is_wrong(tmp_path):
    assert (
        found(
            tmp_path,
            boundaries=[boundary("VCS1")],
            shapes=[shape("VCS1", IN_A)],
            projects=[project("VCS1", protocol_raw="VM1"), project("VCS2", "BBB")],
            protocols=[{"registry": "verra", "protocol_raw": "VM1", "protocols": ["vm1"]}],
            stated={"VCS1": 100.0, "VCS2": 9.0},
            least={"vm1": 100.0, "vm2": 999.0},
        )
        == []
    )


# --- project_not_known ----------------------------------------------------------------------------------------------


def test_a_boundary_of_no_known_project(tmp_path):
    row = only(found(tmp_path, boundaries=[boundary("mata alta")], shapes=[shape("mata alta", IN_A)]))
    assert row == {
        "rule": "project_not_known", "registry": None, "project_id": "mata alta", "area_ha": 100.0, "value": None,
        "bound": None, "file": "mata alta.kml", "snapshot_id": "snapshot of mata alta",
        "finding": "mata alta is no project of any registry; name mata alta.kml by its project, or give that in "
        "boundaries/index.csv",
    }  # fmt: skip


def test_a_project_that_only_credits_mention_is_known(tmp_path):
    rows = found(
        tmp_path,
        boundaries=[boundary("VCS1")],
        credits=[event("1", "issuance", "VCS1"), event("2", "retirement", "VCS1")],
        stated={"VCS1": 500.0},
    )
    assert [(row["rule"], row["registry"]) for row in rows] == [("area_unlike_stated", "verra")]


def test_an_unknown_project_without_a_boundary_is_told_once(tmp_path):
    assert told(tmp_path, faults=[fault("x.kml", "empty", "x")], shapes=[shape("y", IN_A)]) == [
        ("file_not_usable", "x")
    ]


def test_a_fault_without_a_project_mentions_none(tmp_path):
    assert told(tmp_path, faults=[fault("index.csv", "empty")]) == [("file_not_usable", None)]


# --- where it lies --------------------------------------------------------------------------------------------------


def test_a_boundary_outside_its_country(tmp_path):
    row = only(
        found(tmp_path, boundaries=[boundary("VCS1", country_iso3="BBB")], projects=[project("VCS1", country="BBB")])
    )
    assert row == {
        "rule": "outside_its_country", "registry": "verra", "project_id": "VCS1", "area_ha": 100.0, "value": 0.0,
        "bound": 0.95, "file": "VCS1.kml", "snapshot_id": "snapshot of VCS1",
        "finding": "0.0% of it lies in The land of BBB (BBB), most in BBB",
    }  # fmt: skip


@pytest.mark.parametrize(("beyond", "rules"), [(0.04, []), (0.06, ["outside_its_country"])])
def test_a_small_share_may_lie_outside(tmp_path, beyond, rules):
    shifted = square(19 + beyond, 42)
    rows = found(tmp_path, boundaries=[boundary("VCS1", shifted)], projects=[project("VCS1")])
    assert [row["rule"] for row in rows] == rules
    assert [row["value"] for row in rows] == [pytest.approx(1 - beyond)] * len(rules)


def test_the_least_share_is_enough(tmp_path):
    class JustEnough:
        def shares_inside(self, geometries: np.ndarray, countries: list[str | None]) -> np.ndarray:
            return np.full(len(geometries), RULES.min_share_inside)

    rows = {"boundaries": [boundary("VCS1")], "projects": [project("VCS1")]}
    assert found(tmp_path, known=JustEnough(), **rows) == []


def test_a_boundary_in_no_country_says_so(tmp_path):
    at_sea = boundary("VCS1", square(-30, -30), country_iso3=None)
    row = only(found(tmp_path, boundaries=[at_sea], projects=[project("VCS1")]))
    assert row["finding"] == "0.0% of it lies in The land of AAA (AAA), most in no country"


def test_longitude_and_latitude_exchanged(tmp_path):
    swapped = boundary("VCS1", square(42, 12), country_iso3="BBB")
    row = only(
        found(tmp_path, boundaries=[swapped], shapes=[shape("VCS1", square(42, 12))], projects=[project("VCS1")])
    )
    assert (row["rule"], row["value"], row["bound"], row["area_ha"]) == ("axes_swapped", 0.0, 0.95, 100.0)
    assert row["finding"] == (
        "0.0% of it lies in The land of AAA (AAA), most in BBB; with longitude and latitude exchanged 100.0% would"
    )


def test_axes_that_would_fit_either_way_are_left_as_drawn(tmp_path):
    rows = {"boundaries": [boundary("VCS1", square(42, 12))], "projects": [project("VCS1", "DIA")]}
    assert found(tmp_path, **rows) == []


def test_each_boundary_is_held_against_its_own_country(tmp_path):
    assert told(
        tmp_path,
        boundaries=[
            boundary("VCS1"), boundary("VCS2", square(42, 12)), boundary("VCS3", square(22, 42)), boundary("VCS4"),
            boundary("VCS5", square(42, 22)),
        ],
        projects=[
            project("VCS5", "BBB"), project("VCS1"), project("VCS4", "BBB"), project("VCS2"), project("VCS3", "BBB"),
        ],
    ) == [("axes_swapped", "VCS2"), ("axes_swapped", "VCS5"), ("outside_its_country", "VCS4")]  # fmt: skip


@pytest.mark.parametrize("country", [None, "XXX"])
def test_a_project_without_a_stated_country_or_with_one_that_no_map_has_is_not_judged(tmp_path, country):
    far = square(42, 12)
    rows = {"projects": [project("VCS1", country=country)]}
    assert found(tmp_path, boundaries=[boundary("VCS1", far)], shapes=[shape("VCS1", far)], **rows) == []
    assert found(tmp_path, shapes=[shape("VCS1", square(62, 102))], **rows) == []


BEYOND = square(62, 102)
"""In POL with the axes exchanged; as drawn its latitude is beyond 90 degrees."""


def unusable(project_id: str) -> dict:
    return {
        "rule": "shape_not_usable", "project_id": project_id, "finding": f"{project_id}.kml: no place on Earth",
        "file": f"{project_id}.kml", "snapshot_id": f"snapshot of {project_id}",
    }  # fmt: skip


@pytest.mark.parametrize(
    "geometry",
    [
        pytest.param(BEYOND, id="polygon"),
        pytest.param(shapely.force_3d(BEYOND, 7), id="with heights"),
        pytest.param(shapely.Polygon([(62, 102), (63, 103), (63, 102), (62, 103)]), id="bowtie"),
        pytest.param(
            shapely.GeometryCollection([BEYOND, shapely.Point(62, 102), shapely.LineString([(62, 102), (63, 104)])]),
            id="mixed",
        ),
    ],
)
@pytest.mark.parametrize("known", ["made up", "real"])
def test_longitude_and_latitude_exchanged_beyond_the_map(tmp_path, geometry, known):
    country = {"made up": "POL", "real": "RUS"}[known]
    found_ = found(
        tmp_path,
        repair_findings=[unusable("VCS1")],
        shapes=[shape("VCS1", geometry)],
        projects=[project("VCS1", country)],
        known=places.load(CONFIGS) if known == "real" else None,
    )
    assert [row["rule"] for row in found_] == ["axes_swapped", "shape_not_usable"]
    assert found_[0] == {
        "rule": "axes_swapped", "registry": "verra", "project_id": "VCS1", "area_ha": None, "value": None, "bound": 0.95,
        "finding": "as drawn it is no place on Earth; with longitude and latitude exchanged 100.0% of it would lie in "
        f"The land of {country} ({country})",
        "file": "VCS1.kml", "snapshot_id": "snapshot of VCS1",
    }  # fmt: skip
    assert found_[1] == {
        **unusable("VCS1"), "registry": "verra", "area_ha": None, "value": None, "bound": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("geometry", "crs"),
    [
        pytest.param(square(62, 122), "EPSG:4326", id="elsewhere when exchanged"),
        pytest.param(square(200, 300), "EPSG:4326", id="beyond the map either way"),
        pytest.param(BEYOND, "EPSG:31981", id="in metres"),
        pytest.param(shapely.Point(62, 102), "EPSG:4326", id="a point"),
        pytest.param(shapely.Polygon(), "EPSG:4326", id="empty"),
    ],
)
def test_other_shapes_that_are_not_usable_are_no_exchanged_axes(tmp_path, geometry, crs):
    rows = {"repair_findings": [unusable("VCS1")], "projects": [project("VCS1", "POL")]}
    assert told(tmp_path, shapes=[shape("VCS1", geometry, source_crs=crs)], **rows) == [("shape_not_usable", "VCS1")]


def test_shapes_that_leave_the_map_when_exchanged_are_no_exchanged_axes(tmp_path):
    """Most of it would lie in its country, and the rest beyond 180 degrees."""
    rows = {"repair_findings": [unusable("VCS1")], "projects": [project("VCS1", "EDG")]}
    assert told(tmp_path, shapes=[shape("VCS1", shapely.box(60, 170, 69, 180.2))], **rows) == [
        ("shape_not_usable", "VCS1")
    ]
    assert ("axes_swapped", "VCS1") in told(tmp_path, shapes=[shape("VCS1", shapely.box(60, 170, 69, 180))], **rows)


def test_of_several_exchanged_shapes_of_a_project_the_same_is_told_in_any_order(tmp_path):
    half_out = shapely.box(60, 109, 69, 110.01)
    shapes = [shape("VCS1", half_out), shape("VCS1", BEYOND, feature=2)]
    rows = {"repair_findings": [unusable("VCS1")], "projects": [project("VCS1", "POL")]}
    findings = [found(tmp_path, shapes=each, **rows) for each in (shapes, shapes[::-1])]
    assert findings[0] == findings[1]
    assert [row["rule"] for row in findings[0]] == ["axes_swapped", "shape_not_usable"]


# --- areas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("area", "is_told"), [(110.0, False), (90.0, False), (110.01, True), (89.99, True)])
def test_an_area_unlike_the_stated_one(tmp_path, area, is_told):
    rows = found(
        tmp_path,
        boundaries=[boundary("VCS1", area_ha=area), boundary("VCS2", area_ha=area)],
        projects=[project("VCS1"), project("VCS2")],
        stated={"VCS1": 100.0},
    )
    assert len(rows) == is_told
    for row in rows:
        assert row == {
            "rule": "area_unlike_stated", "registry": "verra", "project_id": "VCS1", "area_ha": area, "value": area,
            "bound": 100.0, "finding": f"{area:,.1f} ha drawn, 100.0 ha stated (the project page)", "file": "VCS1.kml",
            "snapshot_id": "snapshot of VCS1",
        }  # fmt: skip


SAYS = {"stated_ha": 40.0, "stated_by": "Area_ha"}


@pytest.mark.parametrize(
    ("stated", "said", "finding"),
    [
        ({}, [SAYS, SAYS], "100.0 ha drawn, 80.0 ha stated (Area_ha in VCS1.kml)"),
        ({}, [SAYS, {**SAYS, "stated_ha": 60.0}], None),
        ({}, [SAYS, {}], None),
        ({"VCS1": 100.0}, [SAYS, SAYS], None),
        ({"VCS1": 50.0}, [SAYS, {**SAYS, "stated_ha": 60.0}], "100.0 ha drawn, 50.0 ha stated (the project page)"),
    ],
    ids=["differs", "agrees", "not all shapes say it", "a steward knows it", "a steward knows it better"],
)
def test_an_area_unlike_what_the_shapes_state_of_themselves(tmp_path, stated, said, finding):
    rows = found(
        tmp_path,
        boundaries=[boundary("VCS1", area_ha=100.0)],
        shapes=[shape("VCS1", shapely.box(0, 0, 1, 1), feature=i, **cells) for i, cells in enumerate(said, 1)],
        projects=[project("VCS1")],
        stated=stated,
    )
    assert [row["finding"] for row in rows] == ([finding] if finding else [])


def test_below_the_least_area_of_each_of_its_protocols(tmp_path):
    rows = found(
        tmp_path,
        boundaries=[boundary("VCS1"), boundary("VCS2"), boundary("VCS3"), boundary("GLD4")],
        projects=[
            project("VCS1", protocol_raw="VM1; VM2"), project("VCS2", protocol_raw="VM3"), project("VCS3"),
            project("GLD4", registry="gold-standard", protocol_raw="VM1; VM2"),
        ],
        protocols=[
            {"registry": "verra", "protocol_raw": "VM1; VM2", "protocols": ["vm1", "vm2", "vm3", "vm4"]},
            {"registry": "verra", "protocol_raw": "VM3", "protocols": ["vm3"]},
            {"registry": "verra", "protocol_raw": None, "protocols": None},
            {"registry": "gold-standard", "protocol_raw": "VM1; VM2", "protocols": ["vm3"]},
        ],
        least={"vm1": 1000.0, "vm2": 100.01, "vm3": 100.0},
    )  # fmt: skip
    assert [(row["rule"], row["project_id"], row["value"], row["bound"], row["finding"]) for row in rows] == [
        ("below_the_least_area", "VCS1", 100.0, 1000.0, "100.0 ha; vm1 asks for 1,000.0 ha (its section 3)"),
        ("below_the_least_area", "VCS1", 100.0, 100.01, "100.0 ha; vm2 asks for 100.0 ha (its section 3)"),
    ]
    assert {(row["registry"], row["file"], row["snapshot_id"], row["area_ha"]) for row in rows} == {
        ("verra", "VCS1.kml", "snapshot of VCS1", 100.0)
    }


def test_the_default_protocol_of_a_registry_counts(tmp_path):
    """Where projects state no text, the registry's own protocol stands in a row without one."""
    assert told(
        tmp_path,
        boundaries=[boundary("ART1")],
        projects=[project("ART1", registry="art-trees")],
        protocols=[{"registry": "art-trees", "protocol_raw": None, "protocols": ["art-trees"]}],
        least={"art-trees": 2_500_000.0},
    ) == [("below_the_least_area", "ART1")]


# --- what others found ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        ({}, "VCS1.kml: the file is empty"),
        ({"line": 7}, "VCS1.kml, line 7: the file is empty"),
        ({"file_in_use": "VCS1.kml of 2024-06-01"}, "VCS1.kml: the file is empty; VCS1.kml of 2024-06-01 stays in use"),
        ({"line": 7, "file_in_use": "old.csv"}, "VCS1.kml, line 7: the file is empty; old.csv stays in use"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, cells, finding):
    faults = [fault("VCS1.kml", "the file is empty", "VCS1", snapshot_id="s", **cells)]
    assert only(found(tmp_path, faults=faults, projects=[project("VCS1")])) == {
        "rule": "file_not_usable", "registry": "verra", "project_id": "VCS1", "area_ha": None, "value": None,
        "bound": None, "finding": finding, "file": "VCS1.kml", "snapshot_id": "s",
    }  # fmt: skip


def test_what_the_repair_found_is_passed_on_with_the_registry(tmp_path):
    repaired = {
        "rule": "repair_changed_the_area", "project_id": "VCS1", "area_ha": 100.0, "value": 0.5, "bound": 0.01,
        "finding": "it moved", "file": "VCS1.kml", "snapshot_id": "s",
    }  # fmt: skip
    rows = found(tmp_path, boundaries=[boundary("VCS1")], repair_findings=[repaired], projects=[project("VCS1")])
    assert only(rows) == {**repaired, "registry": "verra"}
    alone = found(tmp_path, repair_findings=[unusable("VCS1")], projects=[project("VCS1")])
    assert only(alone)["registry"] == "verra", "though neither a boundary nor a shape mentions it"


def test_the_registry_that_lists_a_project_goes_before_that_of_its_credits(tmp_path):
    tables = {
        "faults": [fault("ACR1.kml", "empty", "ACR1"), fault("ACR2.kml", "empty", "ACR2")],
        "projects": [project("ACR1", registry="american-carbon-registry")],
    }
    credits = [
        {**event(f"{n}", "issuance", project), "registry": registry}
        for n, (project, registry) in enumerate([("ACR1", "arb"), ("ACR2", "b"), ("ACR2", "a")])
    ]
    for rows in (credits, credits[::-1]):
        registries = {row["project_id"]: row["registry"] for row in found(tmp_path, credits=rows, **tables)}
        assert registries == {"ACR1": "american-carbon-registry", "ACR2": "a"}


def test_rows_stand_in_order_of_rule_project_file_and_finding_whatever_the_order_of_the_tables(tmp_path):
    tables = {
        "boundaries": [
            boundary("VCS1", square(22, 42)), boundary("VCS2", square(42, 12)), boundary("VCS3", area_ha=5.0), boundary("b"),
            boundary("a"),
        ],
        "repair_findings": [unusable("VCS5"), unusable("VCS4")],
        "faults": [
            fault("b.kml", "empty", "VCS1"), fault("a.kml", "too large", "VCS1"), fault("a.kml", "empty", "VCS1"),
            fault("a.kml", "empty", "VCS2"),
            fault("index.csv", "no such file", line=12), fault("index.csv", "no such file", line=3),
        ],
        "shapes": [shape("VCS5", BEYOND), shape("VCS4", BEYOND)],
        "projects": [
            project("VCS1"), project("VCS2"), project("VCS3", protocol_raw="VM1"), project("VCS4", "POL"),
            project("VCS5", "POL"),
        ],
        "credits": [event("1", "issuance", "VCS1"), event("2", "issuance", "VCS2")],
        "protocols": [
            {"registry": "verra", "protocol_raw": "VM1", "protocols": ["vm1"]},
            {"registry": "verra", "protocol_raw": "VM2", "protocols": ["vm2"]},
        ],
    }  # fmt: skip
    known = {"stated": {"VCS3": 100.0, "VCS1": 100.0}, "least": {"vm1": 9.0}}
    rows = found(tmp_path, **tables, **known)
    assert [(row["rule"], row["project_id"], row["file"]) for row in rows] == [
        ("area_unlike_stated", "VCS3", "VCS3.kml"),
        ("axes_swapped", "VCS2", "VCS2.kml"),
        ("axes_swapped", "VCS4", "VCS4.kml"),
        ("axes_swapped", "VCS5", "VCS5.kml"),
        ("below_the_least_area", "VCS3", "VCS3.kml"),
        ("file_not_usable", "VCS1", "a.kml"),
        ("file_not_usable", "VCS1", "a.kml"),
        ("file_not_usable", "VCS1", "b.kml"),
        ("file_not_usable", "VCS2", "a.kml"),
        ("file_not_usable", None, "index.csv"),
        ("file_not_usable", None, "index.csv"),
        ("outside_its_country", "VCS1", "VCS1.kml"),
        ("project_not_known", "a", "a.kml"),
        ("project_not_known", "b", "b.kml"),
        ("shape_not_usable", "VCS4", "VCS4.kml"),
        ("shape_not_usable", "VCS5", "VCS5.kml"),
    ]
    assert [row["finding"] for row in rows[5:7]] == ["a.kml: empty", "a.kml: too large"]
    assert found(tmp_path, **{name: each[::-1] for name, each in tables.items()}, **known) == rows


def test_places_on_the_real_map(tmp_path):
    """Of two squares in Brazil one is drawn with the axes exchanged; a third is in Peru."""
    rows = found(
        tmp_path,
        boundaries=[
            boundary("VCS1", square(-53, -4)), boundary("VCS2", square(-4, -53)), boundary("VCS3", square(-75, -9)),
        ],
        projects=[project(f"VCS{n}", "BRA") for n in (1, 2, 3)],
        known=places.load(CONFIGS),
    )  # fmt: skip
    assert [(row["rule"], row["project_id"]) for row in rows] == [
        ("axes_swapped", "VCS2"), ("outside_its_country", "VCS3"),
    ]  # fmt: skip
