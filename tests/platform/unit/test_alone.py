"""One run at a time on a data folder: others wait, are told for whom, and go on when the holder ends or dies."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from carbon_assets.base.errors import ExitCode
from carbon_assets.platform import executor, run
from carbon_assets.platform.alone import Busy, alone
from tests.kit.building import settings_in

HOLD = """
import sys, time
from pathlib import Path
from carbon_assets.base.settings import Settings
from carbon_assets.platform.alone import alone
with alone(Settings.from_environment(), "a run of this test"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path):
    return dataclasses.replace(settings_in(tmp_path), lock_wait=1)


@pytest.fixture
def other(settings):
    """Another process that holds the data folder."""
    environment = {**os.environ, "CARBON_DATA_DIR": str(settings.data)}
    process = subprocess.Popen([sys.executable, "-c", HOLD], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_who_holds_the_folder_is_told_when_the_wait_is_over(settings, other):
    with pytest.raises(Busy, match=rf"a run of this test, process {other.pid}, since 20\d\d-"), alone(settings, "this"):
        pytest.fail("two hold one folder")


def test_a_dead_holder_holds_nothing(settings, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    with alone(dataclasses.replace(settings, lock_wait=1), "this"):
        pass


def test_a_waiting_run_goes_on_when_the_other_ends(settings, other, caplog):
    threading.Timer(0.3, other.kill).start()
    caplog.set_level("INFO", "carbon_assets")
    began = time.monotonic()
    with alone(dataclasses.replace(settings, lock_wait=30), "this"):
        assert time.monotonic() - began < 20
    assert "waiting up to 30 s for a run of this test" in caplog.text


def test_one_after_the_other_needs_no_wait(settings):
    for _ in range(2):
        with alone(settings, "this"):
            assert (settings.data / ".run.json").exists()
    assert not (settings.data / ".run.json").exists()


def test_a_run_of_the_command_line_says_that_another_stands_in_the_way(settings, other, monkeypatch, capsys):
    settings.drop.mkdir(parents=True)
    monkeypatch.setattr(run.Settings, "from_environment", lambda: settings)
    assert run.main() == ExitCode.ENVIRONMENT
    said = capsys.readouterr()
    assert f"process {other.pid}" in said.err
    assert said.out.endswith("exit 3: this machine or another process stands in the way\n")


class Steps:
    """An executor of two steps."""

    retries = None

    def execute(self, plan_context, execution_plan):
        yield from ("first", "second")


def test_a_run_of_dagster_holds_the_folder_from_its_first_step_to_its_end(settings):
    steps = executor.Alone(Steps(), settings).execute(SimpleNamespace(run_id="0123456789"), None)
    assert next(steps) == "first"
    with pytest.raises(Busy, match="run 01234567 of Dagster"), alone(settings, "this"):
        pytest.fail("two hold one folder")
    assert list(steps) == ["second"]
    with alone(settings, "this"):
        pass
