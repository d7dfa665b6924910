"""From the raw store to a canonical table: which snapshots of a table may be used, and why others may not.

The snapshots that came since the last accepted one are judged in their order, each against the last good one before it. One
that cannot be read is refused; one whose columns or contents moved too far is held back until a person lets it through. Neither
is a failure of the run: the last good snapshot stays in use, and the reason is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from carbon_assets import drift, normalize, readers, snapshots, store
from carbon_assets.config import Registry
from carbon_assets.normalize import Normalized
from carbon_assets.release_gate import Gate, is_older, reasons_to_hold
from carbon_assets.settings import Settings
from carbon_assets.snapshots import Snapshot


class HeldBack(Exception):
    """A snapshot could be read, but a person must let it through."""


@dataclass(frozen=True)
class Intake:
    """`snapshot` and `result` belong together; both are None where no usable file was ever seen.

    `refusal` says why the newest file is not used. `accepted`: what was not in use before, oldest first, the one in use
    last. `refused`: every newer snapshot that is not used, and why.
    """

    snapshot: Snapshot | None = None
    result: Normalized | None = None
    refusal: str | None = None
    is_held_back: bool = False
    accepted: list[tuple[Snapshot, pa.Table]] = field(default_factory=list)
    refused: list[tuple[Snapshot, str]] = field(default_factory=list)

    @property
    def state(self) -> str:
        """fresh; refused or held back, with or without an older snapshot in use; absent."""
        if self.refusal:
            return "held back" if self.is_held_back else "refused"
        return "fresh" if self.result else "absent"


def take_in(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    table: str,
    gate: Gate,
    broken: Callable[[pa.Table], str | None] = lambda rows: None,
) -> Intake:
    """Judge what came since the last accepted snapshot of a table, and normalize the newest one that can be used.

    `broken`: what critical expectation canonical rows break, if any.
    """
    stored = _Store(con, settings, registry, table)
    known = snapshots.distinct(settings, registry.id, table)
    place = next((i for i, s in enumerate(known) if snapshots.is_accepted(settings, s)), len(known))
    waiting, older = known[:place][::-1], known[place:]
    good = older[0] if older else None
    result: Normalized | None = None
    accepted: list[tuple[Snapshot, pa.Table]] = []
    refused: list[_Refused] = []
    for snapshot in waiting:
        try:
            candidate = stored.normalized(snapshot)
            if good and not snapshots.released(settings, snapshot):
                before = result.rows if result else stored.rows(good)
                used = [s for s in older if snapshots.is_accepted(settings, s)] + [s for s, _ in accepted]
                if why := stored.why_odd(good, before, snapshot, candidate.rows, gate, used) or broken(candidate.rows):
                    raise HeldBack(why)
        except readers.UnreadableFile as error:
            refused.append(_Refused(snapshot, f"{registry.id}/{snapshot.file}: {error}"))
        except HeldBack as held:
            reason = f"{registry.id}/{snapshot.file} is held back: {held}. {_how(good, snapshot)}"
            refused.append(_Refused(snapshot, reason, is_held_back=True))
        else:
            good, result = snapshot, candidate
            accepted.append((snapshot, candidate.rows))
            refused.clear()
    if result is None:
        good, result, unreadable = stored.newest_readable(older)
        refused = unreadable + refused
    newest = refused[-1] if refused else None
    return Intake(
        snapshot=good,
        result=result,
        refusal=newest and newest.reason,
        is_held_back=bool(newest and newest.is_held_back),
        accepted=accepted,
        refused=[(each.snapshot, each.reason) for each in refused],
    )


def rows_in_use(registry: Registry, table: str, taken: Intake) -> pa.Table:
    """The canonical table; an empty one where there is none."""
    return taken.result.rows if taken.result else registry.tables[table].canonical.empty_table()


def _how(good: Snapshot, snapshot: Snapshot) -> str:
    """How a person looks at it and lets it through."""
    return (
        f"Look: `python -m carbon_assets compare {good.name} {snapshot.name}`; if it is right: "
        f"`python -m carbon_assets release {snapshot.name} --reason ...`"
    )


@dataclass(frozen=True)
class _Refused:
    snapshot: Snapshot
    reason: str
    is_held_back: bool = False


@dataclass(frozen=True)
class _Store:
    """The snapshots of one table, and what can be asked of them."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    registry: Registry
    table: str

    def normalized(self, snapshot: Snapshot) -> Normalized:
        """The canonical form of a snapshot. Raises `readers.UnreadableFile`."""
        projects = self.settings.table("normalized", self.registry.id, "projects")
        raw = normalize.read_file(self.registry, self.table, snapshot.file, snapshot.content(self.settings))
        has_projects = projects.exists() and store.row_count(projects)
        if self.registry.tables[self.table].resolves_projects and not has_projects:
            raise readers.UnreadableFile("no project of this registry is known, so its project keys cannot be told")
        return normalize.normalize(self.con, self.registry, self.table, snapshot, raw, projects)

    def rows(self, snapshot: Snapshot) -> pa.Table:
        """The canonical rows of a snapshot that was accepted: as they were written, if they still are there."""
        path = self.settings.table("normalized", self.registry.id, self.table)
        if path.exists():
            rows = store.read(path)
            if len(rows) and rows["snapshot_id"][0].as_py() == snapshot.snapshot_id:
                return rows
        try:
            return self.normalized(snapshot).rows
        except readers.UnreadableFile:
            return self.registry.tables[self.table].canonical.empty_table()

    def why_odd(
        self, good: Snapshot, before: pa.Table, snapshot: Snapshot, now: pa.Table, gate: Gate, used: list[Snapshot]
    ) -> str | None:
        """Why a person must look at `snapshot` before it replaces `good`: it is an old one, or its columns or contents moved
        too far. `used`: what was in use before."""
        if why := is_older(snapshot, good, [s for s in used if s != good]):
            return why
        name = f"{self.registry.id}/{self.table}"
        holds = self.registry.tables[self.table].holds
        form = drift.blocking_reason(drift.between(self.settings, self.registry, self.table, good, snapshot))
        reasons = [form, *reasons_to_hold(self.con, before, now, holds, gate.bounds(name))]
        return "; ".join(reason for reason in reasons if reason) or None

    def newest_readable(self, candidates: list[Snapshot]) -> tuple[Snapshot | None, Normalized | None, list[_Refused]]:
        """The newest of the accepted snapshots that today's configs can still read, and why newer ones cannot be used."""
        refused: list[_Refused] = []
        for snapshot in candidates:
            try:
                return snapshot, self.normalized(snapshot), refused[::-1]
            except readers.UnreadableFile as error:
                refused.append(_Refused(snapshot, f"{self.registry.id}/{snapshot.file}: {error}"))
        return None, None, refused[::-1]
