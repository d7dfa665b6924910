"""kill -9 at random moments of taking files in and of runs: the store is whole, the published marts are the old or the new,
and the next run completes."""

import dataclasses
import gzip
import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.registries import contents
from carbon_assets.snapshots import store as snapshots
from tests.kit.runs import REGISTRIES, Run, cells, run_drop, write

KILLS = int(os.environ.get("CARBON_TEST_KILLS", "20"))
LONGEST = 22
"""Seconds after which a run is killed at the latest; the first kills come at once."""

REGISTRY, TABLE = "climate-action-reserve", "projects"


def rename_a_project(drop: Path, name: str) -> None:
    path = drop / REGISTRY / f"{TABLE}.csv"
    rows = cells(path)
    rows[1][rows[0].index("Project Name")] = name
    write(path, rows)


def assert_store_is_whole(settings: Settings) -> None:
    """Every manifest can be read, and names bytes that have the hash that it states."""
    for folder in (settings.data / "raw").glob("*/*"):
        known = snapshots.history(settings, folder.parent.name, folder.name)
        stored = {snapshot.stored_as for snapshot in known}
        for snapshot in known:
            assert hashlib.sha256(snapshot.content(settings)).hexdigest() == snapshot.sha256
        seen = [gzip.decompress(p.read_bytes()) for p in folder.glob("[0-9]*.gz") if p.name in stored]
        assert len(seen) == len(set(seen)), "the same bytes are stored twice"


def published_name(settings: Settings) -> str:
    """The name of the renamed project, as a reader finds it; fails unless the file is whole."""
    folder = (settings.published / "current").resolve()
    with duckdb.connect(str(folder / "carbon.duckdb"), read_only=True) as con:
        (name,) = con.execute("select name from marts.projects where project_id = 'CAR9001'").fetchone()
        for (mart,) in con.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall():
            inside = con.execute(f"select count(*) from marts.{mart}").fetchone()
            assert con.execute(f"select count(*) from '{folder}/{mart}.parquet'").fetchone() == inside
    return name


@pytest.fixture
def run(sample_run, samples, tmp_path) -> Run:
    drop = Path(shutil.copytree(samples, tmp_path / "drop"))
    data = Path(shutil.copytree(sample_run.settings.data, tmp_path / "data", symlinks=True))
    rename_a_project(drop, "Name 0")
    return run_drop(drop, data)


def test_a_run_that_is_killed_harms_nothing(run):
    settings = run.settings
    assert run.report.ok, run.report.lines
    choice = random.Random(20)
    environment = {**os.environ, "CARBON_DATA_DIR": str(settings.data), "CARBON_DROP_DIR": str(settings.drop)}
    names = {"Name 0"}
    for kill in range(1, KILLS + 1):
        names.add(f"Name {kill}")
        rename_a_project(settings.drop, f"Name {kill}")
        process = subprocess.Popen(
            [sys.executable, "-m", "carbon_assets", "run"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(timeout=choice.uniform(1, LONGEST))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert_store_is_whole(settings)
        assert published_name(settings) in names
    after = run_drop(settings.drop, settings.data)
    assert after.report.ok, after.report.lines
    assert published_name(settings) == f"Name {KILLS}"
    assert not list(settings.published.glob(".v-*"))
    assert not list(settings.published.glob(".current-*"))


def take_for_ever(settings: Settings, text: str) -> None:
    """A process of its own: new files without end."""
    registry = REGISTRIES[REGISTRY]
    path = settings.drop / REGISTRY / f"{TABLE}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in range(10_000):
        path.write_text(text.replace("NUMBER", str(number)), encoding="utf-8")
        snapshots.take(settings, path, REGISTRY, TABLE, contents.describer(registry, TABLE))


def test_taking_files_in_can_be_killed_at_any_moment(samples, tmp_path):
    """Two processes take at once and are killed; what is stored is whole each time."""
    settings = dataclasses.replace(Settings.from_environment(), data=tmp_path / "data")
    text = (samples / REGISTRY / f"{TABLE}.csv").read_text(encoding="windows-1252").replace("CAR9001", "CARNUMBER")
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    choice = random.Random(9)
    for number in range(KILLS):
        begun = []
        for place in ("a", "b"):
            own = dataclasses.replace(settings, drop=tmp_path / f"drop-{place}")
            arguments = (own, text.replace("NUMBER", f"{number}NUMBER"))
            begun.append(processes.Process(target=take_for_ever, args=arguments))
            begun[-1].start()
        time.sleep(choice.uniform(0, 1))
        for process in begun:
            process.kill()
            process.join()
        assert_store_is_whole(settings)
    assert len(snapshots.history(settings, REGISTRY, TABLE)) > KILLS
