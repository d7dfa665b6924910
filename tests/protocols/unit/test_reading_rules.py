"""The words and thresholds by which methodology texts are read are data: each is used, and a file that is none is refused."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from carbon_assets.base.configs import ConfigError
from carbon_assets.protocols.catalogue import Catalogue, Program, Protocol
from carbon_assets.protocols.codes import CodeGrammar
from carbon_assets.protocols.reader import ProtocolReader
from carbon_assets.protocols.reading_rules import ReadingRules, any_of, load_reading_rules
from carbon_assets.protocols.text import TitleKeys, Versions
from tests.kit.places import CONFIGS

SHIPPED = load_reading_rules(CONFIGS)


def with_words(**changes: object) -> ReadingRules:
    return dataclasses.replace(SHIPPED, words=SHIPPED.words.model_copy(update=changes))


def with_thresholds(**changes: object) -> ReadingRules:
    return dataclasses.replace(SHIPPED, thresholds=SHIPPED.thresholds.model_copy(update=changes))


def reader(rules: ReadingRules, *titles: str) -> ProtocolReader:
    programs = {"one": Program("one", "Programme One", "first", False, ("Programme One",))}
    protocols = {f"p{n}": Protocol(id=f"p{n}", program="one", title=title) for n, title in enumerate(titles, 1)}
    return ProtocolReader(Catalogue(protocols, programs, {}, frozenset(), rules), {}, {"first": "p1"})


# --- words ----------------------------------------------------------------------------------------------------------


def test_a_word_of_versions_in_another_language_is_read_once_it_is_listed():
    assert Versions(SHIPPED.words).first("Karotten, Fassung 3") is None
    assert Versions(with_words(version=("Fassung",)).words).first("Karotten, Fassung 03") == "3"


def test_months_make_versions_of_dates():
    assert Versions(SHIPPED.words).first("of October 20, 2011") == "October 20, 2011"
    assert Versions(with_words(months=("Oktober",)).words).first("of October 20, 2011") is None


def test_boilerplate_is_dropped_once_it_is_listed():
    assert TitleKeys([], SHIPPED)("Verfahren Purple Carrots") == "verfahrenpurplecarrots"
    listed = with_words(boilerplate=(*SHIPPED.words.boilerplate, "verfahren"))
    assert TitleKeys([], listed)("Verfahren Purple Carrots") == "purplecarrots"


def test_joining_words_part_two_titles():
    text = "Purple Carrots of Kenya und Windmills of the Mind"
    titles = ("Purple Carrots of Kenya", "Windmills of the Mind")
    assert reader(SHIPPED, *titles).read(text).ids == ()
    assert reader(with_words(joining=("und",)), *titles).read(text).ids == ("p1", "p2")


def test_a_negation_is_no_slip_once_it_is_listed():
    titles, text = ("Burning of Renewable Sugar Cane",), "Burning of Misrenewable Sugar Cane"
    assert reader(with_words(negations=("mis",)), *titles).read(text).ids == ()
    assert reader(with_words(negations=("un",)), *titles).read("Burning of Norenewable Sugar Cane").ids == ("p1",)


def test_a_distinction_is_no_slip_once_it_is_listed():
    title, text = "Capture of Landfill Gas in Peru", "Capture of Landfill Gas in Perus"
    assert reader(SHIPPED, title).read(text).ids == ("p1",)
    assert reader(with_words(distinctions={"peru": r"\bperu\b"}), title).read(text).ids == ()


def test_words_before_a_code_may_have_lost_their_blank_once_they_are_listed():
    def ids(words: object) -> list[str]:
        return [code.id for code in CodeGrammar(words, {"acm0002"}).find("methodeacm0002")]

    listed = SHIPPED.words.codes.model_copy(update={"glued_before": ("methode",)})
    assert (ids(SHIPPED.words), ids(with_words(codes=listed).words)) == ([], ["acm0002"])


# --- thresholds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "slips"), [(1, 0), (6, 0), (7, 1), (15, 1), (16, 2), (29, 2), (30, 3), (99, 7), (100, 8), (1000, 8)]
)
def test_slips_grow_with_the_letters(letters, slips):
    assert SHIPPED.thresholds.slips(letters) == slips


def test_below_the_confidence_nothing_is_found():
    title, text = "Purple Carrots of Kenya", "Purple Carots of Kenia"
    found = reader(SHIPPED, title).read(text)
    assert found.ids == ("p1",)
    assert reader(with_thresholds(min_confidence=found.confidence + 0.01), title).read(text).ids == ()


def test_a_default_is_as_sure_as_the_file_says():
    assert reader(with_thresholds(confidence_in_default=0.5), "Purple Carrots").read("", "first").confidence == 0.5


def test_longer_texts_are_not_read():
    assert reader(SHIPPED, "Purple Carrots").read("Purple Carrots").ids == ("p1",)
    assert reader(with_thresholds(max_letters_of_text=5), "Purple Carrots").read("Purple Carrots").ids == ()


# --- the files ------------------------------------------------------------------------------------------------------


def write(folder, name: str, changes: dict):
    """A configs folder with the shipped rules, some entries of a file changed."""
    reading = folder / "protocols" / "reading"
    reading.mkdir(parents=True)
    for file in ("words.yml", "thresholds.yml"):
        data = yaml.safe_load((CONFIGS / "protocols" / "reading" / file).read_text())
        (reading / file).write_text(yaml.safe_dump(data | (changes if file == name else {})))
    return folder


@pytest.mark.parametrize(
    ("file", "changes", "complaint"),
    [
        ("words.yml", {"distinctions": {"x": "("}}, "no regular expression"),
        ("words.yml", {"months": []}, "months"),
        ("words.yml", {"moths": ["May"]}, "moths"),
        ("thresholds.yml", {"min_confidence": 1.5}, "min_confidence"),
        ("thresholds.yml", {"max_pieces": 0}, "max_pieces"),
        ("thresholds.yml", {"max_pices": 3}, "max_pices"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_name_and_entry(tmp_path, file, changes, complaint):
    with pytest.raises(ConfigError, match=rf"{file}.*{complaint}"):
        load_reading_rules(write(tmp_path, file, changes))


def test_the_shipped_words_are_as_written_here(tmp_path):
    assert load_reading_rules(write(tmp_path, "", {})) == SHIPPED


def test_the_longest_of_some_words_is_tried_first():
    assert any_of(["v", "version", "v.", "ver"]).split("|") == ["version", "ver", r"v\.", "v"]
