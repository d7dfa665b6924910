"""The raw store: every file observed, as published, kept for ever, one file per snapshot.

`<data>/raw/<registry>/<table>/<observed_at>-<sha256[:16]>.<suffix>[.gz]` with a manifest of the same name that ends in
`.json`. A snapshot is never overwritten, and the same bytes are not stored twice. Reading what is inside a file does
not belong here.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from carbon_assets.config import Registry, Table
from carbon_assets.settings import Settings

SUFFIXES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".xlsx", ".json", ".json.gz", ".geojson")
SYNTHETIC_MARK = "SYNTHETIC"
"""A drop that holds a file of this name is made up; it gives way to any real file of the same data folder."""


class AmbiguousDrop(Exception):
    """Several files of a drop claim to be the same table."""


class Snapshot(BaseModel):
    """The manifest of one stored file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    registry: str
    table: str
    file: str
    sha256: str
    size: int
    observed_at: datetime
    asserted_by: str
    is_synthetic: bool = False
    stored_as: str

    def content(self, settings: Settings) -> bytes:
        """The bytes as published."""
        stored = (settings.raw(self.registry, self.table) / self.stored_as).read_bytes()
        return gzip.decompress(stored) if self._is_packed else stored

    @property
    def _is_packed(self) -> bool:
        return self.stored_as.endswith(".gz") and not self.file.lower().endswith(".gz")


def find(drop: Path, registry: str, table: Table) -> Path | None:
    """The file of a drop that holds `table`; None where the drop has none. Raises `AmbiguousDrop`."""
    files = _claimed(drop, registry, table)
    if len(files) > 1:
        names = ", ".join(path.name for path in files)
        raise AmbiguousDrop(f"{drop / registry}: {names} all claim to be the same table; leave one of them")
    return files[0] if files else None


def _claimed(drop: Path, registry: str, table: Table) -> list[Path]:
    """The files of a drop whose name is the table's."""
    return [
        path
        for path in sorted((drop / registry).glob("*"))
        if path.is_file() and _stem(path) and any(fnmatch.fnmatch(_stem(path), pattern) for pattern in table.files)
    ]


def _stem(path: Path) -> str:
    """The name without its suffix; '' for a file that no reader takes."""
    name = path.name
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s)), None)
    return name[: -len(suffix)] if suffix and not name.startswith(".") else ""


def unclaimed(drop: Path, registries: dict[str, Registry]) -> list[Path]:
    """Files of a drop that are no table of any registry, so that nothing is left out in silence."""
    claimed = [
        path
        for registry in registries.values()
        for table in registry.tables.values()
        for path in _claimed(drop, registry.id, table)
    ]
    found = (path for path in drop.glob("*/*") if path.is_file() and not path.name.startswith("."))
    return sorted(set(found) - set(claimed))


def take(settings: Settings, path: Path, registry: str, table: str) -> Snapshot:
    """Store the file at `path` as the newest snapshot of the table, unless its bytes are stored already.

    Bytes that come back after others were seen (A, B, A) are the newest again: their manifest is written anew under
    the new time, and the stored file is shared.
    """
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    is_synthetic = (path.parent.parent / SYNTHETIC_MARK).exists()
    known = history(settings, registry, table)
    if known and known[-1].sha256 == sha256 and known[-1].is_synthetic <= is_synthetic:
        return known[-1]
    observed_at = datetime.now(UTC)
    earlier = next((snapshot for snapshot in known if snapshot.sha256 == sha256), None)
    name = f"{observed_at:%Y%m%dT%H%M%S%fZ}-{sha256[:16]}"
    packed = path.name.lower().endswith((".gz", ".xlsx"))
    stored_as = earlier.stored_as if earlier else name + "".join(path.suffixes[-2:] if packed else [path.suffix, ".gz"])
    folder = settings.raw(registry, table)
    folder.mkdir(parents=True, exist_ok=True)
    if not earlier:
        _write(folder / stored_as, content if packed else gzip.compress(content, mtime=0))
    snapshot = Snapshot(
        registry=registry,
        table=table,
        file=path.name,
        sha256=sha256,
        size=len(content),
        observed_at=observed_at,
        asserted_by=str(path),
        is_synthetic=is_synthetic,
        stored_as=stored_as,
    )
    _write(folder / f"{name}.json", snapshot.model_dump_json(indent=1).encode())
    return snapshot


def _write(path: Path, content: bytes) -> None:
    """All or nothing: a crash leaves no half file under `path`."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def history(settings: Settings, registry: str, table: str) -> list[Snapshot]:
    """All snapshots of a table, oldest first."""
    folder = settings.raw(registry, table)
    return [Snapshot.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("[0-9]*.json"))]


def admitted(settings: Settings, registry: str, table: str) -> list[Snapshot]:
    """The snapshots that may be used, newest first. Made-up ones are out once the store holds any real one."""
    snapshots = history(settings, registry, table)[::-1]
    if any(snapshot.is_synthetic for snapshot in snapshots) and _has_real_snapshot(settings):
        return [snapshot for snapshot in snapshots if not snapshot.is_synthetic]
    return snapshots


def current(settings: Settings, registry: str, table: str) -> Snapshot | None:
    """The newest snapshot that may be used."""
    return next(iter(admitted(settings, registry, table)), None)


def _has_real_snapshot(settings: Settings) -> bool:
    manifests = (settings.data / "raw").glob("*/*/[0-9]*.json")
    return any(not Snapshot.model_validate_json(path.read_bytes()).is_synthetic for path in manifests)
