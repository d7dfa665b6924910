"""How texts that name protocols are made comparable: characters, versions, and keys of titles.

What the letters and digits of a code mean belongs in `codes.py`, which text means which protocol in `reader.py`; the words
that are looked for are data (`reading_rules.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from carbon_assets.protocols.reading_rules import ReadingRules, Words, any_of

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣_", "-"),
        **dict.fromkeys("“”„‟«»‹›‘’‚‛`´′″\"'", " "),
        "&": " & ",
    }
)

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


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


class Versions:
    """Finds the versions that texts name."""

    def __init__(self, words: Words) -> None:
        self.pattern = re.compile(
            rf"(?<![a-z])(?:{any_of(words.version)})[^a-z0-9;]{{0,6}}(?P<number>\d{{1,4}}(?:\s?\.\s?\d{{1,3}})*)(?![a-z])\.?"
            rf"|(?<=[a-z)]){re.escape(words.glued_version)}[ .]{{0,2}}(?P<glued>\d{{1,2}}(?:\.\d{{1,3}})*)\.?\W*$"
            r"|(?<=[a-z)])[ ,\-]+(?P<bare>\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)\W*$"
            rf"|(?P<date>\b(?:{any_of(words.months)}) \d{{1,2}},? \d{{4}})"
            r"|(?<!\d)[,(] ?(?P<year>(?:19|20)\d\d)\)?\W*$"  # of an edition: Biochar, 2022
            rf"|\b(?:{any_of(words.approving_meetings)}) ?\d{{1,3}}\b"
            r"|^\d{1,3}(?:\.\d{1,2})?[.)]? +(?=[a-z])",  # its place in a list
            re.IGNORECASE,
        )

    def first(self, text: str) -> str | None:
        """The first version that a text names, without leading zeros: 'Version 03.0' is '3.0'; ARB's versions are dates,
        Puro's editions years."""
        for match in self.pattern.finditer(text):
            if number := match["number"] or match["glued"] or match["bare"] or match["year"]:
                return plain_version(number)
            if match["date"]:
                return match["date"]
        return None

    def without(self, text: str) -> str:
        """A text without the versions that it names."""
        return self.pattern.sub(" ", text)


def plain_version(number: str) -> str:
    """A version without blanks and leading zeros.

    >>> plain_version("03. 0")
    '3.0'
    """
    parts = re.sub(r"\s", "", number).split(".")
    return ".".join([str(int(parts[0])), *parts[1:]])


class TitleKeys:
    """Makes the keys by which titles are compared: what is left of a title when everything is gone that registries add
    or leave out at its ends: the names of programmes, boilerplate, versions.

    With the shipped rules 'The Gold Standard Simplified Methodology for Efficient Cookstoves, v1.1' becomes
    'simplifiedmethodologyforefficientcookstoves'.
    """

    def __init__(self, names: Iterable[str], rules: ReadingRules) -> None:
        self._versions = Versions(rules.words)
        self._boilerplate = frozenset(rules.words.boilerplate)
        self._min_letters = rules.thresholds.min_letters_of_key
        self._min_glued = rules.thresholds.min_letters_of_glued_word
        self._names = sorted({tuple(words_of(name)) for name in names}, key=len, reverse=True)
        self._outer = {word for name in self._names for word in (name[0], name[-1])}
        self._joined = tuple(map("".join, self._names))
        long = any_of([word for word in {*self._boilerplate, *self._joined} if len(word) >= self._min_glued])
        self._glued = re.compile(f"^(?:{any_of(rules.words.articles)})?(?:{long})|(?:{long})$")

    def __call__(self, text: str) -> str:
        """The key of a cleaned text; '' where it holds no letter."""
        return self._unglued("".join(self._trimmed(words_of(self._versions.without(text)))))

    def variants(self, text: str) -> list[str]:
        """The keys of a cleaned text, the likeliest first: without what stands in brackets too; with its boilerplate, in which a
        slip may hide; and without a name whose blank was lost ('GSTPDDTEC')."""
        whole = "".join(words_of(self._versions.without(text)))
        unbracketed = self(re.sub(r"\([^)]*\)|\[[^]]*\]", " ", text)) if "(" in text or "[" in text else ""
        unnamed = [whole.removeprefix(name) for name in self._joined if whole.startswith(name)]
        keys = [
            self(text),
            whole,
            *(key for key in (unbracketed, self._unglued(whole)) if len(key) >= self._min_letters),
        ]
        return list(dict.fromkeys([*keys, *(key for key in unnamed if len(key) >= self._min_glued)]))

    def _unglued(self, key: str) -> str:
        while len(shorter := self._glued.sub("", key)) >= self._min_letters and shorter != key:
            key = shorter
        return key

    def _trimmed(self, words: list[str]) -> list[str]:
        while True:
            shorter = self._without_names(words)
            if shorter == words:
                shorter = self._without_boilerplate(words)
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

    def _without_boilerplate(self, words: list[str]) -> list[str]:
        for shorter, dropped in ((words[1:], words[:1]), (words[:-1], words[-1:])):
            if dropped and dropped[0] in self._boilerplate and len("".join(shorter)) >= self._min_letters:
                return shorter
        return words


def words_of(text: str) -> list[str]:
    """The words of a text, squeezed."""
    return [word for word in map(squeeze, re.split(r"[^\w&+]+|_", text)) if word]
