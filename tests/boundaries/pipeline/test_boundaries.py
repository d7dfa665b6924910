"""Boundaries from a drop to the marts: on the samples, and in a run over them with hostile files and one changed boundary.

What each sample holds stands in `tests/samples/README.md`.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import dagster as dg
import duckdb
import geopandas as gpd
import pyarrow.parquet as pq
import pytest
import shapely

from carbon_assets.base import store
from carbon_assets.boundaries import repair
from tests.kit.hostile_boundaries import CHANGED, REFUSED, SECRET, SMALLER
from tests.kit.runs import Run

PROJECTS = ["ACR9001", "ART902", "ISOZF12", "VCS90001", "VCS90008", "VCS90022"]

FOUND = [
    ("axes_swapped", "VCS90008", "VCS90008.geojson"),
    ("below_the_least_area", "ART902", "ART902.geojson"),
    ("crs_is_assumed", "VCS90022", "sierra_morada"),
    ("file_not_usable", "VCS90024", "VCS90024.kml"),
    ("file_not_usable", "VCS90030", "index.csv"),
    ("repair_changed_the_area", "ISOZF12", "mata_alta.geojson"),
]
"""Rule, project and file of all that the samples' boundaries tell."""

FINDINGS = "select rule, project_id, file from marts.boundary_findings order by all"


def geometries(made: Run) -> dict[str, shapely.Geometry]:
    """The boundary of each project as a reader gets it, without any extension of DuckDB."""
    rows = made.sql("select project_id, geometry_wkb from marts.boundaries order by project_id")
    return {project: shapely.from_wkb(wkb) for project, wkb in rows}


def hectares(geometry: shapely.Geometry, crs: str = "EPSG:4326") -> float:
    """In an equal-area projection, by another way than the platform's."""
    return float(gpd.GeoSeries([shapely.force_2d(geometry)], crs=crs).to_crs("EPSG:6933").area.iloc[0]) / 10_000


# --- the samples ----------------------------------------------------------------------------------------------------


def test_each_project_with_usable_shapes_has_one_boundary(sample_run):
    assert sample_run.report.ok
    drawn = geometries(sample_run)
    assert list(drawn) == PROJECTS
    for geometry in drawn.values():
        assert geometry.geom_type == "MultiPolygon" and geometry.is_valid and not geometry.has_z
        assert all(part.exterior.is_ccw for part in geometry.geoms)


def test_areas_parts_boxes_and_centres_are_those_of_the_geometry(sample_run):
    drawn = geometries(sample_run)
    measured = sample_run.sql("""
        select project_id, area_ha, area_geodesic_ha, parts, bbox_west, bbox_south, bbox_east, bbox_north, centroid_lon,
            centroid_lat
        from marts.boundaries
    """)
    for project, area, geodesic, parts, *places in measured:
        geometry = drawn[project]
        assert area == pytest.approx(hectares(geometry), rel=1e-9)
        assert geodesic == pytest.approx(area, rel=5e-3)
        assert parts == len(geometry.geoms)
        assert places == pytest.approx([*geometry.bounds, geometry.centroid.x, geometry.centroid.y])


def test_holes_stay_and_slivers_points_and_lines_go(sample_run):
    """VCS90001 has two holes in one inner boundary, a sliver, a point and a road; of ISOZF12 one part is drawn twice."""
    drawn = geometries(sample_run)
    holes = {project: sum(len(part.interiors) for part in geometry.geoms) for project, geometry in drawn.items()}
    assert (len(drawn["VCS90001"].geoms), holes["VCS90001"]) == (2, 2)
    assert len(drawn["ISOZF12"].geoms) == 3


def test_a_boundary_says_where_it_lies_and_where_it_comes_from(sample_run):
    rows = sample_run.sql("""
        select b.project_id, b.name = p.name and b.registry = p.registry, b.country_iso3, b.source_crs, b.crs_source, b.file,
            s."table" = b.file
        from marts.boundaries b join marts.projects p using (project_id)
        left join marts.snapshots s on s.snapshot_id = b.snapshot_id and s.state = 'in use'
        order by all
    """)
    assert rows == [
        ("ACR9001", True, "USA", "ESRI:102003", "file", "ACR9001.zip", True),
        ("ART902", True, "CRI", "EPSG:4326", "format", "ART902.geojson", True),
        ("ISOZF12", True, "BRA", "EPSG:4326", "format", "mata_alta.geojson", True),
        ("VCS90001", True, "BRA", "EPSG:4326", "format", "VCS90001.kml", True),
        ("VCS90008", True, "BFA", "EPSG:4326", "format", "VCS90008.geojson", True),
        ("VCS90022", True, "PER", "EPSG:4326", "config", "sierra_morada", True),
    ]
    regions = sample_run.sql("select count(*), count(admin_region) from marts.boundaries")
    assert regions == [(6, 6)]


