"""The registries' own test projects: by id, or by the whole of a name or proponent, of the registry that the list says."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.unified import trials
from tests.kit.building import CONFIGS
from tests.kit.places import REAL_DATA

LISTED = (
    "one,proponent,Try Outs,the registry's own account",
    "one,project_id,ONE7,listed as a test",
    "two,name,A test,it says so",
)


def configs(folder: Path, *lines: str) -> Path:
    place = folder / "unified" / "test_projects"
    place.mkdir(parents=True)
    (place / "one.csv").write_text("\n".join(["registry,field,value,note", *lines, ""]))
    return folder


def test_projects_are_found_by_the_whole_of_a_cell_and_by_registry(tmp_path):
    with duckdb.connect() as con:
        con.execute("""
            create table projects as from (values
                ('ONE1', 'A Wood', 'try  outs'), ('ONE2', 'A Wood', 'Try Outs Ltd'), ('ONE7', NULL, NULL),
                ('ONE8', 'A test', NULL), ('TWO1', 'A TEST', NULL), ('TWO7', NULL, 'Try Outs'), ('ELSE1', 'A test', NULL)
            ) t(project_id, name, proponent);
            create table hosts as select project_id, lower(left(project_id, 3)) as registry from projects
            where project_id <> 'ELSE1';
        """)
        trials.find_trials(con, "projects", configs(tmp_path, *LISTED))
        assert con.execute("from trials order by all").fetchall() == [("ONE1",), ("ONE7",), ("TWO1",)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("one,nmae,A test,it says so", "line 5: field 'nmae' is not known; the nearest known is 'name'"),
        ("one,name,A test,", "line 5: needs a value, and a note"),
        ("one,name,,why", "line 5: needs a value, and a note"),
    ],
)
def test_a_row_without_a_meaning_or_a_reason_is_refused(tmp_path, line, said):
    with pytest.raises(ConfigError, match=said):
        trials.load_trials(configs(tmp_path, *LISTED, line))


def test_the_lists_can_be_read():
    assert trials.load_trials(CONFIGS)


@pytest.mark.skipif(not (REAL_DATA / "registries").exists(), reason="the real files are not here")
def test_the_test_projects_of_cercarbono_are_known():
    """The seven projects of its account for tests, all named '-'."""
    path = REAL_DATA / "registries" / "cercarbono" / "projects.csv"
    listed = {row["value"] for row in trials.load_trials(CONFIGS) if row["registry"] == "cercarbono"}
    with duckdb.connect() as con:
        query = "select owner, name from read_csv(?, all_varchar = true, parallel = false) where name = '-'"
        found = con.execute(query, [str(path)]).fetchall()
    assert len(found) == 7 and {owner for owner, _ in found} <= listed
