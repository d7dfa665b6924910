"""OpenRefine's keys by which it clusters spellings: fingerprint and n-gram fingerprint, as in 3.8.7.

Which spellings are one entity is not decided here: equal keys make candidates.
"""

from __future__ import annotations

import re
import unicodedata

_JAVA_BLANK = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_BLANKS = re.compile(f"[{_JAVA_BLANK}]+")
_SIDES = re.compile(f"^[{_JAVA_BLANK}]+|[{_JAVA_BLANK}]+$")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_ALIKE = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "©": "c", "ð": "d", "đ": "d", "ɖ": "d", "þ": "th", "ƿ": "w", "ħ": "h",
        "ı": "i", "ĸ": "k", "ł": "l", "ŋ": "n", "ſ": "s", "ŧ": "t", "œ": "oe", "ẜ": "s", "ẝ": "s",
    }
)  # fmt: skip


def fingerprint(text: str) -> str:
    """The distinct words in order, without case, accents and punctuation.

    Punctuation goes after the sides are trimmed, and Java's split drops empty words only at the end: what begins with
    punctuation and a blank has a key that begins with a blank.

    >>> fingerprint("Café, Ærø & Café"), fingerprint("- café")
    ('aeroe cafe', ' cafe')
    """
    words = _BLANKS.split(_normalized(text))
    while words and not words[-1]:
        del words[-1]
    return " ".join(sorted(set(words), key=_java_order))


def ngram_fingerprint(text: str, n: int = 2) -> str:
    """The distinct runs of `n` letters in order, without case, accents, punctuation and blanks; "" if there are none.

    Letters beyond the basic plane count as one here, as two in Java.

    >>> ngram_fingerprint("Paris"), ngram_fingerprint("banana", 1)
    ('arispari', 'abn')
    """
    letters = "".join(char for char in _BLANKS.sub("", _normalized(text)) if unicodedata.category(char) != "Cc")
    return "".join(sorted({letters[i : i + n] for i in range(len(letters) - n + 1)}, key=_java_order))


def _normalized(text: str) -> str:
    plain = unicodedata.normalize("NFKD", _SIDES.sub("", text).lower())
    plain = "".join(c for c in plain if not ("\u0300" <= c <= "\u036f" or unicodedata.category(c) in ("Lm", "Sk")))
    plain = _CONTROLS.sub("", plain.translate(_ALIKE))
    return "".join(char for char in plain if not unicodedata.category(char).startswith("P"))


def _java_order(text: str) -> bytes:
    """Java sorts by UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")
