"""What the tests of the project's own files share: its settings with a data folder of their own, dbt's manifest, and
the Dagster definitions, which take seconds to load."""

import dataclasses
import json
from collections.abc import Iterator

import dagster as dg
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.registries.description import Registry, load_registries


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> Iterator[Settings]:
    """The project's settings on an empty data folder, told to the environment as dbt needs it."""
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARBON_DATA_DIR", str(data))
        patch.setenv("CARBON_MEMORY_LIMIT", "1GB")
        yield dataclasses.replace(Settings.from_environment(), data=data, drop=data / "landing")


@pytest.fixture(scope="session")
def registries(settings) -> dict[str, Registry]:
    return load_registries(settings.configs)


@pytest.fixture(scope="session")
def manifest(settings) -> dict:
    """What dbt makes of the dbt project."""
    from carbon_assets.publishing import dbt

    return json.loads(dbt.manifest(settings).read_text())


@pytest.fixture(scope="session")
def definitions(settings) -> dg.Definitions:
    """Everything that Dagster is given. Imported here: the module builds its definitions when it is imported."""
    from carbon_assets.platform.graph import build

    return build(settings)
