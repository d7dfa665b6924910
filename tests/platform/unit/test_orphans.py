"""`orphans`: runs whose process is gone are marked as failed, living ones are left alone."""

import os
import subprocess
import sys

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterEventType
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.types import DaemonHeartbeat

from carbon_assets.base import clock
from carbon_assets.platform import dagster_internals, orphans


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def begun(instance: dg.DagsterInstance, pid: int | None) -> dg.DagsterRun:
    """A run that goes on, as far as Dagster knows, in the process `pid`."""
    run = create_run_for_test(instance)
    if pid is not None:
        instance.report_engine_event("executes", run, EngineEventData.in_process(pid))
    instance.report_dagster_event(
        DagsterEvent(event_type_value=DagsterEventType.PIPELINE_START.value, job_name=run.job_name), run.run_id
    )
    return run


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    return instance.get_run_by_id(run.run_id).status


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_run_whose_process_is_gone_is_marked_as_failed(instance):
    run = begun(instance, dead_process())
    assert [gone.run_id for gone in orphans.bury(instance)] == [run.run_id]
    assert status(instance, run) == dg.DagsterRunStatus.FAILURE
    assert orphans.bury(instance) == []


def test_a_killed_process_that_nobody_waited_for_is_gone(instance):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run = begun(instance, process.pid)
    assert orphans.bury(instance) == []
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert [gone.run_id for gone in orphans.bury(instance)] == [run.run_id]
    process.wait()


def test_another_process_that_has_the_number_by_now_does_not_count(instance):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run = begun(instance, process.pid)
    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
    assert orphans._may_go_on(instance, record)
    assert not orphans._may_go_on(instance, record._replace(start_time=record.start_time - 3600))
    process.kill()
    process.wait()


@pytest.mark.parametrize("pid", [os.getpid(), None], ids=["alive", "told nothing yet"])
def test_others_are_left_alone(instance, pid):
    run = begun(instance, pid)
    assert orphans.bury(instance) == []
    assert status(instance, run) == dg.DagsterRunStatus.STARTED


# --- runs that never started ------------------------------------------------------------------------------------------

NEVER_STARTED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.QUEUED]


def waiting(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str]) -> dg.DagsterRun:
    """A run that has not begun."""
    origin = dagster_internals.origin_of("a_job")
    return create_run_for_test(instance, "a_job", status=status, tags=tags, remote_job_origin=origin)


@pytest.fixture
def later(monkeypatch):
    """Lets the clock go on by so many seconds."""
    now = clock.of_machine

    def let(seconds: float) -> None:
        monkeypatch.setattr(clock, "of_machine", lambda: now() + seconds)

    return let


@pytest.mark.parametrize("stage", NEVER_STARTED)
def test_a_run_whose_process_died_before_it_said_a_word_is_buried_at_once(instance, stage):
    run = waiting(instance, stage, {orphans.PID: str(dead_process())})
    own = waiting(instance, stage, orphans.tags())
    assert [gone.run_id for gone in orphans.bury(instance)] == [run.run_id]
    assert status(instance, run) == dg.DagsterRunStatus.FAILURE
    assert status(instance, own) == stage


@pytest.mark.parametrize("stage", NEVER_STARTED)
@pytest.mark.parametrize("by", [1, -1], ids=["clock goes on", "clock was set back"])
def test_a_run_that_nobody_executes_is_buried_after_a_while(instance, stage, by, later):
    run = waiting(instance, stage, {})
    assert orphans.bury(instance) == []
    later(by * (orphans.MAX_SECONDS_WITHOUT_WORD + 60))
    assert [gone.run_id for gone in orphans.bury(instance)] == [run.run_id]


def test_what_is_queued_waits_as_long_as_there_is_a_daemon_to_begin_it(instance, later):
    run = waiting(instance, dg.DagsterRunStatus.QUEUED, {})
    later(86_400)
    beat = DaemonHeartbeat(clock.of_machine() - 30, "QUEUED_RUN_COORDINATOR", "a", [])
    instance.add_daemon_heartbeat(beat)
    assert orphans.bury(instance) == []
    later(2 * 86_400)
    assert [gone.run_id for gone in orphans.bury(instance)] == [run.run_id]
