"""`carbon check`: each kind of fault in what people edit is told with file, line, value and the nearest known word, and all of
them at once."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import dagster as dg
import pytest

from carbon_assets.base.errors import Faults, PlainError
from carbon_assets.base.known_words import nearest, why_unknown
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import check as beneficiaries
from carbon_assets.boundaries import check as boundaries
from carbon_assets.history import check as history
from carbon_assets.integrity import check as integrity
from carbon_assets.platform import check, check_job, graph
from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import Subject, subjects
from carbon_assets.protocols import check as protocols
from carbon_assets.publishing import check as publishing
from carbon_assets.registries import check as registries
from carbon_assets.unified import check as unified
from tests.kit.building import CONFIGS, faults_in
from tests.kit.places import HOME


@pytest.fixture
def configs(tmp_path) -> Path:
    """A copy of the shipped configs to be spoilt."""
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


def spoil(folder: Path, file: str, old: str, new: str) -> str:
    """Write `new` in place of the first `old` of a file, and return `<file>, line <n>` of it."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return f"{path}, line {text[: text.index(old)].count(chr(10)) + 1}"


UNKNOWN_WORDS = [
    (unified, "vocab/status/common.csv", "Registered,registered,", "Registered,registred,", "status 'registred'", "registered"),
    (unified, "vocab/status/common.csv", "Listed,listed,", "Listed,listd,", "status 'listd'", "listed"),
    (unified, "vocab/no_region/common.csv", "Global,not stated,", "Global,not statd,", "canonical word 'not statd'", "not stated"),
    (unified, "vocab/country/common.csv", "of,Tanzania,", "of,Tanzanja,", "country 'Tanzanja'", "Tanzania"),
    (unified, "vocab/country_name/common.csv", "CIV,", "CVI,", "country code 'CVI'", "CIV"),
    (unified, "unified/curated_projects.csv", "Projects,Registered,", "Projects,Registred,", "status_raw 'Registred'", "registered"),
    (unified, "unified/curated_projects.csv", "United States,,", "Unted Stats,,", "country 'Unted Stats'", "United States"),
    (integrity, "integrity/conversions.csv", "american-carbon-registry,", "american-carbon-registri,", "registry 'american-carbon-registri'", "american-carbon-registry"),
    (integrity, "integrity/conversions.csv", "credits,arb,", "credits,arbb,", "program 'arbb'", "arb"),
    (history, "history/change_classes.csv", "block split,", "block splt,", "change_class 'block splt'", "block split"),
    (boundaries, "boundaries/least_areas.csv", "art-trees,", "art-tres,", "protocol 'art-tres'", "art-trees"),
    (boundaries, "boundaries/rules.yml", "min_part_ha:", "min_parts_ha:", "no such key", "min_part_ha"),
    (protocols, "protocols/project_types.csv", ",forest,", ",forrest,", "category 'forrest'", "forest"),
    (protocols, "protocols/programs.csv", ",verra,", ",vera,", "registry 'vera'", "verra"),
    (protocols, "protocols/registry_types/verra.csv", "verra,activity,ACoGS,avoided grassland", "verra,activity,ACoGS,avoided gras", "project_type 'avoided gras conversion'", "avoided grassland conversion"),
    (protocols, "protocols/registry_types/verra.csv", "verra,", "vera,", "registry 'vera'", "verra"),
    (protocols, "protocols/project_type_overrides.csv", "registry test entry", "registry tst entry", "project_type 'registry tst entry'", "registry test entry"),
    (protocols, "protocols/verra.yml", "category: ", "category: x", "category 'x", ""),
    (protocols, "registries/art-trees.yml", "default_protocol: art-trees", "default_protocol: art-tree", "default_protocol 'art-tree'", "art-trees"),
    (registries, "intake/release_gate.yml", "exceptions: {}", "exceptions: {verra/project: {max_rise: 3.0, reason: x}}", "table 'verra/project'", "verra/projects"),
    (registries, "intake/drift.yml", "is_kind:", "is_kindd:", "no such key", "is_kind"),
    (registries, "registries/verra.yml", "hooks.verra", "hooks.vera", "no module 'carbon_assets.registries.hooks.vera'", "carbon_assets.registries.hooks.verra"),
    (beneficiaries, "beneficiaries/words/times.yml", "months:", "moths:", "no such key", "months"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "file", "old", "new", "said", "near"),
    UNKNOWN_WORDS,
    ids=[f"{case[1]}: {case[4]}" for case in UNKNOWN_WORDS],
)
def test_a_word_that_nobody_knows_is_told_with_its_place_and_the_nearest_known(
    asked, file, old, new, said, near, configs
):
    place = spoil(configs, file, old, new)
    faults = [fault for fault in faults_in(configs, asked) if said in fault]
    assert faults
    assert all(fault.startswith(f"{place}: ") for fault in faults), faults
    assert any(f"nearest known is '{near}" in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("      name: Name", "      nam: Name", "canonical column 'nam' is not known; the nearest known is 'name'"),
        ("project_id_form: 'VCS\\d+'", "project_id_form: '(VCS'", "'(VCS' is no regular expression"),
        ("    key: VCU", "    kez: VCU", "no such key is known here"),
        ("holds: credits", "holds: credit", "Input should be 'projects' or 'credits', found 'credit'"),
    ],
)
def test_a_description_that_cannot_be_is_told_with_its_line(old, new, said, configs):
    place = spoil(configs, "registries/verra.yml", old, new)
    (fault,) = faults_in(configs, registries)
    assert said in fault
    assert fault.startswith(str(configs / "registries" / "verra.yml"))
    assert fault.startswith(f"{place}: ") or "tables." in fault


