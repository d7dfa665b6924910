"""A table that is published in several layouts: which one a file has is told by its columns, and its rows are those of any layout."""

import json

import pytest
from pydantic import ValidationError

from carbon_assets.base import readers
from carbon_assets.base.readers import UnreadableFile
from carbon_assets.registries.anchors import anchored
from carbon_assets.registries.description import Registry
from carbon_assets.registries.layouts import layout_of
from carbon_assets.registries.table import Table
from tests.kit.building import csv_of, normalized
from tests.kit.engine import connection

OLD, NEW = "old", "new"
RETIREMENTS = {
    "files": "retirements",
    "holds": "credits",
    "constants": {"transaction_type": "retirement"},
    "key": ["project_id", "serial_number"],
    "layouts": [
        {
            "name": OLD,
            "required": {"project_id": "Project", "quantity": "Tonnes", "transaction_date": "Day"},
            "optional": {"serial_number": "Serial", "retirement_reason": "Reason"},
            "lacks": ["retirement_reason"],
        },
        {
            "name": NEW,
            "required": {
                "project_id": {"from": "project.id", "replace": {"^MUP0*": "MUP"}},
                "quantity": "tonnes",
                "transaction_date": "retiredAt",
            },
            "optional": {"serial_number": "serialNo"},
        },
    ],
}
EVENT = {"Project": "MUP7", "Tonnes": "1200", "Day": "2024-05-01", "Serial": "S-1-1200"}
THE_SAME = {
    "project": {"id": "MUP007"}, "tonnes": 1200, "retiredAt": "2024-04-30T23:00:00-05:00", "serialNo": "S-1-1200",
}  # fmt: skip


def registry(**changes) -> Registry:
    return Registry(id="made-up", name="Made up", tables={"retirements": Table(**{**RETIREMENTS, **changes})})


def headed(*names: str) -> readers.Opened:
    """A file with such a header."""
    return readers.opened("a.csv", csv_of([dict.fromkeys(names, "1")]).encode())


def as_json(*records: dict) -> str:
    return json.dumps({"data": {"rows": list(records)}})


def test_an_event_is_the_same_in_each_layout():
    old = normalized(registry(), "retirements", csv_of([EVENT]))
    new = normalized(registry(), "retirements", as_json(THE_SAME), file="retirements.json")
    columns = ["credit_id", "project_id", "transaction_type", "quantity", "transaction_date", "serial_number"]
    assert old.rows.select(columns).to_pylist() == new.rows.select(columns).to_pylist()
    assert (old.rows_in, new.rows_in) == (1, 1)


def test_what_a_layout_does_not_have_is_no_absent_column():
    new = normalized(registry(), "retirements", as_json(THE_SAME), file="retirements.json")
    assert new.told_absent == new.absent_columns == ()


def test_what_stands_beside_the_layouts_is_common_to_all():
    table = registry(missing=["unknown"]).tables["retirements"]
    assert [form.missing for form in table.forms] == [("unknown",), ("unknown",)]
    assert [form.key for form in table.forms] == [("project_id", "serial_number")] * 2
    assert table.by(OLD).constants == {"transaction_type": "retirement"}


def test_a_file_that_no_layout_fits_is_refused_with_what_the_nearest_lacks():
    with pytest.raises(
        UnreadableFile,
        match=r"missing column 'tonnes'; .* by the layout 'new', the nearest that is known \(others: 'old'\)",
    ):
        layout_of(registry().tables["retirements"], headed("project.id", "retiredAt", "amount"))


def test_a_file_that_fits_two_layouts_equally_is_refused():
    with pytest.raises(UnreadableFile, match="fits the layouts 'old' and 'new' equally"):
        layout_of(
            registry().tables["retirements"], headed("Project", "Tonnes", "Day", "project.id", "retiredAt", "tonnes")
        )


def test_of_layouts_that_fit_the_one_that_knows_more_columns_counts():
    wider = {**RETIREMENTS["layouts"][0], "name": "wider"}
    wider["optional"] = {**wider["optional"], "retirement_note": "Note"}
    table = registry(layouts=[RETIREMENTS["layouts"][0], wider]).tables["retirements"]
    assert layout_of(table, headed("Project", "Tonnes", "Day", "Note")) == "wider"


