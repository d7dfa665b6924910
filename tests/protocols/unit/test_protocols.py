"""`ProtocolReader`: what a text says, how sure that is, and what is left over; and texts that say nothing."""

from __future__ import annotations

import pytest

from carbon_assets.protocols import tables
from carbon_assets.protocols.catalogue import Catalogue, Program, Protocol, load_catalogue
from carbon_assets.protocols.reader import ProtocolReader, Reading
from carbon_assets.registries.description import load_registries
from tests.kit.building import CONFIGS

CATALOGUE = load_catalogue(CONFIGS)
REGISTRIES = load_registries(CONFIGS)
READER = tables.reader(CATALOGUE, REGISTRIES, CONFIGS)
LIMITS = CATALOGUE.rules.thresholds

ACR, CAR, GS, ISO, VERRA = (
    "american-carbon-registry", "climate-action-reserve", "gold-standard", "isometric", "verra",
)  # fmt: skip


def ids(text: str | None, registry: str | None = None) -> list[str]:
    return list(READER.read(text, registry).ids)


def made_up(*protocols: dict) -> ProtocolReader:
    """A reader of made-up protocols of the programmes one, two (of a registry each) and law (compliance)."""
    programs = {
        "one": Program("one", "Programme One", "first", False, ("Programme One", "ONE")),
        "two": Program("two", "Programme Two", "second", False, ("Programme Two", "TWO")),
        "cdm": Program("cdm", "The Mechanism", None, False, ("CDM",)),
        "law": Program("law", "The Law", None, True, ("LAW",)),
    }
    entries = [Protocol.model_validate({"program": "one", **protocol}) for protocol in protocols]
    return ProtocolReader(Catalogue({p.id: p for p in entries}, programs, {}, frozenset(), CATALOGUE.rules), {}, {})


# --- codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want", "version"),
    [
        ("ACM0002", ["acm0002"], None),
        ("ACM0002&20.0", ["acm0002"], "20.0"),
        ("ACM000220.0", ["acm0002"], "20.0"),
        ("ACM0002 (Version 21.0)", ["acm0002"], "21.0"),
        ("ACM0002 (20.0)", ["acm0002"], "20.0"),
        ("ACM0002 Version 03.1", ["acm0002"], "3.1"),
        ("Version 20 of ACM0002", ["acm0002"], "20"),
        ("v2 ACM0002 v3", ["acm0002"], "3"),
        ("AMS-III.DV21", ["ams-iii-d"], "21"),
        ("AMS-III.D.V21", ["ams-iii-d"], "21"),
        ("AMS-III.V.", ["ams-iii-v"], None),
        ("AMS-III.AV. Version 08.0", ["ams-iii-av"], "8.0"),
        ("AMS-III.A.v2", ["ams-iii-a"], "2"),
        ("AMS-I.DGrid connected renewable electricity generation", ["ams-i-d"], None),
        ("CDMACM0002", ["acm0002"], None),
        ("VM00015", ["vm0015"], None),
        ("AMS-III.D. v18; AMS-III.H. v19", ["ams-iii-d", "ams-iii-h"], "ams-iii-d 18; ams-iii-h 19"),
        ("ACM0002 / AMS-I.D v18", ["acm0002", "ams-i-d"], "ams-i-d 18"),
        ("ACM0002 v1 & ACM0002 v1", ["acm0002"], "1"),
        ("ACM0001/0002", ["acm0001", "acm0002"], None),
        ("ACM0002\r\nAMS-I.D", ["acm0002", "ams-i-d"], None),
        ("VM0042; VMD0038", ["vm0042"], None),
        ("VM0007 (v1.6), VMD0001 and VMD0002", ["vm0007"], "1.6"),
        ("M/UT/F-A01", ["ccb-refor"], None),
        ("M/LU-REDD+ v2.0", ["ccb-redd"], "2.0"),
        ("Grid-connected electricity generation from renewable sources (ACM0002)", ["acm0002"], None),
        ("ACM0002: Consolidated baseline methodology for grid-connected electricity generation from renewable sources",
         ["acm0002"], None),
        ("Gold Standard ACM0002, approved CDM methodology", ["acm0002"], None),
    ],
)  # fmt: skip
def test_codes_are_read_with_their_versions(text, want, version):
    reading = READER.read(text)
    assert (list(reading.ids), reading.version) == (want, version)
    assert (reading.outcome, reading.method, reading.confidence) == ("assigned", "code", 1.0)
    assert (reading.remainder, reading.unassigned, reading.candidates) == (None, (), ())


