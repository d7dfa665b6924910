"""Which differences between texts that name protocols carry no meaning: characters, versions, the ends of titles."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_assets.protocols.reading_rules import load_reading_rules
from carbon_assets.protocols.text import TitleKeys, Versions, clean, squeeze, words_of
from tests.kit.places import CONFIGS

RULES = load_reading_rules(CONFIGS)
BOILERPLATE = RULES.words.boilerplate
MIN_LETTERS_OF_KEY = RULES.thresholds.min_letters_of_key
VERSIONS = Versions(RULES.words)
KEYS = TitleKeys(["Gold Standard", "GS", "The Gold Standard", "Climate Action Reserve", "CAR"], RULES)
ODD = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" \u00a0\u200b–—“”&._-vV2İßﬁ²½Ａ０")), max_size=60)


# --- characters -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("ACM0002", "ACM0002"),
        ("  a \t b\u00a0\u202fc\u3000d ", "a b c d"),
        ("a‐b‑c‒d–e—f―g−h﹣i_j", "a-b-c-d-e-f-g-h-i-j"),
        ('“a” ‘b’ „c‟ «d» ‹e› `f` g′ h″ "i" j\'s', "a b c d e f g h i j s"),
        ("ACM0002&v20", "ACM0002 & v20"),
        ("ＡＣＭ０００２ － Ｖ２", "ACM0002 - V2"),
        ("zero\u200bwidth\ufeff soft\u00adhyphen", "zerowidth softhyphen"),
        ("\x00A\x01B\x1bC\x7f", "ABC"),
        ("a\x0bb\x0cc\nd\re", "a b c d e"),
        ("é😀", "é😀"),
        ("", ""),
        ("\u00a0\u200b \x00", ""),
    ],
)
def test_each_character_is_written_one_way(text, cleaned):
    assert clean(text) == cleaned


@given(text=ODD)
def test_a_cleaned_text_has_no_odd_characters(text):
    cleaned = clean(text)
    assert cleaned == " ".join(cleaned.split())
    assert not any(unicodedata.category(c)[0] == "C" for c in cleaned)
    assert not set(cleaned) & set("–—“”‘’\"'_\u00a0")


@given(text=ODD)
def test_what_is_clean_stays_so(text):
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "squeezed"),
    [
        ("Grid-connected (v. 2)", "gridconnectedv2"),
        ("Secondary & Tertiary", "secondaryandtertiary"),
        ("N₂O – Métodología", "n2ometodologia"),
        ("STRASSE Straße", "strassestrasse"),
        ("!?", ""),
        ("", ""),
    ],
)
def test_only_letters_and_digits_are_kept(text, squeezed):
    assert squeeze(text) == squeezed


@given(text=st.text(alphabet="abcXYZ 09-–&().é", max_size=30))
def test_squeezing_ignores_case_and_what_separates(text):
    assert squeeze(text.upper()) == squeeze(text) == squeeze(f" {text} – ")
    assert squeeze(squeeze(text)) == squeeze(text)


def test_words_are_squeezed_one_by_one():
    assert words_of("REDD+ Grid-connected – N₂O, A&B x_y (z)") == [
        "redd",
        "grid",
        "connected",
        "n2o",
        "aandb",
        "x",
        "y",
        "z",
    ]
    assert words_of(" – ") == []


# --- versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("ACM0002 v21.0", "21.0"),
        ("ACM0002 V21", "21"),
        ("ACM0002 (Version 21.0)", "21.0"),
        ("ACM0002 version21.0", "21.0"),
        ("ACM0002, Version-20.0", "20.0"),
        ("ACM0002 ver.20", "20"),
        ("ACM0002 ver: 21.0", "21.0"),
        ("ACM0002 Vers. 3", "3"),
        ("title Versions 2", "2"),
        ("title rev 4", "4"),
        ("title Revision 4.1", "4.1"),
        ("Version 03.0", "3.0"),
        ("Version 0003", "3"),
        ("Version 20.03", "20.03"),
        ("Version 00", "0"),
        ("v 1 . 2 . 3", "1.2.3"),
        ("v1.2, later v3", "1.2"),
        ("ACM0002v20", "20"),
        ("TPDDTECv3.1", "3.1"),
        ("TPDDTECv.2.", "2"),
        ("TPDDTECV03", "3"),
    ],
)
def test_a_version_is_read_however_it_is_written(text, version):
    assert VERSIONS.first(text) == version


@pytest.mark.parametrize(
    "text",
    ["ACM0002", "ACM0002 21.0", "Version", "version; 2", "driver 5", "Vietnam 2", "revisited 3", "v2b", "VM0042",
     "TPDDTECv3 first", "five 5", "Version of the year 2", ""],
)  # fmt: skip
def test_what_names_no_version_has_none(text):
    assert VERSIONS.first(text) is None
    assert VERSIONS.without(text) == text


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("title, v2.0 more", "title, more"),
        ("v1 title Version 03.", "title"),
        ("TPDDTECv3.1", "TPDDTEC"),
        ("a v1; b rev. 2", "a ; b"),
    ],
)
def test_versions_are_taken_out(text, rest):
    assert clean(VERSIONS.without(text)) == rest


@given(number=st.integers(0, 9999), minor=st.none() | st.integers(0, 999), zeros=st.integers(0, 2))
def test_leading_zeros_of_a_version_do_not_count(number, minor, zeros):
    plain = f"{number}" if minor is None else f"{number}.{minor}"
    padded = f"{'0' * min(zeros, 4 - len(str(number)))}{plain}"
    assert VERSIONS.first(f"title, version {padded}") == plain


# --- keys of titles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Efficient Cookstoves of Kenya",
        "EFFICIENT COOKSTOVES OF KENYA",
        "efficient-cookstoves, of Kenya",
        "Gold Standard Efficient Cookstoves of Kenya",
        "The Gold Standard: Efficient Cookstoves of Kenya",
        "Efficient Cookstoves of Kenya (GS)",
        "GS – Efficient Cookstoves of Kenya, Climate Action Reserve",
        "Efficient Cookstoves of Kenya, Version 2.0",
        "Methodology for Efficient Cookstoves of Kenya",
        "Approved Consolidated Baseline and Monitoring Methodology for Efficient Cookstoves of Kenya",
        "Quantification of GHG Emission Reductions through Efficient Cookstoves of Kenya Project Protocol",
        "Large-scale Methodology: Efficient Cookstoves of Kenya",
        "MethodologyEfficient Cookstoves of Kenya",
        "Efficient Cookstoves of KenyaProtocol",
    ],
)
def test_what_stands_at_the_ends_of_a_title_does_not_count(text):
    assert "efficientcookstovesofkenya" in KEYS.variants(clean(text))


def test_what_stands_within_a_title_counts():
    assert KEYS("Cookstoves Methodology of Kenya") != KEYS("Cookstoves of Kenya")
    assert KEYS("Cookstoves Gold Standard in Kenya") != KEYS("Cookstoves in Kenya")


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Forest Project Protocol", "forestproject"),  # "forest" would be a word of many titles
        ("Landfill Gases Protocol", "landfillgases"),
        ("Landfill Gas Protocol", "landfillgasprotocol"),
        ("Methodology", "methodology"),
    ],
)
def test_boilerplate_stays_where_too_little_would_be_left(title, key):
    assert KEYS(title) == key
    assert len(key) >= MIN_LETTERS_OF_KEY or key == squeeze(title)


def test_the_name_of_a_programme_alone_is_kept():
    assert KEYS("Gold Standard") == "goldstandard"
    assert KEYS("GS") == "gs"


def test_the_longest_name_is_taken_first():
    assert TitleKeys(["Gold", "Gold Standard"], RULES)("Gold Standard Cookers") == "cookers"


def test_a_text_without_letters_has_no_key():
    assert KEYS("– ; !") == ""
    assert KEYS("") == ""


def test_variants_drop_what_stands_in_brackets():
    assert "reducedemissionscooking" in KEYS.variants("Reduced Emissions (RECH) Cooking")
    assert "reducedemissionscooking" in KEYS.variants("Reduced Emissions [RECH] Cooking")
    assert "reducedemissionscooking" not in KEYS.variants("Reduced Emissions RECH Cooking")


def test_too_short_a_rest_beside_brackets_is_no_variant():
    assert "wash" not in KEYS.variants("WASH (Water, Sanitation and Hygiene)")


def test_a_name_that_lost_its_blank_is_dropped():
    assert "tpddtec" in KEYS.variants("GSTPDDTEC")
    assert "tpddtec" in KEYS.variants("Gold StandardTPDDTEC")
    assert "abcde" not in KEYS.variants("GSABCDE"), "of so few letters none can be missed"


def test_the_likeliest_variant_comes_first_and_none_twice():
    variants = KEYS.variants("GS Methodology for Efficient Cookstoves (SMEC)")
    assert variants[0] == "efficientcookstovessmec"
    assert len(variants) == len(set(variants))
    assert squeeze("GS Methodology for Efficient Cookstoves (SMEC)") in variants


@settings(max_examples=200)
@given(
    before=st.lists(st.sampled_from([*BOILERPLATE, "GS", "Gold Standard"]), max_size=4),
    after=st.lists(st.sampled_from([*BOILERPLATE, "CAR"]), max_size=3),
)
def test_any_boilerplate_around_a_title_is_dropped(before, after):
    text = " ".join([*before, "Efficient Cookstoves", *after])
    assert KEYS(text) == "efficientcookstoves"


@given(text=ODD)
def test_keys_hold_but_letters_and_digits(text):
    for key in [KEYS(clean(text)), *KEYS.variants(clean(text))]:
        assert all(c.isalnum() for c in key)
        # The folded form of a Cherokee letter is its capital.
        assert key == key.casefold()
