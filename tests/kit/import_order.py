"""The order of imports between the rooms of the package, generated from each subject's floor and held by import-linter.

`python -m tests.kit.import_order` says what breaks it, and exits with 1. A package that stands nowhere in the order breaks it,
too. Which floor a subject stands on belongs in its `subject.py`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from importlinter.cli import lint_imports

from carbon_assets.platform.subject import FLOORS, Subject, subjects
from tests.kit.places import HOME

BELOW = ("platform", "geo | snapshots", "base | openrefine")
"""What stands below all subjects, the highest first."""

ABOVE = ("definitions | __main__",)

EXCEPTIONS: dict[str, str] = {}
"""An import that breaks the order -> why it is allowed."""


def layers(known: Iterable[Subject]) -> list[str]:
    """The rooms, the highest first; those on one floor do not import each other."""
    floors = [[subject.name for subject in known if subject.floor == floor] for floor in reversed(FLOORS)]
    return [*ABOVE, *(" | ".join(names) for names in floors if names), *BELOW]


def contract(known: Iterable[Subject]) -> str:
    """The contract as import-linter reads it."""
    lines = [
        "[importlinter]",
        "root_package = carbon_assets",
        "",
        "[importlinter:contract:rooms]",
        "name = Rooms import downward only, and subjects on one floor not each other",
        "type = layers",
        "containers = carbon_assets",
        "exhaustive = true",
        "layers =",
        *(f"    {layer}" for layer in layers(known)),
    ]
    if EXCEPTIONS:
        lines += ["ignore_imports =", *(f"    {exception}" for exception in EXCEPTIONS)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Hold the package against the contract; 0 if it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "importlinter.ini"
        path.write_text(contract(subjects()))
        return lint_imports(config_filename=str(path), cache_dir=None)


if __name__ == "__main__":
    sys.path.insert(0, str(HOME))
    raise SystemExit(main())
