"""The newest usable snapshot of a table on its way to its canonical form, and why newer ones are not used.

A file that cannot be used is no failure of the run: it is refused, with a reason for a person, and the last good
snapshot stays in use.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from carbon_assets import normalize, readers, snapshots, store
from carbon_assets.config import Registry
from carbon_assets.normalize import Normalized
from carbon_assets.settings import Settings
from carbon_assets.snapshots import Snapshot


@dataclass(frozen=True)
class Intake:
    """`snapshot` and `result` belong together; both are None where no usable file was ever seen.

    `refusal` says why the newest file is not used.
    """

    snapshot: Snapshot | None = None
    result: Normalized | None = None
    refusal: str | None = None

    @property
    def state(self) -> str:
        """fresh; refused, with or without an older snapshot in use; absent."""
        if self.refusal:
            return "refused"
        return "fresh" if self.result else "absent"


def take_in(con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str) -> Intake:
    """Read and normalize the newest snapshot of a table that can be used."""
    refusal = None
    for snapshot in snapshots.distinct(settings, registry.id, table):
        try:
            return Intake(snapshot, _normalized(con, settings, registry, table, snapshot), refusal)
        except readers.UnreadableFile as error:
            refusal = refusal or f"{registry.id}/{snapshot.file}: {error}"
    return Intake(refusal=refusal)


def rows_in_use(registry: Registry, table: str, taken: Intake) -> pa.Table:
    """The canonical table; an empty one where there is none."""
    return taken.result.rows if taken.result else registry.tables[table].canonical.empty_table()


def _normalized(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, snapshot: Snapshot
) -> Normalized:
    projects = settings.table("normalized", registry.id, "projects")
    raw = normalize.read_file(registry, table, snapshot.file, snapshot.content(settings))
    if registry.tables[table].resolves_projects and not (projects.exists() and store.row_count(projects)):
        raise readers.UnreadableFile("no project of this registry is known, so its project keys cannot be told")
    return normalize.normalize(con, registry, table, snapshot, raw, projects)
