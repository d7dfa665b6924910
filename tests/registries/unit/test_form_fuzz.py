"""The same table in another form says the same: mutants of every table's sample, drawn by seed.

The law: the table of a mutant is the table of the sample's rows less those that the mutant's quarantine names, whatever hooks
and sums make of rows. What is set aside beyond what the sample itself has set aside stands there because of a number or a day
that the file does not tell. Every row is accepted or in quarantine, and tonnes that are known close. Of many mutants most are
held to the law by their cells alone: every row is there, and each value is that of its row or, where the file does not tell
its form, NULL.

Tables, forms' words, delimiters and blanks are found where the project keeps them; a new registry comes under this by its YAML
file and its sample. Replay one mutant: `python -m tests.registries.unit.test_form_fuzz verra/transactions 17`.
"""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from carbon_assets.registries import day_forms, number_forms
from tests.kit.effort import quick_or_thorough
from tests.kit.form_judge import MEANINGS, TABLES, Judge, explained, first_difference, judge_all, mutant

MUTANTS = int(os.environ.get("CARBON_TEST_MUTANTS", "1000"))
"""So many are looked at thoroughly."""
MAX_MUTANTS_TO_NOTICE = 40


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def test_a_mutant_says_what_its_sample_says(judge):
    judge_all(judge, quick_or_thorough(range(len(TABLES)), range(MUTANTS)))


@pytest.mark.parametrize("sample", TABLES, ids=lambda sample: sample.id)
def test_the_clear_file_that_mutants_are_held_against_is_the_sample(sample, judge):
    """And the sample has what can be rewritten, or its mutants would prove nothing of forms."""
    published = judge.normalize(sample)
    sound, _ = judge.clear(sample, list(range(len(MEANINGS[sample.id].rows))))
    assert first_difference(published.rows, sound.rows) is None
    assert len(published.quarantine) == len(sound.quarantine)
    has_values = sample.spec.holds == "projects" or {"number", "year", "day"} & set(MEANINGS[sample.id].kinds)
    assert has_values


GUESSES = pytest.mark.parametrize(
    ("module", "name", "form"),
    [(number_forms, "decimal_mark", "."), (number_forms, "decimal_mark", ","), (day_forms, "day_first", False)],
)
BOTH_KINDS = [sample for sample in TABLES if {"number", "day"} <= set(MEANINGS[sample.id].kinds)]
SMALLEST = min(BOTH_KINDS, key=lambda sample: len(sample.spec.columns))


@GUESSES
def test_a_form_that_is_guessed_is_noticed(module, name, form, monkeypatch):
    """One form for every file: the law is broken within a few mutants."""
    monkeypatch.setattr(module, name, lambda *_: form)
    judge = Judge()
    assert any(judge.fault(mutant(SMALLEST, seed))[0] for seed in range(MAX_MUTANTS_TO_NOTICE))


@GUESSES
def test_a_form_that_is_guessed_is_noticed_by_cells_alone(module, name, form, monkeypatch, judge):
    """And each of these mutants keeps the law while nothing is guessed."""
    mutants = {seed: mutant(SMALLEST, seed) for seed in range(MAX_MUTANTS_TO_NOTICE)}
    assert not judge.cells(SMALLEST, mutants).faults
    monkeypatch.setattr(module, name, lambda *_: form)
    assert judge.cells(SMALLEST, mutants).faults


if __name__ == "__main__":
    table, seed = sys.argv[1], int(sys.argv[2])
    replayed = mutant(next(sample for sample in TABLES if sample.id == table), seed)
    path = Path(tempfile.mkdtemp(), replayed.file.name)
    path.write_bytes(replayed.file.content)
    judge_of_one = Judge()
    of_cells = judge_of_one.cells(replayed.sample, {seed: replayed}).faults.get(seed)
    fault = judge_of_one.fault(replayed)[0] or of_cells or "no fault"
    print(explained(replayed, seed, fault), f"\n  the file: {path}")  # noqa: T201
