"""The two sides of a comparison: what they are called, and the columns and keys that both files have.

How rows are read, paired and told apart belongs in `records.py`, `pairing.py` and `differences.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from carbon_assets.base.readers import RawTable
from carbon_assets.registries.cells import raw_key
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot

SIDES = ("old", "new")
"""The older and the newer file."""

TYPED = ("tonnes", "count", "year", "date", "flag")
"""Cell types whose values are compared instead of their texts."""


class Version(NamedTuple):
    """A snapshot, and how its bytes are got: they are large, and needed only once."""

    snapshot: Snapshot
    content: Callable[[], bytes]


@dataclass(frozen=True)
class Field:
    """A column that both files have. `name`: as the newer file writes it; `keys`: its key in the older and the newer file;
    `canonical`: the canonical columns that it is read into."""

    name: str
    keys: tuple[str, str]
    canonical: tuple[str, ...]

    def typed_as(self, spec: Table) -> str | None:
        """The canonical column whose value stands for the whole cell, if there is one."""
        for name in self.canonical:
            column = spec.columns[name]
            is_whole = not (column.extract or column.extract_all or column.replace or column.values or column.prefix)
            if is_whole and spec.cell_type(name) in TYPED:
                return name
        return None


def fields_of(spec: Table, old: RawTable, new: RawTable) -> list[Field]:
    """The columns that both files have, in the newer file's order; one that was renamed between two names of its
    description is the same."""
    canonical: dict[tuple[str, str], list[str]] = {}
    for name, column in spec.columns.items():
        if (before := raw_key(old, column.names)) and (now := raw_key(new, column.names)):
            canonical.setdefault((before, now), []).append(name)
    for label in spec.labels:
        if (before := raw_key(old, label.names)) and (now := raw_key(new, label.names)):
            canonical.setdefault((before, now), [])
    for key in new.header:
        if key in old.header:
            canonical.setdefault((key, key), [])
    shared: list[Field] = []
    taken: tuple[set[str], set[str]] = set(), set()
    for (before, now), names in canonical.items():
        if before not in taken[0] and now not in taken[1]:
            taken[0].add(before)
            taken[1].add(now)
            shared.append(Field(new.header[now], (before, now), tuple(names)))
    order = list(new.header)
    return sorted(shared, key=lambda field: order.index(field.keys[1]))


@dataclass(frozen=True)
class KeyParts:
    """The canonical columns that identify a record, as far as both files have them: those of a row with a serial number, and
    those of any other."""

    serial: tuple[str, ...]
    stable: tuple[str, ...]

    @classmethod
    def of(cls, spec: Table, fields: list[Field]) -> KeyParts:
        """The key of a table of which both files have `fields`."""
        shared = {name for field in fields for name in field.canonical}
        if spec.holds == "projects":
            return cls((), ("project_id",))
        serial = [name for name in ("serial_number", "serial_start", "serial_end") if name in shared]
        stable = tuple(name for name in spec.key if name in shared)
        return cls(tuple(serial) if "serial_number" in serial else (), stable or ("project_id",))
