"""Harmonized credits and projects of which a test says only what it is about, and what the rules find in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import column_types, store
from carbon_assets.history import schema as history_schema
from carbon_assets.integrity import conversions, double_counting, findings, replaced_at_host, serial_blocks
from carbon_assets.integrity import schema as integrity_schema
from carbon_assets.integrity.rules import load_rules
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.snapshots import schema as snapshots_schema
from carbon_assets.unified import schema as unified_schema
from tests.kit.building import CONFIGS

SAMPLES = {"VCS": "verra", "GLD": "gold-standard", "ACR": "american-carbon-registry", "CAR": "climate-action-reserve",
           "ART": "art-trees", "CCB": "cercarbono"}  # fmt: skip


@cache
def registries() -> dict[str, Registry]:
    return load_registries(CONFIGS)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def event(credit_id: str, kind: str, project: str = "ACR1", quantity: float | str = 10, **cells: object) -> dict:
    """An event of the project's own registry, if `source` does not say otherwise. Days are ISO texts."""
    registry = SAMPLES[project[:3]]
    return dated(
        {
            "credit_id": credit_id,
            "project_id": project,
            "transaction_type": kind,
            "quantity": Decimal(str(quantity)),
            "is_buffer": False,
            "source": f"{registry}/transactions",
            "snapshot_id": "s",
            "registry": registry,
            "is_host_replacement": False,
            **cells,
        }
    )


def dated(row: dict) -> dict:
    """The row with its days as dates."""
    days = {field.name for field in unified_schema.UNIFIED_CREDITS if field.type == column_types.DATE}
    return {name: day(cell) if name in days and isinstance(cell, str) else cell for name, cell in row.items()}


def arb(credit_id: str, project: str = "ACR1", quantity: float = 10, kind: str = "issuance", **cells: object) -> dict:
    """An event of the ARB table."""
    return event(credit_id, kind, project, quantity, source="arb/issuances", is_host_replacement=True, **cells)


def project(project_id: str, start: str | None, end: str | None, **cells: object) -> dict:
    return {"project_id": project_id, "crediting_period_start": day(start), "crediting_period_end": day(end), **cells}


def write(path: Path, rows: Iterable[dict], shape: pa.Schema) -> Path:
    """A Parquet file of just these rows; nothing is asked of columns that they do not name."""
    loose = pa.schema([pa.field(field.name, field.type) for field in shape])
    store.write(path, pa.Table.from_pylist(list(rows), schema=loose), loose)
    return path


def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def found(folder: Path, credits: list[dict], projects: Iterable[dict] = (), history: Iterable[dict] = ()) -> list[dict]:
    """What the rules find."""
    return found_in(
        write(folder / "credits.parquet", credits, unified_schema.UNIFIED_CREDITS), folder, projects, history
    )


def found_in(credits: Path, folder: Path, projects: Iterable[dict] = (), history: Iterable[dict] = ()) -> list[dict]:
    """What the rules find in a table of credits."""
    listed = write(folder / "projects.parquet", projects, unified_schema.UNIFIED_PROJECTS)
    past = write(folder / "history.parquet", history, history_schema.PROJECT_HISTORY) if history else None
    with connection() as con:
        blocks = folder / "blocks.parquet"
        store.write(blocks, serial_blocks.blocks(con, credits, registries()), integrity_schema.SERIAL_BLOCKS)
        return findings.findings(con, credits, listed, blocks, registries(), past, load_rules(CONFIGS)).to_pylist()


def snapshots_of(folder: Path, credits: Iterable[dict], observed_on: str, **others: str) -> Path:
    """The ledger of one snapshot in use of every table that the credits come from, all observed on that day, but for `others`: source
    with `_` for `/` and `-`."""
    rows = []
    for source in sorted({row["source"] for row in credits}):
        day = others.get(source.replace("/", "_").replace("-", "_"), observed_on)
        registry, table = source.split("/")
        observed_at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        rows.append({"registry": registry, "table": table, "state": "in use", "observed_at": observed_at})
    return write(folder / "snapshots.parquet", rows, snapshots_schema.SNAPSHOTS)


def conversions_found(
    folder: Path, credits: list[dict], observed_on: str = "2025-01-01", configs: Path = CONFIGS, **others: str
) -> list[dict]:
    """What does not match between programmes. Days as in `snapshots_of`."""
    path = write(folder / "credits.parquet", credits, unified_schema.UNIFIED_CREDITS)
    taken = snapshots_of(folder, credits, observed_on, **others)
    with connection() as con:
        words = conversions.load(configs, registries())
        return double_counting.findings(con, path, taken, words, load_rules(CONFIGS).double_counting).to_pylist()


def replaced(folder: Path, credits: list[dict]) -> list[dict]:
    """What of the host registries' rows gives way."""
    path = write(folder / "credits.parquet", credits, unified_schema.UNIFIED_CREDITS)
    with connection() as con:
        return replaced_at_host.replaced(con, path, conversions.load(CONFIGS, registries())).to_pylist()
