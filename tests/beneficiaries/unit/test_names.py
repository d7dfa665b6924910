"""What is shown of a name, and which spellings have one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.names import MAX_LETTERS_OF_KEY, LegalForms
from carbon_assets.beneficiaries.text import MAX_LETTERS_OF_TEXT, flat, tidy
from carbon_assets.beneficiaries.words import load_words
from tests.kit.building import CONFIGS

FOLDER = CONFIGS / "beneficiaries"
WORDS = load_words(FOLDER / "words")
KNOWLEDGE = Knowledge(FOLDER, WORDS)
FORMS = KNOWLEDGE.forms
display, key = KNOWLEDGE.display, KNOWLEDGE.key
NAMES = [
    "Hilti",
    "Eni Plenitude",
    "Österreichische Post",
    "Kuveyt Türk Katılım Bankası",
    "Bain & Company",
    "L'Oréal",
    "TIM",
    "阳光储能技术",
]


@pytest.mark.parametrize(
    ("spelling", "twin"),
    [
        ("Hilti", "Hilti Corporation"),
        ("Block", "Block, Inc."),
        ("The Boeing Company", "BOEING"),
        ("Eni Plenitude spa Società Benefit", "ENI PLENITUDE SPA SB"),
        ("Nespresso S. A.", "Nespresso S/A"),
        ("PETSTAR S.A.P.I. DE C.V.", "PetStar"),
        ("Guardian Industries VP, S. de R.L. de C.V.", "Guardian Industries VP"),
        ("Bischoff & Ditze Energy GmbH & Co.KG", "Bischoff und Ditze Energy".replace("und", "&")),
        ("Natura Cosméticos S/A", "NATURA COSMETICOS"),
        ("TERPEL S.A  NIT 830.095.213-0", "Terpel"),
        ("TIM S/A  (CNPJ: 02.421.421/0001-11)", "TIM"),
        ("ENGIE Energía Chile S.A RUT 88.006.900-4", "Engie Energia Chile"),
        ("Bain & Company", "Bain and Co."),
        ("Melissa & Doug, LLC", "Melissa and Doug"),
        ("Ben & Jerry’s", "Ben & Jerrys"),
        ("KUVEYT TÜRK KATILIM BANKASI A.Ş.", "Kuveyt Türk Katılım Bankası"),
        (
            "三明厦钨新能源材料有限公司（XTC New Energy Materials (Sanming) Co. LTD.）",
            "XTC New Energy Materials (Sanming)",
        ),
        ("Tribunal Regional Eleitoral do Tocantins (TRE-TO)", "Tribunal Regional Eleitoral do Tocantins"),
        ("PT Hunt Street", "Hunt Street"),
        ("Bayer AG 2024", "Bayer"),
        ("Lindblad Expeditions Family of Companies", "Lindblad Expeditions"),
        ("“Marsh”", "marsh"),
    ],
)
def test_spellings_of_one_entity_have_one_key(spelling, twin):
    assert key(spelling) == key(twin) != ""


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Shell", "Shell Energy"),
        ("Samsung", "Samsung (UK)"),
        ("Hörmann", "Hörmann Reisen"),
        ("GP-1", "GP-2"),
        ("Bain & Company", "Bain"),
    ],
)
def test_entities_stay_apart(name, other):
    assert key(name) != key(other)


@pytest.mark.parametrize("name", ["SA", "Inc.", "Company", "The", "AG"])
def test_a_name_that_is_only_a_legal_form_keeps_its_key(name):
    assert key(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  Hilti \n Corporation ", "Hilti Corporation"),
        ("“Retired”", "Retired"),
        ("Block, Inc.", "Block, Inc."),
        ("Gatwick Airport Limited.", "Gatwick Airport Limited"),
        ("Nespresso S.A.", "Nespresso S.A."),
        ("Terpel S.A. NIT 830095213-0", "Terpel S.A."),
        ("Lidl International - FY22", "Lidl International"),
        ("Rabobank Nederland 2012", "Rabobank Nederland"),
        ("(Hilti)", "Hilti"),
        ("Hilti (Schaan", "Hilti"),
        ("McKinsey & Company", "McKinsey & Company"),
        ("Kuveyt\u200b Türk\x00", "Kuveyt Türk"),
        ("...", ""),
        ("", ""),
    ],
)
def test_what_is_shown_is_the_name_alone(text, shown):
    assert display(text) == shown


def test_flat_keeps_every_place():
    text = "Société d’Énergie İstanbul Straße ﬁ 三 😀"
    assert len(flat(text)) == len(text)
    assert flat("Société d’Énergie") == "societe d'energie"


def test_tidy_has_a_limit():
    assert len(tidy("ﷺ" * 10_000)) <= MAX_LETTERS_OF_TEXT
    assert tidy(None) == ""


def test_forms_are_known_at_their_place():
    assert FORMS.has_form("Foo GmbH & Co. KG")
    assert FORMS.has_form("PT Foo")
    assert not FORMS.has_form("GmbH")
    assert not FORMS.has_form("Bain & Company")
    assert FORMS.begins(" Inc. and others")
    assert not FORMS.begins(" Los Angeles")


@pytest.mark.parametrize(
    ("line", "fault"),
    [("Inc,middle,", "needs words"), (".,end,", "needs words"), ("INC.,end,", "stands in line 2 already")],
)
def test_a_faulty_list_of_forms_is_refused_with_its_line(tmp_path, line, fault):
    path = tmp_path / "legal_forms.csv"
    path.write_text(f"form,place,note\nInc,end,\n{line}\n")
    with pytest.raises(ConfigError, match=rf"legal_forms\.csv, line 3: .*{fault}"):
        LegalForms(tmp_path, WORDS)


@given(
    name=st.sampled_from(NAMES),
    form=st.sampled_from(["", " Inc.", ", LLC", " GmbH", " S.A. de C.V.", " Ltd", " A.Ş.", " SpA", " Pty Ltd"]),
    quotes=st.sampled_from(["", '"', "'", "“"]),
    case=st.sampled_from([str, str.upper, str.lower]),
    blanks=st.sampled_from([" ", "  ", "\t", "\u00a0"]),
)
def test_case_blanks_quotes_and_legal_form_do_not_change_the_key(name, form, quotes, case, blanks):
    edited = case(f"{quotes}{name}{form}{quotes}").replace(" ", blanks)
    assert key(edited) == key(name)


@given(st.text(max_size=400))
def test_any_text_has_a_key_and_a_display(text):
    shown = display(text)
    assert display(shown) == shown
    assert len(key(text)) <= 10 * MAX_LETTERS_OF_KEY
    assert key(text) == key(text)


def test_text_that_was_read_in_the_wrong_encoding_is_read_again():
    assert tidy("StÃ¤dtische Werke NATURA COSMÃ‰TICOS") == "Städtische Werke NATURA COSMÉTICOS"
    assert tidy("SÃO PAULO CONVENÇÃO") == "SÃO PAULO CONVENÇÃO"
