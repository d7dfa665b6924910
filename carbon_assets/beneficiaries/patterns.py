"""The model of `configs/beneficiaries/patterns.yml`: what it may say, and how its words become an expression.

How the phrases are used on a text belongs in `beneficiary_phrases.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from carbon_assets.base.configs import ConfigError, Model, load_yaml
from carbon_assets.beneficiaries.names import flat


class Phrase(Model):
    """One entry of `phrases`; `patterns.yml` says what its keys mean.

    `decides`: what it says of customers is said of the whole row. `rest`: the name is all that follows. `broker`: never if
    who is named and said to act for another is no user.
    """

    name: str
    kind: Literal["after", "before", "possessive", "whole"]
    words: tuple[str, ...]
    confidence: float = Field(gt=0, le=1)
    needs: Literal["capitals", "form"] | None = None
    decides: bool = False
    rest: bool = False
    broker: Literal["may", "never"] = "may"


class Own(Model):
    """How an account holder says that it retired for itself, and what speaks against it."""

    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    against: tuple[str, ...] = Field(alias="not")


class Patterns(Model):
    """The model of `patterns.yml`."""

    leads: tuple[str, ...]
    stops: tuple[str, ...]
    keep_for: tuple[str, ...]
    crowds: tuple[str, ...]
    owned_crowds: tuple[str, ...]
    never: tuple[str, ...]
    never_within: tuple[str, ...]
    common: tuple[str, ...]
    small: tuple[str, ...]
    joining: tuple[str, ...]
    things: tuple[str, ...]
    countries: tuple[str, ...]
    institutions: tuple[str, ...]
    no_users: tuple[str, ...]
    no_users_first: tuple[str, ...]
    project_holders: tuple[str, ...]
    sellers: tuple[str, ...]
    not_used: tuple[str, ...]
    gifts: tuple[str, ...]
    own: Own
    phrases: tuple[Phrase, ...]


def load_patterns(path: Path) -> Patterns:
    """The patterns of a file. Raises `ConfigError`."""
    patterns = load_yaml(path, Patterns)
    names = [phrase.name for phrase in patterns.phrases]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{path}: the phrases {sorted(twice)} stand there twice")
    for phrase in patterns.phrases:
        if not phrase.words and phrase.kind != "whole":
            raise ConfigError(f"{path}: the phrase {phrase.name!r} has no words")
    return patterns


def any_of(words: tuple[str, ...], before: str = r"(?<!\w)", after: str = r"(?!\w)") -> re.Pattern[str]:
    """An expression for any of `words` in a flat text, the longest first."""
    spelled = sorted(
        {re.escape(flat(word)).replace(r"\#", r"\d+(?:[-/]\d+)?") for word in words}, key=lambda w: (-len(w), w)
    )
    ends = [word if word[-1] in " '" else word + after for word in spelled]
    return re.compile(before + "(?:" + "|".join(ends or [r"(?!)"]) + ")")
