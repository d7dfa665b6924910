"""The mapping tables: one row per distinct text and per project, whatever the order of the input."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.protocols import check, schema, tables
from carbon_assets.protocols.catalogue import load_catalogue
from carbon_assets.registries.description import Registry
from tests.kit.building import faults_in
from tests.kit.knowledge_files import FILES, write

COLUMNS = ("project_id", "registry", "protocol_raw", "project_type_raw", "activity_raw")
REGISTRIES = {
    "first": Registry(id="first", name="First", tables={}),
    "second": Registry(id="second", name="Second", tables={}, default_protocol="c"),
}
CATALOGUE = {
    "protocols/one.yml": [
        *("program: one", "protocols:", "  - id: a", "    title: Purple Carrots of Kenya", "    codes: [W/1]"),
        *("    project_type: trees", "    sub_category: roots", "    other_ids: [a-old]", "    superseded_by: b"),
        *("  - id: b", "    title: Windmills of the Mind", "    project_type: wind", "    broad: true"),
        *("    category: forest",),
    ],
    "protocols/law.yml": ["program: law", "protocols:", "  - id: l", "    title: LAW Hidden Springs of Peru", "    codes: [L/9]"],
}  # fmt: skip


@pytest.fixture(scope="module")
def configs(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("configs"), CATALOGUE)


def projects(folder: Path, *rows: tuple[str | None, ...]) -> Path:
    """A harmonized projects table of (project_id, registry, protocol, type, activity)."""
    table = pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(COLUMNS)})
    pq.write_table(table, folder / "projects.parquet")
    return folder / "projects.parquet"


def placeholders(folder: Path, *rows: tuple[str | None, ...]) -> Path:
    """Projects that only transactions mention, of (project_id, registry, protocol, type)."""
    names = COLUMNS[:4]
    table = pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})
    pq.write_table(table, folder / "placeholders.parquet")
    return folder / "placeholders.parquet"


NOT_LISTED = (("ONE8", "first", None, None),)


def protocols(
    folder: Path, configs: Path, *rows: tuple[str | None, ...], mentioned: tuple[tuple, ...] = NOT_LISTED
) -> pa.Table:
    with duckdb.connect(config={"threads": 1}) as con:
        listed = {row[0] for row in rows}
        files = projects(folder, *rows), placeholders(folder, *(row for row in mentioned if row[0] not in listed))
        return tables.map_protocols(con, *files, REGISTRIES, configs)


def types(
    folder: Path, configs: Path, *rows: tuple[str | None, ...], mentioned: tuple[tuple, ...] = NOT_LISTED
) -> pa.Table:
    """`mentioned`: the projects that only transactions mention."""
    pq.write_table(protocols(folder, configs, *rows, mentioned=mentioned), folder / "protocols.parquet")
    with duckdb.connect(config={"threads": 1}) as con:
        return tables.map_project_types(
            con, *(folder / f"{name}.parquet" for name in ("projects", "placeholders", "protocols")), configs
        )


def texts(folder: Path, configs: Path, *pairs: tuple[str | None, str | None]) -> list[dict]:
    return protocols(folder, configs, *(("ONE1", *pair, None, None) for pair in pairs)).to_pylist()


# --- the catalogue ----------------------------------------------------------------------------------------------


def test_the_catalogue_becomes_a_table(configs):
    table = tables.catalogue_table(configs)
    assert table.schema.equals(schema.PROTOCOL_CATALOGUE, check_metadata=True)
    rows = {row["protocol"]: row for row in table.to_pylist()}
    assert list(rows) == ["a", "b", "c", "l"]
    assert rows["a"] == {
        "protocol": "a", "program": "one", "program_name": "Programme One", "title": "Purple Carrots of Kenya",
        "category": "forest", "sub_category": "roots", "project_type": "Trees", "is_broad": False, "is_compliance": False,
        "superseded_by": "b", "other_ids": ["a-old"],
    }  # fmt: skip
    assert (rows["b"]["category"], rows["b"]["project_type"], rows["b"]["is_broad"]) == ("forest", "Wind Power", True)
    assert (rows["c"]["category"], rows["c"]["project_type"], rows["c"]["other_ids"]) == (None, None, None)
    assert [id_ for id_, row in rows.items() if row["is_compliance"]] == ["l"]


# --- protocols --------------------------------------------------------------------------------------------------


def test_protocols_have_exactly_the_schema(tmp_path, configs):
    assert protocols(tmp_path, configs, ("ONE1", "first", "W/1", None, None)).schema.equals(
        schema.PROTOCOLS, check_metadata=True
    )
    assert protocols(tmp_path, configs).schema.equals(schema.PROTOCOLS, check_metadata=True)


def test_each_pair_of_registry_and_text_has_one_row(tmp_path, configs):
    pairs = [
        ("first", "W/1"),
        ("first", "W/1"),
        ("second", "W/1"),
        ("first", None),
        ("first", None),
        ("first", "W/1 "),
        (None, None),
    ]
    rows = texts(tmp_path, configs, *pairs)
    assert [(row["registry"], row["protocol_raw"]) for row in rows] == [
        ("first", "W/1"), ("first", "W/1 "), ("first", None), ("second", "W/1"), (None, None),
    ]  # fmt: skip


def test_a_row_tells_what_its_text_says(tmp_path, configs):
    [row] = texts(tmp_path, configs, ("first", "Windmills of the Midn; L/9 v2.0; foo"))
    assert row == {
        "registry": "first", "protocol_raw": "Windmills of the Midn; L/9 v2.0; foo", "outcome": "partly assigned",
        "protocols": ["b", "l"], "version": "l 2.0", "method": "title", "confidence": 0.944, "remainder": "foo",
        "unassigned": ["foo"], "candidates": None, "is_compliance": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("registry", "text", "outcome", "ids", "unassigned"),
    [
        ("first", "W/1", "assigned", ["a"], None),
        ("first", None, "blank", None, None),
        ("first", "", "blank", None, None),
        ("first", " \u00a0", "blank", None, None),
        ("second", None, "assigned", ["c"], None),
        ("second", "foo", "not understood", None, ["foo"]),
        ("first", "  “Purple–soup”\u00a0 of Peru ", "not understood", None, ["“Purple–soup”\u00a0 of Peru"]),
        ("first", "Not given", "names none", None, ["Not given"]),
        ("first", "W/1; foo; bar", "partly assigned", ["a"], ["foo", "bar"]),
    ],
)
def test_what_is_not_assigned_keeps_its_text(tmp_path, configs, registry, text, outcome, ids, unassigned):
    [row] = texts(tmp_path, configs, (registry, text))
    assert (row["protocol_raw"], row["outcome"], row["protocols"], row["unassigned"]) == (
        text,
        outcome,
        ids,
        unassigned,
    )
    assert row["is_compliance"] is False


def test_candidates_of_what_is_not_assigned_are_told(tmp_path, configs):
    [row] = texts(tmp_path, configs, ("first", "Purple Carrots"))
    assert (row["protocols"], row["candidates"]) == (None, ["a"])


ROW = st.tuples(
    st.sampled_from(["first", "second"]),
    st.sampled_from([None, "", "W/1", "W/1; Windmills of the Mind", "L/9", "foo", "Not given"]),
    st.sampled_from([None, "Energy", "Woods; Old", "Foo"]),
    st.sampled_from([None, "Planting", "Bar"]),
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(ROW, min_size=1, max_size=12), seed=st.integers(0, 99))
def test_the_order_of_projects_does_not_matter(tmp_path, configs, rows, seed):
    numbered = [(f"ONE{number}", *row) for number, row in enumerate(rows)]
    shuffled = numbered[:]
    random.Random(seed).shuffle(shuffled)
    assert protocols(tmp_path, configs, *numbered).equals(protocols(tmp_path, configs, *shuffled))
    one, other = types(tmp_path, configs, *numbered), types(tmp_path, configs, *shuffled)
    assert one.equals(other)
    assert {row["project_id"] for row in one.to_pylist()} == {row[0] for row in numbered} | {"ONE8"}
    assert len(protocols(tmp_path, configs, *numbered)) == len({row[:2] for row in rows})


# --- project types ----------------------------------------------------------------------------------------------


def typed(folder: Path, configs: Path, *row: str | None) -> tuple:
    """Type, source, category and unknown words of one project."""
    [found] = [each for each in types(folder, configs, row).to_pylist() if each["project_id"] == row[0]]
    return tuple(found[name] for name in ("project_type", "project_type_source", "category", "unknown_words"))


def test_project_types_have_exactly_the_schema_and_come_in_order(tmp_path, configs):
    table = types(tmp_path, configs, ("ONE9", "first", None, None, None), ("ONE1", "second", None, None, None), ("ONE10", "first", "W/1", None, None))  # fmt: skip
    assert table.schema.equals(schema.PROJECT_TYPES, check_metadata=True)
    assert [row["project_id"] for row in table.to_pylist()] == ["ONE1", "ONE10", "ONE8", "ONE9"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("ONE1", "first", "W/1", "Energy", "Blowing"), ("Trees", "protocol", "forest", None)),
        (("ONE7", "first", "W/1", None, None), ("Trees", "protocol", "forest", None)),
        (("ONE7", "first", None, None, "Blowing"), ("Wind Power", "registry", "renewable-energy", None)),
        (("ONE7", "first", None, "Woods; Old", None), ("Trees", "registry", "forest", None)),
        (("ONE7", "first", "Windmills of the Mind", None, None), ("Solar Power", "override", "renewable-energy", None)),
        (("ONE7", "first", None, "Energy", None), ("Solar Power", "override", "renewable-energy", None)),
        (("ONE1", "first", "Windmills of the Mind", None, "Sun and more"), ("Wind Power", "protocol", "forest", None)),
        (("ONE1", "first", "Windmills of the Mind", None, "Planting"), ("Trees", "registry", "forest", None)),
        (("ONE1", "first", None, "Energy", None), ("Wind Power", "registry", "renewable-energy", None)),
        (("ONE1", "first", None, "Foo", "Bar"), ("Unknown", "none", "unknown", ["Bar", "Foo"])),
        (("ONE7", "first", None, "Foo", None), ("Solar Power", "override", "renewable-energy", ["Foo"])),
        (("ONE1", "first", None, None, None), ("Unknown", "none", "unknown", None)),
        (("ONE1", None, None, None, None), ("Unknown", "none", "unknown", None)),
        (("ONE1", "second", None, None, None), ("Unknown", "none", "unknown", None)),
    ],
)
def test_types_are_certain_then_a_stewards_then_likely_then_unknown(tmp_path, configs, row, said):
    assert typed(tmp_path, configs, *row) == said


def test_blank_protocols_are_joined_by_registry(tmp_path, configs):
    """The default of one registry types its projects, and no other's."""
    more = {"protocols/two.yml": [*FILES["protocols/two.yml"], "    project_type: sun"]}
    own = write(tmp_path / "configs", CATALOGUE | more)
    assert typed(tmp_path, own, "ONE1", "second", None, None, None) == (
        "Solar Power",
        "protocol",
        "renewable-energy",
        None,
    )
    assert typed(tmp_path, own, "ONE1", "first", None, None, None) == ("Unknown", "none", "unknown", None)


