"""The raw store: every file is kept as it came, the newest is in use, and nothing is overwritten."""

import gzip
import hashlib
from pathlib import Path

import pytest

from carbon_assets import snapshots
from carbon_assets.config import Table
from carbon_assets.settings import Settings
from carbon_assets.snapshots import SYNTHETIC_MARK, AmbiguousDrop, Snapshot
from tests.unit.building import settings_in

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
    return {path.name: path.read_bytes() for path in settings.raw("made-up", "events").iterdir() if path.name != ".lock"}


# --- take -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.csv", A),
        ("events.txt", b"\xff\x00 any bytes \r\n"),
        ("EVENTS.CSV", A),
        ("events.of.may.csv", A),
        ("events.csv.gz", gzip.compress(A)),
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


@pytest.mark.parametrize(("name", "content"), [("events.csv.gz", gzip.compress(A)), ("events.xlsx", b"PK\x03\x04")])
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
    assert snapshots.find(settings.drop, "made-up", table(*patterns)) == path


@pytest.mark.parametrize(
    "name", ["events.pdf", "events.csv.part", "events", ".events.csv", "my events.csv", "events.zip", "events.csv.bak"]
)
def test_other_files_are_ignored(settings, name):
    drop(settings, A, name)
    assert snapshots.find(settings.drop, "made-up", table("events")) is None


def test_a_hidden_file_does_not_match_a_wildcard(settings):
    drop(settings, A, ".events.csv")
    assert snapshots.find(settings.drop, "made-up", table("*")) is None


def test_a_folder_of_the_name_of_a_file_is_ignored(settings):
    (settings.drop / "made-up" / "events.csv").mkdir(parents=True)
    assert snapshots.find(settings.drop, "made-up", table("events")) is None


def test_a_registry_may_be_absent_from_a_drop(settings):
    assert snapshots.find(settings.drop, "made-up", table("events")) is None


def test_two_files_that_claim_one_table_are_refused_by_name(settings):
    drop(settings, A, "events.csv")
    drop(settings, B, "events.csv.gz")
    drop(settings, B, "projects.csv")
    with pytest.raises(AmbiguousDrop, match=r"made-up: events\.csv, events\.csv\.gz all claim"):
        snapshots.find(settings.drop, "made-up", table("events"))


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
