"""The Dagster graph as a whole: its keys, groups, owners and checks, and the jobs that run it.

What single assets do when they run belongs to other tests; here they are only loaded.
"""

import dataclasses
import shutil
from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import pytest
import yaml

from carbon_assets.base import suites
from carbon_assets.platform import knowledge
from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import below, subjects
from carbon_assets.publishing import models, project
from tests.kit.project_tables import (
    HOME,
    all_tables,
    harmonized,
    marts,
    normalized,
    of_registries,
    read_by_dbt,
    shape_of,
)

TABLES = all_tables()
CONFIGS = HOME / "configs"
OWNED = ("normalized", "harmonized", "published")
KNOWLEDGE = {
    "configs/protocols": [
        "protocols/verra.yml",
        "protocols/programs.csv",
        "protocols/categories.csv",
        "protocols/project_types.csv",
        "protocols/no_protocol.csv",
        "protocols/reading/words.yml",
    ],
    "configs/project_types": ["protocols/registry_types/verra.csv", "protocols/project_type_overrides.csv"],
    "configs/beneficiaries": [
        "beneficiaries/aliases.csv",
        "beneficiaries/intermediaries.csv",
        "beneficiaries/legal_forms.csv",
        "beneficiaries/patterns.yml",
        "beneficiaries/placeholders.csv",
    ],
    "configs/boundaries": [
        "boundaries/rules.yml",
        "boundaries/stated_areas.csv",
        "boundaries/least_areas.csv",
        "geography/regions/africa.parquet",
    ],
}
"""The external assets of what stewards know: files, a change of which must be seen."""
OF_JOBS = {
    "protocols": {
        "knowledge": ["configs/protocols", "configs/project_types"],
        "made": {"harmonized/protocols", "harmonized/project_types", "marts/projects", "marts/protocol_coverage"},
        "left": {"harmonized/projects", "harmonized/credits", "harmonized/beneficiaries", "marts/credits"},
    },
    "beneficiaries": {
        "knowledge": ["configs/beneficiaries"],
        "made": {
            "harmonized/beneficiaries",
            "harmonized/beneficiary_candidates",
            "marts/credits",
            "marts/beneficiaries",
        },
        "left": {"harmonized/projects", "harmonized/credits", "harmonized/protocols", "harmonized/project_types"},
    },
    "boundaries": {
        "knowledge": ["configs/boundaries"],
        "made": {"normalized/boundaries/shapes", "harmonized/boundaries", "marts/boundary_overlaps", "marts/projects"},
        "left": {"harmonized/projects", "harmonized/credits", "harmonized/protocols", "marts/credits"},
    },
}
"""What is mapped anew: with which knowledge, some of what must be made, and some of what must be left."""

MAP_JOBS = {what: f"map_{what}" for what in OF_JOBS}


def expected_keys() -> set[str]:
    """Every asset that the files of the project call for."""
    tables = set(normalized())
    return {
        *KNOWLEDGE,
        *(key.replace("normalized/", "raw/", 1) for key in of_registries()),
        "raw/boundaries/files",
        *tables,
        *harmonized(),
        *(key.replace("harmonized/", "staging/stg_") for key in read_by_dbt()),
        *marts(),
        "published/carbon",
    }


@pytest.fixture(scope="module")
def graph(definitions):
    """The assets, by key as text."""
    resolved = definitions.resolve_asset_graph()
    return {key.to_user_string(): resolved.get(key) for key in resolved.get_all_asset_keys()}


def parts(definitions: dg.Definitions) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Everything that becomes a step and can have checks."""
    return [
        part
        for part in [*definitions.assets, *definitions.asset_checks]
        if isinstance(part, dg.AssetsDefinition | dg.AssetChecksDefinition)
    ]


# --- keys, groups, words --------------------------------------------------------------------------------------------


def test_the_definitions_are_sound(definitions):
    """Dagster's own validation of resources, dependencies and jobs."""
    dg.Definitions.validate_loadable(definitions)


def test_loading_writes_no_data(definitions, project_settings):
    """The UI and the daemon load it over and over. dbt may log that it parsed its project."""
    definitions.resolve_asset_graph()
    assert {path.name for path in project_settings.data.iterdir()} <= {project_settings.dbt_target.name}


def test_the_assets_are_those_that_the_files_call_for(graph):
    assert set(graph) == expected_keys()


def test_assets_stand_in_the_group_of_their_registry_or_layer(graph, registries):
    expected = {}
    for key in graph:
        layer, name, *_ = key.split("/")
        own_layer = "harmonized" if layer == "staging" else layer
        of_registry = layer in ("raw", "normalized") and name in registries
        expected[key] = registries[name].group if of_registry else name if layer in ("raw", "normalized") else own_layer
    assert {key: node.group_name for key, node in graph.items()} == expected


def test_every_asset_says_what_it_is(graph):
    assert [key for key, node in graph.items() if not (node.description or "").strip()] == []


def test_every_asset_says_what_it_is_made_with(graph):
    assert [key for key, node in graph.items() if not node.kinds] == []


