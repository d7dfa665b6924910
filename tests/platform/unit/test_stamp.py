"""The stamp answers what is stale without Dagster; Dagster's own answer is the arbiter."""

from __future__ import annotations

import dagster as dg
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform import dagster_internals, execution, stamp
from carbon_assets.platform.checks import Check
from carbon_assets.platform.run import prepare
from carbon_assets.platform.stamp import Stamp
from carbon_assets.registries import landing
from tests.kit import small_graph
from tests.kit.small_graph import LATER, graph, make, place, report
from tests.kit.two_registries import described_in, land, projects

EVERYTHING = {"normalized/made-up/projects", "normalized/made-up/events", "normalized/other/projects", *LATER}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Settings, dg.DagsterInstance, Stamp]:
    """A data folder in which everything was made of two files, and its stamp."""
    settings = described_in(tmp_path_factory.mktemp("made"))
    with dg.DagsterInstance.ephemeral() as instance:
        bring(settings, "made-up", projects("Mill"))
        bring(settings, "other", projects("Bog"))
        report(settings, instance)
        assert make(settings, instance, EVERYTHING)
        assert small_graph.stale(settings, instance) == set()
        yield settings, instance, stamp_now(settings)


def bring(settings: Settings, registry: str, text: str) -> None:
    land(settings, f"{registry}/projects.csv", text)
    (path,) = (settings.landing / registry).glob("projects.csv")
    landing.receive(settings, path)


def stamp_now(settings: Settings) -> Stamp:
    assets = dagster_internals.asset_graph(graph(settings))
    made = execution.stamp_of(small_graph.site(settings), landing.raw_versions(settings), assets)
    return Stamp(made.sources, code_of(settings), made.made_of, made.made_with)


def code_of(settings: Settings) -> dict[str, str]:
    """The code versions of the assets of the small graph: what later layers do never changes."""
    return {
        name: small_graph.site(settings).code_versions.get(name, "1") for name in sorted(EVERYTHING)
    } | dict.fromkeys(LATER, "1")


def answers(settings: Settings, instance: dg.DagsterInstance, known: Stamp) -> tuple[set[str], set[str]]:
    """What the stamp and what Dagster say is stale."""
    report(settings, instance)
    by_stamp = stamp.stale(settings, known, landing.raw_versions(settings), code_of(settings))
    return by_stamp, small_graph.stale(settings, instance)


def test_nothing_is_stale(made):
    assert answers(*made) == (set(), set())


def test_a_new_file(made):
    settings, instance, known = made
    bring(settings, "other", projects("Bog", "Fen"))
    by_stamp, by_dagster = answers(settings, instance, known)
    assert by_stamp == by_dagster >= {"normalized/other/projects", "harmonized/projects", "published/carbon"}
    assert "normalized/made-up/projects" not in by_stamp
    folder = settings.raw("other", "projects")
    newest = max(folder.glob("[0-9]*.json"))
    for path in folder.glob(f"{newest.stem}.*"):
        path.unlink()
    assert answers(settings, instance, known) == (set(), set())


def test_a_registrys_description(made):
    settings, instance, known = made
    path = settings.configs / "registries" / "made-up.yml"
    before = path.read_text()
    path.write_text(before + "# a note\n")
    by_stamp, by_dagster = answers(settings, instance, known)
    assert by_stamp == by_dagster >= {"normalized/made-up/projects", "normalized/made-up/events"}
    path.write_text(before)


@pytest.mark.parametrize(
    "lost", ["normalized/made-up/projects", "harmonized/credits", "marts/credits", "published/carbon"]
)
def test_a_table_that_is_not_there(made, lost, tmp_path):
    settings, instance, known = made
    away = place(settings, lost).rename(tmp_path / "away")
    by_stamp, by_dagster = answers(settings, instance, known)
    assert by_stamp == by_dagster >= {lost}
    away.rename(place(settings, lost))


def test_what_was_made_of_a_source_that_is_gone_is_stale(made):
    settings, _, known = made
    sources = {key: version for key, version in known.sources.items() if key != "raw/other/projects"}
    assert "normalized/other/projects" in stamp.stale(settings, known, sources, code_of(settings))


# --- when it speaks ---------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path) -> Settings:
    """A data folder with Dagster's storage on disk, and a stamp."""
    settings = described_in(tmp_path)
    prepare(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        report(settings, instance)
    stamp.write(settings, Stamp({"raw/a/b": "1"}, {"marts/c": "2"}, {}, {}, (Check("marts/c", "is_right", True),)))
    return settings


def test_it_speaks_while_dagsters_storage_stands_as_it_stood(kept):
    known = stamp.read(kept)
    assert known and known.sources == {"raw/a/b": "1"}
    assert known.checks == (Check("marts/c", "is_right", True),)
    with dg.DagsterInstance.from_config(str(kept.dagster_home)) as instance:
        instance.get_runs()
    assert stamp.read(kept), "looking changes nothing"


def test_it_is_silent_once_anybody_has_reported_anything(kept):
    with dg.DagsterInstance.from_config(str(kept.dagster_home)) as instance:
        instance.report_runless_asset_event(dg.AssetObservation(asset_key="x"))
    assert stamp.read(kept) is None


def test_it_is_silent_once_a_run_began(kept):
    with dg.DagsterInstance.from_config(str(kept.dagster_home)) as instance:
        graph(kept).resolve_job_def(small_graph.JOB).execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["harmonized", "credits"])]
        )
    assert stamp.read(kept) is None


@pytest.mark.parametrize("content", ["", "{}", '{"version": 0}', "not json"])
def test_a_stamp_that_cannot_be_read_is_none(kept, content):
    (kept.data / stamp.FILE).write_text(content)
    assert stamp.read(kept) is None


def test_a_stamp_without_dagsters_storage_is_none(tmp_path):
    """Storage that is elsewhere, such as a server, cannot be told to stand as it stood."""
    settings = described_in(tmp_path)
    settings.data.mkdir()
    stamp.write(settings, Stamp({}, {}, {}, {}))
    assert stamp.read(settings) is None


def test_blocking_checks_that_have_not_passed_are_unfinished():
    checks = (
        Check("a", "passed", True, is_blocking=True),
        Check("b", "failed", False, is_blocking=True),
        Check("c", "never ended", None, is_blocking=True),
        Check("d", "warned", False, is_warning=True, is_blocking=True),
        Check("e", "does not block", False),
    )
    assert [check.name for check in Stamp({}, {}, {}, {}, checks).unfinished] == ["failed", "never ended"]
