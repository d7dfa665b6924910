"""Gross corruptions of a full drop: none is published, the last good data stay, and a person can let one through."""

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.registries import drops, intake, landing
from carbon_assets.registries.intake import Intake
from carbon_assets.snapshots import store as snapshots
from tests.kit.commands import carbon
from tests.kit.effort import quick_or_thorough
from tests.kit.places import REAL_DATA, SAMPLES
from tests.kit.runs import GATE, REGISTRIES, Rows, Run, cells, copied, go_on, rename, write


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

DROPS = [
    pytest.param(SAMPLES, id="samples"),
    pytest.param(
        REAL_DATA / "registries",
        id="real",
        marks=[
            pytest.mark.slow,
            pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no real registry data beside this checkout"),
        ],
    ),
]


def take_drop(settings: Settings) -> dict[tuple[str, str], Intake]:
    """Every table of the drop through the raw store and the gate, as its asset does it."""
    taken = {}
    landing.take_drop(settings)
    for registry in REGISTRIES.values():
        with duckdb.connect() as con:
            found_all = intake.take_in(con, settings, registry, GATE)
        for table, found in found_all.items():
            rows = intake.rows_in_use(registry, table, found)
            store.write(settings.table("normalized", registry.id, table), rows, registry.tables[table].canonical)
            for snapshot, _ in found.accepted:
                snapshots.accept(settings, snapshot)
            taken[registry.id, table] = found
    return taken


@pytest.fixture(scope="module", params=DROPS)
def good(request, tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("good")
    drop = Path(shutil.copytree(request.param, folder / "drop"))
    settings = dataclasses.replace(Settings.from_environment(), data=folder / "data", drop=drop)
    assert not {where: found.refusal for where, found in take_drop(settings).items() if found.refusal}
    return settings


@pytest.mark.parametrize("cases", ROUNDS, ids=["first", "second"])
def test_every_corruption_is_refused_or_held_back(good, cases, tmp_path):
    drop = Path(shutil.copytree(good.drop, tmp_path / "drop"))
    data = Path(shutil.copytree(good.data, tmp_path / "data"))
    for case in cases:
        case.apply(drop)
    taken = take_drop(dataclasses.replace(good, data=data, drop=drop))
    accepted = {where: [s.file for s, _ in found.accepted] for where, found in taken.items() if found.accepted}
    assert not accepted
    corrupted = {case.table for case in cases if case.corrupt is not None}
    assert {where for where, found in taken.items() if found.refusal} == corrupted


RENAMED = "Renamed for a test"


@pytest.fixture(scope="module")
def spoiled(sample_run, samples, tmp_path_factory) -> Run:
    """A good run, and then one of a drop in which most is corrupted, but not one registry and the projects of another; both have
    a project with a new name."""
    folder = tmp_path_factory.mktemp("spoiled")
    drop = Path(shutil.copytree(samples, folder / "drop"))
    for case in corrupted():
        case.apply(drop)
    rename(drop / "cercarbono" / "projects.csv", "name", RENAMED)
    rename(drop / GOLD / "projects.csv", "Project Name", RENAMED)
    return go_on(copied(sample_run, folder), drop=drop)


def corrupted() -> list[Case]:
    """What is corrupted of the drop of a whole run; what the intake makes of each case is told above."""
    registries = quick_or_thorough({VERRA, GOLD, CAR, "isometric"}, {*REGISTRIES} - {"cercarbono"})
    return [case for case in ROUNDS[0] if case.registry in registries and case.table != (GOLD, "projects")]


def renamed(run: Run) -> list[str]:
    """The registries of the published projects with the new name."""
    rows = run.sql(f"select registry from marts.projects where name = '{RENAMED}' order by registry")
    return [registry for (registry,) in rows]


def test_nothing_corrupted_is_published_and_the_others_go_on(sample_run, spoiled):
    assert not spoiled.report.ok
    assert renamed(spoiled) == ["cercarbono"]
    (project,) = spoiled.sql(f"select project_id from marts.projects where name = '{RENAMED}'")[0]
    for mart, key in (("credits", "credit_id"), ("projects", "project_id")):
        query = f"select * exclude (snapshot_id) from marts.{mart} where {key} <> '{project}' order by {key}"
        assert spoiled.sql(query) == sample_run.sql(query)
    said = [line for line in spoiled.report.lines if line.startswith(("HELD BACK", "REFUSED"))]
    for case in corrupted():
        if case.corrupt is not None:
            assert any(f"normalized/{'/'.join(case.table)}: " in line for line in said), case


def test_a_good_file_waits_with_the_held_back_ones_of_its_registry(spoiled):
    (line,) = [line for line in spoiled.report.lines if "normalized/gold-standard/projects" in line]
    assert "waits, as gold-standard/issuances and gold-standard/retirements are held back" in line
    newest = "select state, reason from marts.snapshots where source_path like '%gold-standard/projects.csv'"
    state, reason = spoiled.sql(f"{newest} order by observed_at desc")[0]
    assert (state, reason in line) == ("held back", True)


def test_a_person_lets_a_snapshot_through_by_name_and_it_is_recorded(sample_run, spoiled, monkeypatch, capsys):
    """And the file of before does not come back in silence: A, then B, then A again."""
    held = snapshots.current(spoiled.settings, GOLD, "retirements")
    assert any(held.name in line for line in spoiled.report.lines), "the report must say how to let it through"
    monkeypatch.setenv("CARBON_DATA_DIR", str(spoiled.settings.data))
    assert carbon("release", held.name, "--by", "Ada", "--reason", "the registry says so") == 0
    assert held.name in capsys.readouterr().out
    run = go_on(spoiled)
    tonnes = "select sum(quantity) from marts.credits where source = 'gold-standard/retirements'"
    assert run.sql(tonnes)[0][0] > 100 * sample_run.sql(tonnes)[0][0]
    assert run.sql("select released_by, release_reason, state from marts.snapshots where released_by is not null") == [
        ("Ada", "the registry says so", "in use")
    ]
    assert renamed(run) == ["cercarbono"], "the issuances are still held back"
    assert (GOLD, "projects") in held_back(spoiled.settings)

    put_back(spoiled, sample_run, "issuances")
    assert {where for where in held_back(spoiled.settings) if where[0] == GOLD} == set()
    assert names_in_use(spoiled.settings).count(RENAMED) == 1

    put_back(spoiled, sample_run, "projects")
    assert "in use before" in held_back(spoiled.settings)[GOLD, "projects"]
    assert names_in_use(spoiled.settings).count(RENAMED) == 1


def put_back(spoiled: Run, before: Run, table: str) -> None:
    """Put a file of the good drop over the one that came after it."""
    shutil.copy(before.settings.drop / GOLD / f"{table}.csv", spoiled.settings.drop / GOLD / f"{table}.csv")


def held_back(settings: Settings) -> dict[tuple[str, str], str]:
    """What is not let in of the drop as it now stands, and why."""
    return {where: found.refusal for where, found in take_drop(settings).items() if found.refusal}


def names_in_use(settings: Settings) -> list[str]:
    return store.read(settings.table("normalized", GOLD, "projects"))["name"].to_pylist()
