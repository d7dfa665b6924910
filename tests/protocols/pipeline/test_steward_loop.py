"""A steward teaches the catalogue a text: mapping anew changes what depends on it, to the published file, and nothing else."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from carbon_assets.base.configs import ConfigError
from carbon_assets.platform import run
from tests.kit.places import UNKNOWN_METHODOLOGY as TEXT
from tests.kit.runs import Run, copied

PROJECT = "VCS90019"
MADE = {
    "harmonized/protocols", "harmonized/project_types", "harmonized/protocol_catalogue", "marts/projects",
    "marts/protocol_catalogue", "marts/protocol_coverage", "marts/unknown_values", "harmonized/boundary_findings",
    "marts/boundary_findings", "marts/boundaries", "harmonized/eligibility", "marts/corsia_eligibility",
    "marts/ccp_eligibility",
}  # fmt: skip
"""The tables that depend on what stewards know of protocols and types; a protocol can ask for a least area."""
VIEWS = {
    "staging/stg_protocols", "staging/stg_project_types", "staging/stg_protocol_catalogue", "staging/stg_boundary_findings",
    "staging/stg_eligibility",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Loop:
    """The mapping of a text before and after a steward gave it to a protocol."""

    before: dict[str, list[tuple]]
    after: dict[str, list[tuple]]
    files: dict[str, bytes]
    made: Run


@pytest.fixture(scope="module")
def first(sample_run, home, tmp_path_factory) -> Run:
    """The run of the samples, with configs to be edited."""
    folder = tmp_path_factory.mktemp("loop")
    configs = Path(shutil.copytree(home / "configs", folder / "configs"))
    made = copied(sample_run, folder, configs=configs, openrefine_url=None)
    assert made.report.ok, made.report.lines
    return made


@pytest.fixture(scope="module")
def configs(first) -> Path:
    return first.settings.configs


@pytest.fixture(scope="module")
def loop(first, configs) -> Loop:
    before, files = mapping(first), tables(first)
    give(configs, "vm0042", TEXT)
    again = dataclasses.replace(first, report=run.map_anew(first.settings))
    assert again.report.ok, again.report.lines
    return Loop(before, mapping(again), files, again)


def mapping(made: Run) -> dict[str, list[tuple]]:
    """What the published file says of the text."""
    return {
        "coverage": made.sql(f"""
            select outcome, protocol, method, protocol_unassigned, projects from marts.protocol_coverage
            where protocol_raw = '{TEXT}'
        """),
        "project": made.sql(f"""
            select protocol, protocol_unassigned, project_type, project_type_source, category from marts.projects
            where project_id = '{PROJECT}'
        """),
        "under vm0042": made.sql("select projects from marts.protocol_catalogue where protocol = 'vm0042'"),
        "others": made.sql(f"from marts.projects where project_id <> '{PROJECT}'"),
    }


def tables(made: Run) -> dict[str, bytes]:
    """Every table of the data folder but those of published versions, by key: when it was written, and its bytes."""
    data = made.settings.data
    return {
        path.relative_to(data).with_suffix("").as_posix(): str(path.stat().st_mtime_ns).encode() + path.read_bytes()
        for path in data.rglob("*.parquet")
        if made.settings.published not in path.parents
    }


def give(configs: Path, protocol: str, alias: str) -> None:
    """Write an alias into the catalogue, as a steward would."""
    path = configs / "protocols" / "verra.yml"
    catalogue = yaml.safe_load(path.read_text())
    (entry,) = [entry for entry in catalogue["protocols"] if entry["id"] == protocol]
    entry["aliases"] = [*entry.get("aliases", ()), alias]
    path.write_text(yaml.safe_dump(catalogue, allow_unicode=True, sort_keys=False))


def test_an_unknown_text_waits_for_a_steward(loop):
    """The type stands on the registry's own word meanwhile."""
    assert loop.before["coverage"] == [("not understood", None, None, [TEXT], 1)]
    assert loop.before["project"] == [(None, [TEXT], "Sustainable Agriculture", "registry", "agriculture")]