def test_repairs_add_up_from_the_raw_to_the_final_area(sample_run):
    rows = sample_run.sql("""
        select project_id, step_number, step, area_before_ha, area_after_ha, delta_ha from marts.boundary_repairs
        order by project_id, step_number
    """)
    final = dict(sample_run.sql("select project_id, area_ha from marts.boundaries"))
    raw: dict[str, float] = {}
    for shape in store.read(sample_run.settings.table("normalized", "boundaries", "shapes")).to_pylist():
        area = hectares(shapely.from_wkb(shape["geometry"]), shape["source_crs"])
        raw[shape["project_id"]] = raw.get(shape["project_id"], 0.0) + area
    by_project = {project: list(steps) for project, steps in itertools.groupby(rows, key=lambda row: row[0])}
    assert list(by_project) == PROJECTS == sorted(raw)
    for project, steps in by_project.items():
        assert [(number, step) for _, number, step, *_ in steps] == list(enumerate(repair.STEPS, 1))
        first, last = steps[0][3], steps[-1][4]
        assert first == pytest.approx(raw[project], rel=1e-6)
        assert last == final[project]
        assert first + sum(delta for *_, delta in steps) == pytest.approx(last, rel=1e-9)
        assert all(one[4] == following[3] for one, following in itertools.pairwise(steps))
        assert all(delta == after - before for *_, before, after, delta in steps)


def test_what_the_repair_did_has_a_reason(sample_run):
    done = sample_run.sql("select project_id, step from marts.boundary_repairs where reason is not null order by all")
    assert done == [
        ("ACR9001", "crs"), ("ISOZF12", "duplicates"), ("ISOZF12", "validity"), ("VCS90001", "2d"),
        ("VCS90001", "non-polygon parts"), ("VCS90001", "slivers"),
    ]  # fmt: skip
    assert sample_run.sql("""
        select count(*) from marts.boundary_repairs where reason is null and abs(delta_ha) > 1e-9 * area_before_ha
    """) == [(0,)]


def test_two_projects_claim_the_same_land_at_the_same_time(sample_run):
    drawn = geometries(sample_run)
    shared = hectares(shapely.intersection(drawn["ISOZF12"], drawn["VCS90001"]))
    ((one, other, *names, overlap, share, other_share, in_time, first, last),) = sample_run.sql("""
        select project_id, other_project_id, name, other_name, overlap_ha, share, other_share, overlaps_in_time, shared_from,
            shared_to
        from marts.boundary_overlaps
    """)
    assert (one, other, in_time, first, last) == ("ISOZF12", "VCS90001", True, date(2024, 12, 1), date(2029, 12, 1))
    assert all(names)
    assert overlap == pytest.approx(shared, rel=1e-6)
    assert share == pytest.approx(shared / hectares(drawn["ISOZF12"]), rel=1e-6)
    assert other_share == pytest.approx(shared / hectares(drawn["VCS90001"]), rel=1e-6)


def test_exactly_these_findings_are_told(sample_run):
    assert sample_run.sql(FINDINGS) == FOUND
    told = dict(sample_run.sql("select project_id, finding from marts.boundary_findings"))
    assert "with longitude and latitude exchanged 100.0% would" in told["VCS90008"]
    assert "index.csv, line 4: no file 'mount_arrel.kml' was ever dropped" in told["VCS90030"]
    assert "the XML is broken in line" in told["VCS90024"]
    assert sample_run.sql("""
        select count(*) from marts.boundary_findings f join marts.projects p using (project_id)
        where f.registry = p.registry and f.name = p.name
    """) == [(len(FOUND),)]


def test_projects_know_whether_they_have_a_boundary_and_its_area(sample_run):
    with_one = sample_run.sql("select project_id, area_ha from marts.projects where has_boundary order by all")
    assert with_one == sample_run.sql("select project_id, area_ha from marts.boundaries order by all")
    assert sample_run.sql("""
        select count(*) > 100, count(has_boundary) = count(*), count(area_ha) filter (not has_boundary) from marts.projects
    """) == [(True, True, 0)]


def test_the_published_geometry_is_plain_bytes(sample_run):
    query = "select distinct typeof(geometry_wkb), hex(geometry_wkb[:5]) from marts.boundaries"
    assert sample_run.sql(query) == [("BLOB", "0106000000")], "a MultiPolygon, least byte first"


def test_geopandas_reads_the_harmonized_boundaries(sample_run):
    frame = gpd.read_parquet(sample_run.settings.table("harmonized", "boundaries"))
    assert frame.crs == "EPSG:4326"
    assert frame["project_id"].to_list() == PROJECTS
    drawn = geometries(sample_run)
    assert all(shapely.equals_exact(frame.geometry.to_numpy(), [drawn[project] for project in PROJECTS]))


