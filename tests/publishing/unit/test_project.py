"""The dbt project as dbt reads it: put together below the data folder, and parsed once for each content."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.publishing import inputs, project
from carbon_assets.publishing.project import DbtError
from tests.kit.building import settings_in
from tests.kit.project_tables import DBT_PROJECT, read_by_dbt

CREDITS = "models/marts/unified/credits"


@pytest.fixture
def own(tmp_path) -> Path:
    """A copy of the dbt project that a test may change."""
    return Path(shutil.copytree(DBT_PROJECT, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target")))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# --- what it consists of ----------------------------------------------------------------------------------------------


def test_every_harmonized_table_that_is_read_has_a_source_and_a_view(own):
    files = project.assembled(own)
    views = {Path(name).stem.removeprefix("stg_") for name in files if Path(name).name.startswith("stg_")}
    assert {f"harmonized/{name}" for name in views} == set(read_by_dbt())
    assert {name for name in files if name.startswith("models/staging/unified/")} == {
        f"models/staging/unified/{file}"
        for table in ("projects", "credits", "registries", "placeholders", "disputed_facts", "labels")
        for file in (f"stg_{table}.sql", f"_stg_{table}.yml")
    }
    assert files["models/staging/unified/stg_credits.sql"] == b"select * from {{ source('harmonized', 'credits') }}\n"


def test_what_somebody_wrote_stands_in_place_of_what_would_be_made(own):
    name = "models/staging/boundaries/stg_boundaries.sql"
    assert project.assembled(own)[name] == (own / name).read_bytes()


def test_a_view_of_no_known_table_is_refused(own):
    change(own / f"{CREDITS}.sql", "stg_credits", "stg_credit")
    with pytest.raises(project.models.ModelError, match=r"no schema\.py states the table harmonized/credit "):
        project.assembled(own)


def test_it_is_the_same_in_every_data_folder(own):
    """Else each would be parsed."""
    assert not [name for name, content in project.assembled(own).items() if b"CARBON_DATA_DIR" in content]


def test_a_project_is_known_by_its_content(own):
    files = project.assembled(own)
    assert project.content_hash(files) == project.content_hash(dict(reversed(files.items())))
    for changed in (
        files | {"models/marts/a/b.sql": b"select 1"},
        {name: content for name, content in files.items() if name != f"{CREDITS}.sql"},
        files | {f"{CREDITS}.sql": files[f"{CREDITS}.sql"] + b" "},
    ):
        assert project.content_hash(changed) != project.content_hash(files)


# --- how it is written ------------------------------------------------------------------------------------------------


def test_a_folder_holds_just_the_files_of_the_project(tmp_path):
    project.write({"a.yml": b"1", "models/b.sql": b"2", "models/c.sql": b"3"}, tmp_path)
    kept = (tmp_path / "a.yml").stat().st_mtime_ns
    project.write({"a.yml": b"1", "models/b.sql": b"4"}, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == {"a.yml": b"1", "b.sql": b"4"}
    assert (tmp_path / "a.yml").stat().st_mtime_ns == kept
    assert project.is_written({"a.yml": b"1", "models/b.sql": b"4"}, tmp_path)
    assert not project.is_written({"a.yml": b"1"}, tmp_path)
    assert not project.is_written({"a.yml": b"2", "models/b.sql": b"4"}, tmp_path)


# --- how often it is parsed -------------------------------------------------------------------------------------------


@pytest.fixture
def parses(monkeypatch) -> list[Path]:
    """The parses that are made, none of them by dbt."""
    made: list[Path] = []

    def parse(settings: Settings, folder: Path) -> None:
        made.append(folder)
        folder.mkdir(parents=True)
        for name in (project.MANIFEST, project.PARTIAL_PARSE):
            (folder / name).write_text(folder.name)

    monkeypatch.setattr(project, "_parse", parse)
    return made


def test_data_folders_share_a_parse_until_the_project_changes(own, parses, tmp_path):
    one, two, three = (
        settings_in(tmp_path / name, dbt_project=own, dbt_cache=tmp_path / "parses") for name in ("one", "two", "three")
    )
    manifest = project.manifest(one)
    assert project.manifest(one) == project.manifest(two) == manifest
    assert len(parses) == 1
    assert (two.dbt_target / project.PARTIAL_PARSE).read_text() == manifest.parent.name
    change(own / f"{CREDITS}.yml", "Stable identifier of the event;", "What an event is known by;")
    assert project.manifest(one) != manifest
    assert project.manifest(three) != manifest
    assert len(parses) == 2
    assert project.is_written(project.assembled(own), project.folder(one))


def test_without_a_shared_folder_each_data_folder_has_its_own(own, parses, tmp_path):
    settings = [settings_in(tmp_path / name, dbt_project=own, dbt_cache=None) for name in ("one", "two")]
    assert [project.manifest(each).is_relative_to(each.data) for each in settings] == [True, True]
    assert len(parses) == 2


def test_parses_of_old_contents_go(own, parses, tmp_path, monkeypatch):
    monkeypatch.setattr(project, "MAX_KEPT_PARSES", 2)
    settings = settings_in(tmp_path, dbt_project=own, dbt_cache=tmp_path / "parses")
    for word in ("One", "Two", "Three"):
        (own / "macros" / "word.sql").write_text(f"{{# {word} #}}")
        newest = project.prepare(settings)
    left = [path for path in (tmp_path / "parses").iterdir() if path.is_dir()]
    assert len(left) == 2
    assert newest in left


def test_what_dbt_says_of_a_project_that_it_cannot_parse_is_told(own, tmp_path):
    change(own / f"{CREDITS}.sql", "ref('stg_credits')", "ref('no_such_model')")
    settings = settings_in(tmp_path, dbt_project=own, dbt_cache=tmp_path / "parses")
    with pytest.raises(DbtError, match="no_such_model"):
        project.prepare(settings)
    assert not list((tmp_path / "parses").glob("*/manifest.json"))


def test_the_description_of_a_column_reaches_the_manifest(manifest):
    """From `carbon_assets/unified/schema.py`, through a mart that only names the column."""
    assert (
        manifest["nodes"]["model.carbon.credits"]["columns"]["vintage_start"]["description"]
        == "First day of the vintage period"
    )
    assert json.dumps(manifest).count("read_parquet('../../harmonized/credits.parquet')")


# --- what a model is made by ------------------------------------------------------------------------------------------


def versions(settings: Settings) -> dict[str, list[bytes]]:
    return {key: [path.read_bytes() for path in made.files] for key, made in inputs.inputs(settings).items()}


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        (f"{CREDITS}.sql", {"marts/credits"}),
        (f"{CREDITS}.yml", {"marts/credits"}),
        ("models/staging/boundaries/stg_boundaries.sql", {"staging/stg_boundaries"}),
        ("macros/unique_together.sql", "all"),
        ("dbt_project.yml", "all"),
    ],
)
def test_a_model_is_made_anew_when_its_own_files_change(name, stale, own, tmp_path):
    settings = settings_in(tmp_path, dbt_project=own)
    before = versions(settings)
    assert set(before) > {"marts/credits", "staging/stg_credits", "staging/stg_boundaries", "published/carbon"}
    (own / name).write_bytes((own / name).read_bytes() + b"\n")
    after = versions(settings)
    assert {key for key in before if before[key] != after[key]} == (
        set(before) - {"published/carbon"} if stale == "all" else stale
    )


def test_every_model_states_what_it_is_made_by(manifest, project_settings):
    models = {f"{n['schema']}/{n['name']}" for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    assert set(inputs.inputs(dataclasses.replace(project_settings))) == models | {"published/carbon"}
