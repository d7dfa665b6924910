"""Publishing: a version is whole before readers see it, and the versions that nobody needs go."""

import itertools
import json
import multiprocessing
import os
import random
import time
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base import sealed, store
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal
from carbon_assets.history import schema
from carbon_assets.integrity.schema import REPLACED_AT_HOST
from carbon_assets.platform.stamp import is_there
from carbon_assets.publishing import publish
from carbon_assets.snapshots.store import Release
from tests.kit.building import OBSERVED, settings_in
from tests.kit.unprivileged import run_python

MANIFEST = {
    "nodes": {
        "model.made_up.projects": {
            "name": "projects",
            "resource_type": "model",
            "description": "One row per project: the registry's own",
            "columns": {"project_id": {"description": "Prefix and number"}, "name": {"description": ""}},
        },
        "model.made_up.credits": {
            "name": "credits",
            "resource_type": "model",
            "description": "One row per event",
            "columns": {"quantity": {"description": "tCO2e"}},
        },
        "test.made_up.projects": {"name": "projects", "resource_type": "test", "description": "no", "columns": {}},
    }
}
MARTS = ["projects", "credits", "project_history", "totals_history", "replaced_at_host"]
"""Those that what a reader calls by name is made of."""
TEXTS = (
    "retirement_beneficiary_harmonized", "retirement_beneficiary", "retirement_account", "retirement_note",
    "retirement_reason",
)  # fmt: skip
"""The texts of a retirement that may hold a name."""
KILLS = 3


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path, keep_versions=3)


@pytest.fixture
def manifest(tmp_path) -> Path:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    return path


def build_marts(settings: Settings, *names: str, credits: list[dict[str, str]] | None = None) -> None:
    """One project per name, and one credit, or those that are given."""
    settings.table("marts", "projects").parent.mkdir(parents=True, exist_ok=True)
    values = ", ".join(f"('MUP{number}', '{name}')" for number, name in enumerate(names))
    for mart, query in {
        "projects": f"from (values {values}) t(project_id, name)",
        "credits": " union all ".join(map(credit, credits or [{}])),
    }.items():
        with duckdb.connect() as con:
            con.execute(f"copy ({query}) to '{settings.table('marts', mart)}' (format parquet)")
    for mart, shape in {
        "project_history": schema.PROJECT_HISTORY,
        "totals_history": schema.TOTALS_HISTORY,
        "replaced_at_host": REPLACED_AT_HOST,
    }.items():
        store.write(settings.table("marts", mart), shape.empty_table(), shape)


def credit(cells: dict[str, str]) -> str:
    """A query for one credit: a retirement, if it does not say otherwise."""
    given = {"transaction_type": "retirement", **dict.fromkeys(TEXTS)} | cells
    columns = [f"{literal(cell) if cell else 'null::varchar'} as {name}" for name, cell in given.items()]
    return f"select 'MUP0' as project_id, 1.5::decimal(18, 6) as quantity, {', '.join(columns)}"


def current(settings: Settings) -> Path:
    return settings.published / "current"


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(current(settings) / publish.DATABASE, read_only=True)


def names(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in con.execute("select name from marts.projects order by project_id").fetchall()]


def versions(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.published.glob("v-*"))


def test_the_marts_are_readable_as_a_database_and_as_parquet(settings, manifest):
    build_marts(settings, "Peat", "Wind")
    version = publish.publish(settings, MARTS, "0123456789", manifest)
    with connect(settings) as con:
        assert names(con) == ["Peat", "Wind"]
        described = con.execute("describe marts.credits").fetchall()
        assert [(row[0], row[1]) for row in described][:2] == [("project_id", "VARCHAR"), ("quantity", "DECIMAL(18,6)")]
    parquet = current(settings) / "projects.parquet"
    assert duckdb.sql(f"select name from '{parquet}' order by project_id").fetchall() == [("Peat",), ("Wind",)]
    files = {"carbon.duckdb", sealed.MANIFEST, *(f"{mart}.parquet" for mart in MARTS)}
    assert {path.name for path in version.iterdir()} == files