def test_a_transaction_type_that_there_is_not_is_told(configs):
    path = configs / "registries" / "art-trees.yml"
    text = path.read_text()
    assert "transaction_type: issuance" in text
    path.write_text(text.replace("transaction_type: issuance", "transaction_type: issuanse", 1))
    (fault,) = faults_in(configs, registries)
    assert "transaction_type 'issuanse' is not known; the nearest known is 'issuance'" in fault


def test_an_alias_that_takes_over_another_protocols_texts_is_told(configs):
    """VM0048 as an alias of a landfill protocol had Verra's VM0048 published under its name."""
    path = configs / "protocols" / "american-carbon-registry.yml"
    place = spoil(
        configs,
        "protocols/american-carbon-registry.yml",
        "      - Plugging Orphaned Oil and Gas Wells\n",
        "      - VM0048\n",
    )
    (fault,) = faults_in(configs, protocols)
    assert fault.startswith(f"{place}: 'acr-abandoned-wells': the alias 'VM0048' is the id of 'vm0048' (")
    assert str(path.with_name("verra.yml")) in fault


# --- all of it ------------------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_what_is_shipped(project_settings):
    assert check.faults(project_settings) == ()


def test_faults_of_all_kinds_are_told_at_once(tmp_path, configs, project_settings):
    dbt_project = Path(shutil.copytree(HOME / "dbt_project", tmp_path / "dbt", ignore=shutil.ignore_patterns("target")))
    expectations = Path(shutil.copytree(HOME / "expectations", tmp_path / "expectations"))
    settings = dataclasses.replace(
        project_settings, configs=configs, dbt_project=dbt_project, expectations=expectations, data=tmp_path / "data"
    )
    # Of words that another faulty file defines, nothing can be asked.
    defining = {"protocols/project_types.csv", "vocab/country/common.csv", "vocab/country_name/common.csv"}
    chosen = {case[1]: case for case in UNKNOWN_WORDS if case[1] not in defining | {"registries/art-trees.yml"}}
    places = {spoil(configs, file, old, new) for _, file, old, new, *_ in chosen.values()}
    places.add(
        spoil(expectations, "harmonized/projects.json", "expect_column_values_to_be_unique", "expect_to_be_unique")
    )
    places.add(spoil(dbt_project, "models/marts/unified/projects.sql", "ref('stg_projects')", "ref('stg_project')"))
    (configs / "vocab" / "label" / "more.csv").write_text("raw,canonical,note\nCCP,Other,\n")
    faults = check.faults(settings)
    # A suite's line is that of the expectation in which the word stands.
    told = {place for place in places if any(fault.startswith(f"{place}: ") for fault in faults)}
    assert [place for place in places - told if "projects.json" not in place] == []
    assert any("has no expect_to_be_unique" in fault for fault in faults)
    assert any("more.csv, line 2: 'CCP' has another meaning" in fault for fault in faults)
    assert len(set(faults)) == len(faults)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("models/marts/unified/projects.sql", "ref('stg_projects')", "ref('stg_project')", "nearest known is 'stg_projects'"),
        ("models/marts/unified/projects.yml", "rows_of: harmonized/projects", "rows_of: harmonized/project", "no schema.py states the table harmonized/project"),
    ],
)  # fmt: skip
def test_a_model_that_reads_what_there_is_not_is_told(name, old, new, said, tmp_path, project_settings):
    dbt_project = Path(shutil.copytree(HOME / "dbt_project", tmp_path / "dbt", ignore=shutil.ignore_patterns("target")))
    spoil(dbt_project, name, old, new)
    faults = list(publishing.faults(dataclasses.replace(project_settings, dbt_project=dbt_project)))
    assert any(fault.startswith(str(dbt_project / name)) and said in fault for fault in faults), faults