def test_codes_count_before_titles():
    assert ids("ACM0002 Reduced Emissions from Cooking and Heating") == ["acm0002"]


@pytest.mark.parametrize("between", [" and ", " & ", "; ", " / ", " + ", " | "])
def test_a_title_joined_to_a_code_is_read_too(between):
    assert ids(f"ACM0002{between}Soil Organic Carbon Framework Methodology") == ["acm0002", "gs-soil"]
    assert ids(f"Soil Organic Carbon Framework Methodology{between}ACM0002") == ["gs-soil", "acm0002"]


def test_a_module_alone_is_no_protocol_and_nothing_to_look_up():
    assert READER.read("VMD0038; VMD0001") == Reading("names none")


# --- what is left over ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "outcome", "remainder", "unassigned"),
    [
        ("ACM0002; windmills of my mind", "partly assigned", "windmills of my mind", ("windmills of my mind",)),
        ("windmills; ACM0002", "partly assigned", "windmills", ("windmills",)),
        ("blah; windmills; ACM0002", "partly assigned", "blah; windmills", ("blah", "windmills")),
        ("ACM0002 windmills", "assigned", "windmills", ()),
        ("ACM0002: (windmills)", "assigned", "windmills", ()),
        ("ACM0002; ACM0999", "partly assigned", "ACM0999", ("ACM0999",)),
        ("ACM0002; Methodology Under Development", "assigned", "Methodology Under Development", ()),
        ("TPDDTEC; windmills", "partly assigned", "windmills", ("windmills",)),
        ("windmills; TPDDTEC; more", "partly assigned", "windmills; more", ("windmills", "more")),
        ("Not provided; TPDDTEC", "assigned", "Not provided", ()),
    ],
)
def test_what_is_not_understood_is_kept(text, outcome, remainder, unassigned):
    reading = READER.read(text)
    assert reading.ids
    assert (reading.outcome, reading.remainder, reading.unassigned) == (outcome, remainder, unassigned)


@pytest.mark.parametrize("text", ["ACM0999", "AMS-I.Z", "VM0999 v2.0", "NTC 6208", "windmills", "123", "😀", ".", ";;"])
def test_what_names_nothing_known_is_left_whole(text):
    reading = READER.read(text)
    assert reading.outcome == "not understood"
    assert (reading.ids, reading.version, reading.method, reading.confidence) == ((), None, None, None)
    assert (reading.remainder, reading.unassigned) == (text, (text,))


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("ACM0002; Pneumatic", ("acr-pneumatic",)),
        ("Wind", ()),
        ("Methodology Under Development", ()),
    ],
)
def test_the_nearest_titles_are_candidates(text, candidates):
    assert READER.read(text).candidates == candidates


def test_one_protocol_is_a_candidate_once_and_the_nearest_first():
    reader = made_up(
        {"id": "far", "title": "Purple Carrots beside many other things of the garden and the kitchen"},
        {"id": "near", "title": "Purple Carrots", "aliases": ["Purple Carrot Fields"]},
    )
    assert reader.read("Purple soup").candidates == ("near",)
    assert reader.read("Purple Carrots, Kenya").candidates == ("near", "far")


