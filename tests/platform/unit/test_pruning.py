"""Old runs go from Dagster's storage; what is stale and what blocks is the same before and after."""

import dagster as dg
import pytest

from carbon_assets.platform import dagster_internals as internals
from carbon_assets.platform import gates, pruning

RAW, FIRST, SECOND = (dg.AssetKey([name]) for name in ("raw", "first", "second"))


def definitions(*, is_right: bool = True, breaks: bool = False) -> dg.Definitions:
    @dg.observable_source_asset(key=RAW)
    def raw() -> dg.DataVersion:
        return dg.DataVersion("1")

    @dg.asset(key=FIRST, deps=[RAW], code_version="1", check_specs=[dg.AssetCheckSpec("c", asset=FIRST, blocking=True)])
    def first():
        if breaks:
            raise dg.Failure("broken")
        yield dg.AssetCheckResult(check_name="c", passed=is_right, severity=dg.AssetCheckSeverity.WARN)
        yield dg.MaterializeResult()

    @dg.asset(key=SECOND, deps=[FIRST], code_version="1", check_specs=[dg.AssetCheckSpec("c", asset=SECOND)])
    def second():
        yield dg.AssetCheckResult(check_name="c", passed=is_right)
        yield dg.MaterializeResult()

    return dg.Definitions(assets=[raw, first, second], jobs=[dg.define_asset_job("all", dg.AssetSelection.all())])


def observe(instance: dg.DagsterInstance, version: str) -> None:
    instance.report_runless_asset_event(dg.AssetObservation(asset_key=RAW, tags={"dagster/data_version": version}))


def make(instance: dg.DagsterInstance, *keys: dg.AssetKey, **changes: bool) -> str:
    job = definitions(**changes).resolve_job_def("all")
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    begun = internals.begin(job, instance, list(keys), config)
    list(begun.events)
    return begun.run_id


def state(instance: dg.DagsterInstance) -> tuple:
    graph = internals.asset_graph(definitions())
    return internals.stale_keys(instance, graph), gates.states(instance, graph)


def runs(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with internals.opened(tmp_path) as instance:
        yield instance


def prune(instance: dg.DagsterInstance, keep: int) -> list[str]:
    return pruning.prune(instance, internals.asset_graph(definitions()), keep)


def test_what_is_stale_and_what_blocks_is_the_same_before_and_after(instance, tmp_path):
    observe(instance, "1")
    old = [make(instance, FIRST, SECOND), make(instance, FIRST, SECOND, is_right=False)]
    observe(instance, "2")
    newest_of_second = make(instance, SECOND)
    newest_of_first = make(instance, FIRST)
    failed = [make(instance, FIRST, breaks=True) for _ in range(2)]
    before = state(instance)
    assert before[0] == {SECOND}
    assert [check.passed for check in before[1]] == [None, True]
    assert set(prune(instance, 1)) == {*old, failed[0]}
    assert state(instance) == before
    assert runs(instance) == {newest_of_second, newest_of_first, failed[1]}
    left = {path.stem for path in (tmp_path / "history" / "runs").glob("?*.db")} - {"index"}
    assert left == runs(instance), "the files of their events are gone"
    assert {path.name for path in (tmp_path / "storage").glob("*-*")} <= runs(instance), "and so are their logs"
    assert prune(instance, 1) == []


def test_the_newest_runs_and_those_that_go_on_stay(instance):
    first = make(instance, FIRST, SECOND)
    going_on = instance.add_run(dg.DagsterRun(job_name="all", status=dg.DagsterRunStatus.STARTED)).run_id
    later = [make(instance, FIRST, SECOND) for _ in range(3)]
    assert prune(instance, 4) == []
    assert prune(instance, 2) == [first, later[0]]
    assert runs(instance) == {going_on, *later[1:]}


def test_what_an_unfinished_check_says_does_not_come_back(instance):
    """A run that was killed while it checked leaves the check unfinished; an older one had passed it."""
    make(instance, FIRST, SECOND)
    broken = make(instance, FIRST, breaks=True)
    assert state(instance)[1][0].passed is None
    for _ in range(2):
        make(instance, SECOND)
    prune(instance, 1)
    assert broken in runs(instance)
    assert state(instance)[1][0].passed is None
