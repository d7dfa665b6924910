"""Whole runs: from a drop folder to the published file, in-process, each in a data folder of its own.

A run takes half a minute and more, most of it whatever the drop holds. Where a test needs a run to have been, it goes on from
a copy of a shared one (`sample_run`), which makes anew only what the test changes.
"""

import csv
import dataclasses
import io
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from carbon_assets.base.settings import Settings
from carbon_assets.platform import run
from carbon_assets.registries.description import load_registries
from carbon_assets.registries.release_gate import load_gate

REGISTRIES = load_registries(Settings.from_environment().configs)
GATE = load_gate(
    Settings.from_environment().configs, {f"{r.id}/{table}" for r in REGISTRIES.values() for table in r.tables}
)


@dataclass(frozen=True)
class Run:
    """A finished run: its report, and a look into what it made."""

    report: run.Report
    settings: Settings

    @property
    def database(self) -> Path:
        return self.settings.published / "current" / "carbon.duckdb"

    def sql(self, query: str) -> list[tuple]:
        """Ask the published file, as a reader would."""
        with duckdb.connect(str(self.database), read_only=True) as con:
            return con.execute(query).fetchall()


def run_drop(drop: Path, data: Path, **changes) -> Run:
    settings = dataclasses.replace(Settings.from_environment(), data=data, drop=drop, **changes)
    return Run(run.run(settings), settings)


def copied(made: Run, folder: Path, **changes) -> Run:
    """A finished run in a data folder of its own below `folder`, to go on from with other settings."""
    data = Path(shutil.copytree(made.settings.data, folder / "data", symlinks=True))
    return dataclasses.replace(made, settings=dataclasses.replace(made.settings, data=data, **changes))


def go_on(made: Run, **changes) -> Run:
    """The run once more in its own data folder, with other settings."""
    settings = dataclasses.replace(made.settings, **changes)
    return Run(run.run(settings), settings)


Rows = list[list[str]]
"""The cells of a CSV file, its header first."""


def cells(path: Path) -> Rows:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("windows-1252")
    return [row for row in csv.reader(io.StringIO(text, newline="")) if any(row)]


def write(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def rename(path: Path, column: str, name: str) -> None:
    """Give the first row of a file another name."""
    rows = cells(path)
    rows[1][rows[0].index(column)] = name
    write(path, rows)


# Of these what cannot be used is told with its line.
NOT_SHUFFLED = {"boundaries/index.csv"}


def shuffled(drop: Path, folder: Path) -> Path:
    """A copy of a drop in which the rows of every file stand in another order."""
    copy = Path(shutil.copytree(drop, folder))
    for path in sorted(copy.glob("*/*.csv")):
        if path.relative_to(copy).as_posix() in NOT_SHUFFLED:
            continue
        header, *rows = cells(path)
        random.Random(7).shuffle(rows)
        write(path, [header, *rows])
    return copy
