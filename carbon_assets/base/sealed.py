"""Folders that nobody writes to once they are whole: their files can only be read, and a manifest says what each was.

What is in such a folder belongs to who makes it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

MANIFEST = "MANIFEST.json"
"""Name of each file -> SHA-256 of its bytes, size in bytes and time of change in ns."""

_FILES, _FOLDER, _OPEN = 0o444, 0o555, 0o755


def seal(folder: Path) -> None:
    """Write the manifest of a folder's files, and take away the permission to write them, and to add or remove any."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        path.chmod(_FILES)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({path.name: {"sha256": _sha256(path), **_mark(path)} for path in files}, indent=1))
    manifest.chmod(_FILES)
    folder.chmod(_FOLDER)


def changed(folder: Path) -> list[str]:
    """The files that are gone or not what they were when the folder was sealed; none where it never was.

    A file is only read where its size or time of change is another.
    """
    try:
        sealed = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [name for name, was in sealed.items() if not _is_as_it_was(folder / name, was)]


def remove(folder: Path) -> None:
    """Remove a folder, sealed or not."""
    folder.chmod(_OPEN)
    shutil.rmtree(folder)


def _is_as_it_was(path: Path, was: dict[str, str | int]) -> bool:
    if not path.is_file():
        return False
    return {**_mark(path), "sha256": was["sha256"]} == was or _sha256(path) == was["sha256"]


def _mark(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
