"""How hard the tests try: `make test` is quick, `make test-all` (`pytest --thorough`) is thorough.

Both hold every rule. The thorough one looks longer: more made-up examples, more kills, the tests that are marked `slow`.
"""

from typing import TypeVar

from hypothesis import HealthCheck, settings

T = TypeVar("T")
QUICK, THOROUGH = "quick", "thorough"

# A machine that does other work besides is slow, and that is no fault of a test.
_SLOW_IS_FINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile(QUICK, max_examples=50, print_blob=True, **_SLOW_IS_FINE)
settings.register_profile(THOROUGH, max_examples=150, print_blob=True, **_SLOW_IS_FINE)


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
