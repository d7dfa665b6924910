"""The raw store: every file is kept as it came, the newest is in use, and nothing is overwritten."""

import gzip
import hashlib
import tempfile
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon_assets.base.settings import Settings
from carbon_assets.registries import drops
from carbon_assets.registries.drops import AmbiguousDrop
from carbon_assets.registries.table import Table
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import SYNTHETIC_MARK, Contents, Release, Snapshot, UnknownSnapshot
from tests.kit.building import settings_in

A, B = b"ID,Qty\n1,5\n", b"ID,Qty\n1,5\n2,6\n"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return settings_in(tmp_path)


def drop(settings: Settings, content: bytes, name: str = "events.csv", *, synthetic: bool = False) -> Path:
    """Put a file into the drop; a synthetic one lies in a drop of its own."""
    folder = settings.drop.with_name("samples") if synthetic else settings.drop
    path = folder / "made-up" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if synthetic:
        (folder / SYNTHETIC_MARK).touch()
    path.write_bytes(content)
    return path


def take(settings: Settings, content: bytes, name: str = "events.csv", table: str = "events", **kind: bool) -> Snapshot:
    return snapshots.take(settings, drop(settings, content, name, **kind), "made-up", table)


def current(settings: Settings, table: str = "events") -> Snapshot | None:
    return snapshots.current(settings, "made-up", table)


def stored(settings: Settings) -> dict[str, bytes]:
    """Every file of the raw folder, hidden ones too, but for the lock."""
    return {
        path.name: path.read_bytes() for path in settings.raw("made-up", "events").iterdir() if path.name != ".lock"
    }


# --- made-up files ----------------------------------------------------------------------------------------------


def bare(settings: Settings, table: str = "events") -> bool:
    return snapshots.is_bare(settings, "made-up", table)


def test_a_table_is_bare_when_a_real_file_of_another_came(settings):
    made_up = take(settings, A, synthetic=True)
    assert not bare(settings) and snapshots.gave_way(settings, "made-up", "events") == []
    take(settings, A, "others.csv", table="others")
    assert bare(settings) and not bare(settings, "others") and not bare(settings, "nothing")
    assert snapshots.gave_way(settings, "made-up", "events") == [made_up]
    take(settings, B)
    assert not bare(settings), "a real file of its own came"
    assert snapshots.gave_way(settings, "made-up", "events") == [made_up]
    take(settings, A + b"3,7\n", synthetic=True)
    assert not bare(settings), "a made-up file that came later takes nothing away"


# --- take -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.csv", A),
        ("events.txt", b"\xff\x00 any bytes \r\n"),
        ("EVENTS.CSV", A),
        ("events.of.may.csv", A),
        ("events.csv.gz", gzip.compress(A, mtime=0)),
        ("events.xlsx", b"PK\x03\x04 no real workbook"),
        ("events.json", b"[]"),
    ],
)
def test_a_snapshot_gives_back_the_bytes_as_published(settings, name, content):
    snapshot = take(settings, content, name)
    assert snapshot.content(settings) == content
    assert (snapshot.file, snapshot.size) == (name, len(content))
    assert snapshot.sha256 == hashlib.sha256(content).hexdigest()
    assert current(settings) == snapshot


@pytest.mark.parametrize(
    ("name", "content"), [("events.csv.gz", gzip.compress(A, mtime=0)), ("events.xlsx", b"PK\x03\x04")]
)
def test_what_is_compressed_already_is_kept_as_it_is(settings, name, content):
    snapshot = take(settings, content, name)
    assert snapshot.stored_as.endswith(name.removeprefix("events"))
    assert stored(settings)[snapshot.stored_as] == content


def test_plain_text_is_stored_compressed(settings):
    snapshot = take(settings, A)
    assert snapshot.stored_as.endswith(".csv.gz")
    assert gzip.decompress(stored(settings)[snapshot.stored_as]) == A


def test_the_same_bytes_twice_are_one_snapshot(settings):
    first = take(settings, A)
    before = stored(settings)
    assert take(settings, A) == first
    assert take(settings, A, "renamed.csv") == first
    assert stored(settings) == before
    assert snapshots.history(settings, "made-up", "events") == [first]


def test_other_bytes_are_a_new_snapshot_and_the_old_one_stays(settings):
    first, second = take(settings, A), take(settings, B)
    assert snapshots.history(settings, "made-up", "events") == [first, second]
    assert current(settings) == second
    assert (first.content(settings), second.content(settings)) == (A, B)


