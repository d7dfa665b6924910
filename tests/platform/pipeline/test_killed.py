"""kill -9 while files are taken in and while a run goes on: the store is whole, the published marts are the old or the new, and
the next run completes.

`make test` kills what takes files in, and what publishes (`tests/publishing/unit/test_publish.py`); `make test-all` whole runs.
"""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.registries import contents
from carbon_assets.snapshots import store as snapshots
from tests.kit.effort import quick_or_thorough
from tests.kit.runs import REGISTRIES, Run, copied, go_on, rename

KILLS = int(os.environ.get("CARBON_TEST_KILLS", "6"))
KILLS_OF_TAKING = quick_or_thorough(4, KILLS)
LONGEST = 22
"""Seconds after which a run is killed at the latest; the first kills come at once."""
PATIENCE = 300
"""Seconds in which a run must have come to the moment at which it is to be killed, on a busy machine."""

REGISTRY, TABLE = "verra", "projects"
PROJECT = "90001"
"""Whom kills rename: the first of the file."""


def rename_a_project(drop: Path, name: str) -> None:
    rename(drop / REGISTRY / f"{TABLE}.csv", "Name", name)


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
        (name,) = con.execute(f"select name from marts.projects where project_id = 'VCS{PROJECT}'").fetchone()
        for (mart,) in con.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall():
            inside = con.execute(f"select count(*) from marts.{mart}").fetchone()
            assert con.execute(f"select count(*) from '{folder}/{mart}.parquet'").fetchone() == inside
    return name


@pytest.fixture
def run(sample_run, samples, tmp_path) -> Run:
    """The run of the samples, to go on from with the files of one registry."""
    drop = tmp_path / "drop"
    shutil.copytree(samples / REGISTRY, drop / REGISTRY)
    return copied(sample_run, tmp_path, drop=drop)


@contextmanager
def begun(settings: Settings) -> Iterator[subprocess.Popen]:
    """A run as the command begins it; killed with -9 at the end, with all that it started."""
    environment = {**os.environ, "CARBON_DATA_DIR": str(settings.data), "CARBON_DROP_DIR": str(settings.drop)}
    process = subprocess.Popen(
        [sys.executable, "-m", "carbon_assets", "run"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def assert_next_run_completes(run: Run, name: str) -> None:
    after = go_on(run)
    assert after.report.ok, after.report.lines
    assert published_name(after.settings) == name
    assert not list(after.settings.published.glob(".v-*"))
    assert not list(after.settings.published.glob(".current-*"))


def table_is_written(settings: Settings) -> Callable[[], bool]:
    path = settings.table("normalized", REGISTRY, TABLE)
    before = path.stat().st_mtime_ns
    return lambda: path.stat().st_mtime_ns != before


def marts_are_written(settings: Settings) -> Callable[[], bool]:
    path = settings.table("marts", "projects")
    before = path.stat().st_mtime_ns
    return lambda: path.stat().st_mtime_ns != before


def version_is_being_built(settings: Settings) -> Callable[[], bool]:
    return lambda: bool(list(settings.published.glob(".v-*")))


MOMENTS = (table_is_written, marts_are_written, version_is_being_built)


@pytest.mark.slow
def test_a_run_that_is_killed_at_its_turning_points_harms_nothing(run):
    """Each kill finds what the one before left."""
    settings = run.settings
    before = published_name(settings)
    rename_a_project(settings.drop, "Name 1")
    for moment in MOMENTS:
        has_come = moment(settings)
        with begun(settings) as process:
            deadline = time.monotonic() + PATIENCE
            while not has_come():
                assert process.poll() is None, f"the run ended before {moment.__name__}"
                assert time.monotonic() < deadline, moment.__name__
                time.sleep(0.002)
        assert_store_is_whole(settings)
        assert published_name(settings) in (before, "Name 1")
    assert_next_run_completes(run, "Name 1")


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_harms_nothing(run):
    settings = run.settings
    choice = random.Random(20)
    names = {published_name(settings)}
    for kill in range(1, KILLS + 1):
        names.add(f"Name {kill}")
        rename_a_project(settings.drop, f"Name {kill}")
        with begun(settings) as process, suppress(subprocess.TimeoutExpired):
            process.wait(timeout=choice.uniform(1, LONGEST))
        assert_store_is_whole(settings)
        assert published_name(settings) in names
    assert_next_run_completes(run, f"Name {KILLS}")


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
    text = (samples / REGISTRY / f"{TABLE}.csv").read_text().replace(PROJECT, "NUMBER")
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    choice = random.Random(9)
    for number in range(KILLS_OF_TAKING):
        taking = []
        for place in ("a", "b"):
            own = dataclasses.replace(settings, drop=tmp_path / f"drop-{place}")
            arguments = (own, text.replace("NUMBER", f"{number + 1}NUMBER"))
            taking.append(processes.Process(target=take_for_ever, args=arguments))
            taking[-1].start()
        while not snapshots.history(settings, REGISTRY, TABLE):  # importing takes seconds where others work, too
            time.sleep(0.1)
        time.sleep(choice.uniform(0, 1))
        for process in taking:
            process.kill()
            process.join()
        assert_store_is_whole(settings)
    assert len(snapshots.history(settings, REGISTRY, TABLE)) > 1
