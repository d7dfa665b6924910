"""What must be made anew: the versions of what comes in, and the assets that do not follow from them yet.

Dagster keeps for each materialization the versions of its inputs and of the code; what differs from today's is stale. So an
unchanged registry costs nothing, and what a killed run left undone is found by the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import dagster as dg

# What the Dagster UI itself marks assets as stale by; none of it has a public name.
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext

from carbon_assets.base.settings import Settings

PACKAGE = Path(__file__).parents[1]
ABSENT = "absent"

Versions = dict[dg.AssetKey, str]


def code_version(*files: Path) -> str:
    """A hash of this package and of the files that an asset is told what to do by."""
    return hashlib.sha256(f"{_package()} {hash_of(files, PACKAGE.parent)}".encode()).hexdigest()


@cache
def _package() -> str:
    return hash_of((path for pattern in ("*.py", "*.sql") for path in PACKAGE.rglob(pattern)), PACKAGE.parent)


def hash_of(files: Iterable[Path], base: Path) -> str:
    """A hash of names below `base` and bytes of files, in order of name."""
    digest = hashlib.sha256()
    for path in sorted(set(files)):
        content = path.read_bytes()
        name = path.relative_to(base) if path.is_relative_to(base) else path.name
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def report(instance: dg.DagsterInstance, versions: Versions) -> list[dg.AssetKey]:
    """Tell Dagster the versions of external assets that it does not know yet; returns their keys."""
    changed = [key for key, version in versions.items() if _known_version(instance, key) != version]
    for key in changed:
        instance.report_runless_asset_event(
            dg.AssetObservation(asset_key=key, tags={"dagster/data_version": versions[key]})
        )
    return changed


def _known_version(instance: dg.DagsterInstance, key: dg.AssetKey) -> str | None:
    records = instance.fetch_observations(key, limit=1).records
    observation = records[0].asset_observation if records else None
    return observation.tags.get("dagster/data_version") if observation else None


def stale(instance: dg.DagsterInstance, graph: BaseAssetGraph, settings: Settings) -> list[dg.AssetKey]:
    """The assets that must be made anew, all that follows from them with them, in order of name.

    What one step makes is made together: the tables of a registry; and the marts, as the gate before publishing judges all of
    them.
    """
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
    keys = graph.materializable_asset_keys
    found = {key for key in keys if resolver.get_status(key) != StaleStatus.FRESH or not _is_there(settings, key)}
    found |= {each for key in found for each in graph.get(key).execution_set_asset_keys}
    selected = dg.AssetSelection.assets(*found).downstream().resolve(graph) & keys if found else set()
    if any(key.path[0] in ("staging", "marts", "published") for key in selected):
        selected |= {key for key in keys if key.path[0] in ("staging", "marts", "published")}
    return sorted(selected)


def _is_there(settings: Settings, key: dg.AssetKey) -> bool:
    """Whether the table of an asset still lies where it was written."""
    match key.path[0]:
        case "published":
            return (settings.published / "current").exists()
        case "staging":
            return True
    return settings.table(*key.path).exists()


class _Loading(LoadingContext):
    """What Dagster caches its lookups in, for one question."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict:
        return self._loaders
