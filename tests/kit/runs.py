"""Whole runs: from a drop folder to the published file, in-process, each in a data folder of its own."""

import csv
import dataclasses
import io
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
