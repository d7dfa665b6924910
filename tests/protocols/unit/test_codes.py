"""The grammar of codes: the noise that it reads through, and the words and numbers that are no code."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_assets.protocols.codes import Code, CodeGrammar, find_spelled, spelled_pattern
from carbon_assets.protocols.reading_rules import load_reading_rules
from carbon_assets.protocols.text import clean
from tests.kit.places import CONFIGS

KNOWN = {
    *("acm0001", "acm0002", "acm0006", "acm0020", "acm0022", "am0029", "am0100", "ar-acm0003", "ar-am0014", "ar-ams0007"),
    *("ams-i-a", "ams-i-c", "ams-i-d", "ams-i-f", "ams-ii-g", "ams-iii-a", "ams-iii-b", "ams-iii-d", "ams-iii-h"),
    *("ams-iii-v", "ams-iii-av", "ams-iii-bb", "ams-iii-bm", "vm0007", "vm0015", "vm0042", "vmr0006"),
}  # fmt: skip


WORDS = load_reading_rules(CONFIGS).words
GRAMMAR = CodeGrammar(WORDS, KNOWN)


def ids(text: str, known: set[str] = KNOWN) -> list[str]:
    """What the grammar finds in a text, modules in brackets."""
    return [f"({code.id})" if code.is_module else code.id for code in CodeGrammar(WORDS, known).find(clean(text))]


# --- one code ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id_", "texts"),
    [
        ("acm0002", ["ACM0002", "acm0002", "ACM 0002", "ACM-0002", "ACM.0002", "A C M 0002", "A.C.M. 0002", "ACM - 0002",
                     "ACM–0002", "ACM—0002", "ＡＣＭ０００２", "ACM\u00a00002", "ACM\u202f0002", "ACM\u200b0002", "A\x00CM0002",
                     "ACMOOO2", "ACM 0 0 0 2", "ACM00002", "ACM2", "ACM02", "ACM-2", "“ACM0002”", "(ACM0002)", "[acm0002]",
                     "1.ACM0002", "#ACM0002:", "CDMACM0002", "CDM ACM0002", "UNFCCC-ACM0002", "approvedACM0002",
                     "methodology:ACM0002", "TheACM0002", "Approved consolidated methodology ACM0002",
                     "ACM0002Grid-connected", "ACM0002_v2", "ACM0002&20.0", "ACM0002V21", "ACM0002v21.0", "ACM0002Version 2",
                     "ACM0002.", "ACM0002,Version 21", "ACM 0002, Version 21", "ACM0002 .1", "ACM000220.0"]),
        ("am0029", ["AM0029", "am0029", "AM 0029", "AM-0029", "A.M. 0029", "A M 0029", "AMO029", "AM00029", "CDM-AM0029",
                    "at 9 AM0029"]),
        ("am0100", ["AM0100", "AM 0100", "AM00100"]),
        ("acm0020", ["ACM0020", "ACM00020", "ACM20"]),
        ("ar-acm0003", ["AR-ACM0003", "ARACM0003", "AR ACM0003", "AR ACM 0003", "A/R-ACM0003", "A/R ACM 0003", "A R ACM0003",
                        "AR–ACM0003", "AR.ACM.0003", "ar-acm0003", "CDM AR-ACM0003"]),
        ("ar-am0014", ["AR-AM0014", "AR-AM 0014", "ARAM0014", "A/R AM0014", "AR AM 0014"]),
        ("ar-ams0007", ["AR-AMS0007", "AR AMS 0007", "ARAMS0007", "A/R-AMS-0007", "AR-AMS0007, Version 3"]),
        ("vm0007", ["VM0007", "vm0007", "VM 0007", "V.M. 0007", "VM-0007", "VM00007", "VM7", "VM 0007v1.6", "VCS VM0007"]),
        ("vm0015", ["VM00015", "VM0015", "VM15", "VM015", "VM\u00a00015", "VM–0015"]),
        ("vmr0006", ["VMR0006", "VMR 0006", "VMR-0006", "VM R0006", "V M R 0006", "VMR6", "vmr0006v1.1"]),
    ],
)  # fmt: skip
def test_a_numbered_code_is_read_through_its_noise(id_, texts):
    assert {text: ids(text) for text in texts} == {text: [id_] for text in texts}


@pytest.mark.parametrize(
    ("id_", "texts"),
    [
        ("ams-i-d", ["AMS-I.D", "AMS-I.D.", "AMS I D", "AMS I.D", "AMSI.D", "AMSI.D.", "AMS-ID", "AMS-1.D", "AMS 1 D", "AMS1D",
                     "AMS-I-D", "AMS–I.D", "AMS—I—D", "A M S I D", "A.M.S.-I.D.", "ASM-I.D", "ASM I D", "ams-i.d", "AMS.I.D",
                     "AMS - I. D.", "AMS\u00a0I\u202fD", "ＡＭＳ－Ｉ．Ｄ", "AMS-\u200bI.D", "AMS-I.DGrid", "AMS-I.DGrid connected",
                     "AMS-I.DV18", "AMS-I.D V18", "AMS-I.Dversion 18", "AMS-I.DVER18", "AMS-I.DandX", "UNFCCCAMS-I.D",
                     "CDM-AMS-I.D", "AMS-I.D/", "“AMS-I.D.”", "AMS-I.D(small)", "AMS-I.DSmall-scale"]),
        ("ams-ii-g", ["AMS-II.G", "AMSIIG", "AMS-2.G", "AMS II-G", "AMS-II.G.v13"]),
        ("ams-iii-d", ["AMS-III.D", "AMS-III.DV21", "AMS-III.D.V21", "AMS-III.D. V 21", "AMS-3.D", "AMS-III.Dv21", "AMSIIID"]),
        ("ams-iii-av", ["AMS-III.AV", "AMS-III.A.V", "AMS-III.A V", "AMS-III.A-V", "AMS III AV", "AMSIIIAV", "ams-iii.av.",
                        "AMS-III.AVv8", "AMS-III.AVLow greenhouse"]),
        ("ams-iii-a", ["AMS-III.A", "AMS-III.A.v2", "AMS-III.A V1"]),
        ("ams-iii-v", ["AMS-III.V", "AMS-III.V.", "AMS III V v2", "AMS-III.V2"]),
        ("ams-iii-b", ["AMS-III.B", "AMS-III.B."]),
        ("ams-iii-bb", ["AMS-III.BB", "AMS-III.B.B."]),
    ],
)  # fmt: skip
def test_a_small_scale_code_is_read_through_its_noise(id_, texts):
    assert {text: ids(text) for text in texts} == {text: [id_] for text in texts}


def test_the_catalogue_decides_where_letters_end():
    assert ids("AMS-III.BM") == ["ams-iii-bm"]
    assert ids("AMS-III.BMotor", KNOWN) == ["ams-iii-b"], "'Motor' is a word"
    assert ids("AMS-III.BMOTOR") == [], "nothing says where its letters end"
    assert ids("AMS-III.BSMALL", {"ams-iii-b", "ams-iii-bs"}) == ["ams-iii-b"], "'small-scale' is a word"
    assert ids("AMS-III.BAMS-I.D") == ["ams-iii-b", "ams-i-d"], "another code begins"
    assert ids("AMS-III.A.V", KNOWN - {"ams-iii-av"}) == ["ams-iii-a"]
    assert ids("AMS-II.G1", {"ams-ii-g", "ams-ii-g1"}) == ["ams-ii-g1"]
    assert ids("AMS-II.G1", {"ams-ii-g"}) == ["ams-ii-g"]
    assert ids("AMS-II.G1.5", {"ams-ii-g", "ams-ii-g1"}) == ["ams-ii-g"]


def test_the_title_that_follows_decides_where_letters_end():
    text = "AMS-III.BMETHANE"
    [code] = GRAMMAR.find(text, fits=lambda id_, rest: id_ == "ams-iii-b" and rest == "METHANE")
    assert code == Code(0, len("AMS-III.B"), "ams-iii-b")


def test_the_catalogue_decides_where_digits_end():
    assert ids("ACM00022") == ["acm0022"]
    assert ids("ACM00029") == ["acm0002"], "9 begins a version: there is no ACM0029"
    assert ids("ACM000220.0", KNOWN) == ["acm0002"]


def test_a_code_tells_where_it_stands():
    [one, other] = GRAMMAR.find("see ACM 0002 (v1) & AMS-I.D. too")
    assert one == Code(4, 12, "acm0002")
    assert "see ACM 0002 (v1) & AMS-I.D. too"[other.start : other.end] == "AMS-I.D"


def test_a_module_is_no_protocol():
    assert ids("VMD0038") == ids("VMD 0038") == ids("VM-D0038") == ["(vmd0038)"]
    assert ids("VM0007; VMD0001") == ["vm0007", "(vmd0001)"]
    assert [code.is_module for code in GRAMMAR.find("VMR0006 VM0007")] == [False, False]


@pytest.mark.parametrize(
    ("text", "id_"), [("ACM0999", "acm0999"), ("VM 0999", "vm0999"), ("AMS-I.Z", "ams-i-z"), ("AR-AM0099", "ar-am0099")]
)
def test_a_well_spelled_code_that_nobody_knows_comes_out_too(text, id_):
    assert ids(text) == [id_]


# --- several codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "between",
    ["; ", ", ", " & ", "&", " and ", " + ", "+", "/", " / ", " ", "\n", " | ", " or ", " with ", " – ", "and", ";"],
)
@pytest.mark.parametrize(
    ("codes", "want"),
    [
        (["ACM0001", "ACM0022"], ["acm0001", "acm0022"]),
        (["ACM0022", "AMS-I.D."], ["acm0022", "ams-i-d"]),
        (["AMS-I.D", "ACM0002"], ["ams-i-d", "acm0002"]),
        (["AMS-I.D.", "AMS-III.H."], ["ams-i-d", "ams-iii-h"]),
        (["AR-ACM0003", "VM0042", "VMR0006"], ["ar-acm0003", "vm0042", "vmr0006"]),
        (["VM0007", "VMD0001", "AM0029"], ["vm0007", "(vmd0001)", "am0029"]),
    ],
)
def test_several_codes_come_in_the_order_of_the_text(codes, want, between):
    assert ids(between.join(codes)) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("ACM0001/0002", ["acm0001", "acm0002"]),
        ("ACM0001, 0002 and 0006", ["acm0001", "acm0002", "acm0006"]),
        ("ACM0001 & 0002; 0006 + 0022", ["acm0001", "acm0002", "acm0006", "acm0022"]),
        ("VM0007 or 0015", ["vm0007", "vm0015"]),
        ("ACM0001, 0999", ["acm0001"]),
        ("ACM0001, 00021", ["acm0001"]),
        ("ACM0001, 0002.5", ["acm0001"]),
        ("ACM0001, 2", ["acm0001"]),
        ("ACM0001 0002", ["acm0001"]),
        ("AMS-III.D and III.H", ["ams-iii-d", "ams-iii-h"]),
        ("AMS-III.D./H", ["ams-iii-d", "ams-iii-h"]),
        ("AMS-III.D/AV/BB", ["ams-iii-d", "ams-iii-av", "ams-iii-bb"]),
        ("AMS-I.C/I.D/III.H", ["ams-i-c", "ams-i-d", "ams-iii-h"]),
        ("AMS-I.C + II.G", ["ams-i-c", "ams-ii-g"]),
        ("AMS-I.C v3 and II.G", ["ams-i-c", "ams-ii-g"]),
        ("AMS-I.D and H", ["ams-i-d"]),
        ("AMS-III.D.; AR-ACM0003", ["ams-iii-d", "ar-acm0003"]),
        ("AMS-III.D; AM 0029", ["ams-iii-d", "am0029"]),
        ("AMS-III.D, V 21", ["ams-iii-d"]),
        ("AMS-I.C. and A study", ["ams-i-c"]),
        ("AMS-I.D, A thing", ["ams-i-d"]),
        ("AMS-III.D/h", ["ams-iii-d"]),
        ("AMS-I.D and a methodology", ["ams-i-d"]),
        ("AMS-I.D and Climate", ["ams-i-d"]),
        ("AMS-I.D, C2", ["ams-i-d"]),
        ("AMS-I.D H", ["ams-i-d"]),
    ],
)
def test_what_several_codes_have_in_common_need_not_be_repeated(text, want):
    assert ids(text) == want


# --- no code ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["9 AM 29 guests", "AM 29", "AM29", "AM1", "VM 2 host", "ACM 2", "VM 15", "VMR 6", "AMS-III", "AMS", "AMS-", "AMS-I", "AMS-0.D", "AMS-4.D", "I.D", "III.D", "ACM", "AM", "VM", "VMR", "VMD", "AR", "ACM-", "0002", "2", "", "team 0029", "TEAM0029",
     "PROGRAM0029", "EAMS-I.D", "LACM0002", "JVM0007", "ACMS0002", "AMX0029", "VMware 0007", "AM radio", "I am 0029", "spam 0029",
     "AMS-I.1", "AMS-I.ZEBRA", "ACM/0002", "ACM9999", "ACM2021", "NTC 6208", "M/UT/F-A01", "Wind farm in Amsterdam", "streams I did", "CM0002"],
)  # fmt: skip
def test_words_and_numbers_are_no_code(text):
    assert ids(text) == []


@given(text=st.text(alphabet="acmsvrdiACMSVRDI0123456789 .-/&", max_size=30))
@settings(max_examples=300)
def test_codes_stand_in_order_and_apart(text):
    codes = GRAMMAR.find(text)
    assert all(0 <= code.start < code.end <= len(text) for code in codes)
    assert all(one.end <= other.start for one, other in pairwise(codes))


NUMBERED = sorted(id_ for id_ in KNOWN if not id_.startswith("ams-"))


@given(
    id_=st.sampled_from(NUMBERED),
    blanks=st.lists(st.sampled_from(["", " ", ".", "-", " - ", "  "]), min_size=12, max_size=12),
    upper=st.booleans(),
    end=st.sampled_from(["", ".", ",", ";", " v2", " (x)", ")", " – title"]),
)
def test_any_separators_between_the_letters_of_a_code_are_read_through(id_, blanks, upper, end):
    letters, digits = id_.rstrip("0123456789").replace("-", ""), id_[-4:]
    text = "".join(letter + blank for letter, blank in zip(letters, blanks, strict=False)) + digits + end
    assert ids(text.upper() if upper else text) == [id_]


# --- codes that the catalogue spells out ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "M/UT/F-A01",
        "m/ut/f-a01",
        "M-UT F.A 01",
        "MUTFA01",
        "CCB – M/UT/F-A01: title",
        "(M / UT / F-A 01)",
        "M_UT_F_A01",
    ],
)
def test_a_spelled_code_is_found_whatever_separates_it(text):
    assert [code.id for code in find_spelled(text, [("refor", spelled_pattern("M/UT/F-A01"))])] == ["refor"]


@pytest.mark.parametrize(
    "text", ["M/UT/F-A02", "M/UT/F-A011", "XM/UT/F-A01", "1M/UT/F-A01", "M/UT/F-A01b", "UT/F-A01", "M/U/T", ""]
)
def test_another_code_is_not_found(text):
    assert find_spelled(text, [("refor", spelled_pattern("M/UT/F-A01"))]) == []


def test_a_plus_belongs_to_a_code():
    spelled = [("redd", spelled_pattern("M/LU-REDD+"))]
    assert [code.id for code in find_spelled("M/LU-REDD+ and m lu redd +", spelled)] == ["redd", "redd"]
    assert find_spelled("M/LU-REDD", spelled) == []


def test_a_spelled_code_tells_where_it_stands():
    spelled = [("one", spelled_pattern("A-1")), ("two", spelled_pattern("B-2"))]
    assert find_spelled("b-2, a 1", spelled) == [Code(5, 8, "one"), Code(0, 3, "two")]
