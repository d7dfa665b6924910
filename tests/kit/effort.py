"""How hard the tests try: `make test` is quick, `make test-all` (`pytest --thorough`) is thorough.

Both hold every rule. The thorough one looks longer: more made-up examples, more kills, the tests that are marked `slow`.
"""

from typing import TypeVar

from hypothesis import settings

T = TypeVar("T")
QUICK, THOROUGH = "quick", "thorough"

settings.register_profile(QUICK, deadline=None, max_examples=100, print_blob=True)
settings.register_profile(THOROUGH, deadline=None, max_examples=1000, print_blob=True)


def choose(*, thorough: bool) -> None:
    """Once per process, before any test module is imported."""
    settings.load_profile(THOROUGH if thorough else QUICK)


def is_thorough() -> bool:
    return settings.get_current_profile_name() == THOROUGH


def quick_or_thorough(quick: T, thorough: T) -> T:
    return thorough if is_thorough() else quick


def examples(quick: int, thorough: int) -> settings:
    """How many made-up examples a test tries that takes long over each."""
    return settings(max_examples=quick_or_thorough(quick, thorough))
