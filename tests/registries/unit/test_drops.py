"""Which file of a drop is which table: by name, else by what is in it, wherever it lies; what else lies there is told."""

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform import run
from carbon_assets.platform.report import Work, report
from carbon_assets.platform.site import Site
from carbon_assets.registries import drops, recognition
from carbon_assets.registries.description import load_registries
from carbon_assets.snapshots import store
from carbon_assets.snapshots.landing import DropOutcome
from tests.kit.building import CONFIGS, settings_in
from tests.kit.sample_tables import SAMPLES

REGISTRIES = load_registries(CONFIGS)
TABLES = [(registry, table) for registry in REGISTRIES.values() for table in registry.tables]


def sample(registry: str, table: str) -> Path:
    path = drops.find(SAMPLES, registry, REGISTRIES[registry].tables[table])
    assert path is not None
    return path


@pytest.mark.parametrize(("registry", "table"), TABLES, ids=[f"{registry.id}/{table}" for registry, table in TABLES])
def test_every_table_of_every_registry_is_told_from_all_others_by_what_is_in_it(registry, table):
    path = sample(registry.id, table)
    found = recognition.tables_in(f"some export{path.suffix}", path.read_bytes(), REGISTRIES.values())
    assert [(found_registry.id, found_table) for found_registry, found_table in found] == [(registry.id, table)]


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "drop").mkdir()
    return dataclasses.replace(settings_in(tmp_path), drop=tmp_path / "drop")


def put(settings: Settings, source: Path, name: str) -> None:
    path = settings.drop / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, path)


def take(settings: Settings) -> DropOutcome:
    return run.take_drop(Site.of(settings))


def taken(settings: Settings) -> dict[str, str]:
    """File by registry and table."""
    snapshots = {(r.id, table): store.current(settings, r.id, table) for r, table in TABLES}
    return {f"{registry}/{table}": s.file for (registry, table), s in snapshots.items() if s}


@pytest.mark.parametrize(
    "folder", ["verra", "verra/2026/08", "Registries/verra", "downloads", "."], ids=lambda folder: f"in {folder}"
)
def test_files_under_the_names_that_registries_give_them_are_taken_wherever_they_lie(settings, folder):
    put(settings, sample("verra", "transactions"), f"{folder}/vcus.csv")
    put(settings, sample("verra", "projects"), f"{folder}/allprojects.csv")
    for note in ("README.md", "MANIFEST.json", "SHA256SUMS"):
        put(settings, SAMPLES / "README.md", f"{folder}/{note}")
    assert take(settings) == DropOutcome()
    assert taken(settings) == {"verra/transactions": "vcus.csv", "verra/projects": "allprojects.csv"}


def test_the_export_of_the_gold_standard_is_taken(settings):
    put(settings, sample("gold-standard", "projects"), "gold-standard/GSF Registry Projects Export 2026-08-01.csv")
    assert not take(settings).left
    assert list(taken(settings)) == ["gold-standard/projects"]


def test_made_up_files_are_made_up_at_any_depth(settings):
    put(settings, sample("verra", "projects"), "deep/er/allprojects.csv")
    put(settings, sample("verra", "transactions"), "vcus.csv")
    (settings.drop / store.SYNTHETIC_MARK).touch()
    assert not take(settings).left
    for table in ("projects", "transactions"):
        snapshot = store.current(settings, "verra", table)
        assert snapshot and snapshot.is_synthetic


def test_a_name_counts_before_contents(settings):
    """The other file is told, not taken: which of the two is right cannot be told."""
    put(settings, sample("verra", "projects"), "verra/projects.csv")
    put(settings, sample("verra", "projects"), "verra/allprojects.csv")
    (left,) = take(settings).left
    assert "verra/allprojects.csv, verra/projects.csv all hold verra/projects: leave one of them" in left
    assert taken(settings) == {"verra/projects": "projects.csv"}


def test_of_two_files_that_are_one_table_neither_is_taken(settings):
    put(settings, sample("verra", "projects"), "verra/all projects.csv")
    put(settings, sample("verra", "projects"), "verra/2026/all projects.csv")
    assert len(take(settings).left) == 2
    assert not taken(settings)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "verra/vcus.csv",
            "a,b\n1,2\n",
            ["no table has its columns", "verra/projects.*, verra/transactions.*, as .csv"],
        ),
        ("verra/old/vcus.csv", "", ["the file is empty", "verra/projects.*, verra/transactions.*"]),
        ("verra/vcus.xls", "a", ["its name ends in nothing that is read", "verra/projects.*"]),
        ("verra/credits.json", '{"datasets": {"rows": [1]}}', ["not a list of records", "verra/projects.*"]),
        ("Verra/vcus.csv", "a,b\n1,2\n", ["no table has its columns", "verra/transactions.*", "isometric/issuances.*"]),
        ("vcus.csv", "<html></html>", ["web page", "verra/transactions.*", "isometric/issuances.*"]),
    ],
)
def test_what_is_no_table_is_told_with_the_names_that_are_known_and_the_command_fails(
    settings, name, content, expected
):
    path = settings.drop / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    outcome = take(settings)
    (left,) = outcome.left
    assert left.startswith(f"{path}: ")
    for words in expected:
        assert words in left
    made = report(Site.of(settings), (), outcome, Work())
    assert not made.ok
    assert f"not taken: {left}" in made.lines
    assert report(Site.of(settings), (), DropOutcome(), Work()).ok


def with_other_ids(settings: Settings, other: bytes, rows: int) -> None:
    """Projects of one registry under a name that tells nothing; the ids of so many rows, 0 for all, begin as `other`."""
    content = sample("climate-action-reserve", "projects").read_bytes()
    path = settings.drop / "climate-action-reserve" / "export.csv"
    path.parent.mkdir()
    path.write_bytes(re.sub(rb"^CAR(?=\d)", other, content, count=rows, flags=re.MULTILINE))


def test_a_file_whose_project_ids_are_of_another_registry_is_not_taken_for_its_own(settings):
    with_other_ids(settings, b"ACR", rows=0)
    (left,) = take(settings).left
    assert "no table has its columns" in left
    assert not taken(settings)


def test_a_stray_project_id_does_not_make_a_file_that_of_another_registry(settings):
    with_other_ids(settings, b"Total ", rows=1)
    assert not take(settings).left
    assert taken(settings) == {"climate-action-reserve/projects": "export.csv"}


# --- what is told meanwhile -------------------------------------------------------------------------------------------


def test_each_new_file_is_told_when_it_is_read_and_a_known_one_is_not(settings, caplog):
    caplog.set_level("INFO", "carbon_assets.registries.landing")
    put(settings, sample("verra", "projects"), "verra/projects.csv")
    put(settings, sample("arb", "issuances"), "arb/nc-arboc_issuance.csv")
    (settings.drop / "verra" / "transactions.csv").write_text("<html><title>503</title></html>")
    take(settings)
    told = "".join(caplog.messages)
    assert re.search(r"1 of 3  reading arb/nc-arboc_issuance.csv, 0\.0 MB: 26 rows, \d+\.\d s", told)
    assert re.search(r"2 of 3  reading verra/projects.csv, 0\.0 MB: 38 rows, ", told)
    assert re.search(r"3 of 3  reading verra/transactions.csv, 0\.0 MB: the file is a web page titled '503', ", told)
    caplog.clear()
    assert take(settings) == DropOutcome()
    assert caplog.messages == []
    put(settings, sample("verra", "transactions"), "verra/transactions.csv")
    take(settings)
    assert re.match(r"3 of 3  reading verra/transactions.csv, 0\.0 MB: 53 rows, ", "".join(caplog.messages))
