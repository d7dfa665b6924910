"""Where things lie and what this run may use, read from the environment in one place.

No other module reads `os.environ` or spells a folder of the data store. Knowledge about registries does not
belong here: that is `configs/`.

`configs/`, `expectations/` and `dbt_project/` stand beside the package in a checkout. An installed package carries copies
of them (`pyproject.toml` maps them into the wheel). They are read, never written to: all state goes below `data`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from carbon_assets.base.errors import ExitCode, PlainError

HOME = Path(__file__).resolve().parents[2]
"""The folder that holds the package: a checkout, or where packages are installed."""

SHIPPED = Path(__file__).resolve().with_name("shipped")
"""What an installed package carries of the checkout; a checkout has no such folder."""


def _path(name: str, default: Path) -> Path:
    value = os.environ.get(name)
    return Path(value).expanduser().resolve() if value else default


class SettingsError(PlainError):
    """A variable of the environment has a value that it cannot have."""

    exit_code = ExitCode.USAGE


def _count(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isdigit() or int(value) < 1:
        raise SettingsError(f"{name}={value!r}: a whole number of 1 or more is expected")
    return int(value)


def stated_now() -> datetime | None:
    """The instant of `CARBON_NOW`, which `clock.now` gives instead of the machine's; None where it is not set."""
    value = os.environ.get("CARBON_NOW")
    if not value:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise SettingsError(
            f"CARBON_NOW={value!r}: an instant of ISO 8601 with its time zone is expected, such as 2026-01-31T12:00:00Z"
        )
    return instant.astimezone(UTC)


@dataclass(frozen=True)
class Limits:
    """How much one file may be: bytes unpacked, and how many times its packed size; columns; bytes of a cell."""

    max_unpacked_bytes: int = 2 * 2**30
    max_unpacked_ratio: int = 200
    max_columns: int = 5_000
    max_cell_bytes: int = 2**20

    @classmethod
    def from_environment(cls) -> Limits:
        """Read `CARBON_MAX_*`. Raises `SettingsError`."""
        return cls(
            max_unpacked_bytes=_count("CARBON_MAX_UNPACKED_MB", 2_048) * 2**20,
            max_unpacked_ratio=_count("CARBON_MAX_UNPACKED_RATIO", 200),
            max_columns=_count("CARBON_MAX_COLUMNS", 5_000),
            max_cell_bytes=_count("CARBON_MAX_CELL_KB", 1_024) * 2**10,
        )


@dataclass(frozen=True)
class Settings:
    """Paths and switches of one process.

    `data` holds all state; `drop` is the folder that registries' files are taken from, laid out as
    `<drop>/<registry>/<file>`. `look_every`: seconds between two looks into the landing folder. `lock_wait`: seconds that a
    run waits for another one on the same data folder. `keep_runs`: how many runs Dagster remembers, besides those that it needs to
    know what is stale. `openrefine_url`: where an OpenRefine listens; nothing needs one.
    `dbt_cache`: where data folders share what dbt made of the dbt project; None: each data folder has its own.
    """

    data: Path
    drop: Path
    configs: Path
    expectations: Path
    dbt_project: Path
    threads: int
    memory_limit: str
    keep_versions: int
    look_every: int = 15
    lock_wait: int = 600
    keep_runs: int = 200
    openrefine_url: str | None = None
    dbt_cache: Path | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        """Read `CARBON_*` and `OPENREFINE_URL`.

        What is not set has its default in the checkout. Of an installed package the configs, suites and dbt project that it
        carries are the default, and the folder `data` of the working directory.
        """
        stated_now()  # a run is refused at once, not when it first asks for the time
        is_installed = SHIPPED.is_dir()
        shipped = SHIPPED if is_installed else HOME
        data = _path("CARBON_DATA_DIR", (Path.cwd() if is_installed else HOME) / "data")
        return cls(
            data=data,
            drop=_path("CARBON_DROP_DIR", data / "landing"),
            configs=_path("CARBON_CONFIG_DIR", shipped / "configs"),
            expectations=_path("CARBON_EXPECTATIONS_DIR", shipped / "expectations"),
            dbt_project=shipped / "dbt_project",
            threads=_count("CARBON_THREADS", os.cpu_count() or 2),
            memory_limit=os.environ.get("CARBON_MEMORY_LIMIT", "4GB"),
            keep_versions=_count("CARBON_KEEP_VERSIONS", 5),
            look_every=_count("CARBON_LOOK_EVERY", 15),
            lock_wait=_count("CARBON_LOCK_WAIT", 600),
            keep_runs=_count("CARBON_KEEP_RUNS", 200),
            openrefine_url=os.environ.get("OPENREFINE_URL") or None,
            dbt_cache=None if is_installed else HOME / "dbt_project" / "target",
        )

    def table(self, *key: str) -> Path:
        """The Parquet file of an asset key, e.g. ("normalized", "verra", "projects")."""
        return self.data.joinpath(*key[:-1], f"{key[-1]}.parquet")

    def raw(self, registry: str, table: str) -> Path:
        """The folder of a raw table's snapshots."""
        return self.data / "raw" / registry / table

    def quarantine(self, registry: str, table: str) -> Path:
        """The Parquet file of what could not be read of a table."""
        return self.table("quarantine", registry, table)

    @property
    def landing(self) -> Path:
        """The folder that the sensor watches: `<landing>/<registry>/<file>`."""
        return self.data / "landing"

    @property
    def published(self) -> Path:
        """The folder that readers look into."""
        return self.data / "published"

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps runs, events and checks."""
        return self.data / "dagster"

    @property
    def spill(self) -> Path:
        """Where DuckDB spills what does not fit its memory limit."""
        return self.data / "spill"

    @property
    def dbt_target(self) -> Path:
        """dbt's build database, logs and compiled SQL, and the project that it reads."""
        return self.data / "dbt"

    @property
    def dbt_parses(self) -> Path:
        """What dbt made of the dbt project, by its content."""
        return self.dbt_cache or self.dbt_target / "parses"

    @property
    def duckdb(self) -> dict[str, str | bool | int | float | list[str]]:
        """Limits of each in-memory DuckDB connection."""
        return {"threads": self.threads, "memory_limit": self.memory_limit, "temp_directory": str(self.spill)}

    def export(self) -> None:
        """Tell dbt, which reads the environment, how much memory it may use."""
        os.environ["CARBON_MEMORY_LIMIT"] = self.memory_limit
