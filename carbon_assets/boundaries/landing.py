"""Files of shapes in a drop or the landing folder, taken into the raw store (`snapshots.landing.Intake`).

Which files are boundaries, and of which project, belongs in `drops.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from carbon_assets.base import readers
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops, rules
from carbon_assets.snapshots import store
from carbon_assets.snapshots.landing import DropOutcome, NotUsable, Taken, is_note, take_file

TAKES_FOLDERS = True
"""A shapefile may be dropped as a folder of its parts."""

FILES = f"raw/{drops.FOLDER}/files"
SHAPES = f"normalized/{drops.FOLDER}/shapes"


def folders(settings: Settings) -> tuple[str, ...]:
    """The one folder of boundaries."""
    return (drops.FOLDER,)


def tables(settings: Settings) -> list[tuple[str, str]]:
    """Each file that was ever taken is a table of its own."""
    return [(drops.FOLDER, name) for name in drops.names(settings)]


def settled_by(settings: Settings) -> list[str]:
    """The table of shapes: making it decides what becomes of the files."""
    return [SHAPES]


def receive(settings: Settings, path: Path) -> Taken:
    """Take a whole file or folder. Raises `NotUsable` for one that is no boundary, or cannot be read."""
    known = rules.load(settings.configs).rules
    if not drops.is_boundary(path):
        raise NotUsable(drops.EXPECTED, SHAPES)
    try:
        packed = drops.packed(path, known)
    except readers.UnreadableFile as error:
        raise NotUsable(str(error), SHAPES) from error
    inside = drops.describe(*packed, known)
    if inside.unreadable:
        raise NotUsable(inside.unreadable, SHAPES)
    return take_file(settings, path, drops.FOLDER, path.name, inside, packed, SHAPES)


def take_drop(settings: Settings, strays: Sequence[Path] = ()) -> DropOutcome:
    """Take the boundaries of the drop, none of `strays`. What cannot be taken is left: the project's last good file stays in use."""
    known = rules.load(settings.configs).rules
    left = []
    for path in sorted((settings.drop / drops.FOLDER).glob("[!.]*")):
        if is_note(path):
            continue
        if not drops.is_boundary(path):
            left.append(f"{path} is no boundary: {drops.EXPECTED}")
            continue
        try:
            drops.take(settings, path, known)
        except (readers.UnreadableFile, OSError) as error:
            left.append(f"{path}: {error}")
    return DropOutcome(left=tuple(left))


def raw_versions(settings: Settings) -> dict[str, str]:
    """The data version of all files together."""
    return {FILES: drops.version(settings) or store.ABSENT}