def test_tables_and_columns_carry_the_descriptions_of_the_models(settings, manifest):
    build_marts(settings, "Peat")
    publish.publish(settings, MARTS, "run", manifest)
    with connect(settings) as con:
        tables = dict(con.execute("select table_name, comment from duckdb_tables()").fetchall())
        columns = dict(
            con.execute(
                "select table_name || '.' || column_name, comment from duckdb_columns() where not internal"
            ).fetchall()
        )
    assert tables["projects"] == "One row per project: the registry's own"
    assert tables["credits"] == "One row per event"
    assert columns["projects.project_id"] == "Prefix and number"
    assert columns["credits.quantity"] == "tCO2e"
    assert not columns["credits.project_id"]


def test_the_link_flips_to_the_new_version(settings, manifest):
    build_marts(settings, "Peat")
    first = publish.publish(settings, MARTS, "run-one", manifest)
    assert current(settings).is_symlink()
    assert current(settings).resolve() == first.resolve()
    second = publish.publish(settings, MARTS, "run-two", manifest)
    assert first != second
    assert current(settings).resolve() == second.resolve()
    assert first.is_dir()
    assert sorted(path.name for path in settings.published.iterdir()) == [".lock", "current", first.name, second.name]


def test_the_published_folder_can_be_moved(settings, manifest):
    build_marts(settings, "Peat")
    publish.publish(settings, MARTS, "run", manifest)
    moved = settings.published.rename(settings.published.with_name("moved"))
    with duckdb.connect(moved / "current" / publish.DATABASE, read_only=True) as con:
        assert names(con) == ["Peat"]


def test_a_reader_keeps_its_version_and_the_next_connection_sees_the_new_one(settings, manifest):
    build_marts(settings, "Peat")
    publish.publish(settings, MARTS, "run-one", manifest)
    with connect(settings) as reader:
        assert names(reader) == ["Peat"]
        build_marts(settings, "Peat", "Wind")
        publish.publish(settings, MARTS, "run-two", manifest)
        assert names(reader) == ["Peat"]
        with connect(settings) as next_reader:
            assert names(next_reader) == ["Peat", "Wind"]
        assert names(reader) == ["Peat"]


def test_a_version_does_not_change_with_the_marts_it_was_made_of(settings, manifest):
    build_marts(settings, "Peat")
    publish.publish(settings, MARTS, "run", manifest)
    build_marts(settings, "Wind")
    parquet = current(settings) / "projects.parquet"
    assert duckdb.sql(f"select name from '{parquet}'").fetchall() == [("Peat",)]


@pytest.mark.parametrize(("keep", "left"), [(1, 1), (2, 2), (3, 3), (9, 5)])
@pytest.mark.parametrize("years", [None, [2026] * 5, [2030, 2026, 2025, 2027, 2026]], ids=["runs", "still", "back"])
def test_the_newest_versions_are_kept_whatever_the_clock_says(tmp_path, manifest, monkeypatch, keep, left, years):
    settings = settings_in(tmp_path, keep_versions=keep)
    build_marts(settings, "Peat")
    published = []
    for number in range(5):
        if years:
            monkeypatch.setenv("CARBON_NOW", f"{years[number]}-01-31T12:00:00Z")
        published.append(publish.publish(settings, MARTS, f"run-{9 - number}", manifest).name)
        assert current(settings).resolve().name == published[-1]
    assert versions(settings) == published[-left:]


@pytest.mark.parametrize("keep", [0, 1])
def test_the_current_version_is_never_pruned(tmp_path, manifest, keep):
    settings = settings_in(tmp_path, keep_versions=keep)
    settings.published.mkdir(parents=True)
    for later in ("v-29990101T000000000000Z-x", "v-29990102T000000000000Z-x"):  # as a clock that was put back leaves
        (settings.published / later).mkdir()
    build_marts(settings, "Peat")
    version = publish.publish(settings, MARTS, "run", manifest)
    assert versions(settings) == [version.name]
    with connect(settings) as con:
        assert names(con) == ["Peat"]


