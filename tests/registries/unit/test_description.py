"""The loaders of `configs/`: what is refused, and that the message says which file (and line) is to blame."""

import copy
from pathlib import Path

import pytest
import yaml

from carbon_assets.base.configs import ConfigError, load_csv
from carbon_assets.registries.description import load_registries
from tests.kit.building import CONFIGS

GOOD = {
    "id": "made-up",
    "name": "Made Up",
    "project_prefix": "MUP",
    "tables": {
        "projects": {
            "files": "projects",
            "holds": "projects",
            "required": {"project_id": "Project"},
            "optional": {"name": ["Name", "Title"]},
        }
    },
}


def configs(folder: Path, document: object, name: str = "made-up.yml") -> Path:
    """A configs folder with one registry file that says `document`."""
    path = folder / "registries" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return folder


def changed(**table: object) -> dict:
    """`GOOD` with some keys of its table changed."""
    document = copy.deepcopy(GOOD)
    document["tables"]["projects"] |= table
    return document


def test_a_registry_is_loaded_under_its_id(tmp_path):
    registries = load_registries(configs(tmp_path, GOOD))
    assert list(registries) == ["made-up"]
    registry = registries["made-up"]
    assert registry.group == "made_up"
    table = registry.tables["projects"]
    assert table.files == ("projects",)
    assert table.columns["project_id"].names == ("Project",)
    assert table.columns["name"].names == ("Name", "Title")
    assert table.header == [("Project",)]


def test_registries_come_in_order_of_their_ids(tmp_path):
    for name in ("zebra", "ant", "made-up"):
        configs(tmp_path, GOOD | {"id": name}, f"{name}.yml")
    assert list(load_registries(tmp_path)) == ["ant", "made-up", "zebra"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param(GOOD | {"colour": "green"}, "colour", id="a key of the registry that nobody knows"),
        pytest.param(changed(sort_by="x"), "sort_by", id="a key of the table that nobody knows"),
        pytest.param(
            changed(required={"project_id": {"from": "Project", "trim": True}}),
            "trim",
            id="a key of the column that nobody knows",
        ),
        pytest.param(
            changed(required={"project_id": "Project", "name": "Name"}),
            r"columns \['name'\] are both required and optional",
            id="a column both required and optional",
        ),
        pytest.param(
            changed(optional={"colour": "Colour"}),
            "column 'colour': canonical column 'colour' is not known; the nearest known is ",
            id="an own column without a type",
        ),
        pytest.param(
            changed(optional={"name": {"from": "Name", "type": "text"}}),
            "column 'name': schema.py gives its type",
            id="a canonical column with a type",
        ),
        pytest.param(
            changed(optional={"colour": {"from": "Colour", "type": "colour"}}), "type", id="a type that nobody knows"
        ),
        pytest.param(changed(required={"name": "Name"}, optional={}), "must require project_id", id="no project_id"),
        pytest.param(changed(lacks=["project_id"]), r"lacks names \['project_id'\]", id="a required column that lacks"),
        pytest.param(
            changed(from_serial=["vintage"]), r"from_serial names \['vintage'\]", id="from_serial of no column"
        ),
        pytest.param(
            changed(required={"name": "Name"}, optional={"project_id": "Project"}),
            "must require project_id",
            id="an optional project_id",
        ),
        pytest.param(
            changed(constants={"colour": "green"}), "constant 'colour' is no canonical column", id="an unknown constant"
        ),
        pytest.param(
            changed(never_published={"colour": "no idea"}),
            "which are no canonical columns",
            id="an unknown column never published",
        ),
        pytest.param(
            changed(never_published={"name": "secret"}), "says where to find", id="a column never published and read"
        ),
        pytest.param(
            changed(never_published={"status_raw": " "}), "must say why", id="never published without a reason"
        ),
        pytest.param(
            changed(states={"name": "Name"}), "states is for tables of transactions", id="a projects table that states"
        ),
        pytest.param(
            changed(holds="credits", optional={}, states={"nmae": "Name"}),
            "states: fact of a project 'nmae' is not known; the nearest known is 'name'",
            id="a fact that nobody knows",
        ),
        pytest.param(
            changed(holds="credits", optional={}, states={"name": {"from": "Name", "prefix": "A "}}),
            "states: 'name' is a text",
            id="a fact with a prefix",
        ),
        pytest.param(changed(holds="boundaries"), "holds", id="a shape that nobody knows"),
        pytest.param(changed(required={"project_id": []}), "project_id", id="a column that comes from nowhere"),
        pytest.param(GOOD | {"id": "Made Up"}, "id", id="an id that is no file name"),
        pytest.param({key: GOOD[key] for key in ("id", "name")}, "tables", id="no tables"),
        pytest.param("", "holds nothing", id="an empty file"),
        pytest.param("id: [made-up\n", "expected", id="broken YAML"),
    ],
)
def test_a_registry_that_contradicts_the_model_is_refused_by_file(tmp_path, document, said):
    with pytest.raises(ConfigError, match=said) as caught:
        load_registries(configs(tmp_path, document))
    assert str(caught.value).startswith(str(tmp_path / "registries" / "made-up.yml"))


def test_a_column_of_its_own_is_welcome_with_a_type(tmp_path):
    document = changed(optional={"colour": {"from": "Colour", "type": "text"}})
    table = load_registries(configs(tmp_path, document))["made-up"].tables["projects"]
    assert table.cell_type("colour") == "text"


def test_a_file_must_have_the_name_of_its_registry(tmp_path):
    with pytest.raises(ConfigError, match=r"other\.yml: holds the registry 'made-up'; the file must have its name"):
        load_registries(configs(tmp_path, GOOD, "other.yml"))


def test_a_folder_without_any_registry_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=f"{tmp_path / 'registries'}: no registry is described here"):
        load_registries(tmp_path)


def test_the_shipped_registries_load():
    assert set(load_registries(CONFIGS)) == {path.stem for path in (CONFIGS / "registries").glob("*.yml")}


# --- a steward's CSV file ---------------------------------------------------------------------------------------


def steward_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "words.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_rows_come_trimmed_and_with_their_line(tmp_path):
    path = steward_file(tmp_path, '\ufeffraw,note\r\n a ,"one, two"\r\n\r\nb,\r\n')
    assert load_csv(path, ("raw", "note")) == [
        {"raw": "a", "note": "one, two", "line": "2"},
        {"raw": "b", "note": "", "line": "4"},
    ]


@pytest.mark.parametrize("header", ["note,raw", "raw", "raw,note,more", "Raw,Note", ""])
def test_other_columns_are_refused_with_file_and_line(tmp_path, header):
    path = steward_file(tmp_path, f"{header}\na,b\n" if header else "")
    with pytest.raises(ConfigError) as caught:
        load_csv(path, ("raw", "note"))
    assert str(caught.value).startswith(f"{path}, line 1: expected the columns raw,note; found")


@pytest.mark.parametrize("row", ["c", "c,d,e"])
def test_a_row_with_another_number_of_cells_is_refused_with_file_and_line(tmp_path, row):
    path = steward_file(tmp_path, f"raw,note\na,b\n{row}\n")
    with pytest.raises(ConfigError) as caught:
        load_csv(path, ("raw", "note"))
    assert str(caught.value).startswith(f"{path}, line 3: expected 2 cells")
