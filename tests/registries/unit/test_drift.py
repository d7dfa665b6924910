"""What changed in the form of a file: each kind of change told, blocking or not, and nothing told of what stayed."""

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from carbon_assets.base.configs import ConfigError
from carbon_assets.registries import contents, drift, schema
from carbon_assets.registries import drift_assets as check
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.registries.drift import Change
from carbon_assets.registries.drops import find
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Contents
from tests.kit.building import CONFIGS, csv_text, settings_in
from tests.kit.effort import examples, quick_or_thorough
from tests.kit.profiled import profile_of_columns

REGISTRY = Registry.model_validate(
    {
        "id": "made-up",
        "name": "Made Up",
        "tables": {
            "projects": {
                "files": "projects",
                "holds": "projects",
                "required": {
                    "project_id": "ID",
                    "name": ["Name", "Project Title"],
                    "listed_at": "Status Effective",
                    "registry_key": "ID",
                },
                "optional": {"status_raw": "Status", "region": ["Region", "State"]},
            }
        },
    }
)
SPEC = REGISTRY.tables["projects"]
LIMITS = drift.load_limits(CONFIGS)
ROWS = 200


def good(rows: int = ROWS) -> dict[str, list[str]]:
    """The columns of a file with nothing odd in it."""
    return {
        "ID": [str(1000 + i) for i in range(rows)],
        "Name": [f"Peat bog {i}" for i in range(rows)],
        "Status": [["Listed", "Registered", "Completed", "Listed"][i % 4] for i in range(rows)],
        "Status Effective": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(rows)],
        "Region": [["North", "South"][i % 2] for i in range(rows)],
        "Expected": [str(1000 + 7 * i) for i in range(rows)],
        "Note": [f"text {i}" if i % 2 else "" for i in range(rows)],
    }


def changes(new: dict[str, list[str]], old: dict[str, list[str]] | None = None) -> list[Change]:
    return drift.compare(profile_of_columns(old or good()), profile_of_columns(new), SPEC, LIMITS)


def renamed(column: str, name: str) -> dict[str, list[str]]:
    return {name if key == column else key: cells for key, cells in good().items()}


def without(*columns: str) -> dict[str, list[str]]:
    return {key: cells for key, cells in good().items() if key not in columns}


def the_change(new: dict[str, list[str]], old: dict[str, list[str]] | None = None) -> Change:
    (change,) = changes(new, old)
    return change


def told(change: Change) -> tuple[str, str, str | None, bool]:
    return change.change, change.column, change.canonical, change.blocks


# --- nothing is told of what stayed ---------------------------------------------------------------------------------


def shuffled(columns: dict[str, list[str]], seed: int, times: int = 1) -> dict[str, list[str]]:
    rows = list(zip(*columns.values(), strict=True)) * times
    random.Random(seed).shuffle(rows)
    return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


cell = st.one_of(
    st.sampled_from(["", "n/a", "Yes", "no", "Listed", "Registered", "1,234", "5", "2024-01-31", "31/12/2024"]),
    st.text(max_size=6),
)


@examples(8, 60)
@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=30), st.integers(0, 99), st.integers(1, 60))
def test_the_same_rows_in_another_order_or_repeated_are_no_change(rows, seed, times):
    columns = dict(zip(["ID", "Name", "Status Effective"], map(list, zip(*rows, strict=True)), strict=True))
    given_, mixed = profile_of_columns(columns), profile_of_columns(shuffled(columns, seed))
    repeated = profile_of_columns(shuffled(columns, seed, times))
    for old, new in [(given_, given_), (given_, mixed), (given_, repeated), (repeated, given_)]:
        assert drift.compare(old, new, SPEC, LIMITS) == []


def test_growth_is_no_change():
    assert changes(good(2000)) == changes(good(230)) == []


def test_another_order_of_columns_is_no_change():
    assert changes(dict(reversed(good().items()))) == []


def test_other_letters_and_blanks_in_a_name_are_no_change():
    assert changes(renamed("Status Effective", "STATUS  effective")) == []


def test_few_rows_tell_nothing_of_shares():
    few = {name: cells[:12] for name, cells in good().items()}
    other = {**few, "Status": ["Paused"] * 12, "Note": [""] * 12, "Expected": [f"{i},000" for i in range(1, 13)]}
    assert changes(other, few) == []


# --- columns --------------------------------------------------------------------------------------------------------