def test_bytes_that_come_back_are_current_again_and_nothing_is_overwritten(settings):
    first, second = take(settings, A), take(settings, B)
    before = stored(settings)
    third = take(settings, A)
    assert current(settings) == third
    assert third.content(settings) == A
    assert third.observed_at > second.observed_at > first.observed_at
    assert third.stored_as == first.stored_as
    after = stored(settings)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1, "a new manifest, and no second copy of the bytes"


@pytest.mark.parametrize(
    "readings",
    [["2026-01-31T12:00:00Z"] * 5, [f"20{year}-01-31T12:00:00Z" for year in (26, 25, 24, 27, 26)]],
    ids=["stands still", "goes back"],
)
def test_snapshots_keep_their_order_whatever_the_clock_says(settings, monkeypatch, readings):
    taken = []
    for reading, content in zip(readings, (A, B, A, b"C", B), strict=True):
        monkeypatch.setenv("CARBON_NOW", reading)
        taken.append(take(settings, content))
        assert current(settings) == taken[-1]
    assert taken[0].observed_at == datetime.fromisoformat(readings[0])
    assert all(later.observed_at > earlier.observed_at for earlier, later in pairwise(taken))
    assert snapshots.history(settings, "made-up", "events") == taken
    assert [snapshot.content(settings) for snapshot in taken] == [A, B, A, b"C", B]


def test_a_mark_is_of_the_clock(settings, monkeypatch):
    monkeypatch.setenv("CARBON_NOW", "2026-01-31T12:00:00Z")
    snapshot = take(settings, A)
    snapshots.accept(settings, snapshot)
    assert stored(settings)[f"{snapshot.name}.accepted"] == b"2026-01-31T12:00:00+00:00"


def test_only_snapshots_and_their_manifests_lie_in_the_store(settings):
    taken = [take(settings, A), take(settings, B)]
    names = {snapshot.stored_as for snapshot in taken} | {
        snapshot.stored_as.removesuffix(".csv.gz") + ".json" for snapshot in taken
    }
    assert set(stored(settings)) == names


def test_a_crash_while_writing_leaves_no_snapshot(settings, monkeypatch):
    first = take(settings, A)

    def crash(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", crash)
        with pytest.raises(OSError, match="disk full"):
            take(settings, B)
    assert current(settings) == first
    assert take(settings, B).content(settings) == B


def test_tables_have_histories_of_their_own(settings):
    take(settings, A)
    assert current(settings, "projects") is None
    other = take(settings, A, table="projects")
    assert current(settings, "projects") == other
    assert len(snapshots.history(settings, "made-up", "events")) == 1


# --- find -------------------------------------------------------------------------------------------------------


def table(*patterns: str) -> Table:
    return Table(files=patterns, holds="projects", required={"project_id": "ID"})


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("events.csv", ["events"]),
        ("events.CSV", ["events"]),
        ("events.csv.gz", ["events"]),
        ("events.txt", ["events"]),
        ("events.xlsx", ["events"]),
        ("events.json", ["events"]),
        ("events-2024.v2.csv", ["events*"]),
        ("anything at all.xlsx", ["*"]),
        ("issued.csv", ["events", "issue?"]),
    ],
)
def test_a_file_is_found_by_its_stem(settings, name, patterns):
    path = drop(settings, A, name)
    drop(settings, A, "events.pdf")
    assert drops.find(settings.drop, "made-up", table(*patterns)) == path


@pytest.mark.parametrize(
    "name", ["events.pdf", "events.csv.part", "events", ".events.csv", "my events.csv", "events.zip", "events.csv.bak"]
)
def test_other_files_are_ignored(settings, name):
    drop(settings, A, name)
    assert drops.find(settings.drop, "made-up", table("events")) is None


def test_a_hidden_file_does_not_match_a_wildcard(settings):
    drop(settings, A, ".events.csv")
    assert drops.find(settings.drop, "made-up", table("*")) is None


def test_a_folder_of_the_name_of_a_file_is_ignored(settings):
    (settings.drop / "made-up" / "events.csv").mkdir(parents=True)
    assert drops.find(settings.drop, "made-up", table("events")) is None


def test_a_registry_may_be_absent_from_a_drop(settings):
    assert drops.find(settings.drop, "made-up", table("events")) is None


