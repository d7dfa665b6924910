"""What is wrong with `configs/history/`: all of it, each with file and line."""

from __future__ import annotations

from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.history.classes import load_classes


def faults(settings: Settings) -> tuple[str, ...]:
    """All that names a class that no change has, or contradicts itself."""
    met = Faults()
    met.result_of(load_classes, settings.configs)
    return met.messages