@pytest.mark.parametrize(
    "broken", ["a mart lacks", "a mart is no Parquet file", "the manifest is no JSON", "a column is gone"]
)
def test_a_failure_while_building_leaves_what_was_published(settings, manifest, broken):
    build_marts(settings, "Peat")
    published = publish.publish(settings, MARTS, "run-one", manifest)
    build_marts(settings, "Wind")
    mart = settings.table("marts", "credits")
    if broken == "a mart lacks":
        mart.unlink()
    elif broken == "a mart is no Parquet file":
        mart.write_bytes(b"half a file")
    elif broken == "the manifest is no JSON":
        manifest.write_text("{")
    else:
        mart.write_bytes(settings.table("marts", "projects").read_bytes())
    with pytest.raises((OSError, ValueError, duckdb.Error)):
        publish.publish(settings, MARTS, "run-two", manifest)
    assert current(settings).resolve() == published.resolve()
    assert versions(settings) == [published.name]
    with connect(settings) as con:
        assert names(con) == ["Peat"]


def test_a_failed_build_does_not_stop_the_next_one(settings, manifest):
    build_marts(settings, "Peat")
    whole = settings.table("marts", "credits").read_bytes()
    settings.table("marts", "credits").write_bytes(b"half a file")
    with pytest.raises(duckdb.Error):
        publish.publish(settings, MARTS, "run", manifest)
    assert not current(settings).exists()
    settings.table("marts", "credits").write_bytes(whole)
    version = publish.publish(settings, MARTS, "run", manifest)
    assert current(settings).resolve() == version.resolve()


def test_what_a_killed_publisher_left_is_cleared_away(settings, manifest):
    build_marts(settings, "Peat")
    left = settings.published / ".v-20200101T000000000000Z-x"
    left.mkdir(parents=True)
    (left / "projects.parquet").write_bytes(b"half a file")
    (settings.published / ".current-v-20200101T000000000000Z-x").symlink_to("nowhere")
    version = publish.publish(settings, MARTS, "run", manifest)
    assert sorted(path.name for path in settings.published.iterdir()) == [".lock", "current", version.name]


def publish_for_ever(settings: Settings, manifest: Path) -> None:
    """A process of its own: version after version."""
    for number in itertools.count():
        build_marts(settings, f"Name {number}")
        publish.publish(settings, MARTS, f"run-{number}", manifest)