def test_a_picture_of_before_and_after_is_shown_with_the_asset(sample_run):
    with dg.DagsterInstance.from_config(str(sample_run.settings.dagster_home)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["harmonized", "boundaries"]))
    metadata = event.asset_materialization.metadata
    assert metadata["projects"].value == len(PROJECTS)
    drawn = metadata[f"before and after repair ({len(PROJECTS)} of {len(PROJECTS)})"]
    assert isinstance(drawn, dg.MarkdownMetadataValue)
    (picture,) = re.findall(r"!\[[^]]+\]\(data:image/svg\+xml;base64,([^)]+)\)", drawn.md_str)
    titles = [
        text.text for text in ElementTree.fromstring(base64.b64decode(picture)).iter() if text.tag.endswith("text")
    ]
    assert sorted(titles[::2]) == PROJECTS and titles[0] == "ISOZF12", "the one that the repair changed most leads"


# --- hostile files and a changed boundary ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(spoiled_run) -> Run:
    """The run in which other files of the drop are bad, too."""
    return spoiled_run.after


def test_hostile_files_only_warn(hostile):
    lines = hostile.report.lines
    assert "warning  normalized/boundaries/shapes: file_is_readable" in lines
    assert "warning  harmonized/boundary_findings: file_not_usable" in lines
    assert "warning  harmonized/boundary_findings: shape_not_usable" in lines
    stopped = ("BLOCKED", "HELD BACK", "REFUSED", "FAILED")
    assert not [line for line in lines if line.startswith(stopped) and "boundar" in line.split(":")[0]]


def test_each_hostile_file_is_told_with_the_reason_and_nothing_else_is(hostile):
    told = hostile.sql(FINDINGS)
    added = {
        *(("file_not_usable", file.partition(".")[0], file) for file in REFUSED),
        ("shape_not_usable", "VCS90012", "VCS90012.geojson"),
    }
    assert set(told) - set(FOUND) == added
    assert len(told) == len(FOUND) + len(added)
    findings = {file: said for file, said in hostile.sql("select file, finding from marts.boundary_findings")}
    for file, reason in REFUSED.items():
        assert reason in findings[file]
    assert findings["VCS90001.kml"].endswith(" UTC stays in use")
    assert "no polygon is left of VCS90012.geojson" in findings["VCS90012.geojson"]


def test_the_ledger_says_what_became_of_each_file(hostile):
    rows = hostile.sql("""
        select "table", state, reason from marts.snapshots where registry = 'boundaries' order by snapshot
    """)
    states: dict[str, list[str]] = {}
    for table, state, reason in rows:
        states.setdefault(table, []).append(state)
        assert (reason is not None) == (state == "refused")
        if table in REFUSED and reason:
            assert REFUSED[table] in reason
    assert states == {
        "ACR9001.zip": ["in use"], "ART902.geojson": ["superseded", "in use"], "VCS90001.kml": ["in use", "refused"],
        "VCS90002.kml": ["refused"], "VCS90003.kml": ["refused"], "VCS90006.zip": ["refused"],
        "VCS90007.geojson": ["refused"], "VCS90008.geojson": ["in use"], "VCS90012.geojson": ["in use"],
        "VCS90024.kml": ["refused"], "index.csv": ["in use"], "mata_alta.geojson": ["in use"],
        "sierra_morada": ["in use"],
    }  # fmt: skip


def test_only_the_changed_boundary_is_another(hostile, sample_run):
    whole = "from marts.boundaries order by project_id"
    before, after = ({row[0]: row for row in made.sql(whole)} for made in (sample_run, hostile))
    assert list(after) == PROJECTS
    assert [project for project in PROJECTS if after[project] != before[project]] == [CHANGED]
    (area,) = hostile.sql(f"select area_ha from marts.projects where project_id = '{CHANGED}'")[0]
    assert area == pytest.approx(hectares(shapely.from_geojson(SMALLER)), rel=1e-9)
    overlaps = "from marts.boundary_overlaps"
    assert hostile.sql(overlaps) == sample_run.sql(overlaps)


def test_nothing_is_written_outside_the_data_folder(spoiled_run):
    before, after = spoiled_run.around
    assert before == after
    assert not [path for path in spoiled_run.after.settings.data.rglob("*escaped*")]


def test_what_an_entity_names_is_nowhere_in_the_data_folder(hostile):
    """The files are searched as they are, unpacked where they are packed, and the published file as its readers see it."""
    data = hostile.settings.data
    paths = [path for path in data.rglob("*") if path.is_file()]
    assert any("VCS90003.kml" in str(path) for path in paths)
    for path in paths:
        content = path.read_bytes()
        content += gzip.decompress(content) if path.suffix == ".gz" else b""
        content += _cells(path) if path.suffix == ".parquet" else b""
        assert SECRET.encode() not in content, path
    with duckdb.connect(str(hostile.database), read_only=True) as con:
        tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            query = f'select count(*) from "{schema}"."{table}" t where contains(t::varchar, ?)'
            assert con.execute(query, [SECRET]).fetchone() == (0,)


def _cells(path: Path) -> bytes:
    return repr(pq.read_table(path).to_pydict()).encode()
