"""`ProtocolReader` against the world: the catalogue's own names and real registry texts, as they are and under small edits."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carbon_assets.protocols import tables
from carbon_assets.protocols.catalogue import load_catalogue
from carbon_assets.protocols.text import Versions
from carbon_assets.registries.description import load_registries
from tests.kit.building import CONFIGS
from tests.kit.places import REAL_DATA

CATALOGUE = load_catalogue(CONFIGS)
VERSION = Versions(CATALOGUE.rules.words).pattern
MIN_CONFIDENCE = CATALOGUE.rules.thresholds.min_confidence
REGISTRIES = load_registries(CONFIGS)
READER = tables.reader(CATALOGUE, REGISTRIES, CONFIGS)

STRINGS = REAL_DATA / "protocol_strings.csv"
HISTORY = REAL_DATA / "history"
needs_strings = pytest.mark.skipif(not STRINGS.is_file(), reason="no real protocol strings beside this checkout")
needs_history = pytest.mark.skipif(not HISTORY.is_dir(), reason="no real registry data beside this checkout")

KEPT = 0.97
"""The share of edited texts that must keep their ids."""

REFERENCE_IS_WRONG = {
    "Other": "the reference calls it the protocol 'unknown'; the word names none",
    "VMR0006; VM0050": "the reference knows neither of the two that the text names",
    "VMR0016": "the reference does not know it",
}
"""Rows without a suspect label with which we do not agree, and why."""

SUSPECT = {
    "ACM0003; VM0042": ("acm0003", "vm0042"),  # not ar-acm0003
    "ACM0022; Methodology Under Development": ("acm0022",),  # not acm0002
    "AM0014; VM0007; AR-ACM0003": ("am0014", "vm0007", "ar-acm0003"),  # not ar-am0014
    "AMS I.D Version 18 & ACM0002 , version 20.0": ("ams-i-d", "acm0002"),  # both, not one
    "AMS-I.D.; AMS-III.H": ("ams-i-d", "ams-iii-h"),  # both, not one
    "AMS-I.F.; AMS-III.E.; VM0044": ("ams-i-f", "ams-iii-e", "vm0044"),  # not ams-iii-f
    "AMS-II.M Demand-side energy efficiency activities for installation of low-flow hot water savings devices": (
        "ams-ii-m",  # not ams-ii-am
    ),
    "AMS-III.AV. Low greenhouse gas-emitting safe drinking water production systems, Version 08.0": (
        "ams-iii-av",  # not ams-iii-iv
    ),
    "AR-AMS0007; AR-ACM0003": ("ar-ams0007", "ar-acm0003"),  # both, not one
    "VM0018; ACM0022": ("vm0018", "acm0022"),  # not acm0002
    "VM0025; VMD0038": ("vm0025",),  # VMD0038 is a module, no protocol
}
"""Rows whose ids contradict their own codes, with what the codes say."""


# --- edits ------------------------------------------------------------------------------------------------------


def edits(text: str, dice: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, edited text) for each kind of edit that changes the text."""
    methods = re.split(r";\s*", text)
    made = {
        "upper case": [text.upper()],
        "lower case": [text.lower()],
        "doubled blanks": [text.replace(" ", "  ")],
        "missing blank": [without_one(text, at) for at in some(dice, positions(" ", text), 2)],
        "non-breaking blanks": [text.replace(" ", "\u00a0")],
        "dashes": [text.replace("-", dash) for dash in "–—‑"],
        "quotes": [f"“{text}”", f'"{text}"', text.replace('"', "”").replace("'", "’")],
        "order of methods": ["; ".join(reversed(methods)), " & ".join(methods)],
        "version changed": [VERSION.sub(f" Version {number}", text) for number in ("3", "07.0", "1.2")],
        "version appended": [f"{text}{tail}" for tail in (" v2.0", ", Version 03.0", " (ver. 1)", " Version 21")],
        "letters swapped": [swapped(text, at) for at in some(dice, list(swaps(text)), 2)],
    }
    for kind, texts in made.items():
        for edited in dict.fromkeys(texts):
            if edited != text:
                yield kind, edited


def positions(what: str, text: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(what), text)]


def without_one(text: str, at: int) -> str:
    return text[:at] + text[at + 1 :]


def swaps(text: str) -> Iterator[int]:
    """Where two different letters within a word of at least four stand side by side."""
    for word in re.finditer(r"[^\W\d_]{4,}", text):
        yield from (at for at in range(word.start(), word.end() - 1) if text[at].lower() != text[at + 1].lower())


