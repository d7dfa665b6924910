"""Which snapshots of a table are used: each is judged in its order against the last good one before it."""

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from carbon_assets.base import store
from carbon_assets.base.settings import Settings
from carbon_assets.registries import contents, intake, release_gate, remembered
from carbon_assets.registries.description import Registry
from carbon_assets.registries.intake import Refused
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Release, Snapshot
from tests.kit.building import CONFIGS, OBSERVED, settings_in
from tests.kit.engine import connection


def registry(**columns: dict) -> Registry:
    """One that lists projects, with these columns."""
    table = {"files": "projects*", "holds": "projects", **columns}
    named = {"id": "made-up", "name": "Made Up", "project_prefix": "MUP"}
    return Registry.model_validate({**named, "tables": {"projects": table}})


ID = {"project_id": {"from": "ID", "prefix": "MUP"}}
REGISTRY = registry(required=ID | {"name": "Name"})
GATE = release_gate.load_gate(CONFIGS, set())
BROKEN = "<html><title>503</title></html>"


def nothing_broken(rows: pa.Table) -> None:
    """No suite."""


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path, threads=1)


def file(count: int, name: str = "Mill") -> str:
    """A file of so many projects."""
    return "ID,Name\n" + "".join(f"{n},{name} {n}\n" for n in range(1, count + 1))


def drop(
    settings: Settings, text: str, *, name: str = "projects.csv", folder: str = "drop", synthetic: bool = False
) -> Snapshot:
    path = settings.drop.with_name(folder) / "made-up" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if synthetic:
        Path(path.parent.parent / snapshots.SYNTHETIC_MARK).touch()
    path.write_text(text)
    return snapshots.take(settings, path, "made-up", "projects", contents.describer(REGISTRY, "projects"))


def take_in(settings: Settings, broken: Callable[[pa.Table], str | None] = nothing_broken) -> intake.Intake:
    with connection() as con:
        return intake.take_in(con, settings, REGISTRY, GATE, lambda table, rows: broken(rows))["projects"]


def run(settings: Settings, broken: Callable[[pa.Table], str | None] = nothing_broken) -> intake.Intake:
    """Take in, and mark what was accepted, as the asset does."""
    taken = take_in(settings, broken)
    for snapshot, _ in taken.accepted:
        snapshots.accept(settings, snapshot)
    return taken


def let_through(settings: Settings, snapshot: Snapshot) -> None:
    snapshots.release(settings, snapshot, Release(by="ann", reason="right", at=OBSERVED))


def accepted(taken: intake.Intake) -> list[Snapshot]:
    return [snapshot for snapshot, _ in taken.accepted]


def refused(taken: intake.Intake) -> list[Snapshot]:
    return [each.snapshot for each in taken.refused]


# --- one file ---------------------------------------------------------------------------------------------------


def test_a_table_that_no_drop_has_brought_is_absent(settings):
    taken = take_in(settings)
    assert taken == intake.Intake()
    assert taken.state == "absent"
    assert len(intake.rows_in_use(REGISTRY, "projects", taken)) == 0


def test_a_first_file_is_used_whatever_it_holds(settings):
    snapshot = drop(settings, file(2))
    taken = take_in(settings, lambda rows: "there are duplicates")
    assert (taken.state, taken.snapshot, taken.refusal, taken.refused) == ("fresh", snapshot, None, ())
    assert [(s, len(rows)) for s, rows in taken.accepted] == [(snapshot, 2)]


def test_a_file_that_was_accepted_is_used_and_is_no_news(settings):
    snapshot = drop(settings, file(2))
    run(settings)
    taken = take_in(settings)
    assert (taken.state, taken.snapshot, taken.accepted) == ("fresh", snapshot, ())
    assert taken.result.rows["name"].to_pylist() == ["Mill 1", "Mill 2"]


def test_a_refused_file_without_a_good_one_leaves_an_empty_table(settings):
    drop(settings, BROKEN)
    taken = take_in(settings)
    assert (taken.state, taken.result, taken.snapshot) == ("refused", None, None)
    assert len(intake.rows_in_use(REGISTRY, "projects", taken)) == 0


def test_a_refused_real_file_does_not_bring_a_made_up_one_back(settings):
    drop(settings, file(1), folder="samples", synthetic=True)
    assert run(settings).state == "fresh"
    drop(settings, BROKEN)
    taken = take_in(settings)
    assert (taken.state, taken.result) == ("refused", None)


# --- a file after a good one ------------------------------------------------------------------------------------


@pytest.fixture
def good(settings) -> Snapshot:
    """A file with 20 projects, in use."""
    snapshot = drop(settings, file(20))
    run(settings)
    return snapshot


