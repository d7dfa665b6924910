"""All that this project uses of Dagster's insides, which have no public name. Each assumption has a test of its own.

Nothing else in the package imports from a module of Dagster's that begins with an underscore, or asks its storage directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext

AssetGraph = BaseAssetGraph


def asset_graph(definitions: dg.Definitions) -> AssetGraph:
    """The assets of definitions, with what depends on what."""
    return definitions.resolve_asset_graph()


def stale_keys(instance: dg.DagsterInstance, graph: AssetGraph) -> set[dg.AssetKey]:
    """The assets that the UI marks as stale or missing: other versions of code or inputs than when they were made."""
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
    return {key for key in graph.materializable_asset_keys if resolver.get_status(key) != StaleStatus.FRESH}


def made_together(graph: AssetGraph, keys: Iterable[dg.AssetKey]) -> set[dg.AssetKey]:
    """The assets with all that the same steps make."""
    return {other for key in keys for other in graph.get(key).execution_set_asset_keys}


def dependencies(graph: AssetGraph) -> dict[dg.AssetKey, set[dg.AssetKey]]:
    """What each asset that is made depends on."""
    return {key: set(graph.get(key).parent_keys) for key in graph.materializable_asset_keys}


def latest_evaluations(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]
) -> Mapping[dg.AssetCheckKey, dg.AssetCheckEvaluation | None]:
    """What became of each check when it was last evaluated, in whichever run; None where it never was, or not to its end."""
    asked = list(keys)
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(asked)
    events = {key: record.event.dagster_event for key, record in records.items() if record and record.event}
    return {key: _evaluation(events.get(key)) for key in asked}


def _evaluation(event: dg.DagsterEvent | None) -> dg.AssetCheckEvaluation | None:
    if event is None or event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    return event.asset_check_evaluation_data


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