def test_a_project_that_no_registry_lists_has_the_stewards_type(tmp_path, configs):
    mentioned = (("ONE1", "first", None, None), *NOT_LISTED)
    rows = {row["project_id"]: row for row in types(tmp_path, configs, mentioned=mentioned).to_pylist()}
    assert rows["ONE8"] == {"project_id": "ONE8", "project_type": "Trees", "project_type_source": "override", "category": "forest", "unknown_words": None}  # fmt: skip
    assert (rows["ONE1"]["project_type"], rows["ONE1"]["project_type_source"]) == ("Unknown", "none")


def test_a_project_that_no_registry_lists_is_what_its_transactions_state(tmp_path, configs):
    """Its text is read like any other; without one, the default of its registry is not its own."""
    mentioned = (
        ("ONE1", "first", "W/1", None), ("ONE2", "first", None, "Woods; Old"), ("ONE3", "first", None, "Foo"),
        ("TWO1", "second", None, None), ("TWO2", "second", "foo", None),
    )  # fmt: skip
    read = protocols(tmp_path, configs, ("TWO9", "second", None, None, None), mentioned=mentioned).to_pylist()
    assert [(row["registry"], row["protocol_raw"], row["protocols"]) for row in read] == [
        ("first", "W/1", ["a"]), ("second", "foo", None), ("second", None, ["c"]),
    ]  # fmt: skip
    more = {"protocols/two.yml": [*FILES["protocols/two.yml"], "    project_type: sun"]}
    own = write(tmp_path / "configs", CATALOGUE | more)
    rows = types(tmp_path, own, ("TWO9", "second", None, None, None), mentioned=mentioned).to_pylist()
    assert {row["project_id"]: (row["project_type"], row["project_type_source"], row["unknown_words"]) for row in rows} == {
        "ONE1": ("Trees", "protocol", None), "ONE2": ("Trees", "registry", None), "ONE3": ("Unknown", "none", ["Foo"]),
        "TWO1": ("Unknown", "none", None), "TWO2": ("Unknown", "none", None), "TWO9": ("Solar Power", "protocol", None),
    }  # fmt: skip


