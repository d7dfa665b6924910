"""python -m carbon_assets release SNAPSHOT --reason TEXT: a person lets a snapshot through that the release gate holds back.

It is written down beside the snapshot, and shown in `marts.snapshots`. With `published` for a name, the next version of the
published file goes through, whatever it lost or gained, and keeps who said so. What the gate looks at belongs in
`release_gate.py`.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

from carbon_assets.base import clock
from carbon_assets.base.settings import Settings
from carbon_assets.publishing import publish
from carbon_assets.snapshots import store as snapshots

PUBLISHED = "published"


def main(arguments: Sequence[str]) -> int:
    """Let the named snapshot through; the next run uses it."""
    parser = argparse.ArgumentParser(prog="python -m carbon_assets release", description=__doc__)
    parser.add_argument("snapshot", help=f"its name, or what it begins with; or {PUBLISHED}")
    parser.add_argument("--reason", required=True, help="why it is right")
    parser.add_argument("--by", default=getpass.getuser(), help="who says so")
    asked = parser.parse_args(arguments)
    reason = asked.reason.strip()
    if not reason:
        sys.stderr.write("FAILED   the reason is blank\n")
        return 1
    settings = Settings.from_environment()
    given = snapshots.Release(by=asked.by, reason=reason, at=clock.now())
    if asked.snapshot == PUBLISHED:
        publish.release(settings, given)
        sys.stdout.write(f"the next version is let through by {given.by}\n")
        return 0
    try:
        snapshot = snapshots.named(settings, asked.snapshot)
    except snapshots.UnknownSnapshot as error:
        sys.stderr.write(f"FAILED   {error}\n")
        return 1
    if why_not := _why_in_vain(settings, snapshot):
        sys.stderr.write(f"FAILED   {snapshot.registry}/{snapshot.table} {snapshot.name}: {why_not}\n")
        return 1
    snapshots.release(settings, snapshot, given)
    sys.stdout.write(
        f"{snapshot.registry}/{snapshot.table} {snapshot.name}: let through by {given.by}; the next run uses it\n"
    )
    return 0


def _why_in_vain(settings: Settings, snapshot: snapshots.Snapshot) -> str | None:
    """Why letting it through would change nothing."""
    if snapshots.is_accepted(settings, snapshot):
        return "it is no longer held back: its rows were used"
    newer = [s for s in snapshots.history(settings, snapshot.registry, snapshot.table) if s.name > snapshot.name]
    used = next((s for s in newer if snapshots.is_accepted(settings, s)), None)
    return f"a newer one is in use, {used.name}" if used else None
