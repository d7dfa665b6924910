"""The dbt project that dbt reads: put together below the data folder, and parsed once for each content.

It is `dbt_project/` as authored, with the YAML of marts in full, and with a source and a view for each harmonized table that a
model reads, where nobody wrote one. Its paths are relative to itself, so that one parse serves every data folder:

    <data>/dbt/project/             the project
    <data>/dbt/                     build database, logs, compiled SQL
    <parses>/<hash of the project>/ what dbt made of it: manifest.json, partial_parse.msgpack
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import yaml

from carbon_assets.base import store
from carbon_assets.base.errors import PlainError
from carbon_assets.base.settings import Settings
from carbon_assets.platform import schemas
from carbon_assets.publishing import models
from carbon_assets.publishing.models import Schemas

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
PARTIAL_PARSE = "partial_parse.msgpack"

MAX_KEPT_PARSES = 20
"""Of different contents; each takes 2 MB."""

Files = Mapping[str, bytes]
"""Content by path below the project."""


class DbtError(PlainError):
    """dbt cannot parse the project; the message holds what it says."""


def table_schemas() -> dict[str, schemas.TableSchema]:
    """The harmonized tables, by key as text."""
    return {key: table for key, table in schemas.tables().items() if key.startswith("harmonized/")}


def columns_of_tables() -> Schemas:
    """The columns of the harmonized tables, by key as text."""
    return {key: table.columns for key, table in table_schemas().items()}


def assembled(dbt_project: Path) -> Files:
    """The files of the project that dbt reads. Raises `models.ModelError`, `ConfigError`."""
    target = dbt_project / "target"
    paths = (p for p in dbt_project.rglob("*") if p.suffix in (".sql", ".yml") and not p.is_relative_to(target))
    files = {path.relative_to(dbt_project).as_posix(): path.read_bytes() for path in paths}
    columns = columns_of_tables()
    for mart in models.marts(dbt_project).values():
        path = mart.model.yaml.relative_to(dbt_project).as_posix()
        files[path] = _yaml(mart.completed(columns))
    return {**files, **_staging(dbt_project)}


def _staging(dbt_project: Path) -> dict[str, bytes]:
    """A source for each harmonized table that a model reads, and a view of it where nobody wrote one."""
    written = models.authored(dbt_project, "staging")
    known = table_schemas()
    files: dict[str, bytes] = {}
    for table in models.staged_tables(dbt_project):
        view, key = models.staging_view(table), f"harmonized/{table}"
        if key not in known:
            raise models.ModelError(
                f"{dbt_project}: a model reads {view}, but no schema.py states the table {key} in TABLES"
            )
        folder = f"models/staging/{known[key].room}"
        location = f"read_parquet('../../{key}.parquet')"
        source = {"name": "harmonized", "tables": [{"name": table, "meta": {"external_location": location}}]}
        document: dict = {"sources": [source]}
        if view not in written:
            files[f"{folder}/{view}.sql"] = f"select * from {{{{ source('harmonized', '{table}') }}}}\n".encode()
            document["models"] = [{"name": view, "description": f"{key} as it stands."}]
        files[f"{folder}/_{view}.yml"] = _yaml(document)
    return files


def _yaml(document: dict) -> bytes:
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120).encode()


def content_hash(files: Files) -> str:
    """What a parse of the project depends on: its files, and dbt itself."""
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}\n".encode())
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def write(files: Files, place: Path) -> None:
    """Make the folder `place` hold just these files. What is there already is left alone, with its time of change."""
    there = _names(place)
    for name in there - set(files):
        (place / name).unlink()
    for name, content in files.items():
        path = place / name
        if name in there and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write_bytes(path, content)


def is_written(files: Files, place: Path) -> bool:
    """Whether the folder `place` holds just these files."""
    return _names(place) == set(files) and all((place / name).read_bytes() == text for name, text in files.items())


def _names(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def folder(settings: Settings) -> Path:
    """Where the project stands that dbt reads."""
    return settings.dbt_target / "project"


def prepare(settings: Settings) -> Path:
    """Put the project together for a data folder, parse it if nobody has yet, and return the folder of the parse.

    Raises `DbtError`, `models.ModelError`, `ConfigError`.
    """
    files = assembled(settings.dbt_project)
    if not is_written(files, folder(settings)):
        with store.alone_in(settings.dbt_target):  # nothing changes while a process builds from it
            write(files, folder(settings))
    parse = settings.dbt_parses / content_hash(files)
    if not (parse / MANIFEST).exists():
        with store.alone_in(settings.dbt_parses):
            if not (parse / MANIFEST).exists():
                _parse(settings, parse)
                _prune(settings.dbt_parses)
    if not (settings.dbt_target / PARTIAL_PARSE).exists():
        shutil.copyfile(parse / PARTIAL_PARSE, settings.dbt_target / PARTIAL_PARSE)
    return parse


def manifest(settings: Settings) -> Path:
    """dbt's manifest of the project. Raises as `prepare`."""
    return prepare(settings) / MANIFEST


