"""The words and thresholds by which methodology texts are read: `configs/protocols/reading/`, which says what each is for.

What is done with them belongs in `text.py`, `codes.py`, `titles.py` and `reader.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from carbon_assets.base.configs import Model, load_yaml

WordList = Annotated[tuple[str, ...], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=1)]


class Direction(Model):
    """Words that say to where and from where a title goes."""

    to: WordList
    from_: WordList = Field(alias="from")


class CodeWords(Model):
    """Words around codes that follow a grammar."""

    programs: WordList
    glued_before: WordList
    glued_after: WordList
    glued_version: WordList
    version: WordList
    before_am: WordList


class Words(Model):
    """The model of `words.yml`."""

    boilerplate: WordList
    articles: WordList
    joining: WordList
    version: WordList
    glued_version: str
    approving_meetings: WordList
    months: WordList
    distinctions: dict[str, str]
    negations: WordList
    direction: Direction
    revised_by: dict[str, tuple[str, ...]]
    codes: CodeWords

    @field_validator("distinctions")
    @classmethod
    def _expressions(cls, given: dict[str, str]) -> dict[str, str]:
        for name, pattern in given.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{name}: {pattern!r} is no regular expression: {error}") from error
        return given


class Thresholds(Model):
    """The model of `thresholds.yml`."""

    min_confidence: Share
    min_letters_of_telling_name: Count
    min_likeness_reworded: Share
    min_lead_reworded: Share
    confidence_in_default: Share
    confidence_in_prose: Share
    min_words_of_prose: Count
    min_share_of_candidate: Share
    min_letters_with_slip: Count
    min_letters_with_two_slips: Count
    letters_per_slip: Count
    max_slips: Count
    max_slips_of_length: Count
    slips_of_rival: float = Field(ge=1)
    min_letters_of_key: Count
    min_letters_of_glued_word: Count
    min_words_to_search_by: Count
    max_titles_of_rare_word: Count
    min_letters_of_part: Count
    min_likeness_of_part: Percent
    max_length_of_part: float = Field(ge=1)
    min_likeness_of_whole: Percent
    letters_seen_of_beginning: Count
    letters_compared_of_beginning: Count
    max_letters_of_title: Count
    max_letters_of_text: Count
    max_pieces: Count

    def slips(self, letters: int) -> int:
        """How many slips a key of that many letters may have."""
        if letters < self.min_letters_with_slip:
            return 0
        if letters < self.min_letters_with_two_slips:
            return 1
        return min(2 + (letters - self.min_letters_with_two_slips) // self.letters_per_slip, self.max_slips)


@dataclass(frozen=True)
class ReadingRules:
    """Words and thresholds together."""

    words: Words
    thresholds: Thresholds


def load_reading_rules(configs: Path) -> ReadingRules:
    """The rules of `configs/protocols/reading/`. Raises `ConfigError`."""
    folder = configs / "protocols" / "reading"
    return ReadingRules(load_yaml(folder / "words.yml", Words), load_yaml(folder / "thresholds.yml", Thresholds))


def any_of(words: tuple[str, ...] | list[str]) -> str:
    """A regular expression for one of some words, the longest that fits."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
