"""Files that registries drop into the landing folder: which are whole, whose they are, and what becomes of them.

A whole file that can be read goes into the raw store and out of the landing folder; one that cannot is moved aside with the
reason beside it. When that happens belongs in `sensors.py`, what is inside a file in `contents.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carbon_assets.base import clock, readers
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops as boundary_drops
from carbon_assets.boundaries import rules as boundary_rules
from carbon_assets.registries import contents, drops
from carbon_assets.registries.description import Registry
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Snapshot

REJECTED = ".rejected"
"""The folder of the landing folder where files go that cannot be used; each has its reason beside it."""

DONE = ".done"
"""A file `<name>.done` that was made after `<name>` says that this is whole; a file `.done` says it of all files of its
folder."""

Seen = dict[str, tuple[int, int]]
"""Path below the landing folder -> size in bytes and time of change in ns, as last seen."""


@dataclass(frozen=True)
class Taken:
    """A file that was taken. `is_news`: it holds other records than the one before."""

    snapshot: Snapshot
    is_news: bool


@dataclass(frozen=True)
class Rejected:
    """A file that was moved aside. `table`: whose it seems to be, as (registry, table)."""

    path: Path
    reason: str
    table: tuple[str, str] | None = None


def look(settings: Settings, seen: Seen) -> tuple[list[Path], Seen]:
    """The files that are whole, and what is seen now: a file is whole when it stands as it was seen before, or is said to be."""
    now: Seen = {}
    whole = []
    for path in _files(settings.landing):
        name, mark = str(path.relative_to(settings.landing)), _mark(path)
        if mark is None:  # taken by another process since
            continue
        now[name] = mark
        if _is_said_done(path, mark) or seen.get(name) == mark:
            whole.append(path)
    return whole, now


def _files(landing: Path) -> Iterator[Path]:
    for path in sorted(landing.glob("*/*")):
        hidden = path.name.startswith(".") or path.parent.name.startswith(".")
        is_shapefile = path.is_dir() and path.parent.name == boundary_drops.FOLDER
        if (path.is_file() or is_shapefile) and not hidden and path.suffix != DONE:
            yield path


def _mark(path: Path) -> tuple[int, int] | None:
    """Size and time of change of a file, of a folder those of its files together; None if it is gone."""
    try:
        # A link within a folder counts itself: one that leads nowhere must not hide the folder.
        status = [path.stat(), *(file.lstat() for file in (path.iterdir() if path.is_dir() else ()))]
    except FileNotFoundError:
        return None
    return sum(each.st_size for each in status), max(each.st_mtime_ns for each in status)


def _is_said_done(path: Path, mark: tuple[int, int]) -> bool:
    """Whether a marker says so; one that is older than the file was left by an earlier file."""
    markers = (_mark(path.with_name(path.name + DONE)), _mark(path.with_name(DONE)))
    return any(marker is not None and marker[1] >= mark[1] for marker in markers)


def take(settings: Settings, registries: dict[str, Registry], files: list[Path]) -> Iterator[Taken | Rejected]:
    """Take whole files, those of one table in order of the day that they state, then of change."""
    for path in sorted(files, key=lambda path: (path.parent, *_age(path))):
        try:
            yield _take(settings, registries, path)
        except FileNotFoundError:  # another process was faster
            continue
        except OSError as error:
            yield _reject_if_possible(settings, path, f"the file cannot be taken from the disk: {error}")
    for folder in {path.parent for path in files}:
        if not any(path.parent == folder for path in _files(settings.landing)):
            folder.joinpath(DONE).unlink(missing_ok=True)


def _age(path: Path) -> tuple[str, int]:
    stated = snapshots.stated_day(path.name)
    return (stated.isoformat() if stated else "", (_mark(path) or (0, 0))[1])


def _take(settings: Settings, registries: dict[str, Registry], path: Path) -> Taken | Rejected:
    if path.parent.name == boundary_drops.FOLDER:
        return _take_boundary(settings, path)
    registry = registries.get(path.parent.name)
    if registry is None:
        return _reject(settings, path, f"there is no registry {path.parent.name!r}; known: {', '.join(registries)}")
    tables = [table for table, spec in registry.tables.items() if drops.is_file_of(path, spec)]
    if len(tables) != 1:
        names = ", ".join(f"{pattern}.*" for spec in registry.tables.values() for pattern in spec.files)
        return _reject(
            settings,
            path,
            f"the name fits {' and '.join(tables) or 'no table'} of {registry.id}; expected: {names}, "
            f"as {' '.join(drops.SUFFIXES)}",
        )
    table = tables[0]
    inside = contents.describe(registry, table, path.name, path.read_bytes())
    if inside.unreadable:
        return _reject(settings, path, inside.unreadable, (registry.id, table))
    before = snapshots.current(settings, registry.id, table)
    snapshot = snapshots.take(settings, path, registry.id, table, lambda file, content: inside)
    _forget(path)
    return Taken(snapshot, is_news=snapshots.current(settings, registry.id, table) != before)


def _take_boundary(settings: Settings, path: Path) -> Taken | Rejected:
    rules = boundary_rules.load(settings.configs).rules
    shapes = (boundary_drops.FOLDER, "shapes")
    if not boundary_drops.is_boundary(path):
        return _reject(settings, path, boundary_drops.EXPECTED, shapes)
    try:
        packed = boundary_drops.packed(path, rules)
    except readers.UnreadableFile as error:
        return _reject(settings, path, str(error), shapes)
    inside = boundary_drops.describe(*packed, rules)
    if inside.unreadable:
        return _reject(settings, path, inside.unreadable, shapes)
    before = snapshots.current(settings, boundary_drops.FOLDER, path.name)
    snapshot = boundary_drops.take(settings, path, rules)
    _forget(path)
    return Taken(snapshot, is_news=snapshots.current(settings, boundary_drops.FOLDER, path.name) != before)


def _reject(settings: Settings, path: Path, reason: str, table: tuple[str, str] | None = None) -> Rejected:
    folder = settings.landing / REJECTED / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{clock.in_names(clock.after_names(folder))}-{path.name}"
    path.replace(aside)
    aside.with_name(f"{aside.name}.reason.txt").write_text(reason + "\n", encoding="utf-8")
    _forget(path)
    return Rejected(aside, reason, table)


def _reject_if_possible(settings: Settings, path: Path, reason: str) -> Rejected:
    try:
        return _reject(settings, path, reason)
    except OSError as error:
        return Rejected(path, f"{reason}; nor can it be moved aside: {error}")


def _forget(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.with_name(path.name + DONE).unlink(missing_ok=True)