def _parse(settings: Settings, parse: Path) -> None:
    log.info("dbt: parsing the project")
    Parse(folder(settings), parse).finish()


class Parse:
    """dbt parsing the project in the folder `source`, in a process of its own; `place`: the folder that keeps what it makes."""

    authored: Path | None = None
    """The folder that the project was put together from, for messages."""

    def __init__(self, source: Path, place: Path) -> None:
        self._source, self._place = source, place
        self._target = tempfile.TemporaryDirectory(dir=place.parent, prefix=".")
        command = [
            sys.executable,
            "-m",
            "dbt.cli.main",
            "parse",
            "--project-dir",
            str(source),
            "--profiles-dir",
            str(source),
        ]
        self._process = subprocess.Popen(
            [*command, "--target-path", self._target.name, "--log-path", self._target.name],
            cwd=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self) -> None:
        """Wait for it, and keep what it made. Raises `DbtError`."""
        with self._target as target:
            told, _ = self._process.communicate()
            if self._process.returncode:
                raise DbtError(f"dbt cannot parse {self.authored or self._source}: {_error_of(told)}")
            made = Path(target) / "made"
            made.mkdir()
            for name in (PARTIAL_PARSE, MANIFEST):
                (Path(target) / name).rename(made / name)
            with suppress(OSError):  # another process has made it meanwhile
                made.rename(self._place)


def begin_parse(settings: Settings) -> Parse | None:
    """Begin to parse the project as it is authored, beside all data folders; None where this has been parsed before. Raises
    `models.ModelError`, `ConfigError`."""
    files = assembled(settings.dbt_project)
    parse = settings.dbt_parses / content_hash(files)
    if (parse / MANIFEST).exists():
        return None
    settings.dbt_parses.mkdir(parents=True, exist_ok=True)
    return _BesideData(settings.dbt_project, files, parse)


class _BesideData(Parse):
    """A parse of files in a folder that is there for it alone."""

    def __init__(self, authored: Path, files: Files, place: Path) -> None:
        self.authored = authored
        self._project = tempfile.TemporaryDirectory(prefix="carbon-dbt-")
        write(files, Path(self._project.name))
        super().__init__(Path(self._project.name), place)

    def finish(self) -> None:
        """Wait for it, and keep what it made. Raises `DbtError`."""
        with self._project:
            super().finish()
        _prune(self._place.parent)


def _error_of(told: str) -> str:
    """What dbt says is wrong, in one line, without what it says of itself before."""
    _, marked, error = told.partition("Encountered an error:")
    return " ".join((error if marked else told).split())


def _prune(parses: Path) -> None:
    kept = sorted(parses.glob("[0-9a-f]*/"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MAX_KEPT_PARSES:]:
        shutil.rmtree(path)
