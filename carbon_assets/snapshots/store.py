"""The raw store: every file observed, as published, kept for ever, one file per snapshot.

`<data>/raw/<registry>/<table>/<observed_at>-<sha256[:16]>.<suffix>[.gz]` with a manifest of the same name that ends in
`.json`, and marks that end in `.accepted` (its rows went into the tables), `.held` (a person must look first) and `.released`
(a person let it through). A snapshot is never overwritten, and the same bytes are not stored twice. How a file is read belongs in `base/readers`, whether
it may be used in `intake.py`.
"""

from __future__ import annotations

import getpass
import gzip
import hashlib
import os
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from carbon_assets.base import clock, store
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings

PACKED = (".gz", ".xlsx", ".kmz", ".zip")
"""Files of these kinds are stored as they are."""

SYNTHETIC_MARK = "SYNTHETIC"
"""A folder that holds a file of this name is made up, with all below it; it gives way to any real file of the same data folder."""

_REAL = ".has-real-files"


ABSENT = "absent"
"""The data version of a table of which no file was ever seen."""


class UnknownSnapshot(PlainError):
    """A name does not stand for one snapshot of the store."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contents(_Record):
    """What is inside a file. `records`: a hash of its rows that does not depend on their order or on how numbers are
    written; `unreadable`: why there are none; `layout`: in which of several forms the table is published there."""

    rows: int | None = None
    columns: tuple[str, ...] = ()
    records: str | None = None
    unreadable: str | None = None
    layout: str | None = None


class Release(_Record):
    """A person let a snapshot through that was held back."""

    by: str
    reason: str
    at: datetime


class Snapshot(_Record):
    """The manifest of one stored file. `file_date`: the day that its name states; `contents`: NULL where nobody looked."""

    registry: str
    table: str
    file: str
    sha256: str
    size: int
    observed_at: datetime
    file_date: date | None = None
    source_path: str
    asserted_by: str
    is_synthetic: bool = False
    stored_as: str
    contents: Contents | None = None

    @property
    def name(self) -> str:
        """Names the snapshot within its table."""
        return f"{clock.in_names(self.observed_at)}-{self.sha256[:16]}"

    @property
    def snapshot_id(self) -> str | None:
        """What rows say that come from it: other files with the same records have the same."""
        records = self.contents and self.contents.records
        return f"{self.registry}/{self.table}@{records}" if records else None

    def content(self, settings: Settings) -> bytes:
        """The bytes as published."""
        stored = (settings.raw(self.registry, self.table) / self.stored_as).read_bytes()
        return gzip.decompress(stored) if self._is_packed else stored

    @property
    def _is_packed(self) -> bool:
        return self.stored_as.endswith(".gz") and not self.file.lower().endswith(".gz")


def take(
    settings: Settings,
    path: Path,
    registry: str,
    table: str,
    describe: Callable[[str, bytes], Contents] | None = None,
    packed: tuple[str, bytes] | None = None,
) -> Snapshot:
    """Store the file at `path` as the newest snapshot of the table, unless its bytes are the newest already.

    `packed`: file name and bytes that stand for a folder.

    Bytes that come back after others were seen (A, B, A) are the newest again: their manifest is written anew under
    the new time, and the stored file is shared. A snapshot is observed later than the one before it, also where the clock
    stands still or was set back. `describe` says, of a file's name and bytes, what is inside. Two processes
    may take at once.
    """
    file, content = packed or (path.name, path.read_bytes())
    sha256 = hashlib.sha256(content).hexdigest()
    is_synthetic = any((folder / SYNTHETIC_MARK).exists() for folder in path.parents)
    folder = settings.raw(registry, table)
    folder.mkdir(parents=True, exist_ok=True)
    with store.alone_in(folder):
        known = history(settings, registry, table)
        if known and known[-1].sha256 == sha256 and known[-1].is_synthetic <= is_synthetic:
            _note_real(settings, known[-1])
            return known[-1]
        earlier = next((snapshot for snapshot in known if snapshot.sha256 == sha256), None)
        snapshot = Snapshot(
            registry=registry,
            table=table,
            file=file,
            sha256=sha256,
            size=len(content),
            observed_at=clock.after(known[-1].observed_at if known else None),
            file_date=stated_day(file),
            source_path=str(path),
            asserted_by=getpass.getuser(),
            is_synthetic=is_synthetic,
            stored_as="",
            contents=describe(file, content) if describe else None,
        )
        is_packed = file.lower().endswith(PACKED)
        suffix = "".join(Path(file).suffixes[-2:] if file.lower().endswith(".gz") else Path(file).suffixes[-1:])
        suffix += "" if is_packed else ".gz"
        snapshot = snapshot.model_copy(update={"stored_as": earlier.stored_as if earlier else snapshot.name + suffix})
        if not earlier:
            store.write_bytes(folder / snapshot.stored_as, content if is_packed else gzip.compress(content, mtime=0))
        store.write_bytes(folder / f"{snapshot.name}.json", snapshot.model_dump_json(indent=1).encode())
        _note_real(settings, snapshot)
    return snapshot


def stated_day(file: str) -> date | None:
    """The day in a file's name, as in issuances_2024-12-10.xlsx or projects-20241210.csv."""
    for found in re.finditer(r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)", file):
        try:
            return date(*map(int, found.groups()))
        except ValueError:
            continue
    return None


