"""Profiles of made-up columns, for the tests of profiles and of what changed between them."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from carbon_assets.base import readers
from carbon_assets.registries import drift, profiles
from carbon_assets.registries.profiles import Profile
from tests.kit.places import CONFIGS

LIMITS = drift.load_limits(CONFIGS).profiles


def raw_table(columns: dict[str, list[str]]) -> readers.RawTable:
    """A text table with these columns, named as a file would name them."""
    rows = len(next(iter(columns.values())))
    cells = {readers.header_key(name): pa.array(column, pa.string()) for name, column in columns.items()}
    table = pa.table({**cells, readers.LINE: pa.array(range(2, rows + 2), pa.int64())})
    return readers.RawTable(table, {readers.header_key(name): name for name in columns})


def profile_of_columns(columns: dict[str, list[str]]) -> Profile:
    """The profile of a file with these columns."""
    with duckdb.connect(config={"threads": 1}) as con:
        return profiles.profile(con, raw_table(columns), LIMITS)
