"""What is wrong with `configs/beneficiaries/`: each with file and line."""

from __future__ import annotations

from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import tables
from carbon_assets.beneficiaries.reader import BeneficiaryReader


def faults(settings: Settings) -> tuple[str, ...]:
    """All that cannot be read or contradicts itself, and the curators' histories that are not supported."""
    met = Faults()
    met.result_of(BeneficiaryReader, settings.configs)
    met.result_of(tables.load_operations, settings.configs)
    return met.messages