# --- titles -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want", "method"),
    [
        ("Forest Project Protocol", "car-forest", "title"),
        ("FOREST PROJECT PROTOCOL", "car-forest", "title"),
        ("CAR Forest Project Protocol", "car-forest", "title"),
        ("Climate Action Reserve: Forest Project Protocol", "car-forest", "title"),
        ("US Forest Protocol", "car-forest", "alias"),
        ("TPDDTEC", "gs-tpddtec", "alias"),
        ("GSTPDDTEC", "gs-tpddtec", "alias"),
        ("The Gold Standard Simplified Methodology for Efficient Cookstoves", "gs-simplified-cookstoves", "alias"),
        ("Simplified Methodology for Efficient Cookstoves (SMEC)", "gs-simplified-cookstoves", "alias"),
        ("REDD+ Methodology Framework", "vm0007", "title"),
        ("Nitric Acid N₂O", "car-nitric-acid", "alias"),
        ("direct-air-capture", "iso-dac", "code"),
        ("direct_air_capture", "iso-dac", "code"),
        ("mangrove", "iso-mangrove", "code"),
        ("Direct Air Capture", "iso-dac", "title"),
        ("Isometric Direct Air Capture", "iso-dac", "title"),
        ("Protocolo Forestal para México", "car-forest-mx", "alias"),
        ("Protocolo Forestal para Mexico", "car-forest-mx", "alias"),
    ],
)
def test_titles_aliases_and_slugs_are_read(text, want, method):
    reading = READER.read(text)
    assert (list(reading.ids), reading.method, reading.confidence) == ([want], method, 1.0)
    assert (reading.outcome, reading.remainder, reading.candidates) == ("assigned", None, ())


@pytest.mark.parametrize(
    ("text", "want", "confidence"),
    [
        ("Simplified Methodology for Efficinet Cookstoves", "gs-simplified-cookstoves", 0.977),
        ("U.S. Lanfdill Protocol", "car-landfill", 0.944),  # swapped
        ("U.S. Landfil Protocol", "car-landfill", 0.941),  # missing
        ("U.S. Landfilll Protocol", "car-landfill", 0.947),  # extra
        ("U.S. Lantfill Protocol", "car-landfill", 0.944),  # wrong
        ("Adipic Acdi", "car-adipic", 0.9),
        ("TPDDETC", "gs-tpddtec", 0.857),
        ("Livestok - ARB Compliance", "arb-livestock", 0.952),
    ],
)
def test_slips_of_a_typist_are_forgiven_and_told(text, want, confidence):
    reading = READER.read(text)
    assert (list(reading.ids), reading.confidence) == ([want], confidence)


@pytest.mark.parametrize(
    "text", ["MCED", "RECHH", "Bicahor", "Mangvore", "Adpiic Acdi", "TPDTDETC", "Lanfdil Protocol"]
)
def test_too_many_slips_in_too_few_letters_say_nothing(text):
    assert ids(text) == []


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Degraded Lands Afforestation and Reforestation", ["acr-affor-refor"]),
        ("Shipping Retrofit Energy Efficiency Measures", ["gs-shipping"]),
        ("Retrofit Energy Efficiency Measures Shipping, version 2", ["gs-shipping"]),
        ("Shipping Energy Efficiency Measures", []),
        ("Forest Management Improved", []),  # too few words
        ("Hygiene, Sanitation and Water", []),
        ("Retrofit Energy Efficiency Measures in Green Shipping", []),  # a word of its own
    ],
)
def test_words_may_come_in_another_order(text, want):
    reading = READER.read(text)
    assert list(reading.ids) == want
    assert not want or LIMITS.min_confidence <= reading.confidence < 1


def test_several_titles_are_read_with_their_versions_and_the_least_sure_counts():
    reading = READER.read("Soil Enrichment Protocol Version 01.1 | Adipic Acdi v02")
    assert reading.ids == ("car-soil", "car-adipic")
    assert reading.version == "car-soil 1.1; car-adipic 2"
    assert (reading.method, reading.confidence) == ("alias", 0.9)
    assert reading.outcome == "assigned"


def test_versions_of_titles_are_read():
    assert READER.read("CAR Forest Project Protocol Version 05.0").version == "5.0"
    assert READER.read("TPDDTECv3.1").version == "3.1"
    assert READER.read("Simplified Methodology for Efficinet Cookstoves v2").version == "2"


def test_a_list_of_too_many_pieces_is_prose():
    assert ids("; ".join(["TPDDTEC"] * 20)) == ["gs-tpddtec"]
    assert ids("; ".join(["TPDDTEC"] * 21)) == []


