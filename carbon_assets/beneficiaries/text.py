"""Texts made comparable: `tidy` for what is shown, `flat` for what is searched.

Only letters and signs are known here. Words of languages belong in `configs/beneficiaries/words/`, names in `names.py`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

MAX_LETTERS_OF_TEXT = 2_000
"""Letters of a cell that are read; names stand at the beginning of what people write."""

ALIKE_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "`": "'", "–": "-", "—": "-", "‑": "-", "“": '"', "”": '"', "„": '"'}
)
_ONE_LETTER = {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "a", "œ": "o", "ð": "d", "ß": "s", "ſ": "s"}


class _Flat(dict[int, str]):
    """Letter -> one letter without case and accent, made as letters turn up, so that places in a text stay the same."""

    def __missing__(self, code: int) -> str:
        letter = unicodedata.normalize("NFKD", chr(code))[0].casefold()[:1] or " "
        letter = unicodedata.normalize("NFKD", letter)[0]
        self[code] = _ONE_LETTER.get(letter, letter).translate(ALIKE_SIGNS)
        return self[code]


class _Shown(dict[int, str]):
    """Letter -> what is shown of it: control characters part words, marks without width do not."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        self[code] = chr(code) if category[0] != "C" else "" if category == "Cf" else " "
        return self[code]


_FLAT = _Flat()
_SHOWN = _Shown()


@lru_cache(2_048)
def flat(text: str) -> str:
    """`text` without case, accents and kinds of quotes and dashes, letter for letter.

    >>> flat("Société d’Énergie")
    "societe d'energie"
    """
    if text.isascii() and text.isprintable():
        return text.lower().replace("`", "'")
    return text.translate(_FLAT)


def tidy(text: str | None) -> str:
    """`text` in composed Unicode, on one line, without control characters and repeated blanks."""
    text = _decoded((text or "")[:MAX_LETTERS_OF_TEXT])
    if text.isascii() and text.isprintable():
        return " ".join(text.replace("\\n", " ").split())
    text = unicodedata.normalize("NFKC", text)[:MAX_LETTERS_OF_TEXT].replace("\\n", " ")
    return " ".join(text.translate(_SHOWN).split())


def _decoded(text: str) -> str:
    """'StÃ¤dtische', which was UTF-8 and read as Windows-1252, as 'Städtische'; 'SÃO' is no such text and stays."""
    if "Ã" not in text and "Å" not in text and "â€" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text
