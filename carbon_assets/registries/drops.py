"""Which file of a drop is which table of a registry. Taking it belongs in `landing.py`."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from carbon_assets.base.errors import PlainError
from carbon_assets.registries.description import Registry, Table

SUFFIXES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".xlsx", ".json", ".json.gz", ".geojson")


class AmbiguousDrop(PlainError):
    """Several files of a drop claim to be the same table."""


def find(drop: Path, registry: str, table: Table) -> Path | None:
    """The file of a drop that holds `table`; None where the drop has none. Raises `AmbiguousDrop`."""
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


def unclaimed(drop: Path, registries: dict[str, Registry]) -> list[Path]:
    """Files in the registries' folders of a drop that are no table of theirs, so that nothing is left out in silence."""
    claimed = [
        path
        for registry in registries.values()
        for table in registry.tables.values()
        for path in _claimed(drop, registry.id, table)
    ]
    files = (path for registry in registries for path in (drop / registry).glob("[!.]*") if path.is_file())
    return sorted(set(files) - set(claimed))
