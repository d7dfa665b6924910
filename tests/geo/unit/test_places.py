"""`Places`: the shipped regions against places that anyone can look up, the rules against countries made of squares."""

import re
import shutil

import country_converter
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.geo import places
from carbon_assets.geo.places import NOWHERE, Nearness, Place, Places
from tests.kit.building import CONFIGS

FILES = sorted((CONFIGS / "geography" / "regions").glob("*.parquet"))


@pytest.fixture(scope="module")
def shipped() -> Places:
    return places.load(CONFIGS)


def around(longitude: float, latitude: float, half: float = 0.02) -> shapely.Polygon:
    """A square with this centre, `half` degrees to each side."""
    return shapely.box(longitude - half, latitude - half, longitude + half, latitude + half)


SQUARES = Places(
    ["AAA", "AAA", "AAA", "BBB", "CCC"],
    ["North", "South", None, "Only", "Island"],
    [
        shapely.box(0, 1, 1, 2),
        shapely.box(0, 0, 1, 1),
        shapely.box(0, 2, 1, 3),
        shapely.box(1, 0, 2, 3),
        shapely.box(3, 0, 4, 1),
    ],
    Nearness(max_degrees_to_region=0.1, degrees_around_country=0.05),
)
"""AAA in three bands west of BBB, and CCC across one degree of sea."""


# --- the shipped regions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("longitude", "latitude", "country", "region"),
    [
        (-60.1, -2.9, "BRA", "Amazonas"),  # Manaus
        (36.82, -1.29, "KEN", "Nairobi"),
        (-53.0, 4.0, "GUF", "Guyane française"),
        (55.5, -21.1, "REU", None),
        (-61.65, 16.15, "GLP", None),
        (-61.0, 14.65, "MTQ", None),
        (45.15, -12.8, "MYT", None),
        (-150.0, 64.0, "USA", "Alaska"),
        (-66.4, 18.2, "PRI", None),
        (-42.0, 72.0, "GRL", None),
        (114.1, 22.4, "HKG", None),
        (16.0, 78.6, "SJM", "Svalbard"),
        (19.9, 60.13, "ALA", None),
        (-68.27, 12.2, "BES", "Bonaire"),
        (31.5, 4.85, "SSD", None),  # Juba
        (20.9, 42.6, "XKX", None),
        (35.2, 31.9, "PSE", None),
        (-9.5, 26.5, "ESH", None),
        (44.06, 9.56, "SOM", None),  # Hargeisa
        (33.6, 35.3, "CYP", None),  # north of the line
        (34.1, 45.1, "UKR", "Crimea"),
        (121.0, 23.8, "TWN", None),
        (33.93, -9.93, "MWI", "Karonga"),
        (-1.5, 52.5, "GBR", None),
        (2.5, 47.0, "FRA", "Cher"),
        (125.6, -8.7, "TLS", None),
        (179.9, 68.0, "RUS", "Chukchi Autonomous Okrug"),
        (-179.5, 68.0, "RUS", "Chukchi Autonomous Okrug"),
    ],
)
def test_a_place_is_where_it_is(shipped, longitude, latitude, country, region):
    (found,) = shipped.located(np.array([around(longitude, latitude)]))
    assert found.country_iso3 == country
    assert found.region
    assert region is None or found.region == region
    assert shipped.shares_inside(np.array([around(longitude, latitude)]), [country]).tolist() == [1.0]


def test_fiji_is_on_both_sides_of_the_antimeridian(shipped):
    taveuni = shapely.MultiPolygon([shapely.box(179.85, -16.85, 180, -16.6), shapely.box(-180, -16.85, -179.9, -16.6)])
    geometries = np.array([taveuni, around(179.3, -16.6), around(-179.98, -16.79, 0.01)])
    assert {place.country_iso3 for place in shipped.located(geometries)} == {"FJI"}
    assert (shipped.shares_inside(geometries, ["FJI"] * 3) > 0.5).all()


def test_a_polygon_across_a_border_lies_where_the_larger_part_does(shipped):
    """Where the line between Colombia and Brazil runs north from the Amazon, at 69.4 to 69.9 degrees west."""
    geometries = np.array([shapely.box(-70.2, -2.5, -69.5, -2.0), shapely.box(-69.8, -2.5, -69.2, -2.0)])
    assert shipped.located(geometries) == [Place("COL", "Amazonas"), Place("BRA", "Amazonas")]
    colombian = shipped.shares_inside(geometries, ["COL", "COL"])
    brazilian = shipped.shares_inside(geometries, ["BRA", "BRA"])
    assert 1 > colombian[0] > 0.9
    assert 0.2 > brazilian[0] > 0
    assert 1 > brazilian[1] > colombian[1] > 0
    assert (colombian + brazilian > 1).all()  # what lies on the line counts for both


def test_the_open_sea_is_nowhere(shipped):
    sea = np.array([around(-20, -30, 1), around(-140, -40, 1)])
    assert shipped.located(sea) == [NOWHERE, NOWHERE]
    assert shipped.shares_inside(sea, ["BRA", "CHL"]).tolist() == [0, 0]


