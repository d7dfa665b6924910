"""From the raw store to canonical tables: which snapshots of a registry may be used, and why others may not.

The snapshots of a table that came since the last accepted one are judged in their order, each against the last good one
before it. One that cannot be read is refused; one whose columns or contents moved too far is held back until a person lets it
through, and with it all that is new of its registry: its tables belong together. Neither is a failure of the run: the last
good snapshots stay in use, and the reason is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from carbon_assets.base import readers, store
from carbon_assets.base.settings import Settings
from carbon_assets.registries import drift, normalize, remembered
from carbon_assets.registries.anchors import anchored
from carbon_assets.registries.description import Registry
from carbon_assets.registries.layouts import layout_in
from carbon_assets.registries.normalize import Normalized
from carbon_assets.registries.release_gate import Gate, is_older, reasons_to_hold
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

Broken = Callable[[str, pa.Table], str | None]
"""What critical expectation the canonical rows of a table break, if any."""


@dataclass(frozen=True)
class Refused:
    """A snapshot that is not used, and why: it cannot be read, or a person must let it through."""

    snapshot: Snapshot
    reason: str
    is_held_back: bool = False


@dataclass(frozen=True)
class Intake:
    """`snapshot` and `result` belong together; both are None where no usable file was ever seen.

    `accepted`: what was not in use before, oldest first, the one in use last. `refused`: every newer snapshot that is not
    used, the newest last.
    """

    snapshot: Snapshot | None = None
    result: Normalized | None = None
    accepted: tuple[tuple[Snapshot, pa.Table], ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def refusal(self) -> str | None:
        """Why the newest file is not used."""
        return self.refused[-1].reason if self.refused else None

    @property
    def holds_back(self) -> bool:
        """Whether any newer file waits for a person."""
        return any(each.is_held_back for each in self.refused)

    @property
    def state(self) -> str:
        """fresh; refused or held back, with or without an older snapshot in use; absent."""
        if self.refused:
            return "held back" if self.refused[-1].is_held_back else "refused"
        return "fresh" if self.result else "absent"


def take_in(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    gate: Gate,
    broken: Broken = lambda table, rows: None,
    versions: Mapping[str, str] | None = None,
) -> dict[str, Intake]:
    """Judge what came since the last accepted snapshots of a registry, and normalize the newest ones that can be used.

    By table; those that others need to tell their project keys come first. While a file of one table is held back, no table
    moves on, but for what a person let through by name. `versions`: of what makes each table; rows that another one wrote
    are read anew before they are compared with.
    """
    stored = partial(_Store, con, settings, registry, versions or {})
    taken = _by_table(registry, stored, gate, broken)
    held = [f"{registry.id}/{table}" for table, found in taken.items() if found.holds_back]
    if not held:
        return taken
    why = f"{' and '.join(held)} {'is' if len(held) == 1 else 'are'} held back"
    stays = _by_table(registry, stored, gate, broken, only_released=True)
    return {table: _waiting(found, stays[table], why) for table, found in taken.items()}


def _by_table(
    registry: Registry,
    stored: Callable[[str, pa.Table | None], _Store],
    gate: Gate,
    broken: Broken,
    *,
    only_released: bool = False,
) -> dict[str, Intake]:
    taken: dict[str, Intake] = {}
    for table in sorted(registry.tables, key=lambda table: registry.tables[table].resolves_projects):
        projects = taken["projects"].result if "projects" in taken else None
        own = stored(table, projects.rows if projects else None)
        taken[table] = _fold(own, gate, broken, only_released=only_released)
    return taken


def _waiting(found: Intake, stays: Intake, why: str) -> Intake:
    """What stays in use of a table while its registry is held back; what could have been used waits, too."""
    used = [snapshot for snapshot, _ in stays.accepted]
    waits = [
        Refused(s, f"{s.registry}/{s.file} waits, as {why}. To use it all the same: `{_release(s)}`", is_held_back=True)
        for s, _ in found.accepted
        if s not in used
    ]
    refused = [refusal for refusal in found.refused if refusal not in stays.refused]
    return replace(stays, refused=(*stays.refused, *waits, *refused))


def _fold(stored: _Store, gate: Gate, broken: Broken, *, only_released: bool) -> Intake:
    """Judge the snapshots of one table that wait, in their order; with `only_released` none after the last that a person let
    through."""
    settings, registry, table = stored.settings, stored.registry, stored.table
    known = snapshots.distinct(settings, registry.id, table)
    place = next((i for i, s in enumerate(known) if snapshots.is_accepted(settings, s)), len(known))
    waiting, older = known[:place][::-1], known[place:]
    if only_released:
        last = max((i for i, s in enumerate(waiting) if snapshots.released(settings, s)), default=-1)
        waiting = waiting[: last + 1]
    good = older[0] if older else None
    result: Normalized | None = None
    accepted: list[tuple[Snapshot, pa.Table]] = []
    refused: list[Refused] = []
    for snapshot in waiting:
        try:
            candidate = stored.normalized(snapshot)
            is_released = snapshots.released(settings, snapshot) is not None
            why = None if is_released else candidate.incomplete
            if good and not is_released and not why:
                before = result.rows if result else stored.rows(good)
                used = [s for s in older if snapshots.is_accepted(settings, s)] + [s for s, _ in accepted]
                odd = stored.why_odd(good, before, snapshot, candidate.rows, gate, used)
                why = odd or broken(table, candidate.rows)
        except readers.UnreadableFile as error:
            refused.append(Refused(snapshot, f"{registry.id}/{snapshot.file}: {error}"))
            continue
        if why:
            reason = f"{registry.id}/{snapshot.file} is held back: {why}. {_how_to_release(good, snapshot)}"
            refused.append(Refused(snapshot, reason, is_held_back=True))
        else:
            good, result = snapshot, candidate
            accepted.append((snapshot, candidate.rows))
            refused.clear()
    if result is None:
        good, result, unreadable = stored.newest_readable(older)
        refused = unreadable + refused
    return Intake(snapshot=good, result=result, accepted=tuple(accepted), refused=tuple(refused))


def rows_in_use(registry: Registry, table: str, taken: Intake) -> pa.Table:
    """The canonical table; an empty one where there is none."""
    return taken.result.rows if taken.result else registry.tables[table].canonical.empty_table()


def write(settings: Settings, registry: Registry, table: str, rows: pa.Table, version: str) -> None:
    """Write a normalized table, with the version of what made it."""
    shape = registry.tables[table].canonical.with_metadata({_MADE_WITH: version.encode()})
    store.write(settings.table("normalized", registry.id, table), rows, shape)


def record(settings: Settings, registry: Registry, taken: Intake) -> None:
    """What becomes of the snapshots that were judged; the mark of an accepted one comes last, when all else is written."""
    for refused in taken.refused:
        if not (refused.snapshot.contents and refused.snapshot.contents.unreadable):
            snapshots.hold(settings, refused.snapshot, refused.reason)
    if taken.snapshot and taken.result and snapshots.is_accepted(settings, taken.snapshot):
        # It was accepted earlier, and a corrected mapping can read it otherwise.
        remembered.remember(settings, taken.snapshot, taken.result.rows, registry.replaces_host_registry)
    for snapshot, rows in taken.accepted:
        remembered.remember(settings, snapshot, rows, registry.replaces_host_registry)
        snapshots.accept(settings, snapshot)


def version_of(path: Path) -> str | None:
    """The version of what made the normalized table at `path`."""
    version = (pq.read_schema(path).metadata or {}).get(_MADE_WITH)
    return version.decode() if version else None


_MADE_WITH = b"made_with"


def _how_to_release(good: Snapshot | None, snapshot: Snapshot) -> str:
    """How a person looks at it and lets it through."""
    if good is None:
        return f"If it is right all the same: `{_release(snapshot)}`"
    look = f"Look: `python -m carbon_assets compare {good.name} {snapshot.name}`; if it is right: "
    return f"{look}`{_release(snapshot)}`"


def _release(snapshot: Snapshot) -> str:
    return f"python -m carbon_assets release {snapshot.name} --reason ..."


@dataclass(frozen=True)
class _Store:
    """The snapshots of one table, and what can be asked of them. `projects`: those of its registry that are in use, if any."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    registry: Registry
    versions: Mapping[str, str]
    table: str
    projects: pa.Table | None

    def normalized(self, snapshot: Snapshot) -> Normalized:
        """The canonical form of a snapshot. Raises `readers.UnreadableFile`."""
        made, layout = self._normalized(snapshot)
        spec = self.registry.tables[self.table].by(layout)
        older = self._newest_before(snapshot, spec.anchor.to) if spec.anchor else None
        if spec.anchor is None or older is None:
            return made
        before, _ = self._normalized(older)
        return replace(made, rows=anchored(self.con, spec, made.rows, spec.anchor.to, before.rows))

    def _newest_before(self, snapshot: Snapshot, layout: str) -> Snapshot | None:
        """The newest older snapshot in a layout that is in use, or could be."""
        known = snapshots.distinct(self.settings, self.registry.id, self.table)
        older = (each for each in known if each.observed_at < snapshot.observed_at and self._layout(each) == layout)
        return next((each for each in older if not snapshots.reason_held(self.settings, each)), None)

    def _layout(self, snapshot: Snapshot) -> str | None:
        """The layout of a file; None where its table has but one, or it cannot be read."""
        contents = snapshot.contents
        if contents is None or contents.unreadable:
            return None
        return contents.layout or layout_in(self.registry.tables[self.table], contents.columns)

    def _normalized(self, snapshot: Snapshot) -> tuple[Normalized, str | None]:
        raw = normalize.read_file(self.registry, self.table, snapshot.file, snapshot.content(self.settings))
        if self.registry.tables[self.table].resolves_projects and not self.projects:
            raise readers.UnreadableFile("no project of this registry is known, so its project keys cannot be told")
        return normalize.normalize(self.con, self.registry, self.table, snapshot, raw, self.projects), raw.layout

    def rows(self, snapshot: Snapshot) -> pa.Table:
        """The canonical rows of a snapshot that was accepted, as today's mapping reads it: as they were written, if they still
        are there."""
        path = self.settings.table("normalized", self.registry.id, self.table)
        if path.exists() and version_of(path) == self.versions.get(self.table):
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
        is_other = self._layout(good) != self._layout(snapshot)
        reasons = [
            form,
            *reasons_to_hold(self.con, before, now, holds, gate.bounds(name), in_another_layout=is_other),
        ]
        return "; ".join(reason for reason in reasons if reason) or None

    def newest_readable(self, candidates: list[Snapshot]) -> tuple[Snapshot | None, Normalized | None, list[Refused]]:
        """The newest of the accepted snapshots that today's configs can still read, and why newer ones cannot be used."""
        refused: list[Refused] = []
        for snapshot in candidates:
            try:
                return snapshot, self.normalized(snapshot), refused[::-1]
            except readers.UnreadableFile as error:
                refused.append(Refused(snapshot, f"{self.registry.id}/{snapshot.file}: {error}"))
        return None, None, refused[::-1]
