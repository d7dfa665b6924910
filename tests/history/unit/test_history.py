"""History: what the registries said when. What a snapshot said is what history gives back for its time."""

import dataclasses
import random
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base import column_types, store
from carbon_assets.base.settings import Settings
from carbon_assets.history import periods as history
from carbon_assets.history import schema as history_schema
from carbon_assets.registries import schema as registries_schema
from tests.kit.building import settings_in
from tests.kit.effort import examples
from tests.kit.remembering import (
    DAY,
    REGISTRIES,
    at,
    credits,
    project_history,
    projects,
    remember,
    snapshot,
    totals_history,
    valid,
)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def tell(settings: Settings, day: int, *rows: dict, source: str = "made-up/projects") -> None:
    """Remember a projects file of that day."""
    taken = snapshot(settings, day, source)
    remember(settings, taken, projects(taken, *rows))


def tell_credits(settings: Settings, day: int, *rows: tuple, source: str = "made-up/issuances") -> None:
    taken = snapshot(settings, day, source)
    remember(settings, taken, credits(taken, *rows))


def periods(rows: pa.Table, *columns: str) -> list[tuple]:
    """The days on which the periods begin and end, and what they say."""
    start = at(0)
    return [
        (
            (row["valid_from"] - start).days,
            None if row["valid_to"] is None else (row["valid_to"] - start).days,
            *(row[name] for name in columns),
        )
        for row in rows.to_pylist()
    ]


A, B = {"project_id": "MUP1", "name": "Peat"}, {"project_id": "MUP2", "name": "Wind"}


# --- projects -------------------------------------------------------------------------------------------------------


def test_nothing_remembered_is_an_empty_history(settings):
    assert project_history(settings).schema == history_schema.PROJECT_HISTORY
    assert totals_history(settings).schema == history_schema.TOTALS_HISTORY
    assert len(project_history(settings)) == len(totals_history(settings)) == 0


def test_what_stays_the_same_is_one_period(settings):
    for day in (0, 3, 5):
        tell(settings, day, A, B)
    assert periods(project_history(settings), "project_id") == [(0, None, "MUP1"), (0, None, "MUP2")]


def test_a_change_ends_a_period_and_begins_the_next_of_that_project_alone(settings):
    tell(settings, 0, A, B)
    tell(settings, 3, {**A, "name": "Peat II"}, B)
    tell(settings, 5, {**A, "name": "Peat II"}, B)
    assert periods(project_history(settings), "name") == [(0, 3, "Peat"), (3, None, "Peat II"), (0, None, "Wind")]


def test_the_row_names_the_snapshot_that_first_said_so(settings):
    for day, name in ((0, "Peat"), (3, "Peat"), (5, "Fen")):
        tell(settings, day, {**A, "name": name})
    ids = project_history(settings)["snapshot_id"].to_pylist()
    assert ids == [f"made-up/projects@records of {day}" for day in (0, 5)]


@pytest.mark.parametrize(
    "field",
    [f for f in registries_schema.PROJECTS if f.name not in ("project_id", "source", "snapshot_id")],
    ids=lambda f: f.name,
)
@pytest.mark.parametrize("direction", ["filled", "blanked", "changed"])
def test_every_other_column_counts(settings, field, direction):
    """A cell that was missing and is filled differs, too."""
    values = [DAY, DAY.replace(year=2021)] if field.type == column_types.DATE else ["x", "y"]
    before, after = {"filled": (None, values[0]), "blanked": (values[0], None), "changed": values}[direction]
    tell(settings, 0, {"project_id": "MUP1", field.name: before})
    tell(settings, 1, {"project_id": "MUP1", field.name: after})
    assert periods(project_history(settings), field.name) == [(0, 1, before), (1, None, after)]


def test_a_project_that_disappears_is_closed_and_may_come_back(settings):
    tell(settings, 0, A, B)
    tell(settings, 2, B)
    tell(settings, 4, B)
    tell(settings, 7, A, B)
    assert periods(project_history(settings), "name") == [(0, 2, "Peat"), (7, None, "Peat"), (0, None, "Wind")]


