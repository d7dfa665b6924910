"""What this project assumes of Dagster's insides: one test per assumption. A new version of Dagster that breaks one breaks
it here, and not in a run."""

from __future__ import annotations

import re

import dagster as dg
import pytest

from carbon_assets.platform import dagster_internals as internals
from tests.kit.places import HOME

RAW, ONE, TWO, LAST = (dg.AssetKey([name]) for name in ("raw", "one", "two", "last"))
PASSED, FAILED, NEVER = (dg.AssetCheckKey(LAST, name) for name in ("passed", "failed", "never"))


def definitions(code: str = "1", *, raises: bool = False) -> dg.Definitions:
    """A source, two assets that one step makes of it, and a last one with checks."""

    @dg.observable_source_asset(key=RAW)
    def raw() -> dg.DataVersion:
        return dg.DataVersion("1")

    @dg.multi_asset(specs=[dg.AssetSpec(key, deps=[RAW], code_version=code) for key in (ONE, TWO)])
    def together():
        yield dg.MaterializeResult(asset_key=ONE)
        yield dg.MaterializeResult(asset_key=TWO)

    specs = [dg.AssetCheckSpec(key.name, asset=LAST, blocking=key == FAILED) for key in (PASSED, FAILED, NEVER)]

    @dg.asset(key=LAST, deps=[ONE], code_version="1", check_specs=specs)
    def last():
        yield dg.AssetCheckResult(check_name="passed", passed=True)
        if raises:
            raise dg.Failure("before the second check")
        yield dg.AssetCheckResult(check_name="failed", passed=False, severity=dg.AssetCheckSeverity.WARN)
        yield dg.MaterializeResult()

    return dg.Definitions(assets=[raw, together, last], jobs=[dg.define_asset_job("all", dg.AssetSelection.all())])


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def observe(instance: dg.DagsterInstance, version: str) -> None:
    instance.report_runless_asset_event(dg.AssetObservation(asset_key=RAW, tags={"dagster/data_version": version}))


def make(instance: dg.DagsterInstance, defs: dg.Definitions) -> bool:
    return defs.resolve_job_def("all").execute_in_process(instance=instance, raise_on_error=False).success


def stale(instance: dg.DagsterInstance, defs: dg.Definitions) -> set[dg.AssetKey]:
    return internals.stale_keys(instance, internals.asset_graph(defs))


def test_what_was_never_made_is_stale_and_what_was_made_is_not(instance):
    observe(instance, "1")
    assert stale(instance, definitions()) == {ONE, TWO, LAST}
    make(instance, definitions())
    assert stale(instance, definitions()) == set()


def test_another_version_of_a_source_makes_what_is_made_of_it_stale_and_the_same_again_does_not(instance):
    observe(instance, "1")
    make(instance, definitions())
    observe(instance, "2")
    assert {ONE, TWO} <= stale(instance, definitions())
    observe(instance, "1")
    assert stale(instance, definitions()) == set()


def test_another_version_of_code_makes_an_asset_stale(instance):
    observe(instance, "1")
    make(instance, definitions())
    assert {ONE, TWO} <= stale(instance, definitions(code="2"))
    assert stale(instance, definitions()) == set()


def test_what_one_step_makes_is_made_together():
    graph = internals.asset_graph(definitions())
    assert internals.made_together(graph, [ONE]) == {ONE, TWO}
    assert internals.made_together(graph, [LAST]) == {LAST}


def test_the_graph_says_what_each_asset_is_made_of():
    graph = internals.asset_graph(definitions())
    assert internals.dependencies(graph) == {ONE: {RAW}, TWO: {RAW}, LAST: {ONE}}


def test_the_latest_evaluation_of_a_check_is_found_whichever_run_made_it(instance):
    observe(instance, "1")
    assert internals.latest_evaluations(instance, [PASSED, FAILED]) == {PASSED: None, FAILED: None}
    make(instance, definitions())
    found = internals.latest_evaluations(instance, [PASSED, FAILED, NEVER])
    assert found[PASSED] and found[PASSED].passed
    assert found[FAILED] and not found[FAILED].passed
    assert found[FAILED].severity == dg.AssetCheckSeverity.WARN
    assert found[NEVER] is None


def test_a_check_that_a_failed_step_did_not_come_to_counts_as_never_evaluated_in_it(instance):
    """Publishing waits for every blocking check: one that was begun and not ended must not count as passed."""
    observe(instance, "1")
    make(instance, definitions())
    assert not make(instance, definitions(raises=True))
    found = internals.latest_evaluations(instance, [PASSED, FAILED])
    assert found[PASSED] and found[PASSED].passed
    assert found[FAILED] is None


