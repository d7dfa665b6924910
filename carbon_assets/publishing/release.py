"""A person lets a snapshot through that the release gate holds back, or the next version of the published file.

It is written down beside the snapshot, and shown in `marts.snapshots`; a version of the published file keeps who said so.
What the gate looks at belongs in `release_gate.py`, the command's options in `commands.py`.
"""

from __future__ import annotations

from carbon_assets.base import clock
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings
from carbon_assets.publishing import publish
from carbon_assets.snapshots import store as snapshots

PUBLISHED = "published"
"""The name that stands for the next version of the published file."""


class Refused(PlainError):
    """Nothing is let through."""


def release(settings: Settings, name: str, reason: str, by: str) -> str:
    """Let a snapshot through, by its name or what that begins with, or the next version; the next run uses it.

    Returns a line for a person. Raises `Refused`, also where it would change nothing, and `UnknownSnapshot`.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("the reason is blank")
    given = snapshots.Release(by=by, reason=reason, at=clock.now())
    if name == PUBLISHED:
        publish.release(settings, given)
        return f"the next version is let through by {by}"
    snapshot = snapshots.named(settings, name)
    title = f"{snapshot.registry}/{snapshot.table} {snapshot.name}"
    if why_not := _why_in_vain(settings, snapshot):
        raise Refused(f"{title}: {why_not}")
    snapshots.release(settings, snapshot, given)
    return f"{title}: let through by {by}; the next run uses it"


def _why_in_vain(settings: Settings, snapshot: snapshots.Snapshot) -> str | None:
    """Why letting it through would change nothing."""
    if snapshots.is_accepted(settings, snapshot):
        return "it is no longer held back: its rows were used"
    newer = [s for s in snapshots.history(settings, snapshot.registry, snapshot.table) if s.name > snapshot.name]
    used = next((s for s in newer if snapshots.is_accepted(settings, s)), None)
    return f"a newer one is in use, {used.name}" if used else None
