"""What is written of marts: columns are completed from the tables that they come from, and nothing is said twice."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from carbon_assets.base.column_types import COUNT, LABELS, TEXT, TONNES, field
from carbon_assets.publishing import models
from carbon_assets.publishing.models import Mart, ModelError
from carbon_assets.publishing.project import columns_of_tables
from tests.kit.project_tables import DBT_PROJECT

WELLS = pa.schema(
    [
        field("well_id", TEXT, "Which well"),
        field("table", TEXT, "A word of SQL"),
        field("depth", COUNT, "Metres"),
        field("labels", LABELS, "What is written on it"),
    ]
)
OWNERS = pa.schema([field("owner", TEXT, "Whose it is"), field("depth", TONNES, "Something else")])
SCHEMAS = {"harmonized/wells": WELLS, "harmonized/owners": OWNERS}


def mart(folder: Path, yaml: str, sql: str = "select * from {{ ref('stg_wells') }}", name: str = "wells") -> Mart:
    path = folder / "models" / "marts" / "water" / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sql)
    path.with_suffix(".yml").write_text(f"models:\n  - name: {name}\n    description: Wells\n{yaml}")
    return models.marts(folder)[name]


def columns(made: Mart) -> list[tuple[str, str, str]]:
    return [(column["name"], column["data_type"], column["description"]) for column in made.columns(SCHEMAS)]


def test_a_mart_that_passes_a_table_on_has_its_columns(tmp_path):
    made = mart(tmp_path, "    config: {meta: {passes: harmonized/wells}}\n")
    assert columns(made) == [
        ("well_id", "varchar", "Which well"),
        ("table", "varchar", "A word of SQL"),
        ("depth", "bigint", "Metres"),
        ("labels", "varchar[]", "What is written on it"),
    ]


def test_what_a_mart_says_itself_counts(tmp_path):
    listed = "    columns: [{name: depth, description: Metres below the sea}, {name: well_id, tests: [not_null]}]\n"
    made = mart(tmp_path, f"    config: {{meta: {{passes: harmonized/wells}}}}\n{listed}")
    assert [name for name, _, _ in columns(made)] == WELLS.names
    assert columns(made)[2] == ("depth", "bigint", "Metres below the sea")
    assert made.columns(SCHEMAS)[0]["tests"] == ["not_null"]


def test_a_mart_of_rows_has_the_columns_that_it_lists_in_its_order(tmp_path):
    yaml = "    config: {meta: {rows_of: harmonized/wells, columns_of: [harmonized/owners]}}\n    columns:\n" + "".join(
        f"      - {{{column}}}\n"
        for column in ("name: owner", "name: depth", "name: more, data_type: date, description: A day")
    )
    assert columns(mart(tmp_path, yaml)) == [
        ("owner", "varchar", "Whose it is"),
        ("depth", "bigint", "Metres"),  # of the table whose rows it has, before any other
        ("more", "date", "A day"),
    ]


def test_a_word_of_sql_is_quoted_and_a_name_in_dbts_tests_stays_as_it_is_written(tmp_path):
    listed = "    columns: [{name: well_id, tests: [unique]}]\n"
    made = mart(tmp_path, f"    config: {{meta: {{passes: harmonized/wells}}}}\n{listed}").columns(SCHEMAS)
    assert [column["name"] for column in made if column.get("quote")] == ["table", "depth", "labels"]


def test_the_rest_of_the_file_stays(tmp_path):
    made = mart(tmp_path, "    config: {meta: {passes: harmonized/wells}}\nunit_tests: [{name: a, given: []}]\n")
    completed = made.completed(SCHEMAS)
    assert completed["unit_tests"] == [{"name": "a", "given": []}]
    assert completed["models"][0]["description"] == "Wells"
    assert completed["models"][0]["config"] == {"meta": {"passes": "harmonized/wells"}}


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("    config: {meta: {passes: harmonized/lakes}}\n", "no schema.py states the table harmonized/lakes"),
        ("    config: {meta: {passes: harmonized/wells}}\n    columns: [{name: dpth}]\n", "has no column dpth"),
        (
            "    config: {meta: {rows_of: harmonized/wells}}\n    columns: [{name: dpth}]\n",
            "column dpth needs data_type and",
        ),
        ("    columns: [{name: depth, data_type: date}]\n", "column depth needs description"),
        (
            "    config: {meta: {passes: harmonized/wells, columns_of: [harmonized/owners]}}\n",
            "passes stands alone",
        ),
        ("  - name: rivers\n", "must describe one model, wells"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_column(yaml, message, tmp_path):
    with pytest.raises(ModelError, match=message) as refused:
        mart(tmp_path, yaml).columns(SCHEMAS)
    assert "water/wells.yml" in str(refused.value)


def test_a_mart_without_a_description_is_refused(tmp_path):
    path = tmp_path / "models" / "marts" / "water" / "wells.sql"
    path.parent.mkdir(parents=True)
    path.write_text("select 1")
    with pytest.raises(ModelError, match=r"wells\.yml: write it"):
        models.marts(tmp_path)


def test_two_models_of_one_name_and_one_outside_a_subject_are_refused(tmp_path):
    mart(tmp_path, "")
    other = tmp_path / "models" / "marts" / "fire" / "wells.sql"
    other.parent.mkdir()
    other.write_text("select 1")
    with pytest.raises(ModelError, match="has that name, too"):
        models.authored(tmp_path, "marts")
    other.rename(tmp_path / "models" / "marts" / "rivers.sql")
    with pytest.raises(ModelError, match="in the folder of its subject"):
        models.authored(tmp_path, "marts")


def test_the_views_that_are_needed_are_those_that_somebody_reads_or_wrote(tmp_path):
    mart(tmp_path, "", sql="from {{ ref('stg_wells') }} join {{ ref( \"stg_owners\" ) }} join {{ ref('lakes') }}")
    written = tmp_path / "models" / "staging" / "water" / "stg_rain.sql"
    written.parent.mkdir(parents=True)
    written.write_text("select 1")
    assert models.staged_tables(tmp_path) == ["owners", "rain", "wells"]


# --- of this project: once, not twice ---------------------------------------------------------------------------------

MARTS = models.marts(DBT_PROJECT)


def copies(made: Mart, schemas: models.Schemas) -> list[str]:
    """Columns of which a mart says what it would have from the table anyway."""
    bare = {**made.document, "models": [{**made.entry, "columns": [_bare(c) for c in made.entry.get("columns", [])]}]}
    filled: dict[str, dict] = {}
    for column in bare["models"][0]["columns"]:
        alone = Mart(made.model, {**bare, "models": [{**made.entry, "columns": [column]}]})
        try:
            filled |= {c["name"]: c for c in alone.columns(schemas)}
        except ModelError:  # it comes from no table
            continue
    return [
        f"{column['name']}: {key}"
        for column in made.entry.get("columns", [])
        for key in ("data_type", "description")
        if column["name"] in filled and column.get(key) and _same(column[key], filled[column["name"]][key])
    ]


def _bare(column: dict) -> dict:
    return {"name": column["name"]}


def _same(one: str, other: str) -> bool:
    return one.lower().replace(" ", "") == other.lower().replace(" ", "")


@pytest.mark.parametrize("name", sorted(MARTS))
def test_no_mart_repeats_what_its_table_says(name):
    assert copies(MARTS[name], columns_of_tables()) == []


def test_a_copy_is_found(tmp_path):
    yaml = "    config: {meta: {rows_of: harmonized/wells}}\n    columns: [{name: depth, data_type: BIGINT, description: New}]\n"
    assert copies(mart(tmp_path, yaml), SCHEMAS) == ["depth: data_type"]


def test_no_view_is_written_that_only_passes_its_table_on():
    for view in models.authored(DBT_PROJECT, "staging").values():
        plain = " ".join(view.sql.read_text().split())
        assert not plain.startswith("select * from"), view.sql
