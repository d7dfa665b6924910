"""Gross corruptions of a full drop: none is published, the last good data stay, and a person can let one through."""

import dataclasses
import shutil
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.registries import intake, landing
from carbon_assets.registries.intake import Intake
from carbon_assets.snapshots import store as snapshots
from tests.kit.commands import carbon
from tests.kit.corruptions import GOLD, RENAMED, ROUNDS, corrupted
from tests.kit.hostile_boundaries import CHANGED
from tests.kit.places import REAL_DATA, SAMPLES
from tests.kit.runs import GATE, REGISTRIES, Run, copied, go_on

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


@pytest.mark.parametrize(
    "cases", [pytest.param(ROUNDS[0], id="first"), pytest.param(ROUNDS[1], id="second", marks=pytest.mark.slow)]
)
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


@pytest.fixture(scope="module")
def spoiled(spoiled_run, tmp_path_factory) -> Run:
    """The spoiled run, to go on from."""
    return copied(spoiled_run.after, tmp_path_factory.mktemp("spoiled"))


def renamed(run: Run) -> list[str]:
    """The registries of the published projects with the new name."""
    rows = run.sql(f"select registry from marts.projects where name = '{RENAMED}' order by registry")
    return [registry for (registry,) in rows]


def test_nothing_corrupted_is_published_and_the_others_go_on(sample_run, spoiled):
    assert not spoiled.report.ok
    assert renamed(spoiled) == ["cercarbono"]
    (project,) = spoiled.sql(f"select project_id from marts.projects where name = '{RENAMED}'")[0]
    for mart, key in (("credits", "credit_id"), ("projects", "project_id")):
        query = f"select * exclude (snapshot_id) from marts.{mart} where {key} not in ('{project}', '{CHANGED}') order by {key}"
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


@pytest.mark.slow  # the intake of what is let through: `registries/unit/test_intake.py`
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