def test_a_file_that_cannot_be_read_is_refused_and_the_good_one_stays(settings, good):
    refused = drop(settings, BROKEN)
    taken = run(settings)
    assert (taken.state, taken.snapshot, len(taken.result.rows)) == ("refused", good, 20)
    assert taken.refusal.startswith("made-up/projects.csv: the file is a web page titled '503'")
    assert taken.refused == (Refused(refused, taken.refusal),)
    assert run(settings).refused == taken.refused, "as long as nothing better comes"


def test_a_file_that_moved_too_far_is_held_back_and_says_how_to_let_it_through(settings, good):
    held = drop(settings, file(10))
    taken = run(settings)
    assert (taken.state, taken.snapshot, len(taken.result.rows)) == ("held back", good, 20)
    assert taken.refusal == (
        "made-up/projects.csv is held back: projects: rows fall from 20 to 10; 10 of 20 projects disappeared, 0 appeared. "
        f"Look: `python -m carbon_assets compare {good.name} {held.name}`; if it is right: "
        f"`python -m carbon_assets release {held.name} --reason ...`"
    )


def test_a_file_whose_columns_moved_too_far_is_held_back(settings, good):
    drop(settings, re.sub(r",Mill (\d+)", r",\1", file(20)))
    taken = run(settings)
    assert (taken.state, taken.snapshot) == ("held back", good)
    assert "the required column 'Name' held texts" in taken.refusal


def test_a_file_that_breaks_a_critical_expectation_is_held_back(settings, good):
    drop(settings, file(21))
    taken = run(settings, lambda rows: "names_are_short (or they do not fit)" if len(rows) > 20 else None)
    assert (taken.state, taken.snapshot, len(taken.result.rows)) == ("held back", good, 20)
    assert "projects.csv is held back: names_are_short (or they do not fit). Look" in taken.refusal


def test_an_old_file_that_comes_back_is_held_back(settings, good):
    drop(settings, file(21))
    assert run(settings).state == "fresh"
    drop(settings, file(20))
    taken = run(settings)
    assert (taken.state, len(taken.result.rows)) == ("held back", 21)
    assert "the same records were in use before the present ones" in taken.refusal


def test_a_file_that_states_an_earlier_day_is_held_back(settings):
    drop(settings, file(20), name="projects-2024-05-02.csv")
    run(settings)
    drop(settings, file(21), name="projects-2024-05-01.csv")
    taken = run(settings)
    assert taken.state == "held back"
    assert "the file states 2024-05-01; the one in use states 2024-05-02" in taken.refusal


def test_a_held_back_file_that_a_person_let_through_is_used(settings, good):
    held = drop(settings, file(10))
    run(settings)
    let_through(settings, held)
    taken = run(settings, lambda rows: "anything")
    assert (taken.state, taken.snapshot, accepted(taken)) == ("fresh", held, [held])
    assert run(settings).snapshot == held


def test_a_good_file_that_comes_back_after_a_held_back_one_is_in_use(settings, good):
    drop(settings, file(10))
    assert run(settings).state == "held back"
    again = drop(settings, file(20))
    taken = run(settings)
    assert (taken.state, taken.snapshot, taken.refused) == ("fresh", again, ())


def test_the_rows_in_use_are_read_again_where_their_table_is_lost(settings, good):
    assert not settings.table("normalized", "made-up", "projects").exists()
    drop(settings, file(10))
    assert "rows fall from 20 to 10" in run(settings).refusal


# --- several files since ----------------------------------------------------------------------------------------


def test_files_that_wait_are_judged_in_order_each_against_the_last_good_one(settings, good):
    """30 of 20 is growth, and so is 50 of 30; 50 of 20 is not."""
    files = [drop(settings, file(count)) for count in (30, 50)]
    taken = run(settings)
    assert (taken.state, accepted(taken), [len(rows) for _, rows in taken.accepted]) == ("fresh", files, [30, 50])
    assert taken.snapshot == files[-1]
    drop(settings, file(100))
    assert run(settings).state == "held back", "twice the last one"


def test_an_old_file_among_those_that_wait_is_held_back_and_so_are_those_before_it(settings, good):
    one, other, again = (drop(settings, file(count)) for count in (21, 22, 21))
    taken = run(settings)
    assert (taken.snapshot, accepted(taken), refused(taken)) == (good, [], [one, other, again])
    assert "the same records were in use before" in taken.refusal


