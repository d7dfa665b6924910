"""The dbt project: marts are documented, contracted and tested, and hold the columns that their readers rely on."""

import dataclasses
import os
import subprocess
import sys

import duckdb
import pytest

from carbon_assets import schema, store
from carbon_assets.settings import Settings
from tests.project.project_tables import MARTS, STAGING, harmonized, harmonized_schema, mart_columns

NAMES = sorted(path.stem for path in MARTS.glob("*.sql"))
every_mart = pytest.mark.parametrize("name", NAMES)

# The interface: what the readers of the marts were promised. It is written out so that a change must be made here too.

OFFSETSDB_PROJECTS = [
    "project_id", "name", "registry", "proponent", "protocol", "category", "status", "country", "listed_at",
    "is_compliance", "issued", "retired", "first_issuance_at", "first_retirement_at", "project_url", "project_type",
    "project_type_source", "protocol_unassigned",
]  # fmt: skip
MORE_OF_PROJECTS = [
    "cancelled", "outstanding", "status_raw", "protocol_raw", "protocol_version", "country_iso3", "region",
    "crediting_period_start", "crediting_period_end", "is_placeholder", "has_boundary", "snapshot_id",
]  # fmt: skip
OFFSETSDB_CREDITS = [
    "project_id", "quantity", "vintage", "transaction_date", "transaction_type", "retirement_account",
    "retirement_beneficiary", "retirement_beneficiary_harmonized", "retirement_reason", "retirement_note",
    "transaction_url",
]  # fmt: skip
MORE_OF_CREDITS = [
    "credit_id", "registry", "vintage_start", "vintage_end", "serial_number", "serial_start", "serial_end",
    "serial_key", "is_buffer", "labels", "source", "snapshot_id",
]  # fmt: skip
PROMISED_TYPES = {
    ("projects", "protocol"): "VARCHAR[]",
    ("projects", "protocol_unassigned"): "VARCHAR[]",
    ("projects", "listed_at"): "DATE",
    ("projects", "first_issuance_at"): "DATE",
    ("projects", "first_retirement_at"): "DATE",
    ("projects", "is_compliance"): "BOOLEAN",
    ("credits", "quantity"): "DECIMAL(18,6)",
    ("credits", "vintage"): "INTEGER",
    ("credits", "vintage_start"): "DATE",
    ("credits", "vintage_end"): "DATE",
    ("credits", "transaction_date"): "DATE",
    ("credits", "is_buffer"): "BOOLEAN",
    ("credits", "labels"): "VARCHAR[]",
}


def test_the_interface_is_as_long_as_it_was_agreed():
    assert (len(OFFSETSDB_PROJECTS), len(OFFSETSDB_CREDITS)) == (18, 11)


@pytest.mark.parametrize(
    ("name", "promised"),
    [
        ("projects", OFFSETSDB_PROJECTS),
        ("projects", MORE_OF_PROJECTS),
        ("credits", OFFSETSDB_CREDITS),
        ("credits", MORE_OF_CREDITS),
    ],
)
def test_marts_have_the_columns_that_readers_were_promised(name, promised, built):
    assert [column for column in promised if column not in built[name]] == []


@pytest.mark.parametrize(("name", "column"), PROMISED_TYPES)
def test_columns_have_the_types_that_readers_were_promised(name, column, built):
    """Tonnes are exact, days are dates, several things are a list."""
    assert built[name][column] == PROMISED_TYPES[name, column]


