"""The shipped descriptions on made-up files of forms that registries were seen to publish, and on real ones where they are."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from carbon_assets.registries import drops
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.normalize import Normalized
from tests.kit.building import CONFIGS, csv_of, normalized
from tests.kit.places import REAL_DATA

REGISTRIES = load_registries(CONFIGS)
REAL = REAL_DATA / "registries"

CAR = {
    "Vintage": "2021", "Offset Credit Serial Numbers": "CAR-1-MX-9001-42-938-OA-2021-6507-1 to 300",
    "Quantity of Offset Credits": "300", "Status Effective": "12/19/2021", "Project ID": "CAR9001",
    "Additional Certification(s)": "", "Account Holder": "A", "Retirement Reason": "", "Retirement Reason Details": "",
}  # fmt: skip
CERCARBONO = {
    "project_id": 901, "serial": "CDC_901_1_1_321_14_1", "quantity": 1000, "date": "2019-03-07T18:33:46.000Z",
    "vintage": "2010-01-17", "is_kg": 0, "final_user": "Acme", "reason_using": {"id": 1, "description": "Carbon Tax"},
}  # fmt: skip


def car(**cells: str) -> dict:
    (row,) = normalized(REGISTRIES["climate-action-reserve"], "retirements", csv_of([CAR | cells])).rows.to_pylist()
    return row


@pytest.mark.parametrize(
    ("column", "cell", "labels", "unknown"),
    [
        ("Eligible for CORSIA 2021-2023 Compliance Period", "Eligible", ["CORSIA Pilot Phase"], None),
        ("Eligible for CORSIA 2021-2023 Compliance Period", "N/A", [], None),
        ("Eligible for CORSIA 2021-2023 Compliance Period", "Provisionally", [], ["Provisionally"]),
        ("ICVCM CCP Eligible", "Eligible", ["CCP"], None),
        ("CCP Approved", "Yes", ["CCP"], None),
    ],
)
def test_car_says_yes_in_two_ways(column, cell, labels, unknown):
    row = car(**{column: cell})
    assert (row["labels"], row["unknown_labels"]) == (labels, unknown)


def cercarbono(**cells: object) -> Normalized:
    content = json.dumps({"status": 1, "retirements": [CERCARBONO | cells]})
    return normalized(REGISTRIES["cercarbono"], "retirements", content, file="retirements.json")


def test_the_user_of_cercarbonos_api_is_read():
    (row,) = cercarbono().rows.to_pylist()
    assert (row["project_id"], row["quantity"], row["vintage"]) == ("CCB901", 1000, 2010)
    assert (row["retirement_beneficiary"], row["labels"]) == ("Acme", ["Carbon Tax"])


@pytest.mark.parametrize(
    ("column", "cell"),
    [("is_kg", 1), ("serial", "CDB_1_46_253_99_12_3_30_PT_IN_CO_1_1_2023"), ("standard", "Biodiversity")],
)
def test_rows_of_cercarbono_that_count_no_tonnes_are_set_aside(column, cell):
    made = cercarbono(**{column: cell})
    assert [(row["column"], row["quantity"]) for row in made.quarantine.to_pylist()] == [(column, None)]
    assert (made.tonnes, made.tonnes_set_aside, made.rows_set_aside_without_tonnes) == ({}, {}, 1)


@pytest.mark.parametrize(
    ("registry", "table", "column", "padded", "project"),
    [
        ("american-carbon-registry", "projects", "Project ID", "ACR0885", "ACR885"),
        ("climate-action-reserve", "projects", "Project ID", "car00123", "CAR123"),
        ("art-trees", "projects", "Program ID", "ART0102", "ART102"),
        ("gold-standard", "projects", "GSID", "0012", "GLD12"),
        ("cercarbono", "projects", "id", "CCB07", "CCB7"),
        ("verra", "projects", "ID", "0934", "VCS934"),
        ("verra", "projects", "ID", "5962.0", "VCS5962"),
    ],
)
def test_ids_padded_with_zeros_are_those_without(registry, table, column, padded, project):
    forms = REGISTRIES[registry].tables[table].forms
    spec = next(form for form in forms if column in [names[0] for names in form.header])
    cells = {names[0]: "" for names in spec.header} | {column: padded}
    made = normalized(REGISTRIES[registry], table, csv_of([cells]))
    assert made.rows["project_id"].to_pylist() == [project]


# --- real files -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="no real registry data beside this checkout")
@pytest.mark.parametrize(
    ("registry", "label", "tonnes"),
    [
        ("american-carbon-registry", "CCP", 1_311_465),
        ("american-carbon-registry", "Removal", 192_152),
        ("climate-action-reserve", "CCP", 4_355_772),
    ],
)
def test_issuances_count_as_labelled_as_far_as_their_rows_are(registry, label, tonnes):
    file = drops.find(REAL, registry, REGISTRIES[registry].tables["issuances"])
    observed = datetime(2026, 6, 1, tzinfo=UTC)
    made = normalized(REGISTRIES[registry], "issuances", file.read_bytes(), file=file.name, observed_at=observed)
    assert labelled(made.rows, label) == tonnes


def labelled(rows: pa.Table, label: str) -> Decimal:
    return sum((row["quantity"] for row in rows.to_pylist() if label in (row["labels"] or ())), Decimal(0))
