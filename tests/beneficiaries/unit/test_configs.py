"""The stewards' files of beneficiaries hold together as they are shipped.

What contradicts itself is refused while loading, and `tests/unit` sees that refused; here is what only the shipped files
can show.
"""

import json

import pytest

from carbon_assets.base.configs import load_csv
from carbon_assets.beneficiaries import check, tables
from carbon_assets.beneficiaries.patterns import load_phrases
from carbon_assets.beneficiaries.reader import BeneficiaryReader
from carbon_assets.beneficiaries.text import flat
from tests.kit.building import faults_in
from tests.kit.project_tables import HOME

FOLDER = HOME / "configs" / "beneficiaries"
READER = BeneficiaryReader(HOME / "configs")
ALIASES = load_csv(FOLDER / "aliases.csv", ("alias", "canonical", "note"))
PLACEHOLDERS = load_csv(FOLDER / "placeholders.csv", ("text", "says", "note"))
INTERMEDIARIES = load_csv(FOLDER / "intermediaries.csv", ("name", "note"))
MAX_LETTERS_OF_ALIAS = 90
MAX_WORDS_OF_ALIAS = 12
"""What is longer is a note."""


def test_the_files_contradict_neither_themselves_nor_each_other():
    assert faults_in(HOME / "configs", check) == []


def test_the_folder_of_histories_is_there_and_ships_none():
    """The curators' own; without the folder a steward would not know where they go."""
    assert (FOLDER / "operations").is_dir()
    assert tables.load_operations(HOME / "configs") == []
    assert [path for path in (FOLDER / "operations").iterdir() if not path.name.startswith(".")] == []


def test_no_file_is_empty():
    assert min(len(rows) for rows in (ALIASES, PLACEHOLDERS, INTERMEDIARIES)) > 20


@pytest.mark.parametrize("column", ["alias", "canonical"])
def test_aliases_are_names_and_no_notes(column):
    """A whole note as an alias would be what was read off the data, and not knowledge of an entity."""
    texts = [row[column] for row in ALIASES]
    assert [text for text in texts if len(text) > MAX_LETTERS_OF_ALIAS or len(text.split()) > MAX_WORDS_OF_ALIAS] == []
    words_of_notes = ("behalf", "retire", "emission", "offset", "nombre de", "neutral ")
    assert [text for text in texts if any(word in flat(text) for word in words_of_notes)] == []


def test_a_canonical_name_is_its_own():
    """Else what a row is called would hang on which of two spellings it has."""
    assert {row["canonical"] for row in ALIASES if READER.canonical(row["canonical"]) != row["canonical"]} == set()


def test_an_alias_says_what_the_keys_alone_do_not():
    spare = [row["alias"] for row in ALIASES if READER.key(row["alias"]) == READER.key(row["canonical"])]
    assert len(spare) < len(ALIASES) / 2
    assert {READER.canonical(row["alias"]) for row in ALIASES} == {row["canonical"] for row in ALIASES}


def test_every_alias_names_its_entity_as_a_cell():
    """Unless it buys for others, which is no user."""
    users = [row for row in ALIASES if not READER.is_intermediary(row["alias"])]
    read = {row["alias"]: READER.read(None, row["alias"], None, None) for row in users}
    entities = {alias: [READER.canonical(name) for name in reading.names] for alias, reading in read.items()}
    assert entities == {row["alias"]: [row["canonical"]] for row in users}


def test_placeholders_name_nobody():
    read = {row["text"]: READER.read(None, row["text"], None, None).names for row in PLACEHOLDERS}
    assert read == dict.fromkeys(read, ())


@pytest.mark.parametrize(
    "text", ["N/A", "n.a.", "-", "Not public", "Not Disclosed", "Anonymous", "Environmental Benefit"]
)
def test_what_registries_write_for_nobody_is_known(text):
    assert READER.is_placeholder(text)


def test_no_entity_is_a_placeholder():
    assert [row["canonical"] for row in ALIASES if READER.is_placeholder(row["canonical"])] == []


# --- what the gates repeat ------------------------------------------------------------------------------------------


def least(key: str, name: str) -> float:
    """The least value that an expectation lets through."""
    expectations = json.loads((HOME / "expectations" / f"{key}.json").read_text())["expectations"]
    (found,) = [e for e in expectations if e["meta"]["name"] == name]
    return found["kwargs"]["min_value"]


def test_the_gates_let_through_what_the_phrases_and_the_likeness_give():
    """A phrase that is less sure would block every run in which it finds a name."""
    phrases = load_phrases(FOLDER)
    assert min(phrase.confidence for phrase in phrases) >= least(
        "harmonized/beneficiaries", "confidence_is_high_enough"
    )
    likeness = least("harmonized/beneficiary_candidates", "score_is_high_enough")
    assert likeness <= tables.MIN_LIKENESS / 100
