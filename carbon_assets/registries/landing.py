"""The files of registries in a drop or the landing folder, taken into the raw store (`snapshots.landing.Intake`).

Which file is which table belongs in `drops.py`, what is inside in `contents.py`; whether a file may be used is judged later, in
`intake.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from carbon_assets.base.errors import in_words
from carbon_assets.base.progress import Steps
from carbon_assets.base.readers import UnreadableFile
from carbon_assets.base.settings import Settings
from carbon_assets.registries import contents, drops
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.snapshots import store
from carbon_assets.snapshots.landing import DropOutcome, NotUsable, Taken, take_file
from carbon_assets.snapshots.store import Contents

log = logging.getLogger(__name__)

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
    if len(names) > 1:
        raise NotUsable(f"the name fits {' and '.join(names)} of {registry.id}")
    content = path.read_bytes()  # once: the file may grow meanwhile
    try:
        table = names[0] if names else drops.recognise(path, [registry], content)[1]
    except UnreadableFile as error:
        raise NotUsable(str(error)) from error
    inside = contents.describe(registry, table, path.name, content)
    asset = f"normalized/{registry.id}/{table}"
    if inside.unreadable:
        raise NotUsable(inside.unreadable, asset)
    return take_file(settings, path, registry.id, table, inside, (path.name, content), asset)


def take_drop(settings: Settings, strays: Sequence[Path] = ()) -> DropOutcome:
    """Take the drop's file of each table. Two files that claim one table fail the run; other files are left. New files are told
    while they are read."""
    known = load_registries(settings.configs)
    found = drops.sort(settings.drop, known, strays)
    failures = list(found.failures)
    steps = Steps(log, len(found.files))
    for steps.done, ((registry, table), path) in enumerate(found.files.items()):
        try:
            store.take(settings, path, registry, table, _telling(steps, known[registry], table))
            if steps.is_begun:
                steps.end()
        except PermissionError as error:
            failures.append(
                f"{registry}/{table}: {in_words(error)}: the file cannot be read, give this user the right to"
            )
    return DropOutcome(
        failures=tuple(failures),
        left=tuple(f"{path}: {why}" for path, why in found.unclaimed.items() if path not in strays),
        strays_left={path: why for path, why in found.unclaimed.items() if path in strays},
        strays_taken=tuple(path for path in found.files.values() if path in strays),
    )


def _telling(steps: Steps, registry: Registry, table: str) -> Callable[[str, bytes], Contents]:
    """As `contents.describer`; what is read begins a step, which ends when the file is stored."""

    def telling(file: str, content: bytes) -> Contents:
        steps.begin(f"reading {registry.id}/{file}, {len(content) / 1e6:,.1f} MB")
        inside = contents.describe(registry, table, file, content, lambda rows: steps.came_to(f"{rows:,} rows"))
        if inside.unreadable:
            steps.came_to(inside.unreadable)
        return inside

    return telling


def take(settings: Settings, registry: Registry, table: str) -> None:
    """Take the drop's file of a table from the registry's folder, if there is one. Raises `drops.AmbiguousDrop`."""
    found = drops.sort(settings.drop, {registry.id: registry})
    if path := found.files.get((registry.id, table)):
        store.take(settings, path, registry.id, table, contents.describer(registry, table))
    elif found.failures:
        raise drops.AmbiguousDrop("; ".join(found.failures))


def raw_versions(settings: Settings) -> dict[str, str]:
    """The data version of every raw table."""
    return {
        f"raw/{registry}/{table}": store.data_version(settings, registry, table) for registry, table in tables(settings)
    }
