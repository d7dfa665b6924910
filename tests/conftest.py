"""Fixtures that tests of several rooms share, and the environment that importing the definitions needs.

What takes seconds to import (Dagster, dbt) is imported where a fixture needs it, so that collecting stays fast.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import effort
from tests.kit.once import made_once
from tests.kit.places import HOME, REAL_DATA, SAMPLES

# Importing carbon_assets.definitions builds them for the environment's data folder: never the developer's own.
os.environ["CARBON_DATA_DIR"] = tempfile.mkdtemp(prefix="carbon-tests-")


SHARED_RUNS = {"sample_run", "spoiled_run", "real_run"}

# --- what is run, how hard, in which order ----------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="slow tests too, more examples, more kills")
    parser.addoption("--soak", action="store_true", help="all tests, as long as they can be")


def pytest_configure(config: pytest.Config) -> None:
    chosen = effort.SOAK if config.option.soak else effort.THOROUGH if config.option.thorough else effort.QUICK
    effort.choose(chosen)
    # Looking for garbage among all that Dagster and dbt have loaded took 9 % of the CPU seconds of whole runs.
    gc.set_threshold(100_000, 50, 100)
    config.option.markexpr = config.option.markexpr or effort.LEFT_OUT[chosen]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: whole runs wait, for a process of dbt's or for what another worker makes."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs come first, so that the last tests are short and all workers end together: one file that makes the shared runs,
    those that need none, then those that would wait for them. Without a server, what needs one is skipped."""
    runs_of = {item.path: set() for item in items if "pipeline" in item.path.parts}
    for item in items:
        if item.path in runs_of:
            runs_of[item.path] |= SHARED_RUNS & set(item.fixturenames)
    maker = next((path for path, runs in runs_of.items() if "spoiled_run" in runs), None)
    items.sort(key=lambda item: (item.path not in runs_of, item.path != maker, bool(runs_of.get(item.path))))
    if not os.environ.get("OPENREFINE_URL"):
        for item in items:
            if item.get_closest_marker("server"):
                item.add_marker(pytest.mark.skip(reason="OPENREFINE_URL is not set"))


# --- where things lie -------------------------------------------------------------------------------------------------


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
    """A run of the samples, to look at. The rows of every file stand in another order than in the samples: nothing that a test
    expects of it follows from their order, and what goes on from it with the samples finds nothing new in them."""
    from tests.kit.runs import run_drop, shuffled

    def make(folder: Path):
        return run_drop(shuffled(samples, folder / "drop"), folder / "data")

    return made_once(tmp_path_factory, "sample-run", make)


@pytest.fixture(scope="session")
def spoiled_run(sample_run, samples, home, tmp_path_factory):
    """A run over the sample run, of a drop in which most is corrupted, to look at."""
    from tests.kit.corruptions import spoil

    return made_once(
        tmp_path_factory, "spoiled-run", lambda folder: spoil(sample_run, samples, home / "expectations", folder)
    )


@pytest.fixture(scope="session")
def real_run(real_data, tmp_path_factory):
    """A run of real files, to look at."""
    from tests.kit.runs import run_drop

    return made_once(tmp_path_factory, "real-run", lambda folder: run_drop(real_data / "registries", folder / "data"))


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
