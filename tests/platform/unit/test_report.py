"""The report of a run: warnings with what they found, and the files that the run was for."""

import dataclasses

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform.checks import Check
from carbon_assets.platform.report import Work, report
from carbon_assets.platform.site import Site
from carbon_assets.snapshots import store as snapshots
from carbon_assets.snapshots.landing import DropOutcome


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(dataclasses.replace(Settings.from_environment(), data=tmp_path), ())


def lines(site: Site, work: Work, *checks: Check) -> tuple[str, ...]:
    return report(site, checks, DropOutcome(), work).lines


def test_a_run_says_which_files_it_was_for(site):
    assert "33 steps, because of arb/a.csv, verra/b.csv" in lines(site, Work(33, files=("arb/a.csv", "verra/b.csv")))
    assert "33 steps" in lines(site, Work(33))
    assert "nothing has changed: 0 steps" in lines(site, Work())


def test_a_warning_is_told_with_what_it_found(site):
    passed = Check("marts/credits", "dated", True)
    warned = Check("marts/projects", "named", False, is_warning=True, description="3 of 40 rows")
    told = lines(site, Work(), passed, warned)
    at = told.index("warning  marts/projects: named")
    assert told[at - 1] == "checks: 1 passed, 1 warned, 0 failed"
    assert told[at + 1].strip() == "3 of 40 rows"


@pytest.mark.parametrize(("now", "is_told"), [("2026-01-08", True), ("2026-01-15", False), ("2026-01-22", False)])
def test_a_clock_that_is_behind_the_newest_snapshot_is_told(site, monkeypatch, now, is_told):
    drop = site.settings.data / "drop" / "verra"
    drop.mkdir(parents=True)
    monkeypatch.setenv("CARBON_NOW", "2026-01-15T12:00:00Z")
    for number in range(3):
        (drop / "projects.csv").write_text(f"ID\n{number}\n")
        snapshots.take(site.settings, drop / "projects.csv", "verra", "projects")
    monkeypatch.setenv("CARBON_NOW", f"{now}T12:00:00Z")
    told = [line for line in lines(site, Work()) if "the clock says" in line]
    assert len(told) == is_told
    assert all("2026-01-08 12:00 UTC, but verra/projects was taken on 2026-01-15 12:00" in line for line in told)
