"""What a person is told of a word that is none of those that a file or the code defines: the value, and the nearest known word.

Which words are known belongs to the module that reads the file.
"""

from __future__ import annotations

from collections.abc import Collection

from rapidfuzz import fuzz, process, utils

MAX_WORDS_LISTED = 8
"""Of known words: so few are all shown."""


def why_unknown(what: str, word: str, known: Collection[str], defined_in: str = "") -> str | None:
    """Why `word` cannot stand for `what`; None if it is one of `known`.

    `defined_in`: the file in which a steward may add the word; blank where the code defines which there are.

    >>> why_unknown("status", "listd", ["listed", "completed"])
    "status 'listd' is not known; the nearest known is 'listed': correct it (known: completed, listed)"
    """
    if word in known:
        return None
    remedy = f"correct it, or add it to {defined_in}" if defined_in else "correct it"
    words = sorted(known)
    if len(words) <= MAX_WORDS_LISTED:
        remedy += f" (known: {', '.join(words) or 'none'})"
    near = nearest(word, known)
    return f"{what} {word!r} is not known{f'; the nearest known is {near!r}' if near else ''}: {remedy}"


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that is most alike, case aside; None where no word is known."""
    found = process.extractOne(word, sorted(known), scorer=fuzz.ratio, processor=utils.default_process)
    return found[0] if found else next(iter(sorted(known)), None)
