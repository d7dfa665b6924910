"""The Dagster job that says what is wrong with all that people edit, as `carbon check` does. What is asked belongs in `check.py`."""

import dagster as dg

from carbon_assets.platform import check
from carbon_assets.platform.site import Site

NAME = "check"


def build(site: Site) -> dg.JobDefinition:
    """The job; it fails with all that is wrong."""

    @dg.op
    def read_what_people_edit() -> None:
        if faults := check.faults(site.settings, site.subjects):
            raise dg.Failure(f"{len(faults)} faults:\n" + "\n".join(faults), allow_retries=False)

    @dg.job(
        name=NAME, description="Say what is wrong with configs, suites, mappings and the dbt project. Nothing is run."
    )
    def check_all() -> None:
        read_what_people_edit()

    return check_all