def test_a_publisher_can_be_killed_at_any_moment(settings, manifest):
    """Readers see the version before or the new one, whole, and the next publisher clears away what is left. Whole runs are killed
    in `tests/platform/pipeline/test_killed.py`."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    choice = random.Random(4)
    for _ in range(KILLS):
        before = versions(settings)
        publisher = processes.Process(target=publish_for_ever, args=(settings, manifest))
        publisher.start()
        while (
            versions(settings) == before or not current(settings).exists()
        ):  # importing takes seconds where others work, too
            time.sleep(0.05)
        time.sleep(choice.uniform(0, 0.3))
        publisher.kill()
        publisher.join()
        with connect(settings) as con:
            ((name,),) = [names(con)]
            assert name.startswith("Name ")
            assert con.execute("select count(*) from marts.credits").fetchone() == (1,)
    build_marts(settings, "Last")
    publish.publish(settings, MARTS, "run", manifest)
    with connect(settings) as con:
        assert names(con) == ["Last"]
    assert not [path.name for path in settings.published.iterdir() if path.name.startswith((".v-", ".current-"))]


def test_one_version_is_let_through_and_keeps_who_said_so(settings, manifest):
    given = Release(by="ann", reason="a registry closed", at=OBSERVED)
    build_marts(settings, "Peat")
    publish.release(settings, given)
    released = publish.publish(settings, MARTS, "run-one", manifest)
    assert Release.model_validate_json((released / publish.RELEASED).read_text()) == given
    assert not publish.is_released(settings)
    assert not (publish.publish(settings, MARTS, "run-two", manifest) / publish.RELEASED).exists()


def test_a_release_outlives_a_failure_to_publish(settings, manifest):
    build_marts(settings, "Peat")
    publish.release(settings, Release(by="ann", reason="x", at=OBSERVED))
    settings.table("marts", "credits").write_bytes(b"half a file")
    with pytest.raises(duckdb.Error):
        publish.publish(settings, MARTS, "run", manifest)
    assert publish.is_released(settings)


# --- the macro ------------------------------------------------------------------------------------------------------


def naming(settings: Settings, manifest: Path, name: str, *credits: dict[str, str]) -> list[dict]:
    """The retirements that the published file finds under a name."""
    build_marts(settings, "Peat", credits=list(credits))
    publish.publish(settings, MARTS, "run", manifest)
    with connect(settings) as con:
        return con.execute("from marts.retirements_naming(?)", [name]).to_arrow_table().to_pylist()


@pytest.mark.parametrize("text", TEXTS)
def test_a_name_is_found_in_each_text_of_a_retirement(settings, manifest, text):
    (found,) = naming(settings, manifest, "nestle", {text: "for Nestle S.A. in 2024"}, {text: "for Nest Ltd"})
    assert (found[text], found["project_id"]) == ("for Nestle S.A. in 2024", "MUP0")


@pytest.mark.parametrize("name", ["nestle", "NESTL\u00c9", "nestl\u00e9", "Nestle\u0301"])
@pytest.mark.parametrize("text", ["Nestl\u00e9", "NESTLE", "Nestle\u0301"])
def test_case_and_accents_do_not_count(settings, manifest, name, text):
    assert len(naming(settings, manifest, name, {"retirement_note": text})) == 1


@pytest.mark.parametrize("kind", ["issuance", "cancellation"])
def test_only_retirements_are_found(settings, manifest, kind):
    credits = [{"retirement_note": "Peat Foods", "transaction_type": type_} for type_ in (kind, "retirement")]
    assert [row["transaction_type"] for row in naming(settings, manifest, "peat", *credits)] == ["retirement"]


def test_a_name_does_not_reach_over_two_texts(settings, manifest):
    assert naming(settings, manifest, "peat foods", {"retirement_account": "Peat", "retirement_note": "Foods"}) == []


@pytest.mark.parametrize("name", ["100%", "a_b", "it's"])
def test_a_name_is_a_text_and_no_pattern(settings, manifest, name):
    found = naming(settings, manifest, name, {"retirement_note": f"for {name} Ltd"}, {"retirement_note": "100 axb its"})
    assert [row["retirement_note"] for row in found] == [f"for {name} Ltd"]


# --- what is published stays as it is ---------------------------------------------------------------------------------

WRITE = """
import sys, duckdb
try:
    duckdb.connect(sys.argv[1]).execute("create table marts.mine as select 1")
except duckdb.Error as error:
    print(error)
with duckdb.connect(sys.argv[1], read_only=True) as con:
    print(con.execute("select count(*) from marts.projects").fetchone())
"""


def test_a_client_that_does_not_ask_for_reading_alone_changes_nothing(settings, manifest):
    build_marts(settings, "Peat")
    publish.publish(settings, MARTS, "0123456789", manifest)
    said = run_python("-c", WRITE, str(current(settings) / publish.DATABASE)).stdout
    assert "Permission denied" in said
    assert said.endswith("(1,)\n")
    assert not sealed.changed(current(settings))


def test_a_version_is_not_added_to_and_nothing_of_it_is_removed(settings, manifest):
    build_marts(settings, "Peat")
    publish.publish(settings, MARTS, "0123456789", manifest)
    for deed in ("(Path(sys.argv[1]) / 'more').touch()", "(Path(sys.argv[1]) / 'projects.parquet').unlink()"):
        code = f"import sys\nfrom pathlib import Path\ntry:\n    {deed}\nexcept PermissionError as error:\n    print(error)"
        assert "Permission denied" in run_python("-c", code, str(current(settings))).stdout


def test_what_was_changed_in_spite_of_that_is_told_and_published_anew(settings, manifest, caplog):
    build_marts(settings, "Peat")
    version = publish.publish(settings, MARTS, "0123456789", manifest)
    assert is_there(settings, "published/carbon")
    parquet = version / "projects.parquet"
    parquet.chmod(0o644)
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"!")
    assert not is_there(settings, "published/carbon")
    publish.publish(settings, MARTS, "0123456789", manifest)
    assert "projects.parquet in" in caplog.text
    assert is_there(settings, "published/carbon")


def test_files_that_were_only_copied_are_what_they_were(settings, manifest):
    build_marts(settings, "Peat")
    version = publish.publish(settings, MARTS, "0123456789", manifest)
    os.utime(version / "projects.parquet", (1, 1))
    assert is_there(settings, "published/carbon")
