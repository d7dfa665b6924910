"""Files corrupted as they never should come: what a full drop looks like in which most is wrong, and a run over it.

What the intake makes of each belongs in `tests/registries/pipeline/test_corrupted_drops.py`, what a run makes of them also in
`tests/platform/pipeline/test_gates.py`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from carbon_assets.registries import drops
from tests.kit import hostile_boundaries
from tests.kit.effort import quick_or_thorough
from tests.kit.runs import REGISTRIES, Rows, Run, cells, copied, go_on, rename, write


def column(rows: Rows, name: str) -> int:
    """The place of a column, whatever blanks its name has."""
    return next(i for i, cell in enumerate(rows[0]) if " ".join(cell.split()) == name)


def each(name: str, change: Callable[[str], str]) -> Callable[[Rows], Rows]:
    """Every filled cell of a column changed."""

    def corrupt(rows: Rows) -> Rows:
        at = column(rows, name)
        return [
            rows[0],
            *([*row[:at], change(row[at]) if row[at].strip() else row[at], *row[at + 1 :]] for row in rows[1:]),
        ]

    return corrupt


def swapped(one: str, other: str) -> Callable[[Rows], Rows]:
    """The headers of two columns exchanged."""

    def corrupt(rows: Rows) -> Rows:
        header = list(rows[0])
        a, b = column(rows, one), column(rows, other)
        header[a], header[b] = header[b], header[a]
        return [header, *rows[1:]]

    return corrupt


def halved(rows: Rows) -> Rows:
    return [rows[0], *rows[1::2]]


def cut_short(rows: Rows) -> Rows:
    return rows[: len(rows) * 2 // 3]


def emptied(rows: Rows) -> Rows:
    return rows[:1]


def of_last_year(rows: Rows) -> Rows:
    """The newest rows come first in all exports: an older file lacks them."""
    return [rows[0], *rows[1 + len(rows) // 5 :]]


def repeated_under_other_names(name: str) -> Callable[[Rows], Rows]:
    """Everything twice, the second time under other identifiers."""

    def corrupt(rows: Rows) -> Rows:
        at = column(rows, name)
        return [*rows, *([*row[:at], row[at] + "7", *row[at + 1 :]] for row in rows[1:])]

    return corrupt


def times(factor: int) -> Callable[[str], str]:
    return lambda cell: str(int(float(cell.replace(",", "")) * factor))


def centuries(years: int) -> Callable[[str], str]:
    """A day that many years later, in whichever order it is written."""

    def shift(cell: str) -> str:
        for start in range(len(cell) - 3):
            year = cell[start : start + 4]
            if year.isdigit() and year[:2] in ("19", "20"):
                return cell[:start] + str(int(year) + years) + cell[start + 4 :]
        return cell

    return shift


@dataclass(frozen=True)
class Case:
    """One table of one registry, corrupted."""

    name: str
    registry: str
    file: str
    corrupt: Callable[[Rows], Rows] | bytes | None

    @property
    def table(self) -> tuple[str, str]:
        """Registry and table that the file is."""
        spec = REGISTRIES[self.registry].tables
        return self.registry, next(table for table in spec if drops.is_file_of(Path(self.file), spec[table]))

    def apply(self, drop: Path) -> None:
        path = drop / self.registry / self.file
        if self.corrupt is None:
            shutil.rmtree(path.parent)
        elif isinstance(self.corrupt, bytes):
            path.write_bytes(self.corrupt)
        else:
            write(path, self.corrupt(cells(path)))


VERRA, GOLD, ACR, CAR = "verra", "gold-standard", "american-carbon-registry", "climate-action-reserve"
ARB = "nc-arboc_issuance_sheet3.csv"

ROUNDS = [
    [
        Case("half the transactions", VERRA, "transactions.csv", halved),
        Case("another file's columns", VERRA, "projects.csv", swapped("Name", "Proponent")),
        Case("tonnes times a thousand", GOLD, "retirements.csv", each("Quantity", times(1000))),
        Case("a century back", GOLD, "issuances.csv", each("Issuance Date", centuries(-100))),
        Case("cut short", GOLD, "projects.csv", cut_short),
        Case("dates to come", ACR, "retirements.csv", each("Status Effective (GMT)", centuries(100))),
        Case("no tonnes", ACR, "issuances.csv", each("Total Credits Issued", lambda cell: "0")),
        Case("nothing but a header", ACR, "cancellations.csv", emptied),
        Case("other identifiers", ACR, "projects.csv", each("Project ID", lambda cell: cell + "77")),
        Case("everything twice", CAR, "retirements.csv", repeated_under_other_names("Offset Credit Serial Numbers")),
        Case("tonnes twice", CAR, "issuances.csv", each("Total Offset Credits Issued", times(2))),
        Case("a web page", CAR, "projects.csv", b"<!DOCTYPE html><html><body>Session expired</body></html>"),
        Case("vintage and tonnes exchanged", "art-trees", "issuances.csv", swapped("Vintage", "Credits Verified")),
        Case("nothing at all", "cercarbono", "issuances.csv", b""),
        Case("users and countries exchanged", "cercarbono", "retirements.csv", each("end_user", lambda cell: "Colombia")),
        Case("a registry lost", "isometric", "issuances.csv", None),
        Case("no retirements", "arb", ARB, each("Retired 3rd Compliance Period (CA)", lambda cell: "0")),
    ],
    [
        Case("last year's file", VERRA, "transactions.csv", of_last_year),
        Case("garbled names", VERRA, "projects.csv", each("Name", lambda cell: "Ã" + cell[1:])),
        Case("retirements called cancellations", GOLD, "retirements.csv", each("Credit Status", lambda cell: "Canceled")),
        Case("last year's file", GOLD, "issuances.csv", of_last_year),
        Case("developers lost", GOLD, "projects.csv", each("Project Developer Name", lambda cell: "")),
        Case("tonnes by the thousand", ACR, "retirements.csv", each("Quantity of Credits", times(1000))),
        Case("vintages a century back", ACR, "issuances.csv", each("Vintage", centuries(-100))),
        Case("everything twice", ACR, "projects.csv", repeated_under_other_names("Project ID")),
        Case("half", CAR, "retirements.csv", halved),
        Case("cut short", CAR, "cancellations.csv", cut_short),
        Case("last year's file", CAR, "projects.csv", of_last_year),
        Case("half", "cercarbono", "projects.csv", halved),
        Case("times a thousand", "isometric", "retirements.csv", each("credit_batch_size_total.credits", times(1000))),
        Case("other projects", "art-trees", "retirements.csv", each("Program ID", lambda cell: "ART9999")),
        Case("half", "arb", ARB, halved),
    ],
]  # fmt: skip

RENAMED = "Renamed for a test"


def corrupted() -> list[Case]:
    """What is corrupted of the drop of a whole run; what the intake makes of each case is told elsewhere."""
    registries = quick_or_thorough({VERRA, GOLD, CAR, "isometric"}, {*REGISTRIES} - {"cercarbono"})
    return [case for case in ROUNDS[0] if case.registry in registries and case.table != (GOLD, "projects")]


@dataclass(frozen=True)
class Spoiled:
    """A good run, and a run over it of a drop in which most is corrupted, and the boundaries are hostile. `held`: rows that a reader
    counts who stayed connected, and those of a new one. `around`: what lay beside the data folder before and after."""

    before: Run
    version_before: str
    written_before: dict[str, int]
    after: Run
    held: tuple[int, int]
    around: tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]


def version(made: Run) -> str:
    """The name of the published version."""
    return made.database.parent.resolve().name


def written(made: Run) -> dict[str, int]:
    """When each normalized table was written, by registry and table."""
    tables = (made.settings.data / "normalized").glob("*/*.parquet")
    return {f"{path.parent.name}/{path.stem}": path.stat().st_mtime_ns for path in tables}


def set_severity(folder: Path, key: str, name: str, severity: str, **kwargs) -> None:
    """Let an expectation of a suite have another severity, and other arguments."""
    path = folder / f"{key}.json"
    suite = json.loads(path.read_text())
    for expectation in suite["expectations"]:
        if expectation["meta"]["name"] == name:
            expectation["severity"] = severity
            expectation["kwargs"] |= kwargs
    path.write_text(json.dumps(suite))


def spoil(good: Run, samples: Path, expectations: Path, folder: Path) -> Spoiled:
    """A good run, and then one of a drop in which most is corrupted, but not one registry and the projects of another; both have
    a project with a new name. Boundary files are hostile. One expectation of a mart warns."""
    drop = Path(shutil.copytree(samples, folder / "drop"))
    for case in corrupted():
        case.apply(drop)
    hostile_boundaries.add(drop / "boundaries", folder / "secret.txt")
    rename(drop / "cercarbono" / "projects.csv", "name", RENAMED)
    rename(drop / GOLD / "projects.csv", "Project Name", RENAMED)
    suites = Path(shutil.copytree(expectations, folder / "expectations"))
    set_severity(suites, "marts/projects", "issued_is_not_negative", "warning", max_value=1)
    before = copied(good, folder)
    version_before, written_before, around_before = version(before), written(before), _around(before)
    count = f"select count(*) from marts.projects where name = '{RENAMED}'"
    with duckdb.connect(str(before.database), read_only=True) as reader:
        reader.execute(count)
        after = go_on(before, drop=drop, expectations=suites)
        ((held,),) = reader.execute(count).fetchall()
    ((fresh,),) = after.sql(count)
    return Spoiled(before, version_before, written_before, after, (held, fresh), (around_before, _around(before)))


def _around(made: Run) -> dict[str, tuple[int, int]]:
    """All files beside the data folder, with size and time."""
    data = made.settings.data
    paths = (path for path in data.parent.rglob("*") if path.is_file() and not path.is_relative_to(data))
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}
