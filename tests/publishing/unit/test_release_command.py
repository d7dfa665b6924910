"""`python -m carbon_assets release`: a person lets a snapshot through, by name and with a reason."""

import getpass
from datetime import UTC, datetime

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.publishing import publish
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.store import Release, Snapshot
from tests.kit import remembering
from tests.kit.building import settings_in
from tests.kit.commands import carbon


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("CARBON_DATA_DIR", str(tmp_path / "data"))
    return settings_in(tmp_path)


@pytest.fixture
def held(settings) -> Snapshot:
    """A snapshot that is held back, among others."""
    taken = [remembering.snapshot(settings, day) for day in (1, 2)]
    snapshots.hold(settings, taken[1], "rows fall")
    return taken[1]


def marks(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.data.rglob("*released*"))


def test_a_snapshot_is_let_through_and_it_is_written_down_by_whom_and_why(settings, held, capsys):
    before = datetime.now(UTC)
    assert carbon("release", held.name, "--reason", " the registry says so ", "--by", "ann") == 0
    given = snapshots.released(settings, held)
    assert (given.by, given.reason) == ("ann", "the registry says so")
    assert before <= given.at <= datetime.now(UTC)
    assert marks(settings) == [f"{held.name}.released"]
    assert capsys.readouterr().out == f"made-up/projects {held.name}: let through by ann; the next run uses it\n"


def test_what_a_name_begins_with_is_enough_and_whoever_asks_says_so(settings, held):
    assert carbon("release", held.name[:8], "--reason", "x") == 0
    assert snapshots.released(settings, held).by == getpass.getuser()


@pytest.mark.parametrize(
    ("name", "reason", "error"),
    [
        ("20240199", "x", "'20240199' should name one snapshot of {raw}; found none"),
        ("202401", "x", "'202401' should name one snapshot of {raw}; found {first}, {held}"),
        ("{held}", "  ", "the reason is blank"),
        ("published", "", "the reason is blank"),
    ],
    ids=["unknown", "ambiguous", "blank reason", "published without reason"],
)
def test_what_cannot_be_meant_lets_nothing_through(settings, held, capsys, name, reason, error):
    first = snapshots.history(settings, "made-up", "projects")[0].name
    words = {"held": held.name, "first": first, "raw": settings.data / "raw"}
    assert carbon("release", name.format(**words), "--reason", reason) == 1
    assert capsys.readouterr().err == f"FAILED   {error.format(**words)}\n"
    assert marks(settings) == []


def test_a_reason_must_be_given(settings, held, capsys):
    assert carbon("release", held.name) == 2
    assert "--reason" in capsys.readouterr().err
    assert marks(settings) == []


def test_the_next_version_of_the_published_file_is_let_through(settings, held, capsys):
    assert not publish.is_released(settings)
    assert carbon("release", "published", "--reason", "a registry closed", "--by", "ann") == 0
    assert publish.is_released(settings)
    given = Release.model_validate_json((settings.published / publish.RELEASED).read_text())
    assert (given.by, given.reason) == ("ann", "a registry closed")
    assert snapshots.released(settings, held) is None
    assert capsys.readouterr().out == "the next version is let through by ann\n"
