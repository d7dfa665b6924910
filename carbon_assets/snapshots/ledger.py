"""The ledger of snapshots: every file ever taken, and what became of it.

It only reads what others decided: the manifests, and the marks beside them. Who judges a snapshot is history in `intake.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from carbon_assets.base.settings import Settings
from carbon_assets.snapshots import schema
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Contents, Snapshot


def snapshots_table(settings: Settings, tables: Iterable[tuple[str, str]]) -> pa.Table:
    """One row per snapshot of the tables, as `schema.SNAPSHOTS`, in order of registry, table and time.

    `tables`: the first two folders of each in the raw store. Who takes files that are of no registry has a registry's place.
    """
    rows = [row for names in tables for row in _rows(settings, *names)]
    order = [(name, "ascending") for name in ("registry", "table", "snapshot")]
    return pa.Table.from_pylist(rows, schema=schema.SNAPSHOTS).sort_by(order)


def _rows(settings: Settings, registry: str, table: str) -> Iterator[dict]:
    history = snapshots.history(settings, registry, table)
    states = _states(settings, registry, table, history)
    for snapshot in history:
        contents = snapshot.contents or Contents()
        release = snapshots.released(settings, snapshot)
        yield {
            "registry": registry,
            "table": table,
            "snapshot": snapshot.name,
            "snapshot_id": snapshot.snapshot_id,
            "state": states[snapshot.name],
            "reason": contents.unreadable or snapshots.reason_held(settings, snapshot),
            "is_synthetic": snapshot.is_synthetic,
            "file": snapshot.file,
            "source_path": snapshot.source_path,
            "asserted_by": snapshot.asserted_by,
            "observed_at": snapshot.observed_at,
            "file_date": snapshot.file_date,
            "sha256": snapshot.sha256,
            "size_bytes": snapshot.size,
            "rows": contents.rows,
            "columns": list(contents.columns) if contents.columns else None,
            "released_by": release and release.by,
            "release_reason": release and release.reason,
            "released_at": release and release.at,
        }


def _states(settings: Settings, registry: str, table: str, history: list[Snapshot]) -> dict[str, str]:
    """What became of each snapshot of a table, by its name; `history`: oldest first."""
    admitted = {snapshot.name for snapshot in snapshots.admitted(settings, registry, table)}
    distinct = {snapshot.name for snapshot in snapshots.distinct(settings, registry, table)}
    accepted = [s.name for s in history if s.name in admitted and snapshots.is_accepted(settings, s)]
    in_use = accepted[-1] if accepted else None

    def state(snapshot: Snapshot) -> str:
        if snapshot.name not in admitted:
            return "made up"
        if snapshot.name in accepted:
            return "in use" if snapshot.name == in_use else "superseded"
        if snapshot.contents and snapshot.contents.unreadable:
            return "refused"
        if snapshot.name not in distinct:
            return "repeated"
        if snapshots.reason_held(settings, snapshot) and not snapshots.released(settings, snapshot):
            return "held back"
        # Nothing older than what is in use is judged any more.
        return "overtaken" if in_use and snapshot.name < in_use else "waiting"

    return {snapshot.name: state(snapshot) for snapshot in history}
