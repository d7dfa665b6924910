"""How hard the tests try: `make test` is quick, `make test-all` (`pytest --thorough`) is thorough, `make soak` (`pytest --soak`) tries
as long as it can.

All hold every rule. The thorough one looks longer: more made-up examples, more kills, the tests that are marked `slow`; the last one
also runs those that are marked `soak`.
"""

from typing import TypeVar

from hypothesis import HealthCheck, settings

T = TypeVar("T")
QUICK, THOROUGH, SOAK = "quick", "thorough", "soak"
LEFT_OUT = {QUICK: "not slow and not soak", THOROUGH: "not soak", SOAK: ""}
"""Which marked tests each leaves to the longer ones, as pytest's -m says it."""

# A machine that does other work besides is slow, and that is no fault of a test.
_SLOW_IS_FINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile(QUICK, max_examples=50, print_blob=True, **_SLOW_IS_FINE)
settings.register_profile(THOROUGH, max_examples=80, print_blob=True, **_SLOW_IS_FINE)
settings.register_profile(SOAK, max_examples=300, print_blob=True, **_SLOW_IS_FINE)


def choose(effort: str) -> None:
    """Once per process, before any test module is imported."""
    settings.load_profile(effort)


def is_thorough() -> bool:
    """Whether more is tried than `make test` does."""
    return settings.get_current_profile_name() in (THOROUGH, SOAK)


def quick_or_thorough(quick: T, thorough: T) -> T:
    return thorough if is_thorough() else quick


def examples(quick: int, soak: int) -> settings:
    """How many made-up examples a test tries that takes long over each; a third of the most where thorough."""
    by_effort = {QUICK: quick, THOROUGH: max(quick, soak // 3), SOAK: soak}
    return settings(max_examples=by_effort[settings.get_current_profile_name()])
