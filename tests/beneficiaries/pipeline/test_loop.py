"""A steward says who used the credits, by an alias and by a history: mapping anew changes what depends on it, to the
published file, and nothing else; and what a real OpenRefine would make otherwise is not published."""

import dataclasses
import json
import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster_duckdb import DuckDBResource

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries import parity
from carbon_assets.beneficiaries import tables as beneficiary_tables
from carbon_assets.platform import run
from tests.kit.openrefine_histories import mass_edit
from tests.kit.runs import Run, copied
from tests.protocols.pipeline.test_steward_loop import state, tables

MADE = {
    "harmonized/beneficiaries", "harmonized/beneficiary_candidates", "marts/beneficiaries",
    "marts/beneficiary_candidates", "marts/credits", "marts/projects", "marts/protocol_catalogue",
    "marts/protocol_coverage", "marts/boundaries", "marts/boundary_findings", "marts/corsia_eligibility", "marts/ccp_eligibility",
}  # fmt: skip
"""The tables that depend on what stewards know of beneficiaries; those of projects and protocols count credits, those of
boundaries name projects."""
CHECK = "harmonized/beneficiaries: openrefine_agrees"
HISTORY = [mass_edit({"Hollowmoss Insurance": "Hollowmoss Group"}, column="beneficiary")]


DIFFERING = [{"row": "3", "column": "beneficiary", "here": "A", "there": "B"}] * 30
NOBODY_ANSWERS = "http://127.0.0.1:9"


@dataclasses.dataclass(frozen=True)
class Step:
    """What mapping beneficiaries anew came to: what readers see, the tables' files, the version, the check against a server."""

    names: dict[str, tuple]
    others: list[tuple]
    files: dict[str, bytes]
    version: str
    check: dg.AssetCheckEvaluation
    report: run.Report


def step(made: Run, report: run.Report) -> Step:
    query = "select beneficiary, retirements, methods from marts.beneficiaries"
    others = made.sql("select * exclude (retirement_beneficiary_harmonized, beneficiaries_named) from marts.credits")
    return Step(
        {name: tuple(row) for name, *row in made.sql(query)}, [*others, *made.sql("from marts.projects")], tables(made),
        made.database.parent.resolve().name, evaluation(made), report,
    )  # fmt: skip


def evaluation(made: Run) -> dg.AssetCheckEvaluation:
    """The latest evaluation of the check against a server."""
    asset, name = CHECK.split(": ")
    key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), name)
    with dg.DagsterInstance.from_config(str(made.settings.dagster_home)) as instance:
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    return record.event.dagster_event.asset_check_evaluation_data


@pytest.fixture(scope="module")
def made(sample_run, home, tmp_path_factory) -> Run:
    """The run of the samples, with configs that a test may edit; no server is asked, whatever the environment says."""
    folder = tmp_path_factory.mktemp("beneficiaries")
    configs = Path(shutil.copytree(home / "configs", folder / "configs"))
    return copied(sample_run, folder, configs=configs, openrefine_url=None)


@pytest.fixture(scope="module")
def before(made) -> Step:
    assert made.report.ok, made.report.lines
    return step(made, made.report)


@pytest.fixture(scope="module")
def taught(made, before) -> Run:
    """The run once a steward has written an alias and a history."""
    folder = made.settings.configs / "beneficiaries"
    with (folder / "aliases.csv").open("a") as file:
        file.write("Tarnwick Software,Tarnwick Group,bought in a test\n")
    (folder / "operations" / "hollowmoss.json").write_text(json.dumps(HISTORY))
    return made


@pytest.fixture(scope="module")
def differing(taught) -> Step:
    """Mapping anew with a server that leaves other cells."""
    settings = dataclasses.replace(taught.settings, openrefine_url=NOBODY_ANSWERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beneficiary_tables, "disagreements", lambda *_: (70, DIFFERING))
        return step(taught, run.map_anew(settings, "beneficiaries"))


@pytest.fixture(scope="module")
def mapped(taught, differing) -> Step:
    """Mapping anew without a server."""
    return step(taught, run.map_anew(taught.settings, "beneficiaries"))