def test_assets_that_python_makes_have_an_owner(graph):
    assert [key for key, node in graph.items() if key.startswith(OWNED) and not node.owners] == []


@pytest.mark.parametrize("key", TABLES)
def test_tables_show_their_columns(key, graph):
    """As the schema or the mart's YAML has them, each with its meaning."""
    shown = graph[key].metadata["dagster/column_schema"]
    columns = (shown if isinstance(shown, dg.TableSchema) else shown.value).columns
    assert [column.name for column in columns] == list(TABLES[key])
    assert [column.name for column in columns if not column.description] == []


def observed(graph) -> set[str]:
    """What comes from outside: the registries' files and the stewards'."""
    return {key for key in graph if key.startswith("raw/")} | set(KNOWLEDGE)


def test_what_comes_from_outside_is_observed_and_all_else_made(graph):
    assert {key for key, node in graph.items() if node.is_observable} == observed(graph)
    assert {key for key, node in graph.items() if node.is_materializable} == set(graph) - observed(graph)


def test_every_table_reaches_the_published_file(graph):
    """One way through: whatever a registry publishes is upstream of what people read."""
    reached, ahead = set(), ["published/carbon"]
    while ahead:
        key = ahead.pop()
        reached.add(key)
        ahead += [
            parent.to_user_string() for parent in graph[key].parent_keys if parent.to_user_string() not in reached
        ]
    assert reached == set(graph)


# --- gates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", TABLES)
def test_critical_expectations_block_and_warnings_do_not(key, definitions, project_settings):
    specs = {
        spec.name: spec.blocking
        for part in parts(definitions)
        for spec in part.check_specs
        if spec.asset_key.to_user_string() == key
    }
    if key.startswith("marts/"):
        mart = models.marts(project_settings.dbt_project)[key.removeprefix("marts/")]
        expectations = models.suite(project_settings, mart, project.columns_of_tables())
    else:
        expectations = suites.load_suites(suites.suite_paths(project_settings, *key.split("/"), shape=shape_of(key)))
    assert expectations
    expected = {expectation.name: expectation.severity == "critical" for expectation in expectations}
    assert {name: specs.get(name) for name in expected} == expected


def test_the_check_against_openrefine_blocks_and_is_made_wherever_beneficiaries_are(definitions):
    """And publishing waits for it: a check that it does not know of would hold nothing back in a later run."""
    from carbon_assets.platform.graph import MATERIALIZE

    key = dg.AssetCheckKey(dg.AssetKey(["harmonized", "beneficiaries"]), "openrefine_agrees")
    (spec,) = [spec for part in parts(definitions) for spec in part.check_specs if spec.key == key]
    assert spec.blocking
    jobs = {name: definitions.resolve_job_def(name) for name in (MATERIALIZE, *MAP_JOBS.values())}
    making = {name for name, job in jobs.items() if key in job.asset_layer.asset_graph.asset_check_keys}
    assert making == {MATERIALIZE, MAP_JOBS["beneficiaries"]}


def checks_of_upstream_assets(parts: list) -> list[str]:
    """Checks that a step makes on an asset that is upstream of it and made elsewhere.

    Dagster starts such a step although a blocking check on that asset has failed: it takes the step for the one that
    would find out. dbt's tests of sources become such checks where `enable_source_tests_as_checks` is on.
    """
    return [
        f"{', '.join(sorted(key.to_user_string() for key in part.keys))} checks {check.asset_key.to_user_string()}"
        for part in parts
        if isinstance(part, dg.AssetsDefinition) and part.keys
        for check in part.check_keys
        if check.asset_key not in part.keys
    ]


def test_no_step_lifts_the_gate_before_it(definitions):
    assert checks_of_upstream_assets(parts(definitions)) == []


def test_a_step_that_lifts_the_gate_before_it_is_found():
    above = dg.AssetKey("above")

    # As dagster-dbt declares its steps; Dagster refuses such a check elsewhere.
    @dg.multi_asset(
        specs=[dg.AssetSpec("below", deps=[above])],
        check_specs=[dg.AssetCheckSpec("of_another", asset=above)],
        allow_arbitrary_check_specs=True,
    )
    def step(): ...

    @dg.asset(check_specs=[dg.AssetCheckSpec("of_its_own", asset="sound")])
    def sound(): ...

    @dg.asset_check(asset="above")
    def apart(): ...

    assert checks_of_upstream_assets([step, sound, apart]) == ["below checks above"]


# --- how it is run --------------------------------------------------------------------------------------------------


def test_the_workspace_names_the_module():
    from carbon_assets import definitions as module

    workspace = yaml.safe_load((HOME / "workspace.yaml").read_text())
    (location,) = workspace["load_from"]
    assert location["python_module"]["module_name"] == module.__name__
    assert (HOME / location["python_module"]["working_directory"]).resolve() == Path(module.__file__).parents[1]
    assert isinstance(module.defs, dg.Definitions)


