"""A steward says who used the credits, by an alias and by a history: mapping anew changes what depends on it, to the
published file, and nothing else; and what a real OpenRefine would make otherwise is not published."""

import dataclasses
import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries import tables as beneficiary_tables
from carbon_assets.platform import run
from tests.kit.openrefine_histories import mass_edit
from tests.kit.runs import Run, run_drop
from tests.protocols.pipeline.test_steward_loop import state, tables

MADE = {
    "harmonized/beneficiaries", "harmonized/beneficiary_candidates", "marts/beneficiaries",
    "marts/beneficiary_candidates", "marts/credits", "marts/projects", "marts/protocol_catalogue",
    "marts/protocol_coverage", "marts/boundaries", "marts/boundary_findings",
}  # fmt: skip
"""The tables that depend on what stewards know of beneficiaries; those of projects and protocols count credits, those of
boundaries name projects."""
CHECK = "harmonized/beneficiaries: openrefine_agrees"
HISTORY = [mass_edit({"Hollowmoss Insurance": "Hollowmoss Group"}, column="beneficiary")]


@dataclasses.dataclass(frozen=True)
class Step:
    """What a steward's edit came to."""

    names: dict[str, tuple]
    others: list[tuple]
    files: dict[str, bytes]
    report: run.Report


@pytest.fixture(scope="module")
def configs(home, tmp_path_factory) -> Path:
    return shutil.copytree(home / "configs", tmp_path_factory.mktemp("stewards") / "configs")


@pytest.fixture(scope="module")
def made(samples, configs, tmp_path_factory) -> Run:
    """A run of one registry, without a server whatever the environment says."""
    folder = tmp_path_factory.mktemp("beneficiaries")
    drop = shutil.copytree(samples / "verra", folder / "drop" / "verra").parent
    made = run_drop(drop, folder / "data", configs=configs, openrefine_url=None)
    assert made.report.ok, made.report.lines
    return made


def taken(made: Run, report: run.Report) -> Step:
    query = "select beneficiary, retirements, methods from marts.beneficiaries"
    others = made.sql("select * exclude (retirement_beneficiary_harmonized, beneficiaries_named) from marts.credits")
    return Step(
        {name: tuple(row) for name, *row in made.sql(query)}, [*others, *made.sql("from marts.projects")], tables(made), report
    )  # fmt: skip


@pytest.fixture(scope="module")
def before(made) -> Step:
    return taken(made, made.report)


@pytest.fixture(scope="module")
def alias(made, configs, before) -> Step:
    with (configs / "beneficiaries" / "aliases.csv").open("a") as file:
        file.write("Tarnwick Software,Tarnwick Group,bought in a test\n")
    return taken(made, run.map_anew(made.settings, "beneficiaries"))


@pytest.fixture(scope="module")
def history(made, configs, alias) -> Step:
    (configs / "beneficiaries" / "operations" / "hollowmoss.json").write_text(json.dumps(HISTORY))
    return taken(made, run.map_anew(made.settings, "beneficiaries"))


def test_an_alias_gives_the_entity_its_name_as_readers_see_it(before, alias):
    assert alias.report.ok, alias.report.lines
    (old,) = [name for name in before.names if name.startswith("Tarnwick")]
    assert before.names[old] == (2, ["fingerprint", "pattern"])
    assert alias.names == {name: row for name, row in before.names.items() if name != old} | {
        "Tarnwick Group": (2, ["alias"])
    }


def test_a_history_gives_the_entity_its_name_as_readers_see_it(alias, history, made):
    assert history.report.ok, history.report.lines
    retirements, _ = alias.names["Hollowmoss Insurance"]
    assert history.names == {name: row for name, row in alias.names.items() if name != "Hollowmoss Insurance"} | {
        "Hollowmoss Group": (retirements, ["operation"])
    }
    found = made.sql("select distinct beneficiaries_named from marts.retirements_naming('hollowmoss group')")
    assert found == [(["Hollowmoss Group"],)]


def test_nothing_else_that_readers_see_changes(before, alias, history):
    assert len(before.others) > 80
    assert before.others == alias.others == history.others


def test_only_what_depends_on_it_is_written_again(before, alias, history):
    for was, now in ((before, alias), (alias, history)):
        assert set(now.files) == set(was.files) > MADE | {"harmonized/projects", "harmonized/credits"}
        assert {key for key in now.files if now.files[key] != was.files[key]} == MADE


def test_the_job_of_beneficiaries_was_run(made, history):
    with dg.DagsterInstance.from_config(str(made.settings.dagster_home)) as instance:
        assert {instance.get_runs(limit=1)[0].job_name} == {"map_beneficiaries"}


def test_without_a_server_the_check_says_that_nothing_was_compared(history, made):
    """And passes: nothing needs a server."""
    assert evaluation(made).description == "OPENREFINE_URL is not set"
    assert evaluation(made).passed


def evaluation(made: Run) -> dg.AssetCheckEvaluation:
    """The latest evaluation of the check against a server."""
    asset, name = CHECK.split(": ")
    key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), name)
    with dg.DagsterInstance.from_config(str(made.settings.dagster_home)) as instance:
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    return record.event.dagster_event.asset_check_evaluation_data


@pytest.fixture
def copied(made, history, tmp_path) -> Run:
    """The run in a data folder of its own, with the address of a server at which nobody answers."""
    data = shutil.copytree(made.settings.data, tmp_path / "data", symlinks=True)
    return dataclasses.replace(
        made, settings=dataclasses.replace(made.settings, data=data, openrefine_url="http://127.0.0.1:9")
    )


def assert_blocked(copied: Run, published: str) -> None:
    report = run.map_anew(copied.settings, "beneficiaries")
    assert not report.ok
    assert f"BLOCKED  {CHECK}" in report.lines
    assert copied.database.parent.resolve().name == published


def test_a_difference_blocks_publishing_until_there_is_none(copied, monkeypatch):
    """And shows where it is."""
    differing = [{"row": "3", "column": "beneficiary", "here": "A", "there": "B"}] * 30
    published, marts = (
        copied.database.parent.resolve().name,
        copied.settings.table("marts", "credits").stat().st_mtime_ns,
    )
    monkeypatch.setattr(beneficiary_tables, "disagreements", lambda *_: (70, differing))

    assert_blocked(copied, published)

    assert evaluation(copied).description == "30 cells differ"
    assert evaluation(copied).metadata["examples"].value == differing[:20]
    assert copied.settings.table("marts", "credits").stat().st_mtime_ns == marts

    monkeypatch.setattr(beneficiary_tables, "disagreements", lambda *_: (70, []))
    report = run.map_anew(copied.settings, "beneficiaries")
    assert report.ok, report.lines
    assert evaluation(copied).description == "70 rows agree"
    assert copied.database.parent.resolve().name > published


def test_a_server_that_does_not_answer_blocks_publishing(copied):
    assert_blocked(copied, copied.database.parent.resolve().name)
    assert evaluation(copied).description.startswith("http://127.0.0.1:9: ")


def test_a_history_that_is_not_supported_stops_the_run_with_its_file(made, configs, history, tmp_path):
    there = shutil.copytree(configs, tmp_path / "configs")
    path = there / "beneficiaries" / "operations" / "rows.json"
    path.write_text(json.dumps([*HISTORY, {"op": "core/row-removal"}]))
    standing = state(made)
    with pytest.raises(ConfigError) as refusal:
        run.map_anew(dataclasses.replace(made.settings, configs=there), "beneficiaries")
    assert str(refusal.value).startswith(f"{path}: operation 1: ")
    assert state(made) == standing