def test_a_file_without_projects_closes_all(settings):
    tell(settings, 0, A, B)
    tell(settings, 2)
    assert periods(project_history(settings)) == [(0, 2), (0, 2)]


def test_what_was_said_before_and_is_said_again_is_a_period_of_its_own(settings):
    for day, name in enumerate(["Peat", "Fen", "Peat"]):
        tell(settings, day, {**A, "name": name})
    assert periods(project_history(settings), "name") == [(0, 1, "Peat"), (1, 2, "Fen"), (2, None, "Peat")]


def test_a_snapshot_that_was_not_accepted_changes_nothing(settings):
    tell(settings, 0, A)
    snapshot(settings, 1)
    tell(settings, 2, {**A, "name": "Fen"})
    assert periods(project_history(settings), "name") == [(0, 2, "Peat"), (2, None, "Fen")]


def test_tables_and_registries_do_not_end_each_others_periods(settings):
    tell(settings, 0, A)
    tell(settings, 1, {**A, "name": "Fen"}, source="made-up/more_projects")
    tell(settings, 2, {"project_id": "MUPX1"}, source="other/projects")
    tell(settings, 3, B)
    assert periods(project_history(settings), "source", "registry") == [
        (1, None, "made-up/more_projects", "made-up"),
        (0, 3, "made-up/projects", "made-up"),
        (3, None, "made-up/projects", "made-up"),
        (2, None, "other/projects", "other"),
    ]


def test_words_are_harmonized_as_in_the_marts(settings):
    tell(settings, 0, {**A, "status_raw": "Registered", "country_raw": "Viet Nam"}, {**B, "status_raw": "No such word"})
    first, second = project_history(settings).to_pylist()
    assert (first["status"], first["country"], first["country_iso3"]) == ("registered", "Vietnam", "VNM")
    assert (second["status"], second["status_raw"], second["country"]) == (None, "No such word", None)


def test_a_project_of_no_known_registry_is_kept(settings):
    tell(settings, 0, {"project_id": "XYZ1"})
    (row,) = project_history(settings).to_pylist()
    assert (row["project_id"], row["registry"]) == ("XYZ1", None)


def test_invented_snapshots_are_out_once_there_is_a_real_one(settings):
    invented = snapshot(settings, 0, is_synthetic=True)
    remember(settings, invented, projects(invented, A, B))
    assert periods(project_history(settings), "name") == [(0, None, "Peat"), (0, None, "Wind")]
    tell(settings, 3, B)
    assert periods(project_history(settings), "name") == [(3, None, "Wind")]


def test_a_registry_that_is_no_longer_configured_is_out(settings):
    tell(settings, 0, A)
    with duckdb.connect() as con:
        known = {name: registry for name, registry in REGISTRIES.items() if name != "made-up"}
        assert len(history.project_history(con, settings, known)) == 0


def test_files_that_lack_a_column_are_read(settings):
    """As they were remembered before the column was known."""
    taken = snapshot(settings, 0)
    remember(settings, taken, projects(taken, {**A, "region": "Acre"}))
    path = settings.table("history", "made-up", "projects", taken.name)
    older = store.read(path).drop_columns(["region"])
    store.write(path, older, older.schema)
    tell(settings, 1, {**A, "region": "Acre"})
    assert periods(project_history(settings), "region") == [(0, 1, None), (1, None, "Acre")]


# --- remembering ----------------------------------------------------------------------------------------------------


def files(settings: Settings) -> dict[str, bytes]:
    folder = settings.data / "history"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_rows_in_another_order_leave_the_same_bytes(settings):
    of_projects, of_credits = snapshot(settings, 0), snapshot(settings, 0, "made-up/issuances")
    rows = [("MUP1", kind, str(n)) for n, kind in enumerate(["issuance", "retirement"] * 20)]
    shuffled = random.Random(7).sample(rows, len(rows))
    remember(settings, of_projects, projects(of_projects, A, B))
    remember(settings, of_credits, credits(of_credits, *rows))
    before = files(settings)
    remember(settings, of_projects, projects(of_projects, B, A))
    remember(settings, of_credits, credits(of_credits, *shuffled))
    assert files(settings) == before
    assert sorted(before) == [
        f"made-up/issuances/{of_credits.name}.parquet", f"made-up/projects/{of_projects.name}.parquet"
    ]  # fmt: skip