# --- the contract ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(settings: Settings, tmp_path_factory) -> dict[str, dict[str, str]]:
    """Columns and types of each mart as dbt builds it, on harmonized tables that hold no rows."""
    there = dataclasses.replace(settings, data=tmp_path_factory.mktemp("built"))
    for key in harmonized():
        shape = harmonized_schema(key.partition("/")[2])
        store.write(there.table(*key.split("/")), shape.empty_table(), shape)
    (there.data / "marts").mkdir()
    there.dbt_target.mkdir()
    project, target = str(there.dbt_project), str(there.dbt_target)
    command = [sys.executable, "-m", "dbt.cli.main", "run", "--project-dir", project, "--profiles-dir", project]
    done = subprocess.run(
        [*command, "--target-path", target, "--log-path", target],
        env=os.environ | {"CARBON_DATA_DIR": str(there.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return {name: described(f"read_parquet('{there.table('marts', name)}')") for name in NAMES}


def described(relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in duckdb.sql(f"describe select * from {relation}").fetchall()}


def model(manifest: dict, name: str) -> dict:
    (found,) = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["name"] == name
    ]
    return found


def dbt_tests_of(manifest: dict, name: str) -> list[dict]:
    node = model(manifest, name)["unique_id"]
    return [test for test in manifest["nodes"].values() if test.get("attached_node") == node]


def test_every_mart_was_found():
    """The tests below are made for each of them."""
    assert {"projects", "credits"} <= set(NAMES)
    assert {path.stem for path in MARTS.glob("*.yml")} == set(NAMES)


@every_mart
def test_the_contract_is_enforced(name, manifest):
    assert model(manifest, name)["config"]["contract"]["enforced"] is True


@every_mart
def test_the_documented_columns_are_those_that_are_built(name, built):
    """A column that the SQL gives and the YAML does not say, or the other way round, or of another type."""
    types = ", ".join(f'null::{type_} as "{column}"' for column, type_ in mart_columns(name).items())
    assert described(f"(select {types})") == built[name]


@every_mart
def test_every_column_is_described_and_typed(name, manifest):
    node = model(manifest, name)
    assert node["description"]
    assert node["columns"]
    lacking = [
        column["name"] for column in node["columns"].values() if not (column["description"] and column["data_type"])
    ]
    assert lacking == []


# --- tests of dbt ---------------------------------------------------------------------------------------------------


def key_columns(tests: list[dict]) -> set[str]:
    """The columns that a test of uniqueness names: one, or a list of them."""
    return {
        column
        for test in tests
        if test["test_metadata"]["name"].startswith("unique")
        for column in [
            test["column_name"],
            *test["test_metadata"]["kwargs"].get("combination_of_columns", []),
        ]
        if column
    }


@every_mart
def test_the_key_of_every_mart_is_tested(name, manifest):
    tests = dbt_tests_of(manifest, name)
    filled = {test["column_name"] for test in tests if test["test_metadata"]["name"] == "not_null"}
    assert key_columns(tests), f"no test says what makes a row of {name} unique"
    assert key_columns(tests) <= filled


def test_sources_are_not_tested(manifest):
    """Their suites guard them before they are written; a test here would lift that gate (see test_definitions)."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert tests
    assert [test["name"] for test in tests if any(on.startswith("source.") for on in test["depends_on"]["nodes"])] == []


@pytest.fixture(scope="module")
def unit_tests(manifest) -> list[dict]:
    return list(manifest["unit_tests"].values())


def test_a_unit_test_shows_the_override(unit_tests):
    """Given rows of the host and rows that replace them, it must expect fewer than it gives."""
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "credits"
        for given in test["given"]
        if {row.get("is_host_replacement") for row in given["rows"]} == {True, False}
        and 0 < len(test["expect"]["rows"]) < len(given["rows"])
    ]


def test_a_unit_test_shows_the_totals(unit_tests):
    totals = {"issued", "retired", "cancelled", "outstanding"}
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "projects"
        and any(totals <= set(row) and all(row[name] for name in totals) for row in test["expect"]["rows"])
    ]


def test_a_unit_test_shows_the_placeholders(unit_tests):
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "projects"
        and {row.get("is_placeholder") for row in test["expect"]["rows"]} == {True, False}
    ]


def test_every_harmonized_table_has_a_staging_view():
    """Unit tests can stand in for a view, not for a Parquet file."""
    assert {path.stem for path in STAGING.glob("*.sql")} == {f"stg_{key.partition('/')[2]}" for key in harmonized()}


def test_every_source_is_a_table_of_schema_py(manifest):
    sources = {source["name"] for source in manifest["sources"].values()}
    assert {f"harmonized/{name}" for name in sources} == set(harmonized())
    assert all(isinstance(harmonized_schema(name), type(schema.PROJECTS)) for name in sources)