def swapped(text: str, at: int) -> str:
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def some(dice: random.Random, places: list[int], number: int) -> list[int]:
    return dice.sample(places, min(number, len(places)))


def lost(texts: Iterable[tuple[str, tuple[str, ...], str | None]]) -> dict[str, tuple[int, list[str]]]:
    """By kind of edit: how many were made of (text, its ids, its registry), and those that lost their ids."""
    dice = random.Random(3)
    tally: dict[str, tuple[int, list[str]]] = {}
    for text, ids, registry in texts:
        for kind, edited in edits(text, dice):
            made, failures = tally.get(kind, (0, []))
            said = READER.read(edited, registry).ids
            tally[kind] = (made + 1, [*failures, f"{edited!r}: {said}"] if set(said) != set(ids) else failures)
    return tally


def assert_kept(tally: dict[str, tuple[int, list[str]]]) -> None:
    made = sum(n for n, _ in tally.values())
    failures = [f"{kind}: {failure}" for kind, (_, failed) in tally.items() for failure in failed]
    assert len(failures) <= (1 - KEPT) * made, "\n".join([f"{len(failures)} of {made} lost their ids", *failures])
    for kind, (n, failed) in tally.items():
        assert len(failed) <= (1 - KEPT) * n, "\n".join([f"{kind}: {len(failed)} of {n}", *failed])


def assert_seldom_another(tally: dict[str, tuple[int, list[str]]]) -> None:
    """What is lost must say nothing, not something else."""
    another = [failure for _, failed in tally.values() for failure in failed if not failure.endswith("()")]
    assert len(another) <= 0.005 * sum(n for n, _ in tally.values()), "\n".join(another)


# --- the catalogue's own names ----------------------------------------------------------------------------------


def own_registry(id_: str) -> str | None:
    return CATALOGUE.programs[CATALOGUE.protocols[id_].program].registry


KEYS = CATALOGUE.title_keys
ORIGINALS = {KEYS(p.title): (p.id,) for p in CATALOGUE.protocols.values() if p.program == "cdm"}
"""Titles of the CDM: a revision of Verra's that bears one as an alias is not meant by it."""


def holders() -> dict[str, set[str]]:
    """Title -> the protocols that bear it, as a title or an alias, but for case, boilerplate and brackets."""
    keys = CATALOGUE.title_keys
    found: dict[str, set[str]] = {}
    for protocol in CATALOGUE.protocols.values():
        for name in (protocol.title, *protocol.aliases):
            for key in keys.variants(name):
                found.setdefault(key, set()).add(protocol.id)
    return {p.title: found[keys(p.title)] for p in CATALOGUE.protocols.values()}


HOLDERS = holders()
OWN_TITLES = sorted(id_ for id_, p in CATALOGUE.protocols.items() if HOLDERS[p.title] == {id_})
SHARED_TITLES = sorted(set(CATALOGUE.protocols) - set(OWN_TITLES))
CODES = {
    id_: (id_.upper() if p.program in ("cdm", "vcs") else (*p.codes, p.slug)[0])
    for id_, p in CATALOGUE.protocols.items()
    if p.program in ("cdm", "vcs") or p.codes or p.slug
}


def test_most_titles_are_of_one_protocol():
    assert len(OWN_TITLES) > 400
    assert "acm0002" in SHARED_TITLES


@pytest.mark.parametrize("id_", OWN_TITLES)
def test_a_title_reads_back_to_its_protocol(id_):
    reading = READER.read(CATALOGUE.protocols[id_].title, own_registry(id_))
    assert reading.ids == (id_,)
    assert reading.confidence == 1.0


@pytest.mark.parametrize("id_", SHARED_TITLES)
def test_a_shared_title_reads_back_to_one_that_bears_it_or_to_nothing(id_):
    title = CATALOGUE.protocols[id_].title
    assert set(READER.read(title, own_registry(id_)).ids) <= HOLDERS[title]


@pytest.mark.parametrize("id_", [i for i in SHARED_TITLES if own_registry(i) not in (None, "verra")])
def test_a_registry_that_shares_a_title_means_its_own_protocol(id_):
    assert READER.read(CATALOGUE.protocols[id_].title.upper(), own_registry(id_)).ids == (id_,)


@pytest.mark.parametrize("id_", sorted(CATALOGUE.protocols))
def test_aliases_read_back_to_their_protocol(id_):
    aliases = CATALOGUE.protocols[id_].aliases
    originals = ORIGINALS if CATALOGUE.protocols[id_].program == "vcs" else {}
    shared = {alias: originals[KEYS(alias)] for alias in aliases if KEYS(alias) in originals}
    read = {alias: READER.read(alias, own_registry(id_)).ids for alias in aliases}
    assert read == {alias: shared.get(alias, (id_,)) for alias in aliases}