# --- what is not published --------------------------------------------------------------------------------------------


def assert_blocked(blocked: Step, before: Step) -> None:
    assert not blocked.report.ok
    assert f"BLOCKED  {CHECK}" in blocked.report.lines
    assert blocked.version == before.version
    assert blocked.files["marts/credits"] == before.files["marts/credits"]


def test_a_difference_blocks_publishing_and_is_shown(before, differing):
    assert_blocked(differing, before)
    assert differing.check.description == "30 cells differ"
    assert differing.check.metadata["examples"].value == DIFFERING[:20]


def test_publishing_goes_on_once_there_is_no_difference(differing, mapped):
    assert mapped.report.ok, mapped.report.lines
    assert mapped.version > differing.version


@pytest.mark.parametrize(
    ("cells", "passed", "description"), [([], True, "70 rows agree"), (DIFFERING, False, "30 cells differ")]
)
def test_the_check_passes_where_no_cell_differs(cells, passed, description, taught, monkeypatch):
    monkeypatch.setattr(beneficiary_tables, "disagreements", lambda *_: (70, cells))
    check = parity.build(dataclasses.replace(taught.settings, openrefine_url=NOBODY_ANSWERS))
    result = check(duckdb=DuckDBResource(database=":memory:"))
    assert (result.passed, result.description) == (passed, description)


def test_a_server_that_does_not_answer_fails_the_check(taught):
    check = parity.build(dataclasses.replace(taught.settings, openrefine_url=NOBODY_ANSWERS))
    result = check(duckdb=DuckDBResource(database=":memory:"))
    assert not result.passed and result.severity == dg.AssetCheckSeverity.ERROR
    assert result.description.startswith(f"{NOBODY_ANSWERS}: ")


def test_without_a_server_the_check_says_that_nothing_was_compared(mapped):
    """And passes: nothing needs a server."""
    assert mapped.check.description == "OPENREFINE_URL is not set"
    assert mapped.check.passed


# --- what is published ------------------------------------------------------------------------------------------------


def test_an_alias_and_a_history_give_entities_their_names_as_readers_see_them(before, mapped, made):
    (old,) = [name for name in before.names if name.startswith("Tarnwick")]
    count, methods = before.names[old]
    assert methods == ["fingerprint", "pattern"]
    retirements, _ = before.names["Hollowmoss Insurance"]
    unchanged = {name: row for name, row in before.names.items() if name not in (old, "Hollowmoss Insurance")}
    assert mapped.names == unchanged | {
        "Tarnwick Group": (count, ["alias"]), "Hollowmoss Group": (retirements, ["operation"])
    }  # fmt: skip
    found = made.sql("select distinct beneficiaries_named from marts.retirements_naming('hollowmoss group')")
    assert found == [(["Hollowmoss Group"],)]


def test_nothing_else_that_readers_see_changes(before, mapped):
    assert len(before.others) > 80
    assert before.others == mapped.others


def test_only_what_depends_on_it_is_written_again(before, mapped):
    assert set(mapped.files) == set(before.files) > MADE | {"harmonized/projects", "harmonized/credits"}
    assert {key for key in mapped.files if mapped.files[key] != before.files[key]} == MADE


def test_the_job_of_beneficiaries_was_run(made, mapped):
    with dg.DagsterInstance.from_config(str(made.settings.dagster_home)) as instance:
        assert {instance.get_runs(limit=1)[0].job_name} == {"map_beneficiaries"}


def test_a_history_that_is_not_supported_stops_the_run_with_its_file(made, mapped, tmp_path):
    there = Path(shutil.copytree(made.settings.configs, tmp_path / "configs"))
    path = there / "beneficiaries" / "operations" / "rows.json"
    path.write_text(json.dumps([*HISTORY, {"op": "core/row-removal"}]))
    standing = state(made)
    with pytest.raises(ConfigError) as refusal:
        run.map_anew(dataclasses.replace(made.settings, configs=there), "beneficiaries")
    assert str(refusal.value).startswith(f"{path}: operation 1: ")
    assert state(made) == standing
