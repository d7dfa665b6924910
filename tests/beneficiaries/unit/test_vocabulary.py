"""The stewards' words, phrases and limits: several files are one list, contradictions are refused, and a word takes effect
without a line of code."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from carbon_assets import beneficiaries
from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries.reader import BeneficiaryReader
from carbon_assets.beneficiaries.vocabulary import load_vocabulary
from carbon_assets.beneficiaries.words import EXCLUSIVE_LISTS, Words
from tests.kit.building import CONFIGS


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    shutil.copytree(CONFIGS / "beneficiaries", tmp_path / "beneficiaries")
    return tmp_path


def write(configs: Path, name: str, text: str) -> None:
    path = configs / "beneficiaries" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def replace(configs: Path, name: str, old: str, new: str) -> None:
    path = configs / "beneficiaries" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- what a steward adds takes effect


def test_a_word_in_a_file_of_its_own_takes_effect(configs):
    cell = ("", "SOLMAR FOODS TILLSAMMANS MED LUNA DRINKS", "", "")
    assert BeneficiaryReader(configs).read(*cell).names != ()
    write(configs, "words/swedish.yml", "partner_joints: {sv: [tillsammans med]}\n")
    assert BeneficiaryReader(configs).read(*cell).names == ()


def test_a_word_for_customers_takes_effect(configs):
    note = ("", "", "Retired on behalf of Solmar kunder", "")
    assert BeneficiaryReader(configs).read(*note).names != ()
    write(configs, "words/swedish.yml", "crowds: {sv: [kunder]}\n")
    assert BeneficiaryReader(configs).read(*note).names == ()


def test_a_phrase_of_another_language_takes_effect(configs):
    note = ("", "", "Annullert på vegne av Solmar Foods for 2024", "")
    assert BeneficiaryReader(configs).read(*note).names == ()
    write(configs, "patterns/norwegian.yml", "behalf: {nb: [på vegne av]}\n")
    assert BeneficiaryReader(configs).read(*note).names == ("Solmar Foods",)


def test_a_limit_takes_effect(configs):
    cell = ("", "Solmar Foods", "", "")
    replace(configs, "limits.yml", "confidence_of_cell: 0.97", "confidence_of_cell: 0.9")
    assert BeneficiaryReader(configs).read(*cell).confidence == 0.9
    replace(configs, "limits.yml", "max_words_of_name: 18", "max_words_of_name: 1")
    assert BeneficiaryReader(configs).read(*cell).names == ()


def test_files_of_one_list_are_joined_and_may_repeat_each_other(configs):
    before = load_vocabulary(configs / "beneficiaries").words.titles
    write(configs, "words/swedish.yml", "titles: {sv: [herr, fru]}\n")
    assert load_vocabulary(configs / "beneficiaries").words.titles == (*before, "fru")


def test_signs_in_words_stand_for_numbers_and_gaps(configs):
    write(configs, "words/swedish.yml", "others: {sv: ['och # andra', och ... andra bolag]}\n")
    reader = BeneficiaryReader(configs)
    for cell in ("Solmar Foods och 12 andra", "Solmar Foods och tre helt andra bolag"):
        reading = reader.read("", cell, "", "")
        assert (reading.names, reading.has_others) == (("Solmar Foods",), True)


# --- what is refused


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("titels: {sv: [fru]}\n", r"line 1: titels: .*known"),
        ("titles: [fru]\n", r"line 1: titles: "),
        ("titles: {swedish: [fru]}\n", r"line 1: titles\.swedish: is no language"),
        ("titles: {sv: ['']}\n", r"line 1: titles\.sv\.1: is blank"),
        ("titles:\n  sv: [fru,\n    fru]\n", r"line 3: 'fru' stands .* in .*swedish\.yml, line 2"),
        ("titles: {sv: [fru]}\ntitles: {sv: [herr]}\n", r"line 2: titles is given twice"),
    ],
)
def test_a_faulty_file_of_words_is_refused_with_its_line(configs, text, fault):
    write(configs, "words/swedish.yml", text)
    with pytest.raises(ConfigError, match=r"swedish\.yml, " + fault):
        BeneficiaryReader(configs)


@pytest.mark.parametrize("lists", EXCLUSIVE_LISTS)
def test_a_word_with_two_meanings_is_refused_with_both_places(configs, lists):
    one, other = lists
    write(configs, "words/a.yml", f"# one\n{one}: {{sv: [Kärnord]}}\n")
    write(configs, "words/b.yml", f"{other}: {{sv: [karnord]}}\n")
    with pytest.raises(ConfigError, match=rf"a\.yml, line 2: 'Kärnord' .*{one}.*{other}.* in .*b\.yml, line 1;"):
        BeneficiaryReader(configs)


def test_a_list_that_no_file_has_is_refused(configs):
    replace(configs, "words/countries.yml", "countries:", "titles:")
    with pytest.raises(ConfigError, match=r"words: no file has the list 'countries'"):
        BeneficiaryReader(configs)


@pytest.mark.parametrize("name", ["leads", "crowds", "own"])
def test_a_list_of_words_at_its_old_place_is_refused_with_the_new_one(configs, name):
    replace(configs, "patterns.yml", "phrases:", f"{name}: [foo]\nphrases:")
    with pytest.raises(ConfigError, match=rf"patterns\.yml, line \d+: the list '{name}' .*beneficiaries.words"):
        BeneficiaryReader(configs)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "bahalf: {nb: [på vegne av]}\n",
            r"line 1: phrase 'bahalf' is not known; the nearest known is 'behalf': .*patterns\.yml",
        ),
        ("field: {nb: [på vegne av]}\nbehalf: {nb: [PA VEGNE AV]}\n", r"line 2: 'PA VEGNE AV' .* 'field' already, in "),
        ("retired for: {nb: [på vegne av, på vegne av]}\n", r"line 1: 'på vegne av' stands there"),
        ("retired for: {nb: [namens]}\n", r"line 1: 'namens' .* 'behalf' already, in .*patterns\.yml, line \d+"),
    ],
)
def test_words_that_lead_to_two_phrases_are_refused_with_both_places(configs, text, fault):
    write(configs, "patterns/norwegian.yml", text)
    with pytest.raises(ConfigError, match=r"norwegian\.yml, " + fault):
        BeneficiaryReader(configs)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("max_words_of_name: 18", "max_words_of_name: 0", r"line \d+: max_words_of_name"),
        ("confidence_of_cell: 0.97", "confidence_of_cell: 97", r"line \d+: confidence_of_cell"),
        ("confidence_of_cell: 0.97", "confidence: 0.97", r"line \d+: confidence: .*known"),
    ],
)
def test_faulty_limits_are_refused_with_their_line(configs, old, new, fault):
    replace(configs, "limits.yml", old, new)
    with pytest.raises(ConfigError, match=r"limits\.yml.*" + fault):
        BeneficiaryReader(configs)


# --- knowledge stays out of the code

MODULES = sorted(Path(beneficiaries.__file__).parent.glob("*.py"))
TELL_TALE = re.compile(
    r"\b(?:behalf|customers?|emissions?|offsets?|subsidiar\w+|university|january|trustee|ltd|gmbh|s\.a\."  # English
    r"|para|nombre|clientes?|empresa|emisiones|enero|ejido|huella"  # Spanish
    r"|nome|emissoes|janeiro|projeto|pegada|ltda"  # Portuguese
    r"|und|f[uü]r|kunden?|januar|auftrag|herr|frau|klimaneutral\w*"  # German
    r"|pour|avec|compte|janvier|filiales|soci[eé]t[eé]"  # French
    r"|conto|gennaio|della?|emissioni|nell"  # Italian
    r"|voor|namens|januari|klanten|uitstoot"  # Dutch
    r"|icin|adina|ve)\b",  # Turkish
    re.IGNORECASE,
)


def language_in(source: str) -> Iterator[str]:
    """The texts of a module that hold words of a language, messages and documentation apart: tell-tale words anywhere, and any
    word of three letters in a regular expression."""
    tree = ast.parse(source)
    apart: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            apart |= set(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in apart:
            if TELL_TALE.search(node.value):
                yield node.value
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "re.compile",
            "re.search",
            "re.match",
            "re.split",
        }:
            parts = (part for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))
            yield from (part.value for part in parts if re.search(r"(?<!\\)[^\W\d_]{3}", part.value))


def test_the_code_holds_no_words_of_a_language():
    assert len(MODULES) > 10
    faults = {path.name: list(language_in(path.read_text(encoding="utf-8"))) for path in MODULES}
    assert {name: texts for name, texts in faults.items() if texts} == {}


@pytest.mark.parametrize(
    "source",
    [
        'X = re.compile(r" (?:and|und) ")',
        'X = re.compile(rf"{Y} zusammen")',
        'X = frozenset({"of", "voor"})',
        'if word == "pour":\n    pass',
        'X = {"a": "Ltda"}',
    ],
)
def test_words_of_a_language_in_code_are_seen(source):
    assert list(language_in(source))


def test_every_list_is_read_by_the_code():
    attributes = {
        node.attr
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert set(Words.model_fields) - attributes == set()
