"""One run at a time on a data folder: who holds it, and how long others wait.

The lock is the operating system's: it is void at once when its holder dies. Who holds it stands in a file beside it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from carbon_assets.base import clock, store
from carbon_assets.base.errors import EnvironmentFault
from carbon_assets.base.settings import Settings

log = logging.getLogger(__name__)

_LOCK = ".run.lock"
_HOLDER = ".run.json"


class Busy(EnvironmentFault):
    """Another run holds the data folder, and held it for as long as this one may wait."""


@contextmanager
def alone(settings: Settings, what: str) -> Iterator[None]:
    """Hold the data folder for `what`, a run in words. Waits `settings.lock_wait` seconds for another one; raises `Busy`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    # A lock that is only a file, where the disk knows no real one, would outlive a process that was killed.
    lock = FileLock(settings.data / _LOCK, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _wait(lock, settings)
    try:
        held = {"pid": os.getpid(), "what": what, "since": clock.now().isoformat(timespec="seconds")}
        store.write_bytes(settings.data / _HOLDER, json.dumps(held).encode())
        yield
    finally:
        (settings.data / _HOLDER).unlink(missing_ok=True)
        lock.release()


def _wait(lock: FileLock, settings: Settings) -> None:
    log.info("waiting up to %s s for %s", settings.lock_wait, holder(settings))
    try:
        lock.acquire(timeout=settings.lock_wait)
    except Timeout:
        raise Busy(
            f"{settings.data} is held by {holder(settings)}, and was for the {settings.lock_wait} s that this run may wait "
            "(CARBON_LOCK_WAIT): let it end, or stop it, and run again"
        ) from None


def holder(settings: Settings) -> str:
    """Who holds the data folder, in words."""
    path: Path = settings.data / _HOLDER
    try:
        held = json.loads(path.read_bytes())
    except FileNotFoundError:  # it has only just begun, or ended
        return "another run"
    return f"{held['what']}, process {held['pid']}, since {held['since']}"
