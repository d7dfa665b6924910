"""The files that registries publish since mid-2026, read in their shapes: as many rows as counted by hand, none set aside.

The files are real and lie beside the checkout; the tests skip where they do not.
"""

import json
import re

import pytest

from carbon_assets.base import readers
from carbon_assets.base.readers import Continuation, HtmlTable, RawTable, ScriptStream, Shape, header_key
from tests.kit.places import REAL_DATA

CURRENT = REAL_DATA / "current"

pytestmark = pytest.mark.skipif(not CURRENT.exists(), reason="no real data of 2026 beside the checkout")


def greentrace(ledger: str) -> Shape:
    return Shape(rows=f"datasets.{ledger}.rows", total=f"datasets.{ledger}.totalCount")


def carbontrace(**more: str) -> Shape:
    return Shape(rows="data", total="total", **more)


def puro(**more: str) -> Shape:
    return Shape(rows="data", html=ScriptStream("self.__next_f.push", '{"data":['), **more)


SPGLOBAL = Shape(rows="entities", total="totalEntities")
BUBBLE = Shape(rows="response.results", total="response.count + response.remaining")
MARKIT = Shape(html=HtmlTable(link="project_id"), total="result-set-size")
MARKIT_RETIREMENTS = Shape(
    html=HtmlTable(
        link="project_id",
        continues=(
            Continuation(1, "Serial No.:", ("Serial No.", "Remarks")),
            Continuation(1, "Additional Certification:", ("Additional Certification",)),
        ),
    ),
    total="result-set-size",
)
CAR = Shape(encoding="windows-1252", surplus_cells="Retirement Reason Details")

# file, its shape, columns that it must have, rows, stated rows
FILES = [
    ("american-carbon-registry/cancellations.json", greentrace("cancelledCredits"), "holdingSerialNumber", 3, "3"),
    ("american-carbon-registry/issuances.json", greentrace("issuedCredits"), "holdingSerialNumber", 17, "17"),
    (
        "american-carbon-registry/project_details.json",
        Shape(rows="*.projectDetail", key_as="key"),
        "projectKey",
        6,
        None,
    ),
    ("american-carbon-registry/projects.json", greentrace("projects"), "projectKey", 6, "6"),
    ("american-carbon-registry/retirements.json", greentrace("retiredCredits"), "holdingSerialNumber", 10, "10"),
    ("biocarbon/cancellations.json", Shape(rows="*.data", key_as="initiative"), "serial, initiative", 2, None),
    ("biocarbon/issuances.json", carbontrace(), "serial", 78, "78"),
    ("biocarbon/project_details.json", Shape(rows="*.initiative", key_as="key"), "key, code", 4, None),
    ("biocarbon/projects.json", carbontrace(), "project_id", 4, "4"),
    ("biocarbon/retirements.json", carbontrace(), "serial", 27, "27"),
    ("cercarbono/analytics_projects.json", Shape(rows="project"), "name, serials", 3, None),
    ("cercarbono/analytics_projects.json", Shape(rows="project", explode="serials"), "id, serials.serial", 6, None),
    ("cercarbono/project_details.json", Shape(rows="*.project", key_as="key"), "code", 1, None),
    ("cercarbono/projects.json", Shape(rows="projects"), "code", 3, None),
    ("cercarbono/retirements.json", Shape(rows="retirements"), "serial", 12, None),
    ("climate-action-reserve/cancellations.csv", CAR, "Offset Credit Serial Numbers", 5, None),
    ("climate-action-reserve/issuances.csv", CAR, "Project ID", 5, None),
    ("climate-action-reserve/projects.csv", CAR, "Project ID", 30, None),
    ("climate-action-reserve/retirements.csv", CAR, "Offset Credit Serial Numbers", 11, None),
    ("gold-standard/credits.json", Shape(rows=""), "serial_number", 4, None),
    ("gold-standard/projects.json", Shape(rows=""), "id", 3, None),
    ("markit-other-standards/retirements.html", MARKIT_RETIREMENTS, "project_id, Serial No., Remarks", 7, "7"),
    ("plan-vivo/v4/issuances.html", MARKIT, "project_id, Units", 8, "8"),
    ("plan-vivo/v4/projects.html", MARKIT, "project_id, Country", 15, "33"),
    ("plan-vivo/v4/retirements.html", MARKIT_RETIREMENTS, "project_id, Serial No., Remarks", 8, "8"),
    ("plan-vivo/v5/holdings.json", SPGLOBAL, "serialNo", 1, "1"),
    ("plan-vivo/v5/issuances.json", SPGLOBAL, "serialNo", 3, "3"),
    ("plan-vivo/v5/projects.json", SPGLOBAL, "projectId", 2, "2"),
    ("puro/issuances.html", puro(), "id", 6, None),
    ("puro/issuances.html", puro(explode="bundles"), "id, bundles.certificates", 6, None),
    ("puro/projects.html", puro(), "code", 3, None),
    ("puro/retirements.html", puro(), "id", 24, None),
    ("puro/retirements.html", puro(explode="bundles"), "id, bundles.certificates", 29, None),
    ("socialcarbon/cancellations.json", BUBBLE, "Serial Numbers", 1, "1"),
    ("socialcarbon/issuances.json", BUBBLE, "Serial Number Batch", 7, "7"),
    ("socialcarbon/projects.json", BUBBLE, "_id", 9, "9"),
    ("socialcarbon/retirements.json", BUBBLE, "Serial Numbers", 39, "39"),
    ("verra/cancellations.json", SPGLOBAL, "serial_no", 1, "1"),
    ("verra/issuances.json", SPGLOBAL, "serialNo", 1, "1"),
    ("verra/projects.json", SPGLOBAL, "projectId", 1, "1"),
    ("verra/retirements.json", SPGLOBAL, "serialNo", 1, "1"),
    ("verra/incomplete/issuances.json", SPGLOBAL, "serialNo", 1, "19521"),
]