def test_two_files_that_claim_one_table_are_refused_by_name(settings):
    drop(settings, A, "events.csv")
    drop(settings, B, "events.csv.gz")
    drop(settings, B, "projects.csv")
    with pytest.raises(AmbiguousDrop, match=r"made-up: events\.csv, events\.csv\.gz all claim"):
        drops.find(settings.drop, "made-up", table("events"))


# --- made-up data gives way -------------------------------------------------------------------------------------


def test_a_synthetic_snapshot_counts_while_there_is_no_real_one(settings):
    snapshot = take(settings, A, synthetic=True)
    assert snapshot.is_synthetic
    assert current(settings) == snapshot


def test_a_synthetic_snapshot_gives_way_to_a_real_one_whichever_came_first(settings):
    take(settings, A, synthetic=True)
    real = take(settings, B)
    assert not real.is_synthetic
    assert current(settings) == real
    take(settings, A, synthetic=True)
    assert current(settings) == real


def test_one_real_file_anywhere_retires_the_synthetic_tables(settings):
    take(settings, A, synthetic=True)
    real = take(settings, A, table="projects")
    assert current(settings) is None
    assert current(settings, "projects") == real


def test_real_bytes_that_were_seen_as_synthetic_count_as_real(settings):
    take(settings, A, synthetic=True)
    take(settings, B, table="projects")
    assert not take(settings, A).is_synthetic
    assert current(settings).content(settings) == A


# --- what is written down ---------------------------------------------------------------------------------------


def test_no_manifest_is_parsed_twice_however_often_a_run_asks(settings, monkeypatch):
    """Thousands of snapshots of one table: a run with nothing new asks for them again and again."""
    for number in range(20):
        take(settings, A + f"{number},1\n".encode(), synthetic=True)
    take(settings, b"ID\n1\n", "projects.csv", "projects", synthetic=True)
    parsed = []
    parse = Snapshot.model_validate_json
    monkeypatch.setattr(Snapshot, "model_validate_json", lambda text: parsed.append(text) or parse(text))
    snapshots._read.cache_clear()
    for table in ("events", "projects") * 5:
        snapshots.data_version(settings, "made-up", table)
        assert current(settings, table)
    assert len(parsed) == len(set(parsed)) == 21


def test_a_manifest_says_where_a_file_comes_from(settings):
    path = drop(settings, A, "events_2024-03-31.csv")
    snapshot = snapshots.take(settings, path, "made-up", "events")
    assert (snapshot.registry, snapshot.table) == ("made-up", "events")
    assert (snapshot.file_date, snapshot.source_path) == (date(2024, 3, 31), str(path))
    assert snapshot.asserted_by
    assert snapshot.name == f"{snapshot.observed_at:%Y%m%dT%H%M%S%fZ}-{hashlib.sha256(A).hexdigest()[:16]}"
    assert snapshot.stored_as == f"{snapshot.name}.csv.gz"


def test_the_contents_are_asked_of_a_new_file_alone(settings):
    asked = []

    def describe(*file: object) -> Contents:
        asked.append(file)
        return contents("a")

    taken = [snapshots.take(settings, drop(settings, A), "made-up", "events", describe) for _ in range(2)]
    assert taken[0] == taken[1] == current(settings)
    assert taken[0].contents == contents("a")
    assert taken[0].snapshot_id == "made-up/events@a"
    assert asked == [("events.csv", A)]


@pytest.mark.parametrize(
    ("file", "day"),
    [
        ("issuances_2024-12-10.xlsx", date(2024, 12, 10)),
        ("projects-20241210.csv", date(2024, 12, 10)),
        ("2024.12.10 projects.csv", date(2024, 12, 10)),
        ("projects_2024_02_29.csv.gz", date(2024, 2, 29)),
        ("99999999_2024-12-10.csv", date(2024, 12, 10)),
        ("20241332-20241210.csv", date(2024, 12, 10)),
        ("2023-02-29.csv", None),
        ("report 1202412101.csv", None),
        ("18991231.csv", None),
        ("projects-2024-12.csv", None),
        ("projects.csv", None),
    ],
)
def test_the_day_that_a_name_states(file, day):
    assert snapshots.stated_day(file) == day


# --- snapshots with the same records ----------------------------------------------------------------------------


def contents(records: str) -> Contents:
    return Contents(rows=1, columns=("ID",), records=records)


def tell(settings: Settings, records: str | None) -> Snapshot:
    """Take a file with these records, under bytes that were not seen before; None for one that cannot be read."""
    number = len(snapshots.history(settings, "made-up", "events"))
    inside = contents(records) if records else Contents(unreadable="a web page")
    path = drop(settings, b"%d" % number)
    return snapshots.take(settings, path, "made-up", "events", lambda file, content: inside)