def test_a_table_with_one_form_has_no_layout():
    form = registry().tables["retirements"].by(OLD)
    assert form.layouts == () and layout_of(form, headed("anything")) is None and form.by(None) is form


def test_what_is_wrong_in_a_layout_is_said_as_of_any_table():
    broken = {**RETIREMENTS["layouts"][0], "name": "broken", "constants": {"transaction_typ": "retirement"}}
    with pytest.raises(ValidationError, match="transaction_typ"):
        registry(layouts=[broken])


def test_two_layouts_of_one_name_are_refused():
    with pytest.raises(ValidationError, match=r"'old'.* given twice"):
        registry(layouts=[RETIREMENTS["layouts"][0]] * 2)


# --- events keep their ids ------------------------------------------------------------------------------------------

ISSUANCES = {
    "files": "issuances",
    "holds": "credits",
    "constants": {"transaction_type": "issuance"},
    "key": ["project_id", "transaction_date", "vintage"],
    "layouts": [
        {
            "name": OLD,
            "required": {
                "project_id": "Project", "quantity": "Tonnes", "transaction_date": "Day (GMT)", "vintage": "Vintage",
            },
        },
        {
            "name": NEW,
            "required": {"project_id": "project", "quantity": "tonnes", "transaction_date": "day", "vintage": "vintage"},
            "anchor": {"to": OLD, "by": ["project_id", "vintage", "quantity"], "day_within": 1},
        },
    ],
}  # fmt: skip


def issued(*events: tuple[str, str], layout: str) -> str:
    """A file of a project's issuances: tonnes and day of each."""
    names = ["Project", "Tonnes", "Day (GMT)", "Vintage"] if layout == OLD else ["project", "tonnes", "day", "vintage"]
    return csv_of([dict(zip(names, ["MUP1", tonnes, day, "2020"], strict=True)) for tonnes, day in events])


def ids_in_the_new_layout(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> tuple[list[tuple], list[tuple]]:
    """Id, tonnes and day of the events of a file in the old layout, and of one in the new."""
    made_up = Registry(id="made-up", name="Made up", tables={"issuances": Table(**ISSUANCES)})
    table = made_up.tables["issuances"]
    before = normalized(made_up, "issuances", issued(*old, layout=OLD)).rows
    rows = normalized(made_up, "issuances", issued(*new, layout=NEW)).rows
    with connection() as con:
        after = anchored(con, table.by(NEW), rows, OLD, before)
    assert after.schema == rows.schema
    return tuple(
        sorted(
            (row["credit_id"], int(row["quantity"]), row["transaction_date"].isoformat()) for row in rows_.to_pylist()
        )
        for rows_ in (before, after)
    )


@pytest.mark.parametrize("day", ["2021-03-02", "2021-03-01", "2021-03-03"])
def test_an_event_that_is_stated_a_day_off_keeps_its_id_and_its_day(day):
    before, after = ids_in_the_new_layout([("100", "2021-03-02")], [("100", day)])
    assert after == before


@pytest.mark.parametrize(("tonnes", "day"), [("100", "2021-03-04"), ("101", "2021-03-01")])
def test_an_event_that_differs_in_more_is_another(tonnes, day):
    before, after = ids_in_the_new_layout([("100", "2021-03-02")], [(tonnes, day)])
    assert before[0][0] != after[0][0]
    assert after[0][1:] == (int(tonnes), day)


def test_an_event_that_could_be_two_is_neither():
    before, after = ids_in_the_new_layout([("100", "2021-03-02"), ("100", "2021-03-04")], [("100", "2021-03-03")])
    assert not {id_ for id_, *_ in before} & {id_ for id_, *_ in after}


def test_an_anchor_names_a_layout():
    new = {**ISSUANCES["layouts"][1], "anchor": {"to": "elder", "by": ["vintage"], "day_within": 1}}
    with pytest.raises(ValidationError, match="elder"):
        Table(**{**ISSUANCES, "layouts": [ISSUANCES["layouts"][0], new]})
