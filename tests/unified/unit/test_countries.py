"""`Countries`: codes before names, names before nothing, and nothing where a text names no single country."""

from pathlib import Path

import pytest

from carbon_assets.base.vocab import Vocabulary
from carbon_assets.unified.countries import Countries, Country
from tests.kit.building import CONFIGS


@pytest.fixture(scope="module")
def shipped() -> Countries:
    return Countries(Vocabulary(CONFIGS / "vocab" / "country"), Vocabulary(CONFIGS / "vocab" / "country_name"))


def vocabulary(path: Path, *lines: str) -> Vocabulary:
    path.write_text("\n".join(["raw,canonical,note", *lines, ""]))
    return Vocabulary(path.with_suffix(""))


@pytest.mark.parametrize(
    ("code", "iso3"), [("BR", "BRA"), ("BRA", "BRA"), ("NA", "NAM"), ("NAM", "NAM"), (" IN ", "IND"), ("GB", "GBR")]
)
def test_a_code_is_a_country(shipped, code, iso3):
    assert shipped.resolve(code, None).iso3 == iso3
    assert shipped.resolve(None, code).iso3 == iso3


def test_a_code_counts_before_a_name(shipped):
    assert shipped.resolve("BR", "Peru") == Country("Brazil", "BRA")


@pytest.mark.parametrize("code", ["", " ", None, "QQ", "ZZZ", "n/a", "br1"])
def test_a_name_counts_where_the_code_says_nothing(shipped, code):
    assert shipped.resolve(code, "Peru") == Country("Peru", "PER")


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("Brazil", Country("Brazil", "BRA")),
        ("BRAZIL", Country("Brazil", "BRA")),
        ("PERU", Country("Peru", "PER")),
        ("UNITED STATES", Country("United States", "USA")),
        ("United States of America", Country("United States", "USA")),
        ("CHAD", Country("Chad", "TCD")),
        ("Viet Nam", Country("Vietnam", "VNM")),
        ("Republic of Korea", Country("South Korea", "KOR")),
        ("Guinea-Bissau", Country("Guinea-Bissau", "GNB")),
        ("Niger", Country("Niger", "NER")),
        ("Nigeria", Country("Nigeria", "NGA")),
    ],
)
def test_a_name_is_a_country_however_it_is_written(shipped, name, country):
    assert shipped.resolve(None, name) == country


@pytest.mark.parametrize(
    ("code", "name"),
    [("CIV", "Cote d'Ivoire"), ("CZE", "Czech Republic"), ("REU", "Reunion"), ("KGZ", "Kyrgyz Republic")],
)
def test_names_that_readers_filter_by_are_kept(shipped, code, name):
    assert shipped.resolve(code, None) == Country(name, code)


@pytest.mark.parametrize("name", ["Côte d'Ivoire", "Ivory Coast"])
def test_a_kept_name_does_not_depend_on_how_the_country_was_found(shipped, name):
    assert shipped.resolve(None, name) == Country("Cote d'Ivoire", "CIV")


@pytest.mark.parametrize(
    ("name", "iso3"),
    [
        ("Tanzania United Republic of", "TZA"),
        ("TANZANIA UNITED REPUBLIC OF", "TZA"),
        ("Congo the Democratic Republic of the", "COD"),
        ("Bolivia Plurinational State of", "BOL"),
    ],
)
def test_shipped_fixes_hold(shipped, name, iso3):
    assert shipped.resolve(None, name).iso3 == iso3


def test_a_fix_counts_before_the_library(tmp_path):
    fixes = vocabulary(tmp_path / "fixes.csv", "Brazil,Peru,", "The Land of Test,Chad,")
    countries = Countries(fixes, vocabulary(tmp_path / "names.csv", "TCD,Tchad,"))
    assert countries.resolve(None, "brazil") == Country("Peru", "PER")
    assert countries.resolve(None, "the land of test") == Country("Tchad", "TCD")


@pytest.mark.parametrize(
    "text", ["Atlantis", "not found", "International", "Worldwide", "Brazil and Peru", "India; Nepal", "xx", "-", "??"]
)
def test_a_text_that_names_no_single_country_is_unknown(shipped, text):
    assert shipped.resolve(None, text) is None


@pytest.mark.parametrize("code", [None, "", " "])
@pytest.mark.parametrize("name", [None, "", " "])
def test_blanks_are_no_country(shipped, code, name):
    assert shipped.resolve(code, name) is None


def test_records_keep_what_was_asked(shipped):
    assert shipped.resolve_all([("PE", None), (None, "Atlantis")]) == [
        {"code": "PE", "name": None, "country": "Peru", "iso3": "PER"},
        {"code": None, "name": "Atlantis", "country": None, "iso3": None},
    ]
