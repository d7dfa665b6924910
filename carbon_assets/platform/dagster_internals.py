"""All that this project uses of Dagster's insides, which have no public name. Each assumption has a test of its own.

Nothing else in the package imports from a module of Dagster's that begins with an underscore, or asks its storage directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import (
    INPUT_DATA_VERSION_TAG_PREFIX,
    CachingStaleStatusResolver,
    StaleStatus,
)
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run_iterator
from dagster._core.instance.ref import InstanceRef
from dagster._core.loader import LoadingContext
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.workspace.load import location_origin_from_module_name
from dagster._serdes import ConfigurableClassData

from carbon_assets.base.settings import HOME

AssetGraph = BaseAssetGraph

DEFINITIONS = "carbon_assets.definitions"
"""The module that `workspace.yaml` has Dagster load, and so what Dagster calls the place of the jobs."""


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

    def forget(self, shard: str) -> None:
        """Remove the file of a run."""
        with self._db_lock:
            if engine := self._held.pop(shard, None):
                engine.dispose()
            self._initialized_dbs.discard(shard)
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path_for_shard(shard)}{suffix}").unlink(missing_ok=True)

    def dispose(self) -> None:
        """Close what is held."""
        super().dispose()
        with self._db_lock:
            for engine in self._held.values():
                engine.dispose()
            self._held.clear()


_MAX_SECONDS_BUSY = 300
"""How long a statement waits for another process that writes."""


@dataclass(frozen=True)
class Begun:
    """A run of a job in this process: it goes on as its events are asked for. `steps`: keys of those that it has to do."""

    run_id: str
    steps: frozenset[str]
    events: Iterator[dg.DagsterEvent]


def begin(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    keys: Iterable[dg.AssetKey] | None = None,
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Begun:
    """Begin a run in this process; `keys`: of the assets to make, if not all of the job.

    As `JobDefinition.execute_in_process`, but for two things: its events come while it goes on; and the run says where its job
    is found, without which the UI's timeline and the job's own page leave it out.
    """
    wanted = list(keys) if keys is not None else None
    here = job.as_ephemeral_job(resource_defs={}, input_values={}, asset_selection=wanted)
    run = instance.create_run_for_job(
        here,
        run_config=run_config,
        tags={**job.run_tags, **(tags or {})},
        asset_selection=frozenset(wanted) if wanted else None,
        remote_job_origin=origin_of(job.name),
    )
    steps = frozenset(run.step_keys_to_execute or ())
    return Begun(run.run_id, steps, execute_run_iterator(InMemoryJob(here), run, instance))


def origin_of(job: str) -> RemoteJobOrigin:
    """Where the UI finds a job of this project."""
    place = location_origin_from_module_name(DEFINITIONS, attribute=None, working_directory=str(HOME))
    return RemoteRepositoryOrigin(place, SINGLETON_REPOSITORY_NAME).get_job_origin(job)


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


def versions_made_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> Mapping[str, str]:
    """The versions of its inputs, by their keys as text, that an asset was made of when it was last made."""
    record = instance.get_latest_materialization_event(key)
    tags = (record.asset_materialization.tags if record and record.asset_materialization else None) or {}
    prefix = f"{INPUT_DATA_VERSION_TAG_PREFIX}/"
    return {name.removeprefix(prefix): version for name, version in tags.items() if name.startswith(prefix)}


def runs_that_count(instance: dg.DagsterInstance, graph: AssetGraph) -> set[str]:
    """The ids of the runs that last made, observed or checked something: without them Dagster takes it for stale, or falls back
    on what an earlier run found."""
    keys = sorted(set(instance.all_asset_keys()) | set(graph.get_all_asset_keys()))
    made = (instance.get_latest_materialization_event(key) for key in keys)
    observed = (record for key in keys for record in instance.fetch_observations(key, limit=1).records)
    checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(graph.asset_check_keys))
    return {
        *(event.run_id for event in made if event),
        *(record.event_log_entry.run_id for record in observed),
        *(record.run_id for record in checks.values() if record),
    }


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run with its events and logs, and the file that held its events, which Dagster leaves behind."""
    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    if isinstance(instance.event_log_storage, EventLog):
        instance.event_log_storage.forget(run_id)


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
