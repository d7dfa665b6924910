"""What the checks of a table tell of its newest file: rows that are set aside with their tonnes, columns that are absent."""

import dagster as dg
import pytest

from carbon_assets.platform.checks import READABLE
from carbon_assets.registries.assets import intake_checks
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.intake import Intake
from carbon_assets.registries.keys import COLUMNS_PRESENT, QUARANTINE_EMPTY
from tests.kit.building import CONFIGS, csv_of, normalized

ARB = load_registries(CONFIGS)["arb"]
TABLE = ARB.tables["issuances"]
FULL = {column.names[0]: "" for column in (*TABLE.columns.values(), *TABLE.states.values())} | {
    "OPR Project ID": "ACR901", "Vintage": "2020", "Issuance Date": "2021-03-01", "CARB Issuance ID": "CAOD9001-A",
    "ARB Offset Credits Issued": "60000", "Retired Voluntarily": "53100",
}  # fmt: skip


def told(*rows: dict[str, str], check: str) -> dg.AssetCheckResult:
    """What a check says of a file with these rows, the first that there ever was."""
    made = normalized(ARB, "issuances", csv_of(list(rows)))
    results = intake_checks(dg.AssetKey("x"), TABLE, Intake(result=made))
    (result,) = [result for result in results if result.check_name == check]
    return result


def without(*names: str) -> dict[str, str]:
    return {name: cell for name, cell in FULL.items() if name not in names}


def test_a_file_with_all_its_columns_warns_of_none():
    assert told(FULL, check=COLUMNS_PRESENT).passed


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("Retired Voluntarily", "retired_voluntarily (retirement tonnes)"),
        ("Offset Project Name", "Offset Project Name"),
        ("Reporting Period End Date", "vintage_end"),
    ],
)
def test_a_column_that_is_absent_from_a_first_file_is_a_warning_that_names_it(column, said):
    result = told(without(column), check=COLUMNS_PRESENT)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description == f"nothing is read into {said}: the file has no such column"


def test_rows_that_are_set_aside_are_told_with_their_tonnes():
    rows = [
        FULL,
        FULL | {"Vintage": "never", "CARB Issuance ID": "CAOD9002-A"},
        FULL | {"Vintage": "never", "ARB Offset Credits Issued": "many", "CARB Issuance ID": "CAOD9003-A"},
    ]
    result = told(*rows, check=QUARANTINE_EMPTY)
    assert result.description == (
        "2 rows are set aside; 60,000 t of issuance, 106,200 t of retirement; 1 with tonnes that cannot be read"
    )
    assert told(FULL, check=QUARANTINE_EMPTY).description is None


def test_a_file_that_was_moved_aside_keeps_its_table_red():
    made = Intake(result=normalized(ARB, "issuances", csv_of([FULL])))
    for rejected in (None, "it was a web page"):
        (readable,) = [r for r in intake_checks(dg.AssetKey("x"), TABLE, made, rejected) if r.check_name == READABLE]
        assert (readable.passed, readable.description) == (rejected is None, rejected)
