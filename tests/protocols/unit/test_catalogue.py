"""The catalogue: what it says, and that each contradiction is refused with file, line and entry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.protocols.catalogue import Catalogue, Program, ProjectType, load_catalogue
from tests.kit.building import CONFIGS
from tests.kit.knowledge_files import FILES, write


def first(*more: str, file: str = "protocols/one.yml") -> dict[str, list[str]]:
    """Lines more of the first entry (b of one.yml, c of two.yml), which is the last of its file."""
    return {file: [*FILES[file], *(f"    {line}" for line in more)]}


def refused(folder: Path, changes: dict[str, list[str] | None]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_catalogue(write(folder, changes))
    return str(caught.value).replace(f"{folder}/", "")


# --- what a catalogue says --------------------------------------------------------------------------------------


def test_a_catalogue_holds_all_files_by_id(tmp_path):
    catalogue = load_catalogue(write(tmp_path))
    assert list(catalogue.protocols) == ["a", "b", "c"]
    assert {p.id: p.program for p in catalogue.protocols.values()} == {"a": "one", "b": "one", "c": "two"}
    assert catalogue.categories == {"forest", "renewable-energy", "unknown"}
    assert catalogue.project_types["wind"] == ProjectType("wind", "Wind Power", "renewable-energy", False)
    assert catalogue.programs == {
        "one": Program("one", "Programme One", "first", False, ("Programme One", "ONE")),
        "two": Program("two", "Programme Two", None, False, ("Programme Two",)),
        "law": Program("law", "The Law", None, True, ("LAW",)),
    }


def test_an_entry_may_say_but_its_id_and_title(tmp_path):
    protocol = load_catalogue(write(tmp_path)).protocols["a"]
    assert (protocol.category, protocol.project_type, protocol.superseded_by, protocol.slug) == (None, None, None, None)
    assert (protocol.broad, protocol.codes, protocol.aliases, protocol.other_ids) == (False, (), (), ())


def test_an_entry_may_say_everything(tmp_path):
    lines = ["category: forest", "sub_category: bamboo", "project_type: trees", "broad: true", "superseded_by: c",
             "slug: wind-mills", "codes: [W/1]", "aliases: [Mills]", "other_ids: [b-old]"]  # fmt: skip
    protocol = load_catalogue(write(tmp_path, first(*lines))).protocols["b"]
    assert (protocol.category, protocol.sub_category, protocol.project_type) == ("forest", "bamboo", "trees")
    assert (protocol.broad, protocol.superseded_by, protocol.slug) == (True, "c", "wind-mills")
    assert (protocol.codes, protocol.aliases, protocol.other_ids) == (("W/1",), ("Mills",), ("b-old",))


@pytest.mark.parametrize(
    ("lines", "category"),
    [
        (["category: forest", "project_type: wind"], "forest"),
        (["project_type: wind"], "renewable-energy"),
        (["category: forest"], "forest"),
        ([], None),
    ],
)
def test_the_category_is_the_protocols_own_then_that_of_its_type(tmp_path, lines, category):
    assert load_catalogue(write(tmp_path, first(*lines))).category("b") == category


def test_names_of_compliance_programmes_stay_in_the_keys_of_titles(tmp_path):
    keys = load_catalogue(write(tmp_path)).title_keys
    assert (
        keys("ONE Purple Carrots of Kenya") == keys("Purple Carrots of Kenya, Programme Two") == "purplecarrotsofkenya"
    )
    assert keys("LAW Purple Carrots of Kenya") == "lawpurplecarrotsofkenya"


# --- what may stand twice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"protocols/two.yml": [*FILES["protocols/two.yml"][:-1], "    title: Purple Carrots of Kenya"]}, id="a title of two programmes"),
        pytest.param({"protocols/one.yml": [*FILES["protocols/one.yml"][:-1], "    title: Purple Carrots of Kenya"]}, id="a title within a programme"),
        pytest.param(first("aliases: [Hidden Springs of Oman]"), id="an alias that is a title of another programme"),
        pytest.param(first("aliases: [Windmills of the Mind]"), id="an alias that is the entry's own title"),
        pytest.param(first("aliases: [Mills in Spain, MILLS IN SPAIN]"), id="an alias twice in one entry"),
        pytest.param(first("slug: c", "aliases: [W-1 of Spain]", "codes: [W/2]", "other_ids: [W-1 of Spain]"), id="one word as slug, alias, id"),
    ],
)  # fmt: skip
def test_what_leads_to_no_confusion_is_taken(tmp_path, changes):
    assert len(load_catalogue(write(tmp_path, changes)).protocols) == 3


# --- contradictions ---------------------------------------------------------------------------------------------


def test_an_id_twice_is_refused_with_both_places(tmp_path):
    changes = {"protocols/two.yml": ["program: two", "protocols:", "  - title: Hidden", "    id: b"]}
    assert refused(tmp_path, changes) == f"protocols/two.yml, line 3: 'b' stands in {tmp_path}/protocols/one.yml, line 5 already".replace(f"{tmp_path}/", "")  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("category: forests", "category 'forests' is not known; the nearest known is 'forest': correct it, or add it to configs/protocols/categories.csv"),
        ("project_type: tree", "project_type 'tree' is not known; the nearest known is 'trees': correct it, or add it to configs/protocols/project_types.csv"),
        ("superseded_by: z", "superseded_by 'z' is not known; the nearest known is "),
        ("superseded_by: b", "'b' is superseded by itself, through b"),
        ("broad: true", "'b' is broad and has no project_type"),
        ("other_ids: [old, b]", "the other id 'b' is its own id"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_knows_is_refused(tmp_path, line, said):
    message = refused(tmp_path, first(line))
    assert message.startswith("protocols/one.yml, line 7: 'b'")
    assert said in message


@pytest.mark.parametrize("kind", ["aliases", "codes", "other_ids"])
@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["id: vm0048", "title: Hidden Springs"], "VM0048"),
        (["id: vm0048", "title: Hidden Springs"], "VM 0048 v1.2"),
        (["id: vm0048", "title: Hidden Springs"], "vm0048, Version 3.0"),
        (["id: ams-i-d", "title: Hidden Springs"], "AMS-1.D."),
        (["id: c", "title: Hidden Springs", "codes: [W/1]"], "w-1"),
        (["id: c", "title: Hidden Springs", "other_ids: [old-name]"], "Old Name"),
    ],
)
def test_a_name_that_is_the_id_or_a_code_of_another_protocol_is_refused(tmp_path, kind, lines, name):
    """However registries spell it: the texts of that protocol would be taken over."""
    other = ["program: two", "protocols:", f"  - {lines[0]}", *(f"    {line}" for line in lines[1:])]
    message = refused(tmp_path, first(f"{kind}: ['{name}']") | {"protocols/two.yml": other})
    assert re.fullmatch(r"protocols/(one.yml, line 7|two.yml, line 5): '.*': the .* is the .* leave it out", message)
    assert repr(name) in message or lines[-1].startswith(("codes", "other_ids"))


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    """In whichever files; what cannot be asked, as the words of a file are not known, is not told."""
    changes = first("aliases: [Purple Carrots of Kenya, '']", "category: forets") | {
        "protocols/two.yml": ["program: tow", *FILES["protocols/two.yml"][1:], "    broad: true"],
        "protocols/project_types.csv": [
            "project_type,display_name,category,bundle,note",
            "a,A,fores,no,",
            "b,B,forest,maybe,",
        ],
    }
    lines = refused(tmp_path, changes).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "protocols/project_types.csv, line 2", "protocols/project_types.csv, line 3", "protocols/one.yml, line 8",
        "protocols/two.yml, line 1", "protocols/two.yml, line 5", "protocols/one.yml, line 7", "protocols/one.yml, line 7",
    ]  # fmt: skip


def test_a_circle_of_successors_is_refused(tmp_path):
    changes = first("superseded_by: c") | first("superseded_by: b", file="protocols/two.yml")
    assert "protocols/one.yml, line 7: 'b' is superseded by itself, through b -> c\n" in refused(tmp_path, changes)


def test_an_unknown_programme_is_refused(tmp_path):
    changes = {"protocols/two.yml": ["program: three", *FILES["protocols/two.yml"][1:]]}
    message = refused(tmp_path, changes)
    assert message.startswith("protocols/two.yml, line 1: 'c': program 'three' is not known; the nearest known is ")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("aliases: [Mills in Spain]", "aliases: [Mills in Spain]", "the alias 'Mills in Spain' leads to 'b'"),
        ("aliases: [Mills in Spain]", "aliases: [Other, MILLS–in Spain]", "the alias 'MILLS–in Spain' leads to 'b'"),
        ("aliases: [Mills in Spain]", "aliases: [The Programme One Mills in Spain Protocol v2]",
         "the alias 'The Programme One Mills in Spain Protocol v2' leads to 'b'"),
        ("aliases: [Methodology for Mills in Spain]", "aliases: [Mills in Spain]", "the alias 'Mills in Spain' leads to 'b'"),
        ("slug: mills", "slug: mills", "the slug 'mills' leads to 'b'"),
        ("codes: [W/1]", "codes: [w/1]", "the code 'w/1' leads to 'b'"),
        ("other_ids: [old]", "other_ids: [older, old]", "the other id 'old' leads to 'b'"),
    ],
)  # fmt: skip
def test_a_name_of_two_protocols_is_refused_across_programmes(tmp_path, one, other, said):
    message = refused(tmp_path, first(one) | first(other, file="protocols/two.yml"))
    assert message.startswith(f"protocols/two.yml, line 5: 'c': {said} (protocols/one.yml, line 5) too")


@pytest.mark.parametrize(
    "alias", ["Purple Carrots of Kenya", "PURPLE CARROTS OF KENYA (v2)", "ONE: Purple Carrots of Kenya Methodology"]
)
def test_an_alias_that_is_another_title_of_its_programme_is_refused(tmp_path, alias):
    message = refused(tmp_path, first(f"aliases: ['{alias}']"))
    place = "protocols/one.yml, line 7"
    assert message.startswith(f"{place}: 'b': the alias {alias!r} leads to 'a' (protocols/one.yml, line 3) too")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("aliases: ['']", "the alias '' says nothing"),
        ("aliases: ['– !']", "the alias '– !' says nothing"),
        ("slug: ''", "the slug '' says nothing"),
        ("codes: ['']", "the code '' says nothing"),
        ("other_ids: ['']", "the other id '' says nothing"),
    ],
)
def test_a_name_that_says_nothing_is_refused(tmp_path, line, said):
    assert refused(tmp_path, first(line)) == f"protocols/one.yml, line 7: 'b': {said}"


# --- the form of a file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "line", "said"),
    [
        (["id: A1", "title: Carrots"], 5, "protocols.A1.id: String should match pattern"),
        (["title: Carrots", "id: a_1"], 6, "protocols.a_1.id: String should match pattern"),
        (["id: a-", "title: Carrots"], 5, "protocols.a-.id: String should match pattern"),
        (["id: ''", "title: Carrots"], 5, "protocols.2.id: String should match pattern"),
        (["id: 12", "title: Carrots"], 5, "protocols.12.id: must be text, found 12"),
        (["title: Carrots"], 5, "protocols.2.id: is required and missing"),
        (["id: a"], 5, "protocols.a.title: is required and missing"),
        (["id: a", "title: ab"], 6, "protocols.a.title: String should have at least 3 characters, found 'ab'"),
        (["id: a", "title: Carrots", "colour: green"], 7, "protocols.a.colour: no such key is known here"),
        (["id: a", "title: Carrots", "program: two"], 7, "protocols.a.program: no such key is known here"),
        (["id: a", "title: Carrots", "broad: maybe"], 7, "protocols.a.broad: Input should be a valid boolean"),
        (["id: a", "title: Carrots", "aliases: Roots"], 7, "protocols.a.aliases: must be a list, found 'Roots'"),
        (["id: a", "title: Carrots", "title: Roots"], 7, "title is given twice, first in line 6"),
        (["id: a", "title: Carrots", "slug: x", "id: b", "slug: x"], 8, "id is given twice, first in line 5"),
    ],
)
def test_an_entry_of_another_form_is_refused(tmp_path, entry, line, said):
    lines = [
        "program: one",
        "protocols:",
        "  - id: z",
        "    title: Zebras",
        f"  - {entry[0]}",
        *(f"    {line}" for line in entry[1:]),
    ]
    message = refused(tmp_path, {"protocols/one.yml": lines})
    assert message.startswith(f"protocols/one.yml, line {line}: {said}")


@pytest.mark.parametrize("entry", ["carrots", "[a, b]", "12", "null"])
def test_an_entry_that_is_no_mapping_is_refused(tmp_path, entry):
    lines = ["program: one", "protocols:", "  - id: z", "    title: Zebras", f"  - {entry}"]
    assert "protocols/one.yml, line 5: protocols.2: must be a mapping of keys to values, found" in refused(
        tmp_path, {"protocols/one.yml": lines}
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["- id: a", "  title: Carrots"], ", line 1: must be a mapping of keys to values"),
        (["program: one"], ", line 1: protocols: is required and missing"),
        (["protocols:", "  - id: a", "    title: Carrots"], ", line 1: program: is required and missing"),
        (["program: one", "protocols: []", "note: none"], ", line 3: note: no such key is known here"),
        (["program: one", "protocols:"], ", line 2: protocols: must be a list, found None"),
        (["program: one", "protocols: {id: a, title: Carrots}"], ", line 2: protocols: must be a list"),
        ([""], ": holds nothing"),
        (["carrots"], ", line 1: must be a mapping of keys to values, found 'carrots'"),
    ],
)
def test_a_file_with_other_root_keys_is_refused(tmp_path, lines, said):
    assert refused(tmp_path, {"protocols/one.yml": lines}).startswith(f"protocols/one.yml{said}")


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path):
    message = refused(tmp_path, {"protocols/one.yml": ["program: one", "protocols: [", "  - x: y: z"]})
    assert message.startswith("protocols/one.yml, line 3: is not YAML: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"protocols/one.yml": None, "protocols/two.yml": None},
        {"protocols/one.yml": ["program: one", "protocols: []"], "protocols/two.yml": None},
    ],
    ids=["no file", "no entry"],
)
def test_a_catalogue_without_protocols_is_refused(tmp_path, changes):
    assert refused(tmp_path, changes).endswith("protocols: no protocol is described here")


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("protocols/programs.csv", "x,X,,maybe,,", "line 5: is_compliance is yes or no, not 'maybe'"),
        ("protocols/programs.csv", "x,X,,,,", "line 5: is_compliance is yes or no, not ''"),
        ("protocols/programs.csv", "one,X,,no,,", "line 5: 'one' stands in line 2 already"),
        ("protocols/programs.csv", ",X,,no,,", "line 5: program is blank"),
        ("protocols/project_types.csv", "x,X,woods,no,", "line 5: category 'woods' is not known"),
        ("protocols/project_types.csv", "x,X,,no,", "line 5: category '' is not known"),
        ("protocols/project_types.csv", "wind,X,forest,no,", "line 5: 'wind' stands in line 3 already"),
        ("protocols/project_types.csv", ",X,forest,no,", "line 5: project_type is blank"),
        ("protocols/project_types.csv", "x,X,forest,maybe,", "line 5: bundle is yes or no, not 'maybe'"),
        ("protocols/categories.csv", "forest,again", "line 5: 'forest' stands in line 2 already"),
        ("protocols/categories.csv", ",blank", "line 5: category is blank"),
        ("protocols/categories.csv", "x", "line 5: expected 2 cells"),
    ],
)
def test_a_line_of_a_table_that_contradicts_is_refused(tmp_path, file, line, said):
    assert refused(tmp_path, {file: [*FILES[file], line]}).startswith(f"{file}, {said}")


@pytest.mark.parametrize("file", ["protocols/categories.csv", "protocols/project_types.csv", "protocols/programs.csv"])
def test_a_table_with_other_columns_is_refused(tmp_path, file):
    assert refused(tmp_path, {file: ["x,y", "1,2"]}).startswith(f"{file}, line 1: expected the columns ")


# --- the shipped one --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue(CONFIGS)


def test_the_shipped_catalogue_says_a_category_of_every_protocol(shipped):
    assert len(shipped.protocols) >= 400
    assert {id_ for id_ in shipped.protocols if shipped.category(id_) in (None, "unknown")} == set()


def test_ids_of_the_shipped_catalogue_follow_the_grammar_of_their_programme(shipped):
    form = re.compile(r"acm\d{4}|am\d{4}|ar-(acm|ams?)\d{4}|ams-i{1,3}-[a-z]{1,2}\d?|vmr?\d{4}")
    odd = {
        p.id
        for p in shipped.protocols.values()
        if p.program in shipped.rules.words.codes.programs and not form.fullmatch(p.id)
    }
    assert odd == set()


def test_no_chain_of_successors_of_the_shipped_catalogue_runs_in_a_circle(shipped):
    for id_ in shipped.protocols:
        seen, at = [], id_
        while at:
            assert at not in seen
            seen.append(at)
            at = shipped.protocols[at].superseded_by
