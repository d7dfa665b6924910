"""The stewards' files of protocols and project types hold together as they are shipped.

What contradicts itself is refused while loading, and `tests/unit` sees that refused; here is what only the shipped files
can show.
"""

import csv
import json
import re
from collections import Counter

import pytest

from carbon_assets.base.lists import load_list
from carbon_assets.base.vocab import Vocabulary
from carbon_assets.protocols import check, tables
from carbon_assets.protocols.catalogue import load_catalogue
from carbon_assets.protocols.project_types import OVERRIDE_COLUMNS, WORD_COLUMNS
from carbon_assets.protocols.text import squeeze
from carbon_assets.registries.description import load_registries
from carbon_assets.unified import harmonize
from tests.kit.building import faults_in
from tests.kit.project_tables import HOME

CONFIGS = HOME / "configs"
REFERENCE = HOME.parent / "shared" / "reference" / "offsetsdb-spec.md"
REGISTRIES = load_registries(CONFIGS)
CATALOGUE = load_catalogue(CONFIGS)
READER = tables.reader(CATALOGUE, REGISTRIES, CONFIGS)
PROGRAMS_OF_REGISTRIES = {program.registry: program.id for program in CATALOGUE.programs.values() if program.registry}
WORDS = load_list(CONFIGS / "protocols" / "registry_types", WORD_COLUMNS, key=("registry", "field", "raw"))
OVERRIDES = load_list(CONFIGS / "protocols" / "project_type_overrides", OVERRIDE_COLUMNS, key=("project_id",))
CURATED = load_list(CONFIGS / "unified" / "curated_projects", harmonize.CURATED, key=("project_id",))

# --- all of it ------------------------------------------------------------------------------------------------------


def test_the_stewards_files_contradict_neither_themselves_nor_each_other():
    assert faults_in(CONFIGS, check) == []
    assert tables.catalogue_table(CONFIGS)["protocol"].to_pylist() == sorted(CATALOGUE.protocols)


# --- protocols ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference_ids() -> list[str]:
    """The ids of the reference's protocols, from the first column of its table."""
    if not REFERENCE.is_file():
        pytest.skip("no description of the reference beside this checkout")
    section = re.split(r"\n#+ ", REFERENCE.read_text().split("\n### Protocols (251)\n")[1])[0]
    ids = re.findall(r"^\| ([a-z0-9-]+) \|", section, re.MULTILINE)
    return [id_ for id_ in ids if id_ != "id" and set(id_) != {"-"}]


def test_every_protocol_of_the_reference_is_catalogued_or_a_wrong_id_of_one_that_is(reference_ids):
    assert len(set(reference_ids)) == len(reference_ids) == 251
    wrong_ids = {id_ for protocol in CATALOGUE.protocols.values() for id_ in protocol.other_ids}
    assert set(reference_ids) - set(CATALOGUE.protocols) - wrong_ids == {"unknown"}


def test_every_protocol_has_a_category():
    assert [id_ for id_ in CATALOGUE.protocols if not CATALOGUE.category(id_)] == []


def test_no_chain_of_successors_comes_back_to_where_it_began():
    def successors(id_: str) -> list[str]:
        chain: list[str] = []
        while (id_ := CATALOGUE.protocols[id_].superseded_by) and id_ not in chain:
            chain.append(id_)
        return chain

    assert any(successors(id_) for id_ in CATALOGUE.protocols)
    assert [id_ for id_ in CATALOGUE.protocols if id_ in successors(id_)] == []


def test_every_programme_has_protocols_and_every_category_and_type_belongs_to_something():
    protocols = CATALOGUE.protocols.values()
    assert {protocol.program for protocol in protocols} == set(CATALOGUE.programs)
    in_use = {CATALOGUE.category(protocol.id) for protocol in protocols}
    assert in_use | {type_.category for type_ in CATALOGUE.project_types.values()} == CATALOGUE.categories


def test_a_registry_has_one_programme_and_it_is_known():
    stated = Counter(program.registry for program in CATALOGUE.programs.values() if program.registry)
    assert set(stated.values()) == {1}
    described = {registry.id for registry in REGISTRIES.values() if registry.project_prefix}
    assert described <= set(stated)
    # Puro's texts are read as its own before its files are.
    assert set(stated) - described <= {"puro"}


def test_no_marker_names_two_programmes():
    owners = Counter(key for program in CATALOGUE.programs.values() for key in {*map(squeeze, program.markers)})
    assert [marker for marker, count in owners.items() if count > 1] == []


def test_compliance_programmes_are_those_of_california_and_washington():
    """D10."""
    assert {program.id for program in CATALOGUE.programs.values() if program.is_compliance} == {"arb", "ecy"}


def test_the_default_protocol_of_a_registry_is_one_of_its_programme():
    defaults = {registry.id: registry.default_protocol for registry in REGISTRIES.values() if registry.default_protocol}
    assert defaults
    for registry, protocol in defaults.items():
        assert CATALOGUE.protocols[protocol].program == PROGRAMS_OF_REGISTRIES[registry]
        assert READER.read(None, registry).ids == (protocol,)


@pytest.mark.parametrize("registry", [None, *REGISTRIES])
def test_texts_that_say_there_is_no_protocol_name_none(registry):
    """None of them is a title, an alias or a code as well."""
    texts = [row["raw"] for row in csv.DictReader((CONFIGS / "protocols" / "no_protocol.csv").open())]
    assert len(texts) == len(Vocabulary(CONFIGS / "protocols" / "no_protocol")) > 10
    assert {text: READER.read(text, registry).outcome for text in texts} == dict.fromkeys(texts, "names none")


CURATED_PROTOCOLS = {
    "VCSOPR2": "arb-mine-methane",
    "VCSOPR10": "arb-forest",
    "CCB106": "ccb-redd",
    "CCB107": "ccb-redd",
}


def test_curated_projects_are_under_protocols_of_the_catalogue():
    registries = {registry.project_prefix: registry.id for registry in REGISTRIES.values()}
    read = {row["project_id"]: READER.read(row["protocol_raw"], registries[row["project_id"][:3]]) for row in CURATED}
    assert {id_: reading.ids for id_, reading in read.items()} == {id_: (p,) for id_, p in CURATED_PROTOCOLS.items()}
    assert {reading.outcome for reading in read.values()} == {"assigned"}


# --- project types --------------------------------------------------------------------------------------------------


def test_words_are_of_registries_that_publish_such_a_column():
    """A word of a registry that is misspelt, or of a column that it does not have, would never be looked up."""
    columns = {
        (registry.id, field)
        for registry in REGISTRIES.values()
        for table in registry.tables.values()
        for field, column in (("type", "project_type_raw"), ("activity", "activity_raw"))
        if column in table.columns
    }
    assert {(row["registry"], row["field"]) for row in WORDS} <= columns


def test_every_override_gives_the_facts_and_is_of_a_known_registry():
    prefixes = tuple(registry.project_prefix for registry in REGISTRIES.values() if registry.project_prefix)
    assert OVERRIDES
    assert [row for row in OVERRIDES if not row["note"] or not row["project_id"].startswith(prefixes)] == []


# --- what the gates repeat ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["harmonized/project_types", "marts/projects"])
def test_the_gates_know_the_categories_that_the_stewards_know(key):
    """A category that is added to one of them only would block every run, or none."""
    expectations = json.loads((HOME / "expectations" / f"{key}.json").read_text())["expectations"]
    (canonical,) = [e for e in expectations if e["meta"]["name"] == "category_is_canonical"]
    assert set(canonical["kwargs"]["value_set"]) == CATALOGUE.categories
