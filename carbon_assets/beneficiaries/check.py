"""What is wrong with `configs/beneficiaries/`: each with file and line."""

from __future__ import annotations

from carbon_assets.base.configs import load_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.base.settings import Settings
from carbon_assets.beneficiaries import tables
from carbon_assets.beneficiaries.knowledge import Knowledge
from carbon_assets.beneficiaries.patterns import load_phrases
from carbon_assets.beneficiaries.reader import BeneficiaryReader
from carbon_assets.beneficiaries.vocabulary import Limits
from carbon_assets.beneficiaries.words import load_words


def faults(settings: Settings) -> tuple[str, ...]:
    """All that cannot be read or contradicts itself, and the curators' histories that are not supported."""
    folder, met = settings.configs / "beneficiaries", Faults()
    words = met.result_of(load_words, folder / "words")
    met.result_of(load_phrases, folder)
    met.result_of(load_yaml, folder / "limits.yml", Limits)
    if words is not None:
        met.result_of(Knowledge, folder, words)
    if not met.messages:
        met.result_of(BeneficiaryReader, settings.configs)
    met.result_of(tables.load_operations, settings.configs)
    return met.messages
