"""What changed in a table between two snapshots, or between two files, in lines for a person and as CSV.

What the changes mean belongs in `record_diff.py`, the command's options in `commands.py`.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import store
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings
from carbon_assets.history import changes, record_diff
from carbon_assets.history.classes import ChangeClasses, load_classes
from carbon_assets.history.sides import Version
from carbon_assets.registries import normalize, release_gate
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.registries.release_gate import Keys
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

HEAVIEST = 20


class Refused(PlainError):
    """The two cannot be compared."""


Versions = tuple[Version, Version]


def compare(
    settings: Settings,
    old: str,
    new: str,
    of: tuple[str, str] | None = None,
    csv_file: Path | None = None,
) -> list[str]:
    """What changed, in lines for a person, and every change in `csv_file`.

    `old` and `new` are names of snapshots, or their beginnings; or, of a registry and its table, paths of two files. Raises
    `Refused`, `ConfigError`, `UnreadableFile`, `UnknownSnapshot`, `OSError`.
    """
    registries = load_registries(settings.configs)
    before, after = _files(registries, old, new, *of) if of else _snapshots(settings, old, new)
    registry = registries.get(before.snapshot.registry)
    table = before.snapshot.table
    if registry is None or table not in registry.tables:
        raise Refused(f"{before.snapshot.registry}/{table} is not described in {settings.configs}")
    with duckdb.connect(config=settings.duckdb) as con:
        rows = record_diff.compare(con, settings, registry, table, before, after)
        keys = _keys(con, settings, registry, table, before, after)
    if csv_file:
        _write_csv(rows, csv_file)
    return [
        f"{registry.id}/{table}: {_titled(before.snapshot)} -> {_titled(after.snapshot)}",
        keys.in_words,
        *summary(rows, load_classes(settings.configs)),
    ]


def _keys(
    con: duckdb.DuckDBPyConnection, settings: Settings, registry: Registry, table: str, before: Version, after: Version
) -> Keys:
    """What the release gate counts of the two: rows that make one transaction together are one."""
    spec = registry.tables[table]
    path = settings.table("normalized", registry.id, "projects")
    projects = store.read(path) if spec.resolves_projects and path.exists() else None
    old, new = (
        normalize.normalize(
            con,
            registry,
            table,
            version.snapshot,
            normalize.read_file(registry, table, version.snapshot.file, version.content()),
            projects,
        ).rows
        for version in (before, after)
    )
    return release_gate.keys_counted(con, old, new, spec.holds)


def _files(registries: dict[str, Registry], old: str, new: str, registry: str, table: str) -> Versions:
    if registry not in registries:
        raise Refused(f"{registry!r} is no registry; known are {', '.join(registries)}")
    if table not in registries[registry].tables:
        raise Refused(f"{registry} has no table {table!r}; it has {', '.join(registries[registry].tables)}")
    return _file(Path(old), registry, table), _file(Path(new), registry, table)


def _snapshots(settings: Settings, old: str, new: str) -> Versions:
    for given in (old, new):
        if Path(given).is_file():
            raise Refused(f"{given} is a file: say with --registry and --table what it holds")
    versions = _stored(settings, old), _stored(settings, new)
    tables = [f"{version.snapshot.registry}/{version.snapshot.table}" for version in versions]
    if tables[0] != tables[1]:
        raise Refused(f"{old} is a snapshot of {tables[0]}, {new} one of {tables[1]}")
    return versions


def _stored(settings: Settings, name: str) -> Version:
    snapshot = snapshots.named(settings, name)
    return Version(snapshot, lambda: snapshot.content(settings))


def _file(path: Path, registry: str, table: str) -> Version:
    """A file that need not be in the raw store, as if it had been taken when it was last written."""
    content = path.read_bytes()
    snapshot = Snapshot(
        registry=registry,
        table=table,
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        observed_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        file_date=snapshots.stated_day(path.name),
        source_path=str(path),
        asserted_by="the command line",
        stored_as="",
    )
    return Version(snapshot, lambda: content)


def _titled(snapshot: Snapshot) -> str:
    return f"{snapshot.file} ({snapshot.name})"


def summary(rows: pa.Table, meaning_of: ChangeClasses) -> list[str]:
    """Records and tonnes of each class, the gravest first, and the heaviest changes."""
    if not len(rows):
        return ["no record differs"]
    counted = changes.counts(rows, meaning_of)
    lines = [f"{len(rows):,} records differ", "", f"{'class':<26}{'change':<13}{'records':>10}{'tonnes':>18}"]
    lines += [
        f"{c['change_class']:<26}{c['change']:<13}{c['records']:>10,}{_tonnes(c['quantity']):>18}"
        + ("  rewrites the past" if c["is_retroactive"] else "")
        for c in counted
    ]
    lines += ["", f"the heaviest of each kind, up to {HEAVIEST}:"]
    for row in changes.heaviest(rows, HEAVIEST):
        lines.append(
            f"{row['change_class']}: {row['record_key']} ({row['project_id'] or 'no project'}), "
            f"{_tonnes(row['quantity']) or 'no'} t: {changes.in_words(row)}"
        )
    return lines


def _tonnes(quantity: object) -> str:
    return "" if quantity is None else f"{quantity:,.6f}".rstrip("0").rstrip(".")


def _write_csv(rows: pa.Table, path: Path) -> None:
    """One line per field, and one for a record without any."""
    names = [name for name in rows.column_names if name != "fields"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "field", "old", "new"])
        for batch in rows.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                for field in row["fields"] or [{}]:
                    told = [field.get(name) for name in ("field", "old", "new")]
                    writer.writerow([*(row[name] for name in names), *told])
