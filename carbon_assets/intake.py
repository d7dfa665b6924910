"""The newest snapshot of a table on its way to its canonical form, or the reason why it cannot go.

A file that cannot be used is no failure of the run: it is refused, with a reason for a person, and the last good table
stays in use.
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
    """`snapshot` is None where no drop has brought the table yet; otherwise either `refusal` or `result` is set."""

    snapshot: Snapshot | None
    refusal: str | None = None
    result: Normalized | None = None

    @property
    def state(self) -> str:
        """absent, refused or fresh."""
        if self.snapshot is None:
            return "absent"
        return "refused" if self.refusal else "fresh"


def take_in(con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str) -> Intake:
    """Read and normalize the current snapshot of a table."""
    snapshot = snapshots.current(settings, registry.id, table)
    if snapshot is None:
        return Intake(None)
    projects = settings.table("normalized", registry.id, "projects")
    try:
        raw = normalize.read_snapshot(registry, table, snapshot, snapshot.content(settings))
        if registry.tables[table].resolves_projects and not (projects.exists() and store.row_count(projects)):
            raise readers.UnreadableFile("no project of this registry is known, so its project keys cannot be told")
        return Intake(snapshot, result=normalize.normalize(con, registry, table, snapshot, raw, projects))
    except readers.UnreadableFile as error:
        return Intake(snapshot, refusal=f"{registry.id}/{snapshot.file}: {error}")


def rows_in_use(settings: Settings, registry: Registry, table: str, taken: Intake) -> pa.Table:
    """The new table; after a refusal the last good one; an empty one where there is neither."""
    path = settings.table("normalized", registry.id, table)
    if taken.result:
        return taken.result.rows
    if taken.refusal and path.exists():
        return store.read(path)
    return registry.tables[table].canonical.empty_table()
