"""ACR publishes on another platform: its feeds are read as its reports were, and the same events are the same."""

import shutil
from pathlib import Path

import duckdb
import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.history import changes
from carbon_assets.history.classes import load_classes
from carbon_assets.history.dependence import Dependence
from carbon_assets.registries import intake, landing
from carbon_assets.snapshots import store as snapshots
from tests.kit import greentrace
from tests.kit.building import CONFIGS, settings_in
from tests.kit.places import REAL_DATA, SAMPLES
from tests.kit.runs import GATE, REGISTRIES

ACR = "american-carbon-registry"


class Eras:
    """A data folder that takes drops of ACR alone, and what it holds after each."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = settings_in(folder)
        self.folder = self.settings.drop / ACR

    def take(self, files: dict[str, str], suffix: str) -> dict[str, intake.Intake]:
        """Take files in, by table, as the registry's asset does."""
        shutil.rmtree(self.settings.drop, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for table, text in files.items():
            (self.folder / f"{table}{suffix}").write_text(text)
        outcome = landing.take_drop(self.settings)
        assert not outcome.failures, outcome.failures
        registry = REGISTRIES[ACR]
        with duckdb.connect() as con:
            taken = intake.take_in(con, self.settings, registry, GATE)
        for table, found in taken.items():
            intake.write(self.settings, registry, table, intake.rows_in_use(registry, table, found), "a test")
            for snapshot, _ in found.accepted:
                snapshots.accept(self.settings, snapshot)
        return taken

    def changes(self) -> list[dict]:
        """What changed from each file to the next, of all tables."""
        registry = REGISTRIES[ACR]
        rows = []
        with duckdb.connect() as con:
            for table in registry.tables:
                dependence = Dependence(self.settings, registry, table, load_classes(CONFIGS))
                for pair in snapshots.compared(self.settings, ACR, table)[-1:]:
                    rows += changes.kept(con, dependence, *pair).to_pylist()
        return rows


@pytest.fixture(scope="module")
def reports() -> dict[str, str]:
    return {path.stem: path.read_text() for path in (SAMPLES / ACR).glob("*.csv")}


@pytest.fixture(scope="module")
def feeds() -> dict[str, str]:
    return greentrace.feeds_of(SAMPLES / ACR)


@pytest.fixture(scope="module")
def reported(tmp_path_factory, reports) -> tuple[Path, dict[str, intake.Intake]]:
    """A folder in which the reports were taken, and what was made of them."""
    folder = tmp_path_factory.mktemp("reported")
    return folder, Eras(folder).take(reports, ".csv")


@pytest.fixture
def eras(reported, tmp_path) -> Eras:
    """After the reports."""
    shutil.copytree(reported[0], tmp_path, dirs_exist_ok=True)
    return Eras(tmp_path)


def ids(taken: dict[str, intake.Intake], table: str) -> set[str]:
    column = "project_id" if table == "projects" else "credit_id"
    return set(taken[table].result.rows[column].to_pylist())


def test_the_same_events_keep_their_ids_and_nothing_is_rewritten(eras, reported, feeds):
    _, before = reported
    after = eras.take(feeds, ".json")
    assert {table: found.refusal for table, found in after.items() if found.refusal} == {}
    for table in REGISTRIES[ACR].tables:
        assert after[table].result.rows_in and ids(after, table) == ids(before, table), table
        assert after[table].result.tonnes == before[table].result.tonnes, table
    changed = eras.changes()
    assert [row for row in changed if row["is_retroactive"]] == []
    # One word of the feed stands for several statuses of the report, some of which are earlier ones.
    assert {(row["table"] == "projects", row["change_class"]) for row in changed} == {
        (False, "source changed"), (True, "source changed"), (True, "status changed"),
    }  # fmt: skip
    of_source = [row for row in changed if row["change_class"] == "source changed"]
    fields = [(row["table"], row["fields"][0]["field"]) for row in of_source]
    assert len(fields) == len(set(fields)), "one line per column"
    assert ("retirements", "retirementReasonDisplayName") in fields


@pytest.mark.parametrize("table", ["issuances", "retirements", "cancellations"])
def test_a_quantity_that_differs_is_one_retroactive_change(eras, feeds, table):
    changed = feeds[table].replace('"holdingQuantity": 12000,', '"holdingQuantity": 11000,', 1)
    if changed == feeds[table]:
        first = feeds[table].split('"holdingQuantity": ')[1].split(",")[0]
        changed = feeds[table].replace(f'"holdingQuantity": {first},', f'"holdingQuantity": {int(first) - 1},', 1)
    eras.take({table: changed}, ".json")
    assert len([row for row in eras.changes() if row["is_retroactive"]]) == 1


def test_the_reports_after_the_feeds_are_no_second_set_of_events(eras, reported, reports, feeds):
    _, before = reported
    eras.take(feeds, ".json")
    again = eras.take({name: text + "\n" for name, text in reports.items()}, ".csv")
    for table in ("issuances", "retirements", "cancellations"):
        assert again[table].state == "held back" and not again[table].accepted, table
        assert ids(again, table) == ids(before, table), table


def test_a_feed_that_is_cut_short_is_held_back(eras, feeds):
    stated = feeds["retirements"].rsplit('"totalCount": ', 1)
    count = int(stated[1].split("\n")[0])
    taken = eras.take({"retirements": f'{stated[0]}"totalCount": {count + 7}\n  }}\n }}\n}}'}, ".json")
    assert taken["retirements"].state == "held back"
    assert f"holds {count:,} of the {count + 7:,} rows that it states" in taken["retirements"].refusal


def test_a_drop_may_hold_tables_of_both_eras(eras, feeds):
    taken = eras.take({"retirements": feeds["retirements"]}, ".json")
    assert {table: found.refusal for table, found in taken.items() if found.refusal} == {}
    assert taken["retirements"].accepted and not taken["issuances"].accepted


REAL = REAL_DATA / "current" / ACR


@pytest.mark.skipif(not REAL.is_dir(), reason="no feeds of 2026 beside this checkout")
def test_the_feeds_of_2026_are_read_whole(tmp_path):
    """Rows, tonnes and serial numbers as counted by others."""
    tables = ("projects", "issuances", "retirements", "cancellations")
    taken = Eras(tmp_path).take({table: (REAL / f"{table}.json").read_text() for table in tables}, ".json")
    assert {table: found.refusal for table, found in taken.items() if found.refusal} == {}
    made = {table: found.result for table, found in taken.items()}
    assert {table: (result.rows_in, len(result.quarantine)) for table, result in made.items()} == {
        "projects": (6, 0), "issuances": (17, 0), "retirements": (10, 0), "cancellations": (3, 0),
    }  # fmt: skip
    assert {table: int(sum(result.tonnes.values())) for table, result in made.items()} == {
        "projects": 0, "issuances": 806_696, "retirements": 100_561, "cancellations": 42_964,
    }  # fmt: skip
    for table in ("retirements", "cancellations"):
        rows = made[table].rows.to_pylist()
        assert all(row["serial_end"] - row["serial_start"] + 1 == row["quantity"] for row in rows)
