"""`configs/` holds together: registries do not collide, what they refer to exists, the stewards' files say what is known.

Models refuse unknown keys by themselves; here is what no single file can see.
"""

import importlib
import inspect
import itertools
import re
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.base.lists import load_list
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.boundaries import drops
from carbon_assets.registries import schema as registries_schema
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.unified import harmonize, labels
from carbon_assets.unified import schema as unified_schema
from carbon_assets.unified.countries import Countries
from tests.kit.project_tables import HOME
from tests.kit.sample_tables import Records, normalizer, samples

CONFIGS = HOME / "configs"
REGISTRIES = load_registries(CONFIGS)
every_registry = pytest.mark.parametrize("registry", REGISTRIES.values(), ids=list(REGISTRIES))
every_table = pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)
PREFIXES = [registry.project_prefix for registry in REGISTRIES.values() if registry.project_prefix]

# --- registries -----------------------------------------------------------------------------------------------------


def test_every_file_is_a_registry():
    assert sorted(REGISTRIES) == sorted(path.stem for path in (CONFIGS / "registries").iterdir())


def collisions(prefixes: list[str]) -> list[tuple[str, str]]:
    """Pairs of prefixes under which one id could be of two registries."""
    return [(one, other) for one, other in itertools.permutations(prefixes, 2) if other.startswith(one)]


def test_no_project_id_can_be_of_two_registries():
    assert collisions(PREFIXES) == []


def test_colliding_prefixes_are_found():
    assert collisions(["VCS", "GLD", "VC"]) == [("VC", "VCS")]
    assert collisions(["VCS", "VCS"]) != []


@every_registry
def test_a_registry_without_prefix_issues_for_others(registry):
    """Without either, nothing could say which registry its projects belong to."""
    assert bool(registry.project_prefix) != registry.replaces_host_registry


@every_registry
def test_every_registry_has_a_sample_folder(registry):
    assert (HOME / "tests" / "samples" / registry.id).is_dir()


def test_every_sample_folder_has_a_registry():
    folders = {path.name for path in (HOME / "tests" / "samples").iterdir() if path.is_dir()}
    assert folders == {*REGISTRIES, drops.FOLDER}


# --- columns that tables refer to -----------------------------------------------------------------------------------


SQL_TYPES = {
    "id": "varchar", "text": "varchar", "code": "varchar", "tonnes": "decimal(18,6)", "count": "bigint", "year": "integer",
    "date": "date", "flag": "boolean",
}  # fmt: skip


def columns_made(registry: Registry, table: str) -> set[str]:
    """Columns that hold something when identifiers are made: what the YAML fills, or what the hook makes of that."""
    spec = registry.tables[table]
    filled = {name: SQL_TYPES[spec.cell_type(name)] for name in [*spec.columns, *spec.constants]}
    hook = hooks(registry).get(table)
    if not hook:
        return set(filled)
    given = filled | {"row_hash": "varchar", "line": "bigint", "labels": "varchar[]"}
    with duckdb.connect() as con:
        con.execute(f"create table accepted ({', '.join(f'{name} {type_}' for name, type_ in given.items())})")
        made = con.execute(f"describe {hook('accepted', spec, date(2026, 6, 1))}").fetchall()
    return {row[0] for row in made}


def hooks(registry: Registry) -> dict:
    """The public functions that a registry's hook module defines."""
    if not registry.hooks:
        return {}
    module = importlib.import_module(registry.hooks)
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name: f for name, f in functions if f.__module__ == module.__name__ and not name.startswith("_")}


@every_table
def test_keys_and_sums_name_columns_that_the_table_fills(sample):
    """A key of a column that is always NULL would give every event of a table one identifier."""
    made = columns_made(sample.registry, sample.table)
    assert set(sample.spec.key) <= made
    assert set(sample.spec.sum_by) <= made & set(sample.spec.canonical.names)


@every_table
def test_constants_fill_columns_that_nothing_else_fills(sample):
    assert set(sample.spec.constants) <= set(sample.spec.canonical.names)
    assert not set(sample.spec.constants) & set(sample.spec.columns)


@every_table
def test_tables_of_credits_are_identified_by_a_key_and_tables_of_projects_by_their_id(sample):
    assert bool(sample.spec.key) == (sample.spec.holds == "credits")


# --- hooks ----------------------------------------------------------------------------------------------------------


@every_registry
def test_hooks_are_named_like_tables(registry):
    """A hook of another name would never be called."""
    assert set(hooks(registry)) <= set(registry.tables)
    assert bool(hooks(registry)) == bool(registry.hooks)


@every_registry
def test_hooks_take_rows_a_description_and_the_day(registry):
    for hook in hooks(registry).values():
        assert list(inspect.signature(hook).parameters) == ["rows", "spec", "observed_on"]


def test_every_hook_module_belongs_to_a_registry():
    modules = {path.stem for path in (HOME / "carbon_assets" / "registries" / "hooks").glob("*.py")} - {"__init__"}
    assert {registry.hooks.rpartition(".")[2] for registry in REGISTRIES.values() if registry.hooks} == modules


# --- serial numbers -------------------------------------------------------------------------------------------------

