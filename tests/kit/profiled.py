"""Profiles of made-up columns, for the tests of profiles and of what changed between them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import pyarrow as pa

from carbon_assets.base import readers
from carbon_assets.registries import drift, profiles
from carbon_assets.registries.profiles import Profile
from tests.kit.engine import connection
from tests.kit.places import CONFIGS

LIMITS = drift.load_limits(CONFIGS).profiles


def raw_table(columns: Mapping[str, Sequence[str]]) -> readers.RawTable:
    """A text table with these columns, named as a file would name them."""
    rows = len(next(iter(columns.values())))
    cells = {readers.header_key(name): pa.array(column, pa.string()) for name, column in columns.items()}
    table = pa.table({**cells, readers.LINE: pa.array(range(2, rows + 2), pa.int64())})
    return readers.RawTable(table, {readers.header_key(name): name for name in columns})


def profile_of_columns(columns: dict[str, list[str]]) -> Profile:
    """The profile of a file with these columns. Most tests compare with the same good file: it is looked at once."""
    return _profile(tuple((name, tuple(cells)) for name, cells in columns.items()))


@functools.lru_cache(maxsize=16)
def _profile(columns: tuple[tuple[str, tuple[str, ...]], ...]) -> Profile:
    with connection() as con:
        return profiles.profile(con, raw_table(dict(columns)), LIMITS)
