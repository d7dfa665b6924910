"""`python -m carbon_assets compare OLD NEW`: what changed in a table between two snapshots, or between two files.

OLD and NEW are names of snapshots, or their beginnings; or, with --registry and --table, paths of two files. What the
changes mean is `record_diff.py`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base import readers
from carbon_assets.base.configs import ConfigError
from carbon_assets.base.settings import Settings
from carbon_assets.history import changes, record_diff
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

HEAVIEST = 20


class Refused(Exception):
    """The two cannot be compared; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 2 where the two cannot be compared."""
    parser = argparse.ArgumentParser(prog="python -m carbon_assets compare", description=__doc__)
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("--registry", metavar="R", help="whose files OLD and NEW are")
    parser.add_argument("--table", metavar="T", help="which of its tables they hold")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write every change to FILE, one line per field")
    chosen = parser.parse_args(arguments)
    settings = Settings.from_environment()
    try:
        registries = load_registries(settings.configs)
        registry, table, old, new = _versions(settings, registries, chosen)
        with duckdb.connect(config=settings.duckdb) as con:
            rows = record_diff.compare(con, settings, registry, table, old, new)
        if chosen.csv:
            _write_csv(rows, chosen.csv)
    except (Refused, ConfigError, readers.UnreadableFile, snapshots.UnknownSnapshot, OSError) as error:
        sys.stderr.write(f"FAILED   {error}\n")
        return 2
    lines = [f"{registry.id}/{table}: {_told(old.snapshot)} -> {_told(new.snapshot)}", *summary(rows)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _versions(
    settings: Settings, registries: dict[str, Registry], chosen: argparse.Namespace
) -> tuple[Registry, str, record_diff.Version, record_diff.Version]:
    if bool(chosen.registry) != bool(chosen.table):
        raise Refused("--registry and --table go together")
    if chosen.registry:
        registry = registries.get(chosen.registry)
        if registry is None:
            raise Refused(f"{chosen.registry!r} is no registry; known are {', '.join(registries)}")
        if chosen.table not in registry.tables:
            raise Refused(f"{registry.id} has no table {chosen.table!r}; it has {', '.join(registry.tables)}")
        old, new = (_file(Path(path), registry.id, chosen.table) for path in (chosen.old, chosen.new))
        return registry, chosen.table, old, new
    for given in (chosen.old, chosen.new):
        if Path(given).is_file():
            raise Refused(f"{given} is a file: say with --registry and --table what it holds")
    old, new = (_stored(settings, name) for name in (chosen.old, chosen.new))
    tables = [f"{version.snapshot.registry}/{version.snapshot.table}" for version in (old, new)]
    if tables[0] != tables[1]:
        raise Refused(f"{chosen.old} is a snapshot of {tables[0]}, {chosen.new} one of {tables[1]}")
    registry = registries.get(old.snapshot.registry)
    if registry is None or old.snapshot.table not in registry.tables:
        raise Refused(f"{tables[0]} is not described in {settings.configs}")
    return registry, old.snapshot.table, old, new


def _stored(settings: Settings, name: str) -> record_diff.Version:
    snapshot = snapshots.named(settings, name)
    return record_diff.Version(snapshot, lambda: snapshot.content(settings))


def _file(path: Path, registry: str, table: str) -> record_diff.Version:
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
    return record_diff.Version(snapshot, lambda: content)


def _told(snapshot: Snapshot) -> str:
    return f"{snapshot.file} ({snapshot.name})"


def summary(rows: pa.Table) -> list[str]:
    """Records and tonnes of each class, the gravest first, and the heaviest changes."""
    if not len(rows):
        return ["no record differs"]
    counted = changes.counts(rows)
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