@pytest.mark.parametrize("id_", sorted(CODES))
def test_a_code_reads_back_to_its_protocol(id_):
    reading = READER.read(CODES[id_], own_registry(id_))
    assert (reading.ids, reading.method, reading.remainder) == ((id_,), "code", None)


def test_codes_of_the_catalogue_survive_edits():
    tally = lost((code, (id_,), own_registry(id_)) for id_, code in CODES.items())
    tally.pop("letters swapped")  # a slip of a typist is no way to write a code
    assert_kept(tally)
    assert_seldom_another(tally)


def test_pairs_of_codes_of_the_catalogue_survive_edits():
    codes = sorted(id_ for id_ in CODES if CATALOGUE.protocols[id_].program in ("cdm", "vcs"))
    pairs = zip(codes, codes[7:], strict=False)
    tally = lost((f"{CODES[other]}; {CODES[one]}", (other, one), None) for one, other in pairs)
    assert tally["order of methods"][0] > 300
    assert_kept(tally)
    assert_seldom_another(tally)


def test_titles_of_the_catalogue_survive_edits():
    tally = lost((CATALOGUE.protocols[id_].title, (id_,), own_registry(id_)) for id_ in OWN_TITLES)
    assert tally["letters swapped"][0] > 800
    assert_kept(tally)
    assert_seldom_another(tally)


# --- real strings -----------------------------------------------------------------------------------------------


def rows() -> list[dict[str, str]]:
    with STRINGS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clean_strings() -> list[tuple[str, tuple[str, ...], str | None]]:
    return [
        (row["string"], tuple(row["ids"].split(";")), row["seen_in_sample"] or None)
        for row in rows()
        if row["suspect_label"] == "0" and row["string"] not in REFERENCE_IS_WRONG
    ]


@needs_strings
def test_every_clean_string_agrees_with_the_reference():
    read = {text: READER.read(text, registry).ids for text, _, registry in clean_strings()}
    assert len(read) >= 380
    wrong = {text: read[text] for text, ids, _ in clean_strings() if sorted(read[text]) != sorted(ids)}
    assert wrong == {}


@needs_strings
def test_every_clean_string_is_asserted():
    readings = [READER.read(text, registry) for text, _, registry in clean_strings()]
    assert min(reading.confidence for reading in readings) >= MIN_CONFIDENCE


@needs_strings
def test_the_reference_is_wrong_only_where_it_is_said():
    labels = {row["string"]: row["ids"] for row in rows() if row["suspect_label"] == "0"}
    assert {text: labels[text] for text in REFERENCE_IS_WRONG} == {
        "Other": "unknown",
        "VMR0006; VM0050": "",
        "VMR0016": "",
    }
    assert {text: READER.read(text).ids for text in REFERENCE_IS_WRONG} == {
        "Other": (),
        "VMR0006; VM0050": ("vmr0006", "vm0050"),
        "VMR0016": ("vmr0016",),
    }


@needs_strings
def test_every_suspect_row_is_read_by_its_codes():
    suspect = {row["string"]: row["seen_in_sample"] or None for row in rows() if row["suspect_label"] == "1"}
    assert {text: READER.read(text, registry).ids for text, registry in suspect.items()} == SUSPECT


@needs_strings
def test_clean_strings_survive_edits():
    tally = lost(clean_strings())
    assert all(n > 100 for n, _ in tally.values())
    assert_kept(tally)
    assert_seldom_another(tally)


# --- history ----------------------------------------------------------------------------------------------------

NO_PROTOCOL = {
    "verra": {"Methodology Under Development", "VCS v1 Project Specific"},
    "gold-standard": {"Not provided", "Other"},
}
"""Methodology texts of the history that name no protocol."""

NAMED_LIKE_A_METHODOLOGY = {"Infra-Red Automatic Refrigerant Leak Detection Efficiency Project": ("vm0001",)}
"""Project names that bear the methodology's own name."""


