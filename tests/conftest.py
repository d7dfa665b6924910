"""Fixtures that tests of several rooms share, and the environment that importing the definitions needs.

What takes seconds to import (Dagster, dbt) is imported where a fixture needs it, so that collecting stays fast.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.places import HOME, REAL_DATA, SAMPLES

# Importing carbon_assets.definitions builds them for the environment's data folder: never the developer's own.
os.environ["CARBON_DATA_DIR"] = tempfile.mkdtemp(prefix="carbon-tests-")


@pytest.fixture(scope="session")
def home() -> Path:
    return HOME


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not REAL_DATA.is_dir():
        pytest.skip("no real registry data beside this checkout")
    return REAL_DATA


@pytest.fixture
def drop(samples, tmp_path) -> Path:
    """A copy of the samples that a test may break."""
    return Path(shutil.copytree(samples, tmp_path / "drop"))


# --- whole runs -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sample_run(samples, tmp_path_factory):
    from tests.kit.runs import run_drop

    return run_drop(samples, tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def real_run(real_data, tmp_path_factory):
    from tests.kit.runs import run_drop

    return run_drop(real_data / "registries", tmp_path_factory.mktemp("real"))


# --- the project's own files ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def project_settings(tmp_path_factory) -> Iterator:
    """The project's settings on an empty data folder, told to the environment as dbt needs it."""
    from carbon_assets.base.settings import Settings

    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARBON_DATA_DIR", str(data))
        patch.setenv("CARBON_MEMORY_LIMIT", "1GB")
        yield dataclasses.replace(Settings.from_environment(), data=data, drop=data / "landing")


@pytest.fixture(scope="session")
def registries(project_settings) -> dict:
    from carbon_assets.registries.description import load_registries

    return load_registries(project_settings.configs)


@pytest.fixture(scope="session")
def manifest(project_settings) -> dict:
    """What dbt makes of the dbt project."""
    from carbon_assets.publishing import project

    return json.loads(project.manifest(project_settings).read_text())


@pytest.fixture(scope="session")
def definitions(project_settings):
    """Everything that Dagster is given."""
    from carbon_assets.platform.graph import build

    return build(project_settings)