def test_projects_alike_have_each_a_row(tmp_path, configs):
    alike = [(f"ONE{number}", "first", "W/1", "Energy", None) for number in (3, 1, 2)]
    rows = [row for row in types(tmp_path, configs, *alike).to_pylist() if row["project_type_source"] == "protocol"]
    assert [row["project_id"] for row in rows] == ["ONE1", "ONE2", "ONE3"]


# --- what contradicts -------------------------------------------------------------------------------------------


def test_a_default_that_is_no_protocol_is_refused(configs):
    registries = {"third": Registry(id="third", name="Third", tables={}, default_protocol="z")}
    with pytest.raises(
        ConfigError, match=r"registries/third\.yml: default_protocol 'z' is not known; the nearest known is"
    ):
        tables.reader(load_catalogue(configs), registries, configs)


def test_files_that_hold_together_pass_the_check(configs):
    assert faults_in(configs, check) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("protocols/two.yml", "    category: woods"),
        ("protocols/registry_types/first.csv", "first,type,Energy,wind,yes,"),
        ("protocols/project_type_overrides.csv", "ONE7,wind,"),
        ("protocols/no_protocol.csv", "not given,again,"),
        ("protocols/programs.csv", "one,One,,no,,"),
    ],
)
def test_a_contradiction_in_any_file_fails_the_check(tmp_path, file, line):
    (fault,) = faults_in(write(tmp_path, {file: [*FILES[file], line]}), check)
    assert fault.startswith(f"{tmp_path / file}, line ")