def test_a_file_says_when_it_was_observed(settings):
    taken = snapshot(settings, 4)
    remember(settings, taken, projects(taken, A))
    remembered = store.read(settings.table("history", "made-up", "projects", taken.name))
    assert remembered["observed_at"].to_pylist() == [at(4)]


def test_the_order_of_remembering_does_not_matter(settings, tmp_path):
    days = [(0, [A]), (1, [A, B]), (2, [B]), (3, [{**A, "name": "Fen"}])]
    other = dataclasses.replace(settings, data=tmp_path / "other")
    for day, rows in days:
        tell(settings, day, *rows)
    for day, rows in [days[2], days[0], days[3], days[1], days[2]]:
        tell(other, day, *rows)
    assert project_history(settings) == project_history(other)


# --- totals ---------------------------------------------------------------------------------------------------------


def test_totals_are_told_apart_by_project_type_and_table(settings):
    rows = [
        ("MUP1", "issuance", "10"),
        ("MUP1", "issuance", "0.5"),
        ("MUP1", "retirement", "3"),
        ("MUPX1", "issuance", "1"),
    ]
    tell_credits(settings, 0, *rows)
    tell_credits(settings, 1, ("MUP1", "issuance", "2"), source="state/issuances")
    columns = (
        "project_id",
        "transaction_type",
        "transactions",
        "quantity",
        "source",
        "registry",
        "is_host_replacement",
    )
    told = [tuple(map(str, row)) for row in periods(totals_history(settings), *columns)]
    assert told == [
        ("0", "None", "MUP1", "issuance", "2", "10.500000", "made-up/issuances", "made-up", "False"),
        ("1", "None", "MUP1", "issuance", "1", "2.000000", "state/issuances", "made-up", "True"),
        ("0", "None", "MUP1", "retirement", "1", "3.000000", "made-up/issuances", "made-up", "False"),
        ("0", "None", "MUPX1", "issuance", "1", "1.000000", "made-up/issuances", "other", "False"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("MUP1", "issuance", "2")], [("MUP1", "issuance", "3")]),
        ([("MUP1", "issuance", "2")], [("MUP1", "issuance", "1"), ("MUP1", "issuance", "1")]),
        ([("MUP1", "issuance", "0")], [("MUP1", "issuance", "0.000001")]),
    ],
    ids=["tonnes", "transactions", "one gram"],
)
def test_a_total_that_changes_begins_a_period(settings, before, after):
    tell_credits(settings, 0, *before)
    tell_credits(settings, 2, *before)
    tell_credits(settings, 4, *after)
    assert periods(totals_history(settings)) == [(0, 4), (4, None)]


def test_a_total_that_disappears_is_closed_and_may_come_back(settings):
    tell_credits(settings, 0, ("MUP1", "issuance", "2"), ("MUP1", "retirement", "1"))
    tell_credits(settings, 1, ("MUP1", "issuance", "2"))
    tell_credits(settings, 2)
    tell_credits(settings, 3, ("MUP1", "issuance", "2"), ("MUP1", "retirement", "1"))
    told = periods(totals_history(settings), "transaction_type")
    assert told == [(0, 2, "issuance"), (3, None, "issuance"), (0, 1, "retirement"), (3, None, "retirement")]


# --- any history ----------------------------------------------------------------------------------------------------

CELL = st.sampled_from([None, "", "a", "b"])
ROW = st.fixed_dictionaries({"name": CELL, "status_raw": CELL, "listed_at": st.sampled_from([None, DAY])})
FILE = st.dictionaries(st.sampled_from(["MUP1", "MUP2", "MUPX3", "XYZ4"]), ROW)
SOURCES = ["made-up/projects", "made-up/more_projects", "other/projects"]
DROPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(SOURCES), FILE), max_size=12, unique_by=lambda drop: drop[:2]
)
KINDS = st.sampled_from(["issuance", "retirement", "cancellation"])
CREDITS = st.lists(
    st.tuples(st.sampled_from(["MUP1", "MUP2"]), KINDS, st.sampled_from(["0", "1", "0.000001"])), max_size=6
)
CREDIT_DROPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["made-up/issuances", "state/issuances"]), CREDITS),
    max_size=8,
    unique_by=lambda drop: drop[:2],
)


