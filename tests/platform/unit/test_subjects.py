"""Subjects: how they are found, what they may not import, and where they stand."""

from __future__ import annotations

import subprocess
import sys

import pytest

from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import FLOORS, Inputs, Knowledge, Subject, SubjectError, in_order, subjects
from tests.kit import import_order
from tests.kit.places import HOME

HEAVY = ("dagster", "dagster_dbt", "dbt", "pandas", "geopandas", "great_expectations")


def test_what_is_stale_can_be_asked_without_what_is_heavy():
    """An interpreter loads every subject, takes its versions and looks at the stamp."""
    command = f"""
import sys
from pathlib import Path
from carbon_assets.base.settings import Settings
from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import subjects
assert len(subjects()) >= 8
import carbon_assets.platform.subject
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
from carbon_assets.platform import stamp
site = Site.of(Settings.from_environment())
assert site.code_versions and stamp.read(site.settings) is None
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", command], cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_package_with_a_subject_is_found_once():
    names = {path.parent.name for path in (HOME / "carbon_assets").glob("*/subject.py")} - {"platform"}
    assert [subject.name for subject in subjects()] == sorted(
        names, key=lambda name: next((FLOORS.index(s.floor), s.name) for s in subjects() if s.name == name)
    )


def test_a_subject_has_the_name_of_its_package_and_a_known_floor():
    with pytest.raises(SubjectError, match=r"moons/subject\.py: the subject is named 'suns', not 'moons'"):
        in_order([("moons", Subject("suns", FLOORS[0], "Suns."))])
    with pytest.raises(SubjectError, match=r"moons/subject\.py: there is no floor 'attic'; known: sources"):
        in_order([("moons", Subject("moons", "attic", "Moons."))])


def test_two_subjects_cannot_observe_knowledge_of_one_name():
    body = (Knowledge("words", "Words.", ("words/*.csv",)),)
    with pytest.raises(SubjectError, match="configs/words: two subjects observe"):
        in_order([(name, Subject(name, FLOORS[0], name, knowledge=body)) for name in ("moons", "suns")])


def test_lower_floors_come_first():
    known = [
        (name, Subject(name, floor, name)) for name, floor in (("a", FLOORS[2]), ("b", FLOORS[0]), ("c", FLOORS[0]))
    ]
    assert [subject.name for subject in in_order(known)] == ["b", "c", "a"]


def test_an_asset_whose_inputs_nobody_states_is_refused(project_settings):
    site = Site(
        project_settings, (Subject("boundaries", FLOORS[2], "Boundaries.", inputs={"harmonized/boundaries": ()}),)
    )
    assert site.code_version("harmonized/boundaries")
    with pytest.raises(SubjectError, match="harmonized/moons: no subject states"):
        site.code_version("harmonized/moons")


def test_the_assets_that_inputs_are_stated_of_are_those_that_are_made(definitions, project_settings):
    from carbon_assets.platform import dagster_internals

    keys = dagster_internals.asset_graph(definitions).materializable_asset_keys
    assert set(Site.of(project_settings).code_versions) == {key.to_user_string() for key in keys}


def test_inputs_without_code_do_not_change_with_the_code_of_their_subject(project_settings, monkeypatch):
    from carbon_assets.base import code

    def versions() -> dict[str, str]:
        return Site(
            project_settings, (Subject("publishing", FLOORS[3], "", inputs=f"{__name__}:two_inputs"),)
        ).code_versions

    before = versions()
    monkeypatch.setattr(code, "version_of", lambda package: "another")
    after = versions()
    assert {key for key in before if before[key] != after[key]} == {"marts/with_code"}


def two_inputs(settings) -> dict[str, Inputs]:
    return {"marts/with_code": Inputs(), "marts/without": Inputs(without_code=True)}


# --- the order of imports ---------------------------------------------------------------------------------------------


def test_the_order_of_imports_is_kept():
    done = subprocess.run(
        [sys.executable, "-m", "tests.kit.import_order"], cwd=HOME, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param(lambda s: None if s.name == "integrity" else s, "integrity", id="a package that stands nowhere"),
        pytest.param(
            lambda s: Subject("unified", FLOORS[3], "") if s.name == "unified" else s,
            "carbon_assets.unified",
            id="a room that others import stands above them",
        ),
        pytest.param(
            lambda s: Subject(s.name, FLOORS[0], "") if s.name in ("unified", "registries") else s,
            "carbon_assets.registries",
            id="two on one floor of which one imports the other",
        ),
    ],
)
def test_what_breaks_the_order_is_found(change, word, tmp_path):
    known = [subject for subject in map(change, subjects()) if subject]
    path = tmp_path / "importlinter.ini"
    path.write_text(import_order.contract(known))
    command = [sys.executable, "-c", f"from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports({str(path)!r}, cache_dir=None))"]  # fmt: skip
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert word in done.stdout