def test_a_good_file_after_bad_ones_ends_the_refusal(settings, good):
    drop(settings, BROKEN), drop(settings, file(9))
    last = drop(settings, file(21))
    taken = run(settings)
    assert (taken.state, accepted(taken), taken.refused) == ("fresh", [last], ())


def test_bad_files_after_a_good_one_are_all_told_and_the_newest_is_the_reason(settings, good):
    better = drop(settings, file(22))
    bad = [drop(settings, file(5)), drop(settings, BROKEN)]
    taken = run(settings)
    assert (taken.state, taken.snapshot, accepted(taken)) == ("refused", good, [])
    assert refused(taken) == [better, *bad]
    assert taken.refusal == taken.refused[-1].reason
    assert "made-up/projects.csv waits, as made-up/projects is held back" in taken.refused[0].reason
    assert "rows fall from 22 to 5" in taken.refused[1].reason, "against the one that came just before"


def test_an_unreadable_file_after_a_good_one_does_not_hold_that_back(settings, good):
    better, bad = drop(settings, file(22)), drop(settings, BROKEN)
    taken = run(settings)
    assert (taken.state, taken.snapshot, accepted(taken), refused(taken)) == ("refused", better, [better], [bad])


def test_a_file_that_was_let_through_is_what_later_ones_are_held_against(settings, good):
    held, later = drop(settings, file(10)), drop(settings, file(11))
    assert run(settings).state == "held back"
    let_through(settings, held)
    taken = run(settings)
    assert (taken.state, accepted(taken)) == ("fresh", [held, later])


def test_todays_configs_may_not_read_the_file_in_use_any_more(settings):
    first = drop(settings, "ID,Name,Extra\n1,Mill,a\n")
    run(settings)
    unread = drop(settings, "ID,Title\n1,Bog\n2,Fen\n")
    snapshots.accept(settings, unread)
    taken = run(settings)
    assert (taken.state, taken.snapshot, refused(taken)) == ("refused", first, [unread])


# --- a registry's tables together -------------------------------------------------------------------------------

TWO = Registry.model_validate(
    {
        "id": "made-up",
        "name": "Made Up",
        "project_prefix": "MUP",
        "tables": {
            "events": {
                "files": "events*",
                "holds": "credits",
                "required": {
                    "project_id": {"from": "Project", "resolve": True},
                    "quantity": "Tonnes",
                    "transaction_date": "Date",
                    "serial_number": "Serial",
                },
                "constants": {"transaction_type": "retirement"},
            },
            "projects": {
                "files": "projects*",
                "holds": "projects",
                "required": {
                    "project_id": {"from": "ID", "prefix": "MUP"},
                    "registry_key": "Key",
                    "name": "Name",
                },
            },
        },
    }
)


def keyed(count: int) -> str:
    return "ID,Key,Name\n" + "".join(f"{n},key-{n},Mill {n}\n" for n in range(1, count + 1))


def events(count: int) -> str:
    rows = (f"key-{n},{n},2024-01-{n:02},S-{n}\n" for n in range(1, count + 1))
    return "Project,Tonnes,Date,Serial\n" + "".join(rows)


