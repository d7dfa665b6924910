"""The clock: tests set it, nobody else has one of his own, and what follows comes later also while it stands still."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from carbon_assets.base import clock
from carbon_assets.base.settings import HOME, Settings, SettingsError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def test_unset_it_is_the_machines(monkeypatch):
    for value in (None, ""):
        monkeypatch.setenv("CARBON_NOW", value) if value is not None else monkeypatch.delenv("CARBON_NOW", False)
        before = datetime.now(UTC)
        assert before <= clock.now() <= datetime.now(UTC)
        assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    "value", ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000+00:00", "2026-01-31T17:30+05:30"]
)
def test_an_instant_sets_it(monkeypatch, value):
    monkeypatch.setenv("CARBON_NOW", value)
    assert clock.now() == NOON
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("value", ["noon", "2026-01-31", "2026-01-31T12:00:00", "2026-02-31T12:00:00Z", "1769860800"])
def test_what_is_no_instant_is_refused_in_plain_words(monkeypatch, value):
    monkeypatch.setenv("CARBON_NOW", value)
    for ask in (clock.now, Settings.from_environment):
        with pytest.raises(SettingsError) as refusal:
            ask()
        assert str(refusal.value) == (
            f"CARBON_NOW={value!r}: an instant of ISO 8601 with its time zone is expected, such as 2026-01-31T12:00:00Z"
        )


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        (None, NOON),
        (NOON - TICK, NOON),
        (NOON, NOON + TICK),
        (NOON + timedelta(days=9), NOON + timedelta(days=9) + TICK),
    ],
)
def test_what_follows_is_later(monkeypatch, earlier, expected):
    monkeypatch.setenv("CARBON_NOW", NOON.isoformat())
    assert clock.after(earlier) == expected


def test_names_sort_as_instants_do():
    instants = [NOON, NOON + TICK, NOON + timedelta(seconds=1), NOON + timedelta(days=400)]
    names = [clock.in_names(instant) for instant in instants]
    assert names == sorted(names)
    assert names[0] == "20260131T120000000000Z"


def test_a_name_comes_after_all_names_of_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("CARBON_NOW", NOON.isoformat())
    assert clock.after_names(tmp_path / "none") == clock.after_names(tmp_path) == NOON
    for name in (
        "20260131T120000000007Z-b.csv",
        "20250131T120000000009Z-a.csv",
        "some-file.csv",
        "v-20270131T120000000000Z-x",
    ):
        (tmp_path / name).touch()
    assert clock.after_names(tmp_path) == NOON + 8 * TICK
    assert clock.after_names(tmp_path, "v-") == datetime(2027, 1, 31, 12, tzinfo=UTC) + TICK


ASKS_THE_TIME = re.compile(
    r"\bdatetime\.(now|utcnow|today)\b|\bdate\.today\b|\btime\.(time|time_ns|localtime|gmtime)\b|\bfrom time import\b"
    r"|pd\.Timestamp\.(now|today|utcnow)|\bcurrent_(date|timestamp|time)\b|\b(now|today|get_current_timestamp)\(\)"
    r"|\brun_started_at\b|modules\.datetime",
    re.IGNORECASE,
)
"""In Python, SQL and dbt's templates."""


def test_nobody_else_asks_the_time():
    files = [
        *(path for path in (HOME / "carbon_assets").rglob("*") if path.suffix in (".py", ".sql")),
        *(path for folder in ("models", "macros", "tests") for path in (HOME / "dbt_project" / folder).rglob("*.*")),
    ]
    asking = {
        path.relative_to(HOME).as_posix()
        for path in files
        if ASKS_THE_TIME.search(path.read_text().replace("clock.now()", ""))
    }
    assert asking == {"carbon_assets/base/clock.py"}


@pytest.mark.parametrize("line", ["datetime.now(UTC)", "date.today()", "time.time()", "select current_date", "select now()",
                                  "today()", "{{ run_started_at }}", "CURRENT_TIMESTAMP"])  # fmt: skip
def test_every_way_to_ask_is_seen(line):
    assert ASKS_THE_TIME.search(line)
