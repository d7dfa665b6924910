"""What is wrong with `configs/integrity/`: all of it, each with file and line."""

from __future__ import annotations

from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.integrity import conversions
from carbon_assets.integrity.rules import load_rules
from carbon_assets.registries.description import registry_ids


def faults(settings: Settings) -> tuple[str, ...]:
    """All that contradicts itself, the registries or the programmes."""
    met = Faults()
    met.result_of(load_rules, settings.configs)
    met.result_of(conversions.load, settings.configs, registry_ids(settings.configs))
    return met.messages
