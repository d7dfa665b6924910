"""A run of Dagster as lines: each step with its number and its rows, told while the run goes on."""

import logging

import dagster as dg
import pytest

from carbon_assets.platform import dagster_internals, progress

ONE, TWO, CHECKED, LAST = (dg.AssetKey(["layer", name]) for name in ("one", "two", "checked", "last"))


def definitions(*, raises: bool) -> dg.Definitions:
    @dg.multi_asset(name="layer__both", specs=[dg.AssetSpec(ONE), dg.AssetSpec(TWO)])
    def both():
        yield dg.MaterializeResult(asset_key=ONE, metadata={progress.ROWS: 1234})
        yield dg.MaterializeResult(asset_key=TWO, metadata={progress.ROWS: 5, progress.SET_ASIDE: 2})

    @dg.asset_check(asset=TWO, name="sound")
    def sound() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    @dg.asset(key=CHECKED, deps=[TWO])
    def checked() -> dg.MaterializeResult:
        if raises:
            raise dg.Failure("it is broken")
        return dg.MaterializeResult(metadata={progress.ROWS: 7})

    @dg.asset(key=LAST, deps=[CHECKED])
    def last() -> None: ...

    return dg.Definitions(
        assets=[both, checked, last],
        asset_checks=[sound],
        jobs=[dg.define_asset_job("all", dg.AssetSelection.all())],
    )


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "carbon_assets.platform.progress")
    return lambda: [record.getMessage() for record in caplog.records if record.name == progress.__name__]


def begun(instance: dg.DagsterInstance, *, raises: bool = False) -> tuple[dagster_internals.Begun, logging.Logger]:
    job = definitions(raises=raises).resolve_job_def("all")
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return dagster_internals.begin(job, instance, run_config=config), logging.getLogger(progress.__name__)


def test_each_step_is_told_with_its_number_and_the_rows_that_it_made(lines):
    with dg.DagsterInstance.ephemeral() as instance:
        run, log = begun(instance)
        events = list(progress.told(run.events, log, run.steps))
    text = "".join(lines())
    assert len(run.steps) == 4
    assert [f"{n} of 4  " in text for n in (1, 2, 3, 4)] == [True] * 4
    assert "of 4  layer/both: one 1,234 rows, two 5 rows (2 set aside), 0." in text
    assert "of 4  layer/checked: 7 rows, " in text
    assert "sound: 1 checks, " in text
    assert events[-1].event_type in (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.ENGINE_EVENT)


def test_a_step_that_fails_and_those_that_it_keeps_from_running_are_told(lines):
    with dg.DagsterInstance.ephemeral() as instance:
        run, log = begun(instance, raises=True)
        list(progress.told(run.events, log, run.steps))
    text = "".join(lines())
    assert "layer/checked: FAILED, " in text
    assert text.endswith("1 of 4 steps left out, since what they need was not made: layer/last")


def test_a_step_is_told_before_it_does_its_work(lines):
    with dg.DagsterInstance.ephemeral() as instance:
        run, log = begun(instance)
        for event in progress.told(run.events, log, run.steps):
            if event.event_type == dg.DagsterEventType.STEP_START:
                break
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.STARTED
        assert len(lines()) == 1
        assert lines()[0].startswith("1 of 4  ")
        run.events.close()
