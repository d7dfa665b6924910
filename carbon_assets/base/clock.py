"""The one clock: every "now" that reaches a table, a file name or a mark comes from here, so that tests can set it.

How long something took is no such time.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carbon_assets.base import settings

_IN_NAMES = "%Y%m%dT%H%M%S%fZ"
_TICK = timedelta(microseconds=1)


def now() -> datetime:
    """The instant in UTC, or that of `CARBON_NOW`. Raises `SettingsError` where that is none."""
    return settings.stated_now() or datetime.now(UTC)


def of_machine() -> float:
    """Seconds since 1970 by the machine's own clock, by which processes and Dagster's runs are dated, whatever `CARBON_NOW` says."""
    return time.time()


def after(earlier: datetime | None) -> datetime:
    """Now, or a microsecond after `earlier` where the clock stands still or was set back."""
    return now() if earlier is None else max(now(), earlier + _TICK)


def in_names(instant: datetime) -> str:
    """The instant as names of files spell it: names sort as the instants do."""
    return f"{instant.astimezone(UTC):{_IN_NAMES}}"


def after_names(folder: Path, prefix: str = "") -> datetime:
    """Now, later than every name `<prefix><instant>-…` in the folder."""
    latest: datetime | None = None
    for path in folder.glob(f"{prefix}*-*"):
        try:
            instant = datetime.strptime(path.name.removeprefix(prefix).partition("-")[0], _IN_NAMES).replace(tzinfo=UTC)
        except ValueError:
            continue
        latest = max(latest or instant, instant)
    return after(latest)
