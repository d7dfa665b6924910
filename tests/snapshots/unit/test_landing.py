"""The landing folder: which files are whole, whose they are, and what becomes of them."""

import os
from pathlib import Path

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.registries import contents
from carbon_assets.registries import landing as registries_landing
from carbon_assets.snapshots import landing
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import Rejected, Taken
from tests.kit.two_registries import described_in, land, projects


@pytest.fixture
def settings(tmp_path) -> Settings:
    return described_in(tmp_path)


def names(settings: Settings, paths: list[Path]) -> list[str]:
    return [str(path.relative_to(settings.landing)) for path in paths]


def whole(settings: Settings, seen: landing.Seen) -> list[str]:
    """The files that are whole, given what was seen before."""
    return names(settings, landing.look(settings, [registries_landing], seen)[0])


def take(settings: Settings, *paths: Path) -> list[Taken | Rejected]:
    return list(landing.take(settings, [registries_landing], list(paths)))


def left(settings: Settings) -> list[str]:
    """Everything in the landing folder that is not moved aside."""
    paths = (path for path in settings.landing.rglob("*") if path.is_file())
    return sorted(name for name in names(settings, list(paths)) if not name.startswith(landing.REJECTED))


def aside(settings: Settings) -> dict[str, bytes]:
    """What was moved aside, and the reasons, by the name without the time."""
    folder = settings.landing / landing.REJECTED
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {f"{path.parent.name}/{path.name.split('-', 1)[1]}": path.read_bytes() for path in paths}


# --- which files are whole ------------------------------------------------------------------------------------------


def test_a_file_is_whole_when_it_stands_as_the_look_before(settings):
    path = land(settings, "made-up/projects.csv", "ID,Na", at=10)
    files, seen = landing.look(settings, [registries_landing], {})
    assert (files, seen) == ([], {"made-up/projects.csv": (5, 10 * 10**9)})
    assert whole(settings, seen) == ["made-up/projects.csv"]
    land(settings, "made-up/projects.csv", "ID,Na", at=11)
    assert whole(settings, seen) == [], "rewritten at the same length"
    land(settings, "made-up/projects.csv", "ID,Name", at=10)
    assert whole(settings, seen) == [], "longer at the same time"
    path.unlink()
    assert landing.look(settings, [registries_landing], seen) == ([], {})


def test_each_file_is_whole_by_itself(settings):
    land(settings, "made-up/projects.csv", "a", at=10)
    _, seen = landing.look(settings, [registries_landing], {})
    land(settings, "made-up/events.csv", "b", at=10)
    land(settings, "other/projects.csv", "c", at=10)
    assert whole(settings, seen) == ["made-up/projects.csv"]


def test_a_marker_says_at_once_that_a_file_is_whole(settings):
    for name in ("made-up/projects.csv", "made-up/events.csv", "other/projects.csv", "other/more.csv"):
        land(settings, name, "a", at=10)
    land(settings, "made-up/projects.csv.done", "", at=10)
    assert whole(settings, {}) == ["made-up/projects.csv"]
    land(settings, "other/.done", "", at=11)
    assert whole(settings, {}) == ["made-up/projects.csv", "other/more.csv", "other/projects.csv"]


@pytest.mark.parametrize("marker", ["made-up/.done", "made-up/projects.csv.done"])
def test_a_marker_that_an_earlier_file_left_says_nothing(settings, marker):
    """The file was taken before its marker came; the next file of the name is being written."""
    land(settings, marker, "", at=10)
    land(settings, "made-up/projects.csv", "ID,Na", at=11)
    assert whole(settings, {}) == []


@pytest.mark.parametrize(
    "name",
    [
        "made-up/.projects.csv", "made-up/.projects.csv.part", ".made-up/projects.csv", "projects.csv",
        "made-up/2024/projects.csv", "made-up/projects.csv.done",
    ],
)  # fmt: skip
def test_hidden_files_markers_and_files_elsewhere_are_left_alone(settings, name):
    land(settings, name, "a", at=10)
    seen = {name: (1, 10 * 10**9)}
    assert landing.look(settings, [registries_landing], seen) == ([], {})


