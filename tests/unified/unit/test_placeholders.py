"""What is known of a project that only transactions mention: what they agree in, of the newest files, its own registry first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.registries import schema as registries_schema
from carbon_assets.registries.description import Registry
from carbon_assets.unified import harmonize, placeholders, schema
from tests.kit.building import CONFIGS

REGISTRIES = {
    "one": Registry(id="one", name="One", project_prefix="ONE", tables={}),
    "law": Registry(id="law", name="Law", replaces_host_registry=True, tables={}),
}
MONDAY = datetime(2026, 6, 1, 8, tzinfo=UTC)


def said(value: str, fact: str = "name", *, at: datetime = MONDAY, source: str = "one/issuances", times: int = 1, of: str = "ONE1"):  # fmt: skip
    """One text that a table says of a project."""
    return {
        "project_id": of, "fact": fact, "value": value, "occurrences": times, "observed_at": at, "source": source,
        "snapshot_id": f"{source}@1",
    }  # fmt: skip


def made(folder: Path, *statements: dict, mentioned: tuple[str, ...] = ("ONE1",), listed: tuple[str, ...] = ()):
    """The placeholders by id, and the texts that are disputed, as (fact, text, rows)."""
    ids = pa.schema([("project_id", pa.string())])
    paths = {}
    for name, projects in (("credits", mentioned), ("projects", listed)):
        paths[name] = folder / f"{name}.parquet"
        store.write(paths[name], pa.table({"project_id": pa.array(projects, pa.string())}), ids)
    stated = []
    for number, source in enumerate(sorted({row["source"] for row in statements})):
        rows = [row for row in statements if row["source"] == source]
        stated.append(folder / f"stated{number}.parquet")
        store.write(stated[-1], pa.Table.from_pylist(rows, schema=registries_schema.STATED), registries_schema.STATED)
    known = harmonize.registries_table(REGISTRIES)
    with duckdb.connect(config={"threads": 1}) as con:
        where = (paths["credits"], paths["projects"], stated, known)
        rows = placeholders.placeholders(con, *where, CONFIGS)
        disputed = placeholders.disputed_facts(con, *where)
    assert rows.schema.equals(schema.PLACEHOLDERS) and disputed.schema.equals(schema.DISPUTED_FACTS)
    told = [(row["fact"], row["value"], row["occurrences"]) for row in disputed.to_pylist()]
    return {row["project_id"]: row for row in rows.to_pylist()}, told


def test_a_placeholder_has_what_its_transactions_agree_in(tmp_path):
    rows, disputed = made(
        tmp_path,
        said("A Wood"),
        said("A Wood", source="one/retirements", times=3),
        said("Acme", "proponent"),
        said("PE", "country_raw"),
        said("VM0001", "protocol_raw"),
        said("Woods", "project_type_raw"),
    )
    assert rows["ONE1"] == {
        "project_id": "ONE1", "registry": "one", "name": "A Wood", "proponent": "Acme", "protocol_raw": "VM0001",
        "project_type_raw": "Woods", "country_raw": "PE", "country": "Peru", "country_iso3": "PER",
        "is_test": False, "facts_sources": ["one/issuances", "one/retirements"],
    }  # fmt: skip
    assert disputed == []


def test_what_rows_state_differently_is_blank_and_told_with_its_counts(tmp_path):
    rows, disputed = made(
        tmp_path,
        said("Acme", "proponent", times=2),
        said("Peat", "proponent", source="one/retirements"),
        said("A Wood"),
    )
    assert (rows["ONE1"]["name"], rows["ONE1"]["proponent"]) == ("A Wood", None)
    assert rows["ONE1"]["facts_sources"] == ["one/issuances"]
    assert disputed == [("proponent", "Acme", 2), ("proponent", "Peat", 1)]


@pytest.mark.parametrize(
    ("later", "name", "disputed"),
    [
        (timedelta(days=1), "New", []),
        # Files of one day were taken as one state of the registry: a second's difference does not tell which is right.
        (timedelta(seconds=1), None, [("name", "New", 1), ("name", "Old", 9)]),
    ],
)
def test_the_newest_file_counts(tmp_path, later, name, disputed):
    old, new = said("Old", times=9), said("New", at=MONDAY + later, source="one/retirements")
    rows, told = made(tmp_path, old, new)
    assert (rows["ONE1"]["name"], told) == (name, disputed)


def test_an_older_file_states_what_the_newest_leaves_blank(tmp_path):
    rows, _ = made(
        tmp_path, said("Acme", "proponent"), said("A Wood", at=MONDAY + timedelta(days=9), source="one/retirements")
    )
    assert (rows["ONE1"]["name"], rows["ONE1"]["proponent"]) == ("A Wood", "Acme")


def test_the_projects_own_registry_counts_before_a_programme_that_issued_for_it(tmp_path):
    newer = said("Its operator", "proponent", at=MONDAY + timedelta(days=9), source="law/issuances")
    assert made(tmp_path, newer)[0]["ONE1"]["proponent"] == "Its operator"
    rows, disputed = made(tmp_path, newer, said("Its owner", "proponent"))
    assert (rows["ONE1"]["proponent"], disputed) == ("Its owner", [])


def test_a_listed_project_takes_nothing_from_transactions(tmp_path):
    rows, disputed = made(tmp_path, said("A Wood"), said("Another"), listed=("ONE1",), mentioned=("ONE1", "ONE2"))
    assert set(rows) == {"ONE2"} and disputed == []


def test_a_project_of_which_nothing_is_stated_is_a_placeholder_all_the_same(tmp_path):
    rows, _ = made(tmp_path, mentioned=("ONE1", "STRANGE9"))
    assert {id: (row["registry"], row["name"], row["facts_sources"]) for id, row in rows.items()} == {
        "ONE1": ("one", None, None), "STRANGE9": (None, None, None),
    }  # fmt: skip
