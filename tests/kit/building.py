"""What the unit tests build their cases from: settings in a folder of their own, files as text, normalized tables."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from carbon_assets.base.settings import HOME, Settings
from carbon_assets.registries import normalize
from carbon_assets.registries.description import Registry
from carbon_assets.registries.normalize import Normalized
from carbon_assets.snapshots.store import Snapshot
from tests.kit.engine import connection

CONFIGS = HOME / "configs"
OBSERVED = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)


def settings_in(folder: Path, **changes: object) -> Settings:
    """Settings whose data and drop lie in `folder`."""
    return dataclasses.replace(Settings.from_environment(), data=folder / "data", drop=folder / "drop", **changes)


def faults_in(configs: Path, check: ModuleType) -> list[str]:
    """What the checks of a subject say of a folder of configs."""
    return list(check.faults(dataclasses.replace(Settings.from_environment(), configs=configs)))


def csv_text(header: list[str], rows: list[list[str]]) -> str:
    """The text of a CSV file."""
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return file.getvalue()


def csv_of(rows: list[dict[str, str]]) -> str:
    """The text of a CSV file with the columns of all rows; blank where a row lacks one."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    return csv_text(header, [[row.get(name, "") for name in header] for row in rows])


def normalized(
    registry: Registry,
    table: str,
    text: str | bytes,
    *,
    file: str = "",
    observed_at: datetime = OBSERVED,
    projects: pa.Table | None = None,
) -> Normalized:
    """What `normalize` makes of a file with the content `text`."""
    content = text.encode() if isinstance(text, str) else text
    snapshot = Snapshot(
        registry=registry.id,
        table=table,
        file=file or f"{table}.csv",
        sha256="0" * 64,
        size=len(content),
        observed_at=observed_at,
        asserted_by="a test",
        source_path="a test",
        stored_as="nowhere",
    )
    raw = normalize.read_file(registry, table, snapshot.file, content)
    with connection() as con:
        return normalize.normalize(con, registry, table, snapshot, raw, projects)


def projects_known_by(keys: dict[str, str]) -> pa.Table:
    """A normalized projects table that holds nothing but each project's own key and its id."""
    return pa.table({"registry_key": list(keys), "project_id": list(keys.values())})
