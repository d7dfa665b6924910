"""Snapshots with canonical rows, for the tests of history: taken at a time of the test's choice, and remembered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from carbon_assets.base.settings import Settings
from carbon_assets.history import periods
from carbon_assets.registries import remembered, schema
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Contents, Snapshot
from tests.kit.engine import connection

REQUIRED = {"required": {"project_id": "ID"}}
TABLES = {
    "projects": Table(files="p*", holds="projects", **REQUIRED),
    "more_projects": Table(files="m*", holds="projects", **REQUIRED),
    "issuances": Table(files="i*", holds="credits", **REQUIRED),
    "retirements": Table(files="r*", holds="credits", **REQUIRED),
}
REGISTRIES = {
    "made-up": Registry(id="made-up", name="Made up", project_prefix="MUP", tables=TABLES),
    "other": Registry(
        id="other",
        name="Other",
        project_prefix="MUPX",
        tables={name: TABLES[name] for name in ("projects", "issuances")},
    ),
    "state": Registry(id="state", name="State", replaces_host_registry=True, tables={"issuances": TABLES["issuances"]}),
}
"""The ids of the second begin as those of the first do; the third issues for projects of both."""

START = datetime(2024, 1, 1, 12, tzinfo=UTC)


def at(day: int) -> datetime:
    """Noon of that day of the tests' calendar, which starts with day 0."""
    return START + timedelta(days=day)


def snapshot(
    settings: Settings, day: int, source: str = "made-up/projects", records: str = "", **changes: object
) -> Snapshot:
    """A snapshot of that day, with its manifest in the raw store; the file itself is nobody's concern here."""
    registry, table = source.split("/")
    records = records or f"records of {day}"
    taken = Snapshot.model_validate(
        {
            "registry": registry, "table": table, "file": f"{table}.csv", "sha256": f"{day:064x}", "size": 9,
            "observed_at": at(day), "source_path": f"/drop/{registry}/{table}.csv", "asserted_by": "a test",
            "stored_as": "nowhere", "contents": Contents(rows=1, columns=("ID",), records=records), **changes,
        }
    )  # fmt: skip
    folder = settings.raw(registry, table)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{taken.name}.json").write_text(taken.model_dump_json())
    return taken


def projects(taken: Snapshot, *rows: dict) -> pa.Table:
    """Canonical projects of a snapshot."""
    common = {"source": f"{taken.registry}/{taken.table}", "snapshot_id": taken.snapshot_id}
    return pa.Table.from_pylist([{**row, **common} for row in rows], schema=schema.PROJECTS)


def credits(taken: Snapshot, *rows: tuple[str, str, str]) -> pa.Table:
    """Canonical credits of a snapshot: project, type and tonnes of each."""
    common = {"source": f"{taken.registry}/{taken.table}", "snapshot_id": taken.snapshot_id, "is_buffer": False}
    cells = [
        {
            "credit_id": f"{common['source']} {n}",
            "project_id": project,
            "transaction_type": kind,
            "tonnes": tonnes,
            **common,
        }
        for n, (project, kind, tonnes) in enumerate(rows)
    ]
    shape = pa.schema([*schema.CREDITS, pa.field("tonnes", pa.string())])
    with connection() as con:
        con.register("cells", pa.Table.from_pylist(cells, schema=shape))
        query = "select * exclude (tonnes) replace (tonnes::decimal(18, 6) as quantity) from cells"
        return con.execute(query).to_arrow_table().select(schema.CREDITS.names).cast(schema.CREDITS)


def remember(settings: Settings, taken: Snapshot, rows: pa.Table) -> None:
    remembered.remember(settings, taken, rows, REGISTRIES[taken.registry].replaces_host_registry)


def project_history(settings: Settings) -> pa.Table:
    with connection() as con:
        return periods.project_history(con, settings, REGISTRIES)


def totals_history(settings: Settings) -> pa.Table:
    with connection() as con:
        return periods.totals_history(con, settings, REGISTRIES)


def valid(rows: pa.Table, when: datetime) -> list[dict]:
    """The rows that are valid at a moment, by the definition of a period."""
    return [
        row
        for row in rows.to_pylist()
        if row["valid_from"] <= when and (row["valid_to"] is None or when < row["valid_to"])
    ]


DAY = date(2020, 1, 1)
