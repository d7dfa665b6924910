"""`python -m carbon_assets`: which words do which work."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from carbon_assets.beneficiaries import curate
from carbon_assets.history import command as changes_command
from carbon_assets.platform import run
from carbon_assets.publishing import release_command


@pytest.fixture
def command(monkeypatch):
    """Carries out a command line on work that is only noted."""
    done = []
    monkeypatch.setattr(run, "run", lambda settings: done.append("run"))
    monkeypatch.setattr(run, "map_anew", lambda settings, what: done.append(f"map {what}"))
    monkeypatch.setattr(run, "prepare", lambda settings: done.append("prepare"))
    monkeypatch.setattr(run, "main", lambda work: work(None) or 0)
    monkeypatch.setattr(curate, "main", lambda: done.append("curate") or 0)
    monkeypatch.setattr(release_command, "main", lambda words: done.append(f"release {' '.join(words)}") or 0)
    monkeypatch.setattr(changes_command, "main", lambda words: done.append(f"compare {' '.join(words)}") or 1)

    def command(*words: str) -> tuple[list[str], int | None]:
        monkeypatch.setattr(sys, "argv", ["carbon_assets", *words])
        try:
            runpy.run_module("carbon_assets", run_name="__main__")
        except SystemExit as end:
            return done, end.code
        return done, None

    return command


@pytest.mark.parametrize(
    ("words", "work"),
    [
        ([], "run"),
        (["run"], "run"),
        (["map"], "map protocols"),
        (["map", "protocols"], "map protocols"),
        (["map", "beneficiaries"], "map beneficiaries"),
        (["curate"], "curate"),
    ],
)
def test_words_name_the_work(command, words, work):
    assert command(*words) == ([work], 0)


def test_preparing_only_prepares(command):
    assert command("prepare") == (["prepare"], None)


@pytest.mark.parametrize(
    ("words", "end"), [(["release", "A", "--reason", "it is right"], 0), (["compare", "A", "B"], 1)]
)
def test_some_words_take_arguments_of_their_own(command, words, end):
    assert command(*words) == ([" ".join(words)], end)


@pytest.mark.parametrize("words", [["map", "everything"], ["cure"]])
def test_other_words_are_refused(command, words, capsys):
    assert command(*words) == ([], 2)
    assert f"invalid choice: '{words[-1]}'" in capsys.readouterr().err


@pytest.mark.parametrize(("target", "line"), [("map", "map $(or $(WHAT),protocols)"), ("curate", "curate")])
def test_make_has_a_target_for_it(home: Path, target, line):
    assert f"\n{target}: .venv/ready\n\t@$(BIN)/python -m carbon_assets {line}\n" in (home / "Makefile").read_text()