def test_an_alias_maps_the_text_and_the_project_as_readers_see_them(loop):
    assert loop.after["coverage"] == [("assigned", ["vm0042"], "alias", None, 1)]
    assert loop.after["project"] == [(["vm0042"], None, "Sustainable Agriculture", "protocol", "agriculture")]
    ((before,),), ((after,),) = loop.before["under vm0042"], loop.after["under vm0042"]
    assert after == before + 1


def test_no_other_project_changes(loop):
    assert len(loop.after["others"]) > 30
    assert loop.after["others"] == loop.before["others"]


def test_only_what_depends_on_the_catalogue_is_written_again(loop):
    now = tables(loop.made)
    assert set(now) == set(loop.files) > MADE | {"harmonized/projects", "harmonized/credits", "marts/credits"}
    assert {key for key in now if now[key] != loop.files[key]} == MADE


def test_only_what_depends_on_the_catalogue_is_materialized(loop):
    """As Dagster logged it."""
    with dg.DagsterInstance.from_config(str(loop.made.settings.dagster_home)) as instance:
        (latest,) = instance.get_runs(limit=1)
        events = instance.all_logs(latest.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert latest.job_name == "map_protocols"
    keys = {event.dagster_event.asset_key.to_user_string() for event in events}
    assert keys == MADE | VIEWS | {"published/carbon"}


def test_the_new_mapping_is_a_version_of_its_own(loop):
    """A reader that is still connected to the earlier one reads on."""
    published = loop.made.settings.published
    versions = sorted(path.name for path in published.glob("v-*"))
    assert len(versions) == 2
    assert (published / "current").resolve().name == versions[-1]


@pytest.fixture
def contradictory(configs, loop, tmp_path) -> Path:
    """Configs in which two protocols have one alias."""
    there = shutil.copytree(configs, tmp_path / "configs")
    give(there, "vm0047", TEXT)
    return there


def state(made: Run) -> tuple:
    return tables(made), sorted(path.name for path in made.settings.published.iterdir())


@pytest.mark.parametrize("work", [run.run, run.map_anew])
def test_a_catalogue_that_contradicts_itself_stops_the_run_with_file_line_and_entry(work, loop, contradictory):
    path = contradictory / "protocols" / "verra.yml"
    line = max(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.startswith(f"  - {TEXT[:20]}"))
    before = state(loop.made)
    with pytest.raises(ConfigError) as refusal:
        work(dataclasses.replace(loop.made.settings, configs=contradictory))
    assert str(refusal.value).startswith(f"{path}, line {line}: 'vm0047': the alias {TEXT!r} leads to 'vm0042' ")
    assert state(loop.made) == before


def test_the_command_says_what_contradicts_in_one_line(loop, contradictory, home):
    variables = {"CARBON_DATA_DIR": str(loop.made.settings.data), "CARBON_CONFIG_DIR": str(contradictory)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "carbon_assets", "map"],
        cwd=home,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"FAILED   {contradictory / 'protocols' / 'verra.yml'}, line ") and "'vm0047'" in line


@pytest.mark.slow
def test_a_mart_that_breaks_its_gate_while_mapping_is_not_published(loop, home, tmp_path):
    expectations = shutil.copytree(home / "expectations", tmp_path / "expectations")
    suite = json.loads((expectations / "marts" / "protocol_coverage.json").read_text())
    (broken,) = [e for e in suite["expectations"] if e["meta"]["name"] == "issued_is_not_negative"]
    broken["kwargs"]["max_value"] = 1
    (expectations / "marts" / "protocol_coverage.json").write_text(json.dumps(suite))
    made = copied(loop.made, tmp_path, expectations=expectations)
    before = made.database.resolve()

    report = run.map_anew(made.settings)

    assert not report.ok
    assert "BLOCKED  marts/protocol_coverage: issued_is_not_negative" in report.lines
    assert made.database.resolve() == before


def test_mapping_before_any_run_says_to_run_first(first, tmp_path):
    empty = dataclasses.replace(first.settings, data=tmp_path / "data")
    report = run.map_anew(empty)
    assert not report.ok
    (line,) = report.lines
    assert line.startswith("FAILED") and "`make run` first" in line and str(empty.data) in line
    assert not empty.data.exists()