def test_mangroves_off_the_coast_belong_to_it(shipped):
    """Ten kilometres west of the Casamance, where Senegal's coast is at -16.75 degrees."""
    mangrove = np.array([around(-16.86, 12.75, 0.02)])
    assert shapely.disjoint(shipped._shapes, mangrove[0]).all()
    assert shipped.located(mangrove)[0].country_iso3 == "SEN"


def test_every_country_is_one_that_the_library_knows(shipped):
    known = set(country_converter.CountryConverter().data.ISO3)
    assert shipped.countries - known == set()
    assert known - shipped.countries == {"VAT"}


def test_files_are_small_enough_to_commit():
    assert FILES
    assert [path.name for path in FILES if path.stat().st_size > 1_000_000] == []
    assert sum(path.stat().st_size for path in FILES) < 2_500_000


def test_rows_are_valid_polygons_and_none_is_told_twice():
    table = pa.concat_tables(pq.read_table(path) for path in FILES)
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    assert shapely.is_valid(shapes).all()
    assert (shapely.area(shapes) > 0).all()
    names = list(zip(table["country_iso3"].to_pylist(), table["region"].to_pylist(), strict=True))
    assert len(names) == len(set(names))
    assert "" not in {region for _, region in names}


def test_regions_do_not_overlap(shipped):
    """Beyond what rounding makes of shared edges."""
    one, other = shipped._tree.query(shipped._shapes)
    pairs = one < other
    common = shapely.intersection(shipped._shapes[one[pairs]], shipped._shapes[other[pairs]])
    assert shapely.is_empty(shapely.buffer(common, -0.002)).all()


# --- the rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polygon", "place"),
    [
        (shapely.box(0.1, 0.1, 0.2, 0.2), ("AAA", "South")),
        (shapely.box(0.1, 0.1, 0.9, 1.2), ("AAA", "South")),
        (shapely.box(0.1, 2.1, 0.2, 2.2), ("AAA", None)),
        # BBB's one region holds more than any of AAA's, but AAA holds more.
        (shapely.box(0.4, 0.5, 1.5, 1.5), ("AAA", "North")),
        (shapely.box(0.4, 0.5, 1.7, 1.5), ("BBB", "Only")),
        (shapely.box(-1, -1, 5, 4), ("AAA", "North")),
        (shapely.box(3.95, 0, 4.95, 1), ("CCC", "Island")),
        (shapely.box(4.09, 0, 4.5, 1), ("CCC", "Island")),
        (shapely.box(4.11, 0, 4.5, 1), (None, None)),
        (shapely.box(4, 0, 4.5, 1), ("CCC", "Island")),
        (shapely.box(4.06, 1.06, 4.5, 2), ("CCC", "Island")),
        (shapely.box(4.08, 1.08, 4.5, 2), (None, None)),  # 0.113 degree from its corner
        (shapely.Point(3.5, 0.5), ("CCC", "Island")),
        (shapely.box(2.05, 0, 2.91, 1), ("BBB", "Only")),
        (shapely.box(2.09, 0, 2.95, 1), ("CCC", "Island")),
        (shapely.Polygon(), (None, None)),
        (None, (None, None)),
    ],
)
def test_the_largest_part_counts_then_the_nearest(polygon, place):
    assert SQUARES.located(np.array([polygon], dtype=object)) == [Place(*place)]


@pytest.mark.parametrize(
    ("polygon", "country", "share"),
    [
        (shapely.box(0.1, 0.1, 0.2, 0.2), "AAA", 1),
        (shapely.box(0.1, 0.1, 0.2, 0.2), "BBB", 0),
        (shapely.box(0.1, 0.1, 0.9, 2.9), "AAA", 1),  # across its regions
        (shapely.box(0.5, 0.5, 1.05, 1.5), "AAA", 1),  # as far as the slack reaches
        (shapely.box(0.55, 1, 1.55, 2), "AAA", 0.5),
        (shapely.box(0.45, 1, 1.45, 2), "BBB", 0.5),
        (shapely.box(4.05, 0, 5, 1), "CCC", 0),
        (shapely.box(4.0, 0, 4.2, 1), "CCC", 0.25),
        (shapely.box(10, 10, 11, 11), "AAA", 0),
        (shapely.box(0.1, 0.1, 0.2, 0.2), "ZZZ", None),
        (shapely.box(0.1, 0.1, 0.2, 0.2), None, None),
        (shapely.Point(0.5, 0.5), "AAA", None),
        (shapely.Polygon(), "AAA", None),
        (None, "AAA", None),
    ],
)
def test_the_share_inside(polygon, country, share):
    (found,) = SQUARES.shares_inside(np.array([polygon], dtype=object), [country])
    assert (found == pytest.approx(share)) if share is not None else np.isnan(found)


def test_nothing_asked_is_nothing_answered():
    nothing = np.array([], dtype=object)
    assert SQUARES.located(nothing) == []
    assert SQUARES.shares_inside(nothing, []).tolist() == []


