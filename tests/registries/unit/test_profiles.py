"""What a file's columns look like: names, blanks, kinds, ways of writing, values; the same whatever the order of the rows."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carbon_assets.base import readers
from carbon_assets.registries import contents, profiles
from carbon_assets.registries.cells import MACROS
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots import store as snapshots
from tests.kit.building import settings_in
from tests.kit.effort import examples
from tests.kit.engine import connection
from tests.kit.profiled import LIMITS, looked_at, profile_of_columns

REGISTRY = Registry.model_validate(
    {
        "id": "made-up",
        "name": "Made Up",
        "tables": {
            "projects": {
                "files": "projects",
                "holds": "projects",
                "required": {"project_id": "ID", "name": ["Name", "Title"]},
            }
        },
    }
)


def column(cells: list[str]) -> profiles.Column:
    return profile_of_columns({"X": cells}).columns["x"]


def test_columns_are_known_by_header_key_and_keep_name_and_place():
    found = profile_of_columns({"Status  Effective": ["a"], "ID": ["1"]})
    assert [(key, c.name, c.place) for key, c in found.columns.items()] == [
        ("status effective", "Status  Effective", 0),
        ("id", "ID", 1),
    ]
    assert found.rows == 1


def test_a_column_is_looked_at_alone():
    """Which the tests rely on, too: they put profiles together from columns."""
    columns = {"ID": ["1", "2"], "Date": ["2024-01-31", ""], "Name": ["Peat", "n/a"]}
    assert looked_at(columns) == profile_of_columns(columns)


@pytest.mark.parametrize("blank", ["", " ", "\xa0", "n/a", "NULL", "-", "–"])
def test_blank_cells_are_counted_and_are_no_values(blank):
    found = profile_of_columns({"X": ["a", blank, "a", blank]})
    assert found.blank_share("x") == 0.5
    assert found.columns["x"].values == {"a": 2}


def test_a_blank_column_says_nothing_of_kinds():
    found = column(["", ""])
    assert (found.filled, found.distinct, found.values, found.sketch) == (0, 0, None, ())
    assert [found.share(kind) for kind in profiles.KINDS] == [0, 0, 0, 0]


def test_a_file_without_rows_has_a_profile():
    assert profile_of_columns({"X": []}).blank_share("x") == 0


@pytest.mark.parametrize(
    ("cells", "kinds"),
    [
        (["1", "1,234", "0.50", "7e3", "-2"], {"number": 5, "date": 0, "flag": 1, "text": 0}),
        (["2024-01-31", "31/01/2024", "31 Jan 2024", "Jan 31, 2024 10:00 AM"], {"number": 0, "date": 4, "flag": 0, "text": 0}),
        (["20240131", "20241301"], {"number": 2, "date": 1, "flag": 0, "text": 0}),
        (["Yes", "no", "TRUE", "maybe"], {"number": 0, "date": 0, "flag": 3, "text": 1}),
        (["VCS12", "2024-13-45", "1.2.3", "12,5"], {"number": 1, "date": 0, "flag": 0, "text": 3}),
    ],
)  # fmt: skip
def test_kinds_are_what_the_cells_can_be_read_as(cells, kinds):
    assert column(cells).kinds == kinds


@pytest.mark.parametrize(
    ("form", "cells", "share"),
    [
        ("thousands by comma", ["1,234", "1234", "5"], 1 / 2),
        ("thousands by blank or apostrophe", ["1 234", "1’234", "1\u202f234", "1234"], 3 / 4),
        ("points before three digits", ["1.234", "1.2345", "12"], 1 / 3),
        ("decimals", ["1.5", "2.0", "2"], 1 / 3),
        ("decimals that are all zero", ["1.5", "2.0", "2", "3."], 2 / 4),
        ("more than six decimals", ["0.30000000000000004", "0.3"], 1 / 2),
        ("exponent", ["1e5", "100000"], 1 / 2),
        ("decimal comma", ["12,5", "1.234,50", "1,234", "Lima, 5"], 2 / 4),
        ("points that group thousands", ["1.234.567", "1.234.567,5", "1.234"], 2 / 3),
        ("percent sign", ["12%", "12.5 %", "12", "100% of it"], 2 / 4),
        ("year first", ["2024-01-31", "2024/1/31", "31/01/2024"], 2 / 3),
        ("year last", ["31/01/2024", "1.2.2024", "2024-01-31"], 2 / 3),
        ("month in letters", ["31 Jan 2024", "January 31, 2024", "31/01/2024"], 2 / 3),
        ("time of day", ["2024-01-31 10:00", "2024-01-31"], 1 / 2),
        ("day before month", ["31/01/2024", "30/01/2024", "01/31/2024", "01/02/2024"], 2 / 3),
    ],
)
def test_ways_of_writing(form, cells, share):
    assert column(cells).share(form) == pytest.approx(share)


def test_every_way_of_writing_is_tested():
    tested = {mark.args[1][i][0] for mark in test_ways_of_writing.pytestmark for i in range(len(mark.args[1]))}
    assert tested == set(profiles.FORMS) - profiles.ASKED_ONLY


def test_values_are_kept_where_they_are_few():
    words = [f"word {i}" for i in range(LIMITS.max_values_kept)]
    assert column(words * 2).values == dict.fromkeys(sorted(words), 2)
    assert column([*words, "one more"]).values is None
    assert column([*words, "one more"]).distinct == LIMITS.max_values_kept + 1


def test_of_many_distinct_values_a_sample_tells_the_kinds_and_frequent_ones_count_in_full():
    cells = ["0"] * 70_000 + [str(i) for i in range(1_000, 31_000)] + [f"text {i}" for i in range(30_000)]
    found = column(cells)
    assert found.distinct == 60_001
    assert found.kinds["number"] == pytest.approx(100_000, rel=0.02)
    assert sum(found.kinds[kind] for kind in ("number", "text")) == found.filled == 130_000
    assert found.share("large") == pytest.approx(0.3, abs=0.02)


@examples(12, 60)
@given(st.permutations(["a", "a", "b", "1", "2024-01-31", "", "1,000", "x" * 50]), st.integers(1, 3))
def test_order_does_not_count_and_repetition_changes_no_share(cells, times):
    found, sorted_ = column(cells * times), column(sorted(cells))
    assert found.sketch == sorted_.sketch and found.distinct == sorted_.distinct
    assert {k: n / times for k, n in {**found.kinds, **found.forms}.items()} == {**sorted_.kinds, **sorted_.forms}


number_texts = st.one_of(
    st.integers(-(10**9), 10**9).map(str), st.integers(0, 10**9).map("{:,}".format), st.floats(0, 1e9).map(repr)
)
FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d %Y"]
date_texts = st.builds(
    lambda day, form, time: day.strftime(form) + time,
    st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.sampled_from(FORMATS), st.sampled_from(["", " 10:00", " 10:00:00 AM"]),
)  # fmt: skip


@examples(12, 60)
@given(st.lists(st.one_of(number_texts, date_texts, st.text(max_size=12)), min_size=1, max_size=8))
@example(
    [
        ".5",
        "+7",
        "1’000",
        "5.",
        "1e-7",
        "20240131 10:00",
        ",5",
        "−5",
        "5-",
        "1.234,5",
        "5th July 2024",
        "5 de julio de 2024",
    ]
)
def test_nothing_that_the_macros_read_is_overlooked(cells):
    """Most cells are told by a first sight; it may not miss what the normalized tables would hold."""
    with connection() as con:
        con.execute(MACROS)
        query = """
            select count(*) filter (is_number(c)), count(coalesce(as_date(c, false), as_date(c, true))), count(as_flag(c))
            from (select trim(unnest($cells), concat(e' \\t\\r\\n', chr(160))) as c) where not is_missing_value(c)
        """
        read = con.execute(query, {"cells": cells}).fetchone()
    found = column(cells)
    assert (found.kinds["number"], found.kinds["date"], found.kinds["flag"]) == read


def test_a_day_of_each_month_is_read_in_every_form():
    days = [date(2024, 1, 1) + timedelta(days=31 * i) for i in range(12)]
    for form in FORMATS:
        assert column([day.strftime(form) for day in days]).kinds["date"] == 12, form


# --- kept profiles --------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path)


def taken(settings, text: str):
    path = settings.drop / "made-up" / "projects.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return snapshots.take(settings, path, "made-up", "projects", contents.describer(REGISTRY, "projects"))


def kept_in(settings) -> list:
    return sorted((settings.data / "profiles").rglob("*"))


def test_a_profile_is_kept_and_the_bytes_are_read_once(settings):
    snapshot = taken(settings, "ID,Name\n1,Mill\n2,Bog\n")
    first = profiles.profile_of(settings, REGISTRY, "projects", snapshot, LIMITS)
    (settings.raw("made-up", "projects") / snapshot.stored_as).unlink()
    assert profiles.profile_of(settings, REGISTRY, "projects", snapshot, LIMITS) == first
    assert first.rows == 2 and first.columns["name"].values == {"Bog": 1, "Mill": 1}
    kept = settings.data / "profiles" / "made-up" / "projects" / f"{snapshot.name}.json"
    assert profiles.Profile.model_validate_json(kept.read_text()) == first


@pytest.mark.parametrize("damage", ["", '{"rows": 2', '{"rows": 2}', "other maker"])
def test_a_kept_profile_that_is_damaged_or_of_another_maker_is_made_anew(settings, damage):
    snapshot = taken(settings, "ID,Name\n1,Mill\n")
    first = profiles.profile_of(settings, REGISTRY, "projects", snapshot, LIMITS)
    kept = next(path for path in kept_in(settings) if path.suffix == ".json")
    wrong = {**json.loads(kept.read_text()), "made_by": "other", "rows": 99}
    kept.write_text(json.dumps(wrong) if damage == "other maker" else damage)
    assert profiles.profile_of(settings, REGISTRY, "projects", snapshot, LIMITS) == first
    assert profiles.Profile.model_validate_json(kept.read_text()) == first


def test_several_at_once_leave_one_whole_file(settings):
    snapshot = taken(settings, "ID,Name\n1,Mill\n")
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: profiles.profile_of(settings, REGISTRY, "projects", snapshot, LIMITS), range(8))
        )
    assert all(profile == found[0] for profile in found)
    assert [path.name for path in kept_in(settings) if path.is_file()] == [f"{snapshot.name}.json"]


def test_a_file_that_lacks_a_required_column_has_a_profile(settings):
    snapshot = taken(settings, "Projects of today\nID;Label\n1;Mill\n")
    assert snapshot.contents.unreadable
    assert list(profiles.profile_of(settings, REGISTRY, "projects", snapshot, LIMITS).columns) == ["id", "label"]


@pytest.mark.parametrize("text", ["", "<html></html>", "nothing,known\n1,2\n"])
def test_a_file_without_a_header_has_none(settings, text):
    with pytest.raises(readers.UnreadableFile):
        profiles.profile_of(settings, REGISTRY, "projects", taken(settings, text), LIMITS)


def test_a_packed_file_has_the_profile_of_its_text(settings):
    plain = profiles.profile_of(settings, REGISTRY, "projects", taken(settings, "ID,Name\n1,Mill\n"), LIMITS)
    path = settings.drop / "made-up" / "projects.csv.gz"
    path.write_bytes(gzip.compress(b"ID,Name\n1,Mill\n"))
    packed = snapshots.take(settings, path, "made-up", "projects")
    assert profiles.profile_of(settings, REGISTRY, "projects", packed, LIMITS) == plain
