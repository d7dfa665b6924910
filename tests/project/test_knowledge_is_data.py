"""Words of human languages and thresholds stand in `configs/`, not in the modules that read methodology texts, class changes,
match conversions, hold files back, and place polygons. Beneficiaries have a test of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from carbon_assets.history.classes import load_classes
from carbon_assets.integrity import conversions
from carbon_assets.registries.description import load_registries
from tests.kit.places import CONFIGS, HOME

PROTOCOLS = ("protocols/titles.py", "protocols/codes.py", "protocols/text.py", "protocols/reader.py")
OTHERS = (
    "history/classes.py", "history/differences.py", "history/pairing.py", "integrity/double_counting.py",
    "registries/release_gate.py", "registries/drift.py", "geo/places.py",
)  # fmt: skip
NUMBERS = {
    ("protocols/codes.py", 4): "digits of a code with digits",
    ("protocols/titles.py", 3): "decimals of a confidence",
    ("protocols/titles.py", 100): "a likeness in percent is divided by",
    ("protocols/titles.py", 1024): "texts remembered",
    ("protocols/text.py", 20_000): "texts remembered",
    ("history/pairing.py", 10_000): "pairs that fit into memory: beyond, the result is coarser, not another one",
    ("registries/drift.py", 5): "words shown in a message",
    ("registries/drift.py", 60): "letters of a word shown in a message",
    ("registries/drift.py", 100): "the likeness that the library gives to equals",
    ("geo/places.py", 4): "segments of a quarter circle",
}
"""Numbers from 3 up, and fractions, that no steward decides: (module, number) -> what they are."""


def code_of(source: str) -> list[ast.AST]:
    """All nodes of a module but its docstrings, messages of errors, limits of models and whole SQL statements."""
    tree = ast.parse(source)
    apart: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_field = isinstance(node, ast.Call) and ast.unparse(node.func) == "Field"
        if is_text or is_field or isinstance(node, ast.Raise):
            apart |= set(ast.walk(node))
    return [node for node in ast.walk(tree) if node not in apart]


def thresholds_in(source: str) -> Iterator[float]:
    """The numbers in a module that could be a steward's: fractions, and whole ones from 3 up."""
    for node in code_of(source):
        is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if is_number and (node.value >= 3 or node.value != int(node.value)):
            yield node.value


def texts_in(source: str) -> Iterator[str]:
    for node in code_of(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def words_of_expressions_in(source: str) -> Iterator[str]:
    """The words of three letters and more that regular expressions of a module hold; names of groups are none."""
    for node in code_of(source):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args:
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    plain = re.sub(r"\?P<\w+>|\\.", " ", part.value)
                    yield from re.findall(r"(?<![\w\[-])[a-zA-Z]{3,}", plain)


def words_of_reading() -> set[str]:
    """The words by which methodology texts are read, of three letters and more."""

    def flat(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (word for name, child in node.items() if name != "distinctions" for word in flat(child))
        elif isinstance(node, list):
            yield from (word for child in node for word in flat(child))
        else:
            yield str(node).casefold()

    words = flat(yaml.safe_load((CONFIGS / "protocols" / "reading" / "words.yml").read_text(encoding="utf-8")))
    return {word for word in words if len(word) > 2}


def source_of(module: str) -> str:
    return (HOME / "carbon_assets" / module).read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [*PROTOCOLS, *OTHERS])
def test_no_threshold_stands_in_the_code(module):
    assert {number for number in thresholds_in(source_of(module)) if (module, number) not in NUMBERS} == set()


def test_every_number_that_is_excused_is_there():
    assert {key for key in NUMBERS if key[1] not in set(thresholds_in(source_of(key[0])))} == set()


@pytest.mark.parametrize("module", PROTOCOLS)
def test_no_word_of_a_language_stands_in_what_reads_methodology_texts(module):
    allowed = {
        "protocols/text.py": {"and"},  # what the sign & is read as
        "protocols/codes.py": {"acm", "ams", "small", "verra"},  # families of codes, which are the grammar itself
    }.get(module, set())
    names = {"version", "code"}  # of groups and fields
    source, words = source_of(module), words_of_reading() - names - allowed
    assert {text for text in texts_in(source) if text.casefold() in words} == set()
    assert set(words_of_expressions_in(source)) - {"III"} == set(), "roman numerals are no words"


@pytest.mark.parametrize("module", ["history/classes.py", "history/differences.py"])
def test_no_status_stands_in_what_classes_changes(module):
    statuses = load_classes(CONFIGS).statuses
    assert [text for text in texts_in(source_of(module)) if re.search(rf"\b({'|'.join(statuses)})\b", text)] == []


def test_no_text_of_a_conversion_stands_in_what_matches_them():
    rows = conversions.load(CONFIGS, load_registries(CONFIGS))
    modules = ("conversions", "double_counting", "replaced_at_host")
    texts = [text for module in modules for text in texts_in(source_of(f"integrity/{module}.py"))]
    assert len(rows) > 3
    assert [row["text"] for row in rows if any(row["text"] in text for text in texts)] == []


@pytest.mark.parametrize("source", ["DAYS_TO_FOLLOW = 30", "x = score >= 0.85", "def f(a=20_000): ...", "y = 1.15 * z"])
def test_a_threshold_in_code_is_seen(source):
    assert list(thresholds_in(source))


@pytest.mark.parametrize(
    "source", ['"""Of 3 things."""', "x: float = Field(ge=0.5)", "a = 2 * b + 1", "c = 1.0", "d = True"]
)
def test_what_is_no_threshold_is_none(source):
    assert list(thresholds_in(source)) == []


@pytest.mark.parametrize(
    "source", ['X = re.compile(r"(?:and|or)")', 're.sub("Januar|May", "", t)', 're.split(rf"{y}und", t)']
)
def test_a_word_in_an_expression_is_seen(source):
    assert list(words_of_expressions_in(source))


def test_a_group_or_a_class_of_letters_is_no_word():
    assert list(words_of_expressions_in(r'X = re.compile(r"(?P<number>[a-z]{2})\bABs?")')) in ([], ["ABs"])
    assert "january" in words_of_reading() and "methodology" in words_of_reading()
