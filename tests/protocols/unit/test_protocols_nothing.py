"""`ProtocolReader`: blanks, words for 'none', prose and project names name no protocol."""

from __future__ import annotations

import pytest

from carbon_assets.protocols.reader import Reading
from tests.protocols.unit.test_protocols import READER, REGISTRIES, VERRA


@pytest.mark.parametrize("text", [None, "", "   ", "\t", "\u00a0", "\u200b", "\x00\x01", "\ufeff"])
def test_a_blank_text_is_blank(text):
    assert READER.read(text) == READER.read(text, VERRA) == Reading("blank")


def test_a_blank_text_of_a_registry_with_one_standard_is_that():
    want = Reading("assigned", ("art-trees",), None, "registry-default", 0.9)
    assert READER.read(None, "art-trees") == READER.read(" \u00a0", "art-trees") == want
    assert READER.read("windmills", "art-trees").ids == ()


@pytest.mark.parametrize(
    "text",
    ["-", "–", "—", " N/A ", "n/a", "None", "TBD", "Methodology Under Development", "METHODOLOGY  UNDER DEVELOPMENT", "Other",
     "Not defined/provided", "Not provided", "VCS v1 Project Specific", "Early Retirement", "Unknown"],
)  # fmt: skip
@pytest.mark.parametrize("registry", [None, "art-trees", *sorted(REGISTRIES)])
def test_words_for_no_protocol_name_none(text, registry):
    reading = READER.read(text, registry)
    assert (reading.outcome, reading.ids, reading.unassigned, reading.candidates) == ("names none", (), (), ())


@pytest.mark.parametrize(
    "text",
    ["NTC 6208", "Wind", "Solar", "Hydro", "Landfill", "Forest", "Livestock", "REDD", "Cookstoves", "Agriculture", "Energy",
     "Landfill gas", "Wind power", "Forestry", "Methodology", "Methodologies", "protocol", "version 2.0", "V2", "CDM", "Gold Standard",
     "Verra", "GS", "Bundled wind power project in Gujarat", "10 MW solar power project of ABC Ltd.", "9 AM 29 guests",
     "VM 2 host", "I am 29 years old", "Rimba Raya Biodiversity Reserve Project", "Efficient cookstoves for rural Kenya",
     "Katingan Peatland Restoration and Conservation Project", "see the project description", "0", "12345.6", "-1", "1e9",
     "The project replaces fuel wood by biogas and follows the rules of its registry in everything; no code is given.",
     "Landfill Gas Capture and Utilization Project, São Paulo", "Reforestation of degraded land in Chaco", "Biochar from rice husks"],
)  # fmt: skip
@pytest.mark.parametrize("registry", [None, *sorted(REGISTRIES)])
def test_prose_names_and_single_words_name_no_protocol(text, registry):
    reading = READER.read(text, registry)
    assert (reading.outcome, reading.ids) == ("not understood", ())
