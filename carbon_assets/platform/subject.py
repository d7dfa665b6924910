"""What a subject is, and how subjects are found: a package with a `subject.py` that holds a `SUBJECT`.

Dagster, dbt, pandas and Great Expectations are not imported here nor in any `subject.py`, so that what is stale can be asked
before any of them is loaded: what needs them is named by a dotted name. What a subject does belongs in its package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import carbon_assets
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings

FLOORS = ("sources", "unified", "meaning", "outlets")
"""The floors that subjects stand on, the lowest first. A subject imports from floors below its own, never from its
neighbours: these meet through asset keys and Parquet."""


Columns = Mapping[str, str]
"""Column of a table -> its type in SQL."""


class SubjectError(PlainError):
    """A package says something of itself that cannot be."""


@dataclass(frozen=True)
class Knowledge:
    """A body of what stewards know, observed as the asset `configs/<name>`: `files` are glob patterns below `configs/`."""

    name: str
    meaning: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Inputs:
    """What an asset is made by, besides other assets: `files`, the code of its subject unless it is `without_code`, and
    `libraries` that this code does not import by name."""

    files: tuple[Path, ...] = ()
    without_code: bool = False
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What the platform is told of a subject. Dotted names are `package.module` or `package.module:name`.

    `floor`: one of `FLOORS`. `takes`: a module that takes files (`snapshots.landing.Intake`). `knowledge`: what its stewards
    know; `make map WHAT=<name>` makes anew what depends on it. `inputs`: asset key -> glob patterns below `configs/`, or the
    name of a function from settings to `Inputs` by key, where the assets depend on what is configured. `assets`: a factory
    from `graph.Site` to `graph.Parts`. `closes`: a factory that is called last, with the parts of all subjects. `commands`: a
    typer app that imports nothing heavy before it is asked to; the command line takes its commands in. `checks`: a function from
    settings to the faults in what people edit for the subject, each a message; without them, its files are only read. What
    takes time in another process begins when the function is called, and is waited for when its faults are asked for.
    `tables`: a function from settings to the columns of those tables that depend on what is configured, by key as text; the
    others are those of `schema.py`.
    """

    name: str
    floor: str
    meaning: str
    takes: str | None = None
    knowledge: tuple[Knowledge, ...] = ()
    inputs: Mapping[str, tuple[str, ...]] | str = field(default_factory=dict)
    assets: str | None = None
    closes: str | None = None
    report: str | None = None
    commands: str | None = None
    checks: str | None = None
    tables: str | None = None

    def inputs_by_key(self, settings: Settings) -> Mapping[str, Inputs]:
        """What each asset of the subject is made by, by its key as text."""
        if isinstance(self.inputs, str):
            return named(self.inputs)(settings)
        return {key: Inputs(below(settings.configs, *patterns)) for key, patterns in self.inputs.items()}


def below(folder: Path, *patterns: str) -> tuple[Path, ...]:
    """The files below a folder that fit one of the glob patterns."""
    return tuple(sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}))


def named(dotted: str) -> Any:
    """What a dotted name stands for: a module, or something in one."""
    module, _, name = dotted.partition(":")
    loaded = import_module(module)
    return getattr(loaded, name) if name else loaded


@cache
def subjects() -> tuple[Subject, ...]:
    """The subjects of this package, by floor and name. Raises `SubjectError`."""
    folder = Path(carbon_assets.__file__).parent
    packages = sorted(path.parent.name for path in folder.glob("*/subject.py") if path != Path(__file__))
    return in_order([(name, named(f"carbon_assets.{name}.subject:SUBJECT")) for name in packages])


def in_order(declared: list[tuple[str, Subject]]) -> tuple[Subject, ...]:
    """Subjects by floor and name, each given with the package that declares it. Raises `SubjectError`."""
    for package, subject in declared:
        if subject.name != package:
            raise SubjectError(
                f"carbon_assets/{package}/subject.py: the subject is named {subject.name!r}, not {package!r}"
            )
        if subject.floor not in FLOORS:
            raise SubjectError(
                f"carbon_assets/{package}/subject.py: there is no floor {subject.floor!r}; known: {', '.join(FLOORS)}"
            )
    bodies = [body.name for _, subject in declared for body in subject.knowledge]
    if twice := sorted({name for name in bodies if bodies.count(name) > 1}):
        raise SubjectError(f"configs/{', '.join(twice)}: two subjects observe knowledge of that name")
    return tuple(sorted((subject for _, subject in declared), key=lambda s: (FLOORS.index(s.floor), s.name)))


def takers(known: tuple[Subject, ...]) -> list[Any]:
    """The modules that take files, of the subjects that have one (`snapshots.landing.Intake`)."""
    return [named(subject.takes) for subject in known if subject.takes]
