"""What is wrong with `configs/integrity/`: all of it, each with file and line."""

from __future__ import annotations

from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.integrity import conversions
from carbon_assets.integrity.rules import load_rules
from carbon_assets.registries.description import load_registries


def faults(settings: Settings) -> tuple[str, ...]:
    """All that contradicts itself, the registries or the programmes."""
    met = Faults()
    met.result_of(load_rules, settings.configs)
    registries = met.result_of(load_registries, settings.configs)
    if registries is not None:
        met.result_of(conversions.load, settings.configs, registries)
    return met.messages
