"""Lines of progress: one per step, begun when it begins, whatever else is told in between."""

import io
import logging

import pytest

from carbon_assets.base.progress import Lines, Steps


@pytest.fixture
def told():
    """A log, and what its lines look like so far, without the times."""
    stream = io.StringIO()
    log = logging.getLogger("carbon_assets.a_test_of_progress")
    handler = Lines(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield log, stream.getvalue
    log.removeHandler(handler)


def test_a_step_is_told_when_it_begins_and_ends_on_its_own_line(told):
    log, text = told
    steps = Steps(log, 12)
    steps.begin("reading a.csv")
    assert text() == " 1 of 12  reading a.csv"
    steps.came_to("3 rows")
    steps.came_to("1 fault")
    steps.end()
    assert text() == " 1 of 12  reading a.csv: 3 rows, 1 fault, 0.0 s\n"
    steps.begin("reading b.csv")
    steps.end()
    assert text().splitlines()[1] == " 2 of 12  reading b.csv, 0.0 s"


def test_what_is_told_in_between_has_a_line_of_its_own(told):
    log, text = told
    steps = Steps(log, 1)
    steps.begin("reading")
    log.warning("something")
    steps.came_to("3 rows")
    steps.end()
    log.info("done")
    lines = text().splitlines()
    assert lines[:2] == ["1 of 1  reading", "something"]
    assert lines[-1] == "done"
    assert "3 rows" in text()


def test_steps_that_nobody_was_told_of_count(told):
    log, text = told
    steps = Steps(log, 3)
    steps.done = 2
    steps.begin("the last")
    assert text() == "3 of 3  the last"
