"""Small inputs that were once read wrong, each taken the whole way to the marts and held against its right value.

They lie beside the checkout and hold no row of a registry. Where either the right rows or a refusal is right, the one thing
that must never happen is another value.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base.sqltext import literal
from tests.kit.places import REAL_DATA
from tests.kit.runs import Run, run_drop

FOLDER = REAL_DATA / "cases"
BASE = {"issuance": 1_252_090, "retirement": 1_008_698}
"""Tonnes of the six rows of Verra that many cases write in another form."""

MARTS = ("credits", "projects", "credit_findings", "unknown_values")

pytestmark = [
    pytest.mark.soak,  # the rules of each stand in unit tests, too
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no cases beside this checkout"),
]


@dataclass(frozen=True)
class Outcome:
    """What became of the files of some registries in a run."""

    run: Run
    registries: frozenset[str]

    def sql(self, query: str) -> list[tuple]:
        """Ask the published file for what it says of these registries; nothing where there is none."""
        if not self.run.database.exists():
            return []
        named = ", ".join(map(literal, sorted(self.registries)))
        with duckdb.connect() as con:
            con.execute(f"attach {literal(str(self.run.database))} as published (read_only); create schema marts")
            for mart in MARTS:
                con.execute(f"create view marts.{mart} as from published.marts.{mart} where registry in ({named})")
            return con.execute(query).fetchall()

    @property
    def tonnes(self) -> dict[str, Decimal]:
        return dict(self.sql("select transaction_type, sum(quantity) from marts.credits group by 1"))

    @property
    def set_aside(self) -> list[str]:
        """The reasons of quarantined rows."""
        places = (self.run.settings.data / "quarantine" / registry for registry in self.registries)
        paths = sorted(path for place in places for path in place.glob("*.parquet"))
        query = "select reason from read_parquet(?)"
        return [reason for path in paths for (reason,) in duckdb.execute(query, [str(path)]).fetchall()]

    def says(self, *words: str) -> bool:
        """Whether one line of the report has all words."""
        return any(all(word in line for word in words) for line in self.run.report.lines)

    @property
    def is_refused(self) -> bool:
        return not self.run.report.ok and not self.tonnes


def are(tonnes: dict[str, float]) -> Callable[[Outcome], bool]:
    """These tonnes and no others."""
    right = {kind: Decimal(str(value)) for kind, value in tonnes.items()}
    return lambda made: made.tonnes == right


def are_or_refused(tonnes: dict[str, float]) -> Callable[[Outcome], bool]:
    """These tonnes, or the file is refused."""
    return lambda made: made.is_refused or are(tonnes)(made)


def notes(made: Outcome) -> set[str]:
    return {note for (note,) in made.sql("select retirement_note from marts.credits")}


def labels(made: Outcome) -> bool:
    labelled = made.sql("select quantity from marts.credits where list_contains(labels, 'CORSIA Pilot Phase')")
    return (Decimal(372),) in labelled or bool(made.sql("from marts.unknown_values where value = 'Eligible'"))


def revisions(made: Outcome) -> bool:
    doubled = made.sql("select sum(quantity) from marts.credit_findings") or [(None,)]
    return made.tonnes == {"issuance": 25_000} or doubled[0][0] == 20_000


CASES: dict[str, Callable[[Outcome], bool]] = {
    "01": lambda made: (
        are({"retirement": 1012})(made)
        and {
            '"On behalf of Alto Utilities, from the Bosque project"',
            'Crediti a nome di "Ditta Spa", anno 2024',
        }
        <= notes(made)
    ),
    "03": lambda made: {'a play called "Aurora" in May', '"Acme Foundation"'} <= notes(made),
    "04": labels,
    "06": are_or_refused({"issuance": 17_523, "retirement": 8_698}),
    "08": are_or_refused({"issuance": 42_696.237, "retirement": 16_882.783}),
    "09": lambda made: (
        made.sql("select distinct vintage_start from marts.credits where project_id = 'VCS90002'")
        == [(date(2021, 6, 1),)]
    ),
    "11": lambda made: are(BASE)(made) or (made.is_refused and made.says("sheet")),
    "13": lambda made: (
        made.sql("select count(*) from marts.credits where quantity in (1230000, 1000000)") == [(0,)]
        and len(made.set_aside) == 2
    ),
    "14": lambda made: (
        made.sql("select quantity::int, transaction_date from marts.credits order by 1")
        == [(10, date(2025, 9, 30)), (20, date(2025, 8, 9)), (30, date(2024, 9, 5))]
    ),
    "16": lambda made: made.sql("select project_id, issued::int from marts.projects") == [("ACR901", 1000)],
    "17": revisions,
    "19": lambda made: made.sql("select retirement_beneficiary from marts.credits") == [("Acme S.A",)],
    "21": are({"issuance": 1_790 + 2_636, "retirement": 2_636}),
    "24": lambda made: are(BASE)(made) or (not made.run.report.ok and made.says("vcus.csv", "transactions")),
    "26": lambda made: made.tonnes.get("retirement") == 290 or made.says("datasets.retiredCredits.rows"),
    "28": are(BASE),
    "p01": are(BASE),
    "p04": are(BASE),
    "p05": lambda made: are(BASE)(made) and len(made.set_aside) == 1,
    "p06": are(BASE),
}
"""The number that a case's folder begins with -> whether what became of it is right."""


def folder(number: str) -> Path:
    (found,) = FOLDER.glob(f"{number}_*")
    return found


def registries_of(number: str) -> frozenset[str]:
    return frozenset(path.name for path in folder(number).iterdir() if path.is_dir())


def drops() -> list[tuple[str, ...]]:
    """The cases, so that those of one drop are of different registries: a run takes as long for one as for five."""
    packed: list[tuple[str, ...]] = []
    for number in CASES if FOLDER.is_dir() else ():
        fitting = (d for d in packed if not any(registries_of(number) & registries_of(other) for other in d))
        drop = next(fitting, ())
        packed = [*(d for d in packed if d != drop), (*drop, number)]
    return packed


@pytest.mark.parametrize("numbers", drops(), ids="+".join)
def test_a_case_gives_its_right_value(numbers, tmp_path):
    for number in numbers:
        shutil.copytree(folder(number), tmp_path / "drop", dirs_exist_ok=True)
    run = run_drop(tmp_path / "drop", tmp_path / "data")
    made = {number: Outcome(run, registries_of(number)) for number in numbers}
    wrong = [
        f"{folder(n).name}: {made[n].tonnes}, set aside {made[n].set_aside}" for n in numbers if not CASES[n](made[n])
    ]
    assert not wrong, "\n".join([*wrong, *run.report.lines])


def test_every_case_has_a_right_value_here():
    """But for a title of a protocol, which is no file, and for shapes, which make no credits: unit tests hold those."""
    numbers = {path.name.split("_")[0] for path in FOLDER.iterdir() if path.is_dir()}
    assert numbers == set(CASES) | {"23", "p08"}