class TwoTables:
    """A registry with projects, and events that need them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def drop(self, table: str, text: str) -> Snapshot:
        path = self.settings.drop / "made-up" / f"{table}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return snapshots.take(self.settings, path, "made-up", table, contents.describer(TWO, table))

    def run(self) -> dict[str, intake.Intake]:
        with connection() as con:
            taken = intake.take_in(con, self.settings, TWO, GATE)
        for found in taken.values():
            for snapshot, _ in found.accepted:
                snapshots.accept(self.settings, snapshot)
        return taken

    def rows(self) -> dict[str, int]:
        return {table: len(found.result.rows) for table, found in self.run().items()}


@pytest.fixture
def two(settings) -> TwoTables:
    """Twenty of each in use."""
    two = TwoTables(settings)
    two.drop("projects", keyed(20)), two.drop("events", events(20))
    assert two.rows() == {"projects": 20, "events": 20}
    return two


def test_projects_that_come_with_their_events_are_known_to_them(two):
    two.drop("events", events(22)), two.drop("projects", keyed(22))
    assert two.rows() == {"projects": 22, "events": 22}


@pytest.mark.parametrize(("held", "other"), [("projects", "events"), ("events", "projects")])
def test_while_one_table_is_held_back_the_registry_stays_as_it_is(two, held, other):
    text = {"projects": keyed, "events": events}
    two.drop(held, text[held](9))
    waits = two.drop(other, text[other](22 if other == "projects" else 19))
    taken = two.run()
    assert {table: (found.state, len(found.result.rows), found.accepted) for table, found in taken.items()} == {
        held: ("held back", 20, ()),
        other: ("held back", 20, ()),
    }
    assert refused(taken[other]) == [waits]
    assert taken[other].refusal == (
        f"made-up/{other}.csv waits, as made-up/{held} is held back. To use it all the same: "
        f"`python -m carbon_assets release {waits.name} --reason ...`"
    )
    assert two.run() == taken, "as long as nobody lets it through"


def test_a_registry_moves_on_as_a_whole_when_the_held_back_file_is_let_through(two):
    held, waits = two.drop("events", events(9)), two.drop("projects", keyed(22))
    two.run()
    let_through(two.settings, held)
    taken = two.run()
    assert [(accepted(found), found.refused) for found in taken.values()] == [([waits], ()), ([held], ())]


def test_a_registry_moves_on_as_a_whole_when_a_better_file_comes(two):
    two.drop("events", events(9)), two.drop("projects", keyed(22))
    two.run()
    two.drop("events", events(21))
    assert two.rows() == {"projects": 22, "events": 21}


def test_what_a_person_let_through_does_not_wait_for_the_others(two):
    two.drop("events", events(9))
    free, waits = two.drop("projects", keyed(22)), two.drop("projects", keyed(23))
    let_through(two.settings, free)
    taken = two.run()["projects"]
    assert (taken.state, accepted(taken), refused(taken)) == ("held back", [free], [waits])


def test_an_unreadable_file_does_not_hold_the_other_tables_back(two):
    two.drop("events", BROKEN), two.drop("projects", keyed(22))
    assert {table: found.state for table, found in two.run().items()} == {"projects": "fresh", "events": "refused"}


def test_an_unreadable_file_after_a_held_back_one_releases_nothing(two):
    two.drop("events", events(9)), two.drop("events", BROKEN), two.drop("projects", keyed(22))
    assert two.rows() == {"projects": 20, "events": 20}


def test_a_tables_first_file_waits_too(settings):
    two = TwoTables(settings)
    two.drop("projects", keyed(20))
    assert two.run()["events"].state == "absent"
    two.drop("projects", keyed(9))
    first = two.drop("events", events(5))
    taken = two.run()["events"]
    assert (taken.state, taken.result, refused(taken)) == ("held back", None, [first])


# --- a corrected mapping ----------------------------------------------------------------------------------------------


CORRECTED = registry(required=ID, optional={"proponent": "Name"})


def read_by(settings: Settings, registry: Registry, version: str) -> intake.Intake:
    """Take in, write and record, as the asset does."""
    with connection() as con:
        taken = intake.take_in(con, settings, registry, GATE, versions={"projects": version})["projects"]
    intake.write(settings, registry, "projects", intake.rows_in_use(registry, "projects", taken), version)
    intake.record(settings, registry, taken)
    return taken


def test_after_a_corrected_mapping_rows_name_the_file_that_they_come_from(settings):
    """Also where the same cells are other records now: 1,234,567 as a number is 1234567."""
    snapshot = drop(settings, 'ID,Name,Size\n1,Mill,"1,234,567"\n')
    read_by(settings, REGISTRY, "before")
    with_sizes = registry(required=ID, optional={"size": {"from": "Size", "type": "tonnes"}})
    assert contents.describer(with_sizes, "projects")(snapshot.file, snapshot.content(settings)) != snapshot.contents
    rows = read_by(settings, with_sizes, "after").result.rows
    assert rows["snapshot_id"].to_pylist() == [snapshot.snapshot_id]


def test_after_a_corrected_mapping_history_tells_the_file_in_use_as_it_is_read_now(settings):
    snapshot = drop(settings, file(2))
    read_by(settings, REGISTRY, "before")
    assert store.read(remembered.path_of(settings, snapshot))["name"].to_pylist() == ["Mill 1", "Mill 2"]
    read_by(settings, CORRECTED, "after")
    kept = store.read(remembered.path_of(settings, snapshot))
    assert (kept["name"].null_count, kept["proponent"].to_pylist()) == (2, ["Mill 1", "Mill 2"])


def test_a_new_file_is_held_against_the_last_one_as_the_corrected_mapping_reads_it(settings, monkeypatch):
    """Rows that another mapping wrote would make a difference of what is none."""
    drop(settings, file(2))
    read_by(settings, REGISTRY, "before")
    drop(settings, file(3))
    compared = []
    monkeypatch.setattr(intake, "reasons_to_hold", lambda con, before, now, *_, **__: compared.append(before) or [])
    read_by(settings, CORRECTED, "after")
    assert [before["proponent"].to_pylist() for before in compared] == [["Mill 1", "Mill 2"]]
