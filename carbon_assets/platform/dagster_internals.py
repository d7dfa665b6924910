"""All that this project uses of Dagster's insides, which have no public name. Each assumption has a test of its own.

Nothing else in the package imports from a module of Dagster's that begins with an underscore, or asks its storage directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.instance.ref import InstanceRef
from dagster._core.loader import LoadingContext
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

AssetGraph = BaseAssetGraph


def opened(home: Path) -> dg.DagsterInstance:
    """The instance of Dagster's home for a process that runs many steps; `dagster.yaml` decides the rest."""
    events = {
        "module": EventLog.__module__,
        "class": EventLog.__name__,
        "config": {"base_dir": str(home / "history" / "runs")},
    }
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides={"event_log_storage": events}))


class EventLog(SqliteEventLogStorage):
    """Dagster's own event log, with its connections held and their statements compiled once.

    Dagster opens and closes a database for each statement, and waits for the disk each time: 9 of the 50 CPU seconds of a run
    with 640 checks. With `synchronous=NORMAL` a killed process loses nothing, and a power cut at most the last events.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._held: dict[str, sqlalchemy.Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> EventLog:
        """As Dagster makes its storages."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        with self._db_lock:
            engine = self._held.get(shard) or self._hold(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _hold(self, shard: str) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=sqlalchemy.StaticPool,
            connect_args={"timeout": _MAX_SECONDS_BUSY, "check_same_thread": False},
        )
        sqlalchemy.event.listen(
            engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL")
        )
        self._held[shard] = engine
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Dagster asks for each event of a check, in a connection of its own; a table that there
        was there is."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close what is held."""
        super().dispose()
        with self._db_lock:
            for engine in self._held.values():
                engine.dispose()
            self._held.clear()


_MAX_SECONDS_BUSY = 300
"""How long a statement waits for another process that writes."""


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