def test_an_added_column():
    change = the_change({**good(), "Extra": ["a", "b"] * (ROWS // 2)})
    assert told(change) == ("added", "Extra", None, False)
    assert (change.old, change.new) == (None, "text: 'a', 'b'")
    assert "nothing is read from it" in change.detail


def test_an_added_column_that_the_description_knows():
    change = the_change(good(), old=without("Region"))
    assert told(change) == ("added", "Region", "region", False)


@pytest.mark.parametrize(
    ("column", "canonical", "blocks"),
    [("Name", "name", True), ("ID", "project_id, registry_key", True), ("Region", "region", False), ("Note", None, False)],
)  # fmt: skip
def test_a_removed_column_blocks_if_it_is_required(column, canonical, blocks):
    change = the_change(without(column))
    assert told(change) == ("removed", column, canonical, blocks)
    assert change.old and change.new is None
    reason = drift.blocking_reason([change])
    assert (reason is not None) is blocks
    assert not blocks or repr(column) in reason


def test_a_removed_column_of_which_another_name_is_there_does_not_block():
    both = {**good(), "Project Title": [f"Other title {i}" for i in range(ROWS)]}
    change = the_change({name: cells for name, cells in both.items() if name != "Name"}, old=both)
    assert told(change) == ("removed", "Name", "name", False)


@pytest.mark.parametrize(
    ("old", "new", "canonical"), [("Name", "Project Title", "name"), ("Region", "State", "region")]
)
def test_a_rename_that_the_description_lists_does_not_block(old, new, canonical):
    change = the_change(renamed(old, new))
    assert told(change) == ("renamed", new, canonical, False)
    assert (change.old, change.new) == (old, new)


@pytest.mark.parametrize(
    ("old", "new", "canonical", "blocks"),
    [
        ("Status Effective", "Status Effective (GMT)", "listed_at", True),
        ("Name", "Label of the site", "name", True),
        ("Status", "State of affairs", "status_raw", False),
        ("Expected", "Expectd", None, False),
        ("Note", "Remarks", None, False),
    ],
)
def test_a_likely_rename_blocks_if_the_column_is_required(old, new, canonical, blocks):
    change = the_change(renamed(old, new))
    assert told(change) == ("renamed", new, canonical, blocks)
    assert (change.old, change.new) == (old, new)


def test_a_likely_rename_is_seen_in_another_place_and_a_longer_file():
    longer = good(500)
    moved = {"Label": longer.pop("Name"), **longer}
    assert told(the_change(moved)) == ("renamed", "Label", "name", True)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Nam", [f"something else {i}" for i in range(ROWS)]),
        ("Names", [str(i) for i in range(ROWS)]),
        ("Note 2", [f"text {i}" for i in range(ROWS)]),
    ],
    ids=["other values", "another kind", "another number"],
)
def test_what_only_looks_like_a_rename_is_none(name, cells):
    gone = "Note" if name == "Note 2" else "Name"
    found = changes({name if key == gone else key: cells if key == gone else column for key, column in good().items()})
    assert sorted(change.change for change in found) == ["added", "removed"]


def test_periods_with_other_numbers_are_no_rename():
    zeros = ["0"] * 150 + [str(i) for i in range(50)]
    old, new = ({**good(), f"Retired {n} Compliance Period": zeros} for n in ("3rd", "4th"))
    assert sorted(change.change for change in changes(new, old)) == ["added", "removed"]


def test_what_blocks_comes_first():
    old = {"Extra": ["x"] * ROWS} | good()
    new = {key: cells for key, cells in old.items() if key not in ("Extra", "Name")}
    assert [(change.column, change.blocks) for change in changes(new, old)] == [("Name", True), ("Extra", False)]


def test_a_new_column_takes_the_place_of_one_alone():
    cells = good()
    old = cells | {"Remarks": cells["Note"]}
    new = {key: column for key, column in old.items() if key not in ("Note", "Remarks")} | {"Comment": cells["Note"]}
    assert sorted(change.change for change in changes(new, old)) == ["removed", "renamed"]


def test_a_renamed_column_is_compared_with_itself():
    new = renamed("Region", "State")
    found = changes({**new, "State": ["East"] * ROWS})
    assert [change.change for change in found] == ["renamed", "values"]


# --- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cells", "kinds", "blocks"),
    [
        ("Status Effective", [f"day {i}" for i in range(ROWS)], ("date", "text"), True),
        ("ID", [f"MUP{i}" for i in range(ROWS)], ("number", "text"), True),
        ("Name", [str(i) for i in range(ROWS)], ("text", "number"), True),
        ("Status", ["true", "false"] * (ROWS // 2), ("text", "flag"), False),
        ("Expected", [f"2024-01-{1 + i % 28:02}" for i in range(ROWS)], ("number", "date"), False),
        ("Expected", [f"1;{i:03},50" for i in range(ROWS)], ("number", "text"), False),
    ],
)
def test_a_column_of_another_kind_blocks_if_it_is_required(column, cells, kinds, blocks):
    change = the_change({**good(), column: cells})
    assert (change.change, change.column, change.blocks) == ("retyped", column, blocks)
    assert (change.old, change.new) == kinds
    assert (drift.blocking_reason([change]) is not None) is blocks


def test_a_kind_is_lost_only_below_half_of_the_cells():
    for texts, expected in ((90, []), (110, ["retyped"])):
        cells = [f"day {i}" if i < texts else cell for i, cell in enumerate(good()["Status Effective"])]
        assert [change.change for change in changes({**good(), "Status Effective": cells})] == expected


def test_a_column_that_was_mixed_is_not_retyped():
    mixed = {**good(), "Expected": [f"text {i}" if i % 4 == 0 else str(i) for i in range(ROWS)]}
    assert changes({**good(), "Expected": [f"text {i}" for i in range(ROWS)]}, mixed) == []


def test_few_cells_are_not_retyped():
    def with_cells(count: int, text: str) -> dict[str, list[str]]:
        return {**good(), "Expected": [text.format(i) if i < count else "" for i in range(ROWS)]}

    assert changes(with_cells(9, "text {}"), with_cells(9, "{}")) == []
    assert [c.change for c in changes(with_cells(10, "text {}"), with_cells(10, "{}"))] == ["retyped"]


def test_days_in_eight_digits_are_no_other_kind():
    digits = {**good(), "Status Effective": [cell.replace("-", "") for cell in good()["Status Effective"]]}
    assert not any(change.change == "retyped" for change in [*changes(digits), *changes(good(), digits)])


@pytest.mark.parametrize("blank_before, blank_now, expected", [(100, 145, True), (100, 135, False), (0, 12, True), (0, 8, False), (150, 0, True)])  # fmt: skip
def test_blanks_that_moved(blank_before, blank_now, expected):
    old, new = (
        {**good(), "Note": [f"text {i}" if i >= n else "" for i in range(ROWS)]} for n in (blank_before, blank_now)
    )
    found = changes(new, old)
    assert [told(change) for change in found] == [("null rate", "Note", None, False)] * expected
    assert not expected or (found[0].old, found[0].new) == (f"{blank_before / ROWS:.1%}", f"{blank_now / ROWS:.1%}")


def test_a_required_column_that_is_blank_now_warns():
    assert told(the_change({**good(), "Name": [""] * ROWS})) == ("null rate", "Name", "name", False)


def test_a_new_word():
    change = the_change({**good(), "Status": ["Paused", *good()["Status"][1:]]})
    assert told(change) == ("values", "Status", "status_raw", False)
    assert (change.old, change.new) == (None, "'Paused' 0.5%")
    assert change.detail == "column 'Status': new 'Paused'"


def test_a_lost_word():
    change = the_change({**good(), "Status": ["Listed" if s == "Completed" else s for s in good()["Status"]]})
    assert told(change)[0] == "values" and "no longer 'Completed'" in change.detail


def test_a_rare_word_may_go():
    once = {**good(), "Status": ["Paused", *good()["Status"][1:]]}
    assert changes(good(), once) == []


def test_a_share_that_moved():
    change = the_change({**good(), "Region": ["North"] * 150 + ["South"] * 50})
    assert (change.old, change.new) == ("'North' 50.0%, 'South' 50.0%", "'North' 75.0%, 'South' 25.0%")
    assert changes({**good(), "Region": ["North"] * 120 + ["South"] * 80}) == []


def test_a_column_of_words_that_became_one_of_texts():
    change = the_change({**good(), "Region": [f"County {i}" for i in range(ROWS)]})
    assert (change.change, change.old, change.new) == ("values", "2 distinct", "200 distinct")


def test_numbers_and_days_are_no_words():
    years = {**good(), "Expected": [str(2020 + i % 4) for i in range(ROWS)]}
    later = {**good(), "Expected": [str(2021 + i % 4) for i in range(ROWS)]}
    assert changes(later, years) == []


@pytest.mark.parametrize(
    ("column", "write", "change", "said"),
    [
        ("Expected", lambda cell: f"{int(cell):,}", "number format", "thousands by comma 100.0% now"),
        ("Expected", lambda cell: cell + ".0", "number format", "decimals that are all zero 100.0% now"),
        ("Expected", lambda cell: f"{int(cell) / 1000:.3f}", "number format", "points before three digits"),
        ("Status Effective", lambda cell: cell + " 00:00:00", "date format", "time of day 100.0% now"),
        ("Status Effective", lambda cell: "/".join(cell.split("-")[::-1]), "date format", "year last 100.0% now"),
    ],
)
def test_another_way_of_writing(column, write, change, said):
    found = the_change({**good(), column: [write(cell) for cell in good()[column]]})
    assert (found.change, found.column, found.blocks) == (change, column, False)
    assert said in found.detail


def test_day_and_month_that_changed_places():
    year, month, day = zip(*(cell.split("-") for cell in good()["Status Effective"]), strict=True)
    first, last = (
        {**good(), "Status Effective": ["/".join(parts) for parts in zip(*order, year, strict=True)]}
        for order in ((day, month), (month, day))
    )
    change = the_change(last, first)
    assert (change.change, change.old, change.new) == (
        "date format",
        "day before month 100.0%",
        "day before month 0.0%",
    )


def test_numbers_with_another_decimal_mark_are_numbers_and_said_to_be_so():
    change = the_change({**good(), "Expected": [f"{i},5" for i in range(ROWS)]})
    assert (change.change, change.blocks) == ("number format", False)
    assert "decimal comma" in change.detail


def test_the_reason_names_all_that_blocks_and_nothing_else():
    found = changes({**without("Name", "Region"), "ID": [f"MUP{i}" for i in range(ROWS)]})
    reason = drift.blocking_reason(found)
    assert [change.blocks for change in found] == [True, True, False]
    assert "'Name'" in reason and "'ID'" in reason and "'Region'" not in reason
    assert drift.blocking_reason([change for change in found if not change.blocks]) is None


# --- the limits -----------------------------------------------------------------------------------------------------


def test_a_limit_moves_what_is_told(tmp_path):
    said = yaml.safe_load((CONFIGS / "intake" / "drift.yml").read_text())
    (tmp_path / "intake").mkdir()
    (tmp_path / "intake" / "drift.yml").write_text(yaml.safe_dump(said | {"word_share": 0.3}))
    limits = drift.load_limits(tmp_path)
    moved = profile_of_columns({**good(), "Region": ["North"] * 150 + ["South"] * 50})
    assert drift.compare(profile_of_columns(good()), moved, SPEC, limits) == []


@pytest.mark.parametrize("change", [{"word_share": 2}, {"no_such": 1}, {"enough": "many"}, {"is_kind": None}])
def test_limits_that_cannot_be_are_refused_with_the_files_name(tmp_path, change):
    said = yaml.safe_load((CONFIGS / "intake" / "drift.yml").read_text())
    (tmp_path / "intake").mkdir()
    (tmp_path / "intake" / "drift.yml").write_text(yaml.safe_dump(said | change))
    with pytest.raises(ConfigError, match=r"drift\.yml"):
        drift.load_limits(tmp_path)


def test_absent_limits_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"drift\.yml"):
        drift.load_limits(tmp_path)


# --- over the raw store ---------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path)


def take(settings, columns: dict[str, list[str]] | str, *, accept: bool = True):
    text = columns if isinstance(columns, str) else csv_text(list(columns), list(zip(*columns.values(), strict=True)))
    path = settings.drop / "made-up" / "projects.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    snapshot = snapshots.take(settings, path, "made-up", "projects", contents.describer(REGISTRY, "projects"))
    if accept:
        snapshots.accept(settings, snapshot)
    return snapshot


def told_of_the_store(settings) -> list[dict]:
    table = drift.schema_changes(settings, {"made-up": REGISTRY})
    assert table.schema.equals(schema.SCHEMA_CHANGES)
    return table.to_pylist()


def test_the_first_file_is_compared_with_nothing(settings):
    take(settings, good())
    assert told_of_the_store(settings) == []


def test_each_file_is_compared_with_the_last_good_one(settings):
    first = take(settings, good())
    odd = take(settings, {**good(), "ID": [f"MUP{i}" for i in range(ROWS)]}, accept=False)
    third = take(settings, {**good(), "Extra": ["x"] * ROWS})
    found = told_of_the_store(settings)
    assert [(row["from_snapshot"], row["to_snapshot"], row["column"], row["change"]) for row in found] == [
        (first.name, odd.name, "ID", "retyped"),
        (first.name, third.name, "Extra", "added"),
    ]
    assert [row["blocks"] for row in found] == [True, False]
    assert found[0]["observed_at"] == odd.observed_at


def test_a_file_that_was_refused_for_a_missing_column_says_which(settings):
    first = take(settings, good())
    refused = take(settings, renamed("Name", "Label of the site"), accept=False)
    assert refused.contents.unreadable
    (row,) = told_of_the_store(settings)
    assert (row["from_snapshot"], row["to_snapshot"]) == (first.name, refused.name)
    assert (row["change"], row["old"], row["new"], row["blocks"]) == ("renamed", "Name", "Label of the site", True)


@pytest.mark.parametrize("text", ["", "<html></html>", "ID,Name,Status Effective\n", "nothing\n1\n"])
def test_a_file_that_was_refused_for_another_reason_says_nothing(settings, text):
    take(settings, good())
    take(settings, text, accept=False)
    assert told_of_the_store(settings) == []


# --- real files -----------------------------------------------------------------------------------------------------


def told_apart_by_name(file: str, content: bytes) -> Contents:
    """What makes a snapshot of a file one of its own, without reading it: large ones are read once as it is."""
    return Contents(records=file)


def real_changes(settings, registry: str, table: str, paths: list[Path]) -> dict[str, list[tuple[str, str]]]:
    """Change and column by file, of files that came one after the other."""
    known = load_registries(CONFIGS)
    spec = known[registry].tables[table]
    files = {}
    for path in paths:
        copy = settings.drop / registry / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
        snapshot = snapshots.take(settings, copy, registry, table, told_apart_by_name)
        snapshots.accept(settings, snapshot)
        files[snapshot.name] = path.name
    assert spec
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in files.values()}
    for row in drift.schema_changes(settings, {registry: known[registry]}).to_pylist():
        assert not row["blocks"], row
        found[files[row["to_snapshot"]]].append((row["change"], row["column"]))
    return found