def canonical(rows: list[dict]) -> set[tuple]:
    """What rows say, but for the snapshot that they come from."""
    names = [name for name in registries_schema.PROJECTS.names if name != "snapshot_id"]
    return {tuple(row[name] for name in names) for row in rows}


def newest(drops: list[tuple], day: int, source: str):
    """The last drop of a source on or before a day."""
    return max((drop for drop in drops if drop[1] == source and drop[0] <= day), key=lambda drop: drop[0], default=None)


@examples(10, 100)
@given(DROPS)
def test_history_gives_back_each_snapshot_and_between_two_the_older(drops):
    with tempfile.TemporaryDirectory() as folder:
        there = settings_in(Path(folder))
        for day, source, file in drops:
            tell(there, day, *({"project_id": key, **row} for key, row in file.items()), source=source)
        told = project_history(there)
    for day in range(-1, 11):
        expected = set()
        for source in SOURCES:
            _, _, file = newest(drops, day, source) or (None, None, {})
            rows = [
                {**dict.fromkeys(registries_schema.PROJECTS.names), "project_id": k, **r, "source": source}
                for k, r in file.items()
            ]
            expected |= canonical(rows)
        for moment in (at(day), at(day) + (at(1) - at(0)) / 2):
            found = valid(told, moment)
            assert canonical(found) == expected
            assert len(found) == len(expected)
    assert_sound(told, ["source", "project_id"])
    assert_nothing_follows_itself(told)


def assert_sound(told: pa.Table, key: list[str]) -> None:
    """Periods last, and those of one key never overlap."""
    with duckdb.connect() as con:
        con.register("told", told)
        assert con.execute("select count(*) from told where valid_to <= valid_from").fetchone() == (0,)
        query = f"""
            select count(*) from (
                select valid_from < lag(coalesce(valid_to, 'infinity')) over (
                    partition by {", ".join(key)} order by valid_from
                ) as is_early from told
            ) where is_early
        """
        assert con.execute(query).fetchone() == (0,)


def assert_nothing_follows_itself(told: pa.Table) -> None:
    """A row that ends where the next of its project begins says something else."""
    rows = told.to_pylist()
    begins = {(row["source"], row["project_id"], row["valid_from"]): row for row in rows}
    for row in rows:
        following = begins.get((row["source"], row["project_id"], row["valid_to"]))
        assert following is None or canonical([following]) != canonical([row])


@examples(10, 100)
@given(CREDIT_DROPS)
def test_totals_give_back_the_sums_of_each_snapshot(drops):
    with tempfile.TemporaryDirectory() as folder:
        there = settings_in(Path(folder))
        for day, source, rows in drops:
            tell_credits(there, day, *rows, source=source)
        told = totals_history(there)
    for day in range(-1, 11):
        expected: dict[tuple, list[float]] = {}
        for source in ("made-up/issuances", "state/issuances"):
            for project, kind, tonnes in (newest(drops, day, source) or (None, None, []))[2]:
                expected.setdefault((source, project, kind), []).append(float(tonnes))
        found = {
            (row["source"], row["project_id"], row["transaction_type"]): (row["transactions"], float(row["quantity"]))
            for row in valid(told, at(day))
        }
        assert found == {key: (len(tonnes), pytest.approx(sum(tonnes))) for key, tonnes in expected.items()}
    assert_sound(told, ["source", "project_id", "transaction_type"])


def test_many_snapshots_of_many_projects_take_seconds(settings):
    """40 snapshots of 5,000 projects, 1 in 50 of which changes each time."""
    for day in range(40):
        taken = snapshot(settings, day)
        rows = [
            {"project_id": f"MUP{n}", "name": f"Project {n}", "status_raw": str((day + n) // 50)} for n in range(5000)
        ]
        remember(settings, taken, projects(taken, *rows))
    started = time.monotonic()
    told = project_history(settings)
    assert time.monotonic() - started < 10
    assert len(told) == 5000 + sum((day + n) % 50 == 0 for day in range(1, 40) for n in range(5000))
