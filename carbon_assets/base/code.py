"""The version of code: a hash of what a package does, with all of this project that it imports and the libraries it stands on.

Comments, docstrings and formatting do not count: they change no table. Which configs and suites an asset is made by belongs
in `platform/versions.py`. Nothing here imports what it looks at.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType

PACKAGE = Path(__file__).parents[1]
_ROOT = PACKAGE.name

_IMPORT = re.compile(rb"^[ \t]*(?:from ([\w.]+) import (\([^)]*\)|[^\n]+)|import ([\w.]+))", re.MULTILINE)

_DISTRIBUTIONS = {"yaml": "pyyaml", "ruamel": "ruamel-yaml", "PIL": "pillow", "sklearn": "scikit-learn"}
"""Top-level module -> the distribution that holds it, where its name is another."""


def version_of(package: str) -> str:
    """A hash of the code of `carbon_assets.<package>`, of what it imports from this project, and of the versions of the
    libraries that these import.

    SQL files beside a module count with it. A library that is not installed counts as absent.
    """
    modules, libraries = _reached(package)
    digest = hashlib.sha256()
    for name in sorted(modules):
        digest.update(f"{name} {_meaning(modules[name])}\n".encode())
    for folder in sorted({path.parent for path in modules.values()}):
        for path in sorted(folder.glob("*.sql")):
            digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    digest.update(hash_of_libraries(libraries).encode())
    return digest.hexdigest()


def hash_of_libraries(names: Iterable[str]) -> str:
    """A hash of the installed versions of distributions, and of Python's own."""
    versions = sorted(f"{name} {_installed(name)}" for name in names)
    python = ".".join(map(str, sys.version_info[:2]))
    return hashlib.sha256("\n".join([f"python {python}", *versions]).encode()).hexdigest()


def hash_of_files(files: Iterable[Path], base: Path) -> str:
    """A hash of names below `base` and bytes of files, in order of name."""
    digest = hashlib.sha256()
    for path in sorted(set(files)):
        content = path.read_bytes()
        name = path.relative_to(base) if path.is_relative_to(base) else path.name
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@cache
def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "absent"


@cache
def _reached(package: str) -> tuple[dict[str, Path], frozenset[str]]:
    """The modules of a package and those of this project that they import, by name; and the distributions they import."""
    folder = PACKAGE / package
    ahead = [_name_of(path) for path in folder.rglob("*.py")]
    modules: dict[str, Path] = {}
    libraries: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in modules or (path := _file_of(name)) is None:
            continue
        modules[name] = path
        for imported in _imported(path):
            top = imported.partition(".")[0]
            if top == _ROOT:
                # Importing a.b.c runs a and a.b, too.
                parts = imported.split(".")
                ahead += [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
            elif top not in sys.stdlib_module_names:
                libraries.add(_DISTRIBUTIONS.get(top, top.replace("_", "-")))
    return modules, frozenset(libraries)


def _name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _file_of(module: str) -> Path | None:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _imported(path: Path) -> Iterator[str]:
    """The modules that a file may import; `from a import b` may mean a, or the module a.b."""
    for source, names, module in _IMPORT.findall(path.read_bytes()):
        if module:
            yield module.decode()
            continue
        base = source.decode()
        yield base
        if base.partition(".")[0] == _ROOT:
            yield from (f"{base}.{name}" for name in re.findall(r"(?:^|[,(\n]) *(\w+)", names.decode()))


@cache
def _meaning(path: Path) -> str:
    """A hash of the code that Python makes of a file; of what is no Python, of its bytes."""
    source = path.read_bytes()
    try:
        compiled = compile(source, path.name, "exec", dont_inherit=True, optimize=2)
    except SyntaxError:
        return hashlib.sha256(source).hexdigest()
    return hashlib.sha256(repr(_plain(compiled)).encode()).hexdigest()


def _plain(value: object) -> object:
    """Code as plain values without places in the file; sets in order, as theirs differs from process to process."""
    match value:
        case CodeType():
            names = (value.co_name, value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
            return (names, value.co_flags, value.co_code, value.co_exceptiontable, *map(_plain, value.co_consts))
        case frozenset():
            return ("set", *sorted(repr(_plain(item)) for item in value))
        case tuple():
            return tuple(map(_plain, value))
    return value
