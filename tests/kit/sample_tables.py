"""The sample file of every table that `configs/registries/` describes, and ways to write it differently.

No registry is named here: a new one is found, and held to the same contract, by its YAML file and its sample alone.
"""

import csv
import functools
import gzip
import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from carbon_assets.base.readers import header_key, opened
from carbon_assets.registries import drops, normalize
from carbon_assets.registries.description import Registry, load_registries
from carbon_assets.registries.layouts import layout_of
from carbon_assets.registries.normalize import Normalized
from carbon_assets.registries.table import Table
from carbon_assets.snapshots.store import Contents, Snapshot
from tests.kit.engine import connection
from tests.kit.places import HOME

SAMPLES = HOME / "tests" / "samples"
OBSERVED = datetime(2026, 6, 1, tzinfo=UTC)
"""A fixed day after every date of the samples, so that what is of the future today is so next year."""


@dataclass(frozen=True)
class Sample:
    """One table of one registry, and its file."""

    registry: Registry
    table: str
    path: Path | None

    @property
    def id(self) -> str:
        return f"{self.registry.id}/{self.table}"

    @property
    def spec(self) -> Table:
        """The table as it is in the sample."""
        return _form(self.registry.tables[self.table], self.path)

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    def snapshot(self, content: bytes, file: str | None = None) -> Snapshot:
        return Snapshot(
            registry=self.registry.id,
            table=self.table,
            file=file or self.path.name,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            observed_at=OBSERVED,
            asserted_by="a test",
            source_path="a test",
            stored_as="nowhere",
        )


@functools.cache
def _form_of(layouts: str, path: Path | None) -> str | None:
    """The layout of a sample; `layouts`: those that there are, as text."""
    table = Table.model_validate_json(layouts)
    return layout_of(table, opened(path.name, path.read_bytes())) if path else None


def _form(table: Table, path: Path | None) -> Table:
    return table.by(_form_of(table.model_dump_json(), path)) if table.layouts else table


def samples() -> list[Sample]:
    """Every table of every registry, with the file that the drop of samples has for it."""
    return [
        Sample(registry, table, drops.find(SAMPLES, registry.id, spec))
        for registry in load_registries(HOME / "configs").values()
        for table, spec in registry.tables.items()
    ]


NormalizeSample = Callable[..., Normalized]


def normalizer(
    connect: Callable[[], duckdb.DuckDBPyConnection] = connection, records: str | None = None
) -> NormalizeSample:
    """A function that normalizes a sample, or other bytes in its place; tables that resolve their registry's project keys
    get its sample's projects. `records`: stands for the hash of each file's
    records, which is then not reckoned."""
    known = {sample.id: sample for sample in samples()}

    @functools.cache
    def projects(registry: str) -> pa.Table:
        return run(known[f"{registry}/projects"]).rows

    def run(sample: Sample, content: bytes | None = None, file: str | None = None) -> Normalized:
        content = sample.content if content is None else content
        snapshot = sample.snapshot(content, file)
        if records:
            snapshot = snapshot.model_copy(update={"contents": Contents(records=records)})
        raw = normalize.read_file(sample.registry, sample.table, snapshot.file, content)
        own_projects = projects(sample.registry.id) if sample.spec.resolves_projects else None
        with connect() as con:
            return normalize.normalize(con, sample.registry, sample.table, snapshot, raw, own_projects)

    return run


def decoded(content: bytes) -> str:
    """The text of a sample; they come in two encodings."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("windows-1252")


@dataclass(frozen=True)
class Records:
    """A delimited file as a header and rows of cells. A blank line is a row without cells."""

    header: list[str]
    rows: list[list[str]]

    @classmethod
    def of(cls, content: bytes) -> "Records":
        header, *rows = csv.reader(io.StringIO(decoded(content), newline=""))
        return cls(header, rows)

    @property
    def filled(self) -> list[list[str]]:
        """The rows that are not blank lines."""
        return [row for row in self.rows if any(cell.strip() for cell in row)]

    def text(self, line_end: str = "\n") -> str:
        file = io.StringIO(newline="")
        csv.writer(file, lineterminator=line_end).writerows([self.header, *self.rows])
        return file.getvalue()

    def content(self) -> bytes:
        return self.text().encode()

    def lines(self) -> list[int]:
        """The physical line on which each row begins."""
        starts, line = [], 2 + sum(name.count("\n") for name in self.header)
        for row in self.rows:
            starts.append(line)
            line += 1 + sum(cell.count("\n") for cell in row)
        return starts

    def places(self, names: Iterable[str]) -> list[int]:
        """Which columns have one of the names."""
        keys = {header_key(name) for name in names}
        return [place for place, name in enumerate(self.header) if header_key(name) in keys]

    def without(self, names: Iterable[str]) -> "Records":
        """The file without the columns of these names."""
        gone = set(self.places(names))

        def rest(row: list[str]) -> list[str]:
            return [cell for place, cell in enumerate(row) if place not in gone]

        return Records(rest(self.header), [rest(row) for row in self.rows])

    def with_column(self, name: str, cell: str) -> "Records":
        """The file with one more column, the same cell in every row."""
        return Records([*self.header, name], [[*row, cell] if row else row for row in self.rows])

    def with_cell(self, row: int, place: int, cell: str) -> "Records":
        """The file with one cell written differently."""
        changed = [*self.rows[row][:place], cell, *self.rows[row][place + 1 :]]
        return Records(self.header, [*self.rows[:row], changed, *self.rows[row + 1 :]])


def written_differently(content: bytes, file: str) -> dict[str, tuple[bytes, str]]:
    """The same records as other programs would write them: bytes and file name, by what differs."""
    records = Records.of(content)
    return {
        "gzip": (gzip.compress(content), file + ".gz"),
        "LF": (records.content(), file),
        "CRLF": (records.text("\r\n").encode(), file),
        "BOM": (b"\xef\xbb\xbf" + decoded(content).encode(), file),
    }
