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
    """The profile of a file with these columns, each looked at once: most tests change one column of the same good file."""
    alone = [_profile_of_one(name, tuple(cells)) for name, cells in columns.items()]
    placed = {
        key: column.model_copy(update={"place": place})
        for place, profile in enumerate(alone)
        for key, column in profile.columns.items()
    }
    return alone[0].model_copy(update={"columns": placed})


@functools.lru_cache(maxsize=256)
def _profile_of_one(name: str, cells: tuple[str, ...]) -> Profile:
    return looked_at({name: cells})


def looked_at(columns: Mapping[str, Sequence[str]]) -> Profile:
    """The profile of a file with these columns, made as for any file."""
    with connection() as con:
        return profiles.profile(con, raw_table(columns), LIMITS)