def test_equal_halves_go_to_the_first_by_code_and_name():
    assert SQUARES.located(np.array([shapely.box(0.5, 0, 1.5, 1)])) == [Place("AAA", "South")]
    assert SQUARES.located(np.array([shapely.box(0, 0.5, 1, 1.5)])) == [Place("AAA", "North")]


number = st.floats(-1, 5, allow_subnormal=False).map(lambda value: round(value, 2))
corners = st.tuples(number, number, number, number).filter(lambda c: c[0] != c[2] and c[1] != c[3])
polygons = st.none() | corners.map(
    lambda c: shapely.box(min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)
cases = st.lists(st.tuples(polygons, st.sampled_from(["AAA", "BBB", "CCC", "ZZZ", None])), min_size=1, max_size=20)


@given(cases, st.randoms(use_true_random=False))
def test_answers_are_shares_and_do_not_depend_on_what_else_is_asked(asked, random):
    geometries = np.array([polygon for polygon, _ in asked], dtype=object)
    countries = [country for _, country in asked]
    found, shares = SQUARES.located(geometries), SQUARES.shares_inside(geometries, countries)
    assert (np.isnan(shares) | ((shares >= 0) & (shares <= 1))).all()

    order = list(range(len(asked)))
    random.shuffle(order)
    assert SQUARES.located(geometries[order]) == [found[place] for place in order]
    shuffled = SQUARES.shares_inside(geometries[order], [countries[place] for place in order])
    np.testing.assert_array_equal(shuffled, shares[order])


@given(polygons.filter(bool))
def test_located_and_share_agree_with_plain_areas(polygon):
    (place,) = SQUARES.located(np.array([polygon]))
    union = {code: shapely.union_all(SQUARES._shapes[SQUARES._country == at]) for code, at in SQUARES._codes.items()}
    held = {code: shape.intersection(polygon).area for code, shape in union.items()}
    if max(held.values()) > 0:
        assert held[place.country_iso3] == pytest.approx(max(held.values()))
    for code, shape in union.items():
        (share,) = SQUARES.shares_inside(np.array([polygon]), [code])
        expected = shape.buffer(0.05, quad_segs=4).intersection(polygon).area / polygon.area
        assert share == pytest.approx(expected, abs=1e-6)


# --- the files ------------------------------------------------------------------------------------------------------


def written(configs, **columns):
    folder = configs / "geography" / "regions"
    folder.mkdir(parents=True)
    shutil.copy(CONFIGS / "geography" / "places.yml", folder.parent)
    square = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    table = {"country_iso3": ["AAA"], "region": ["One"], "geometry": [square]} | columns
    pq.write_table(pa.table({name: cells for name, cells in table.items() if cells}), folder / "one.parquet")
    return folder


def test_a_folder_is_read_once(tmp_path):
    written(tmp_path)
    assert places.load(tmp_path).countries == {"AAA"}
    assert places.load(tmp_path) is places.load(tmp_path)


def test_regions_are_read_from_all_files_and_equals_do_not_depend_on_them(tmp_path):
    folder = written(tmp_path, region=["Z"])
    table = pq.read_table(folder / "one.parquet")
    pq.write_table(table.set_column(1, "region", [["B"]]), folder / "two.parquet")
    pq.write_table(table.set_column(0, "country_iso3", [["BBB"]]), folder / "zzz.parquet")
    found = places.load(tmp_path)
    assert found.countries == {"AAA", "BBB"}
    assert found.located(np.array([shapely.box(0, 0, 1, 1)])) == [Place("AAA", "B")]


def test_how_near_is_near_is_what_the_file_says(tmp_path):
    folder = written(tmp_path)
    apart = np.array([shapely.box(1.2, 0, 1.3, 0.1)])
    assert places.load(tmp_path).located(apart) == [NOWHERE]
    assert places.load(tmp_path).shares_inside(apart, ["AAA"]) == [0]
    (folder.parent / "places.yml").write_text("max_degrees_to_region: 0.3\ndegrees_around_country: 0.4\n")
    places.load.cache_clear()
    assert places.load(tmp_path).located(apart) == [Place("AAA", "One")]
    assert places.load(tmp_path).shares_inside(apart, ["AAA"]) == [1]


def test_no_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path))):
        places.load(tmp_path)


def test_an_unreadable_file_is_refused(tmp_path):
    (written(tmp_path) / "one.parquet").write_bytes(b"PAR1 or not")
    with pytest.raises(ConfigError, match=r"one\.parquet"):
        places.load(tmp_path)


@pytest.mark.parametrize(
    "columns",
    [
        {"geometry": None},
        {"region": None},
        {"geometry": [b"no shape"]},
        {"country_iso3": pa.array([None], pa.string())},
    ],
    ids=["no geometries", "no regions", "no WKB", "no country"],
)
def test_a_file_that_says_nothing_is_refused(tmp_path, columns):
    written(tmp_path, **columns)
    with pytest.raises(ConfigError, match=r"one\.parquet"):
        places.load(tmp_path)
