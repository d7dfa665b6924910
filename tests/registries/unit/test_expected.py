"""What is expected of a normalized table: what a registry never publishes is said once, and not warned of for ever."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform.site import Site
from carbon_assets.registries.assets import build, expected_of
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.keys import normalized_key
from tests.registries.unit.test_description import changed, configs

WHY = "the registry lists registered projects alone"


@pytest.fixture
def settings(project_settings, tmp_path) -> Settings:
    """The project with a registry more, which has no suites."""
    folder = Path(shutil.copytree(project_settings.configs, tmp_path / "configs"))
    configs(folder, changed(never_published={"status_raw": WHY}))
    return replace(project_settings, configs=folder, data=tmp_path / "data")


def names(settings: Settings, **table: object) -> set[str]:
    registry = load_registries(settings.configs)["made-up"]
    spec = registry.tables["projects"].model_copy(update=table)
    return {expectation.name for expectation in expected_of(settings, normalized_key(registry, "projects"), spec)}


def test_nothing_is_expected_of_a_column_that_is_never_published_and_all_else_is(settings):
    assert names(settings, never_published={}) - names(settings) == {"status_raw_is_given"}
    assert names(settings) > {"project_id_is_unique", "name_is_given"}


def test_a_table_says_what_it_never_has_and_that_it_has_no_suite_of_its_own(settings):
    specs = {
        spec.key: spec.description for part in build(Site.of(settings)).assets for spec in getattr(part, "specs", [])
    }
    registries = load_registries(settings.configs)
    said = specs[normalized_key(registries["made-up"], "projects")]
    assert "no suite of its own" in said
    assert f"status_raw is never published: {WHY}." in said
    assert "no suite of its own" not in specs[normalized_key(registries["verra"], "projects")]
