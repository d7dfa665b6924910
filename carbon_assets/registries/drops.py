"""Which file of a drop is which table of a registry: by its name, else by what is in it.

How a file is recognised by what is in it belongs in `recognition.py`; taking it belongs in `landing.py`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from carbon_assets.base.errors import PlainError, in_words
from carbon_assets.base.readers import UnreadableFile
from carbon_assets.registries import recognition
from carbon_assets.registries.description import Registry
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.landing import is_note, why_not_a_name

SUFFIXES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".xlsx", ".json", ".json.gz", ".geojson")


class AmbiguousDrop(PlainError):
    """Several files of a drop claim to be the same table."""


@dataclass(frozen=True)
class SortedDrop:
    """The file of each table, by registry and table. `unclaimed`: why each other file is no table; `failures`: why a table
    has no file though several claim to be it."""

    files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    unclaimed: Mapping[Path, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


def sort(drop: Path, registries: Mapping[str, Registry], strays: Iterable[Path] = ()) -> SortedDrop:
    """The tables in the registries' folders of a drop, and in `strays`, files that lie elsewhere in it.

    A name counts before contents; of two files that are recognised as one table neither is taken.
    """
    files: dict[tuple[str, str], Path] = {}
    failures: list[str] = []
    claimed: set[Path] = set()
    for registry in registries.values():
        for table, spec in registry.tables.items():
            claimed |= set(_claimed(drop, registry.id, spec))
            try:
                if path := find(drop, registry.id, spec):
                    files[registry.id, table] = path
            except AmbiguousDrop as error:
                failures.append(str(error))
    own = [path for name in registries for path in (drop / name).glob("[!.]*") if path.is_file() and not is_note(path)]
    recognised: dict[tuple[str, str], list[Path]] = {}
    unclaimed: dict[Path, str] = {}
    for path in sorted({*own, *strays} - claimed):
        names = [name for name in path.relative_to(drop).parts[:-1] if name in registries]
        candidates = [registries[names[-1]]] if names else list(registries.values())
        if why := why_not_a_name(path.name):
            unclaimed[path] = why
            continue
        try:
            recognised.setdefault(recognise(path, candidates, path.read_bytes()), []).append(path)
        except UnreadableFile as error:
            unclaimed[path] = str(error)
        except OSError as error:
            unclaimed[path] = in_words(error)
    for where, paths in recognised.items():
        if where in files or len(paths) > 1:
            others = ", ".join(sorted({str(path.relative_to(drop)) for path in (*paths, files.get(where, paths[0]))}))
            unclaimed |= dict.fromkeys(paths, f"{others} all hold {'/'.join(where)}: leave one of them")
        else:
            files[where] = paths[0]
    return SortedDrop(files, unclaimed, tuple(failures))


def recognise(path: Path, registries: list[Registry], content: bytes) -> tuple[str, str]:
    """Registry and table of a file by the bytes in it. Raises `UnreadableFile`, with the tables and names that are known,
    where it is none of them or may be several."""
    known = ", ".join(f"{registry.id}/{name}" for registry in registries for name in expected(registry))
    hint = f"expected: {known}, as {' '.join(SUFFIXES)}"
    if not _stem(path):
        raise UnreadableFile(f"its name ends in nothing that is read; {hint}")
    try:
        tables = recognition.tables_in(path.name, content, registries)
    except UnreadableFile as error:
        raise UnreadableFile(f"the name fits no table, and it cannot be told what is in it: {error}; {hint}") from error
    if len(tables) != 1:
        fits = " and ".join(f"{registry.id}/{table}" for registry, table in tables)
        columns = f"the columns fit {fits}" if fits else "no table has its columns"
        raise UnreadableFile(f"the name fits no table, and {columns}; {hint}")
    registry, table = tables[0]
    return registry.id, table


def expected(registry: Registry) -> list[str]:
    """The names that its files are known by."""
    return [f"{pattern}.*" for spec in registry.tables.values() for pattern in spec.files]


def find(drop: Path, registry: str, table: Table) -> Path | None:
    """The file of a drop that has the table's name; None where the drop has none. Raises `AmbiguousDrop`."""
    files = _claimed(drop, registry, table)
    if len(files) > 1:
        names = ", ".join(path.name for path in files)
        raise AmbiguousDrop(f"{drop / registry}: {names} all claim to be the same table; leave one of them")
    return files[0] if files else None


def _claimed(drop: Path, registry: str, table: Table) -> list[Path]:
    """The files of a drop whose name is the table's."""
    return [path for path in sorted((drop / registry).glob("*")) if path.is_file() and is_file_of(path, table)]


def is_file_of(path: Path, table: Table) -> bool:
    """Whether the file's name is the table's."""
    return bool(_stem(path)) and any(fnmatch.fnmatch(_stem(path), pattern) for pattern in table.files)


def _stem(path: Path) -> str:
    """The name without its suffix; '' for a file that no reader takes."""
    name = path.name
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(s)), None)
    return name[: -len(suffix)] if suffix and not name.startswith(".") else ""
