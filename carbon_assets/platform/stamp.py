"""The stamp: which versions everything was made of when nothing was stale, and what the checks said, kept beside Dagster's storage.

It answers "is anything stale, and what?" without loading Dagster. It speaks only while Dagster's storage stands as it stood when
the stamp was written: any run or observation since, by whichever process, makes it silent, and then Dagster is asked. So does
storage that is not in the data folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from carbon_assets.base import sealed, store
from carbon_assets.base.settings import Settings
from carbon_assets.platform.checks import Check

FILE = "stamp.json"
VERSION = 1
"""Of the form of the file."""

MADE_TOGETHER = ("staging", "marts", "published")
"""Layers that are made whole: the gate before publishing judges all marts."""

_STORAGE = ("history/runs.db", "history/runs/index.db")
"""Files below Dagster's home that change with every run and every event of an asset."""


@dataclass(frozen=True)
class Stamp:
    """`sources`: data version of what comes from outside. `code`: code version of what is made. `made_of`: asset -> what it
    depends on; `made_with`: what one step makes with it. Keys are asset keys as text."""

    sources: Mapping[str, str]
    code: Mapping[str, str]
    made_of: Mapping[str, list[str]]
    made_with: Mapping[str, list[str]]
    checks: tuple[Check, ...] = ()
    storage: Mapping[str, list[int]] = field(default_factory=dict)
    version: int = VERSION

    @property
    def unfinished(self) -> list[Check]:
        """The blocking checks that have not passed."""
        return [check for check in self.checks if check.is_unfinished]


def write(settings: Settings, stamp: Stamp) -> None:
    """Keep a stamp of what stands now. Dagster's instance must be closed: closing it writes to its storage."""
    now = Stamp(stamp.sources, stamp.code, stamp.made_of, stamp.made_with, stamp.checks, _storage(settings))
    store.write_bytes(settings.data / FILE, json.dumps(asdict(now), indent=1, sort_keys=True).encode())


def forget(settings: Settings) -> None:
    """Let Dagster be asked next time."""
    (settings.data / FILE).unlink(missing_ok=True)


def read(settings: Settings) -> Stamp | None:
    """The stamp, if it still speaks of what stands now."""
    try:
        raw = json.loads((settings.data / FILE).read_bytes())
        checks = tuple(Check(**check) for check in raw.pop("checks"))
        stamp = Stamp(checks=checks, **raw)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    storage = _storage(settings)
    is_same = stamp.version == VERSION and all(storage.get(name) for name in _STORAGE) and stamp.storage == storage
    return stamp if is_same else None


def stale(settings: Settings, stamp: Stamp, sources: Mapping[str, str], code: Mapping[str, str]) -> set[str]:
    """The assets that must be made anew by the versions of today, with all that follows from them: as `freshness.stale`."""
    changed = {key for key, version in sources.items() if stamp.sources.get(key) != version}
    gone = set(stamp.sources) - set(sources)
    roots = {key for key, version in code.items() if stamp.code.get(key) != version or not is_there(settings, key)}
    roots |= {check.asset for check in stamp.unfinished if check.asset in code}
    roots |= {key for key, parents in stamp.made_of.items() if (changed | gone) & set(parents) and key in code}
    ahead = roots | {key for root in roots for key in stamp.made_with.get(root, ()) if key in code}
    stale: set[str] = set()
    while ahead:
        stale |= ahead
        ahead = {key for key, parents in stamp.made_of.items() if key in code and stale & set(parents)} - stale
    if any(key.partition("/")[0] in MADE_TOGETHER for key in stale):
        stale |= {key for key in code if key.partition("/")[0] in MADE_TOGETHER}
    return stale


def is_there(settings: Settings, key: str) -> bool:
    """Whether the table of an asset still lies where it was written, and what is published is what was published."""
    layer, *rest = key.split("/")
    if layer == "published":
        current = settings.published / "current"
        return current.exists() and not sealed.changed(current)
    return layer == "staging" or settings.table(layer, *rest).exists()


def _storage(settings: Settings) -> dict[str, list[int]]:
    """Size and time of change of the files of Dagster's storage, with what is not yet moved into them."""
    paths = (settings.dagster_home / f"{name}{suffix}" for name in _STORAGE for suffix in ("", "-wal"))
    return {str(path.relative_to(settings.dagster_home)): _mark(path) for path in paths if _mark(path)}


def _mark(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]
