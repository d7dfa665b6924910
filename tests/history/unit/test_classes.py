"""What changes mean is data: how grave a class is, whether it rewrites the past, and the order of statuses."""

from __future__ import annotations

import re
import shutil

import pytest

from carbon_assets.base.configs import ConfigError
from carbon_assets.history import classes
from carbon_assets.history.classes import PRODUCED, load_classes
from carbon_assets.registries.description import load_registries
from tests.kit.places import CONFIGS


def configs_with(folder, old: str, new: str, file: str = "change_classes.csv"):
    """The shipped lists of history with one text in a file replaced."""
    shutil.copytree(CONFIGS / "history", folder / "history")
    path = folder / "history" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return folder


def test_the_shipped_list_names_every_class_once():
    shipped = load_classes(CONFIGS)
    assert len(shipped.gravest_first) == 19
    assert set(shipped.gravest_first) == PRODUCED
    assert shipped.gravest_first[: len(shipped.retroactive)] == shipped.retroactive, "what rewrites the past is graver"
    assert shipped.statuses == ("listed", "registered", "completed")


def test_the_classes_that_the_sql_gives_are_those_that_are_known():
    """Read off the SQL itself: texts behind `then` and `else`, kinds of transactions filled in."""
    registries = load_registries(CONFIGS)
    tables = [table for registry in registries.values() for table in registry.tables.values()]
    sql = [classes.OF_FIELD, *(classes.of_one_sided(table, side) for table in tables for side in ("old", "new"))]
    words = {word for text in sql for word in re.findall(r"'([a-z]+(?: [a-z]+)+)'", text)}
    kinds = {f"new {kind}" for kind in ("issuance", "retirement", "cancellation")}
    kinds |= {f"{kind} withdrawn" for kind in ("retirement", "cancellation")}
    roles = {"transaction date"}
    assert (words - roles) | kinds | {classes.OF_SOURCE} == PRODUCED


def test_the_order_of_the_list_is_the_order_of_gravity(tmp_path):
    turned = configs_with(tmp_path, "status changed,no,\ndetail edited,no,", "detail edited,no,\nstatus changed,no,")
    names = load_classes(turned).gravest_first
    assert names.index("detail edited") < names.index("status changed")


def test_a_class_rewrites_the_past_where_the_list_says_so(tmp_path):
    assert "project renamed" not in load_classes(CONFIGS).retroactive
    assert "project renamed" in load_classes(configs_with(tmp_path, "renamed,no", "renamed,yes")).retroactive


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "block split,no,",
            "block spilt,no,",
            r"change_classes\.csv, line 14: no change has this class: .*nearest known is 'block split'",
        ),
        ("new project,no,\n", "", r"change_classes\.csv: says nothing of new project"),
        (
            "block split,no,",
            "block spilt,,",
            "line 14: no change has this class.*line 14: rewrites_the_past.*nothing of block split",
        ),
        ("new project,no,", "new project,,", r"line 13: rewrites_the_past is yes or no, not ''"),
        ("new project,no,", "new issuance,no,", r"line 13: 'new issuance' stands in line 12 already"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path, old, new, complaint):
    with pytest.raises(ConfigError, match=f"(?s){complaint}"):
        load_classes(configs_with(tmp_path, old, new))
