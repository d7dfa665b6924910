"""Files of moons, taken into the raw store (`snapshots.landing.Intake`)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from carbon_assets.base import readers
from carbon_assets.base.settings import Settings
from carbon_assets.snapshots import store
from carbon_assets.snapshots.landing import DropOutcome, NotUsable, Taken, take_file
from carbon_assets.snapshots.store import Contents

TAKES_FOLDERS = False
TABLE = ("moons", "moons")
COLUMNS = (("moon",), ("planet",), ("radius_km",))


def folders(settings: Settings) -> tuple[str, ...]:
    """The one folder of moons."""
    return ("moons",)


def tables(settings: Settings) -> list[tuple[str, str]]:
    """The one table."""
    return [TABLE]


def settled_by(settings: Settings) -> list[str]:
    """The table of moons says which file is in use."""
    return ["harmonized/moons"]


def receive(settings: Settings, path: Path) -> Taken:
    """Take a whole file. Raises `NotUsable`."""
    inside = describe(path.name, path.read_bytes())
    if inside.unreadable:
        raise NotUsable(inside.unreadable, "harmonized/moons")
    return take_file(settings, path, *TABLE, inside)


def take_drop(settings: Settings, strays: Sequence[Path] = ()) -> DropOutcome:
    """Take the files of the drop in order of name, none of `strays`."""
    left = []
    for path in sorted((settings.drop / "moons").glob("[!.]*")):
        try:
            receive(settings, path)
        except NotUsable as error:
            left.append(f"{path}: {error}")
    return DropOutcome(left=tuple(left))


def raw_versions(settings: Settings) -> dict[str, str]:
    """The version of the one table."""
    return {"raw/moons/moons": store.data_version(settings, *TABLE)}


def describe(name: str, content: bytes) -> Contents:
    """What is inside."""
    try:
        rows = readers.read(name, content, COLUMNS).rows
    except readers.UnreadableFile as error:
        return Contents(unreadable=str(error))
    text = sorted(str(row) for row in rows.drop_columns([readers.LINE]).to_pylist())
    return Contents(rows=len(rows), records=hashlib.sha256("\n".join(text).encode()).hexdigest()[:16])