def test_there_may_be_no_folder(settings):
    assert landing.look(settings, [registries_landing], {}) == ([], {})
    assert take(settings) == []


# --- taking ---------------------------------------------------------------------------------------------------------


def test_a_file_moves_into_the_store_with_its_contents(settings):
    path = land(settings, "made-up/projects.csv", projects("Mill"))
    land(settings, "made-up/projects.csv.done", "")
    land(settings, "made-up/.done", "")
    (taken,) = take(settings, path)
    snapshot = snapshots.current(settings, "made-up", "projects")
    assert taken == Taken(snapshot, is_news=True, asset="normalized/made-up/projects")
    assert snapshot.content(settings).decode() == projects("Mill")
    assert (snapshot.source_path, snapshot.contents.rows) == (str(path), 1)
    assert left(settings) == []


def test_the_marker_of_a_folder_stays_while_files_do(settings):
    path = land(settings, "made-up/projects.csv", projects("Mill"))
    land(settings, "made-up/events.csv", "still to come")
    land(settings, "made-up/.done", "")
    take(settings, path)
    assert left(settings) == ["made-up/.done", "made-up/events.csv"]


def test_the_same_records_are_kept_and_are_no_news(settings):
    news = []
    for text in (
        "ID,Name\n1,a\n2,b\n",
        "ID,Name\n1,a\n2,b\n",
        "ID,Name\r\n2,b\r\n1,a\r\n",
        projects("c"),
        projects("a", "b"),
    ):
        (taken,) = take(settings, land(settings, "made-up/projects.csv", text))
        news.append(taken.is_news)
    assert news == [True, False, False, True, True]
    assert len(snapshots.history(settings, "made-up", "projects")) == 4, "the same bytes once, other bytes each"
    assert left(settings) == []


def test_files_of_one_table_are_taken_in_order_of_the_day_that_they_state_then_of_change(settings):
    files = {
        "projects_2024-03-01.csv": 10, "projects_20240201.csv": 40, "projects b.csv": 20, "projects c.csv": 30,
        "projects-2024-03-01 again.csv": 5,
    }  # fmt: skip
    paths = [land(settings, f"made-up/{name}", projects(name), at) for name, at in files.items()]
    outcomes = take(settings, *paths)
    assert [outcome.snapshot.file for outcome in outcomes] == [
        "projects b.csv", "projects c.csv", "projects_20240201.csv", "projects-2024-03-01 again.csv",
        "projects_2024-03-01.csv",
    ]  # fmt: skip
    assert snapshots.current(settings, "made-up", "projects").file == "projects_2024-03-01.csv"


