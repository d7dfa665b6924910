"""The dbt project: marts are documented, contracted and tested, and hold the columns that their readers rely on."""

import dataclasses
import re
import subprocess
import sys

import duckdb
import jinja2
import pytest
from dagster_dbt import DbtCliResource

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.platform import schemas
from carbon_assets.publishing import dbt, project
from tests.kit.join_plans import AS_LARGE_TABLES, ROW_BY_ROW, joins_of
from tests.kit.project_tables import HOME, mart_columns, mart_names, read_by_dbt

NAMES = mart_names()
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
    "serial_key", "is_buffer", "labels", "source", "snapshot_id", "beneficiaries_named",
]  # fmt: skip
COVERAGE = [
    "registry",
    "protocol_raw",
    "projects",
    "issued",
    "outcome",
    "method",
    "confidence",
    "protocol",
    "candidates",
]
BENEFICIARIES = [
    "beneficiary", "retired", "retirements", "first_retirement_at", "last_retirement_at", "projects", "registries",
    "spellings",
]  # fmt: skip
CANDIDATES = ["suggested", "names", "method", "score", "retired", "examples"]
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
    ("protocol_coverage", "protocol"): "VARCHAR[]",
    ("protocol_coverage", "candidates"): "VARCHAR[]",
    ("credits", "retirement_beneficiary_harmonized"): "VARCHAR",
    ("credits", "beneficiaries_named"): "VARCHAR[]",
    ("beneficiaries", "retired"): "DECIMAL(38,6)",
    ("beneficiaries", "first_retirement_at"): "DATE",
    ("beneficiaries", "last_retirement_at"): "DATE",
    ("beneficiaries", "registries"): "VARCHAR[]",
    ("beneficiaries", "spellings"): "VARCHAR[]",
    ("beneficiary_candidates", "names"): "VARCHAR[]",
    ("beneficiary_candidates", "retired"): "DECIMAL(38,6)",
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
        ("protocol_coverage", COVERAGE),
        ("beneficiaries", BENEFICIARIES),
        ("beneficiary_candidates", CANDIDATES),
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
def build(project_settings: Settings, tmp_path_factory) -> Settings:
    """A data folder in which dbt has built everything on harmonized tables without rows, its own tests and unit tests too."""
    there = dataclasses.replace(project_settings, data=tmp_path_factory.mktemp("built"))
    for key in read_by_dbt():
        columns = schemas.tables()[key].columns
        store.write(there.table(*key.split("/")), columns.empty_table(), columns)
    (there.data / "marts").mkdir()
    project.prepare(there)
    folder, target = str(project.folder(there)), str(there.dbt_target)
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--project-dir", folder, "--profiles-dir", folder]
    done = subprocess.run(
        [*command, "--target-path", target, "--log-path", target],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return there


@pytest.fixture(scope="module")
def built(build) -> dict[str, dict[str, str]]:
    """Columns and types of each mart as dbt builds it."""
    return {name: described(f"read_parquet('{build.table('marts', name)}')") for name in NAMES}


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
    assert {path.stem for path in (HOME / "dbt_project").glob("models/marts/*/*.yml")} == set(NAMES)


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


MAY_BE_MISSING = {
    "protocol_coverage": {"registry", "protocol_raw"},
    "credit_findings": {"credit_id", "other_credit_id", "serial_number"},
    "boundary_findings": {"project_id", "file"},
    "double_counting_findings": {"registry", "cancellation_id", "issuance_id"},
    "unknown_values": {"registry", "project_id"},
}
"""Parts of keys that may be NULL: the projects without a text have a row, too; what lacks its other half has one id; a word is
of whatever project."""


NUMBERED_BY_THE_MODEL = {"registry_changes": "twin"}
"""Marts whose rows can be alike: the model numbers them, so that a test of that key could not fail -> the number."""


def keys_tested(tests: list[dict], kind: str) -> set[str]:
    """The columns that the tests of uniqueness of a kind name: `unique` one, `unique_together` a list."""
    named = [test for test in tests if test["test_metadata"]["name"] == kind]
    if kind == "unique":
        return {test["column_name"] for test in named}
    return {column for test in named for column in test["test_metadata"]["kwargs"]["combination_of_columns"]}


@every_mart
def test_the_key_of_every_mart_is_tested(name, manifest):
    """dbt's `unique` looks over NULLs, so that a key of one column must be filled; our `unique_together` does not."""
    tests = dbt_tests_of(manifest, name)
    filled = {test["column_name"].strip('"') for test in tests if test["test_metadata"]["name"] == "not_null"}
    single, together = keys_tested(tests, "unique"), keys_tested(tests, "unique_together")
    if number := NUMBERED_BY_THE_MODEL.get(name):
        assert number in filled and not single | together
        return
    assert single | together, f"no test says what makes a row of {name} unique"
    assert single <= filled
    assert together - filled <= MAY_BE_MISSING.get(name, set())


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("verra", "VM1"), ("verra", "VM2"), ("verra", None), ("isometric", None)], []),
        ([("verra", "VM1"), ("isometric", "VM1"), ("verra", "VM1")], [("verra", "VM1")]),
        ([("verra", None), ("verra", "VM1"), ("verra", None)], [("verra", None)]),
    ],
)
def test_unique_together_finds_rows_that_agree_missing_values_too(rows, found):
    macro = (HOME / "dbt_project" / "macros" / "unique_together.sql").read_text()
    body = re.search(r"{% test unique_together\(.*?\) %}(.*){% endtest %}", macro, re.DOTALL)[1]
    query = jinja2.Template(body).render(model="given", combination_of_columns=["registry", "text"])
    with duckdb.connect() as con:
        con.execute("create table given (registry varchar, text varchar)")
        con.executemany("insert into given values (?, ?)", rows)
        assert con.execute(query).fetchall() == found


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


