"""Harmonized credits of which only what beneficiaries are made of is said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from carbon_assets.base import store
from carbon_assets.unified import schema

NAMES = {
    "account": "retirement_account", "beneficiary": "retirement_beneficiary", "note": "retirement_note",
    "reason": "retirement_reason", "project": "project_id", "type": "transaction_type", "quantity": "quantity",
}  # fmt: skip


def event(quantity: str = "1", **cells: str | None) -> dict:
    """A retirement, if `type` does not say otherwise."""
    given = {"type": "retirement", "project": "VCS1", "quantity": Decimal(quantity)} | cells
    return {NAMES[name]: cell for name, cell in given.items()}


def write_credits(path: Path, *events: dict) -> Path:
    """A Parquet file of the columns that are read."""
    shape = pa.schema([pa.field(name, schema.UNIFIED_CREDITS.field(name).type) for name in NAMES.values()])
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write(
        path, pa.Table.from_pylist([dict.fromkeys(NAMES.values()) | row for row in events], schema=shape), shape
    )
    return path