# --- moving aside ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason", "asset"),
    [
        ("made-up/projects.csv", "<html><title>503</title></html>", "the file is a web page titled '503'", "normalized/made-up/projects"),
        ("made-up/events.csv", "", "the file is empty", "normalized/made-up/events"),
        ("made-up/events.csv", "ID,Name\n1,a\n", "missing column 'Tonnes'", "normalized/made-up/events"),
        ("made-up/accounts.csv", "a", "the name fits no table, and no table has its columns; expected: made-up/projects*.*, made-up/both.*, made-up/events*.*, made-up/both.*, as .csv .csv.gz", None),
        ("made-up/projects.pdf", "a", "its name ends in nothing that is read; expected: made-up/projects*.*", None),
        ("made-up/both.csv", "a", "the name fits projects and events of made-up", None),
        ("else/projects.csv", "a", "nothing is taken from a folder 'else': there is no registry or subject of that name; known: made-up, other", None),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_moved_aside_with_the_reason(settings, name, content, reason, asset):
    path = land(settings, name, content)
    land(settings, f"{name}.done", "")
    good = land(settings, "other/projects.csv", projects("Mill"))
    (rejected,) = [outcome for outcome in take(settings, path, good) if isinstance(outcome, Rejected)]
    assert reason in rejected.reason and rejected.asset == asset
    assert rejected.path.read_text() == content
    mark = {f"{name}.open.txt": f"{asset}\n{{}}\n".encode()} if asset else {}
    assert aside(settings) == {name: content.encode(), f"{name}.reason.txt": f"{rejected.reason}\n".encode()} | mark
    assert left(settings) == []
    assert snapshots.current(settings, "other", "projects"), "the others are taken"
    assert not (settings.data / "raw" / "made-up").exists()


EVENTS = "normalized/made-up/events"


def open_reason(settings: Settings) -> str | None:
    return landing.why_rejected(settings, EVENTS, [("made-up", "events")])


def test_a_rejected_file_stays_open_until_a_usable_one_of_its_table_comes(settings):
    assert open_reason(settings) is None
    take(settings, land(settings, "made-up/events.csv", "ID,Tonnes\n1,5\n"))
    (rejected,) = take(settings, land(settings, "made-up/events.csv", ""))
    take(settings, land(settings, "made-up/projects.csv", projects("Mill")))
    assert open_reason(settings) == f"{rejected.path}: the file is empty"
    assert landing.why_rejected(settings, "normalized/made-up/projects", [("made-up", "projects")]) is None
    take(settings, land(settings, "made-up/events.csv", "ID,Tonnes\n1,5\n"))
    assert open_reason(settings) is None, "also where the usable one is the one in use"


def test_a_usable_file_that_came_with_a_drop_closes_it_too(settings):
    take(settings, land(settings, "made-up/events.csv", ""))
    path = settings.drop / "made-up" / "events.csv"
    path.parent.mkdir(parents=True)
    path.write_text("ID,Tonnes\n1,6\n")
    snapshots.take(settings, path, "made-up", "events")
    assert open_reason(settings) is None


NOW, WEEK_BEFORE, WEEK_AFTER = (f"2026-01-{day}T12:00:00Z" for day in ("15", "08", "22"))


@pytest.mark.parametrize("later", [WEEK_BEFORE, NOW, WEEK_AFTER], ids=["set back", "stands still", "set ahead"])
def test_what_is_rejected_and_what_closes_it_is_told_by_the_order_and_not_by_the_clock(settings, monkeypatch, later):
    monkeypatch.setenv("CARBON_NOW", NOW)
    take(settings, land(settings, "made-up/events.csv", "ID,Tonnes\n1,5\n"))
    monkeypatch.setenv("CARBON_NOW", later)
    (rejected,) = take(settings, land(settings, "made-up/events.csv", ""))
    assert open_reason(settings) == f"{rejected.path}: the file is empty"
    monkeypatch.setenv("CARBON_NOW", NOW)
    path = settings.drop / "made-up" / "events.csv"
    path.parent.mkdir(parents=True)
    path.write_text("ID,Tonnes\n1,6\n")
    snapshots.take(settings, path, "made-up", "events")
    assert open_reason(settings) is None


def test_marks_of_older_versions_are_understood(settings):
    (rejected,) = take(settings, land(settings, "made-up/events.csv", ""))
    mark = rejected.path.with_name(f"{rejected.path.name}.open.txt")
    mark.write_text(f"{EVENTS}\n")
    assert open_reason(settings)
    path = settings.drop / "made-up" / "events.csv"
    path.parent.mkdir(parents=True)
    path.write_text("ID,Tonnes\n1,6\n")
    snapshots.take(settings, path, "made-up", "events")
    assert open_reason(settings) is None


@pytest.mark.parametrize("later", [WEEK_BEFORE, NOW, WEEK_AFTER], ids=["set back", "stands still", "set ahead"])
def test_a_new_file_is_news_whatever_the_clock_says(settings, monkeypatch, later):
    monkeypatch.setenv("CARBON_NOW", NOW)
    known = {}
    texts = ["ID,Tonnes\n1,5\n", "ID,Tonnes\n1,6\n", "ID,Tonnes\n1,5\n"]  # the third brings the first back
    for text in texts:
        (taken,) = take(settings, land(settings, "made-up/events.csv", text))
        assert taken.is_news
        assert snapshots.current(settings, "made-up", "events") == taken.snapshot
        versions = registries_landing.raw_versions(settings)
        assert versions != known
        known = versions
        monkeypatch.setenv("CARBON_NOW", later)
    (again,) = take(settings, land(settings, "made-up/events.csv", texts[-1]))
    assert not again.is_news
    names = [snapshot.name for snapshot in snapshots.history(settings, "made-up", "events")]
    assert len(names) == 3
    assert names == sorted(names)


def test_a_file_with_a_name_of_its_own_is_taken_by_its_columns(settings):
    (taken,) = take(settings, land(settings, "made-up/Export 2024.csv", "ID,Tonnes,Note\n1,5,a\n"))
    assert (taken.snapshot.table, taken.snapshot.file) == ("events", "Export 2024.csv")


@pytest.mark.parametrize("now", ["", "2026-01-31T12:00:00Z"], ids=["the clock runs", "the clock stands still"])
def test_each_file_that_was_moved_aside_is_kept(settings, monkeypatch, now):
    monkeypatch.setenv("CARBON_NOW", now)
    outcomes = [take(settings, land(settings, "made-up/events.csv", text))[0] for text in ("a", "a", "b")]
    assert [outcome.path.read_text() for outcome in outcomes] == ["a", "a", "b"]
    assert landing.look(settings, [registries_landing], {}) == ([], {})


def test_a_file_that_the_disk_does_not_give_back_is_moved_aside(settings, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError("Input/output error")

    monkeypatch.setattr(contents, "describe", broken)
    (rejected,) = take(settings, land(settings, "made-up/projects.csv", projects("Mill")))
    assert rejected.reason == "the file cannot be taken from the disk: Input/output error"


def test_a_file_that_vanishes_meanwhile_is_nothing(settings):
    gone, good = (land(settings, f"made-up/projects-{n}.csv", projects(n)) for n in "ab")
    gone.unlink()
    assert [outcome.snapshot.file for outcome in take(settings, gone, good)] == ["projects-b.csv"]


def test_a_file_that_vanishes_while_the_folder_is_looked_through_is_nothing(settings, monkeypatch):
    path = land(settings, "made-up/projects.csv", "a")
    monkeypatch.setattr(landing, "_files", lambda settings, intakes: iter([path.with_name("gone.csv"), path]))
    assert list(landing.look(settings, [registries_landing], {})[1]) == ["made-up/projects.csv"]


# --- files that are no plain files, or change while they are taken -----------------------------------------------------


def test_a_link_is_refused_and_what_it_leads_to_stays(settings, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text(projects("Mill"))
    link = settings.landing / "made-up" / "projects.csv"
    link.parent.mkdir(parents=True)
    for target in (outside, tmp_path / "nowhere"):
        link.symlink_to(target)
        assert names(settings, landing.look(settings, [registries_landing], {})[0]) == []
        (rejected,) = take(settings, link)
        assert "is a link, which is not followed" in rejected.reason
        assert not link.is_symlink()
    assert outside.read_text() == projects("Mill")
    assert not snapshots.history(settings, "made-up", "projects")


@pytest.mark.parametrize(
    "name", [b"projects-\xff.csv", b"projects" + b"x" * 239 + b".csv"], ids=["no UTF-8", "251 bytes"]
)
def test_a_name_that_cannot_be_kept_is_moved_aside_under_another(settings, name):
    folder = settings.landing / "made-up"
    folder.mkdir(parents=True)
    path = Path(os.fsdecode(bytes(folder) + b"/" + name))
    path.write_text(projects("Mill"))
    good = land(settings, "other/projects.csv", projects("Mill"))
    outcomes = take(settings, path, good)
    (rejected,) = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    assert rejected.reason.startswith("its name ") and rejected.path.read_text() == projects("Mill")
    assert str(rejected.path).encode().endswith(b".csv")
    assert landing.look(settings, [registries_landing], {}) == ([], {})
    assert snapshots.current(settings, "other", "projects")


def test_a_file_that_grows_while_it_is_taken_stays_and_is_stored_as_it_was_described(settings, monkeypatch):
    path = land(settings, "made-up/projects.csv", projects("Mill"))
    describe = registries_landing.contents.describe

    def and_grow(*arguments):
        inside = describe(*arguments)
        path.write_text(projects("Mill", "Wind"))
        return inside

    monkeypatch.setattr(registries_landing.contents, "describe", and_grow)
    (taken,) = take(settings, path)
    assert taken.snapshot.content(settings).decode() == projects("Mill")
    assert taken.snapshot.contents.rows == 1
    assert path.read_text() == projects("Mill", "Wind"), "what was not stored is not removed"