def test_one_job_observes_and_one_makes_everything(definitions, graph):
    from carbon_assets.platform.graph import MATERIALIZE, OBSERVE

    assert {job.name for job in definitions.jobs} >= {OBSERVE, MATERIALIZE}
    observe, make = (definitions.resolve_job_def(name) for name in (OBSERVE, MATERIALIZE))
    assert keys_of(observe) & set(graph) == observed(graph)
    assert keys_of(make) >= set(graph) - observed(graph)


def test_there_is_a_job_for_all_that_stewards_know(definitions):
    assert {job.name for job in definitions.jobs if job.name.startswith("map_")} == set(MAP_JOBS.values())
    assert sorted(key for of in OF_JOBS.values() for key in of["knowledge"]) == sorted(KNOWLEDGE)


@pytest.mark.parametrize("what", OF_JOBS)
def test_a_job_makes_what_depends_on_its_knowledge_and_nothing_else(what, definitions, graph):
    made = keys_of(definitions.resolve_job_def(MAP_JOBS[what])) & set(graph)
    assert made == downstream(graph, OF_JOBS[what]["knowledge"])
    assert made >= OF_JOBS[what]["made"] | {"published/carbon"}
    assert not made & {*of_registries(), *OF_JOBS[what]["left"]}


@pytest.mark.parametrize("what", OF_JOBS)
def test_a_job_holds_what_it_makes_against_every_check(what, definitions):
    """So that publishing, its last step, meets no check that an earlier run has passed."""
    job = definitions.resolve_job_def(MAP_JOBS[what])
    made = keys_of(job)
    checks = {
        spec.key for part in parts(definitions) for spec in part.check_specs if spec.asset_key.to_user_string() in made
    }
    assert len(checks) > 10
    assert checks <= set(job.asset_layer.asset_graph.asset_check_keys)


def test_credits_are_not_mapped_anew_with_protocols_nor_projects_with_beneficiaries(definitions, graph):
    made = {what: keys_of(definitions.resolve_job_def(job)) & set(graph) for what, job in MAP_JOBS.items()}
    assert {key for key in made["protocols"] & made["beneficiaries"] if key.startswith("harmonized/")} == set()


def downstream(graph, keys: Iterable[str]) -> set[str]:
    """All that is made of `keys`, and of what is made of them."""
    found, ahead = set(), set(keys)
    while ahead:
        ahead = {
            key for key, node in graph.items() if ahead & {parent.to_user_string() for parent in node.parent_keys}
        } - found
        found |= ahead
    return found


def keys_of(job: dg.JobDefinition) -> set[str]:
    """The assets that a job runs."""
    return {key.to_user_string() for key in job.asset_layer.selected_asset_keys}


def test_runs_use_one_process_alone(definitions):
    """Importing takes longer than the work: a process for each step would double a run's time."""
    assert definitions.executor.name == "one_run_at_a_time"


# --- what stewards know ---------------------------------------------------------------------------------------------


def versions(settings) -> dict[str, str]:
    """The data version of each external asset, as an observation finds it."""
    site = Site.of(settings)
    assets = [asset for subject in site.subjects for asset in knowledge.build(site, subject)]
    look = dg.define_asset_job("look", dg.AssetSelection.assets(*(asset.key for asset in assets)))
    job = dg.Definitions(assets=assets, jobs=[look]).resolve_job_def("look")
    seen = [event for event in job.execute_in_process().all_events if event.is_asset_observation]
    return {
        event.asset_key.to_user_string(): event.asset_observation_data.asset_observation.tags["dagster/data_version"]
        for event in seen
    }


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in KNOWLEDGE.items() for name in names])
def test_a_changed_file_changes_the_version_of_its_knowledge_alone(key, name, project_settings, tmp_path):
    configs = shutil.copytree(project_settings.configs, tmp_path / "configs")
    there = dataclasses.replace(project_settings, configs=configs)
    before = versions(there)
    assert set(before) == set(KNOWLEDGE)
    (configs / name).write_bytes((configs / name).read_bytes() + b"\n")
    after = versions(there)
    assert {key for key in before if before[key] != after[key]} == {key}


def test_every_file_of_the_stewards_is_observed_or_an_input(project_settings):
    """A change of a file that no subject names would make nothing anew."""
    seen = {
        path
        for subject in subjects()
        for path in [
            *below(CONFIGS, *(pattern for body in subject.knowledge for pattern in body.files)),
            *(file for inputs in subject.inputs_by_key(project_settings).values() for file in inputs.files),
        ]
    }
    files = {path for path in CONFIGS.rglob("*") if path.suffix in (".csv", ".yml", ".json", ".parquet")}
    assert len(files) > 40
    assert files - seen == set()


@pytest.mark.parametrize(("name", "is_seen"), [("operations/new.json", True), ("operations/notes.txt", False)])
def test_a_history_more_changes_the_version_of_beneficiaries(name, is_seen, project_settings, tmp_path):
    configs = shutil.copytree(project_settings.configs, tmp_path / "configs")
    there = dataclasses.replace(project_settings, configs=configs)
    before = versions(there)
    (configs / "beneficiaries" / name).write_text("[]")
    after = versions(there)
    assert {key for key in before if before[key] != after[key]} == ({"configs/beneficiaries"} if is_seen else set())
