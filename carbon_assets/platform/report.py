"""What a run came to, in lines for a person: what is there by subject, what the checks say, what went wrong, where to look.

It reads tables and the states of checks; nothing of Dagster is needed, so that a run with nothing to do can tell it, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from carbon_assets.base import clock, store
from carbon_assets.base.errors import ExitCode, is_of_the_machine
from carbon_assets.base.lines import columns, listed
from carbon_assets.base.settings import Settings
from carbon_assets.platform.checks import RELEASED, Check
from carbon_assets.platform.site import Site
from carbon_assets.platform.subject import FLOORS, named
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import DropOutcome

MAX_LETTERS_OF_A_FINDING = 300
"""Of what a warning says it found; the rest stands in the UI."""

MAX_LETTERS_OF_FILES = 250
"""Of what is said of the files that a run is for; how many more there are is counted."""

MAX_BEHIND = timedelta(minutes=1)
"""How far the clock may be behind the newest snapshot without a word: snapshots of one instant follow in microseconds, and clocks
are adjusted by seconds."""


@dataclass(frozen=True)
class Report:
    """Lines for a person, and whether every blocking check passed and every file was taken and read; if not, with which code the
    command ends."""

    lines: tuple[str, ...]
    ok: bool
    if_not_ok: ExitCode = ExitCode.REFUSED

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        return ExitCode.DONE if self.ok else self.if_not_ok


@dataclass(frozen=True)
class Work:
    """What a run did: `steps`; whether they `published`, or what was published stands for what there is; what `failures`; because
    of which `files`."""

    steps: int = 0
    published: bool = True
    failures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def report(site: Site, checks: Sequence[Check], drop: DropOutcome, work: Work) -> Report:
    """What stands now, be it made by this run or an earlier one."""
    evaluated = [check for check in checks if check.passed is not None]
    errors = [check for check in evaluated if not check.passed and not check.is_warning]
    failures = [*drop.failures, *work.failures]
    lines = [
        *_overview(site),
        "",
        *_clock(site.settings),
        *(f"not taken: {why}" for why in drop.left),
        *_counts(evaluated),
        *(_error(check) for check in errors),
        *(f"FAILED   {message}" for message in failures),
        "",
        _steps(work),
        *_where_to_look(site.settings, published=work.published),
    ]
    return Report(
        tuple(lines),
        ok=work.published and not failures and not errors and not drop.left,
        if_not_ok=ExitCode.ENVIRONMENT if any(map(is_of_the_machine, failures)) else ExitCode.REFUSED,
    )


def _overview(site: Site) -> list[str]:
    """What the subjects tell: those that read from outside before the marts, all others behind them."""
    settings = site.settings
    marts = [(path.stem, f"{store.row_count(path):,}") for path in sorted((settings.data / "marts").glob("*.parquet"))]
    first: list[str] = []
    later: list[str] = []
    for subject in site.subjects:
        lines = named(subject.report)(settings) if subject.report else []
        if subject.floor == FLOORS[0]:
            first += [*lines, ""] if lines else []
        else:
            later += lines
    if made_up := _made_up(site):
        first += [*made_up, ""]
    return [*first, *columns([("mart", "rows"), *marts]), "", *later]


def _made_up(site: Site) -> list[str]:
    """Which tables had made-up rows alone, and have none since real files came."""
    settings = site.settings
    bare: dict[str, list[str]] = {}
    for intake in site.intakes:
        for folder, table in intake.tables(settings):
            if snapshots.is_bare(settings, folder, table):
                bare.setdefault(folder, []).append(table)
    if not bare:
        return []
    tables_listed = "; ".join(f"{folder}: {', '.join(tables)}" for folder, tables in sorted(bare.items()))
    return [
        f"made-up rows are out, since real files came; until real ones come of them, too, these have none: {tables_listed}"
    ]


def _clock(settings: Settings) -> list[str]:
    """A line where the clock is behind the newest snapshot: it was ahead then, or was set back since."""
    newest, now = snapshots.newest(settings), clock.now()
    if newest is None or newest.observed_at - now < MAX_BEHIND:
        return []
    return [
        f"warning  the clock says {now:%Y-%m-%d %H:%M} UTC, but {newest.registry}/{newest.table} was taken on "
        f"{newest.observed_at:%Y-%m-%d %H:%M}: new files are kept in their order, with times after that; set the clock"
    ]


def _counts(checks: Iterable[Check]) -> list[str]:
    known = list(checks)
    passed = sum(bool(check.passed) for check in known)
    warnings = [check for check in known if not check.passed and check.is_warning]
    return [
        f"checks: {passed} passed, {len(warnings)} warned, {len(known) - passed - len(warnings)} failed",
        *(line for check in warnings for line in _warning(check)),
    ]


def _warning(check: Check) -> list[str]:
    """A check that warns, and beneath it what it found, where it says so."""
    found = " ".join((check.description or "").split())
    shown = textwrap.shorten(found, MAX_LETTERS_OF_A_FINDING, placeholder=" ...")
    return [f"warning  {check.asset}: {check.name}", *([f"         {shown}"] if shown else [])]


def _error(check: Check) -> str:
    """A failed check in one line: what stops everything by its name, what holds back one file by its reason."""
    if check.is_blocking:
        return f"BLOCKED  {check.asset}: {check.name}"
    word = "HELD BACK" if check.name == RELEASED else "REFUSED "
    return f"{word} {check.asset}: {check.description}"


def _steps(work: Work) -> str:
    because = f", because of {listed(work.files, MAX_LETTERS_OF_FILES)}" if work.files else ""
    return f"{work.steps} steps{because}" if work.steps else "nothing has changed: 0 steps"


def _where_to_look(settings: Settings, *, published: bool) -> list[str]:
    current = settings.published / "current"
    state = "published" if published else "not published anew; readers keep"
    version = current.resolve().name if current.exists() else "nothing yet"
    return [
        f"{state}: {version}",
        f"query:      {current / 'carbon.duckdb'} (schema marts)",
        f"quarantine: {settings.data / 'quarantine'}",
    ]