def test_a_data_test_that_there_is_not_is_told(tmp_path, project_settings):
    """dbt says so only when it runs it."""
    dbt_project = Path(shutil.copytree(HOME / "dbt_project", tmp_path / "dbt", ignore=shutil.ignore_patterns("target")))
    place = spoil(dbt_project, "models/marts/unified/projects.yml", "unique]", "uniqe]")
    settings = dataclasses.replace(project_settings, dbt_project=dbt_project, dbt_cache=tmp_path / "parses")
    (fault,) = publishing.faults(settings)
    assert fault.startswith(
        f"{place}, column project_id: data test 'uniqe' is not known; the nearest known is 'unique'"
    )


def test_a_new_subject_is_asked_by_its_own_name_alone(project_settings):
    """Nobody names it: its checks and tables are those that its `SUBJECT` offers."""
    moons = Subject(
        "moons", "meaning", "Moons.", checks=f"{__name__}:faults_of_moons", tables=f"{__name__}:tables_of_moons"
    )
    assert check.faults_of_subjects(project_settings, [*subjects(), moons]) == ("moons.csv, line 2: no moon",)
    with pytest.raises(check.CheckError, match=r"moons\.csv, line 2: no moon"):
        graph.definitions(Site(project_settings, (moons,)))


def faults_of_moons(settings: Settings) -> list[str]:
    """What a made-up subject says is wrong."""
    return ["moons.csv, line 2: no moon"]


def tables_of_moons(settings: Settings) -> dict[str, dict[str, str]]:
    """A table of a made-up subject, which has no suite."""
    return {"harmonized/moons": {"moon": "varchar"}}


def test_what_is_wrong_is_refused_at_load_with_all_of_it(configs, project_settings):
    places = [
        spoil(configs, "vocab/status/common.csv", "Listed,listed,", "Listed,listd,"),
        spoil(configs, "integrity/conversions.csv", "credits,arb,", "credits,abr,"),
    ]
    with pytest.raises(check.CheckError) as caught:
        graph.definitions(Site.of(dataclasses.replace(project_settings, configs=configs)))
    assert [str(fault).partition(": ")[0] for fault in caught.value.args] == places


def test_the_job_fails_with_all_that_is_wrong(configs, project_settings):
    place = spoil(configs, "vocab/status/common.csv", "Listed,listed,", "Listed,listd,")
    site = Site(
        dataclasses.replace(project_settings, configs=configs), tuple(s for s in subjects() if s.name == "unified")
    )
    done = check_job.build(site).execute_in_process(raise_on_error=False, instance=dg.DagsterInstance.ephemeral())
    (failure,) = (event.step_failure_data for event in done.all_events if event.is_step_failure)
    assert place in failure.user_failure_data.description


# --- helpers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [("listd", ["listed", "completed"], "listed"), ("BRAZL", ["Brazil", "Peru"], "Brazil"), ("", ["a"], "a"), ("x", [], None)],
)  # fmt: skip
def test_the_nearest_known_word(word, known, near):
    assert nearest(word, known) == near


def test_a_known_word_is_no_fault_and_an_unknown_one_says_where_words_are_defined():
    assert why_unknown("word", "a", ["a", "b"]) is None
    assert why_unknown("word", "ab", [*"abcdefghij"], "words.csv") == (
        "word 'ab' is not known; the nearest known is 'a': correct it, or add it to words.csv"
    )
    assert why_unknown("word", "a", []) == "word 'a' is not known: correct it (known: none)"


def test_faults_are_collected_each_once_and_raised_together():
    met = Faults()
    met.refuse(PlainError)
    met.add("one", "two")

    def work() -> None:
        raise PlainError("two", "three")

    assert met.result_of(work) is None
    with pytest.raises(PlainError) as caught:
        met.refuse(PlainError)
    assert caught.value.args == ("one", "two", "three")
    assert str(caught.value) == "one\ntwo\nthree"
