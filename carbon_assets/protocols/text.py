"""How texts that name protocols are made comparable: characters, versions, and keys of titles.

What the letters and digits of a code mean belongs in `protocol_codes.py`, which text means which protocol in
`protocols.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣_", "-"),
        **dict.fromkeys("“”„‟«»‹›‘’‚‛`´′″\"'", " "),
        "&": " & ",
    }
)

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
VERSION = re.compile(
    r"(?<![a-z])(?:versions?|vers?|v|rev(?:ision)?|edition)[^a-z0-9;]{0,6}(?P<number>\d{1,4}(?:\s?\.\s?\d{1,3})*)(?![a-z])\.?"
    r"|(?<=[a-z)])v[ .]{0,2}(?P<glued>\d{1,2}(?:\.\d{1,3})*)\.?\W*$"  # TPDDTECv3.1
    r"|(?<=[a-z)])[ ,\-]+(?P<bare>\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)\W*$"
    rf"|(?P<date>\b{_MONTH} \d{{1,2}},? \d{{4}})"
    r"|\bEB ?\d{1,3}\b"  # the meeting of the CDM's board that approved it
    r"|^\d{1,3}(?:\.\d{1,2})?[.)]? +(?=[a-z])",  # its place in a list
    re.IGNORECASE,
)

BOILERPLATE = (
    "the", "a", "and", "for", "of", "from", "to", "in", "on", "with",
    "methodology", "methodologies", "method", "protocol", "protocols", "project", "projects", "activities",
    "consolidated", "baseline", "monitoring", "approved", "revised", "draft", "largescale", "smallscale", "microscale",
    "quantification", "quantifying", "reporting", "verification", "greenhousegas", "ghg", "emission", "emissions",
    "reduction", "reductions", "removal", "removals", "through",
)  # fmt: skip
"""Words that titles gain and lose from one list to the next without another protocol being meant."""

SHORTEST = 12
"""Letters that a key must keep: 'Forest Project Protocol' would shrink to 'forest', a word of many titles."""


def clean(text: str) -> str:
    """One way to write each character: full-width letters, dashes, quotes, blanks and invisible ones.

    >>> clean("ＡＭＳ\\u2013I.D.\\u00a0 “Grid\\u200b”")
    'AMS-I.D. Grid'
    """
    if not text.isascii():
        normal = unicodedata.normalize("NFKC", text.translate(_SAME))
        text = "".join(" " if c.isspace() else c for c in normal if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(_CONTROL.sub("", text).translate(_SAME).split())


@lru_cache(maxsize=20_000)
def squeeze(text: str) -> str:
    """The letters and digits of a text, in lower case and without accents.

    >>> squeeze("Nitric Acid N₂O - Secondary & Tertiary")
    'nitricacidn2osecondaryandtertiary'
    """
    text = text.replace("&", "and")
    if text.isascii():
        return re.sub(r"[^a-z0-9]+", "", text.lower())
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def version_of(text: str) -> str | None:
    """The first version that a text names, without leading zeros: 'Version 03.0' is '3.0'; ARB's versions are dates."""
    for found in VERSION.finditer(text):
        if number := found["number"] or found["glued"] or found["bare"]:
            return _plain(number)
        if found["date"]:
            return found["date"]
    return None


def without_versions(text: str) -> str:
    """A text without the versions that it names."""
    return VERSION.sub(" ", text)


def _plain(number: str) -> str:
    parts = re.sub(r"\s", "", number).split(".")
    return ".".join([str(int(parts[0])), *parts[1:]])


class TitleKeys:
    """Makes the keys by which titles are compared: what is left of a title when everything is gone that registries add
    or leave out at its ends: the names of programmes, boilerplate, versions.

    >>> TitleKeys(["Gold Standard"])("The Gold Standard Simplified Methodology for Efficient Cookstoves, v1.1")
    'simplifiedmethodologyforefficientcookstoves'
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted({tuple(words_of(name)) for name in names}, key=len, reverse=True)
        self._outer = {word for name in self._names for word in (name[0], name[-1])}
        self._joined = tuple(map("".join, self._names))
        long = {word for word in BOILERPLATE if len(word) > 5} | {n for n in self._joined if len(n) > 5}
        self._glued = re.compile("^(?:the)?(?:{0})|(?:{0})$".format("|".join(sorted(long, key=len, reverse=True))))

    def __call__(self, text: str) -> str:
        """The key of a cleaned text; '' where it holds no letter."""
        return self._unglued("".join(self._trimmed(words_of(without_versions(text)))))

    def variants(self, text: str) -> list[str]:
        """The keys of a cleaned text, the likeliest first: without what stands in brackets too; with its boilerplate, in which a
        slip may hide; and without a name whose blank was lost ('GSTPDDTEC')."""
        whole = "".join(words_of(without_versions(text)))
        unbracketed = self(re.sub(r"\([^)]*\)|\[[^]]*\]", " ", text)) if "(" in text or "[" in text else ""
        unnamed = [whole.removeprefix(name) for name in self._joined if whole.startswith(name)]
        keys = [self(text), whole, *(key for key in (unbracketed, self._unglued(whole)) if len(key) >= SHORTEST)]
        return list(dict.fromkeys([*keys, *(key for key in unnamed if len(key) > 5)]))

    def _unglued(self, key: str) -> str:
        while len(shorter := self._glued.sub("", key)) >= SHORTEST and shorter != key:
            key = shorter
        return key

    def _trimmed(self, words: list[str]) -> list[str]:
        while True:
            shorter = self._without_names(words)
            if shorter == words:
                shorter = _without_boilerplate(words)
            if shorter == words:
                return words
            words = shorter

    def _without_names(self, words: list[str]) -> list[str]:
        if not words or (words[0] not in self._outer and words[-1] not in self._outer):
            return words
        for name in self._names:
            n = len(name)
            if len(words) > n and tuple(words[:n]) == name:
                return words[n:]
            if len(words) > n and tuple(words[-n:]) == name:
                return words[:-n]
        return words


def words_of(text: str) -> list[str]:
    """The words of a text, squeezed."""
    return [word for word in map(squeeze, re.split(r"[^\w&+]+|_", text)) if word]


def _without_boilerplate(words: list[str]) -> list[str]:
    for shorter, dropped in ((words[1:], words[:1]), (words[:-1], words[-1:])):
        if dropped and dropped[0] in BOILERPLATE and len("".join(shorter)) >= SHORTEST:
            return shorter
    return words