def test_what_changed_in_the_real_history_of_arb(settings, real_data):
    paths = sorted((real_data / "history" / "arb").glob("*.xlsx"))
    assert real_changes(settings, "arb", "issuances", paths) == {
        "2021-10-19.xlsx": [],
        "2023-02-28.xlsx": [
            ("added", "Buffer Pool Retired"),
            ("added", "Retired for Intentional Reversal"),
            ("added", "Retired 4th Compliance Period (CA)"),
        ],
        "2024-12-10.xlsx": [
            ("values", "Verification Body"),
            ("null rate", "Provides DEBS"),
            ("values", "Provides DEBS"),
        ],
    }


def test_what_changed_in_the_real_history_of_verra(settings, real_data):
    paths = sorted((real_data / "history" / "verra").glob("*.csv"))
    assert real_changes(settings, "verra", "projects", paths) == {
        "projects_2023-11-03.csv": [],
        "projects_2025-01-21.csv": [
            ("values", "AFOLU Activities"),
            ("values", "Status"),
            ("number format", "Estimated Annual Emission Reductions"),
        ],
    }


def test_no_real_file_differs_from_itself(settings, real_data):
    """Quickly, a file of each registry: what takes long is that real files have many columns."""
    for registry in load_registries(CONFIGS).values():
        for table, spec in list(registry.tables.items())[: quick_or_thorough(1, None)]:
            if path := find(real_data / "registries", registry.id, spec):
                snapshot = snapshots.take(settings, path, registry.id, table)
                assert drift.between(settings, registry, table, snapshot, snapshot) == [], path


# --- the check -------------------------------------------------------------------------------------------------------


def change(to_snapshot: str) -> dict:
    told = {"registry": "one", "table": "projects", "from_snapshot": "a", "to_snapshot": to_snapshot, "column": "Name"}
    told |= {"change": "added", "blocks": False, "detail": f"new in {to_snapshot}"}
    return told | {"observed_at": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(("newest", "passed"), [({"c", "x"}, False), ({"d"}, True), (set(), True)])
def test_the_check_warns_of_the_newest_files_alone(newest, passed):
    rows = pa.Table.from_pylist([change("b"), change("c")], schema=schema.SCHEMA_CHANGES)
    result = check.judged(rows, newest)
    assert (result.passed, result.severity) == (passed, dg.AssetCheckSeverity.WARN)
    assert result.metadata["changes"].value == (0 if passed else 1)
    assert passed or (
        "new in c" in result.metadata["first"].md_str and "new in b" not in result.metadata["first"].md_str
    )