def test_a_default_without_protocol_fails_the_check(tmp_path):
    changes = {"protocols/two.yml": [line.replace("id: c", "id: d") for line in FILES["protocols/two.yml"]]}
    (fault,) = faults_in(write(tmp_path, changes), check)
    assert fault.startswith(f"{tmp_path}/registries/second.yml, line 3: default_protocol 'c' is not known")


@pytest.mark.parametrize("file", ["protocols/registry_types/first.csv", "protocols/programs.csv"])
def test_a_registry_that_nobody_describes_fails_the_check(tmp_path, file):
    lines = [line.replace("first", "frist", 1) if n == 1 else line for n, line in enumerate(FILES[file])]
    (fault,) = faults_in(write(tmp_path, {file: lines}), check)
    assert fault.startswith(f"{tmp_path / file}, line 2: registry 'frist' is not known; the nearest known is 'first'")


def test_faults_of_several_files_are_told_at_once(tmp_path):
    broken = ("protocols/registry_types/first.csv", "protocols/no_protocol.csv", "protocols/project_type_overrides.csv")
    faults = faults_in(write(tmp_path, {file: [*FILES[file], "x"] for file in broken}), check)
    assert sorted(fault.partition(",")[0] for fault in faults) == sorted(str(tmp_path / file) for file in broken)