def history(registry: str, column: str) -> set[str]:
    """Distinct values of a column of all files of a registry."""
    values = set()
    for path in sorted((HISTORY / registry).glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            values |= {row[column] for row in csv.DictReader(file)}
    return {value for value in values if value.strip()}


@needs_history
@pytest.mark.parametrize(("registry", "least"), [("verra", 270), ("gold-standard", 60)])
def test_methodologies_of_the_history_are_read(registry, least):
    texts = history(registry, "Methodology")
    assert len(texts) >= least
    unread = {text for text in texts if not READER.read(text, registry).ids}
    assert unread == NO_PROTOCOL[registry]


@needs_history
@pytest.mark.parametrize("registry", ["verra", "gold-standard"])
def test_all_methodologies_of_the_history_are_read_whole(registry):
    readings = {text: READER.read(text, registry) for text in history(registry, "Methodology")}
    assert {text for text, reading in readings.items() if reading.unassigned} == set()


@needs_history
def test_methodologies_of_the_history_resolve_to_the_bar():
    texts = [(text, registry) for registry in NO_PROTOCOL for text in history(registry, "Methodology")]
    assert sum(bool(READER.read(*each).ids) for each in texts) >= 0.97 * len(texts)


@needs_history
@pytest.mark.parametrize("knows_registry", [True, False])
@pytest.mark.parametrize(
    ("registry", "column", "named"),
    [("verra", "Name", NAMED_LIKE_A_METHODOLOGY), ("gold-standard", "Project Name", {})],
)
def test_project_names_of_the_history_name_no_protocol(registry, column, named, knows_registry):
    names = history(registry, column)
    assert len(names) > 1900
    read = {name: READER.read(name, registry if knows_registry else None).ids for name in names}
    assert {name: ids for name, ids in read.items() if ids} == named


# --- whatever the text ------------------------------------------------------------------------------------------


def said(text: str) -> list[str]:
    return list(READER.read(text).ids)


@pytest.mark.parametrize(
    "piece", ["x", "forest ", "lorem ipsum; ", "9 AM 29 ", "(", "—", "😀", "\x00", "\n", "1", "AMS-", "v2 ", "a;"]
)
def test_ten_kilobytes_of_anything_say_nothing(piece):
    assert said(piece * (10_000 // len(piece))) == []


def test_a_code_in_ten_kilobytes_is_read():
    assert said(f"{'prose ' * 900} ACM0002 {'prose ' * 900}") == ["acm0002"]
    assert said("ACM0002 " * 1250) == ["acm0002"]


FRAGMENTS = st.sampled_from(
    ["ACM", "0002", "AMS-I.D", "VMD", "VM0007", "AM", "III", ".", "-", " ", ";", "|", "&", "and", "v2", "Version", "\u00a0", "\n",
     "Forest Project Protocol", "TPDDTEC", "Livestock", "ARB", "Mexico", "(", ")", "Other", "–", "Ⅲ", "２", "İ", "ß", "\x00", "A/R"]
)  # fmt: skip
ANY_TEXT = st.text(max_size=80) | st.lists(FRAGMENTS, max_size=8).map("".join)
ANY_REGISTRY = st.sampled_from([None, "nobody", *sorted(REGISTRIES)])


@settings(max_examples=500, deadline=None)
@example(text="VMD0001 and TPDDTEC", registry=None)
@given(text=ANY_TEXT, registry=ANY_REGISTRY)
def test_no_text_breaks_the_rules_of_a_reading(text, registry):
    reading = READER.read(text, registry)
    assert set(reading.ids) | set(reading.candidates) <= set(CATALOGUE.protocols)
    assert len(set(reading.ids)) == len(reading.ids)
    assert reading.outcome in ("assigned", "partly assigned", "not understood", "names none", "blank")
    assert (reading.outcome in ("assigned", "partly assigned")) == bool(reading.ids)
    assert (reading.outcome in ("partly assigned", "not understood")) == bool(reading.unassigned)
    if reading.ids:
        assert MIN_CONFIDENCE <= reading.confidence <= 1
        assert reading.method in ("code", "title", "alias", "registry-default")
    else:
        assert (reading.confidence, reading.method, reading.version) == (None, None, None)
    assert READER.read(text, registry) == reading


GRAMMATICAL = sorted(id_.upper() for id_, p in CATALOGUE.protocols.items() if p.program in ("cdm", "vcs"))
"""All but the one after which 'AM' may be a verb: 'I am'."""


@settings(max_examples=200, deadline=None)
@given(
    codes=st.lists(st.sampled_from(GRAMMATICAL), min_size=1, max_size=3, unique=True),
    version=st.sampled_from(["", " v2.0", ", Version 03", " (ver 1.1)"]),
    between=st.sampled_from([" ", " with "]),
)
def test_case_and_blanks_never_change_what_codes_say(codes, version, between):
    text = between.join(code + version for code in codes)
    want = [code.lower() for code in codes]
    assert said(text) == want
    assert said(text.lower()) == said(text.upper()) == said(text.replace(" ", "  ")) == want
    assert said(f"\u00a0{text}\n") == want
