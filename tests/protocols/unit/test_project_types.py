"""`ProjectTypes`: which word on what a project is counts before which, and files that contradict themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.protocols.catalogue import Catalogue, Program, ProjectType, Protocol
from carbon_assets.protocols.project_types import Decision, ProjectTypes
from carbon_assets.protocols.reading_rules import load_reading_rules
from tests.kit.knowledge_files import FILES, write
from tests.kit.places import CONFIGS

PROTOCOLS = [
    {"id": "trees", "project_type": "trees"},
    {"id": "trees-2", "project_type": "trees", "category": "land-use"},
    {"id": "wind", "project_type": "wind"},
    {"id": "any-wind", "project_type": "wind", "broad": True},
    {"id": "any-sun", "project_type": "sun", "broad": True},
    {"id": "any-sun-2", "project_type": "sun", "broad": True, "category": "efficiency"},
    {"id": "bundle", "project_type": "mixed", "broad": True},
    {"id": "silent"},
    {"id": "category-only", "category": "efficiency"},
    {"id": "not-known", "category": "unknown"},
]
CATALOGUE = Catalogue(
    protocols={p["id"]: Protocol.model_validate({"program": "one", "title": p["id"], **p}) for p in PROTOCOLS},
    programs={"one": Program("one", "One", "first", False, ())},
    project_types={
        "trees": ProjectType("trees", "Trees", "forest", False),
        "wind": ProjectType("wind", "Wind Power", "renewable-energy", False),
        "sun": ProjectType("sun", "Solar Power", "renewable-energy", False),
        "mixed": ProjectType("mixed", "Renewables", "renewable-energy", True),
    },
    categories=frozenset({"forest", "land-use", "efficiency", "renewable-energy", "unknown"}),
    rules=load_reading_rules(CONFIGS),
)


@pytest.fixture(scope="module")
def types(tmp_path_factory) -> ProjectTypes:
    return ProjectTypes(CATALOGUE, write(tmp_path_factory.mktemp("configs")))


def sure(type_: str, source: str, *unknown: str) -> Decision:
    return Decision((type_, source), (type_, source), unknown)


def likely(type_: str, source: str, *unknown: str) -> Decision:
    return Decision(None, (type_, source), unknown)


# --- protocols --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "decision"),
    [
        (["trees"], sure("trees", "protocol")),
        (["trees", "trees-2"], sure("trees", "protocol")),
        (["silent", "trees"], sure("trees", "protocol")),
        (["any-wind", "trees"], sure("trees", "protocol")),
        (["any-wind", "any-sun", "wind"], sure("wind", "protocol")),
        (["any-wind"], likely("wind", "protocol")),
        (["trees", "wind"], likely("trees", "protocol")),
        (["wind", "trees"], likely("wind", "protocol")),
        (["wind", "trees", "trees-2"], likely("trees", "protocol")),
        (["trees", "wind", "any-wind"], likely("wind", "protocol")),
        (["trees", "any-sun", "any-sun-2", "wind"], likely("trees", "protocol")),
        (["any-wind", "any-sun"], likely("wind", "protocol")),
        (["any-wind", "any-sun", "any-sun-2"], likely("sun", "protocol")),
        (["silent"], Decision(None, None, ())),
        ([], Decision(None, None, ())),
    ],
)
def test_protocols_decide_where_they_agree_and_else_the_most_named_is_likely(types, ids, decision):
    assert types.decide("first", ids, None, None) == decision


def test_certain_protocols_count_before_the_registrys_words(types):
    assert types.decide("first", ["wind"], "Woods; Old", "Planting") == sure("wind", "protocol")


@pytest.mark.parametrize("ids", [["any-sun"], ["wind", "trees"]], ids=["broad", "differing"])
def test_the_registrys_words_count_before_likely_protocols(types, ids):
    assert types.decide("first", ids, None, "Planting") == sure("trees", "registry")
    assert types.decide("first", ids, "Woods; Old", None) == sure("trees", "registry")


def test_likely_protocols_count_before_likely_words_of_the_registry(types):
    assert types.decide("first", ["any-sun"], "Energy", None) == likely("sun", "protocol")
    assert types.decide("first", ["any-wind"], None, "Sun and more") == likely("wind", "protocol")


def test_a_likely_bundle_yields_to_a_word_that_says_more(types):
    assert types.decide("first", ["bundle"], "Energy", None) == likely("wind", "registry")
    assert types.decide("first", ["bundle"], "Waste", None) == likely("mixed", "protocol")
    assert types.decide("first", ["bundle"], None, None) == likely("mixed", "protocol")


# --- the registry's words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_raw", "activity_raw", "decision"),
    [
        ("Woods; Old", None, sure("trees", "registry")),
        (None, "Planting", sure("trees", "registry")),
        ("Woods; Old", "Blowing", sure("wind", "registry")),
        ("Energy", None, likely("wind", "registry")),
        ("Energy", "Planting", sure("trees", "registry")),
        ("Energy", "Sun and more", likely("sun", "registry")),
        ("Woods; Old", "Sun and more", sure("trees", "registry")),
        ("Woods; Old", "Planting; Blowing", sure("trees", "registry")),
        ("Waste", "Planting; Blowing", likely("trees", "registry")),
        ("Waste", "Blowing;Planting", likely("wind", "registry")),
        (None, "Planting; Sun and more", sure("trees", "registry")),
        (None, "Planting; PLANTING ;", sure("trees", "registry")),
        ("Energy", "Planting; Blowing", likely("wind", "registry")),
        ("Waste", None, Decision(None, None, ())),
        ("WASTE", "  ", Decision(None, None, ())),
        ("woods;  OLD ", None, sure("trees", "registry")),
    ],
)
def test_activities_count_before_types_and_what_decides_before_what_is_broad(types, type_raw, activity_raw, decision):
    assert types.decide("first", (), type_raw, activity_raw) == decision


def test_a_word_means_what_its_registry_and_its_column_say(types):
    assert types.decide("second", (), "Energy", None) == sure("sun", "registry")
    assert types.decide("third", (), "Energy", None) == Decision(None, None, ("Energy",))
    assert types.decide("first", (), "Planting", None) == Decision(None, None, ("Planting",))
    assert types.decide("first", (), None, "Energy") == Decision(None, None, ("Energy",))


@pytest.mark.parametrize(
    ("ids", "type_raw", "activity_raw", "decision"),
    [
        ([], "Foo", "Bar; Baz", Decision(None, None, ("Bar", "Baz", "Foo"))),
        ([], "Woods; New", None, Decision(None, None, ("Woods", "New"))),
        ([], None, "Planting; Foo", sure("trees", "registry", "Foo")),
        ([], "Energy", "Foo", likely("wind", "registry", "Foo")),
        (["any-sun"], "Foo", None, likely("sun", "protocol", "Foo")),
        (["trees"], "Foo", "Bar", sure("trees", "protocol")),
        ([], "Waste", None, Decision(None, None, ())),
        ([], " ; ", None, Decision(None, None, ())),
    ],
)
def test_unknown_words_are_told_unless_the_protocols_have_decided(types, ids, type_raw, activity_raw, decision):
    assert types.decide("first", ids, type_raw, activity_raw) == decision


@given(
    ids=st.lists(st.sampled_from([p["id"] for p in PROTOCOLS]), max_size=5),
    type_raw=st.sampled_from([None, "", "Energy", "Waste", "Woods; Old", "Foo"]),
    activity_raw=st.sampled_from([None, "", "Planting", "Blowing; Foo", "Sun and more"]),
)
def test_what_is_certain_is_likely_too_and_words_are_used_where_they_are_there(types, ids, type_raw, activity_raw):
    decision = types.decide("first", ids, type_raw, activity_raw)
    assert decision.certain in (None, decision.likely)
    assert (decision.likely is None) == (
        not any(CATALOGUE.protocols[id_].project_type for id_ in ids)
        and activity_raw in (None, "")
        and type_raw in (None, "", "Waste", "Foo")
    )
    assert types.decide("first", [*ids, "silent"], type_raw, activity_raw) == decision


# --- categories -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "type_", "source", "category"),
    [
        (["trees"], "trees", "protocol", "forest"),
        (["trees-2"], "trees", "protocol", "land-use"),
        (["trees", "trees-2"], "trees", "protocol", "forest"),
        (["trees-2", "trees"], "trees", "protocol", "land-use"),
        (["wind", "trees-2"], "trees", "protocol", "land-use"),
        (["category-only", "trees-2"], "trees", "protocol", "land-use"),
        (["category-only"], "trees", "registry", "efficiency"),
        (["not-known", "wind"], "trees", "registry", "renewable-energy"),
        (["not-known"], "trees", "registry", "forest"),
        (["silent"], "trees", "registry", "forest"),
        (["any-sun-2"], "sun", "protocol", "efficiency"),
        ([], "wind", "registry", "renewable-energy"),
        (["trees-2"], "wind", "override", "renewable-energy"),
        (["category-only"], None, None, "efficiency"),
        (["not-known"], None, None, None),
        ([], None, None, None),
    ],
)
def test_the_category_is_that_of_the_protocol_that_stands_for_the_type(types, ids, type_, source, category):
    assert types.category(ids, type_, source) == category


# --- files ------------------------------------------------------------------------------------------------------


def refused(folder: Path, file: str, *lines: str) -> str:
    configs = write(folder, {file: [*FILES[file], *lines]})
    with pytest.raises(ConfigError) as caught:
        ProjectTypes(CATALOGUE, configs)
    return str(caught.value).removeprefix(f"{folder}/")


def test_overrides_are_read_by_project(types):
    assert types.overrides == {"ONE7": "sun", "ONE8": "trees", "ONE9": "wind"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("first,sector,Foo,wind,no,", "field is type or activity, not 'sector'"),
        (",type,Foo,wind,no,", "needs a registry and a raw word"),
        ("first,type,,wind,no,", "needs a registry and a raw word"),
        ("first,type,ENERGY ,wind,no,", "'ENERGY' of 'type' of 'first' stands in line 2 already"),
        ("first,type,Foo,winds,no,", "project_type 'winds' is not known"),
        ("first,type,Foo,wind,,", "broad is yes or no where there is a project_type, else blank"),
        ("first,type,Foo,wind,maybe,", "broad is yes or no where there is a project_type, else blank"),
        ("first,type,Foo,,no,", "broad is yes or no where there is a project_type, else blank"),
        ("first,type,Foo", "expected 6 cells"),
    ],
)
def test_a_word_that_contradicts_is_refused_with_its_line(tmp_path, line, said):
    assert refused(tmp_path, "protocols/registry_types/first.csv", line).startswith(
        f"protocols/registry_types/first.csv, line 9: {said}"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",wind,", "project_id is blank"),
        ("ONE7,wind,", "'ONE7' stands in line 2 already"),
        ("ONE5,winds,", "project_type 'winds' is not known"),
        ("ONE5,,", "project_type '' is not known"),
        ("ONE5,wind", "expected 3 cells"),
    ],
)
def test_an_override_that_contradicts_is_refused_with_its_line(tmp_path, line, said):
    assert refused(tmp_path, "protocols/project_type_overrides.csv", line).startswith(
        f"protocols/project_type_overrides.csv, line 5: {said}"
    )


@pytest.mark.parametrize("file", ["protocols/registry_types/first.csv", "protocols/project_type_overrides.csv"])
def test_a_file_with_other_columns_is_refused(tmp_path, file):
    with pytest.raises(ConfigError, match=f"{file}, line 1: expected the columns"):
        ProjectTypes(CATALOGUE, write(tmp_path, {file: ["x,y", "1,2"]}))
