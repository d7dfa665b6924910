"""The published file's answers to "what did we believe on DATE?"."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import jinja2
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import schema as beneficiaries_schema
from carbon_assets.boundaries import schema as boundaries_schema
from carbon_assets.history import schema as history_schema
from carbon_assets.integrity import replaced_at_host
from carbon_assets.integrity import schema as integrity_schema
from carbon_assets.protocols import schema as protocols_schema
from carbon_assets.publishing import publish
from carbon_assets.registries import schema as registries_schema
from carbon_assets.unified import harmonize
from carbon_assets.unified import schema as unified_schema
from tests.kit.building import CONFIGS, settings_in
from tests.kit.effort import examples
from tests.kit.project_tables import mart_sql
from tests.kit.remembering import (
    REGISTRIES,
    at,
    credits,
    project_history,
    projects,
    remember,
    snapshot,
    totals_history,
)

PUBLISHED = ["credits", "project_history", "replaced_at_host", "totals_history"]
TOTALS = ("issued", "retired", "cancelled", "outstanding")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def tell(settings: Settings, day: int, source: str, *rows) -> pa.Table:
    """Remember a file of that day: dicts are projects, tuples are credits."""
    taken = snapshot(settings, day, source)
    table = projects(taken, *rows) if source.endswith("/projects") else credits(taken, *rows)
    remember(settings, taken, table)
    return table


def published(settings: Settings, replaced: pa.Table | None = None) -> duckdb.DuckDBPyConnection:
    """The published file of what was remembered, opened."""
    return opened(publish_file(settings, replaced))


def opened(file: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(file, read_only=True)


def publish_file(settings: Settings, replaced: pa.Table | None = None) -> Path:
    """`replaced`: what gives way at host registries; nothing, if it is not given."""
    gives_way = integrity_schema.REPLACED_AT_HOST.empty_table() if replaced is None else replaced
    store.write(settings.table("marts", "replaced_at_host"), gives_way, integrity_schema.REPLACED_AT_HOST)
    empty = unified_schema.UNIFIED_CREDITS.empty_table()
    retirements = empty.append_column("retirement_beneficiary_harmonized", pa.array([], pa.string()))
    store.write(settings.table("marts", "credits"), retirements, retirements.schema)
    store.write(settings.table("marts", "project_history"), project_history(settings), history_schema.PROJECT_HISTORY)
    store.write(settings.table("marts", "totals_history"), totals_history(settings), history_schema.TOTALS_HISTORY)
    manifest = settings.data / "manifest.json"
    manifest.write_text(json.dumps({"nodes": {}}))
    return publish.publish(settings, PUBLISHED, "run", manifest) / publish.DATABASE


def names(con: duckdb.DuckDBPyConnection, day: object) -> list[str]:
    return [name for (name,) in con.execute("select name from marts.projects_as_of(?) order by name", [day]).fetchall()]


# --- which moment a day is ------------------------------------------------------------------------------------------

NOON = at(3)
"""When the second file was observed."""


@pytest.fixture(scope="module")
def three_files(tmp_path_factory) -> Path:
    settings = settings_in(tmp_path_factory.mktemp("three-files"))
    tell(settings, 0, "made-up/projects", {"project_id": "MUP1", "name": "Peat"})
    tell(settings, 3, "made-up/projects", {"project_id": "MUP1", "name": "Fen"}, {"project_id": "MUP2", "name": "Wind"})
    tell(settings, 5, "made-up/projects", {"project_id": "MUP2", "name": "Wind"})
    return publish_file(settings)


@pytest.fixture
def con(three_files):
    with opened(three_files) as con:
        yield con


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (at(-1).date(), []),
        (at(0).date(), ["Peat"]),
        (at(2).date(), ["Peat"]),
        (at(3).date(), ["Fen", "Wind"]),
        (at(4).date(), ["Fen", "Wind"]),
        (at(5).date(), ["Wind"]),
        (date(2999, 12, 31), ["Wind"]),
        ("2024-01-03", ["Peat"]),
        ("2024-01-04", ["Fen", "Wind"]),
        (NOON - timedelta(microseconds=1), ["Peat"]),
        (NOON, ["Fen", "Wind"]),
        (NOON.replace(tzinfo=None), ["Fen", "Wind"]),
        (NOON.replace(tzinfo=None) - timedelta(microseconds=1), ["Peat"]),
        (datetime(2024, 1, 4), ["Peat"]),
        (datetime(2024, 1, 4, tzinfo=UTC), ["Peat"]),
        (datetime(2024, 1, 4, 14, tzinfo=timezone(timedelta(hours=2))), ["Fen", "Wind"]),
        (datetime(2024, 1, 4, 13, 59, tzinfo=timezone(timedelta(hours=2))), ["Peat"]),
        ("2024-01-04 12:00:00", ["Fen", "Wind"]),
        ("2024-01-04 11:59:59.999999", ["Peat"]),
        ("2024-01-04 13:59:59+02", ["Peat"]),
        ("2024-01-04T12:00:00Z", ["Fen", "Wind"]),
        (None, []),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_a_day_is_its_end_and_a_moment_is_that_moment(con, day, expected, zone):
    """Whatever time zone the reader lives in."""
    con.execute(f"set TimeZone = '{zone}'")
    assert names(con, day) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [("date '2024-01-04'", 2), ("timestamp '2024-01-04'", 1), ("timestamptz '2024-01-04 12:00:00+00'", 2), ("null", 0)],
)
def test_it_can_be_written_into_the_query(con, day, expected):
    assert con.execute(f"select count(*) from marts.projects_as_of({day})").fetchone() == (expected,)


def test_what_comes_at_midnight_belongs_to_the_next_day(settings):
    midnight = datetime(2024, 1, 3, tzinfo=UTC)
    taken = snapshot(settings, 2, observed_at=midnight)
    remember(settings, taken, projects(taken, {"project_id": "MUP1", "name": "Peat"}))
    with published(settings) as con:
        assert names(con, date(2024, 1, 2)) == []
        assert names(con, date(2024, 1, 3)) == names(con, midnight) == ["Peat"]


def test_what_is_no_day_is_an_error(con):
    with pytest.raises(duckdb.ConversionException):
        names(con, "last week")


# --- totals ---------------------------------------------------------------------------------------------------------


def totals(con: duckdb.DuckDBPyConnection, day: object, of: str = "totals_as_of") -> dict[str, tuple]:
    rows = con.execute(f"from marts.{of}(?)", [day]).to_arrow_table().to_pylist()
    key = "project_id" if of == "totals_as_of" else "registry"
    assert len({row[key] for row in rows}) == len(rows)
    return {row[key]: tuple(None if row[n] is None else float(row[n]) for n in TOTALS) for row in rows}


def test_totals_are_those_of_the_files_in_use_on_the_day(settings):
    tell(settings, 0, "made-up/issuances", ("MUP1", "issuance", "10"), ("MUP1", "cancellation", "1"))
    tell(settings, 2, "made-up/retirements", ("MUP1", "retirement", "4"))
    tell(settings, 4, "made-up/issuances", ("MUP1", "issuance", "12.5"))
    with published(settings) as con:
        assert totals(con, at(-1).date()) == {}
        assert totals(con, at(1).date()) == {"MUP1": (10, 0, 1, 9)}
        assert totals(con, at(2).date()) == {"MUP1": (10, 4, 1, 5)}
        assert totals(con, at(4)) == {"MUP1": (12.5, 4, 0, 8.5)}


def test_a_project_without_transactions_has_none_and_where_none_are_known_nothing_is(settings):
    tell(settings, 0, "made-up/projects", {"project_id": "MUP1"})
    tell(settings, 0, "other/projects", {"project_id": "MUPX1"})
    tell(settings, 1, "made-up/issuances", ("MUP2", "issuance", "10"))
    with published(settings) as con:
        nothing, none = (None,) * 4, (0,) * 4
        assert totals(con, at(0).date()) == {"MUP1": nothing, "MUPX1": nothing}
        assert totals(con, at(1).date()) == {"MUP1": none, "MUP2": (10, 0, 0, 10), "MUPX1": nothing}


def test_what_a_programme_issued_anew_says_nothing_of_its_hosts_other_projects(settings):
    tell(settings, 0, "other/projects", {"project_id": "MUPX1"}, {"project_id": "MUPX2"})
    tell(settings, 1, "state/issuances", ("MUPX1", "issuance", "7"))
    with published(settings) as con:
        assert totals(con, at(1).date()) == {"MUPX1": (7, 0, 0, 7), "MUPX2": (None,) * 4}


def test_what_a_programme_issued_anew_counts_once_and_only_from_when_it_was_known(settings):
    tell(settings, 0, "made-up/issuances", ("MUP1", "issuance", "10"), ("MUP2", "issuance", "1"))
    tell(settings, 2, "state/issuances", ("MUP1", "issuance", "7"), ("MUPX1", "retirement", "2"))
    tell(settings, 4, "state/issuances")
    with published(settings) as con:
        assert totals(con, at(1).date()) == {"MUP1": (10, 0, 0, 10), "MUP2": (1, 0, 0, 1)}
        assert totals(con, at(2).date()) == {"MUP1": (7, 0, 0, 7), "MUP2": (1, 0, 0, 1), "MUPX1": (0, 2, 0, -2)}
        assert totals(con, at(4).date()) == {"MUP1": (10, 0, 0, 10), "MUP2": (1, 0, 0, 1)}


def test_registries_are_sums_of_the_projects_that_they_host(settings):
    tell(settings, 0, "made-up/issuances", ("MUP1", "issuance", "10"), ("MUP2", "issuance", "1"))
    tell(settings, 0, "made-up/retirements", ("MUP2", "retirement", "1"))
    tell(settings, 0, "state/issuances", ("MUPX1", "issuance", "7"))
    tell(settings, 1, "other/projects", {"project_id": "MUPX2"})
    with published(settings) as con:
        assert totals(con, at(1).date(), "registry_totals_as_of") == {"made-up": (11, 1, 0, 10), "other": (7, 0, 0, 7)}
        counts = con.execute("select registry, projects from marts.registry_totals_as_of(?)", [at(1)]).fetchall()
        assert counts == [("made-up", 2), ("other", 2)]


# --- the newest answer is what marts.projects says ------------------------------------------------------------------

KIND = st.sampled_from(["issuance", "retirement", "cancellation"])
ID = st.sampled_from(["MUP1", "MUP2", "MUPX1", "MUPX2", "XYZ1"])
CREDITS = st.lists(st.tuples(ID, KIND, st.sampled_from(["0", "1", "2.5", "10.000001"])), max_size=5)
PROJECTS = st.lists(ID, unique=True, max_size=3).map(lambda ids: [{"project_id": id_} for id_ in ids])
SOURCES = [f"{registry.id}/{table}" for registry in REGISTRIES.values() for table in registry.tables]


def files_of(source: str) -> st.SearchStrategy:
    """One to three drops of a table, or none. A project is in one registry's list."""
    kind = REGISTRIES[source.split("/")[0]].tables[source.split("/")[1]].holds
    one = CREDITS if kind == "credits" else PROJECTS.map(lambda rows: [r for r in rows if hosted_by(r, source)])
    return st.lists(one, max_size=3)


