"""All that stewards say of how texts are read: words, phrases and limits of `configs/beneficiaries/`.

What they know of single names belongs in `knowledge.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from carbon_assets.base.configs import ConfigError, Model, load_yaml
from carbon_assets.base.errors import Faults
from carbon_assets.beneficiaries.patterns import Phrase, load_phrases
from carbon_assets.beneficiaries.words import Words, load_words

Confidence = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(gt=0)]


class Limits(Model):
    """The model of `limits.yml`, where a comment says what each bounds."""

    confidence_of_cell: Confidence
    confidence_of_alias: Confidence
    confidence_of_account: Confidence
    confidence_of_beginning: Confidence
    min_confidence_to_contradict: Confidence
    max_words_of_name: Count
    max_letters_of_name: Count
    max_places_of_phrase: Count
    max_places_of_name: Count


@dataclass(frozen=True)
class Vocabulary:
    """Words, phrases in the order in which they are tried, and limits."""

    words: Words
    phrases: tuple[Phrase, ...]
    limits: Limits


def load_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of the folder `configs/beneficiaries`. Raises `ConfigError` with all that is wrong, each with file, line and
    entry."""
    faults = Faults()
    words = faults.result_of(load_words, folder / "words")
    phrases = faults.result_of(load_phrases, folder)
    limits = faults.result_of(load_yaml, folder / "limits.yml", Limits)
    faults.refuse(ConfigError)
    return Vocabulary(words, phrases, limits)