def history(settings: Settings, registry: str, table: str) -> list[Snapshot]:
    """All snapshots of a table, oldest first."""
    return [_read(*manifest) for manifest in _manifests(settings.raw(registry, table))]


def _manifests(folder: Path) -> list[tuple[str, int]]:
    """Path and time of change of each manifest of a table, oldest snapshot first. No globbing: there may be thousands."""
    try:
        with os.scandir(folder) as entries:
            named = [e for e in entries if e.name.endswith(".json") and e.name[0].isdigit()]
            return sorted((entry.path, entry.stat().st_mtime_ns) for entry in named)
    except (FileNotFoundError, NotADirectoryError):
        return []


@cache
def _read(manifest: str, changed_ns: int) -> Snapshot:
    """A manifest, parsed once in a process: it is never written anew, and is asked for many times in a run."""
    return Snapshot.model_validate_json(Path(manifest).read_bytes())


def newest_names(settings: Settings, registry: str) -> dict[str, str]:
    """The newest snapshot of each table of a registry that has any, by table."""
    folders = sorted(path for path in settings.raw(registry, "any").parent.glob("*/") if _manifests(path))
    return {folder.name: Path(_manifests(folder)[-1][0]).stem for folder in folders}


def newest(settings: Settings) -> Snapshot | None:
    """The snapshot of the whole store that was observed last."""
    each = (_manifests(folder)[-1:] for folder in (settings.data / "raw").glob("*/*/"))
    last = max((m for manifests in each for m in manifests), key=lambda m: Path(m[0]).name, default=None)
    return _read(*last) if last else None


def admitted(settings: Settings, registry: str, table: str) -> list[Snapshot]:
    """The snapshots that may be used, newest first. Made-up ones are out once the store holds any real one."""
    snapshots = history(settings, registry, table)[::-1]
    if any(snapshot.is_synthetic for snapshot in snapshots) and _has_real_snapshot(settings):
        return [snapshot for snapshot in snapshots if not snapshot.is_synthetic]
    return snapshots


def gave_way(settings: Settings, registry: str, table: str) -> list[Snapshot]:
    """The made-up snapshots that are out since the store holds a real one, newest first."""
    names = {snapshot.name for snapshot in admitted(settings, registry, table)}
    return [snapshot for snapshot in history(settings, registry, table)[::-1] if snapshot.name not in names]


def is_bare(settings: Settings, registry: str, table: str) -> bool:
    """Whether only made-up snapshots of the table were ever taken, and are out. Reads the newest manifest, mostly."""
    newest = _manifests(settings.raw(registry, table))[-1:]
    if not newest or not _read(*newest[0]).is_synthetic or not _has_real_snapshot(settings):
        return False
    return not admitted(settings, registry, table)


def distinct(settings: Settings, registry: str, table: str) -> list[Snapshot]:
    """The snapshots that may be used and say something else than the one before, newest first."""
    found: list[Snapshot] = []
    for snapshot in admitted(settings, registry, table)[::-1]:
        if not found or snapshot.snapshot_id is None or snapshot.snapshot_id != found[-1].snapshot_id:
            found.append(snapshot)
    return found[::-1]


