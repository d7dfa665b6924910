"""Lists of words as parts of regular expressions.

The words come from `configs/beneficiaries/`; what an expression is for belongs to the module that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from carbon_assets.beneficiaries.text import flat

NOTHING = r"(?!)"
"""An expression that nothing matches."""

NUMBER = r"\d+(?:[-/]\d+)?"
"""What `#` in a word stands for."""

GAP = r"[^,;]{0,90}"
"""What ` ... ` in a word stands for, behind a blank; bounded, so that no text makes a search slow."""


def alternatives(words: Iterable[str], after: str = "", *, as_written: bool = False) -> str:
    """A group that matches any of `words`, the longest first, and then `after`; nothing if there are no words.

    For a flat text, unless `as_written`. `after` is not asked behind a word that ends in a blank or an apostrophe.
    """
    spelled = sorted({_spelled(word if as_written else flat(word)) for word in words}, key=lambda w: (-len(w), w))
    return "(?:" + "|".join(word if word[-1] in " '" else word + after for word in spelled or [NOTHING]) + ")"


def any_of(words: Iterable[str], before: str = r"(?<!\w)", after: str = r"(?!\w)") -> re.Pattern[str]:
    """An expression for any of `words` in a flat text."""
    return re.compile(before + alternatives(words, after))


def _spelled(word: str) -> str:
    return re.escape(word).replace(r"\ \.\.\.\ ", r"\ " + GAP).replace(r"\#", NUMBER)
