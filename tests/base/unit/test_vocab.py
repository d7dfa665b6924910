"""Vocabularies: which differences between words count, and which files are refused."""

from pathlib import Path

import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.base.lists import word_key
from carbon_assets.base.vocab import Vocabulary
from tests.kit.building import CONFIGS

SHIPPED = sorted((CONFIGS / "vocab").iterdir())


def vocabulary(folder: Path, *lines: str) -> Vocabulary:
    (folder / "words.csv").write_text("\n".join(["raw,canonical,note", *lines, ""]))
    return Vocabulary(folder / "words")


@pytest.mark.parametrize(
    ("word", "twin"),
    [
        ("Under validation", "UNDER VALIDATION"),
        ("GOLD_STANDARD_CERTIFIED_PROJECT", "Gold Standard  Certified Project"),
        ("Late to verify – pending", "late to verify - pending"),
        ("Late to verify — pending", "late to verify - pending"),
        ("Owner’s request", "owner's request"),
        ("  Listed\u00a0", "listed"),
        ("ＬＩＳＴＥＤ", "listed"),
        ("Straße", "STRASSE"),
    ],
)
def test_differences_without_meaning_do_not_count(word, twin):
    assert word_key(word) == word_key(twin)


@pytest.mark.parametrize(("word", "other"), [("Listed", "List"), ("A-B", "A B"), ("on hold", "onhold"), ("a", "á")])
def test_other_differences_count(word, other):
    assert word_key(word) != word_key(other)


def test_a_word_is_found_however_it_is_written(tmp_path):
    words = vocabulary(tmp_path, "Under validation,listed,", "On Hold – withdrawn,completed,why")
    assert words["UNDER_VALIDATION"] == "listed"
    assert words["on hold - Withdrawn"] == "completed"
    assert "under  Validation" in words
    assert "under verification" not in words
    assert words.get("under verification") is None
    assert len(words) == 2


def test_one_word_with_two_meanings_is_refused_with_both_lines(tmp_path):
    with pytest.raises(ConfigError, match=r"words\.csv, line 4: 'UNDER_VALIDATION' stands in line 2 already"):
        vocabulary(tmp_path, "Under validation,listed,", "Listed,listed,", "UNDER_VALIDATION,registered,")


@pytest.mark.parametrize("line", [",listed,", "Listed,,", " ,listed,"])
def test_a_word_without_a_meaning_or_a_meaning_without_a_word_is_refused(tmp_path, line):
    with pytest.raises(ConfigError, match=r"words\.csv, line 3: needs both"):
        vocabulary(tmp_path, "Registered,registered,", line)


def test_there_are_vocabularies():
    assert {path.stem for path in SHIPPED} >= {"status", "label", "country", "country_name"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_vocabulary_gives_each_word_one_meaning(path):
    header = next(path.glob("*.csv")).read_text().splitlines()[0].split(",")
    words = Vocabulary(path, more=tuple(header[2:-1]))
    assert len(words) > 0
    assert all(words[word].strip() for word in words)
