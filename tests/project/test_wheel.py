"""What `pip install .` gives: the command `carbon`, with configs, suites and dbt project, none of which it writes to."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path, PurePosixPath

import duckdb
import pytest

from tests.kit.places import HOME, SAMPLES

SHIPPED = PurePosixPath("carbon_assets/base/shipped")
FOLDERS = ("configs", "dbt_project", "expectations")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, built by the build backend of the lock."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", HOME, "--no-deps", "--no-build-isolation", "--quiet", "-w", folder)
    (path,) = folder.glob("*.whl")
    return path


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """What a command prints, run without what the environment says of this project; fails with what it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CARBON_", "DAGSTER_", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_wheel_holds_the_package_and_what_it_reads_and_nothing_else(wheel):
    tracked = run("git", "ls-files", "carbon_assets", *FOLDERS, cwd=HOME).splitlines()
    if not tracked:
        pytest.skip("not a git checkout")
    wanted = {str(SHIPPED / name) if name.startswith(FOLDERS) else name for name in tracked}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    untracked = {name for name in names - wanted if not (HOME / name.removeprefix(f"{SHIPPED}/")).exists()}
    assert wanted - names == set()
    assert untracked == set()
    assert {name for name in names if "/target/" in name or "/logs/" in name or name.startswith("tests/")} == set()


def test_a_wheel_carries_licence_and_notice(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


@pytest.mark.slow
def test_an_installed_package_runs_the_samples_in_an_empty_folder(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / "bin"
    install = [binaries / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    run(*install, "--require-hashes", "-r", HOME / "requirements.lock")
    run(*install, wheel)
    (package,) = (tmp_path / "venv").glob("lib/python*/site-packages/carbon_assets")
    installed = files_of(package)
    empty = tmp_path / "empty"
    empty.mkdir()

    run(binaries / "carbon", "run", cwd=empty, CARBON_DROP_DIR=str(SAMPLES))

    with duckdb.connect(str(empty / "data" / "published" / "current" / "carbon.duckdb"), read_only=True) as con:
        ((projects,),) = con.execute("select count(*) from marts.projects").fetchall()
    assert projects > 100
    assert [path.name for path in empty.iterdir()] == ["data"]
    assert files_of(package) == installed


def files_of(folder: Path) -> dict[str, int]:
    """Size by path of every file below a folder, but for what Python compiles."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