def test_of_neighbours_with_the_same_records_the_first_counts(settings):
    a, _, b, again, _ = (tell(settings, records) for records in "aabaa")
    assert snapshots.distinct(settings, "made-up", "events") == [again, b, a]
    assert current(settings) == again


def test_files_that_nobody_could_read_are_each_their_own(settings):
    taken = [tell(settings, records) for records in ("a", None, None)]
    assert snapshots.distinct(settings, "made-up", "events") == taken[::-1]


def test_each_readable_snapshot_is_compared_with_the_last_accepted_before_it(settings):
    _, a, _, b, c, d = (tell(settings, records) for records in ("x", "a", None, "b", "c", "d"))
    for snapshot in (a, c):
        snapshots.accept(settings, snapshot)
    assert snapshots.compared(settings, "made-up", "events") == [(a, b), (a, c), (c, d)]


# --- marks ------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_accepted_once_and_no_longer_held_back(settings):
    first, second = tell(settings, "a"), tell(settings, "b")
    assert not snapshots.is_accepted(settings, first)
    snapshots.hold(settings, first, "too many rows: 5 > 2")
    assert snapshots.reason_held(settings, first) == "too many rows: 5 > 2"
    snapshots.accept(settings, first)
    before = stored(settings)
    snapshots.accept(settings, first)
    assert stored(settings) == before, "it keeps the time at which it was accepted"
    assert snapshots.is_accepted(settings, first) and snapshots.reason_held(settings, first) is None
    assert not snapshots.is_accepted(settings, second)
    assert snapshots.history(settings, "made-up", "events") == [first, second]


def test_who_let_a_snapshot_through_stays_known(settings):
    snapshot, other = tell(settings, "a"), tell(settings, "b")
    given = Release(by="ann", reason="the registry says so", at=datetime(2024, 5, 1, tzinfo=UTC))
    assert snapshots.released(settings, snapshot) is None
    snapshots.release(settings, snapshot, given)
    snapshots.accept(settings, snapshot)
    assert snapshots.released(settings, snapshot) == given
    assert snapshots.released(settings, other) is None


# --- names ------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_named_by_its_name_or_what_that_begins_with(settings):
    first, second = tell(settings, "a"), take(settings, B, table="projects")
    snapshots.hold(settings, first, "odd")
    assert snapshots.named(settings, first.name) == first
    assert snapshots.named(settings, second.name[:-20]) == second


@pytest.mark.parametrize("name", ["", "2", "nothing"])
def test_a_name_must_stand_for_one_snapshot(settings, name):
    names = {tell(settings, "a").name, take(settings, B, table="projects").name}
    with pytest.raises(UnknownSnapshot) as error:
        snapshots.named(settings, name)
    assert all((found in str(error.value)) == (name != "nothing") for found in names)


# --- whatever comes, whoever takes it ---------------------------------------------------------------------------


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=8))
@hypothesis_settings(max_examples=30, deadline=None)
def test_the_store_is_the_list_of_what_was_new(files):
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        for content in files:
            take(settings, content)
        kept = snapshots.history(settings, "made-up", "events")
        assert [s.content(settings) for s in kept] == [content for content, _ in groupby(files)]
        assert len(list(settings.raw("made-up", "events").glob("*.gz"))) == len(set(files))


def _take_all(folder: Path, mine: int, together: Barrier) -> None:
    settings = settings_in(folder)
    together.wait(60)
    for number in range(25):
        take(settings, b"%d" % number, f"events-{mine}.csv")


def test_two_processes_at_once_do_no_harm(tmp_path):
    """Each takes the same 25 files; what comes back after others is no second copy."""
    context = get_context("spawn")
    together = context.Barrier(2)
    processes = [context.Process(target=_take_all, args=(tmp_path, mine, together)) for mine in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    settings = settings_in(tmp_path)
    kept = snapshots.history(settings, "made-up", "events")
    assert all(hashlib.sha256(s.content(settings)).hexdigest() == s.sha256 for s in kept)
    assert {s.content(settings) for s in kept} == {b"%d" % number for number in range(25)}
    assert all(one.sha256 != other.sha256 for one, other in pairwise(kept))
    assert sorted(stored(settings)) == sorted({s.stored_as for s in kept} | {f"{s.name}.json" for s in kept})
    assert len({s.stored_as for s in kept}) == 25
