"""The published folder: a version is built beside the others, then the link `current` flips to it.

Readers open `published/current/carbon.duckdb`; nobody can write to a version (`sealed`). A plain rename of the
database file would leave pooled clients on the old data, since DuckDB caches a database by its path.
"""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import duckdb

from carbon_assets.base import clock, sealed, store
from carbon_assets.base.settings import Settings
from carbon_assets.base.sqltext import literal
from carbon_assets.snapshots.store import Release

log = logging.getLogger(__name__)

DATABASE = "carbon.duckdb"
RELEASED = "released.json"
"""Beside the versions: a person lets the next one through; within a version: somebody did."""

MACROS = "published.sql"
"""The file of a subject's package that holds its macros for readers of the published file."""


def publish(settings: Settings, marts: list[str], run_id: str, manifest: Path) -> Path:
    """Publish the marts as the next version, and return its folder. The last few versions are kept."""
    with store.alone_in(settings.published):
        return _publish(settings, marts, run_id, manifest)


def _publish(settings: Settings, marts: list[str], run_id: str, manifest: Path) -> Path:
    for left in settings.published.glob(".v-*"):  # of a publisher that was killed
        sealed.remove(left)
    for left in settings.published.glob(".current-*"):
        left.unlink()
    if changed := sealed.changed(settings.published / "current"):
        log.warning("%s in %s changed after they were published", ", ".join(changed), settings.published / "current")
    version = settings.published / f"v-{clock.in_names(clock.after_names(settings.published, 'v-'))}-{run_id[:8]}"
    building = version.with_name(f".{version.name}")
    building.mkdir()
    try:
        for name in marts:
            shutil.copyfile(settings.table("marts", name), building / f"{name}.parquet")
        _build_database(building, marts, _descriptions(manifest))
        if is_released(settings):
            shutil.copyfile(settings.published / RELEASED, building / RELEASED)
        sealed.seal(building)
    except BaseException:
        sealed.remove(building)
        raise
    building.rename(version)
    _flip(settings.published / "current", version)
    (settings.published / RELEASED).unlink(missing_ok=True)
    _prune(settings)
    return version


def release(settings: Settings, given: Release) -> None:
    """Let the next version through, however much it differs from the one before."""
    settings.published.mkdir(parents=True, exist_ok=True)
    store.write_bytes(settings.published / RELEASED, given.model_dump_json(indent=1).encode())


def is_released(settings: Settings) -> bool:
    """Whether a person lets the next version through."""
    return (settings.published / RELEASED).exists()


def _build_database(folder: Path, marts: list[str], descriptions: dict[str, dict]) -> None:
    with duckdb.connect(folder / DATABASE) as con:
        con.execute("create schema marts")
        for name in marts:
            con.execute(f"create table marts.{name} as from read_parquet({literal(f'{folder / name}.parquet')})")
            described = descriptions.get(name, {})
            con.execute(f"comment on table marts.{name} is {literal(described.get('description', ''))}")
            for column, text in described.get("columns", {}).items():
                con.execute(f'comment on column marts.{name}."{column}" is {literal(text)}')
        for path in macro_files():
            con.execute(path.read_text())


def macro_files() -> list[Path]:
    """The macros of all subjects, in order of package."""
    return sorted(Path(__file__).parents[1].glob(f"*/{MACROS}"))


def _descriptions(manifest: Path) -> dict[str, dict]:
    nodes = json.loads(manifest.read_text())["nodes"].values()
    return {
        node["name"]: {
            "description": node["description"],
            "columns": {name: column["description"] for name, column in node["columns"].items()},
        }
        for node in nodes
        if node["resource_type"] == "model"
    }


def _flip(link: Path, version: Path) -> None:
    beside = link.with_name(f".current-{version.name}")
    beside.symlink_to(version.name)
    beside.replace(link)


def _prune(settings: Settings) -> None:
    current = (settings.published / "current").resolve()
    versions = sorted(path for path in settings.published.glob("v-*") if path != current)
    for path in versions[: max(0, len(versions) + 1 - settings.keep_versions)]:
        sealed.remove(path)
