"""The files of registries in a drop or the landing folder, taken into the raw store (`snapshots.landing.Intake`).

Which file is which table belongs in `drops.py`, what is inside in `contents.py`; whether a file may be used is judged later, in
`intake.py`.
"""

from __future__ import annotations

from pathlib import Path

from carbon_assets.base.settings import Settings
from carbon_assets.registries import contents, drops
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.snapshots import store
from carbon_assets.snapshots.landing import DropOutcome, NotUsable, Taken, take_file

TAKES_FOLDERS = False


def folders(settings: Settings) -> tuple[str, ...]:
    """The ids of the registries."""
    return tuple(load_registries(settings.configs))


def tables(settings: Settings) -> list[tuple[str, str]]:
    """Registry and table of each file that registries publish."""
    known = load_registries(settings.configs)
    return [(registry.id, table) for registry in known.values() for table in registry.tables]


def settled_by(settings: Settings) -> list[str]:
    """The normalized tables: making one decides what becomes of its files."""
    return [f"normalized/{registry}/{table}" for registry, table in tables(settings)]


def receive(settings: Settings, path: Path) -> Taken:
    """Take a whole file. Raises `NotUsable` for one that is no table of its registry, or cannot be read."""
    registry = load_registries(settings.configs)[path.parent.name]
    names = [table for table, spec in registry.tables.items() if drops.is_file_of(path, spec)]
    if len(names) != 1:
        expected = ", ".join(f"{pattern}.*" for spec in registry.tables.values() for pattern in spec.files)
        raise NotUsable(
            f"the name fits {' and '.join(names) or 'no table'} of {registry.id}; expected: {expected}, "
            f"as {' '.join(drops.SUFFIXES)}"
        )
    table = names[0]
    inside = contents.describe(registry, table, path.name, path.read_bytes())
    if inside.unreadable:
        raise NotUsable(inside.unreadable, f"normalized/{registry.id}/{table}")
    return take_file(settings, path, registry.id, table, inside)


def take_drop(settings: Settings) -> DropOutcome:
    """Take the drop's file of each table. Two files that claim one table fail the run; other files are left."""
    known = load_registries(settings.configs)
    failures = []
    for registry in known.values():
        for table in registry.tables:
            try:
                take(settings, registry, table)
            except drops.AmbiguousDrop as error:
                failures.append(str(error))
    left = [f"{path} is no table of a known registry" for path in drops.unclaimed(settings.drop, known)]
    return DropOutcome(tuple(failures), tuple(left))


def take(settings: Settings, registry: Registry, table: str) -> None:
    """Take the drop's file of a table, if there is one. Raises `drops.AmbiguousDrop`."""
    if path := drops.find(settings.drop, registry.id, registry.tables[table]):
        store.take(settings, path, registry.id, table, contents.describer(registry, table))


def raw_versions(settings: Settings) -> dict[str, str]:
    """The data version of every raw table."""
    return {
        f"raw/{registry}/{table}": store.data_version(settings, registry, table) for registry, table in tables(settings)
    }
