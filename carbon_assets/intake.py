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
    known = snapshots.distinct(settings, registry.id, table)
    place = next((i for i, s in enumerate(known) if snapshots.is_accepted(settings, s)), len(known))
    waiting, judged = known[:place][::-1], known[place:]
    good = judged[0] if judged else None
    result: Normalized | None = None
    accepted: list[tuple[Snapshot, pa.Table]] = []
    refused: list[tuple[Snapshot, str, bool]] = []
    for snapshot in waiting:
        try:
            candidate = _normalized(con, settings, registry, table, snapshot)
            if good and not snapshots.released(settings, snapshot):
                earlier = [s for s in judged if s != good and snapshots.is_accepted(settings, s)]
                earlier += [s for s, _ in accepted if s != good]
                before = result.rows if result else _rows_of(con, settings, registry, table, good)
                _hold_back_if_odd(con, settings, registry, table, gate, good, before, snapshot, candidate.rows, earlier)
                if why := broken(candidate.rows):
                    raise HeldBack(why)
        except readers.UnreadableFile as error:
            refused.append((snapshot, f"{registry.id}/{snapshot.file}: {error}", False))
        except HeldBack as held:
            refused.append(
                (snapshot, f"{registry.id}/{snapshot.file} is held back: {held}. {_how(good, snapshot)}", True)
            )
        else:
            good, result = snapshot, candidate
            judged = [snapshot, *judged]
            accepted.append((snapshot, candidate.rows))
            refused.clear()
    if result is None:
        good, result, unreadable = _first_readable(con, settings, registry, table, judged)
        refused = unreadable + refused
    newest = refused[-1] if refused else None
    return Intake(
        snapshot=good,
        result=result,
        refusal=newest and newest[1],
        is_held_back=bool(newest and newest[2]),
        accepted=accepted,
        refused=[(snapshot, reason) for snapshot, reason, _ in refused],
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


def _hold_back_if_odd(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    registry: Registry,
    table: str,
    gate: Gate,
    good: Snapshot,
    before: pa.Table,
    snapshot: Snapshot,
    now: pa.Table,
    earlier: list[Snapshot],
) -> None:
    """Raise `HeldBack` if the file is an old one, or its columns or contents moved too far."""
    spec = registry.tables[table]
    if why := is_older(snapshot, good, earlier):
        raise HeldBack(why)
    reasons = [drift.blocking_reason(drift.between(settings, registry, table, good, snapshot))]
    reasons += reasons_to_hold(con, before, now, spec.holds, gate.bounds(f"{registry.id}/{table}"))
    if told := [reason for reason in reasons if reason]:
        raise HeldBack("; ".join(told))


def _rows_of(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, snapshot: Snapshot
) -> pa.Table:
    """The canonical rows of a snapshot that was accepted: as they were written, if they still are there."""
    path = settings.table("normalized", registry.id, table)
    if path.exists():
        rows = store.read(path)
        if len(rows) and rows["snapshot_id"][0].as_py() == snapshot.snapshot_id:
            return rows
    try:
        return _normalized(con, settings, registry, table, snapshot).rows
    except readers.UnreadableFile:
        return registry.tables[table].canonical.empty_table()


def _first_readable(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, candidates: list[Snapshot]
) -> tuple[Snapshot | None, Normalized | None, list[tuple[Snapshot, str, bool]]]:
    """The newest of the accepted snapshots that today's configs can still read, and why newer ones cannot."""
    refused = []
    for snapshot in candidates:
        try:
            return snapshot, _normalized(con, settings, registry, table, snapshot), refused[::-1]
        except readers.UnreadableFile as error:
            refused.append((snapshot, f"{registry.id}/{snapshot.file}: {error}", False))
    return None, None, refused[::-1]


def _normalized(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, snapshot: Snapshot
) -> Normalized:
    projects = settings.table("normalized", registry.id, "projects")
    raw = normalize.read_file(registry, table, snapshot.file, snapshot.content(settings))
    if registry.tables[table].resolves_projects and not (projects.exists() and store.row_count(projects)):
        raise readers.UnreadableFile("no project of this registry is known, so its project keys cannot be told")
    return normalize.normalize(con, registry, table, snapshot, raw, projects)
