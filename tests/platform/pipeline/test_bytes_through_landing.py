"""Files damaged as bytes beside sound ones, through the landing folder and through a drop: the sound ones of two registries are
taken and used as if they were alone, the last good files of the others stay in use, and each damaged one is accounted for.

What the readers make of many more belongs in `test_byte_fuzz.py` of registries and of boundaries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.boundaries import drops as boundary_drops
from carbon_assets.boundaries import rules as boundary_rules
from carbon_assets.platform.subject import subjects, takers
from carbon_assets.registries import intake, schema, stated
from carbon_assets.registries.intake import Intake
from carbon_assets.snapshots import landing, ledger
from tests.kit import boundary_originals
from tests.kit.building import settings_in
from tests.kit.byte_judge import explained, mutant, why_no_reason
from tests.kit.byte_mutants import Damaged
from tests.kit.byte_originals import SAMPLES_BY_ID, originals
from tests.kit.engine import connection
from tests.kit.form_judge import first_difference
from tests.kit.places import SAMPLES
from tests.kit.runs import GATE, REGISTRIES

MUTANTS, MUTANTS_OF_BOUNDARIES = 40, 10
SOUND = tuple(REGISTRIES)[:2]
"""The registries that get nothing but sound files."""
INTAKES = takers(subjects())
TOLD = {"refused", "held back"}
ACCOUNTED_FOR = TOLD | {"in use", "superseded", "overtaken", "waiting", "repeated"}

Files = dict[str, bytes]
"""Bytes by path below the landing folder or a drop."""
Take = Callable[[Settings, Files], dict[str, str]]
"""Takes files, and says why each one that it does not take was left or moved aside, by path."""


def through_landing(settings: Settings, files: Files) -> dict[str, str]:
    _write(settings.landing, files)
    whole, _ = landing.look(settings, INTAKES, landing.look(settings, INTAKES, {})[1])
    assert {str(path.relative_to(settings.landing)) for path in whole} == set(files)
    outcomes = list(landing.take(settings, INTAKES, whole))
    assert len(outcomes) == len(files)
    assert not [path for path in settings.landing.glob("[!.]*/*") if path.is_file()]
    rejected = [outcome for outcome in outcomes if isinstance(outcome, landing.Rejected)]
    return {f"{one.path.parent.name}/{one.path.name.split('-', 1)[1]}": one.reason for one in rejected}


def through_a_drop(settings: Settings, files: Files) -> dict[str, str]:
    """A new drop each time, as a folder that is filled anew."""
    for old in (path for path in settings.drop.rglob("*") if path.is_file()):
        old.unlink()
    _write(settings.drop, files)
    strays = landing.strays_of(settings, INTAKES)
    outcomes = [taker.take_drop(settings, strays) for taker in INTAKES]
    lines = [line for outcome in outcomes for line in (*outcome.failures, *outcome.left)]
    return {
        name: line for name in files for line in lines if Path(name).name in line and name.partition("/")[0] in line
    }


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def use(settings: Settings) -> dict[str, Intake]:
    """What becomes of the files that were taken, as the assets of registries and boundaries do it."""
    used = {}
    for registry in REGISTRIES.values():
        with connection() as con:
            taken = intake.take_in(con, settings, registry, GATE)
        for table, found in taken.items():
            intake.write(settings, registry, table, intake.rows_in_use(registry, table, found), "of a test")
            aside = found.result.quarantine if found.result else schema.QUARANTINE.empty_table()
            store.write(settings.quarantine(registry.id, table), aside, schema.QUARANTINE)
            stated.write(settings, registry, table, found.result.stated if found.result else None)
            intake.record(settings, registry, found)
            used[f"{registry.id}/{table}"] = found
    boundary_drops.read(settings, boundary_rules.load(settings.configs).rules)
    return used


def sound_files(*registries: str) -> Files:
    """The samples of registries."""
    own = (sample for sample in SAMPLES_BY_ID.values() if sample.registry.id in registries)
    return {f"{sample.registry.id}/{sample.path.name}": sample.content for sample in own}


def mutants() -> Iterator[tuple[int, Damaged]]:
    files = [one for one in originals() if one.of.partition("/")[0] not in SOUND]
    yield from ((seed, mutant(files, seed)) for seed in range(MUTANTS))
    yield from ((seed, mutant(boundary_originals.originals(), seed)) for seed in range(MUTANTS_OF_BOUNDARIES))


def path_of(changed: Damaged, seed: int) -> str:
    """Every second table has another name than its registry gives it: what it is must be told by its bytes."""
    folder, _, table = changed.original.of.partition("/")
    return f"{folder}/{f'copy {seed} of ' if table and seed % 2 else ''}{changed.name}"


def in_turns() -> list[dict[str, tuple[int, Damaged]]]:
    """The mutants by path, in as few turns as have no path twice."""
    turns: list[dict[str, tuple[int, Damaged]]] = []
    for seed, changed in mutants():
        path = path_of(changed, seed)
        free = next((turn for turn in turns if path not in turn), None)
        if free is None:
            turns.append(free := {})
        free[path] = (seed, changed)
    return turns


def rows_of(used: dict[str, Intake], registries: tuple[str, ...]) -> dict[str, pa.Table]:
    return {where: found.result.rows for where, found in used.items() if where.partition("/")[0] in registries}


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[str, pa.Table]:
    """The tables of the two registries when nothing else is there."""
    settings = settings_in(tmp_path_factory.mktemp("alone"), threads=1)
    assert through_landing(settings, sound_files(*SOUND)) == {}
    with connection() as con:
        taken = {name: intake.take_in(con, settings, REGISTRIES[name], GATE) for name in SOUND}
    return {f"{name}/{table}": found.result.rows for name in SOUND for table, found in taken[name].items()}


@pytest.mark.slow
@pytest.mark.parametrize("take", [through_landing, through_a_drop], ids=["landing", "drop"])
def test_no_damaged_file_touches_another(take, alone, tmp_path):
    settings = settings_in(tmp_path, threads=1)
    others = tuple(name for name in REGISTRIES if name not in SOUND)
    boundaries = {f"boundaries/{path.name}": path.read_bytes() for path in SAMPLES.glob("boundaries/*.geojson")}
    assert take(settings, sound_files(*others) | boundaries) == {}
    before = use(settings)
    for number, turn in enumerate(in_turns()):
        sound = sound_files(*SOUND) if number == 0 else {}
        left = take(settings, {path: changed.content for path, (_, changed) in turn.items()} | sound)
        used = use(settings)
        assert not set(left) & set(sound)
        known = ledger_by_sha(settings)
        faults = [
            explained(changed, seed, wrong)
            for path, (seed, changed) in turn.items()
            if (wrong := not_accounted_for(changed, left.get(path), known))
        ]
        assert not faults, "\n".join(faults)
        for where, rows in rows_of(used, SOUND).items():
            assert first_difference(alone[where], rows) is None, where
        assert not [where for where, found in before.items() if found.result and not used[where].result]


def ledger_by_sha(settings: Settings) -> dict[str, dict]:
    names = [names for taker in INTAKES for names in taker.tables(settings)]
    return {row["sha256"]: row for row in ledger.snapshots_table(settings, names).to_pylist()}


def not_accounted_for(changed: Damaged, why_left: str | None, known: dict[str, dict]) -> str | None:
    """What is wrong with the account of a damaged file."""
    if why_left is not None:
        return why_no_reason(why_left)
    row = known.get(hashlib.sha256(changed.content).hexdigest())
    if row is None or row["state"] not in ACCOUNTED_FOR:
        return f"nothing is told of it: {row}"
    return why_no_reason(row["reason"]) if row["state"] in TOLD else None
