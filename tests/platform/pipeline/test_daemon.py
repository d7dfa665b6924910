"""The real daemon: files are dropped, runs follow; nothing is lost or repeated when it is killed and started again.

What the sensor asks for is held by `tests/platform/unit/test_sensors.py` look by look; this is the whole of it, in real time.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform import run
from carbon_assets.snapshots.store import SYNTHETIC_MARK
from tests.kit.places import HOME
from tests.kit.runs import Rows, cells, copied, write

PATIENCE = 600
"""Seconds until a run must have ended: the daemon looks every few seconds, the run itself takes some 30, and minutes beside others."""

LOOK_EVERY = 3
QUIET = 15
"""Seconds in which a run that should not come would have come."""


@pytest.fixture
def settings(sample_run, tmp_path) -> Settings:
    """A data folder in which everything is made, and an empty landing folder for more made-up files."""
    settings = copied(sample_run, tmp_path, drop=tmp_path / "data" / "landing").settings
    run.prepare(settings)
    settings.landing.mkdir()
    (settings.landing / SYNTHETIC_MARK).touch()
    return settings


@contextmanager
def daemon(settings: Settings) -> Iterator[None]:
    """The daemon as `make dev` runs it, killed with -9 at the end, with all that it started."""
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home),
        "CARBON_DATA_DIR": str(settings.data),
        "CARBON_LOOK_EVERY": str(LOOK_EVERY),
    }
    environment.pop("CARBON_DROP_DIR", None)
    log = (settings.data / "daemon.log").open("ab")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", str(HOME / "workspace.yaml")],
        cwd=HOME, env=environment, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def runs(settings: Settings) -> list[dg.DagsterRun]:
    """The runs that the sensor asked for, oldest first."""
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        return instance.get_runs(dg.RunsFilter(tags={"dagster/sensor_name": "landing"}))[::-1]


def steps(settings: Settings, of: dg.DagsterRun) -> set[str]:
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        events = instance.all_logs(of.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return {event.dagster_event.asset_key.to_user_string() for event in events}


def wait(settings: Settings, until: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > deadline:
            pytest.fail(f"{why}\n{(settings.data / 'daemon.log').read_text()[-4000:]}")
        time.sleep(1)


def ended(settings: Settings, count: int) -> Callable[[], bool]:
    return lambda: len(done := runs(settings)) >= count and all(run.is_finished for run in done)


def drop(samples: Path, settings: Settings, registry: str, file: str, change: Callable[[Rows], None]) -> None:
    rows = cells(samples / registry / file)
    change(rows)
    path = settings.landing / registry / file
    path.parent.mkdir(exist_ok=True)
    write(path, rows)


def renamed(column: str, name: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[1][rows[0].index(column)] = name

    return change


def reordered(rows: Rows) -> None:
    rows[1:] = rows[:0:-1]


def projects_named(settings: Settings, name: str) -> int:
    with duckdb.connect(str(settings.published / "current" / "carbon.duckdb"), read_only=True) as con:
        return con.execute("select count(*) from marts.projects where name = ?", [name]).fetchone()[0]


@pytest.mark.slow
def test_drops_are_noticed_and_nothing_is_lost_or_repeated(settings, samples):
    car, art = "climate-action-reserve", "art-trees"
    with daemon(settings):
        # Two files that arrive together make one run, of what depends on them.
        drop(samples, settings, car, "projects.csv", renamed("Project Name", "Dropped 1"))
        drop(samples, settings, art, "projects.csv", renamed("Program Name", "Dropped 2"))
        wait(settings, ended(settings, 1), "no run followed the files")
        (first,) = runs(settings)
        assert first.status == dg.DagsterRunStatus.SUCCESS
        made = steps(settings, first)
        assert {key for key in made if key.startswith("normalized/")} == {
            f"normalized/{registry}/{table}"
            for registry in (car, art)
            for table in ("projects", "issuances", "retirements", "cancellations")
        }
        assert "published/carbon" in made
        assert projects_named(settings, "Dropped 1") == projects_named(settings, "Dropped 2") == 1
        assert not list(settings.landing.glob("*/*.csv")), "what was taken is still in the landing folder"

        # The same records in another order start nothing; a file that cannot be read is moved aside and stops nothing.
        drop(samples, settings, car, "issuances.csv", reordered)
        (settings.landing / car / "retirements.csv").write_text("<html>Session expired</html>")
        rejected = settings.landing / ".rejected" / car
        wait(settings, lambda: bool(list(rejected.glob("*.reason.txt"))), "the unreadable file was not moved aside")
        wait(settings, lambda: not list(settings.landing.glob("*/*.csv")), "the reordered file was not taken")
        assert "web page" in next(rejected.glob("*.reason.txt")).read_text()
        time.sleep(QUIET)
        assert len(runs(settings)) == 1

    # Killed with a file just dropped, then with a run under way: each file makes its run, once.
    drop(samples, settings, car, "projects.csv", renamed("Project Name", "Dropped 3"))
    with daemon(settings):
        begun = dg.DagsterRunStatus.STARTED
        wait(settings, lambda: any(run.status == begun for run in runs(settings)), "no run began")
        time.sleep(2)
    with daemon(settings):
        wait(settings, lambda: projects_named(settings, "Dropped 3") == 1, "the file of the killed run was lost")
        wait(settings, lambda: all(run.is_finished for run in runs(settings)), "a run does not end")
        time.sleep(QUIET)
    succeeded = [run for run in runs(settings) if run.status == dg.DagsterRunStatus.SUCCESS]
    assert len(succeeded) == 2
