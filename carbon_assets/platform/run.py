"""One run from a drop to the published file: what `make run` does.

Take every file of the drop, ask what does not follow from it yet, make that anew, report. Dagster is loaded only if there is
something to make (`execution.py`). The UI and the sensor do the same through Dagster.
"""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from carbon_assets.base.errors import MEANING, ExitCode, PlainError, in_words, is_of_the_machine
from carbon_assets.base.progress import Lines
from carbon_assets.base.settings import Settings
from carbon_assets.platform import stamp as stamps
from carbon_assets.platform.alone import alone
from carbon_assets.platform.report import Report, Work, report
from carbon_assets.platform.site import Site
from carbon_assets.snapshots.landing import DropOutcome, strays_of, unknown_folder

log = logging.getLogger(__name__)

# One run at a time: dbt's build database has one writer.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 90
  poll_interval_seconds: 15
retention:
  sensor:
    purge_after_days:
      skipped: 7
      success: 90
      failure: 90
"""


def prepare(settings: Settings) -> None:
    """Make Dagster's home, once, before any process opens it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML)


def run(settings: Settings) -> Report:
    """Take the drop, make anew what does not follow from it yet, and report."""
    if not settings.drop.is_dir():
        why = f"there is no folder {settings.drop} to take files from: make it, or name another one (CARBON_DROP_DIR)"
        return Report((f"FAILED   {why}",), ok=False, if_not_ok=ExitCode.USAGE)
    with alone(settings, "carbon run"):
        return _run(settings)


def _run(settings: Settings) -> Report:
    site = Site.of(settings)
    log.info("taking the files of %s", settings.drop)
    drop = take_drop(site)
    sources = site.source_versions()
    stamp = stamps.read(settings)
    if stamp and not stamps.stale(settings, stamp, sources, site.code_versions):
        return report(site, stamp.checks, drop, Work())
    log.info("loading Dagster and the dbt project")
    from carbon_assets.platform import execution

    return execution.make_stale(site, sources, drop)


def map_anew(settings: Settings, what: str = "protocols") -> Report:
    """Make anew what depends on what the stewards of a subject know, after an edit, and report. Raises `PlainError`."""
    site = Site.of(settings)
    known = sorted(subject.name for subject in site.subjects if subject.knowledge)
    if what not in known:
        raise PlainError(f"there is nothing to map of {what!r}; known: {', '.join(known)}")
    if not any(settings.table("harmonized", "any").parent.glob("*.parquet")):
        return Report((f"FAILED   there is nothing in {settings.data} to map yet: `make run` first",), ok=False)
    from carbon_assets.platform import execution

    with alone(settings, f"carbon map {what}"):
        return execution.map_anew(site, what)


def take_drop(site: Site) -> DropOutcome:
    """Take the files of the drop into the raw store, each by the subject whose folder it lies in, others by who knows them."""
    settings = site.settings
    strays = strays_of(settings, site.intakes)
    outcomes = [intake.take_drop(settings, strays) for intake in site.intakes]
    taken = {path for outcome in outcomes for path in outcome.strays_taken}
    left = [why for outcome in outcomes for why in outcome.left]
    known = sorted(folder for intake in site.intakes for folder in intake.folders(settings))
    for path in sorted(set(strays) - taken):
        reasons = [outcome.strays_left[path] for outcome in outcomes if path in outcome.strays_left]
        if path.parent != settings.drop and path.parent.name not in known:
            reasons.insert(0, unknown_folder(path.parent.name, known))
        left.append(f"{path}: {'; '.join(reasons)}")
    return DropOutcome(tuple(why for outcome in outcomes for why in outcome.failures), tuple(sorted(left)))


def main(work: Callable[[Settings], Report] = run) -> int:
    """Do `work` with the settings of the environment, and end with a line that names the exit code (`errors.ExitCode`)."""
    package = logging.getLogger("carbon_assets")
    package.addHandler(Lines())
    package.setLevel(logging.INFO)
    code = _exit_code(work)
    sys.stdout.write(f"exit {int(code)}: {MEANING[code]}\n")
    return code


def _exit_code(work: Callable[[Settings], Report]) -> ExitCode:
    try:
        outcome = work(Settings.from_environment())
    except PlainError as error:
        sys.stderr.writelines(f"FAILED   {fault}\n" for fault in error.args)
        return error.exit_code
    except Exception as error:
        words = in_words(error)
        if not is_of_the_machine(words):
            raise
        data = Settings.from_environment().data
        sys.stderr.write(
            f"FAILED   {words}. The data folder is {data}, with {_free_mb(data)} MB free: mend that, and run again\n"
        )
        return ExitCode.ENVIRONMENT
    sys.stdout.write("\n" + "\n".join(outcome.lines) + "\n")
    return outcome.exit_code


def _free_mb(folder: Path) -> int:
    """Megabytes that are free where a folder is, or would be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free // 10**6