def test_what_a_run_writes_is_what_any_other_process_reads(tmp_path):
    """The UI opens the same home by its `dagster.yaml` alone, while the run goes on."""
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with internals.opened(tmp_path) as ours, dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        observe(ours, "1")
        make(ours, definitions())
        assert plain.get_latest_materialization_event(LAST)
        assert stale(plain, definitions()) == stale(ours, definitions()) == set()
        observe(plain, "2")
        assert {ONE, TWO} <= stale(ours, definitions())
        make(plain, definitions())
        assert stale(ours, definitions()) == set()
        (first, second) = ours.get_run_records()
        assert [len(plain.all_logs(run.dagster_run.run_id)) for run in (first, second)] == [
            len(ours.all_logs(run.dagster_run.run_id)) for run in (first, second)
        ]


def test_what_a_run_holds_open_it_closes(tmp_path):
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with internals.opened(tmp_path) as instance:
        make(instance, definitions())
    assert list((tmp_path / "history").rglob("*.db"))
    assert not list((tmp_path / "history").rglob("*.db-wal"))


def test_no_other_module_knows_of_dagsters_insides():
    private = re.compile(r"from dagster\._|import dagster\._|dagster\._core|event_log_storage|run_storage")
    files = [path for path in (HOME / "carbon_assets").rglob("*.py") if path.name != "dagster_internals.py"]
    assert files
    assert [path.name for path in files if private.search(path.read_text())] == []


# --- runs of the command line in the UI -------------------------------------------------------------------------------

# What the UI asks for its timeline, in useRunsForTimeline: it leaves out each run without an origin.
TIMELINE = """
query RunTimeline($filter: RunsFilter!) {
  runsFeedOrError(limit: 10, filter: $filter, view: RUNS) {
    __typename
    ... on RunsFeedConnection {
      results { ... on Run { id jobName runStatus repositoryOrigin { id repositoryName repositoryLocationName } } }
    }
  }
}
"""


def shown_in_timeline(instance: dg.DagsterInstance) -> list[tuple[str, str, str]]:
    """Job, repository and its place of the runs that the UI's timeline shows."""
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import EmptyWorkspaceTarget
    from dagster_graphql.schema import create_schema

    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context:
        asked = create_schema().execute(
            TIMELINE,
            context_value=context.create_request_context(),
            variable_values={"filter": {"statuses": ["SUCCESS", "FAILURE"]}},
        )
    assert asked.errors is None, asked.errors
    origins = ((run["jobName"], run["repositoryOrigin"]) for run in asked.data["runsFeedOrError"]["results"])
    return [(job, at["repositoryName"], at["repositoryLocationName"]) for job, at in origins if at]


def test_a_run_that_is_begun_here_stands_in_the_timeline(tmp_path):
    from dagster._core.workspace.load_target import WorkspaceFileTarget

    (place,) = WorkspaceFileTarget([str(HOME / "workspace.yaml")]).create_origins()
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        make(instance, definitions())
        assert len(instance.get_runs()) == 1
        assert shown_in_timeline(instance) == [], "as Dagster itself leaves it out"
        begun = internals.begin(
            definitions().resolve_job_def("all"), instance, [ONE, TWO], tags={"carbon/files": "a/b"}
        )
        list(begun.events)
        assert shown_in_timeline(instance) == [("all", "__repository__", place.location_name)]
        run = instance.get_run_by_id(begun.run_id)
        assert run.is_success
        # The job's own page asks by this tag.
        labelled = dg.RunsFilter(tags={".dagster/repository": f"__repository__@{place.location_name}"})
        assert [run.run_id for run in instance.get_runs(labelled)] == [begun.run_id]
        assert run.tags["carbon/files"] == "a/b"


def test_a_run_that_is_begun_makes_just_what_it_was_asked_for(instance):
    begun = internals.begin(definitions().resolve_job_def("all"), instance, [ONE, TWO])
    made = {event.asset_key for event in begun.events if event.is_step_materialization}
    assert made == {ONE, TWO}
    assert begun.steps == {"together"}
    assert LAST in stale(instance, definitions())


def test_a_step_that_fails_raises_nothing(instance):
    begun = internals.begin(definitions(raises=True).resolve_job_def("all"), instance)
    assert dg.DagsterEventType.RUN_FAILURE in {event.event_type for event in begun.events}


def test_of_what_an_asset_was_made_is_known(instance):
    assert internals.versions_made_of(instance, ONE) == {}
    observe(instance, "7")
    list(internals.begin(definitions().resolve_job_def("all"), instance).events)
    assert internals.versions_made_of(instance, ONE) == {"raw": "7"}
