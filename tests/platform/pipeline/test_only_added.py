"""A subject and a registry are added by adding files: made-up ones are taken in, gated, mapped, published and reported, whatever is
wrong with another registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.kit import ninth_registry
from tests.kit.places import HOME, SAMPLES

SUBJECT = HOME / "tests" / "kit" / "made_up_subject"
MOONS = "moon,planet,radius_km\nLuna,Earth,1737\nEuropa,Jupiter,1561\nIo,Jupiter,1822\n"
BROKEN = "isometric"
"""A registry whose projects, which its other tables look up, cannot be read; it has no file from before."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout's shipped files, with those of the made-up subject and registry beside them, and their drop; none of
    them was there before."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("carbon_assets", "configs", "dbt_project", "expectations"):
        shutil.copytree(HOME / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    added = [path for path in SUBJECT.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(added) >= 9
    for path in added:
        add(copy / path.relative_to(SUBJECT), path.read_text())
    for name, content in ninth_registry.CONFIGS.items():
        add(copy / "configs" / name, content)
    drop = copy / "drop"
    for name, content in ninth_registry.DROP.items():
        add(drop / "moon-registry" / name, content)
    add(drop / "moons" / "moons.csv", MOONS)
    add(drop / "suns" / "sun.csv", "x")
    shutil.copytree(SAMPLES / BROKEN, drop / BROKEN)
    (drop / BROKEN / "projects.csv").write_text("id,name\n1,2\n")
    return copy


def add(path: Path, content: str) -> None:
    """Write a file that must not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x") as file:
        file.write(content)


SESSION = """
import contextlib, io, json, os, sys
from carbon_assets.platform import command

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the processes that it starts say is no answer
for line in sys.stdin:
    said, code = io.StringIO(), None
    with contextlib.redirect_stdout(said):
        try:
            command.main(json.loads(line))
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, said.getvalue()]), file=answers, flush=True)
"""
"""Commands one after the other in one process: starting and loading all libraries takes eight CPU seconds each time."""


@dataclass(frozen=True)
class Done:
    """What a command ended with."""

    code: int
    stdout: str


@pytest.fixture(scope="module")
def carbon(checkout) -> Iterator[Callable[..., Done]]:
    """Run a command on the copy, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CARBON_", "PYTHONPATH"))}
    environment |= {
        "CARBON_DATA_DIR": str(checkout / "data"),
        "CARBON_DROP_DIR": str(checkout / "drop"),
        "DAGSTER_HOME": str(checkout / "data" / "dagster"),
        "PYTHONWARNINGS": "ignore",
    }
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION],
        cwd=checkout, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip

    def command(*arguments: str) -> Done:
        session.stdin.write(json.dumps(arguments) + "\n")
        session.stdin.flush()
        return Done(*json.loads(session.stdout.readline()))

    yield command
    session.stdin.close()
    session.wait()


@pytest.fixture(scope="module")
def first_day(carbon) -> Done:
    """The first run ever."""
    return carbon("run")


@pytest.fixture
def sql(checkout, first_day) -> Callable[[str], list[tuple]]:
    """Ask the published file."""

    def ask(query: str) -> list[tuple]:
        with duckdb.connect(str(checkout / "data/published/current/carbon.duckdb"), read_only=True) as con:
            return con.execute(query).fetchall()

    return ask


def test_a_refused_file_without_a_good_one_before_does_not_stop_the_others(first_day):
    assert first_day.code == 1
    lines = first_day.stdout.splitlines()
    wrong = [line for line in lines if line.startswith(("REFUSED", "HELD BACK", "BLOCKED", "FAILED"))]
    assert len(wrong) == 3
    assert all(line.startswith("REFUSED") and f"normalized/{BROKEN}/" in line for line in wrong), wrong


def test_a_folder_that_nobody_knows_is_told(first_day):
    assert "suns/sun.csv: nothing is taken from a folder 'suns'" in first_day.stdout


def test_a_ninth_registry_only_adds_files(sql):
    assert sql(
        "select project_id, registry, status, country_iso3, retired::double as retired, project_url, is_placeholder "
        "from marts.projects order by 1"
    ) == [
        ("MOO1", "moon-registry", "registered", "FRA", 1500, "https://example.test/1", False),
        ("MOO2", "moon-registry", "listed", "KEN", 0, "https://example.test/2", False),
        ("MOO3", "moon-registry", None, None, 2.5, "https://example.test/3", True),
        ("MOO4", "moon-registry", "registered", "GRC", 0, "https://example.test/4", False),
        ("MOO5", "moon-registry", "registered", "KEN", 1, "https://example.test/5", False),
    ]
    assert sql(
        "select project_id, registry, quantity::varchar as t, serial_key, serial_end, source from marts.credits order by 1"
    ) == [
        ("MOO1", "moon-registry", "1500.000000", "MOO-7", 1500, "moon-registry/retirements"),
        ("MOO3", "moon-registry", "2.500000", "MOO-8", 2, "moon-registry/retirements"),
        ("MOO5", "moon-registry", "1.000000", "MOO-9", 1, "moon-registry/retirements"),
    ]
    assert sql(
        "select project_id, protocol, protocol_version, project_type, category from marts.projects order by 1"
    ) == [
        ("MOO1", ["ar-acm0003"], "2.0", "Afforestation + Reforestation", "forest"),
        ("MOO2", None, None, "Grassland Management", "land-use"),
        ("MOO3", None, None, "Unknown", "unknown"),
        ("MOO4", ["moon-craters"], None, "Crater Planting", "forest"),
        ("MOO5", None, None, "Crater Planting", "forest"),
    ]


MOONS_NOW = "select moon, planet, radius_km from marts.moons order by 1"


def test_a_subject_only_adds_files(checkout, carbon, first_day, sql):
    """Taken in, published, reported; then mapped, then gated."""
    assert sql(MOONS_NOW) == [("Europa", "Jupiter", 1561), ("Io", "Jupiter", 1822), ("Moon", "Earth", 1737)]
    assert "moons by planet: Jupiter 2, Earth 1" in first_day.stdout
    described = dict(sql("select column_name, comment from duckdb_columns() where table_name = 'moons'"))
    assert described["radius_km"] == "Radius in km"
    assert sql("select moon from marts.moons_of('Earth')") == [("Moon",)]
    assert sql("select state, file from marts.snapshots where registry = 'moons'") == [("in use", "moons.csv")]

    # What its stewards know is applied anew, and nothing else is made.
    with (checkout / "configs" / "moons" / "names.csv").open("a") as file:
        file.write("Io,Io the First\n")
    done = carbon("map", "moons")
    assert "Traceback" not in done.stdout
    assert ("Io the First", "Jupiter", 1822) in sql(MOONS_NOW), done.stdout

    # A row that breaks the suite holds the table back, and what is published stays.
    (checkout / "drop" / "moons" / "moons.csv").write_text(MOONS + "Nothing,Earth,0\n")
    done = carbon("run")
    assert done.code == 1
    assert "BLOCKED  harmonized/moons: radius_is_positive" in done.stdout
    assert len(sql(MOONS_NOW)) == 3
