"""What is wrong with `configs/labels/`: all of it, each with file and line."""

from __future__ import annotations

from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.eligibility.rules import load_rulebook
from carbon_assets.registries.description import registry_ids


def faults(settings: Settings) -> tuple[str, ...]:
    """Words that no file defines, days that are none, rules that contradict each other."""
    met = Faults()
    met.result_of(load_rulebook, settings.configs, registry_ids(settings.configs))
    return met.messages