def test_of_too_long_a_text_only_codes_are_read():
    title = "Reduced Emissions from Cooking and Heating"
    assert ids(f"{title} {' ' * LIMITS.max_letters_of_title} v1") == ["gs-tpddtec"], "blanks do not count"
    assert ids(f"{title} ({'x' * LIMITS.max_letters_of_title})") == []
    assert ids(f"{title} ACM0002 ({'x' * LIMITS.max_letters_of_title})") == ["acm0002"]


# --- what is never a slip ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Mexico Forest Protocol", ["car-forest-mx"]),
        ("Guatemala Forest Protocol", ["car-forest-gt"]),
        ("Canada Forest Protocol", []),
        ("Panama Grassland Protocol", []),
        ("Mexico Grassland Protocol", []),
        ("Canada Grassland Protocol", ["car-grassland-ca"]),
        ("U.S. Grassland Protocol", ["car-grassland"]),
        ("Canada Landfill Protocol", []),
        ("Landfill Gas Capture/Combustion", ["car-landfill"]),
        ("Landfill Gas Capture/Combustion - MX", ["car-landfill-mx"]),
        ("Landfill Gas Capture/Combustion - U.S.", []),
        ("Ozone Depleting Substances - MX", ["car-ozone-mx"]),
        ("Improved Forest Management on Non-Federal U.S. Forestlands", ["acr-ifm-nonfed"]),
        ("Improved Forest Management on Nonfederal US Forestlands", ["acr-ifm-nonfed"]),
        ("Improved Forest Management on U.S. Forestlands", []),
        ("Improved Forest Management on Federal U.S. Forestlands", []),
        ("Improved Forest Management on Non-Federal Canadian Forestlands", []),
        ("Improved Forest Management on Canadian Forestlands", ["acr-canada-forest"]),
        ("Ozone Depleting Substances - Article 5", ["car-ozone"]),
        ("Ozone Depleting Substances - Article 6", []),
        ("Nitric Acid N3O", []),
        ("Nitric Acid N2O - Tertiary Catalyst 3", []),
    ],
)
def test_countries_numbers_and_nots_are_no_slips(text, want):
    assert ids(text) == ids(text, CAR) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("ARB Compliance Offset Protocol: Livestock Projects", ["arb-livestock"]),
        ("ECY Compliance Offset Protocol: Livestock Projects", ["ecy-livestock"]),
        ("Compliance Offset Protocol: Livestock Projects", []),
        ("ARB Compliance Offset Protocol: Livestok Projects", ["arb-livestock"]),
        ("Livestock Project Protocol", ["car-livestock"]),
        ("Livestock Projects", ["car-livestock"]),
        ("ARB Livestock Project Protocol", ["arb-livestock"]),
        ("ARB Landfill Project Protocol", []),
        ("Livestock Gas Capture/Combustion - ARB Compliance", ["arb-livestock"]),
        ("Livestock Gas Capture/Combustion - WA ECO Complianec", ["ecy-livestock"]),
        ("Livestock Gas Capture/Combustion - EPA Compliance", []),
        ("Livestock Gas Capture/Combustion", ["car-livestock"]),
        ("Improved Forest Management - ARB Compliance", ["arb-forest"]),
        ("Improved Forest Management - WA ECO Compliance", ["ecy-forest"]),
        ("Improved Forest Management", ["car-forest"]),
        ("ARB Rice Cultivation Projects", []),
        ("Rice Cultivation Projects", ["car-rice"]),
    ],
)
def test_compliance_programmes_are_never_taken_for_voluntary_ones(text, want):
    assert ids(text) == ids(text, CAR) == want


