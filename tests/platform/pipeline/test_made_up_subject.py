"""A subject is added by adding files: a made-up one is taken in, gated, mapped, published and reported."""

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

from tests.kit.places import HOME, SAMPLES

FILES = HOME / "tests" / "kit" / "made_up_subject"
MOONS = "moon,planet,radius_km\nLuna,Earth,1737\nEuropa,Jupiter,1561\nIo,Jupiter,1822\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout's shipped files, with those of the made-up subject beside them; none of them was there before."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("carbon_assets", "configs", "dbt_project", "expectations"):
        shutil.copytree(HOME / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    added = [path for path in FILES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(added) >= 9
    for path in added:
        target = copy / path.relative_to(FILES)
        assert not target.exists(), "an existing file would be edited"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for registry in ("art-trees", "isometric"):  # without any credits nothing at all is published
        shutil.copytree(SAMPLES / registry, copy / "drop" / registry)
    return copy


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
    """Run a command on the copy, with a drop that holds moons and two registries."""
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


def drop(checkout: Path, text: str) -> None:
    path = checkout / "drop" / "moons" / "moons.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def published(checkout: Path) -> list[tuple]:
    with duckdb.connect(str(checkout / "data/published/current/carbon.duckdb"), read_only=True) as con:
        return con.execute("select moon, planet, radius_km from marts.moons").fetchall()


def test_a_made_up_subject_is_taken_in_gated_mapped_published_and_reported(checkout, carbon):
    drop(checkout, MOONS)
    (checkout / "drop" / "suns").mkdir(parents=True)
    (checkout / "drop" / "suns" / "sun.csv").write_text("x")
    done = carbon("run")
    assert done.code == 1, "a file was not taken"
    assert published(checkout) == [("Europa", "Jupiter", 1561), ("Io", "Jupiter", 1822), ("Moon", "Earth", 1737)]
    assert "moons by planet: Jupiter 2, Earth 1" in done.stdout
    assert "suns/sun.csv: nothing is taken from a folder 'suns'" in done.stdout
    with duckdb.connect(str(checkout / "data/published/current/carbon.duckdb"), read_only=True) as con:
        described = dict(
            con.execute("select column_name, comment from duckdb_columns() where table_name = 'moons'").fetchall()
        )
        assert described["radius_km"] == "Radius in km"
        assert con.execute("select moon from marts.moons_of('Earth')").fetchall() == [("Moon",)]
        ledger = con.execute("select state, file from marts.snapshots where registry = 'moons'").fetchall()
        assert ledger == [("in use", "moons.csv")]

    # Mapped: what its stewards know is applied anew, and nothing else is made.
    with (checkout / "configs" / "moons" / "names.csv").open("a") as file:
        file.write("Io,Io the First\n")
    done = carbon("map", "moons")
    assert done.code == 0, done.stdout
    assert ("Io the First", "Jupiter", 1822) in published(checkout)

    # Gated: a row that breaks the suite holds the table back, and what is published stays.
    drop(checkout, MOONS + "Nothing,Earth,0\n")
    done = carbon("run")
    assert done.code == 1
    assert "BLOCKED  harmonized/moons: radius_is_positive" in done.stdout
    assert len(published(checkout)) == 3
