"""Files that are dropped into the landing folder: which are whole, who takes them, and what becomes of them.

A whole file that its subject takes goes into the raw store and out of the landing folder; one that cannot be used is moved
aside with the reason beside it. When that happens belongs in `platform/sensors.py`; whose a file is, and what is inside, in the
module of a subject that takes files (`Intake`). Subjects come as arguments: none is known here.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from carbon_assets.base import clock
from carbon_assets.base.settings import Settings
from carbon_assets.snapshots import store
from carbon_assets.snapshots.store import Contents, Snapshot

REJECTED = ".rejected"
"""The folder of the landing folder where files go that cannot be used; each has its reason beside it."""

_REASON = ".reason.txt"
_OPEN = ".open.txt"
"""Ends the name of a mark beside a rejected file of a known table: one line with the table's key, and one with the newest snapshots
that there were, as JSON. A usable file of that table removes it, or makes it void by being newer than those."""

DONE = ".done"
"""A file `<name>.done` that was made after `<name>` says that this is whole; a file `.done` says it of all files of its
folder."""

Seen = dict[str, tuple[int, int]]
"""Path below the landing folder -> size in bytes and time of change in ns, as last seen."""


@dataclass(frozen=True)
class Taken:
    """A file that was taken. `is_news`: it holds other records than the one before. `asset`: key of the table that it is of."""

    snapshot: Snapshot
    is_news: bool
    asset: str | None = None


@dataclass(frozen=True)
class Rejected:
    """A file that was moved aside. `asset`: key of the table that it seems to be of."""

    path: Path
    reason: str
    asset: str | None = None


@dataclass(frozen=True)
class DropOutcome:
    """What was wrong with a drop, in words: `failures`, and what was `left`, which was not taken. Both make the command fail.

    `strays_taken`, `strays_left`: of the files outside all folders those that were recognised, and why others were not.
    """

    failures: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    strays_taken: tuple[Path, ...] = ()
    strays_left: Mapping[Path, str] = field(default_factory=dict)


class NotUsable(Exception):
    """A file cannot be taken; the message says why. `asset`: key of the table that it seems to be of."""

    def __init__(self, reason: str, asset: str | None = None) -> None:
        super().__init__(reason)
        self.asset = asset


class Intake(Protocol):
    """What a subject's module that takes files must offer.

    `TAKES_FOLDERS`: a folder within its folders counts as one file.
    """

    TAKES_FOLDERS: bool

    def folders(self, settings: Settings) -> tuple[str, ...]:
        """Names of the folders of a drop whose files it takes."""

    def receive(self, settings: Settings, path: Path) -> Taken:
        """Take a whole file of the landing folder into the raw store. Raises `NotUsable`."""

    def take_drop(self, settings: Settings, strays: Sequence[Path] = ()) -> DropOutcome:
        """Take the files of the drop into the raw store, and of `strays`, which lie in no folder of any subject, those that
        it recognises by what is in them."""

    def raw_versions(self, settings: Settings) -> Mapping[str, str]:
        """The data version of each of its external assets, by key as text."""

    def tables(self, settings: Settings) -> list[tuple[str, str]]:
        """The first two folders of each table of the raw store that is its own."""

    def settled_by(self, settings: Settings) -> list[str]:
        """Keys of the assets that decide what becomes of its snapshots."""


def take_file(
    settings: Settings,
    path: Path,
    registry: str,
    table: str,
    inside: Contents,
    packed: tuple[str, bytes] | None = None,
    asset: str | None = None,
) -> Taken:
    """Take a file with known contents into the raw store. `packed`: its name and the bytes whose contents are known; the file itself
    may have grown since. `asset`: key of the table that it is of."""
    before = store.current(settings, registry, table)
    snapshot = store.take(settings, path, registry, table, lambda file, content: inside, packed)
    return Taken(snapshot, is_news=store.current(settings, registry, table) != before, asset=asset)


def look(settings: Settings, intakes: Iterable[Intake], seen: Seen) -> tuple[list[Path], Seen]:
    """The files that are whole, and what is seen now: a file is whole when it stands as it was seen before, or is said to be."""
    now: Seen = {}
    whole = []
    for path in _files(settings, intakes):
        name, mark = str(path.relative_to(settings.landing)), _mark(path)
        if mark is None:  # taken by another process since
            continue
        now[name] = mark
        if _is_said_done(path, mark) or seen.get(name) == mark:
            whole.append(path)
    return whole, now


def _files(settings: Settings, intakes: Iterable[Intake]) -> Iterator[Path]:
    with_folders = {name for intake in intakes if intake.TAKES_FOLDERS for name in intake.folders(settings)}
    for path in sorted(settings.landing.glob("*/*")):
        is_hidden = path.name.startswith(".") or path.parent.name.startswith(".")
        is_one = path.is_symlink() or path.is_file() or (path.is_dir() and path.parent.name in with_folders)
        if is_one and not is_hidden and path.suffix != DONE:
            yield path


def _mark(path: Path) -> tuple[int, int] | None:
    """Size and time of change of a file, of a folder those of its files together; None if there is none."""
    try:
        # A link counts itself: one that leads nowhere must not hide its folder, nor stay for ever.
        status = [path.lstat(), *(file.lstat() for file in _files_within(path))]
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):  # no marker can have a longer name than a disk takes
            return None
        raise
    return sum(entry.st_size for entry in status), max(entry.st_mtime_ns for entry in status)


def _files_within(path: Path) -> list[Path]:
    """What lies in a folder; nothing for a file, for a link, and for a folder that cannot be read."""
    if path.is_symlink() or not path.is_dir():
        return []
    try:
        return list(path.iterdir())
    except PermissionError:
        return []


def _is_said_done(path: Path, mark: tuple[int, int]) -> bool:
    """Whether a marker says so; one that is older than the file was left by an earlier file."""
    markers = (_mark(path.with_name(path.name + DONE)), _mark(path.with_name(DONE)))
    return any(marker is not None and marker[1] >= mark[1] for marker in markers)


def take(settings: Settings, intakes: Iterable[Intake], files: list[Path]) -> Iterator[Taken | Rejected]:
    """Take whole files, those of one folder in order of the day that they state, then of change."""
    intakes = list(intakes)
    by_folder = {folder: intake for intake in intakes for folder in intake.folders(settings)}
    for path in sorted(files, key=lambda path: (path.parent, *_age(path))):
        try:
            yield _take(settings, by_folder, path)
        except FileNotFoundError:  # another process was faster
            continue
        except OSError as error:
            yield _reject_if_possible(settings, path, f"the file cannot be taken from the disk: {error}")
    for folder in {path.parent for path in files}:
        if not any(path.parent == folder for path in _files(settings, intakes)):
            folder.joinpath(DONE).unlink(missing_ok=True)


def _age(path: Path) -> tuple[str, int]:
    stated = store.stated_day(path.name)
    return (stated.isoformat() if stated else "", (_mark(path) or (0, 0))[1])


def _take(settings: Settings, by_folder: Mapping[str, Intake], path: Path) -> Taken | Rejected:
    intake = by_folder.get(path.parent.name)
    if why := _why_not_looked_into(path):
        return _reject(settings, path, why)
    if intake is None:
        return _reject(settings, path, unknown_folder(path.parent.name, by_folder))
    before = _mark(path)
    try:
        outcome = intake.receive(settings, path)
    except NotUsable as error:
        return _reject(settings, path, str(error), error.asset)
    for mark in _open_marks(settings, outcome.asset):
        mark.unlink(missing_ok=True)
    if _mark(path) == before:  # else it has grown since: what was stored is not what would be removed
        _forget(path)
    return outcome


MAX_BYTES_OF_A_NAME = 180
"""Of file names: 255 are the most that disks take, and what is moved aside gets its time and the name of its reason besides."""


def _why_not_looked_into(path: Path) -> str | None:
    """Why nothing of a file is read, if so: a link leads to what nobody dropped."""
    if path.is_symlink():
        return f"{printable(path.name)} is a link, which is not followed: drop the file that it leads to"
    return why_not_a_name(path.name)


def why_not_a_name(name: str) -> str | None:
    """Why a file of this name is not taken, if so."""
    if printable(name) != name:
        return "its name is no text in UTF-8: rename it"
    if len(name.encode()) > MAX_BYTES_OF_A_NAME:
        return f"its name has more than {MAX_BYTES_OF_A_NAME} bytes: rename it"
    return None


def printable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


NOTES = frozenset(
    {"README", "MANIFEST", "LICENSE", "LICENCE", "NOTICE", "CHANGELOG", "CHECKSUMS", "MD5SUMS", "SHA256SUMS"}
)
"""What files are called, up to their first dot, that are about the files beside them."""


def is_note(path: Path) -> bool:
    """Whether a file is about the files beside it."""
    name = path.name.partition(".")[0].upper()
    return path.name == store.SYNTHETIC_MARK or name in NOTES or name.startswith("README")


def strays_of(settings: Settings, intakes: Iterable[Intake]) -> list[Path]:
    """The files of a drop that no subject looks at by their place: outside of all folders, or deeper in one than its files lie."""
    takes_folders = {folder: intake.TAKES_FOLDERS for intake in intakes for folder in intake.folders(settings)}
    strays = []
    for path in sorted(settings.drop.rglob("*")):
        parts = path.relative_to(settings.drop).parts
        is_looked_at = parts[0] in takes_folders and (len(parts) == 2 or takes_folders[parts[0]])
        is_hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and not (is_looked_at or is_hidden or is_note(path)):
            strays.append(path)
    return strays


def unknown_folder(name: str, known: Iterable[str]) -> str:
    """Why nothing is taken from a folder."""
    return (
        f"nothing is taken from a folder {name!r}: there is no registry or subject of that name; "
        f"known: {', '.join(sorted(known))}"
    )


def _reject(settings: Settings, path: Path, reason: str, asset: str | None = None) -> Rejected:
    folder = settings.landing / REJECTED / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{clock.in_names(clock.after_names(folder))}-{_short(printable(path.name))}"
    path.replace(aside)
    aside.with_name(aside.name + _REASON).write_text(reason + "\n", encoding="utf-8")
    if asset:
        newest = json.dumps(store.newest_names(settings, path.parent.name))
        aside.with_name(aside.name + _OPEN).write_text(f"{asset}\n{newest}\n", encoding="utf-8")
    _forget(path)
    return Rejected(aside, reason, asset)


def _short(name: str) -> str:
    """The end of a name that is too long, which says what kind of file it is."""
    return name.encode()[-MAX_BYTES_OF_A_NAME:].decode("utf-8", "ignore")


def why_rejected(settings: Settings, asset: str, tables: Iterable[tuple[str, str]]) -> str | None:
    """What was wrong with the newest rejected file of an asset, as long as no usable one came after it. `tables`: registry and
    table of the files that it is made of."""
    known = (snapshot for names in tables for snapshot in store.history(settings, *names))
    usable = [s for s in known if s.contents is None or not s.contents.unreadable]
    open_marks = (mark for mark in _open_marks(settings, asset) if not any(_came_after(mark, s) for s in usable))
    marks = sorted(open_marks, key=lambda mark: mark.name)
    if not marks:
        return None
    aside = marks[-1].with_name(marks[-1].name.removesuffix(_OPEN))
    return f"{aside}: {aside.with_name(aside.name + _REASON).read_text(encoding='utf-8').strip()}"


def _came_after(mark: Path, snapshot: Snapshot) -> bool:
    """Whether a snapshot was taken after a file was moved aside, whatever the clock said: it is newer than the newest then."""
    _, *newest = mark.read_text(encoding="utf-8").splitlines()
    if not newest:  # as older versions wrote it
        return clock.in_names(snapshot.observed_at) > mark.name
    return snapshot.name > json.loads(newest[0]).get(snapshot.table, "")


def _open_marks(settings: Settings, asset: str | None) -> list[Path]:
    marks = (settings.landing / REJECTED).glob(f"*/*{_OPEN}") if asset else ()
    return [mark for mark in marks if mark.read_text(encoding="utf-8").splitlines()[:1] == [asset]]


def _reject_if_possible(settings: Settings, path: Path, reason: str) -> Rejected:
    try:
        return _reject(settings, path, reason)
    except OSError as error:
        return Rejected(path, f"{reason}; nor can it be moved aside: {error}")


def _forget(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if _mark(marker := path.with_name(path.name + DONE)):
        marker.unlink(missing_ok=True)
