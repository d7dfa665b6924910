"""Paths that tests share, and the environment that importing the definitions needs."""

import os
import tempfile
from pathlib import Path

import pytest

# Importing carbon_assets.definitions builds them for the environment's data folder: never the developer's own.
os.environ["CARBON_DATA_DIR"] = tempfile.mkdtemp(prefix="carbon-tests-")

HOME = Path(__file__).parent.parent
REAL_DATA = HOME.parent / "shared" / "data"


@pytest.fixture(scope="session")
def home() -> Path:
    return HOME


@pytest.fixture(scope="session")
def samples(home) -> Path:
    return home / "tests" / "samples"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real registry data, kept beside the checkout; the tests that read it skip where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real registry data beside this checkout")
    return REAL_DATA
