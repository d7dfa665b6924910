"""What must be made anew: what does not follow from today's files and configs, and all that depends on it."""

from pathlib import Path

import dagster as dg
import pytest

from carbon_assets.base import code
from carbon_assets.base.settings import Settings
from carbon_assets.platform import freshness
from carbon_assets.registries import contents
from carbon_assets.registries.description import load_registries
from carbon_assets.snapshots import store as snapshots
from tests.kit.building import OBSERVED, settings_in
from tests.kit.small_graph import LATER, MADE_TOGETHER, key, make, place, report, stale
from tests.kit.two_registries import described_in, land, projects

EVERYTHING = {"normalized/made-up/projects", "normalized/made-up/events", "normalized/other/projects", *LATER}
OF_MADE_UP = EVERYTHING - {"normalized/other/projects"}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Settings, dg.DagsterInstance]:
    """A data folder in which everything was made of two files."""
    settings = described_in(tmp_path_factory.mktemp("made"))
    with dg.DagsterInstance.ephemeral() as instance:
        for registry in ("made-up", "other"):
            bring(settings, registry, projects("Mill"))
        report(settings, instance)
        assert make(settings, instance, EVERYTHING)
        yield settings, instance


def bring(settings: Settings, registry: str, text: str) -> snapshots.Snapshot:
    describe = contents.describer(load_registries(settings.configs)[registry], "projects")
    return snapshots.take(settings, land(settings, f"{registry}/projects.csv", text), registry, "projects", describe)


# --- what came in ---------------------------------------------------------------------------------------------------


def test_only_what_is_not_known_yet_is_reported(tmp_path):
    settings = described_in(tmp_path)
    raw = ["raw/made-up/projects", "raw/made-up/events", "raw/other/projects"]
    with dg.DagsterInstance.ephemeral() as instance:
        assert report(settings, instance) == raw
        assert report(settings, instance) == []
        bring(settings, "made-up", projects("Mill"))
        assert report(settings, instance) == [raw[0]]
        bring(settings, "made-up", "ID,Name\r\n1,Mill\r\n")
        assert report(settings, instance) == [], "the same records"
        held = bring(settings, "made-up", projects("Bog"))
        assert report(settings, instance) == [raw[0]]
        snapshots.release(settings, held, snapshots.Release(by="ann", reason="right", at=OBSERVED))
        assert report(settings, instance) == [raw[0]], "a person let it through"
        assert report(settings, instance) == []


# --- what must be made anew, each of a store in which nothing is stale ----------------------------------------------


def test_nothing_has_changed_and_nothing_is_made_anew(made):
    settings, instance = made
    assert report(settings, instance) == []
    assert stale(settings, instance) == set()


def test_at_first_everything_is_made(made):
    settings, _ = made
    with dg.DagsterInstance.ephemeral() as instance:
        assert stale(settings, instance) == EVERYTHING


def test_another_version_of_a_file_leaves_the_other_registry_alone(made):
    settings, instance = made
    raw = "raw/made-up/projects"
    assert freshness.report(instance, {raw: "another"}) == [raw]
    assert stale(settings, instance) == OF_MADE_UP
    report(settings, instance)
    assert stale(settings, instance) == set(), "it is as it was"


def test_a_registrys_description_concerns_that_registry(made):
    settings, instance = made
    path = settings.configs / "registries" / "made-up.yml"
    before = path.read_text()
    path.write_text(before + "# a note\n")
    assert stale(settings, instance) == OF_MADE_UP
    path.write_text(before)
    assert stale(settings, instance) == set()


@pytest.mark.parametrize(
    ("lost", "found"),
    [
        ("normalized/made-up/projects", OF_MADE_UP),
        ("harmonized/credits", {"harmonized/credits", *MADE_TOGETHER}),
        ("marts/credits", MADE_TOGETHER),
        ("published/carbon", MADE_TOGETHER),
    ],
)
def test_a_table_that_is_not_there_is_made_anew(made, lost, found, tmp_path):
    settings, instance = made
    path = place(settings, lost)
    away: Path = path.rename(tmp_path / "away")
    assert stale(settings, instance) == found
    away.rename(path)


def test_what_a_run_left_undone_is_found_by_the_next(made):
    """Last, for it makes things."""
    settings, instance = made
    bring(settings, "made-up", projects("Mill", "Bog"))
    report(settings, instance)
    assert make(settings, instance, OF_MADE_UP - MADE_TOGETHER)
    assert stale(settings, instance) == MADE_TOGETHER
    assert make(settings, instance, MADE_TOGETHER)
    assert stale(settings, instance) == set()


# --- versions of code -----------------------------------------------------------------------------------------------


def test_a_hash_of_files_tells_names_and_contents_and_not_their_order(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a"), two.write_text("b")
    first = code.hash_of_files([one, two], tmp_path)
    assert code.hash_of_files([two, one, two], tmp_path) == first
    one.write_text("ab"), two.write_text("")
    assert code.hash_of_files([one, two], tmp_path) != first
    one.write_text("a"), two.rename(tmp_path / "three").write_text("b")
    assert code.hash_of_files([one, tmp_path / "three"], tmp_path) != first


# --- checks that have not passed --------------------------------------------------------------------------------------


def judged(*, is_right: bool) -> dg.Definitions:
    """One asset made of one file, whose blocking check passes or not."""
    raw, made = key("raw/x/x"), key("harmonized/x")

    @dg.observable_source_asset(key=raw)
    def observed() -> dg.DataVersion:
        return dg.DataVersion("1")

    @dg.asset(
        key=made, deps=[raw], code_version="1", check_specs=[dg.AssetCheckSpec("is_right", asset=made, blocking=True)]
    )
    def x():
        yield dg.AssetCheckResult(check_name="is_right", passed=is_right)
        if not is_right:
            raise dg.Failure("held back", allow_retries=False)
        yield dg.MaterializeResult()

    return dg.Definitions(assets=[observed, x], jobs=[dg.define_asset_job("all", dg.AssetSelection.assets(made))])


def test_a_fault_does_not_stand_after_the_file_before_it_is_back(tmp_path):
    """The table is what its input says again, and only the check that failed in between says otherwise."""
    settings = settings_in(tmp_path)
    place(settings, "harmonized/x").parent.mkdir(parents=True)
    place(settings, "harmonized/x").touch()
    with dg.DagsterInstance.ephemeral() as instance:
        for version, is_right in (("good", True), ("bad", False)):
            freshness.report(instance, {"raw/x/x": version})
            job = judged(is_right=is_right).resolve_job_def("all")
            assert job.execute_in_process(instance=instance, raise_on_error=False).success == is_right
        freshness.report(instance, {"raw/x/x": "good"})
        assert freshness.stale(instance, judged(is_right=True).resolve_asset_graph(), settings) == [key("harmonized/x")]
        judged(is_right=True).resolve_job_def("all").execute_in_process(instance=instance)
        assert freshness.stale(instance, judged(is_right=True).resolve_asset_graph(), settings) == []