def read(file: str, shape: Shape, columns: str) -> RawTable:
    return readers.read(file, (CURRENT / file).read_bytes(), [[name] for name in columns.split(", ")], shape)


@pytest.mark.parametrize(("file", "shape", "columns", "rows", "stated"), FILES)
def test_every_row_is_read_and_what_the_file_states(file, shape, columns, rows, stated):
    table = read(file, shape, columns)
    assert (len(table.rows), table.bad_rows, table.stated_rows) == (rows, (), stated)
    for name in columns.split(", "):
        cells = table.rows.column(header_key(name)).to_pylist()
        assert sum(cell != "" for cell in cells) >= len(cells) * 2 / 3, name


def test_every_file_is_read():
    files = {str(path.relative_to(CURRENT)) for path in CURRENT.rglob("*") if path.suffix in (".json", ".html", ".csv")}
    assert {name for name in files if "extracted" not in name} == {name for name, *_ in FILES}


@pytest.mark.parametrize("table", ["issuances", "projects", "retirements"])
def test_a_page_holds_what_was_extracted_from_it(table):
    explode = None if table == "projects" else "bundles"
    columns = "code" if table == "projects" else "bundles.certificates"
    page = read(f"puro/{table}.html", puro(explode=explode), columns)
    extracted = read(f"puro/extracted/{table}.json", Shape(rows="data", explode=explode), columns)
    assert page.rows.equals(extracted.rows)


def test_a_serial_number_of_a_page_is_as_long_as_its_quantity():
    table = read("plan-vivo/v4/retirements.html", MARKIT_RETIREMENTS, "project_id, Serial No., Retirement Quantity")
    for row in table.rows.to_pylist():
        _, start, end = re.search(r"-(\d+)-(\d{5,})-(\d+)-MER", row["serial no."]).groups()
        assert int(end) - int(start) + 1 == int(row["retirement quantity"].replace(",", ""))


def test_a_beneficiary_of_an_exploded_record_stands_beside_each_of_its_parts():
    records = json.loads((CURRENT / "puro/extracted/retirements.json").read_bytes())["data"]
    expected = [
        (record["id"], part["certificates"], record["retirementDetails"]["retirementPurpose"] or "")
        for record in records
        for part in record["bundles"]
    ]
    names = ["id", "bundles.certificates", "retirementdetails.retirementpurpose"]
    rows = read("puro/retirements.html", puro(explode="bundles"), "id").rows
    assert [tuple(row[name] for name in names) for row in rows.to_pylist()] == expected


@pytest.mark.parametrize(
    ("file", "shape", "drop", "column"),
    [
        ("verra/retirements.json", SPGLOBAL, ["emailNotification"], "serialNo"),
        ("biocarbon/retirements.json", carbontrace(), ["holder_nit", "nit_to_name", "final_user_nit"], "serial"),
        ("american-carbon-registry/issuances.json", greentrace("issuedCredits"), ["developerProfileName"], "vintage"),
        ("puro/extracted/retirements.json", Shape(rows="data", explode="bundles"), ["bundles.project.name"], "id"),
        ("climate-action-reserve/retirements.csv", CAR, ["Account Holder"], "Vintage"),
    ],
)
def test_a_file_that_was_cut_reads_as_itself_without_the_columns(file, shape, drop, column):
    content = (CURRENT / file).read_bytes()
    whole = readers.read(file, content, [[column]], shape)
    cut = readers.read(file, readers.cut(file, content, drop, shape), [[column]], shape)
    gone = {header_key(name) for name in drop}
    kept = [name for name in whole.header if name not in gone]
    assert gone < set(whole.header)
    assert list(cut.header) == kept
    assert cut.rows.select(kept).equals(whole.rows.select(kept))