# --- titles of several ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "registry", "want"),
    [
        ("Improved Forest Management", CAR, ["car-forest"]),
        ("Improved Forest Management", ISO, ["iso-ifm"]),
        ("Reforestation", ISO, ["iso-refor"]),
        ("Biochar", ISO, ["iso-biochar"]),
        ("Biochar", CAR, ["car-biochar"]),
        ("Puro Biochar", None, ["puro-biochar"]),
        ("Puro Biochar", ISO, ["puro-biochar"]),
        ("METHANE EMISSION REDUCTION BY ADJUSTED WATER MANAGEMENT PRACTICE IN RICE CULTIVATION", GS, ["gs-rice"]),
        (
            "CDM: Methane emission reduction by adjusted water management practice in rice cultivation",
            GS,
            ["ams-iii-au"],
        ),
        ("FLARING OR USE OF LANDFILL GAS", None, ["acm0001"]),
        ("FLARING OR USE OF LANDFILL GAS", VERRA, ["acm0001"]),
    ],
)
def test_the_named_programme_then_the_registrys_own_is_meant(text, registry, want):
    assert ids(text, registry) == want


def test_a_title_of_two_programmes_says_nothing_without_a_registry():
    reader = made_up({"id": "a", "title": "Purple Carrots"}, {"id": "b", "title": "Purple Carrots", "program": "two"})
    assert reader.read("Purple Carrots").ids == ()
    assert reader.read("Purple Carrots").candidates
    assert reader.read("Purple Carrots", "first").ids == ("a",)
    assert reader.read("Purple Carrots", "second").ids == ("b",)
    assert reader.read("Purple Carrots", "third").ids == ()
    assert reader.read("Programme Two Purple Carrots", "first").ids == ("b",)


def test_case_never_tells_one_title_from_another_but_a_slug_is_spelled_just_so():
    a = {"id": "a", "title": "Purple Carrots"}
    reader = made_up(a, {"id": "b", "title": "purple carrots", "program": "two"})
    assert reader.read("purple carrots").ids == reader.read("PURPLE CARROTS").ids == ()
    reader = made_up(a, {"id": "b", "title": "X-Ray", "slug": "purple-carrots", "program": "two"})
    assert reader.read("purple-carrots").ids == ("b",)
    assert reader.read("Purple Carrots").ids == ()


def test_an_alias_is_meant_before_a_title():
    reader = made_up({"id": "a", "title": "Purple Carrots"}, {"id": "b", "title": "X-Ray", "aliases": ["purple carrots"], "program": "two"})  # fmt: skip
    assert reader.read("PURPLE CARROTS").ids == ("b",)


def test_a_protocol_that_another_of_that_title_supersedes_is_not_meant():
    old = {"id": "old", "title": "Purple Carrots", "superseded_by": "new"}
    reader = made_up(old, {"id": "new", "title": "Purple Carrots", "program": "two"})
    assert reader.read("Purple Carrots").ids == ("new",)


def test_a_slip_that_leads_to_two_titles_says_nothing():
    reader = made_up({"id": "a", "title": "Purple Carrots"}, {"id": "b", "title": "Purple Parrots"})
    assert reader.read("Purple Carrots").ids == ("a",)
    assert reader.read("Purple Tarrots").ids == ()
    assert reader.read("Purple Carrost").ids == ("a",), "three slips from the other title, one from its own"


def test_of_two_titles_that_one_slip_could_lead_to_neither_is_meant():
    """One letter from the one, two from the other: no typist can tell."""
    kenya, kanuu = {"id": "a", "title": "Purple Carrots of Kenya"}, {"id": "b", "title": "Purple Carrots of Kanuu"}
    assert made_up(kenya).read("Purple Carrots of Kanya").ids == ("a",)
    assert made_up(kenya, kanuu).read("Purple Carrots of Kanya").ids == ()
    assert made_up(kenya, kanuu | {"program": "two"}).read("Purple Carrots of Kanya").ids == ("a",)


def test_a_programme_without_codes_is_meant_by_a_title_alone():
    reader = made_up({"id": "a", "title": "Purple Carrots", "program": "cdm"}, {"id": "b", "title": "Purple Carrots"})
    assert reader.read("PURPLE CARROTS").ids == ("b",)
    assert reader.read("CDM PURPLE CARROTS").ids == ("a",)