def current(settings: Settings, registry: str, table: str) -> Snapshot | None:
    """The newest snapshot that may be used; of several with the same records the first."""
    return next(iter(distinct(settings, registry, table)), None)


def data_version(settings: Settings, registry: str, table: str) -> str:
    """The SHA-256 of the newest file's bytes, of several with the same records the first one's; with what a person let
    through, since that can change what is in use."""
    known = distinct(settings, registry, table)
    if not known:
        return ABSENT
    marked = {path.stem for path in settings.raw(registry, table).glob("*.released")}
    released_names = [snapshot.name for snapshot in known if snapshot.name in marked]
    return " released ".join([known[0].sha256, *released_names])


def accept(settings: Settings, snapshot: Snapshot) -> None:
    """Mark a snapshot as one whose rows went into the tables."""
    if not is_accepted(settings, snapshot):
        store.write_bytes(_mark(settings, snapshot, "accepted"), clock.now().isoformat().encode())
    _mark(settings, snapshot, "held").unlink(missing_ok=True)


def is_accepted(settings: Settings, snapshot: Snapshot) -> bool:
    """Whether its rows once went into the tables."""
    return _mark(settings, snapshot, "accepted").exists()


def hold(settings: Settings, snapshot: Snapshot, reason: str) -> None:
    """Mark a snapshot as one that a person must let through."""
    store.write_bytes(_mark(settings, snapshot, "held"), reason.encode())


def reason_held(settings: Settings, snapshot: Snapshot) -> str | None:
    """Why a person must let it through; None if it is not held back."""
    mark = _mark(settings, snapshot, "held")
    return mark.read_text() if mark.exists() else None


def release(settings: Settings, snapshot: Snapshot, given: Release) -> None:
    """Let a snapshot through, whatever the release gate says of it."""
    store.write_bytes(_mark(settings, snapshot, "released"), given.model_dump_json(indent=1).encode())


def released(settings: Settings, snapshot: Snapshot) -> Release | None:
    """Who let it through, if anybody did."""
    path = _mark(settings, snapshot, "released")
    return Release.model_validate_json(path.read_bytes()) if path.exists() else None


def _mark(settings: Settings, snapshot: Snapshot, kind: str) -> Path:
    return settings.raw(snapshot.registry, snapshot.table) / f"{snapshot.name}.{kind}"


def named(settings: Settings, name: str) -> Snapshot:
    """The snapshot with this name, or the one whose name begins so. Raises `UnknownSnapshot` for none or several."""
    paths = [p for p in (settings.data / "raw").glob("*/*/[0-9]*.json") if p.name.startswith(name)]
    if len(paths) != 1:
        found = ", ".join(path.stem for path in sorted(paths)) or "none"
        raise UnknownSnapshot(f"{name!r} should name one snapshot of {settings.data / 'raw'}; found {found}")
    return Snapshot.model_validate_json(paths[0].read_bytes())


def compared(settings: Settings, registry: str, table: str) -> list[tuple[Snapshot, Snapshot]]:
    """Each readable snapshot, oldest first, behind the one that it is compared with: the last accepted before it."""
    pairs = []
    good: Snapshot | None = None
    for snapshot in distinct(settings, registry, table)[::-1]:
        if snapshot.contents is None or snapshot.contents.unreadable:
            continue
        if good:
            pairs.append((good, snapshot))
        if is_accepted(settings, snapshot):
            good = snapshot
    return pairs


def _note_real(settings: Settings, snapshot: Snapshot) -> None:
    """Leave a mark with the first real file, so that nobody has to look through all manifests for one."""
    if not snapshot.is_synthetic:
        (settings.data / "raw" / _REAL).touch()


def _has_real_snapshot(settings: Settings) -> bool:
    """Whether any file was no sample. Old data folders have no mark: their tables are looked through once, and again when they
    have grown."""
    raw = settings.data / "raw"
    return (raw / _REAL).exists() or any(_has_real(folder, _changed_ns(folder)) for folder in raw.glob("*/*/"))


def _changed_ns(folder: Path) -> int:
    return folder.stat().st_mtime_ns


@cache
def _has_real(folder: Path, changed_ns: int) -> bool:
    return any(not _read(*manifest).is_synthetic for manifest in _manifests(folder))
