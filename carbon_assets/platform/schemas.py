"""The columns of every table of this package, found through the `schema.py` of each room. No table is named here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pyarrow as pa

import carbon_assets
from carbon_assets.platform.subject import SubjectError


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table, and the room whose `schema.py` states them."""

    room: str
    columns: pa.Schema


@cache
def tables() -> dict[str, TableSchema]:
    """All that is stated in `TABLES` of a `schema.py`, by asset key as text. Raises `SubjectError` for a key stated twice."""
    stated: dict[str, TableSchema] = {}
    for path in sorted(Path(carbon_assets.__file__).parent.glob("*/schema.py")):
        room = path.parent.name
        for key, columns in import_module(f"carbon_assets.{room}.schema").TABLES.items():
            if key in stated:
                raise SubjectError(
                    f"carbon_assets/{room}/schema.py: {key} is stated in carbon_assets/{stated[key].room}/schema.py, too"
                )
            stated[key] = TableSchema(room, columns)
    return stated
