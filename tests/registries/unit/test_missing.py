"""What a run tells of registries that lack a part of their tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_assets.base import store
from carbon_assets.registries import missing, schema
from carbon_assets.registries.description import Registry
from tests.kit.building import settings_in

EVENTS = {"files": "x", "holds": "credits", "required": {"project_id": "ID"}}
PROJECTS = {"files": "y", "holds": "projects", "required": {"project_id": "ID"}}
ONE = Registry.model_validate({
    "id": "one", "name": "One", "project_prefix": "ONE",
    "tables": {
        "projects": PROJECTS, "issuances": EVENTS, "retirements": EVENTS, "cancellations": EVENTS | {"may_be_empty": True},
    },
})  # fmt: skip
LAW = Registry.model_validate(
    {"id": "law", "name": "Law", "replaces_host_registry": True, "tables": {"issuances": EVENTS}}
)
CREDIT = {
    "credit_id": "a", "project_id": "ONE1", "transaction_type": "issuance", "quantity": 1, "is_buffer": False,
    "source": "one/issuances", "snapshot_id": "s",
}  # fmt: skip
PROJECT = {"project_id": "ONE1", "source": "one/projects", "snapshot_id": "s"}


def told(folder: Path, *filled: str) -> list[str]:
    """What is missing where these tables have a row, and all others none or no file."""
    settings = settings_in(folder)
    for registry in (ONE, LAW):
        for table, spec in registry.tables.items():
            row = PROJECT if spec.holds == "projects" else CREDIT
            rows = [row] if f"{registry.id}/{table}" in filled else []
            made = spec.canonical.empty_table().from_pylist(rows, schema=spec.canonical)
            if rows or table != "retirements":
                store.write(settings.table("normalized", registry.id, table), made, spec.canonical)
    return missing.lines(settings, {"one": ONE, "law": LAW})


ALL = ("one/projects", "one/issuances", "one/retirements")
NOTHING = (
    "missing: transactions of any registry; without one nothing is published: drop a file of issuances or retirements"
)


@pytest.mark.parametrize(
    ("filled", "lines"),
    [
        ((), []),
        (ALL, []),
        ((*ALL, "law/issuances"), []),
        (("law/issuances",), []),
        (
            ("one/issuances", "one/retirements"),
            [
                "missing: of one a usable file of projects (it has transactions without projects: these stand as placeholders)"
            ],
        ),
        (
            ("one/projects", "one/issuances"),
            ["missing: of one a usable file of retirements (its totals lack them)"],
        ),
        (
            ("one/projects",),
            [
                "missing: of one a usable file of issuances, retirements (it has projects without transactions: their totals "
                "are NULL)",
                NOTHING,
            ],
        ),
        (
            ("one/retirements",),
            [
                "missing: of one a usable file of projects (it has transactions without projects: these stand as placeholders); "
                "of issuances (its totals lack them)"
            ],
        ),
    ],
)
def test_what_is_missing_is_told_by_registry(tmp_path, filled, lines):
    assert told(tmp_path, *filled) == lines


def test_the_shapes_of_the_rows_are_those_of_the_house():
    """Else every table above would be empty."""
    assert set(CREDIT) <= set(schema.CREDITS.names) and set(PROJECT) <= set(schema.PROJECTS.names)
