"""What dbt says while it goes on stays in its log; what it says when it breaks is told."""

import logging
from collections.abc import Iterator

import pytest

from carbon_assets.publishing.dbt import _quietly


def chatty(*events: str, fails: str | None = None) -> Iterator[str]:
    """As dagster-dbt: each event is printed before it is given."""
    for event in events:
        print(f"1 of 1 START {event}")  # noqa: T201 - what is quieted
        yield event
    if fails is not None:
        raise RuntimeError(fails)


def test_events_come_through_without_the_chatter(capsys):
    taken = []
    for event in _quietly(chatty("a", "b")):
        print(f"own words on {event}")  # noqa: T201 - must not be quieted
        taken.append(event)
    assert taken == ["a", "b"]
    assert capsys.readouterr().out == "own words on a\nown words on b\n"


def test_what_dbt_says_is_wrong_is_raised_and_not_told_twice(capsys, caplog):
    with pytest.raises(RuntimeError, match="START a"):
        list(_quietly(chatty("a", fails="dbt failed. Errors: 1 of 1 START a")))
    assert capsys.readouterr().out == ""
    assert caplog.text == ""


def test_the_last_words_of_a_dbt_that_broke_are_told(capsys, caplog):
    caplog.set_level(logging.ERROR)
    with pytest.raises(RuntimeError, match="exit code 1"):
        list(_quietly(chatty("MemoryError", fails="exit code 1")))
    assert "dbt: 1 of 1 START MemoryError" in caplog.text
    assert capsys.readouterr().out == ""
