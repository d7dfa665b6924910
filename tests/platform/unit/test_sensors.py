"""The sensor of the landing folder, look by look: what it takes, when it asks for a run, and of what."""

import json
from dataclasses import dataclass, field
from itertools import count

import dagster as dg
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform import sensors, triggers
from carbon_assets.platform.checks import READABLE
from carbon_assets.platform.report import MAX_LETTERS_OF_FILES
from carbon_assets.registries import landing
from carbon_assets.snapshots import store as snapshots
from tests.kit import small_graph
from tests.kit.building import OBSERVED
from tests.kit.small_graph import JOB, LATER, graph, key, make, stale
from tests.kit.two_registries import described_in, land, projects

NUMBERS = count()
MADE_UP = {"normalized/made-up/projects", "normalized/made-up/events", *LATER}


@dataclass
class Watch:
    """A daemon that looks when it is told to. `requests`: all runs that the sensor asked for."""

    settings: Settings
    instance: dg.DagsterInstance
    cursor: str | None = None
    requests: list[dg.RunRequest] = field(default_factory=list)
    result: dg.SensorResult | None = None

    def look(self, times: int = 1) -> list[dg.RunRequest]:
        """The requests of the last of so many looks."""
        for _ in range(times):
            defs = graph(self.settings)
            context = dg.build_sensor_context(
                instance=self.instance, cursor=self.cursor, repository_def=defs.get_repository_def()
            )
            self.result = defs.resolve_sensor_def(sensors.NAME)(context)
            self.cursor = self.result.cursor
            self.requests += self.result.run_requests
        return self.result.run_requests

    def run(self, request: dg.RunRequest) -> bool:
        """Carry a request out."""
        names = {key.to_user_string() for key in request.asset_selection}
        return make(self.settings, self.instance, names, {"dagster/sensor_name": sensors.NAME})

    def look_and_run(self) -> set[str]:
        """Two looks, so that what has arrived is whole, and the run that they ask for; what was made anew."""
        requests = [*self.look(), *self.look()]
        assert len(requests) <= 1
        assert all(self.run(request) for request in requests)
        return {key.to_user_string() for request in requests for key in request.asset_selection}