def test_a_unit_test_shows_the_protocols_of_a_project(unit_tests):
    """Given readings of one text for two registries, each project gets that of its own."""
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "projects"
        for given in test["given"]
        if given["input"] == "ref('stg_protocols')"
        and len({row["protocol_raw"] for row in given["rows"]}) < len(given["rows"])
        and {bool(row.get("protocol")) for row in test["expect"]["rows"]} == {True, False}
    ]


def test_a_unit_test_shows_that_only_retirements_have_a_beneficiary(unit_tests):
    """Given one text for two types of transactions and a missing one, one of each is named."""
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "credits"
        for given in test["given"]
        if given["input"] == "ref('stg_credits')"
        and {row.get("transaction_type") for row in given["rows"]} >= {"retirement", "issuance"}
        and any(row.get("retirement_account", "") is None for row in given["rows"])
        and {bool(row.get("retirement_beneficiary_harmonized")) for row in test["expect"]["rows"]} == {True, False}
    ]


def test_a_unit_test_shows_the_sum_of_an_entity(unit_tests):
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "beneficiaries"
        for given in test["given"]
        if given["input"] == "ref('credits')"
        and {"retirement", "issuance"} == {row["transaction_type"] for row in given["rows"]}
        and any(row["retirement_beneficiary_harmonized"] is None for row in given["rows"])
        and len(test["expect"]["rows"]) < len(given["rows"])
    ]


def test_a_unit_test_shows_that_a_placeholder_without_a_text_does_not_count(unit_tests):
    assert [
        test["name"]
        for test in unit_tests
        if test["model"] == "protocol_coverage"
        for given in test["given"]
        if {row.get("is_placeholder") for row in given["rows"]} == {True, False}
        and sum(row["projects"] for row in test["expect"]["rows"]) < len(given["rows"])
    ]


def test_every_harmonized_table_has_a_source_and_a_staging_view(manifest):
    """Unit tests can stand in for a view, not for a Parquet file."""
    views = {name for node in manifest["nodes"].values() if (name := node["name"]).startswith("stg_")}
    assert views == {f"stg_{key.partition('/')[2]}" for key in read_by_dbt()}
    assert {f"harmonized/{source['name']}" for source in manifest["sources"].values()} == set(read_by_dbt())


@every_mart
def test_a_mart_reads_the_tables_whose_columns_it_takes_over(name, manifest):
    """So that it is made anew with them, and with what their schema says."""
    meta = model(manifest, name)["config"]["meta"]
    named = {key for kind in ("passes", "rows_of") if (key := meta.get(kind))} | set(meta.get("columns_of", ()))
    read, ahead = set(), [model(manifest, name)["unique_id"]]
    while ahead:
        above = manifest["parent_map"][ahead.pop()]
        read |= set(above)
        ahead += above
    assert {f"source.carbon.{key.replace('/', '.')}" for key in named} <= read


# --- how dbt's statements are planned -------------------------------------------------------------------------------


def refused_joins(build: Settings, monkeypatch, statements: dict[str, str]) -> list[str]:
    """The statements, by name, that would compare two tables pair by pair."""
    monkeypatch.chdir(project.folder(build))  # the views' paths are relative to it
    with duckdb.connect(str(build.dbt_target / "build.duckdb"), read_only=True) as con:
        con.execute(AS_LARGE_TABLES)
        return [
            f"{name}: {join.operator} {join.condition}"
            for name, sql in statements.items()
            for join in joins_of(con, sql, "dbt")
            if join.operator in ROW_BY_ROW and not join.has_one_row
        ]


def test_no_model_joins_pair_by_pair(build, monkeypatch):
    """dbt's tests are explained, too. The statements of the package are, in `tests/project/test_join_plans.py`."""
    compiled = (build.dbt_target / "compiled" / "carbon" / "models").rglob("*.sql")
    statements = {path.name: path.read_text() for path in compiled}
    assert {f"{name}.sql" for name in NAMES} < set(statements)
    assert refused_joins(build, monkeypatch, statements) == []


@pytest.mark.parametrize(
    ("name", "key", "condition"),
    [
        (
            "credits",
            "asserted.transaction_type = beneficiaries.transaction_type",
            "asserted.transaction_type = 'retirement'",
        ),
        ("projects", "projects.has_protocol = protocols.has_protocol", "projects.has_protocol"),
    ],
)
def test_a_left_join_with_a_condition_on_its_left_side_alone_is_found(name, key, condition, build, monkeypatch):
    """As both marts had it, for most of the time that a run took."""
    (path,) = (build.dbt_target / "compiled" / "carbon" / "models").rglob(f"marts/*/{name}.sql")
    sql = path.read_text()
    assert sql.count(key) == 1
    assert refused_joins(build, monkeypatch, {name: sql}) == []
    assert refused_joins(build, monkeypatch, {name: sql.replace(key, condition)}) != []


@pytest.mark.slow
def test_the_version_of_dbt_is_that_which_its_command_says(project_settings):
    project.prepare(project_settings)
    ours = dbt.dbt(project_settings)
    asked = DbtCliResource(project_dir=ours.project_dir, dbt_executable=ours.dbt_executable)
    assert ours._cli_version == asked._cli_version
