"""The other half of the mutants of `test_form_fuzz.py`, for another worker: those of every second table."""

import pytest

from tests.kit.form_judge import Judge, judge_all
from tests.registries.unit.test_form_fuzz import MUTANTS


@pytest.mark.slow
def test_a_mutant_of_the_other_tables_says_what_its_sample_says():
    judge_all(Judge(), range(1, MUTANTS, 2))