@pytest.fixture
def empty(tmp_path) -> Watch:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(described_in(tmp_path), instance)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A data folder in which one file of each registry was made into tables: the daemon, and what its run made."""
    with dg.DagsterInstance.ephemeral() as instance:
        watch = Watch(described_in(tmp_path_factory.mktemp("first")), instance)
        land(watch.settings, "made-up/projects.csv", projects("Mill"))
        land(watch.settings, "other/projects.csv", projects("Bog"))
        yield watch, watch.look_and_run()


@pytest.fixture
def watch(first) -> Watch:
    """The same daemon and folder for all tests; whatever one leaves undone is made before the next."""
    watch, _ = first
    watch.look()
    if names := stale(watch.settings, watch.instance):
        assert make(watch.settings, watch.instance, names)
    watch.look()
    return Watch(watch.settings, watch.instance, watch.cursor)


def news() -> str:
    """A file of projects as no test has had it before."""
    return projects("Mill", f"Fen {next(NUMBERS)}")


# --- one run ----------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_while_there_is_nothing(empty):
    assert empty.look(2) == []
    assert "0 files taken or moved aside, 0 still being written" in empty.result.skip_reason.skip_message


def test_files_that_arrive_together_make_one_run_of_everything_that_is_new(first):
    _, made = first
    assert made == {
        "normalized/made-up/projects",
        "normalized/made-up/events",
        "normalized/other/projects",
        *LATER,
    }


def test_a_file_makes_a_run_of_what_depends_on_it_once_it_is_whole(watch):
    land(watch.settings, "made-up/projects.csv", news())
    assert watch.look() == []
    assert "1 still being written" in watch.result.skip_reason.skip_message
    (request,) = watch.look()
    assert {key.to_user_string() for key in request.asset_selection} == MADE_UP
    assert watch.run(request)
    assert watch.look(3) == []


def test_the_same_records_under_other_bytes_start_nothing(watch):
    newest = snapshots.history(watch.settings, "made-up", "projects")[-1]
    land(watch.settings, "made-up/projects.csv", newest.content(watch.settings).replace(b"\n", b"\r\n"))
    assert watch.look_and_run() == set()
    assert snapshots.history(watch.settings, "made-up", "projects")[-2] == newest


def test_records_that_come_back_are_news_again(watch):
    """Dagster drops a request whose key an earlier run had."""
    one, other = news(), news()
    for text in (one, other, one):
        land(watch.settings, "made-up/projects.csv", text)
        watch.look(2)
    assert len({request.run_key for request in watch.requests}) == 3


def test_a_snapshot_that_a_person_lets_through_makes_a_run(watch):
    snapshot = snapshots.current(watch.settings, "other", "projects")
    snapshots.release(watch.settings, snapshot, snapshots.Release(by="ann", reason="right", at=OBSERVED))
    assert "normalized/other/projects" in watch.look_and_run()


# --- which files a run is for ---------------------------------------------------------------------------------------


def test_a_run_names_the_files_that_it_is_for(empty):
    land(empty.settings, "made-up/projects.csv", projects("Mill"))
    land(empty.settings, "other/projects.csv", projects("Bog"))
    (request,) = empty.look(2)
    assert request.tags[triggers.TAG] == "made-up/projects.csv, other/projects.csv"
    assert empty.run(request)
    land(empty.settings, "other/projects.csv", projects("Fen"))
    (request,) = empty.look(2)
    assert request.tags[triggers.TAG] == "other/projects.csv"


def test_files_whose_run_was_lost_are_named_by_the_next(watch):
    land(watch.settings, "made-up/projects.csv", news())
    watch.look(2)  # requested, and never carried out
    land(watch.settings, "other/projects.csv", news())
    (request,) = watch.look(2)
    assert request.tags[triggers.TAG] == "made-up/projects.csv, other/projects.csv"


def test_what_only_code_makes_necessary_names_no_file(watch):
    versions = landing.raw_versions(watch.settings)
    assets = graph(watch.settings).resolve_asset_graph()
    keys = sorted(assets.materializable_asset_keys)
    site = small_graph.site(watch.settings)
    assert triggers.files(site, watch.instance, assets, keys, versions) == []
    gone = versions | {"raw/other/projects": "another"}
    assert triggers.files(site, watch.instance, assets, keys, gone) == ["other/projects.csv"]


def test_many_files_are_counted():
    names = [f"made-up/{'file' * 10}-{n}.csv" for n in range(9)]
    words = triggers.in_words(names)
    assert words.startswith(f"{names[0]}, {names[1]}, ")
    assert words.endswith(" and 5 more")
    assert len(words) < MAX_LETTERS_OF_FILES + 20
    assert triggers.tags([]) == {}


# --- one at a time, once ----------------------------------------------------------------------------------------------


def test_while_a_run_of_the_sensor_goes_on_none_is_asked_and_then_one_for_all(watch):
    running = dg.DagsterRun(
        job_name=JOB, status=dg.DagsterRunStatus.STARTED, tags={"dagster/sensor_name": sensors.NAME}
    )
    watch.instance.add_run(running)
    land(watch.settings, "made-up/projects.csv", news())
    assert watch.look(3) == []
    land(watch.settings, "other/projects.csv", news())
    assert watch.look(3) == []
    assert not list(watch.settings.landing.glob("*/*.csv")), "they are taken at once"
    watch.instance.delete_run(running.run_id)
    (request,) = watch.look()
    assert {key.to_user_string() for key in request.asset_selection} == {*MADE_UP, "normalized/other/projects"}


def test_a_lost_cursor_repeats_nothing(watch):
    land(watch.settings, "made-up/projects.csv", news())
    watch.look_and_run()
    watch.cursor = None
    assert watch.look(2) == []


def test_a_lost_cursor_asks_for_what_was_not_made_under_the_same_key(watch):
    """So Dagster tells a look that was cut short from one whose run has failed."""
    land(watch.settings, "made-up/projects.csv", news())
    (lost,) = watch.look(2)
    assert watch.look() == [], "what was asked for is not asked for again, even if it has failed"
    watch.cursor = None
    (again,) = watch.look()
    assert (again.run_key, again.asset_selection) == (lost.run_key, lost.asset_selection)


def test_a_look_that_was_cut_short_is_made_up_for(watch):
    """The file was taken, but neither the request nor the cursor was kept."""
    land(watch.settings, "made-up/projects.csv", news())
    watch.look()
    before = watch.cursor
    watch.look()
    watch.cursor = before
    assert len(watch.look()) == 1


def test_a_run_that_failed_is_not_asked_for_again(watch, monkeypatch):
    """It would fail again."""
    land(watch.settings, "made-up/projects.csv", news())
    (request,) = watch.look(2)
    with monkeypatch.context() as patch:
        patch.delattr(small_graph, "place")
        assert not watch.run(request)
    assert watch.look(3) == []


def test_a_run_that_was_killed_is_asked_for_again_a_few_times(watch):
    """No step of it has failed: what it had to do is undone."""
    land(watch.settings, "made-up/projects.csv", news())
    (request,) = watch.look(2)
    killed = []
    for _ in range(sensors.MAX_RETRIES_OF_KILLED_RUN + 1):
        run = dg.DagsterRun(
            job_name=JOB, status=dg.DagsterRunStatus.FAILURE, tags={"dagster/sensor_name": sensors.NAME}
        )
        killed.append(watch.instance.add_run(run))
        watch.look()
    for run in killed:
        watch.instance.delete_run(run.run_id)
    assert len(watch.requests) == 1 + sensors.MAX_RETRIES_OF_KILLED_RUN
    assert len({request.run_key for request in watch.requests}) == len(watch.requests)
    assert all(again.asset_selection == request.asset_selection for again in watch.requests)


# --- files that cannot be used ------------------------------------------------------------------------------------------


def test_a_file_that_is_moved_aside_fails_the_check_of_its_table_and_stops_nothing(watch):
    land(watch.settings, "made-up/projects.csv", "<html><title>503</title></html>")
    land(watch.settings, "nobody/projects.csv", "a")
    land(watch.settings, "other/projects.csv", news())
    (request,) = watch.look(2)
    assert key("normalized/other/projects") in request.asset_selection
    assert key("normalized/made-up/projects") not in request.asset_selection
    (check,) = watch.result.asset_events
    assert (check.asset_key, check.check_name) == (key("normalized/made-up/projects"), READABLE)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.description == "the file is a web page titled '503', not a table: download it again"
    assert check.metadata["moved to"].value.startswith(str(watch.settings.landing / ".rejected" / "made-up"))
    watch.run(request)
    assert watch.look(3) == [] and watch.result.asset_events == [], "it is told once"


def test_the_cursor_says_what_was_seen_and_what_was_asked_for(watch):
    path = land(watch.settings, "other/projects.csv", news(), at=10)
    watch.look()
    assert json.loads(watch.cursor)["seen"] == {"other/projects.csv": [path.stat().st_size, 10 * 10**9]}
    (request,) = watch.look()
    assert json.loads(watch.cursor)["asked"] == request.run_key.rpartition("-")[0]