def test_a_code_within_a_title_is_no_slip():
    reader = made_up({"id": "a", "title": "Purple Carrots after AM0999"})
    assert reader.read("Purple Carrots after AM0999").ids == ("a",)
    assert reader.read("Purple Carrtos after AM0999").ids == ("a",)
    assert reader.read("Purple Carrots after AM0998").ids == ()
    assert reader.read("Purple Carrots after all").ids == ()


def test_a_place_before_a_long_title_is_no_slip():
    title = "Purple Carrots grown slowly beside Yellow Parsnips under Northern Lights among Rolling Hills near Rivers"
    reader = made_up({"id": "a", "title": title})
    assert reader.read(f"Abc {title}").ids == ("a",)
    assert reader.read(f"Abcd {title}").ids == ()
    assert reader.read(title.replace("slowly", "qqqqqq")).ids == ("a",), "as many slips within it are"


def test_a_word_that_titles_know_is_no_slip_of_another():
    reader = made_up(
        {"id": "a", "title": "Purple Carrots among Fertile Fields"}, {"id": "b", "title": "Yellow Fielts of Oman"}
    )
    assert reader.read("Purple Carrots among Fertile Fiedls").ids == ("a",)
    assert reader.read("Purple Carrots among Fertile Fielts").ids == ()
    assert reader.read("Purple Carrots among Infertile Fields").ids == (), "nor is its opposite"


def test_a_title_with_a_direction_is_not_turned_round():
    reader = made_up({"id": "a", "title": "Switch from Purple Carrots to Green Parsnips"})
    assert reader.read("Switch from Purple Carrots to Green Parsnips").ids == ("a",)
    assert reader.read("Switch from Green Parsnips to Purple Carrots").ids == ()


@pytest.mark.parametrize(
    ("text", "registry"), [("Biochar", VERRA), ("Improved Forest Management", ACR), ("Boiler Efficiency", ISO)]
)
def test_the_bare_name_of_a_technology_is_no_protocol_of_another_registry(text, registry):
    reading = READER.read(text, registry)
    assert (reading.ids, reading.outcome, reading.unassigned) == ((), "not understood", (text,))
    assert any(id_.startswith("car-") for id_ in reading.candidates), "a steward sees whose it may be"
    assert READER.read(text, CAR).confidence == READER.read(f"CAR {text}", registry).confidence == 1.0


@pytest.mark.parametrize(
    ("text", "want", "version"),
    [
        ("Biochar, 2022", ("puro-biochar",), "2022"),
        ("Enhanced Rock Weathering, 2022", ("puro-erw",), "2022"),
        ("Geologically stored carbon, 2024", ("puro-geological",), "2024"),
        ("Biochar Methodology (2022)", ("puro-biochar",), "2022"),
        ("Biochar, 2022, Enhanced Rock Weathering, 2022", ("puro-biochar", "puro-erw"), "puro-biochar 2022; puro-erw 2022"),
        ("Biochar, 22", (), None),
    ],
)  # fmt: skip
def test_a_title_may_be_followed_by_the_year_of_its_edition(text, want, version):
    reading = READER.read(text, "puro")
    assert (reading.ids, reading.version) == (want, version)


def test_a_compliance_protocol_is_told_by_its_programme_alone():
    reader = made_up(
        {"id": "a", "title": "Purple Carrots"}, {"id": "b", "title": "LAW Purple Carrots", "program": "law"}
    )
    assert reader.read("Purple Carrots").ids == ("a",)
    assert reader.read("LAW Purple Carrots").ids == ("b",)
    assert reader.read("LAW Purple Carrost").ids == ("b",)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("AMS-I.I AM0001", ["ams-i-i", "am0001"]),  # not the 'I am' of prose
        ("I am 0001 percent sure", []),
        ("AMS-I.C, I.D, and I.F", ["ams-i-c", "ams-i-d", "ams-i-f"]),
        ("Landfill Gas Capture/Combustion - CA", []),  # another country's protocol
        ("Waste energy recovery", ["acm0012"]),  # AMS-III.Q adds brackets to it
        ("WASTE ENERGY RECOVERY", ["acm0012"]),
        ("Other\n", []),
    ],
)
def test_what_looks_alike_is_told_apart(text, want):
    assert ids(text) == want
