"""What the differences of two given files depend on besides their bytes, so that an edit has only those pairs read again whose rows
it can change.

How differences are found belongs in `record_diff.py`, where they are kept in `changes.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

from carbon_assets.base import code
from carbon_assets.base.readers import header_key
from carbon_assets.base.settings import Settings
from carbon_assets.history.classes import ChangeClasses
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Snapshot
from carbon_assets.unified.statuses import load_words

MADE_WITH, STATUSES, CONTESTED = b"made_with", b"statuses", b"contested"
"""Metadata of kept differences: a hash of what is known before the files are read; the statuses that were met, with their ranks; the
classes of which one had to be chosen, the gravest first."""

_OF_NO_RECORD = {"name", "owner", "project_url", "tables"}
_OF_NO_CELL = {"files", "lacks", "never_published"}
"""What descriptions say that no comparison of two files reads."""


@dataclass(frozen=True)
class Dependence:
    """Of the files of one table, by what is described and known now."""

    settings: Settings
    registry: Registry
    table: str
    meaning_of: ChangeClasses
    _by_columns: dict[frozenset[str] | None, bytes] = field(default_factory=dict)

    def metadata(self, old: Snapshot, new: Snapshot, rows: pa.Table) -> dict[bytes, bytes]:
        """What is kept beside the differences of two files; `rows`: as `record_diff.between` gives them."""
        read = rows.schema.metadata or {}
        return {
            MADE_WITH: self._made_with(old, new),
            STATUSES: read.get(STATUSES, b"{}"),
            CONTESTED: read.get(CONTESTED, b"[]"),
        }

    def still_holds(self, kept: Mapping[bytes, bytes], old: Snapshot, new: Snapshot) -> bool:
        """Whether differences that were kept with this metadata would be found again."""
        if kept.get(MADE_WITH) != self._made_with(old, new) or not {STATUSES, CONTESTED} <= kept.keys():
            return False
        met: dict[str, int | None] = json.loads(kept[STATUSES])
        contested: list[str] = json.loads(kept[CONTESTED])
        in_order = [name for name in self.meaning_of.gravest_first if name in contested]
        return in_order == contested and (not met or met == self.meaning_of.ranks(self._words, met))

    @cached_property
    def _words(self) -> Mapping[str, str]:
        """Read once for all pairs of the table."""
        return load_words(self.settings.configs)

    def _made_with(self, old: Snapshot, new: Snapshot) -> bytes:
        """A hash of code and descriptions, as far as the columns of the two files have any part in them."""
        known = [snapshot.contents.columns for snapshot in (old, new) if snapshot.contents]
        columns = frozenset().union(*map(_keys, known)) if len(known) == 2 else None
        if columns not in self._by_columns:
            described = [
                self.registry.model_dump(mode="json", exclude=_OF_NO_RECORD),
                _described(self.registry.tables[self.table], columns),
                _version_of_code(),
                self._projects,
            ]
            text = json.dumps(described, sort_keys=True, default=str)
            self._by_columns[columns] = hashlib.sha256(text.encode()).hexdigest().encode()
        return self._by_columns[columns]

    @property
    def _projects(self) -> str | None:
        """A hash of which project each key of the registry stands for, where that is needed."""
        path = self.settings.table("normalized", self.registry.id, "projects")
        if not self.registry.tables[self.table].resolves_projects or not path.exists():
            return None
        keys = pq.read_table(path, columns=["registry_key", "project_id"])
        pairs = sorted({(row["registry_key"] or "", row["project_id"] or "") for row in keys.to_pylist()})
        return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()


def _described(spec: Table, columns: frozenset[str] | None) -> dict:
    """A description without what it says of columns that neither file has: of those only that they are described."""
    described = spec.model_dump(mode="json", exclude=_OF_NO_CELL)
    if columns is None:
        return described
    for part in ("required", "optional"):
        described[part] = {name: _met(column, columns) for name, column in described[part].items()}
    described["labels"] = [label for label in (_met(each, columns) for each in described["labels"]) if label]
    return described


def _met(source: dict, columns: frozenset[str]) -> dict | None:
    """What a canonical column or a label is read from, with only those names that a file has; None where none has any."""
    names = [name for name in source["names"] if header_key(name) in columns]
    return {**source, "names": names} if names else None


@lru_cache(maxsize=1_000)
def _keys(columns: tuple[str, ...]) -> frozenset[str]:
    """The keys of the columns of a file; thousands of files of one table have the same."""
    return frozenset(map(header_key, columns))


@cache
def _version_of_code() -> str:
    """Of this subject and all that it imports, and of the registries' hooks, which are imported by name."""
    return f"{code.version_of('history')} {code.version_of('registries/hooks')}"
