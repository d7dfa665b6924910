"""The report of a run: warnings with what they found, and the files that the run was for."""

import dataclasses

import pytest

from carbon_assets.base.settings import Settings
from carbon_assets.platform.checks import Check
from carbon_assets.platform.report import Work, report
from carbon_assets.platform.site import Site
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