SERIALS = [
    ("verra", "30900-7001-7250-VCS-VCU-1507-VER-BR-14-90001-01012021-31122021-1", "VCU", 7001, 7250),
    ("verra", "412-88000001-88000900-VCU-007-APX-IN-1-90006-01042006-18032007-0", "VCU", 88000001, 88000900),
    ("gold-standard", "GS1-1-RW-GS77-16-2021-5-100-250", "GS1-1-RW-GS77-16-2021-5", 100, 250),
    ("gold-standard", "IN-5-301-1-1-0-9999 - IN-5-450-1-1-0-9999", "IN-5", 301, 450),
    ("american-carbon-registry", "ACR-CA-77-2021-5-100 to 250", "ACR-CA-77-2021-5", 100, 250),
    ("climate-action-reserve", "CAR-2-US-77-5-12-OH-2021-6-31 to 60", "CAR-2-US-77-5-12-OH-2021-6", 31, 60),
    ("art-trees", "ART-GY-102-2020-7-501 to 1500", "ART-GY-102-2020-7", 501, 1500),
    ("art-trees", "FCPF-CR-201-2019-3-1 to 250", "FCPF-CR-201-2019-3", 1, 250),
]
"""Invented serial numbers in each registry's form: registry, serial, and the key, start and end within it."""


@every_registry
def test_every_form_of_serial_number_has_a_name_of_its_own(registry):
    names = [serial.name for serial in registry.serials]
    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("registry", "serial", "key", "start", "end"), SERIALS, ids=lambda value: str(value)[:24])
def test_serial_numbers_come_apart(registry, serial, key, start, end, normalize_sample):
    """Through the whole of normalizing: the engine that reads the patterns is not Python's."""
    sample = next(
        sample
        for sample in samples()
        if sample.registry.id == registry and "serial_number" in sample.spec.columns and not sample.spec.sum_by
    )
    records = Records.of(sample.content)
    (place,) = records.places(sample.spec.columns["serial_number"].names)
    result = normalize_sample(sample, records.with_cell(0, place, serial).content())
    (row,) = [row for row in result.rows.to_pylist() if row["serial_number"] == serial]
    assert (row["serial_key"], row["serial_start"], row["serial_end"]) == (key, start, end)


def publishes_serials(registry) -> bool:
    """Whether a table of the registry has a column for serial numbers."""
    return any("serial_number" in spec.columns for spec in registry.tables.values())


@pytest.mark.parametrize(
    "registry", [r for r in REGISTRIES.values() if r.serials and publishes_serials(r)], ids=lambda registry: registry.id
)
def test_every_serial_pattern_fits_a_serial_of_the_sample(registry, normalize_sample):
    """A pattern that fits nothing is a typing error, or knowledge that the sample should show."""
    serials = {
        serial
        for sample in samples()
        if sample.registry.id == registry.id and sample.spec.holds == "credits"
        for cell in normalize_sample(sample).rows.column("serial_number").to_pylist()
        for serial in (cell or "").split("; ")
    }
    unused = [s.pattern for s in registry.serials if not any(re.fullmatch(s.pattern, serial) for serial in serials)]
    assert unused == []


@pytest.fixture(scope="module")
def normalize_sample(tmp_path_factory):
    return normalizer()


# --- the stewards' files --------------------------------------------------------------------------------------------


def test_every_status_means_one_of_three():
    assert set(Vocabulary(CONFIGS / "vocab" / "status").values()) == {"listed", "registered", "completed"}


def test_every_vocabulary_loads():
    """And none is empty; a word with two meanings is refused while loading."""
    assert len(labels.load_words(CONFIGS))
    assert all(len(Vocabulary(path)) for path in (CONFIGS / "vocab").iterdir() if path.name != "label")


def test_country_fixes_name_countries_and_name_changes_known_codes():
    fixes, names = (Vocabulary(CONFIGS / "vocab" / name) for name in ("country", "country_name"))
    countries = Countries(fixes, names)
    assert [word for word in fixes if countries.resolve(None, word) is None] == []
    assert {code: countries.resolve(code.upper(), None).name for code in names} == dict(names)


CURATED = load_list(CONFIGS / "unified" / "curated_projects", harmonize.CURATED, key=("project_id",))


def test_curated_projects_are_of_known_registries():
    ids = [row["project_id"] for row in CURATED]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if not id.startswith(tuple(PREFIXES))] == []


@pytest.fixture(scope="module")
def unified(tmp_path_factory) -> list[dict]:
    """The projects that come of the stewards' files alone, when credits mention each curated project."""
    folder = tmp_path_factory.mktemp("unified")
    projects, credits = folder / "projects.parquet", folder / "credits.parquet"
    store.write(projects, registries_schema.PROJECTS.empty_table(), registries_schema.PROJECTS)
    mentioned = pa.schema([unified_schema.UNIFIED_CREDITS.field("project_id")])
    ids = [{"project_id": row["project_id"]} for row in CURATED]
    store.write(credits, pa.Table.from_pylist(ids, schema=mentioned), mentioned)
    with duckdb.connect() as con:
        table = harmonize.registries_table(REGISTRIES)
        return harmonize.unify_projects(con, [projects], credits, table, CONFIGS).to_pylist()


def test_curated_projects_are_read_with_every_word_known(unified):
    """A status or country that no vocabulary knows would be NULL, and a date that is none too."""
    found = {row["project_id"]: row for row in unified}
    assert set(found) == {row["project_id"] for row in CURATED}
    for row in CURATED:
        project = found[row["project_id"]]
        assert project["is_curated"]
        assert REGISTRIES[project["registry"]].project_prefix == row["project_id"][:3]
        assert project["status"] and project["country_iso3"]
        assert str(project["listed_at"] or "") == row["listed_at"]