def hosted_by(row: dict, source: str) -> bool:
    host = "other" if row["project_id"].startswith("MUPX") else "made-up"
    return row["project_id"] != "XYZ1" and source == f"{host}/projects"


def mart(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Build a mart by its own SQL, on tables that are named as the models are."""
    query = jinja2.Template(mart_sql(name).read_text()).render(ref=lambda model: model)
    con.execute(f"create table {name} as {query}")


def marts_projects(settings: Settings, newest: dict[str, pa.Table]) -> tuple[dict[str, tuple], pa.Table]:
    """The totals of marts.projects, made from the newest file of every table, and what gives way at host registries."""
    known = harmonize.registries_table(REGISTRIES)
    paths = {"projects": [], "credits": []}
    for source, rows in newest.items():
        path = settings.table("normalized", *source.split("/"))
        store.write(path, rows, rows.schema)
        paths["projects" if source.endswith("projects") else "credits"].append(path)
    with duckdb.connect(config={"threads": 1}) as con:
        unified = harmonize.unify_credits(con, paths["credits"], known, CONFIGS)
        store.write(settings.table("harmonized", "credits"), unified, unified_schema.UNIFIED_CREDITS)
        hosted = harmonize.unify_projects(
            con, paths["projects"], settings.table("harmonized", "credits"), known, CONFIGS
        )
        replaced = replaced_at_host.replaced(con, settings.table("harmonized", "credits"), [])
    with duckdb.connect(config={"threads": 1}) as con:
        shapes = {
            "stg_replaced_at_host": replaced, "stg_credits": unified, "stg_projects": hosted, "stg_registries": known,
            "stg_placeholders": unified_schema.PLACEHOLDERS.empty_table(),
            "stg_beneficiaries": beneficiaries_schema.BENEFICIARIES.empty_table(), "stg_protocols": protocols_schema.PROTOCOLS.empty_table(),
            "stg_project_types": protocols_schema.PROJECT_TYPES.empty_table(), "stg_boundaries": boundaries_schema.BOUNDARIES.empty_table(),
        }  # fmt: skip
        for name, rows in shapes.items():
            con.register(name, rows)
        mart(con, "credits")
        mart(con, "projects")
        rows = con.execute(f"select project_id, {', '.join(TOTALS)} from projects").fetchall()
    return {row[0]: tuple(None if cell is None else float(cell) for cell in row[1:]) for row in rows}, replaced


@examples(5, 40)
@given(st.fixed_dictionaries({source: files_of(source) for source in SOURCES if not source.endswith("more_projects")}))
def test_the_newest_totals_are_those_of_the_marts(files):
    with TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        newest = {}
        for number, (source, drops) in enumerate(files.items()):
            shape = registries_schema.PROJECTS if source.endswith("projects") else registries_schema.CREDITS
            newest[source] = shape.empty_table()
            for day, rows in enumerate(drops):
                newest[source] = tell(settings, 10 * day + number, source, *rows)
        expected, replaced = marts_projects(settings, newest)
        with published(settings, replaced) as con:
            assert totals(con, at(99)) == expected
