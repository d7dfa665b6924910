"""The version of code: what a package does, what it imports and stands on, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carbon_assets.base import code

FILES = {
    "__init__.py": "",
    "base/__init__.py": "",
    "base/sums.py": "def add(a, b):\n    return a + b\n",
    "base/unused.py": "ANSWER = 1\n",
    "trees/__init__.py": "",
    "trees/heights.py": '"""Heights."""\n\nimport duckdb\n\nfrom house.base import (\n    sums,\n)\n\nWORDS = {"oak", "ash", "elm"}\n\n\n'
    'def height(a):\n    """The height."""\n    # in metres\n    return sums.add(a, len(WORDS))\n',
    "trees/heights.sql": "select 1",
    "ponds/__init__.py": "",
    "ponds/depths.py": "def depth():\n    from house.trees import heights\n\n    return heights\n",
}


@pytest.fixture
def house(tmp_path, monkeypatch) -> Callable[..., dict[str, str]]:
    """The versions of the packages of a made-up house, with some files changed: path -> text."""
    root = tmp_path / "house"

    def versions(**changes: str) -> dict[str, str]:
        for name, text in (FILES | {name.replace("__", "/"): text for name, text in changes.items()}).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for function in (code._reached, code._meaning, code._installed):
            function.cache_clear()
        return {package: code.version_of(package) for package in ("trees", "ponds")}

    monkeypatch.setattr(code, "PACKAGE", root)
    monkeypatch.setattr(code, "_ROOT", "house")
    yield versions
    for function in (code._reached, code._meaning, code._installed):
        function.cache_clear()


def changed(house: Callable[..., dict[str, str]], path: str, old: str, new: str) -> set[str]:
    """The packages whose version a change of a file changes."""
    before = house()
    assert old in FILES[path]
    after = house(**{path.replace("/", "__"): FILES[path].replace(old, new)})
    return {package for package in before if before[package] != after[package]}


@pytest.mark.parametrize(
    ("path", "old", "new", "packages"),
    [
        pytest.param("trees/heights.py", "# in metres", "# in feet", set(), id="a comment"),
        pytest.param("trees/heights.py", "The height.", "How high.", set(), id="a docstring"),
        pytest.param("trees/heights.py", "\n\n\n", "\n\n\n\n", set(), id="blank lines"),
        pytest.param("trees/heights.py", '"elm"', '"yew"', {"trees", "ponds"}, id="a word, which a neighbour imports"),
        pytest.param("ponds/depths.py", "return heights", "return [heights]", {"ponds"}, id="what nobody imports"),
        pytest.param("base/sums.py", "a + b", "a - b", {"trees", "ponds"}, id="what is imported over several lines"),
        pytest.param("base/unused.py", "1", "2", set(), id="a module that nobody imports"),
        pytest.param("trees/heights.sql", "1", "2", {"trees", "ponds"}, id="SQL beside a module"),
    ],
)
def test_what_changes_the_version_of_code(house, path, old, new, packages):
    assert changed(house, path, old, new) == packages


def test_another_version_of_a_library_counts_for_who_imports_it(house, monkeypatch):
    before = house()
    monkeypatch.setattr(code, "version", lambda name: "99" if name == "duckdb" else "1")
    assert {package for package, version in house().items() if version != before[package]} == {"trees", "ponds"}
    assert code.hash_of_libraries(["duckdb"]) != code.hash_of_libraries(["shapely"])


def test_the_version_is_the_same_in_every_process():
    """Python orders sets differently from process to process."""
    command = "from carbon_assets.base import code; print(code.version_of('integrity'))"
    versions = {
        subprocess.run([sys.executable, "-c", command], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
                       cwd=Path(code.__file__).parents[2]).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(versions) == 1


def test_a_subject_counts_itself_and_what_is_below_it_and_not_its_neighbours():
    modules, libraries = code._reached("boundaries")
    assert {"carbon_assets.boundaries.repair", "carbon_assets.geo.rings", "carbon_assets.base.store"} <= set(modules)
    assert {"shapely", "pyarrow"} <= libraries
    assert not [name for name in modules if name.startswith(("carbon_assets.beneficiaries", "carbon_assets.protocols"))]
